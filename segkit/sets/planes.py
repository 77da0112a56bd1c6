"""Rows: for every service, a set of destinations, as bitsets (bit i stands for destination i).

A row is a tuple of planes (lo, hi, destinations): inclusive spans of the service line, in order, without
empty sets and without two neighbours that could be one. So equal rows are equal tuples.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from segkit.sets.services import LINE_END, ServiceSet

Plane = tuple[int, int, int]
Row = tuple[Plane, ...]


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
    planes = [base] * (len(cuts) - 1)
    for covered, held, opens in spans:
        for lo, hi in covered:
            for n in range(bisect_left(cuts, lo), bisect_left(cuts, hi + 1)):
                planes[n] = planes[n] | held if opens else planes[n] & ~held
    return merge((cuts[n], cuts[n + 1] - 1, plane) for n, plane in enumerate(planes))


def combine(first: Row, second: Row, operation: Callable[[int, int], int]) -> Row:
    """The row that has `operation` of both destinations for every service."""
    return merge((lo, hi, operation(a, b)) for lo, hi, a, b in overlay(first, second))


def clip(row: Row, destinations: int, services: ServiceSet) -> Row:
    """The part of a row inside some destinations and services."""
    inside = tuple((lo, hi, destinations) for lo, hi in services.line.spans)
    return combine(row, inside, int.__and__)


def overlay(first: Row, second: Row) -> Iterator[tuple[int, int, int, int]]:
    """The whole service line, cut wherever either row changes, with the destinations of each."""
    cuts = sorted({0, LINE_END, *(edge for lo, hi, _ in (*first, *second) for edge in (lo, hi + 1))})
    i = j = 0
    for lo, after in pairwise(cuts):
        while i < len(first) and first[i][1] < lo:
            i += 1
        while j < len(second) and second[j][1] < lo:
            j += 1
        a = first[i][2] if i < len(first) and first[i][0] <= lo else 0
        b = second[j][2] if j < len(second) and second[j][0] <= lo else 0
        yield lo, after - 1, a, b
