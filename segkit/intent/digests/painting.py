"""Painting the wide rules of a base, and laying the narrow rules of its rows onto it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from segkit.intent.digests.board import Base, Board, Numbers, Spans, Strip, Window
from segkit.intent.digests.fingerprint import PRIME, Lanes, Sums, Words, times, weigh

Span = tuple[int, int, int]
"""First plane, plane after the last, number of the strip."""


@dataclass(frozen=True, slots=True)
class _Box:
    """Planes from `lo` to before `hi`, and a window of words."""

    lo: int
    hi: int
    window: Window


def _near(spans: Spans, box: _Box, tier: int) -> Iterable[Span]:
    """What reaches into a box and belongs to a tier up to the given one."""
    found = (spans.lo < box.hi) & (spans.hi > box.lo)
    found &= (spans.first < box.window.after) & (spans.after > box.window.first)
    found &= spans.tier <= tier
    return _listed(spans.table[:3, found])


def _listed(table: Numbers) -> Iterable[Span]:
    return zip(*table[:3].tolist(), strict=True)


class Painter:
    """Paints the bases of a board, one after the other on the same planes."""

    def __init__(self, board: Board, key: bytes) -> None:
        self.board, self.key = board, key
        self._room = np.empty((0, len(board.heavy) // 4), np.uint64)

    def rows(self, base: Base) -> Iterator[tuple[tuple[int, ...], Lanes]]:
        """The fingerprint of each row of a base, with the cells that have it."""
        painted = _Painted(self.board, base, self._planes)
        for narrow, cells in base.rows:
            yield cells, painted.row(narrow)

    def _planes(self, count: int) -> Words:
        if len(self._room) < count:
            self._room = np.empty((count + count // 4, self._room.shape[1]), np.uint64)
        return self._room[:count]


class _Painted:
    """A base: its planes, what they weigh, and what narrow rules have to know of its wide ones."""

    def __init__(self, board: Board, base: Base, planes: Callable[[int], Words]) -> None:
        self._strips = board.strips
        wide = board.spans_of(base.wide)
        narrow = board.spans_of(sorted({n for row, _ in base.rows for n in row}))
        cut = np.zeros(len(board.measure), np.bool_)
        cut[[0, -1]] = cut[wide[:2]] = cut[narrow[:2]] = True
        place = np.cumsum(cut) - 1
        wide[:2], narrow[:2] = place[wide[:2]], place[narrow[:2]]
        self._wide = Spans(wide)
        self._denies = Spans(wide[:, self._wide.allows == 0])
        self._narrow: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for lo, hi, n in _listed(narrow):
            self._narrow[n].append((lo, hi))
        self._planes = planes(int(place[-1]))
        self._paint(base.posture)
        self._heavy = board.heavy
        self._measure = np.diff(board.measure[cut], axis=0) % PRIME
        self._below = times(weigh(self._planes, board.heavy), self._measure)

    def _paint(self, posture: Window) -> None:
        self._planes.fill(0)
        self._planes[:, posture.first : posture.after] = posture.held
        for lo, hi, n in _listed(self._wide.table):
            strip = self._strips[n]
            there = self._planes[lo:hi, strip.window.first : strip.window.after]
            (np.bitwise_or if strip.allows else np.bitwise_and)(there, strip.brush, there)

    def row(self, narrow: Sequence[int]) -> Lanes:
        """The fingerprint of the base with some narrow rules, denies first; the planes stay as they were."""
        if not narrow:
            return self._below
        laid: list[tuple[Words, Words]] = []
        weight: list[Sums] = []
        measure: list[Lanes] = []
        denies: list[Span] = []
        for n in narrow:
            strip = self._strips[n]
            first, after = strip.window.first, strip.window.after
            for lo, hi in self._narrow[n]:
                box = _Box(lo, hi, strip.window)
                there = self._planes[lo:hi, first:after]
                change = (
                    self._added(strip, box, there, denies) if strip.allows else self._lost(strip, box, there)
                )
                there ^= change
                laid.append((there, change))
                moved = weigh(change, self._heavy[4 * first : 4 * after])
                weight.append(moved if strip.allows else -moved)
                measure.append(self._measure[lo:hi])
                if not strip.allows:
                    denies.append((lo, hi, n))
        for there, change in laid:
            there ^= change
        return (self._below + times(np.concatenate(weight), np.concatenate(measure))) % PRIME

    def _added(self, strip: Strip, box: _Box, there: Words, denies: Iterable[Span]) -> Words:
        """What an allow adds to what is there: its box, less denies of its own and earlier tiers."""
        added: Words = strip.window.held & ~there
        for span in _near(self._denies, box, strip.tier):
            self._lay(added, box, span)
        for span in denies:
            if self._strips[span[2]].tier <= strip.tier:
                self._lay(added, box, span)
        return added

    def _lost(self, strip: Strip, box: _Box, there: Words) -> Words:
        """What a deny takes from what is there: its box, less what wide rules of earlier tiers allow."""
        kept = np.zeros_like(there)
        for span in _near(self._wide, box, strip.tier - 1):
            self._lay(kept, box, span)
        lost: Words = there & strip.window.held & ~kept
        return lost

    def _lay(self, onto: Words, box: _Box, span: Span) -> None:
        """Paints a rule onto the planes and words of a box, as far as it reaches there."""
        lo, hi, n = span
        strip = self._strips[n]
        first, after = max(box.window.first, strip.window.first), min(box.window.after, strip.window.after)
        if first < after and lo < box.hi and hi > box.lo:
            part = onto[
                max(lo - box.lo, 0) : min(hi, box.hi) - box.lo,
                first - box.window.first : after - box.window.first,
            ]
            brush = strip.brush[first - strip.window.first : after - strip.window.first]
            (np.bitwise_or if strip.allows else np.bitwise_and)(part, brush, part)
