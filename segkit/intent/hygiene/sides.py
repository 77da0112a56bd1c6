"""For one endpoint, every rule whose source (or destination) holds it, found together by bitset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from segkit.intent.endpoints import EXCLUDED
from segkit.intent.hygiene.flows import Spot
from segkit.intent.hygiene.sweep import Sweep
from segkit.intent.hygiene.terms import Slot, Term, spans_of, sum_bits, terms_of
from segkit.model.ends import End
from segkit.sets import EVERYWHERE, NOWHERE, Addresses

_MOST_TERMS = 4

Ends = tuple[End, ...]


class Sides:
    """The same side of many rules: `sides[n]` are the ends of rule n and what they leave out."""

    def __init__(self, sides: Sequence[tuple[Ends, Ends]]) -> None:
        self.sides = sides
        self.terms = [terms(ends) for ends, _ in sides]
        unless = [terms(ends) for _, ends in sides]
        # A side of many terms would make a slot of its own for each; such sides are asked one by one.
        self._odd = [n for n in range(len(sides)) if max(len(self.terms[n]), len(unless[n])) > _MOST_TERMS]
        self._odd_bits = sum_bits(self._odd)
        self._slots = _slots({n: t for n, t in enumerate(self.terms) if not self._odd_bits >> n & 1})
        self._unless = _slots({n: t for n, t in enumerate(unless) if not self._odd_bits >> n & 1})
        self._outside: dict[str, dict[int, Addresses]] = {}
        self._sweeps: dict[tuple[str, int], Sweep] = {}
        self._memo: dict[tuple[object, ...], int] = {}

    def holding(self, spot: Spot) -> int:
        """The rules whose side holds an endpoint."""
        if spot.labels is None:
            assert spot.value is not None, "what is no workload is known by its address"
            return self._sweep(spot.realm, spot.family).at(spot.value)
        held = 0
        for slot in self._slots:
            held |= slot.holding(spot, spot.labels)
        for slot in self._unless:
            held &= ~slot.holding(spot, spot.labels)
        for n in self._odd:
            ends, unless = self.sides[n]
            held |= (_has(ends, spot, spot.labels) and not _has(unless, spot, spot.labels)) << n
        return held

    def near(self, n: int, realms: Sequence[str]) -> int:
        """The rules whose side may share an endpoint with that of rule n; all that do are among them."""
        key = (self.sides[n],)
        if key not in self._memo:
            held = self._odd_bits
            for term in self.terms[n]:
                for slot in self._slots:
                    held |= slot.near(term)
            for realm in realms:
                addresses = self.outside(realm).get(n)
                for family in (4, 6) if addresses else ():
                    assert addresses is not None
                    held |= self._sweep(realm, family).meeting(spans_of(addresses, family))
            if self._odd_bits >> n & 1:
                held = (1 << len(self.sides)) - 1
            self._memo[key] = held
        return self._memo[key]

    def outside(self, realm: str) -> Mapping[int, Addresses]:
        """For each rule that has any, the addresses of what is no workload on its side, in one realm."""
        if realm not in self._outside:
            found = {}
            for n, (ends, unless) in enumerate(self.sides):
                if any(end.outside for end in ends):
                    left = _outside(ends, realm) - _outside(unless, realm) - EXCLUDED
                    if left:
                        found[n] = left
            self._outside[realm] = found
        return self._outside[realm]

    def _sweep(self, realm: str, family: int) -> Sweep:
        if (realm, family) not in self._sweeps:
            held = ((n, spans_of(a, family)) for n, a in self.outside(realm).items())
            self._sweeps[realm, family] = Sweep(held)
        return self._sweeps[realm, family]


def terms(ends: Ends) -> tuple[Term, ...]:
    """The workloads of some ends as terms."""
    return terms_of(ends[0]) if len(ends) == 1 else tuple(chain.from_iterable(map(terms_of, ends)))


def _slots(by_rule: Mapping[int, Sequence[Term]]) -> list[Slot]:
    most = max(map(len, by_rule.values()), default=0)
    return [Slot({n: held[j] for n, held in by_rule.items() if len(held) > j}) for j in range(most)]


def _outside(ends: Ends, realm: str) -> Addresses:
    held = [end.outside for end in ends if end.outside and end.realm in (None, realm)]
    return Addresses.union(held) if held else NOWHERE


def _has(ends: Ends, spot: Spot, labels: Mapping[str, str]) -> bool:
    for end in ends:
        if end.realm not in (None, spot.realm) or not end.predicate.matches(labels):
            continue
        if spot.value is None:
            if end.inside.family(spot.family) == EVERYWHERE.family(spot.family):
                return True
        elif spot.value in (end.inside.v4 if spot.family == 4 else end.inside.v6):
            return True
    return False
