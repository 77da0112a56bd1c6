"""The rules of an intent as arrays over the cells of one realm and family, and which cells share a base."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segkit.intent.cells import Cell, Member
from segkit.intent.digests.fingerprint import Lanes, Sums, Words, cell_weights, service_measure
from segkit.intent.engine import POSSIBLE, Intent
from segkit.model.policy import Rule
from segkit.sets.bitmatrix import positions, transpose
from segkit.sets.planes import bits
from segkit.sets.services import LINE_END

Numbers = NDArray[np.intp]

FEW = 0.006
"""The share of cells up to which a source is narrow. A smaller one makes for more bases, a larger one for
more to lay on in each row."""
_AT_LEAST = 4
_MOST_ROWS = 32
"""Rows of one base: more have one like it, so that processes get even shares and planes stay few."""
_WORD = 64


@dataclass(frozen=True, slots=True)
class Window:
    """Destinations as machine words, from number `first` to before `after`; none outside."""

    first: int
    after: int
    held: Words


@dataclass(frozen=True, slots=True)
class Strip:
    """A rule on a board. `brush` is its window as it is painted: for a deny the inverse."""

    tier: int
    allows: bool
    window: Window
    brush: Words


class Spans:
    """The services of strips, a column for each span: its first edge, the edge after it, its strip, and what
    that is."""

    def __init__(self, table: Numbers) -> None:
        self.table = table
        self.lo, self.hi, self.strip, self.tier, self.allows, self.first, self.after = table


@dataclass(frozen=True, slots=True)
class Base:
    """Cells that the same wide rules hold, with the same left open by posture.

    `wide` has the last to decide first. Each row is narrow rules, denies first, with the cells that they
    hold.
    """

    wide: tuple[int, ...]
    posture: Window
    rows: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One realm and family of an intent. `heavy` are the weights of cells, `measure` those of the services
    before each *edge*: a point of the service line where some rule begins or ends.

    Strips are in order of precedence. The spans of strip n are those from number `starts[n]` on; they begin
    and end at numbers of edges.
    """

    strips: Sequence[Strip]
    spans: Spans
    starts: Numbers
    bases: Sequence[Base]
    heavy: Sums
    measure: Lanes

    def spans_of(self, chosen: Sequence[int]) -> Numbers:
        """The table of the spans of some strips, in the order given."""
        strips = np.array(chosen, np.intp)
        start = self.starts[strips]
        count = self.starts[strips + 1] - start
        before = np.cumsum(count) - count
        found: Numbers = self.spans.table[:, np.arange(count.sum()) + np.repeat(start - before, count)]
        return found


class _Space:
    """The cells of one realm and family, in the order of their labels: first by the key with most values, so
    that what a selector holds lies close together."""

    def __init__(self, cells: Sequence[Cell], width: int) -> None:
        labels = [_labels(cell) for cell in cells]
        values: dict[str, set[str]] = defaultdict(set)
        for held in labels:
            for key, value in held.items():
                values[key].add(value)
        keys = sorted(values, key=lambda key: (-len(values[key]), key))
        order = sorted(range(len(cells)), key=lambda n: [labels[n].get(key, "") for key in keys])
        self._place = np.zeros(width, np.intp)
        self._place[[cells[n].index for n in order]] = np.arange(len(order))
        self.cells = cells
        self.mask = sum(1 << cell.index for cell in cells)
        self.words = -(-len(cells) // _WORD)
        self._windows: dict[int, Window] = {}

    def window(self, held: int) -> Window:
        """A bitset over cells of this space; rules that mean the same destinations share one."""
        if held not in self._windows:
            self._windows[held] = self._window(held)
        return self._windows[held]

    def _window(self, held: int) -> Window:
        places = self._place[positions(held, len(self._place))]
        if not len(places):
            return Window(0, 0, np.empty(0, np.uint64))
        first, after = int(places.min()) // _WORD, int(places.max()) // _WORD + 1
        if 2 * (after - first) > self.words:
            # numpy takes half the time for whole rows that it takes for parts of them.
            first, after = 0, self.words
        row = np.zeros((after - first) * _WORD, np.uint8)
        row[places - first * _WORD] = 1
        return Window(first, after, np.packbits(row, bitorder="little").view(np.uint64))


def boards(intent: Intent, key: bytes, few: float) -> list[Board]:
    """The boards of an intent, one for each realm and family."""
    spaces: dict[int, list[Cell]] = defaultdict(list)
    for cell in intent.cells:
        spaces[intent.cells.peers[cell.index]].append(cell)
    made = [_Space(cells, len(intent.cells)) for cells in spaces.values()]
    heavy = np.split(cell_weights(key, sum(s.words for s in made)), np.cumsum([4 * s.words for s in made]))
    return [_board(intent, space, few, weights, key) for space, weights in zip(made, heavy, strict=False)]


def _board(intent: Intent, space: _Space, few: float, heavy: Sums, key: bytes) -> Board:
    mine = [
        (intent.source_bits[n] & space.mask, intent.destination_bits[n] & space.mask, rule)
        for n, rule in enumerate(intent.rules)
    ]
    mine = [one for one in mine if all(one[:2]) and one[2].services]
    strips = [_strip(rule, space.window(destination)) for _, destination, rule in mine]
    spans = [rule.services.line.spans for _, _, rule in mine]
    edges = sorted({0, LINE_END, *(edge for some in spans for lo, hi in some for edge in (lo, hi + 1))})
    rank = {edge: n for n, edge in enumerate(edges)}
    table = [
        (rank[lo], rank[hi + 1], n, strip.tier, strip.allows, strip.window.first, strip.window.after)
        for n, (some, strip) in enumerate(zip(spans, strips, strict=True))
        for lo, hi in some
    ]
    sources = [source for source, _, _ in mine]
    return Board(
        tuple(strips),
        Spans(np.array(table, np.intp).reshape(-1, 7).T.copy()),
        np.cumsum([0, *map(len, spans)]),
        tuple(_bases(intent, space, strips, sources, max(_AT_LEAST, few * len(space.cells)))),
        heavy,
        service_measure(key, edges, POSSIBLE[space.cells[0].family]),
    )


def _strip(rule: Rule, window: Window) -> Strip:
    allows = rule.action == "allow"
    return Strip(int(rule.tier), allows, window, window.held if allows else ~window.held)


def _bases(
    intent: Intent, space: _Space, strips: Sequence[Strip], sources: Sequence[int], few: float
) -> Iterator[Base]:
    width = len(intent.cells)
    wide = [n for n, source in enumerate(sources) if source.bit_count() > few]
    wide_of = transpose([sources[n] for n in wide], width)
    narrow_of: list[list[int]] = [[] for _ in range(width)]
    for n in sorted(set(range(len(strips))).difference(wide), key=lambda n: strips[n].allows):
        for cell in positions(sources[n], width).tolist():
            narrow_of[cell].append(n)
    grouped: dict[tuple[int, str | None], dict[tuple[int, ...], list[int]]] = defaultdict(dict)
    open_zones = {
        z.name: space.window(intent.cells.of_end(z.end) & space.mask)
        for z in intent.model.zones
        if z.posture == "allow"
    }
    for cell in space.cells:
        zone = cell.zone if cell.zone in open_zones else None
        rows = grouped[wide_of[cell.index], zone]
        rows.setdefault(tuple(narrow_of[cell.index]), []).append(cell.index)
    for (held, zone), rows in grouped.items():
        below = tuple(wide[n] for n in reversed(tuple(bits(held))))
        posture = open_zones[zone] if zone else space.window(0)
        each = [(narrow, tuple(cells)) for narrow, cells in rows.items()]
        for start in range(0, len(each), _MOST_ROWS):
            yield Base(below, posture, tuple(each[start : start + _MOST_ROWS]))


def _labels(cell: Cell) -> Mapping[str, str]:
    """The labels of one of those in a cell."""
    if not cell.held:
        return {}
    one = cell.held[0]
    return one.endpoint.workload.label_map if isinstance(one, Member) else one.labels
