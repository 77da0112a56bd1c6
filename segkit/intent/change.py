"""What a change of policies opens and closes, worked out only where it can matter.

A rule says nothing outside its own box. So two models of one estate can differ only inside the boxes of the
rules that one of them has and the other has not, and nothing else is looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from segkit.intent.cells import Cells
from segkit.intent.engine import POSSIBLE, Intent, ends_of
from segkit.model.model import Model
from segkit.model.policy import Rule
from segkit.sets import NOTHING, IntervalSet, ServiceSet
from segkit.sets.bitmatrix import Columns, transpose
from segkit.sets.intervals import Span
from segkit.sets.planes import Row, bits, clip, overlay, paint


@dataclass(frozen=True, slots=True)
class Shift:
    """Flows that only one of two intents allows: the later one where it `opens`, else the earlier.

    Sources and destinations are bitsets over cells.
    """

    sources: int
    destinations: int
    services: ServiceSet
    opens: bool


@dataclass(frozen=True, slots=True)
class _Box:
    sources: int
    destinations: int
    services: ServiceSet


def side_by_side(before: Intent, later: Model) -> tuple[Intent, Intent]:
    """An intent and that of a later model, on the same cells.

    Raises ValueError where the two differ in more than their policies.
    """
    if not _same_estate(before.model, later):
        raise ValueError("the models differ in workloads, zones or targets; compare their rows instead")
    wanted = ends_of(later)
    if before.cells.knows(wanted):
        return before, Intent(later, before.cells)
    cells = Cells(later, before.population, {*before.cells.ends, *wanted})
    return Intent(before.model, cells), Intent(later, cells)


def shifts(before: Intent, after: Intent) -> Iterator[Shift]:
    """Every flow that only one of two intents on the same cells allows, each in one shift.

    What policies and postures say counts, before modes.
    """
    if before.cells is not after.cells:
        raise ValueError("the intents are not on the same cells; see side_by_side")
    for box in _boxes(before, after):
        yield from _within(box, before, after)


def _same_estate(one: Model, other: Model) -> bool:
    return all(getattr(one, part) == getattr(other, part) for part in ("workloads", "zones", "targets"))


def _meaning(rule: Rule) -> tuple[object, ...]:
    return rule.tier, rule.action, rule.sides, rule.services


def _boxes(before: Intent, after: Intent) -> Iterator[_Box]:
    """Where the two can differ, cut so that no source is in two boxes."""
    old, new = ({r.id: r for r in intent.rules} for intent in (before, after))
    changed: list[_Box] = []
    for intent, others in ((before, new), (after, old)):
        for n, rule in enumerate(intent.rules):
            other = others.get(rule.id)
            if other is not rule and (other is None or _meaning(other) != _meaning(rule)):
                ends = intent.source_bits[n], intent.destination_bits[n]
                changed.append(_Box(*ends, rule.services))
    classes: dict[int, int] = defaultdict(int)
    for source, which in enumerate(transpose([b.sources for b in changed], len(before.cells))):
        if which:
            classes[which] |= 1 << source
    for which, sources in classes.items():
        here = [changed[n] for n in bits(which)]
        destinations, services = 0, NOTHING
        for box in here:
            destinations |= box.destinations
            services |= box.services
        yield _Box(sources, destinations, services)


class _Layers:
    """The rules of one intent that can decide inside a box, first to decide first."""

    def __init__(self, intent: Intent, box: _Box, columns: Columns) -> None:
        near = [
            n
            for n, rule in enumerate(intent.rules)
            if intent.source_bits[n] & box.sources
            and intent.destination_bits[n] & box.destinations
            and rule.services.overlaps(box.services)
        ]
        self.sources = [intent.source_bits[n] & box.sources for n in near]
        self._painted = [
            (
                intent.rules[n].services & box.services,
                columns.narrow(intent.destination_bits[n]),
                intent.rules[n].action == "allow",
            )
            for n in near
        ]

    def row(self, which: Iterable[int], base: int) -> Row:
        """What some of the rules leave open, over `base`."""
        return paint([self._painted[n] for n in reversed(tuple(which))], base)


def _within(box: _Box, before: Intent, after: Intent) -> Iterator[Shift]:
    cells = before.cells
    columns = Columns(box.destinations, len(cells))
    sides = [_Layers(intent, box, columns) for intent in (before, after)]
    posture = _Postures(before, columns)
    for (old, new, sample), sources in _alike(cells, box.sources, [side.sources for side in sides]).items():
        base, reach = posture.base(sample), columns.narrow(cells.peers[sample])
        possible = POSSIBLE[cells[sample].family] & box.services
        rows = [
            clip(side.row(bits(which), base), reach, possible)
            for side, which in zip(sides, (old, new), strict=True)
        ]
        yield from _told(sources, rows, columns)


class _Postures:
    """The destinations that the posture of a source's zone leaves open."""

    def __init__(self, intent: Intent, columns: Columns) -> None:
        self._cells = intent.cells
        open_zones = (z for z in intent.model.zones if z.posture == "allow")
        self._base = {z.name: columns.narrow(intent.cells.of_end(z.end)) for z in open_zones}

    def base(self, source: int) -> int:
        return self._base.get(self._cells[source].zone or "", 0)


def _alike(cells: Cells, sources: int, held: Sequence[Sequence[int]]) -> dict[tuple[int, int, int], int]:
    """Sources that the same rules hold on both sides, in the same place; with one of them for each."""
    found: dict[tuple[int, int, object], int] = defaultdict(int)
    old, new = (transpose(side, len(cells)) for side in held)
    for source in bits(sources):
        cell = cells[source]
        found[old[source], new[source], (cell.realm, cell.family, cell.zone)] |= 1 << source
    return {(a, b, next(bits(same))): same for (a, b, _), same in found.items()}


def _told(sources: int, rows: Sequence[Row], columns: Columns) -> Iterator[Shift]:
    found: dict[tuple[bool, int], list[Span]] = defaultdict(list)
    for lo, hi, was, now in overlay(*rows):
        for opens, held in ((False, was & ~now), (True, now & ~was)):
            if held:
                found[opens, held].append((lo, hi))
    for (opens, held), spans in found.items():
        yield Shift(sources, columns.widen(held), ServiceSet.from_line(IntervalSet.of(*spans)), opens)
