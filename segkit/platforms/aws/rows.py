"""Who reaches whom for a whole estate at once: the rules of every group as rows of bitsets.

The facts are those of `segkit.platforms.aws.evaluate`; this module only asks them for many ends together, and
tests hold the two to each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from segkit.platforms.aws.evaluate import Enforcement
from segkit.platforms.aws.state import Direction
from segkit.platforms.base import Spot
from segkit.sets import ANY, Addresses, ServiceSet
from segkit.sets.atoms import AddressAtoms
from segkit.sets.bitmatrix import transpose
from segkit.sets.planes import Kept, Row, bits, paint

Merged = dict[ServiceSet, int]
"""Services, and the spots that they are open to: many rules have equal services."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The groups on an interface, and whether security groups are what filters it."""

    groups: frozenset[str]
    filters: bool


class Rows:
    """Answers for a fixed list of spots; bit i of a row stands for the spot at position i."""

    def __init__(self, enforcement: Enforcement, spots: Sequence[Spot]) -> None:
        self._enforcement = enforcement
        self._spots = tuple(spots)
        self._carrying: dict[str, int] = defaultdict(int)
        self._unfiltered = 0
        for position, spot in enumerate(self._spots):
            for group in groups_of(spot):
                self._carrying[group] |= 1 << position
            if not filtered(spot):
                self._unfiltered |= 1 << position
        cuts = enforcement.cuts()
        atoms = AddressAtoms(cuts)
        self._ranges = [_truth(atoms, spot) for spot in self._spots]
        self._inside = dict(zip(cuts, transpose(self._ranges, len(cuts)), strict=True))
        self._sent: Kept[frozenset[str]] = Kept(len(self._spots))
        self._let_in: Kept[tuple[frozenset[str], int]] = Kept(len(self._spots))
        self._out_of: dict[str, Merged] = {}
        self._by_group, by_range = self._ingress()
        self._by_range = [by_range.get(cut, {}) for cut in cuts]

    def outgoing(self, source: int) -> Row:
        """Where the source's own rules let it send."""
        spot = self._spots[source]
        if not filtered(spot):
            return _all_of([{ANY: self._everyone}])
        groups = groups_of(spot)
        return self._sent.row(groups, lambda: _all_of([self._from(group) for group in sorted(groups)]))

    def incoming(self, source: int) -> Row:
        """Whose rules let the source in."""
        groups, ranges = groups_of(self._spots[source]), self._ranges[source]

        def make() -> Row:
            named = [self._by_group[group] for group in sorted(groups) if group in self._by_group]
            inside = [self._by_range[n] for n in bits(ranges)]
            return _all_of([{ANY: self._unfiltered}, *named, *inside])

        return self._let_in.row((groups, ranges), make)

    def _from(self, group: str) -> Merged:
        """Where the rules of one group let its holders send."""
        if group not in self._out_of:
            by_group, by_range = self._enforcement.admits(group, Direction.EGRESS)
            merged: Merged = defaultdict(int)
            for name, services in by_group.items():
                merged[services] |= self._carrying.get(name, 0)
            for cut, services in by_range.items():
                merged[services] |= self._inside[cut]
            self._out_of[group] = merged
        return self._out_of[group]

    @property
    def _everyone(self) -> int:
        return (1 << len(self._spots)) - 1

    def _ingress(self) -> tuple[Mapping[str, Merged], Mapping[Addresses, Merged]]:
        """Every inbound rule turned round: by the group it admits, and by the range."""
        by_group: dict[str, Merged] = defaultdict(lambda: defaultdict(int))
        by_range: dict[Addresses, Merged] = defaultdict(lambda: defaultdict(int))
        for group, holders in sorted(self._carrying.items()):
            held = holders & ~self._unfiltered
            named, ranges = self._enforcement.admits(group, Direction.INGRESS)
            for name, services in named.items():
                by_group[name][services] |= held
            for cut, services in ranges.items():
                by_range[cut][services] |= held
        return by_group, by_range


def _all_of(opened: Iterable[Merged]) -> Row:
    """Everything that is open: rules only add up."""
    spots: Merged = defaultdict(int)
    for merged in opened:
        for services, held in merged.items():
            spots[services] |= held
    return paint([(services, held, True) for services, held in spots.items()])


def _truth(atoms: AddressAtoms, spot: Spot) -> int:
    """The ranges that hold a spot, which none of them cuts."""
    ((_, truth),) = atoms.split(spot.addresses, spot.family)
    return truth


def groups_of(spot: Spot) -> frozenset[str]:
    """The groups a spot carries."""
    return spot.profile.groups if isinstance(spot.profile, Profile) else frozenset()


def filtered(spot: Spot) -> bool:
    """Do security groups filter this spot?"""
    return isinstance(spot.profile, Profile) and spot.profile.filters
