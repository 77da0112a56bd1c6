"""Rows beside their naive model: for every point of a small line, the destinations there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.sets import planes
from segkit.sets.intervals import IntervalSet, Span
from segkit.sets.planes import Kept, Row, bits, clip, merge, overlay, paint, together
from segkit.sets.services import LINE_END, ServiceSet
from tests.sets.kit import quick

WIDTH = 14
POINTS = (*range(WIDTH), *range(LINE_END - WIDTH, LINE_END))
"""Both ends of the line; what is between them is like one or the other of its neighbours."""

Naive = dict[int, int]

starts = st.sampled_from(POINTS)
spans = st.tuples(starts, st.integers(0, 4)).map(lambda s: (s[0], min(LINE_END - 1, s[0] + s[1])))
held = st.integers(0, 7)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Rows in their one form: spans that touch at their ends, or leave gaps, of one point or several."""
    cuts = sorted(draw(st.sets(st.sampled_from((*POINTS, LINE_END)), max_size=9)))
    out, before = [], 0
    for lo, after in pairwise(cuts):
        value = draw(held)
        before = 0 if value == before else value
        if before:
            out.append((lo, after - 1, before))
    return tuple(out)


services = st.lists(spans, max_size=5).map(lambda s: ServiceSet(IntervalSet.of(*s)))
layers = st.lists(st.tuples(services, held, st.booleans()), max_size=5)


def naive(row: Iterable[tuple[int, int, int]]) -> Naive:
    """The destinations at every point; no point may be told of twice."""
    found = [(p, value) for lo, hi, value in row for p in POINTS if lo <= p <= hi]
    assert len(dict(found)) == len(found)
    return {**dict.fromkeys(POINTS, 0), **dict(found)}


def check_form(row: Row) -> None:
    """In order, nothing empty, and no two neighbours that could be one: the promise that equal rows are equal
    tuples rests on it."""
    assert all(lo <= hi and value for lo, hi, value in row)
    for (_, hi, one), (lo, _, other) in pairwise(row):
        assert hi < lo and not (hi + 1 == lo and one == other)


def check_tiles(found: Sequence[Span]) -> None:
    """Spans that cover the whole line, each point once, in order."""
    assert found[0][0] == 0 and found[-1][1] == LINE_END - 1
    assert all(hi + 1 == lo for (_, hi), (lo, _) in pairwise(found))


@quick
@given(rows(), held, services)
def test_clip_keeps_what_is_in_both(row: Row, destinations: int, inside: ServiceSet) -> None:
    got = clip(row, destinations, inside)
    check_form(got)
    assert naive(got) == {
        p: value & destinations if p in inside.line else 0 for p, value in naive(row).items()
    }


@pytest.mark.parametrize(
    ("row", "inside", "expected"),
    [
        (((0, 4, 1),), [(5, 9)], ()),
        (((5, 9, 1),), [(0, 4)], ()),
        (((0, 4, 1),), [(4, 5)], ((4, 4, 1),)),
        (((5, 9, 1),), [(4, 5)], ((5, 5, 1),)),
        (((0, 4, 1), (5, 9, 2)), [(4, 5)], ((4, 4, 1), (5, 5, 2))),
        (((0, 4, 1), (5, 9, 2)), [(2, 4), (6, 9)], ((2, 4, 1), (6, 9, 2))),
        (((0, 9, 1),), [(0, 1), (3, 4), (9, 12)], ((0, 1, 1), (3, 4, 1), (9, 9, 1))),
        (((0, 9, 1), (10, 12, 2)), [(0, 1), (3, 10)], ((0, 1, 1), (3, 9, 1), (10, 10, 2))),
        (((0, 2, 1), (8, 9, 1)), [(0, 0), (4, 5), (9, 9)], ((0, 0, 1), (9, 9, 1))),
    ],
)
def test_clip_where_spans_touch(row: Row, inside: list[Span], expected: Row) -> None:
    assert clip(row, 3, ServiceSet(IntervalSet.of(*inside))) == expected


@quick
@given(layers, held)
def test_paint_lays_the_last_on_top(drawn: list[tuple[ServiceSet, int, bool]], base: int) -> None:
    expected = dict.fromkeys(POINTS, base)
    for covered, value, opens in drawn:
        for p in POINTS:
            if p in covered.line:
                expected[p] = expected[p] | value if opens else expected[p] & ~value
    got = paint(drawn, base)
    check_form(got)
    assert naive(got) == expected


@quick
@given(rows(), st.data())
def test_merge_undoes_every_cut(row: Row, data: st.DataObject) -> None:
    pieces: list[tuple[int, int, int]] = []
    for lo, hi, value in row:
        at = data.draw(st.integers(lo, hi))
        pieces += [(lo, at, value)] + ([(at + 1, hi, value)] if at < hi else [])
    assert merge(pieces) == row


def test_merge_joins_neighbours_only_and_drops_what_is_empty() -> None:
    assert merge([(0, 1, 1), (2, 3, 1), (5, 6, 1), (7, 8, 2), (9, 9, 0), (10, 11, 2)]) == (
        (0, 3, 1),
        (5, 6, 1),
        (7, 8, 2),
        (10, 11, 2),
    )


@quick
@given(rows(), rows())
def test_overlay_tells_of_both_everywhere(one: Row, other: Row) -> None:
    found = list(overlay(one, other))
    check_tiles([(lo, hi) for lo, hi, *_ in found])
    assert naive((lo, hi, a) for lo, hi, a, _ in found) == naive(one)
    assert naive((lo, hi, b) for lo, hi, _, b in found) == naive(other)


@quick
@given(st.lists(rows(), max_size=4))
def test_together_tells_of_each_everywhere(several: list[Row]) -> None:
    found = list(together(several))
    check_tiles([(lo, hi) for lo, hi, _ in found])
    assert all(len(values) == len(several) for *_, values in found)
    for n, row in enumerate(several):
        assert naive((lo, hi, values[n]) for lo, hi, values in found) == naive(row)


@quick
@given(st.sets(st.integers(0, 300)))
def test_bits_are_found_once_each_in_order(places: set[int]) -> None:
    assert list(bits(sum(1 << p for p in places))) == sorted(places)


def test_kept_rows_are_made_once_until_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "_ROOM", 40)
    made: list[str] = []
    kept: Kept[str] = Kept(10)

    def row(key: str) -> Row:
        def make() -> Row:
            made.append(key)
            return ((0, 1, len(key)), (3, 4, 1))

        return kept.row(key, make)

    assert row("a") == row("a") == ((0, 1, 1), (3, 4, 1))
    assert row("bb") == row("bb") == ((0, 1, 2), (3, 4, 1))
    assert row("a") == ((0, 1, 1), (3, 4, 1)) and made == ["a", "bb"]
    row("ccc")  # 60 of 40: what was kept goes, and this one stays
    assert row("ccc")[0] == (0, 1, 3) and made == ["a", "bb", "ccc"]
    row("a")
    row("ccc")  # there is room again
    assert made == ["a", "bb", "ccc", "a"]


def test_an_empty_row_is_kept_too() -> None:
    kept: Kept[str] = Kept(10)
    assert kept.row("a", tuple) == ()
    assert kept.row("a", lambda: ((0, 1, 1),)) == ()
