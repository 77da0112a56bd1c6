"""Merging many selectors: quotas are kept where they can be, and what is pinned means the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.estates import realistic
from bench.models import accounts, model_of
from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.intent.boxes import FAMILIES, Piece
from segkit.platforms.aws.lower.choose import encoding_text, frugal, piece_names
from segkit.platforms.aws.lower.merging import Wear, merge
from segkit.sets import EVERYWHERE, NOWHERE, L
from segkit.verify import prove
from tests.aws.test_encodings import draft_of


def piece(name: str) -> Piece:
    return Piece(L.role == name, EVERYWHERE, FAMILIES, NOWHERE)


A, B, C = piece("a"), piece("b"), piece("c")


def test_nothing_is_merged_where_nothing_is_overloaded() -> None:
    wears = {A: Wear(0b011, 1, (1, 1)), B: Wear(0b110, 1, (1, 1))}
    assert merge(wears, 3, 2, 60) == [frozenset({A}), frozenset({B})]


def test_the_selector_that_most_rules_name_stays_alone() -> None:
    wears = {A: Wear(0b0111, 90, (1, 1)), B: Wear(0b0110, 1, (1, 1)), C: Wear(0b1100, 1, (1, 1))}
    assert merge(wears, 4, 2, 60) == [frozenset({A}), frozenset({B, C})]


def test_groups_stay_within_their_rules_where_they_can() -> None:
    wears = {A: Wear(0b011, 0, (50, 0)), B: Wear(0b110, 0, (50, 0)), C: Wear(0b111, 0, (5, 0))}
    assert frozenset({A, B}) not in merge(wears, 3, 2, 60)


def test_selectors_of_the_same_interfaces_are_one_block() -> None:
    wears = {A: Wear(0b11, 1, (1, 1)), B: Wear(0b11, 1, (1, 1))}
    assert merge(wears, 2, 5, 60) == [frozenset({A, B})]


def test_a_crowded_estate_fits_every_default_quota_and_is_proved() -> None:
    model = model_of(realistic(600, 240, 15), accounts())
    with pytest.raises(SegkitError, match="would carry"):
        compile_model(model)
    draft = draft_of(model)
    found = {t.name: encoding_text(frugal(draft, t), piece_names(draft, t)) for t in model.targets}
    pinned = tuple(replace(t, placement={**t.placement, "encoding": found[t.name]}) for t in model.targets)
    model = replace(model, targets=pinned)
    done = compile_model(model)
    assert prove(model, done.fragment, intent=done.intent, residuals=done.residuals).status == "equal"
