"""Who reaches whom for a whole estate at once: the rules that hold for each interface, over bitsets of far
ends.

The facts are those of `segkit.platforms.google.evaluate`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

from segkit.platforms.base import Spot
from segkit.platforms.google.evaluate import Enforcement, Profile, decided
from segkit.platforms.google.state import Direction, Rule
from segkit.sets import ANY, IntervalSet, ServiceSet
from segkit.sets.atoms import AddressAtoms
from segkit.sets.bitmatrix import transpose
from segkit.sets.planes import Kept, Row, bits, paint


class Rows:
    """Answers for a fixed list of spots; bit i of a row stands for the spot at position i."""

    def __init__(self, enforcement: Enforcement, spots: Sequence[Spot]) -> None:
        self._enforcement = enforcement
        self._spots = tuple(spots)
        self._everyone = (1 << len(self._spots)) - 1
        self._holding: dict[Profile, int] = defaultdict(int)
        self._named: dict[tuple[str, str, str], int] = defaultdict(int)
        self._unfiltered = 0
        for position, spot in enumerate(self._spots):
            if isinstance(spot.profile, Profile):
                if spot.profile.filters:
                    self._holding[spot.profile] |= 1 << position
                for kind, name in () if spot.profile.alias and spot.family == 4 else spot.profile.held.names:
                    self._named[spot.profile.network, kind, name] |= 1 << position
            if not _filtered(spot):
                self._unfiltered |= 1 << position
        cuts = enforcement.cuts()
        atoms = AddressAtoms(cuts)
        truths = [_truth(atoms, spot) for spot in self._spots]
        self._inside = dict(zip(cuts, transpose(truths, len(cuts)), strict=True))
        self._sent: Kept[Profile] = Kept(len(self._spots))
        self._far: dict[tuple[object, ...], int] = {}
        alike: dict[tuple[object, ...], int] = {}
        self._first = [
            alike.setdefault((spot.profile, truth), n)
            for n, (spot, truth) in enumerate(zip(self._spots, truths, strict=True))
        ]
        self._let_in: Kept[int] = Kept(len(self._spots))

    def outgoing(self, source: int) -> Row:
        """Where the source's own end lets it send."""
        profile = self._spots[source].profile
        if not isinstance(profile, Profile) or not profile.filters:
            return paint([(ANY, self._everyone, True)])
        return self._sent.row(profile, lambda: self._decided(profile, Direction.EGRESS))

    def incoming(self, source: int) -> Row:
        """Whose ends let the source in."""
        alike = self._first[source]

        def make() -> Row:
            opened: dict[ServiceSet, int] = defaultdict(int)
            opened[ANY] = self._unfiltered
            for n in bits(self._passages[alike]):
                services, holders = self._doors[n]
                opened[services] |= holders
            return paint([(services, held, True) for services, held in opened.items()])

        return self._let_in.row(alike, make)

    @cached_property
    def _planes(self) -> list[tuple[ServiceSet, int, int]]:
        """What interfaces that are filtered alike let in: services, those interfaces, from whom."""
        kept: dict[tuple[int, int], ServiceSet] = {}
        out = []
        for profile, holders in self._holding.items():
            for lo, hi, held in self._decided(profile, Direction.INGRESS):
                if (lo, hi) not in kept:
                    kept[lo, hi] = ServiceSet.from_line(IntervalSet.of((lo, hi)))
                out.append((kept[lo, hi], holders, held))
        return out

    @cached_property
    def _doors(self) -> list[tuple[ServiceSet, int]]:
        return [(services, holders) for services, holders, _ in self._planes]

    @cached_property
    def _passages(self) -> Sequence[int]:
        """By source, the planes that let it in."""
        return transpose([held for _, _, held in self._planes], len(self._spots))

    def _decided(self, own: Profile, direction: Direction) -> Row:
        """What an interface lets pass in one direction, over its far ends."""
        stages = [
            [(rule, self._matching(rule, own)) for rule in stage]
            for stage in self._enforcement.applying(own, direction)
        ]
        implied = self._everyone if direction is Direction.EGRESS else 0
        return decided(stages, implied, self._everyone)

    def _matching(self, rule: Rule, own: Profile) -> int:
        """The spots that are a rule's far end, on the network of `own`."""
        asked = own.network, rule.ranges, rule.peers
        if asked not in self._far:
            found = self._inside.get(rule.ranges, 0)
            for kind, name in rule.peers.names:
                found |= self._named.get((own.network, kind, name), 0)
            for network in self._enforcement.peers_of(own.network):
                for name in rule.peers.tags:
                    found |= self._named.get((network, "tag", name), 0)
            self._far[asked] = found
        return self._far[asked]


def _filtered(spot: Spot) -> bool:
    return isinstance(spot.profile, Profile) and spot.profile.filters


def _truth(atoms: AddressAtoms, spot: Spot) -> int:
    """The ranges that hold a spot, which none of them cuts."""
    ((_, truth),) = atoms.split(spot.addresses, spot.family)
    return truth
