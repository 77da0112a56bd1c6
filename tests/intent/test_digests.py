"""Digests are equal exactly where rows are, whichever way they are worked out."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.estates import Estate, random_estate, realistic
from bench.models import model_of
from segkit import L, tcp
from segkit.intent import Intent
from segkit.intent.change import shifts, side_by_side
from segkit.intent.digests import row_digests
from segkit.intent.digests.board import boards
from segkit.intent.digests.fingerprint import LANES, PRIME, cell_weights, service_measure, weigh
from segkit.intent.digests.painting import Painter
from segkit.model.model import Model
from segkit.model.segmentation import Segmentation
from segkit.sets import ANY, icmp
from segkit.sets.planes import Row, bits
from tests.intent.test_change import edited
from tests.strategies import Features, models

KEY = b"a key for tests"
MANY = Features(most_rules=12, most_workloads=8)
"""Enough for sources of more and of less than four cells, and for denies in every tier."""
FEW = st.sampled_from((0.0, 0.3, 1.0))
"""Hardly any narrow rules, some, and nothing else."""


def rows(intent: Intent) -> list[Row]:
    return [intent.row(cell) for cell in range(len(intent.cells))]


def agree(found: list[Row], digests: list[bytes]) -> bool:
    """Are digests equal exactly where rows are?"""
    pairs = set(zip(found, digests, strict=True))
    return len(pairs) == len(set(found)) == len(set(digests))


def differing(before: Intent, after: Intent, few: float) -> set[int]:
    """The cells whose digests differ."""
    one, other = (row_digests(intent, KEY, few=few) for intent in (before, after))
    return {cell for cell, (was, now) in enumerate(zip(one, other, strict=True)) if was != now}


@given(models(features=MANY), FEW)
@settings(max_examples=150)
def test_within_one_intent(model: Model, few: float) -> None:
    intent = Intent(model)
    digests = row_digests(intent, KEY, few=few)
    assert agree(rows(intent), digests)
    assert digests == row_digests(intent, KEY)


@given(models(features=MANY), models(features=MANY), FEW)
def test_between_intents(model: Model, donor: Model, few: float) -> None:
    zones = {z.name for z in model.zones}
    policies = tuple(p for p in donor.policies if p.zone is None or p.zone in zones)
    one, other = side_by_side(Intent(model), replace(model, policies=policies))
    both = row_digests(one, KEY) + row_digests(other, KEY, few=few)
    assert agree(rows(one) + rows(other), both)


@given(models(features=MANY), st.randoms(use_true_random=False), FEW)
@settings(max_examples=150)
def test_a_changed_rule_changes_its_sources(model: Model, chance: random.Random, few: float) -> None:
    if not model.rules:
        return
    before, after = side_by_side(Intent(model), edited(model, chance))
    assert differing(before, after, few) == {c for s in shifts(before, after) for c in bits(s.sources)}


@pytest.mark.parametrize("estate", [random_estate(600, 400), realistic(1500, 400, 25)], ids=lambda e: e.name)
def test_estates(estate: Estate) -> None:
    """Windows of several words and many bases: painted, laid on, and shared by two processes."""
    intent = Intent(model_of(estate))
    digests = row_digests(intent, KEY)
    assert agree(rows(intent), digests)
    for processes, few in ((1, 0.0), (1, 0.05), (1, 1.0), (2, 0.02)):
        assert row_digests(intent, KEY, processes, few) == digests


def test_painters_travel() -> None:
    """Where processes are not forked, what they need is pickled."""
    (board, *_) = boards(Intent(model_of(random_estate(200, 100))), KEY, 0.05)
    sent = pickle.loads(pickle.dumps(Painter(board, KEY)))
    for here, there in zip(board.bases, sent.board.bases, strict=True):
        mine, theirs = Painter(board, KEY).rows(here), sent.rows(there)
        assert [(c, tuple(f)) for c, f in mine] == [(c, tuple(f)) for c, f in theirs]


def shop(*ports: int, posture: str = "deny") -> Intent:
    seg = Segmentation("shop", today="2026-01-01")
    for n, role in enumerate(("web", "db", "db")):
        seg.workload(f"{role}-{n}", {"app": "shop", "role": role}, addresses=[f"10.0.0.{n + 1}"])
    seg.zone("shop", L.app == "shop", posture=posture)
    seg.policy("shop", tier="application", owner="team").allow(
        L.role == "web", L.role == "db", *map(tcp, ports), id="orders", purpose="orders"
    )
    return Intent(seg.build())


def test_another_key_is_another_digest() -> None:
    intent = shop(443)
    assert not set(row_digests(intent, b"one")) & set(row_digests(intent, b"other"))


def test_neighbouring_services_are_no_other_services() -> None:
    once, split = shop(443, 444, 445), shop(443, 445, 444)
    assert row_digests(once, KEY) == row_digests(split, KEY)
    assert row_digests(once, KEY) != row_digests(shop(443, 444), KEY)


def test_postures_count() -> None:
    assert row_digests(shop(443), KEY) != row_digests(shop(443, posture="allow"), KEY)


def test_what_a_family_cannot_carry_weighs_nothing() -> None:
    lo, hi = icmp().line.spans[0]
    points = [0, lo, lo + 7, hi + 1, hi + 2]
    before, start, within, end, after = service_measure(KEY, points, ANY - icmp()).tolist()
    assert start == within == end
    assert before != start != after


def test_planes_of_many_cells_are_weighed_exactly() -> None:
    """More numbers than a sum in floating point can take at once, and more planes than fit a block."""
    words = 1100
    planes = np.full((40, words), 2**64 - 1, np.uint64)
    planes[1:] = np.random.default_rng(1).integers(0, 2**64, (39, words), np.uint64)
    heavy = cell_weights(KEY, words)
    numbers, exact = planes.view(np.uint16).tolist(), heavy.astype(int).tolist()
    found = weigh(planes, heavy).astype(int) % PRIME
    for row, plane in zip(found.tolist(), numbers, strict=True):
        for lane in range(LANES):
            assert row[lane] == sum(n * w[lane] for n, w in zip(plane, exact, strict=True)) % PRIME
