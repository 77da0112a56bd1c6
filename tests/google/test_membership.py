"""Targets whose machines others protect, too: whoever is watched there stays as protected as before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.sets import ANY, L, tcp
from segkit.verify import prove
from tests.conformance import google
from tests.conformance.planes import GOOGLE
from tests.conformance.test_meaning import sample
from tests.google.kit import beside, compiled, mode_at, proof, shop
from tests.oracles.intent_oracle import Oracle
from tests.strategies import Features

FIREWALL = "google_compute_firewall"
POLICY = "google_compute_network_firewall_policy_with_rules"
WAYS: Mapping[str, Mapping[str, Any]] = {
    "secure": {},
    "network": {"tags": "network"},
    "service-accounts": {"tags": "service-accounts", "accounts": "{app}@p.iam.gserviceaccount.com"},
}


SHARED = replace(GOOGLE, placement=partial(google.placement, membership="shared"))


@pytest.mark.parametrize("encoding", SHARED.encodings)
@given(data=st.data(), seed=st.integers(0, 2**16))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_whoever_is_watched_stays_as_it_is(encoding: str, data: st.DataObject, seed: int) -> None:
    features = Features(internet=False, odd_services=False, modes=("enforce", "visibility"))
    with SHARED.unlimited():
        model = data.draw(SHARED.models(encoding, features, ("snapshot",)))
        try:
            done = compile_model(model)
        except SegkitError:
            assume(False)
            raise
    document = SHARED.stack(model, done.fragment)
    found = prove(model, document, intent=done.intent, residuals=done.residuals)
    assert found.status == "equal", found.text()
    oracle, passes = Oracle(model), SHARED.packets(model, document)
    for packet in sample(oracle, seed):
        if mode_at(model, packet.destination) == "visibility":
            assert not passes(packet)  # nothing but the implied rules speaks of it
        else:
            assert passes(packet) is oracle.passes(packet)


@pytest.mark.parametrize("tags", WAYS)
def test_nothing_is_added_for_whoever_is_watched(tags: str) -> None:
    seg = shop(membership="shared", **WAYS[tags])
    seg.zone("watched", L.app == "db", mode="visibility")
    fragment = compiled(seg).fragment
    mine = {
        name: local["groups"]
        for name, local in fragment["locals"].items()
        if "db" in name and "groups" in local
    }
    assert mine and not [group for groups in mine.values() for group in groups if "enforced" in group]
    policies = fragment["resource"].get(POLICY, {}).values()
    rules = [
        *fragment["resource"].get(FIREWALL, {}).values(),
        *(r for body in policies for r in body["rule"]),
    ]
    assert rules and not [rule for rule in rules if rule["description"] == "visibility mode"]
    assert not [
        rule for rule in rules if "db@p.iam.gserviceaccount.com" in rule.get("target_service_accounts", ())
    ]
    assert proof(seg).ok
    theirs = {"network": "projects/p/global/networks/vpc", "direction": "INGRESS", "priority": 50}
    closes = {**theirs, "name": "theirs", "deny": [{"protocol": "all"}], "source_ranges": ["0.0.0.0/0"]}
    held = {"target_service_accounts" if tags == "service-accounts" else "target_tags": ["other"]}
    assert proof(seg, beside(**{FIREWALL: {"theirs": {**closes, **held}}})).ok


def test_whoever_is_not_watched_is_closed_as_ever() -> None:
    seg = shop(membership="shared")
    seg.zone("watched", L.app == "db", mode="visibility")
    opens: dict[str, Any] = {
        "network": "projects/p/global/networks/vpc",
        "name": "theirs",
        "direction": "INGRESS",
    }
    opens |= {"priority": 50, "allow": [{"protocol": "tcp", "ports": ["22"]}], "source_ranges": ["0.0.0.0/0"]}
    found = proof(seg, beside(**{FIREWALL: {"theirs": opens}}))
    assert found.status == "different"
    assert {d.destination for d in found.differences} == {"web"}


def test_two_machines_of_one_account_are_both_watched_or_neither() -> None:
    seg = shop(membership="shared", tags="service-accounts", accounts="all@p.iam.gserviceaccount.com")
    seg.policy("q", "application").allow(L.app.exists(), L.app.exists(), ANY & tcp(1))
    seg.zone("watched", L.app == "db", mode="visibility")
    with pytest.raises(SegkitError, match=r"rules tell them apart \(.*enforced"):
        compiled(seg)
