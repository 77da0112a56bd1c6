"""Rules that another rule covers wholly, so that they can never apply.

Comparing all pairs would take minutes at ten thousand rules. A rule that covers another holds every flow of
it, one sample flow included; so rules are filed by what a sample must look like to be in them (a label or a
network at each end, a service), and only those filed under a sample's own looks are compared. A drawer of the
file is a bitset."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from segkit.model.checks.sides import Point, Side
from segkit.model.ends import End
from segkit.model.policy import Rule
from segkit.sets import ALL, EVERYWHERE, L, Predicate, ServiceSet
from segkit.sets.labels import Domains

_Drawer = tuple[object, ...]
_ANY: _Drawer = ()
_MOST_NETWORKS = 256


@dataclass(frozen=True, slots=True)
class Box:
    """A rule with its two sides and one sample endpoint of each, both of one address family."""

    rule: Rule
    source: Side
    destination: Side
    from_point: Point
    to_point: Point


def covered(boxes: Iterable[Box], domains: Domains) -> Iterator[tuple[Rule, Rule]]:
    """Each rule that can never apply, with the first rule (by tier, then id) that always decides before
    it."""
    ordered = sorted(boxes, key=lambda box: (box.rule.tier, box.rule.id))
    turns = {_turn(box.rule) for box in ordered}
    late = {turn for turn in turns if any(_overrules(one, turn) for one in turns)}
    early = {turn for turn in turns if any(_overrules(turn, one) for one in turns)}
    asked = [box for box in ordered if _turn(box.rule) in late]
    first = [box for box in ordered if _turn(box.rule) in early]
    # An allow that ends some day covers nothing for good.
    lasting = [box for box in first if box.rule.action == "deny" or box.rule.expires is None]
    index = _Index(lasting, {box.rule.services for box in asked})
    inside: dict[tuple[int, int], bool] = {}

    def within(small: Side, large: Side) -> bool:
        pair = id(small), id(large)
        if pair not in inside:
            inside[pair] = small == large or small.within(large, domains)
        return inside[pair]

    for box in asked:
        for other in index.candidates(box):
            if within(box.source, other.source) and within(box.destination, other.destination):
                yield box.rule, other.rule
                break


def _turn(rule: Rule) -> int:
    """When a rule is asked: tier by tier, denies first. Denies have even turns, allows odd ones."""
    return 2 * rule.tier + (rule.action == "allow")


def _overrules(turn: int, other: int) -> bool:
    """Do the rules of a turn decide before those of another, and otherwise?"""
    return turn < other and (other - turn) % 2 == 1


class _Index:
    def __init__(self, boxes: list[Box], services: set[ServiceSet]) -> None:
        self._boxes = boxes
        self._sources = _Ends([box.source for box in boxes])
        self._destinations = _Ends([box.destination for box in boxes])
        self._services = _services(boxes, services)
        self._turns: dict[int, int] = defaultdict(int)
        for number, box in enumerate(boxes):
            self._turns[_turn(box.rule)] |= 1 << number

    def candidates(self, box: Box) -> Iterator[Box]:
        """The rules that may cover `box`: they decide before it and hold all its services and both
        samples."""
        found = self._before(_turn(box.rule)) & self._services[_first(box.rule.services)]
        found &= self._sources.holding(box.from_point)
        found &= self._destinations.holding(box.to_point)
        while found:
            lowest = found & -found
            found ^= lowest
            other = self._boxes[lowest.bit_length() - 1]
            if (
                box.rule.services <= other.rule.services
                and other.source.holds(box.from_point)
                and other.destination.holds(box.to_point)
            ):
                yield other

    def _before(self, turn: int) -> int:
        found = 0
        for one, held in self._turns.items():
            if _overrules(one, turn):
                found |= held
        return found


def _services(boxes: list[Box], asked: set[ServiceSet]) -> dict[int, int]:
    """For the first point of each service that is asked for, the boxes whose services hold it."""
    points = sorted({_first(services) for services in asked})
    same: dict[ServiceSet, int] = defaultdict(int)
    for number, box in enumerate(boxes):
        same[box.rule.services] |= 1 << number
    held = dict.fromkeys(points, 0)
    for services, numbers in same.items():
        for lo, hi in services.line.spans:
            for point in points[bisect_left(points, lo) : bisect_right(points, hi)]:
                held[point] |= numbers
    return held


def _first(services: ServiceSet) -> int:
    return services.line.spans[0][0]


class _Ends:
    """Sides filed by the labels or networks that their endpoints must have."""

    def __init__(self, sides: list[Side]) -> None:
        self._drawers: dict[_Drawer, int] = defaultdict(int)
        lengths: set[tuple[int, int]] = set()
        for number, side in enumerate(sides):
            for end in side.ends:
                for drawer in _of_end(end):
                    self._drawers[drawer] |= 1 << number
                    if len(drawer) == 3:
                        lengths.add((drawer[0], drawer[2]))  # type: ignore[arg-type]
        self._lengths = sorted(lengths)

    def holding(self, point: Point) -> int:
        """The sides that may hold the point; all that do are among them."""
        found = self._drawers.get(_ANY, 0)
        for label in (point.labels or {}).items():
            found |= self._drawers.get(label, 0)
        if point.value is not None:
            for version, length in self._lengths:
                if version == point.version:
                    drop = (32 if version == 4 else 128) - length
                    found |= self._drawers.get((version, point.value >> drop << drop, length), 0)
        return found


@lru_cache(maxsize=16384)
def _of_end(end: End) -> tuple[_Drawer, ...]:
    """Drawers such that every endpoint of the end is looked up in at least one of them."""
    if not end.outside:
        return _of_predicate(end.predicate)
    if end.predicate is ALL and end.inside == end.outside and end.inside != EVERYWHERE:
        networks = end.inside.cidrs()
        # A workload whose address is unknown is in whole families too, and has no network to be found by.
        if len(networks) <= _MOST_NETWORKS and all(n.prefixlen for n in networks):
            return tuple((n.version, int(n.network_address), n.prefixlen) for n in networks)
    return (_ANY,)


@lru_cache(maxsize=16384)
def _of_predicate(predicate: Predicate) -> tuple[_Drawer, ...]:
    values: dict[str, list[str]] = defaultdict(list)
    for key, value in predicate.mentions():
        values[key].append(value)
    needed = [key for key in sorted(values) if predicate <= L[key].in_(*values[key])]
    if not needed:
        return (_ANY,)
    best = min(needed, key=lambda key: (len(values[key]), key))
    return tuple((best, value) for value in values[best])
