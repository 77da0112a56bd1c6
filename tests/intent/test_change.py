"""What a change of policies opens and closes is what two whole intents differ in."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit import L, tcp
from segkit.intent import Intent
from segkit.intent.change import Shift, shifts, side_by_side
from segkit.model.model import Model
from segkit.model.policy import Rule, Tier, Zone
from segkit.model.segmentation import Segmentation
from segkit.sets import ANY, NOTHING, ServiceSet, udp
from segkit.sets.planes import bits
from tests.intent.test_engine_against_oracle import NO_INTERNET, at
from tests.strategies import models

Pair = tuple[int, int]


def told(found: list[Shift], opens: bool) -> dict[Pair, ServiceSet]:
    """Shifts by pair of cells; no flow may be in two."""
    out: dict[Pair, ServiceSet] = {}
    for shift in found:
        if shift.opens == opens:
            for source in bits(shift.sources):
                for destination in bits(shift.destinations):
                    before = out.get((source, destination), NOTHING)
                    assert not before.overlaps(shift.services)
                    out[source, destination] = before | shift.services
    return out


def differing(before: Intent, after: Intent) -> tuple[dict[Pair, ServiceSet], dict[Pair, ServiceSet]]:
    """What closes and what opens, from every row of both."""
    closes, opens = {}, {}
    for source in range(len(before.cells)):
        was, now = before.row(source), after.row(source)
        for destination in range(len(before.cells)):
            old, new = at(was, destination), at(now, destination)
            if old - new:
                closes[source, destination] = old - new
            if new - old:
                opens[source, destination] = new - old
    return closes, opens


def hold(before: Model, after: Model) -> bool:
    """Shifts are what the rows differ in; says whether they differ at all."""
    one, other = side_by_side(Intent(before), after)
    found = list(shifts(one, other))
    closes, opens = differing(one, other)
    assert told(found, False) == closes
    assert told(found, True) == opens
    return bool(closes or opens)


@given(models(features=NO_INTERNET), models(features=NO_INTERNET))
@settings(max_examples=40)
def test_other_policies(model: Model, donor: Model) -> None:
    zones = {z.name for z in model.zones}
    policies = tuple(p for p in donor.policies if p.zone is None or p.zone in zones)
    hold(model, replace(model, policies=policies))


def altered(rule: Rule, chance: random.Random) -> Rule | None:
    """A rule after one edit; None when it is removed."""
    match chance.randrange(5):
        case 0:
            return None
        case 1:
            return replace(rule, action="allow" if rule.action == "deny" else "deny")
        case 2:
            return replace(
                rule, services=chance.choice([ANY, tcp("1-500"), udp(53), rule.services | tcp(22)])
            )
        case 3:
            return replace(rule, tier=chance.choice([tier for tier in Tier if tier != rule.tier]))
        case _:
            return replace(rule, source=rule.destination, destination=rule.source)


def edited(model: Model, chance: random.Random) -> Model:
    """A model after one edit of one of its rules."""
    chosen = chance.choice(model.rules)
    other = altered(chosen, chance)
    policies = tuple(
        replace(p, rules=tuple(new for r in p.rules if (new := other if r.id == chosen.id else r)))
        for p in model.policies
    )
    return replace(model, policies=policies)


@given(models(features=NO_INTERNET), st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_one_rule(model: Model, chance: random.Random) -> None:
    if not model.rules:
        return
    hold(model, edited(model, chance))


def estate(*ports: int, quiet: str = "orders") -> Model:
    seg = Segmentation("shop", today="2026-01-01")
    for n, role in enumerate(("web", "db")):
        seg.workload(f"{role}-1", {"app": "shop", "role": role}, addresses=[f"10.0.0.{n + 1}"])
    seg.policy("shop", tier="application", owner="team").allow(
        L.role == "web", L.role == "db", *map(tcp, ports), id="orders", purpose=quiet
    )
    return seg.build()


def test_a_wider_rule_opens_what_it_adds() -> None:
    one, other = side_by_side(Intent(estate(5432)), estate(5432, 5433))
    (shift,) = shifts(one, other)
    cells = one.cells
    assert (shift.opens, str(shift.services)) == (True, "tcp/5433")
    assert [cells[i].text for i in bits(shift.sources)] == ["web-1"]
    assert [cells[i].text for i in bits(shift.destinations)] == ["db-1"]


def test_another_purpose_shifts_nothing() -> None:
    one, other = side_by_side(Intent(estate(5432)), estate(5432, quiet="reports"))
    assert not list(shifts(one, other))


def test_cells_are_kept_where_the_ends_are_known() -> None:
    before = Intent(estate(5432))
    assert side_by_side(before, estate(443))[1].cells is before.cells


@pytest.mark.parametrize("other", [{"workloads": ()}, {"zones": (Zone("z", L.role == "db"),)}])
def test_another_estate_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="differ in workloads, zones or targets"):
        side_by_side(Intent(estate(5432)), replace(estate(5432), **other))


def test_a_rule_in_another_tier_with_the_same_name_shifts_what_it_decides() -> None:
    model = estate(5432)
    (policy,) = model.policies
    (orders,) = policy.rules
    deny = replace(orders, id="shop/never", action="deny")

    def with_tier(tier: Tier) -> Model:
        return replace(model, policies=(replace(policy, rules=(replace(orders, tier=tier), deny)),))

    one, other = side_by_side(Intent(with_tier(deny.tier)), with_tier(Tier(deny.tier - 1)))
    (shift,) = shifts(one, other)
    assert (shift.opens, str(shift.services)) == (True, "tcp/5432")


def test_other_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="not on the same cells"):
        list(shifts(Intent(estate(5432)), Intent(estate(5432))))
