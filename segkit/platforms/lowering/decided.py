"""What the rules of some tiers decide by themselves: allows and denies that are true whatever others say, so
that nothing hangs on where they are written, or in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from segkit.intent.boxes import Box, BoxCompiler, Piece
from segkit.intent.engine import Intent
from segkit.intent.population import Population
from segkit.model.policy import Action, Rule, Tier
from segkit.platforms.lowering.carrying import Owners
from segkit.platforms.lowering.sides import Boxes, Sides
from segkit.sets import Domains

ABOVE = (Tier.quarantine, Tier.glob)
"""The tiers that no team below has a say in."""


class _Decisions:
    """The rules of one realm: what allows are worth after denies, and denies after the allows of earlier
    tiers."""

    def __init__(
        self, rules: Sequence[Rule], realm: str, domains: Domains | None, population: Population
    ) -> None:
        self._rules, self._context = rules, (realm, domains, population)

    def allowed(self) -> Iterator[Box]:
        """All of them; the rule of each tells which it is."""
        yield from BoxCompiler(self._rules, *self._context).allowed()
        known = {rule.id: rule for rule in self._rules}
        for tier in sorted({rule.tier for rule in self._rules}):
            denies = [r for r in self._rules if r.action == "deny" and r.tier == tier]
            before = [r for r in self._rules if r.action == "allow" and r.tier < tier]
            turned = [*_turned(denies, "allow"), *_turned(before, "deny")]
            for box in BoxCompiler(turned, *self._context).allowed():
                yield replace(box, rule=known[box.origin])

    def unless_denied(self, _source: Piece, _destination: Piece, _origin: str) -> tuple[Box, ...]:
        """Nothing: postures and modes are no rules of a tier."""
        return ()


class Decisions(Sides):
    """The side rules of what some tiers decide, for workloads whose own end may block. Ask with `shared`:
    visibility is no rule of a tier."""

    def __init__(self, intent: Intent, owners: Owners, tiers: Sequence[Tier] = ABOVE) -> None:
        super().__init__(intent, owners)
        self._tiers = tiers

    def _boxes_of(self, realm: str) -> Boxes:
        rules = [rule for rule in self.model.live_rules if rule.tier in self._tiers]
        return _Decisions(rules, realm, self.domains, self._population)


def _turned(rules: Iterable[Rule], action: Action) -> Iterator[Rule]:
    return (replace(rule, action=action) for rule in rules)
