"""Which of many span sets hold a point of a line, or meet a stretch of it, as bitsets."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from segkit.sets.intervals import Span

_STEP = 64


class Sweep:
    """Numbered sets of spans on one line. Bit n of an answer stands for set n.

    Whole answers are kept only at every 64th edge; what lies between is counted forward from there, so that
    thousands of sets with thousands of edges stay small.

    >>> sweep = Sweep([(0, [(1, 5)]), (1, [(4, 9)])])
    >>> sweep.at(4), sweep.at(6), sweep.meeting([(0, 2)])
    (3, 2, 1)
    """

    def __init__(self, sets: Iterable[tuple[int, Iterable[Span]]]) -> None:
        edges: list[tuple[int, int]] = []
        starts: list[tuple[int, int]] = []
        for number, spans in sets:
            for lo, hi in spans:
                edges += ((lo, number), (hi + 1, number))
                starts.append((lo, number))
        edges.sort()
        starts.sort()
        self._edges = edges
        self._starts = starts
        self._at_edge = [place for place, _ in edges]
        self._at_start = [place for place, _ in starts]
        self._kept = [0]
        held = 0
        # The spans of one set are disjoint, so crossing an edge of it toggles its bit.
        for n, (_, number) in enumerate(edges, 1):
            held ^= 1 << number
            if n % _STEP == 0:
                self._kept.append(held)
        self._memo: dict[int, int] = {}

    def at(self, point: int) -> int:
        """The sets that hold a point."""
        after = bisect_right(self._at_edge, point)
        if after not in self._memo:
            held = self._kept[after // _STEP]
            for _, number in self._edges[after - after % _STEP : after]:
                held ^= 1 << number
            self._memo[after] = held
        return self._memo[after]

    def meeting(self, spans: Iterable[Span]) -> int:
        """The sets that have a point in any of some spans."""
        held = 0
        for lo, hi in spans:
            held |= self.at(lo)
            first, after = bisect_left(self._at_start, lo), bisect_right(self._at_start, hi)
            for _, number in self._starts[first:after]:
                held |= 1 << number
        return held

    def parts(self, lo: int, hi: int) -> Iterator[tuple[int, int, int]]:
        """A stretch of the line cut at every edge inside it: first point, last point, the sets that hold it.

        >>> list(Sweep([(0, [(1, 5)])]).parts(0, 9))
        [(0, 0, 0), (1, 5, 1), (6, 9, 0)]
        """
        first, after = bisect_right(self._at_edge, lo), bisect_right(self._at_edge, hi)
        held, start = self.at(lo), lo
        for place, number in self._edges[first:after]:
            if place > start:
                yield start, place - 1, held
                start = place
            held ^= 1 << number
        yield start, hi, held
