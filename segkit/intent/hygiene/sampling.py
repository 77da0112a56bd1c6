"""Random flows of a rule that the label schema permits. One that the rule alone decides is a proof that the
rule is needed, found without any set algebra."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from random import Random
from typing import TypeVar

from segkit.intent.endpoints import FAMILIES
from segkit.intent.engine import POSSIBLE
from segkit.intent.hygiene.flows import Flow, Spot
from segkit.intent.hygiene.ruleset import Ruleset
from segkit.intent.hygiene.sides import Sides
from segkit.intent.hygiene.terms import Term, spans_of
from segkit.sets import EVERYWHERE, Addresses, KeyDomain, ServiceSet
from segkit.sets.intervals import Span
from segkit.sets.label_cover import Condition

_MOST_CHOICES = 64
_T = TypeVar("_T")

Choices = tuple[str | None, ...]
Plan = tuple[tuple[str, Choices, bool], ...]
"""For each key of the schema the values to choose from (None: no label), and whether the first of them is one
that no rule asks for."""


class Sampler:
    """Draws flows of rules. The same rule gives the same flows every time."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._domains = ruleset.domains
        named: dict[str, set[str]] = defaultdict(set)
        for sides in self._sides:
            for held in sides.terms:
                for term in held:
                    for condition in term.conditions:
                        named[condition.key].update(condition.values)
        self._named = {key: sorted(values) for key, values in named.items()}
        self._free = {key: self._unasked(key, domain) for key, domain in self._domains.items()}
        self._plans: dict[tuple[Condition, ...], Plan | None] = {}

    @property
    def _sides(self) -> tuple[Sides, Sides]:
        return self._ruleset.sources, self._ruleset.destinations

    def flow(self, n: int, attempt: int, chance: Random) -> Flow | None:
        """A flow that may be one of rule n (ask `Ruleset.matching`), or None where this attempt found none.

        Even attempts keep away from labels and addresses that the rule does not ask for: fewest other rules
        hold such a flow.
        """
        source, destination = (self._parts(sides, n, chance) for sides in self._sides)
        if source is None or destination is None:
            return None
        realms = {t.realm for t in (source, destination) if isinstance(t, Term) and t.realm is not None}
        if len(realms) > 1:
            return None
        realm = realms.pop() if realms else _pick(self._ruleset.realms, chance)
        family = FAMILIES[0] if chance.random() < 0.5 else FAMILIES[1]
        quiet = attempt % 2 == 0
        for tried in (family, 10 - family):
            first = self._spot(self._ruleset.sources, n, source, realm, tried, quiet, chance)
            other = self._spot(self._ruleset.destinations, n, destination, realm, tried, quiet, chance)
            point = _point(self._ruleset.rules[n].services, tried, chance)
            if first is None or other is None or point is None:
                continue
            if first.labels is None and other.labels is None:
                return None
            return Flow(first, other, point)
        return None

    def _parts(self, sides: Sides, n: int, chance: Random) -> Term | str | None:
        """One of the terms of a side, or "outside" for what is no workload."""
        terms = sides.terms[n]
        has_outside = any(n in sides.outside(realm) for realm in self._ruleset.realms)
        if has_outside and (not terms or chance.random() < 0.3):
            return "outside"
        return _pick(terms, chance) if terms else None

    def _spot(
        self, sides: Sides, n: int, part: Term | str, realm: str, family: int, quiet: bool, chance: Random
    ) -> Spot | None:
        if isinstance(part, str):
            held = sides.outside(realm).get(n)
            value = _address(held, family, chance) if held else None
            return None if value is None else Spot(realm, family, None, value)
        plan = self._plan(part.conditions)
        if plan is None:
            return None
        value = None
        if not _whole(part.inside, family):
            value = _address(part.inside, family, chance)
            if value is None:
                return None
        labels = {}
        for key, choices, calm in plan:
            label = choices[0] if quiet and calm else _pick(choices, chance)
            if label is not None:
                labels[key] = label
        return Spot(realm, family, labels, value)

    def _plan(self, conditions: tuple[Condition, ...]) -> Plan | None:
        if conditions not in self._plans:
            self._plans[conditions] = self._made(conditions)
        return self._plans[conditions]

    def _made(self, conditions: tuple[Condition, ...]) -> Plan | None:
        asked = {c.key: self._met(c) for c in conditions}
        if not all(asked.values()):
            return None
        held = [(k, asked[k], False) if k in asked else (k, *self._free[k]) for k in self._domains]
        return tuple(held) if all(choices for _, choices, _ in held) else None

    def _met(self, condition: Condition) -> Choices:
        """Some values that meet a condition and the schema."""
        domain = self._domains.get(condition.key)
        none: Choices = (None,) if condition.missing and (domain is None or not domain.required) else ()
        if domain is None:
            return none
        if not condition.others:
            return tuple(v for v in condition.values if _allowed(domain, v)) + none
        left = [v for v in self._present(condition.key, domain) if v not in condition.values]
        return tuple(left) + none

    def _unasked(self, key: str, domain: KeyDomain) -> tuple[Choices, bool]:
        """What a key may be that nothing is asked of; first no label, or a value that no rule names."""
        none: Choices = () if domain.required else (None,)
        choices = none + tuple(self._present(key, domain))
        return choices, choices[:1] == (None,) or choices[0] not in self._named.get(key, ())

    def _present(self, key: str, domain: KeyDomain) -> Sequence[str]:
        named = self._named.get(key, [])
        if domain.values is None:
            return [fresh(named), *named[:_MOST_CHOICES]]
        unnamed = domain.values - set(named)
        return [*sorted(unnamed)[:1], *sorted(domain.values & set(named))[: _MOST_CHOICES * 16]]


def fresh(named: Sequence[str]) -> str:
    """A value that is none of some.

    >>> fresh(["other"])
    'other-2'
    """
    value, number = "other", 2
    while value in named:
        value, number = f"other-{number}", number + 1
    return value


def _allowed(domain: KeyDomain, value: str) -> bool:
    return domain.values is None or value in domain.values


def _pick(choices: Sequence[_T], chance: Random) -> _T:
    return choices[int(chance.random() * len(choices))]


@lru_cache(maxsize=16384)
def _whole(inside: Addresses, family: int) -> bool:
    return inside.family(family) == EVERYWHERE.family(family)


@lru_cache(maxsize=16384)
def _possible(services: ServiceSet, family: int) -> tuple[Span, ...]:
    return (services & POSSIBLE[family]).line.spans


def _address(addresses: Addresses, family: int, chance: Random) -> int | None:
    return _inside(spans_of(addresses, family), chance)


def _point(services: ServiceSet, family: int, chance: Random) -> int | None:
    return _inside(_possible(services, family), chance)


def _inside(spans: Sequence[Span], chance: Random) -> int | None:
    """A point of some spans, edges more often than not."""
    if not spans:
        return None
    lo, hi = _pick(spans, chance)
    if lo == hi:
        return lo
    how = int(chance.random() * 4)
    return lo if how == 0 else hi if how == 1 else lo + int(chance.random() * (hi - lo + 1))
