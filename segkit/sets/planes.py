"""Rows: for every service, a set of destinations, as bitsets (bit i stands for destination i).

A row is a tuple of planes (lo, hi, destinations): inclusive spans of the service line, in order, without
empty sets and without two neighbours that could be one. So equal rows are equal tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

from segkit.sets.intervals import Span
from segkit.sets.services import LINE_END, ServiceSet

Plane = tuple[int, int, int]
Row = tuple[Plane, ...]

_END: Plane = (LINE_END, LINE_END, 0)
_ROOM = 1 << 29
"""How many bits the rows that are kept may have."""

Key = TypeVar("Key", bound=Hashable)


class Kept(Generic[Key]):
    """Rows that were worked out lately: those of a large estate do not fit into memory together."""

    def __init__(self, destinations: int) -> None:
        self._destinations = destinations
        self._rows: dict[Key, Row] = {}
        self._left = _ROOM

    def row(self, key: Key, make: Callable[[], Row]) -> Row:
        """The row of a key, made where it is not at hand."""
        found = self._rows.get(key)
        if found is None:
            found = make()
            self._left -= len(found) * self._destinations
            if self._left < 0:
                self._rows.clear()
                self._left = _ROOM
            self._rows[key] = found
        return found


def bits(indices: int) -> Iterator[int]:
    """The set bits of a bitset, lowest first.

    >>> list(bits(0b1010))
    [1, 3]
    """
    # Text finds the next bit of a long number faster than arithmetic does.
    text = f"{indices:b}"[::-1]
    at = text.find("1")
    while at >= 0:
        yield at
        at = text.find("1", at + 1)


def merge(planes: Iterable[Plane]) -> Row:
    """Planes in order and without overlap as a row.

    >>> merge([(0, 4, 3), (5, 9, 3), (10, 12, 0)])
    ((0, 9, 3),)
    """
    out: list[Plane] = []
    for lo, hi, held in planes:
        if not held:
            continue
        if out and out[-1][1] + 1 == lo and out[-1][2] == held:
            out[-1] = (out[-1][0], hi, held)
        else:
            out.append((lo, hi, held))
    return tuple(out)


def paint(layers: Sequence[tuple[ServiceSet, int, bool]], base: int = 0) -> Row:
    """Lays layers over each other, first to last: one that opens adds its destinations to its services, one
    that does not takes them away.

    >>> from segkit.sets import tcp
    >>> [held for _, _, held in paint([(tcp("80-89"), 0b11, True), (tcp(85), 0b01, False)])]
    [3, 2, 3]
    """
    spans = [(services.line.spans, held, opens) for services, held, opens in layers if held]
    cuts = sorted({0, LINE_END, *(edge for s, _, _ in spans for lo, hi in s for edge in (lo, hi + 1))})
    place = {cut: n for n, cut in enumerate(cuts)}
    planes = [base] * (len(cuts) - 1)
    for covered, held, opens in spans:
        for lo, hi in covered:
            first, after = place[lo], place[hi + 1]
            if after == first + 1:
                planes[first] = planes[first] | held if opens else planes[first] & ~held
            elif opens:
                planes[first:after] = [plane | held for plane in planes[first:after]]
            else:
                planes[first:after] = [plane & ~held for plane in planes[first:after]]
    return merge((lo, after - 1, plane) for (lo, after), plane in zip(pairwise(cuts), planes, strict=True))


def clip(row: Row, destinations: int, services: ServiceSet) -> Row:
    """The part of a row inside some destinations and services.

    >>> from segkit.sets import tcp
    >>> len(clip(paint([(tcp(80), 0b11, True)]), 0b01, tcp("0-100")))
    1
    """
    return merge(_inside(row, destinations, services.line.spans))


def _inside(row: Row, destinations: int, spans: Sequence[Span]) -> Iterator[Plane]:
    at = 0
    for lo, hi, held in row:
        left = held & destinations
        while at < len(spans) and spans[at][1] < lo:
            at += 1
        for first, last in spans[at:] if spans[at : at + 1] and spans[at][1] < hi else spans[at : at + 1]:
            if first > hi:
                break
            yield max(lo, first), min(hi, last), left


def together(rows: Sequence[Row]) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """The whole service line, cut wherever any of some rows changes, with the destinations of each row.

    >>> list(together([((0, 4, 1),), ((3, 9, 2),)]))[:3]
    [(0, 2, (1, 0)), (3, 4, (1, 2)), (5, 9, (0, 2))]
    """
    cuts = sorted({0, LINE_END, *(edge for row in rows for lo, hi, _ in row for edge in (lo, hi + 1))})
    place = {cut: n for n, cut in enumerate(cuts)}
    columns = []
    for row in rows:
        column = [0] * (len(cuts) - 1)
        for lo, hi, held in row:
            first, after = place[lo], place[hi + 1]
            column[first:after] = [held] * (after - first)
        columns.append(column)
    for (lo, after), *across in zip(pairwise(cuts), *columns, strict=True):
        yield lo, after - 1, tuple(across)


def overlay(first: Row, second: Row) -> Iterator[tuple[int, int, int, int]]:
    """The whole service line, cut wherever either row changes, with the destinations of each."""
    ahead, beside = iter((*first, _END)), iter((*second, _END))
    lo, (a_lo, a_hi, a_held), (b_lo, b_hi, b_held) = 0, next(ahead), next(beside)
    while lo < LINE_END:
        in_a, in_b = a_lo <= lo, b_lo <= lo
        hi = min(a_hi if in_a else a_lo - 1, b_hi if in_b else b_lo - 1)
        yield lo, hi, a_held if in_a else 0, b_held if in_b else 0
        lo = hi + 1
        if a_hi < lo:
            a_lo, a_hi, a_held = next(ahead)
        if b_hi < lo:
            b_lo, b_hi, b_held = next(beside)
