"""One side of a rule as an exact set of endpoints: is it empty, which families has it, is it inside another.

An endpoint is a workload (labels, realm, address or address unknown) or something else (realm, address). A
side is a union of ends without a union of others. Address sets in use cut the address line into regions;
inside one region and one realm a side is a predicate over labels, and the label algebra answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from segkit.model.ends import End
from segkit.sets import EVERYWHERE, NONE, NOWHERE, Addresses, Predicate
from segkit.sets.labels import Domains

_WHOLE = {4: EVERYWHERE.family(4), 6: EVERYWHERE.family(6)}


@dataclass(frozen=True, slots=True)
class Point:
    """One endpoint. `labels` None is no workload; `value` None is a workload whose address is unknown;
    `realm` None is a realm that no end names.
    """

    labels: dict[str, str] | None
    version: int
    value: int | None
    realm: str | None


@dataclass(frozen=True, slots=True)
class _Region:
    """A part of the address line that no address set in use divides; `sets` are those that hold it. NOWHERE
    as `addresses` stands for unknown addresses of one family.
    """

    addresses: Addresses
    sets: frozenset[Addresses]
    version: int = 0


@dataclass(frozen=True)
class Side:
    """The endpoints of `ends` that are not in `unless`."""

    ends: tuple[End, ...]
    unless: tuple[End, ...] = ()

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        # Sides are looked up again and again, and an end has many parts.
        return hash((self.ends, self.unless))

    @cached_property
    def cuts(self) -> frozenset[Addresses]:
        """The address sets that divide the workloads of the side by address."""
        every = {end.inside for end in (*self.ends, *self.unless)}
        return frozenset(every - {EVERYWHERE, NOWHERE})

    @cached_property
    def realms(self) -> frozenset[str]:
        """The realms that the side names."""
        return frozenset(end.realm for end in (*self.ends, *self.unless) if end.realm is not None)

    def workloads(self, sets: frozenset[Addresses], realm: str | None) -> Predicate:
        """The labels of the workloads of the side in one region and realm."""
        held = _predicate(self.ends, sets, realm)
        return held - _predicate(self.unless, sets, realm) if self.unless and held is not NONE else held

    def others(self, realm: str | None) -> Addresses:
        """The addresses of what is no workload, in one realm."""
        held = _outside(self.ends, realm)
        return held - _outside(self.unless, realm) if self.unless and held else held

    def holds(self, point: Point) -> bool:
        """Is the point on this side?"""
        return _has(self.ends, point) and not _has(self.unless, point)

    def points(self, domains: Domains) -> dict[int, Point]:
        """One endpoint for each address family that the side has one in; none at all when it is empty."""
        found: dict[int, Point] = {}
        for realm in _realms(self):
            for region in _regions(self.cuts):
                labels = self.workloads(region.sets, realm).witness(domains)
                if labels is None:
                    continue
                for version, value in _samples(region):
                    found.setdefault(version, Point(labels, version, value, realm))
            others = self.others(realm)
            for version in (4, 6):
                first = _first(others, version)
                if first is not None:
                    found.setdefault(version, Point(None, version, first, realm))
        return found

    def within(self, other: Side, domains: Domains) -> bool:
        """Is every endpoint of this side, under the schema, on the other as well?"""
        if not (self.cuts or other.cuts or self.realms or other.realms):
            # The common case: named groups at both ends, and nothing to do with addresses.
            held = self.workloads(frozenset(), None)
            rest = other.workloads(frozenset(), None)
            return self.others(None) <= other.others(None) and held.within(rest, domains)
        for realm in _realms(self, other):
            if not self.others(realm) <= other.others(realm):
                return False
            for region in _regions(self.cuts | other.cuts):
                held = self.workloads(region.sets, realm)
                if not held.within(other.workloads(region.sets, realm), domains):
                    return False
        return True


def _realms(*sides: Side) -> list[str | None]:
    return [None, *sorted(frozenset[str]().union(*(side.realms for side in sides)))]


def _regions(cuts: frozenset[Addresses]) -> list[_Region]:
    regions = [_Region(EVERYWHERE, frozenset())]
    if not cuts:
        return regions
    for cut in sorted(cuts, key=str):
        split = []
        for region in regions:
            inside = region.addresses & cut
            if inside:
                split.append(_Region(inside, region.sets | {cut}))
            outside = region.addresses - cut
            if outside:
                split.append(_Region(outside, region.sets))
        regions = split
    # A workload whose address is unknown is in a set only where that set holds the whole family.
    for version, whole in _WHOLE.items():
        regions.append(_Region(NOWHERE, frozenset(cut for cut in cuts if whole <= cut), version))
    return regions


def _samples(region: _Region) -> Iterable[tuple[int, int | None]]:
    if region.version:
        yield region.version, None
    for version in (4, 6):
        first = _first(region.addresses, version)
        if first is not None:
            yield version, first


def _first(addresses: Addresses, version: int) -> int | None:
    line = addresses.v4 if version == 4 else addresses.v6
    return line.spans[0][0] if line else None


def _predicate(ends: Iterable[End], sets: frozenset[Addresses], realm: str | None) -> Predicate:
    return Predicate.union(
        end.predicate
        for end in ends
        if end.realm in (None, realm)
        and (end.inside is EVERYWHERE or end.inside == EVERYWHERE or end.inside in sets)
    )


def _outside(ends: Iterable[End], realm: str | None) -> Addresses:
    held = [end.outside for end in ends if end.outside and end.realm in (None, realm)]
    return Addresses.union(held) if held else NOWHERE


def _has(ends: Iterable[End], point: Point) -> bool:
    for end in ends:
        if end.realm not in (None, point.realm):
            continue
        if point.labels is None:
            if _in(end.outside, point):
                return True
        elif _in(end.inside, point) and end.predicate.matches(point.labels):
            return True
    return False


def _in(addresses: Addresses, point: Point) -> bool:
    if point.value is None:
        return _WHOLE[point.version] <= addresses
    return point.value in (addresses.v4 if point.version == 4 else addresses.v6)
