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
from segkit.sets.planes import Row, bits, paint

Opened = tuple[ServiceSet, int]
"""Services, and the spots that they are open to."""


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
        self._sent: dict[frozenset[str], Row] = {}
        self._let_in: dict[tuple[frozenset[str], int], Row] = {}
        self._by_group, by_range = self._ingress()
        self._by_range = [by_range.get(cut, ()) for cut in cuts]

    def outgoing(self, source: int) -> Row:
        """Where the source's own rules let it send."""
        spot = self._spots[source]
        if not filtered(spot):
            return _all_of([(ANY, self._everyone)])
        groups = groups_of(spot)
        if groups not in self._sent:
            opened: list[Opened] = []
            for group in sorted(groups):
                by_group, by_range = self._enforcement.admits(group, Direction.EGRESS)
                opened += [(services, self._carrying.get(name, 0)) for name, services in by_group.items()]
                opened += [(services, self._inside[cut]) for cut, services in by_range.items()]
            self._sent[groups] = _all_of(opened)
        return self._sent[groups]

    def incoming(self, source: int) -> Row:
        """Whose rules let the source in."""
        spot = self._spots[source]
        groups = groups_of(spot)
        key = groups, self._ranges[source]
        if key not in self._let_in:
            opened = [(ANY, self._unfiltered)]
            for group in sorted(groups):
                opened += self._by_group.get(group, ())
            for n in bits(self._ranges[source]):
                opened += self._by_range[n]
            self._let_in[key] = _all_of(opened)
        return self._let_in[key]

    @property
    def _everyone(self) -> int:
        return (1 << len(self._spots)) - 1

    def _ingress(self) -> tuple[Mapping[str, Sequence[Opened]], Mapping[Addresses, Sequence[Opened]]]:
        """Every inbound rule turned round: by the group it admits, and by the range."""
        by_group: dict[str, list[Opened]] = defaultdict(list)
        by_range: dict[Addresses, list[Opened]] = defaultdict(list)
        for group, holders in sorted(self._carrying.items()):
            held = holders & ~self._unfiltered
            named, ranges = self._enforcement.admits(group, Direction.INGRESS)
            for name, services in named.items():
                by_group[name].append((services, held))
            for cut, services in ranges.items():
                by_range[cut].append((services, held))
        return by_group, by_range


def _all_of(opened: Iterable[Opened]) -> Row:
    """Everything that is open. Rules only add up, so that many with equal services are one."""
    spots: dict[ServiceSet, int] = defaultdict(int)
    for services, held in opened:
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
