"""Taking rules out of a model, with the proof that its meaning stays."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from segkit.intent.engine import Intent
from segkit.intent.hygiene.judge import Judge, Worth
from segkit.intent.hygiene.redundancy import standings, together
from segkit.intent.hygiene.ruleset import Ruleset
from segkit.model.model import Model
from segkit.model.policy import Rule
from segkit.sets import NOTHING


def removable(model: Model, among: Callable[[Rule], bool] = lambda _: True) -> tuple[Rule, ...]:
    """Rules that can all go at once without changing what is allowed, or what a rule denies, for any workload
    that the label schema permits; only such as `among` admits."""
    ruleset = Ruleset(model)
    judge = Judge(ruleset)
    found = tuple(
        s for s in standings(judge) if s.worth is Worth.redundant and among(ruleset.rules[s.number])
    )
    return tuple(ruleset.rules[n] for n in together(judge, found))


def without(model: Model, ids: Collection[str]) -> Model:
    """A model without some of its rules."""
    return _changed(model, lambda rule: None if rule.id in ids else rule)


def same_today(model: Model, ids: Collection[str]) -> bool:
    """Do all rows of the intent stay the same when these rules go: what is allowed, and what a rule denies?

    This looks at the endpoints there are, by the painter of the intent and not by what found the rules.
    """
    # A rule without services decides nothing, and its ends still tell the same cells apart.
    muted = _changed(model, lambda rule: replace(rule, services=NOTHING) if rule.id in ids else rule)
    before, after = Intent(model), Intent(muted)
    return all(
        before.row(s) == after.row(s) and before.denied_row(s) == after.denied_row(s)
        for s in range(len(before.cells))
    )


def _changed(model: Model, change: Callable[[Rule], Rule | None]) -> Model:
    policies = tuple(
        replace(p, rules=tuple(r for r in map(change, p.rules) if r is not None)) for p in model.policies
    )
    return replace(model, policies=policies)
