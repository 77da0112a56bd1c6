"""One contract for every representation of a set: the laws of a boolean algebra, and one form per set."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.sets import Predicate

from .kit import REPRESENTATIONS, Representation, quick

every = pytest.mark.parametrize("kind", REPRESENTATIONS, ids=lambda kind: kind.name)


@every
@quick
@given(data=st.data())
def test_operations_are_those_of_sets_of_points(kind: Representation, data: st.DataObject) -> None:
    a, in_a = data.draw(kind.sets())
    b, in_b = data.draw(kind.sets())
    assert kind.members(a) == in_a
    assert kind.members(a | b) == in_a | in_b
    assert kind.members(a & b) == in_a & in_b
    assert kind.members(a - b) == in_a - in_b
    assert kind.members(kind.universe - a) == frozenset(range(len(kind.points))) - in_a


@every
@quick
@given(data=st.data())
def test_relations_are_those_of_sets_of_points(kind: Representation, data: st.DataObject) -> None:
    a, in_a = data.draw(kind.sets())
    b, in_b = data.draw(kind.sets())
    assert (a <= b) == (in_a <= in_b) == (a & b == a) == (a | b == b) == (a - b == kind.empty)
    assert (a >= b) == (in_a >= in_b)
    assert (a == b) == (in_a == in_b) == (str(a) == str(b))
    assert a.overlaps(b) == bool(in_a & in_b) == (a & b != kind.empty)
    assert (a == kind.empty) == (not in_a)


@every
@quick
@given(data=st.data())
def test_laws(kind: Representation, data: st.DataObject) -> None:
    a, b, c = (data.draw(kind.sets())[0] for _ in range(3))
    none, full = kind.empty, kind.universe
    assert a | b == b | a
    assert a & b == b & a
    assert (a | b) | c == a | (b | c)
    assert (a & b) & c == a & (b & c)
    assert a & (b | c) == (a & b) | (a & c)
    assert a | (b & c) == (a | b) & (a | c)
    assert a | (a & b) == a == a & (a | b)
    assert a | a == a == a & a
    assert a | none == a == a - none
    assert a & none == none == a - a == none - a == a - full
    assert a & full == a
    assert a | full == full
    assert full - (full - a) == a
    assert full - (a | b) == (full - a) & (full - b)
    assert full - (a & b) == (full - a) | (full - b)
    assert a - b == a & (full - b)
    assert (a - b) | (a & b) == a
    assert none <= a <= full


@every
@quick
@given(data=st.data())
def test_one_form_per_set(kind: Representation, data: st.DataObject) -> None:
    a, _ = data.draw(kind.sets())
    b, _ = data.draw(kind.sets())
    same = (a - b) | (b & a)
    assert same == a
    assert hash(same) == hash(a)
    assert str(same) == str(a)
    assert repr(same) == repr(a)


@every
@quick
@given(data=st.data())
def test_text_reads_back(kind: Representation, data: st.DataObject) -> None:
    a, _ = data.draw(kind.sets())
    assert kind.parse(str(a)) == a
    assert str(a).isascii()
    assert str(a).isprintable()
    assert kind.parse(str(kind.empty)) == kind.empty
    assert kind.parse(str(kind.universe)) == kind.universe


@every
@quick
@given(data=st.data())
def test_union_of_many_ignores_order(kind: Representation, data: st.DataObject) -> None:
    many = [one for one, _ in data.draw(st.lists(kind.sets(), max_size=5))]
    whole = kind.empty
    for one in many:
        whole = whole | one
    shuffled = data.draw(st.permutations(many))
    assert type(kind.empty).union(shuffled) == whole


@every
@quick
@given(data=st.data())
def test_copies_are_equal(kind: Representation, data: st.DataObject) -> None:
    a, _ = data.draw(kind.sets())
    for same in (pickle.loads(pickle.dumps(a)), copy.deepcopy(a)):
        assert same == a
        assert hash(same) == hash(a)


@pytest.mark.parametrize("kind", [k for k in REPRESENTATIONS if k.name != "predicates"], ids=lambda k: k.name)
@quick
@given(data=st.data())
def test_truth_is_being_non_empty(kind: Representation, data: st.DataObject) -> None:
    a, in_a = data.draw(kind.sets())
    assert bool(a) == bool(in_a)
    assert a != "text"


@quick
@given(data=st.data())
def test_equal_predicates_are_one_object(data: st.DataObject) -> None:
    kind = REPRESENTATIONS[-1]
    a, in_a = data.draw(kind.sets())
    b, in_b = data.draw(kind.sets())
    assert (a is b) == (in_a == in_b)
    assert Predicate.parse(str(a)) is a
    assert ~~a is a
    assert kind.members(~a) == frozenset(range(len(kind.points))) - in_a
