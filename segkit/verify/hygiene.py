"""Findings about rules by what they do: of no effect, against each other, broader than needed, mergeable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from segkit.intent.engine import Intent
from segkit.intent.hygiene.breadth import Breadth, breadths
from segkit.intent.hygiene.conflicts import Conflict, conflicts
from segkit.intent.hygiene.flows import Flow
from segkit.intent.hygiene.judge import Judge, Worth
from segkit.intent.hygiene.merging import Mergeable, mergeable
from segkit.intent.hygiene.redundancy import Standing, standings, together
from segkit.intent.hygiene.ruleset import Ruleset
from segkit.intent.hygiene.today import Unused, unused_today
from segkit.model.model import Model
from segkit.model.policy import Rule
from segkit.verify.finding import Finding, Reason, Severity, Witness

_MOST_NAMED = 3


def hygiene(model: Model) -> Iterator[Finding]:
    """Every finding about what the live rules of a model do; `docs/lint.md` defines each."""
    ruleset = Ruleset(model)
    judge = Judge(ruleset)
    found = standings(judge)
    tell = _Tell(ruleset)
    without_effect = sum(1 << s.number for s in found if s.worth is Worth.redundant)
    yield from tell.standings(found)
    yield from tell.together(found, together(judge, found))
    if model.workloads:
        used = ruleset.all & ~without_effect
        yield from tell.today(unused_today(ruleset, Intent(model), used), found)
    shadowed = {s.number for s in found if s.shadowed is not None}
    yield from tell.conflicts(c for c in conflicts(judge) if c.loser not in shadowed)
    yield from tell.breadths(breadths(ruleset))
    yield from tell.mergeable(mergeable(ruleset, ruleset.all & ~without_effect))


class _Tell:
    """Words for what was found."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._rules = ruleset.rules
        self._zones = {z.name: z for z in ruleset.model.zones}

    def standings(self, found: Iterable[Standing]) -> Iterator[Finding]:
        """Rules that could go, that never decide, and denies that take nothing away."""
        for one in found:
            rule = self._rules[one.number]
            if one.shadowed is not None:
                why = "no flow that the label schema permits is one of its flows"
                if one.shadowed:
                    why = f"{self._named(one.shadowed)} decide{_s(one.shadowed)} every flow of it before it"
                yield self._finding(
                    "warning",
                    "never-decides",
                    rule,
                    f"{_title(rule)} never decides a flow, whatever workloads there will be",
                    "remove it, or narrow what comes before it",
                    why,
                    one.shadowed,
                )
            elif one.worth is Worth.redundant:
                yield self._finding(
                    "warning",
                    "redundant",
                    rule,
                    f"{_title(rule)} could go: nothing changes without it, whatever workloads there will be",
                    "remove it",
                    f"{self._named(one.proof)} say{_s(one.proof)} the same of every flow of it",
                    one.proof,
                )
            elif one.worth is Worth.idle:
                yield self._finding(
                    "info",
                    "idle-deny",
                    rule,
                    f"{_title(rule)} takes nothing away from any allow",
                    "keep it as a guard against allows to come, or remove it",
                    "what it denies is denied without it",
                    flow=one.flow,
                )
            elif one.worth is Worth.unknown:
                what = f"whether {_title(rule)} could go was too much to work out"
                yield self._finding(
                    "info", "undecided", rule, what, "merge the rules around it, and lint again"
                )

    def together(self, found: Iterable[Standing], gone: tuple[int, ...]) -> Iterator[Finding]:
        """The rules that can go at once, where there are several that could go."""
        several = [s.number for s in found if s.worth is Worth.redundant]
        if len(several) < 2:
            return
        yield Finding(
            "info",
            "removable-together",
            "rules",
            f"of {len(several)} rules that could go, {len(gone)} can go at once",
            "remove them in one change, and lint again",
            "" if len(gone) == len(several) else "the others stand in for rules that go",
            proof=self._reasons(gone),
        )

    def today(self, unused: Iterable[Unused], found: tuple[Standing, ...]) -> Iterator[Finding]:
        """Rules that decide nothing among the endpoints of today."""
        for one in unused:
            rule = self._rules[one.number]
            if not one.sources or not one.destinations:
                ends = [
                    name
                    for name, held in (("source", one.sources), ("destination", one.destinations))
                    if not held
                ]
                why = f"nobody is at its {' or its '.join(ends)}"
            elif one.by:
                why = f"{self._named(one.by)} decide{_s(one.by)} every flow that is possible today"
            else:
                why = "no two endpoints of it share a realm and an address family"
            what = f"{_title(rule)} decides no flow between workloads of today"
            fix = "nothing, if its workloads are to come; else remove it"
            flow = found[one.number].flow
            yield self._finding("info", "nothing-today", rule, what, fix, why, one.by, flow)

    def conflicts(self, found: Iterable[Conflict]) -> Iterator[Finding]:
        """Allows that are taken back, and denies that are overridden."""
        for one in found:
            rule, winners, flow = self._rules[one.loser], one.winners, one.flow
            tiers = " and ".join(dict.fromkeys(self._rules[n].tier.label for n in winners))
            if rule.action == "deny":
                what = f"{_title(rule)} does not hold everywhere: the {tiers} tier lets a part of it through"
                why = f"{self._named(winners)} of an earlier tier decide{_s(winners)} before it"
                fix = "move the deny to an earlier tier, or narrow the allow (unless_source=, ...)"
                yield self._finding("warning", "deny-overridden", rule, what, fix, why, winners, flow)
            else:
                what = f"{_title(rule)} allows more than gets through: the {tiers} tier denies a part of it"
                why = f"{self._named(winners)} den{'ies' if len(winners) == 1 else 'y'} it"
                fix = "nothing, if the deny is meant to win; else narrow one of them"
                yield self._finding("info", "allow-taken-back", rule, what, fix, why, winners, flow)

    def breadths(self, found: Iterable[Breadth]) -> Iterator[Finding]:
        """Rules that allow more than anybody stands behind."""
        for one in found:
            rule = self._rules[one.number]
            if one.mostly_unused:
                what = (
                    f"{_title(rule)} allows {one.pairs:,} pairs of kinds of workloads; "
                    f"there are workloads behind {one.used:,}"
                )
                fix = "name the values that are meant"
                witness = None
                if one.example is not None:
                    witness = Witness(one.example[0].text, one.example[1].text, str(rule.services))
                yield Finding("info", "over-broad", f"rule {rule.id}", what, fix, "", rule.where, (), witness)
            if one.everybody:
                severity: Severity = "warning" if len(one.everybody) == 2 else "info"
                what = f"every workload is the {' and the '.join(one.everybody)} of {_title(rule)}"
                fix = "name who is meant"
                yield self._finding(severity, "matches-everybody", rule, what, fix)
            if one.everybody_today:
                ends = " and the ".join(one.everybody_today)
                what = f"every workload of today is the {ends} of {_title(rule)}"
                yield self._finding("info", "matches-everybody", rule, what, "name who is meant")

    def mergeable(self, found: Iterable[Mergeable]) -> Iterator[Finding]:
        """Rules that could be one."""
        for one in found:
            rule, *others = (self._rules[n] for n in one.numbers)
            names = _listed([r.id for r in others])
            what = f"{_title(rule)} and {names} differ in their {one.differ_in} only"
            code = "merge-services" if one.differ_in == "services" else "merge-ends"
            fix = "write them as one rule, if they have one purpose"
            yield self._finding("info", code, rule, what, fix, proof=one.numbers[1:])

    def _finding(
        self,
        severity: Severity,
        code: str,
        rule: Rule,
        what: str,
        fix: str,
        why: str = "",
        proof: Iterable[int | str] = (),
        flow: Flow | None = None,
    ) -> Finding:
        witness = (
            None if flow is None else Witness(flow.source.text, flow.destination.text, str(flow.services))
        )
        return Finding(
            severity, code, f"rule {rule.id}", what, fix, why, rule.where, self._reasons(proof), witness
        )

    def _reasons(self, proof: Iterable[int | str]) -> tuple[Reason, ...]:
        return tuple(
            Reason(f"rule {self._rules[p].id}", self._rules[p].where)
            if isinstance(p, int)
            else Reason(f"posture of zone {p}", self._zones[p].where)
            for p in proof
        )

    def _named(self, proof: Iterable[int | str]) -> str:
        return _listed([r.subject for r in self._reasons(proof)])


def _title(rule: Rule) -> str:
    return f"{rule.action} rule {rule.id}"


def _listed(names: list[str]) -> str:
    """A few names, and how many more.

    >>> _listed(["a", "b", "c", "d"])
    'a, b and 2 more'
    """
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[: _MOST_NAMED - 1])} and {len(names) - _MOST_NAMED + 1} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _s(subjects: tuple[object, ...]) -> str:
    return "s" if len(subjects) == 1 else ""
