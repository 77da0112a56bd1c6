from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.sets import EMPTY, IntervalSet

from .kit import quick

spans = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 4)).map(lambda s: (s[0], s[0] + s[1])), max_size=60
)


def points(one: IntervalSet) -> set[int]:
    return {x for lo, hi in one.spans for x in range(lo, hi + 1)}


@quick
@given(a=spans, b=spans)
def test_results_are_in_normal_form(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    one, two = IntervalSet.of(*a), IntervalSet.of(*b)
    for made in (one, one | two, one & two, one - two, IntervalSet.union([one, two])):
        assert all(lo <= hi for lo, hi in made.spans)
        assert all(made.spans[i][1] + 1 < made.spans[i + 1][0] for i in range(len(made.spans) - 1))
        assert made.size == len(points(made))


@quick
@given(many=spans, few=spans.map(lambda s: s[:2]))
def test_a_short_set_against_a_long_one(many: list[tuple[int, int]], few: list[tuple[int, int]]) -> None:
    a, b = IntervalSet.of(*many), IntervalSet.of(*few)
    assert points(a & b) == points(b & a) == points(a) & points(b)
    assert points(a - b) == points(a) - points(b)
    assert points(b - a) == points(b) - points(a)
    assert a.overlaps(b) == b.overlaps(a) == bool(points(a) & points(b))
    assert (b <= a) == (points(b) <= points(a))


def test_every_short_span_against_a_comb() -> None:
    comb = IntervalSet.of(*((n, n + 2) for n in range(0, 200, 7)))
    for lo in range(-2, 205):
        for hi in range(lo, lo + 9):
            one = IntervalSet.of((lo, hi))
            inside = points(comb) & set(range(lo, hi + 1))
            assert comb.overlaps(one) == one.overlaps(comb) == bool(inside)
            assert points(comb & one) == points(one & comb) == inside
            assert points(comb - one) == points(comb) - inside
            assert (one <= comb) == (len(inside) == hi - lo + 1)


def test_adjacent_spans_join() -> None:
    assert IntervalSet.of((5, 9), (1, 4)).spans == ((1, 9),)
    assert IntervalSet(((5, 9), (1, 4))).spans == ((1, 9),)
    assert IntervalSet.of() == EMPTY
    assert EMPTY.size == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9-3", "the range 9-3 is reversed; write 3-9"),
        ("x", "'x' is not a number or a range such as 8000-8100"),
        ("", "'' is not a number or a range such as 8000-8100"),
    ],
)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="range") as caught:
        IntervalSet.parse(text)
    assert str(caught.value) == message
