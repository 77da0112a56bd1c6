"""Networks of one segmentation in several stacks, their tags before their rules."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.artifacts import join, link
from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.model import Model, Segmentation
from segkit.model.ends import anywhere
from segkit.sets import L, tcp
from segkit.verify import prove
from tests.strategies import TODAY

HOSTS = {"web": ("edge", "10.1.0.1"), "api": ("edge", "10.1.0.2"), "db": ("data", "10.2.0.1")}
RULES = (("web", "api", 8080), ("api", "db", 5432), ("db", "web", 514))


def estate(identities: bool = True, admin: bool = False, **placement: Any) -> Model:
    """Two peered networks that speak with each other both ways, under a guardrail."""
    seg = Segmentation("retail", today=TODAY)
    for role, (side, address) in HOSTS.items():
        seg.workload(role, {"role": role, "side": side}, [address])
    policy = seg.policy("shop", "application")
    for source, destination, port in RULES:
        policy.allow(L.role == source, L.role == destination, tcp(port), id=f"{source}-{destination}")
    seg.policy("rail", "global").deny(anywhere, L.role == "db", tcp(22), id="ssh")
    for side, other in (("edge", "data"), ("data", "edge")):
        folder = f"folders/{1 + (side == 'data')}"
        above = {"ancestors": ["organizations/1", folder], "global_tier": "admin", "global_at": folder}
        place = {
            "network_id": "${data.google_compute_network.main.id}",
            "network": side,
            "project": side,
            "tags_network": f"{side}/main",
            "peered_with": [other],
            **(above if admin else {}),
            **placement,
        }
        tags = f"{side}-tags" if identities else None
        made = seg.target(side, "google", L.side == side, placement=place, stack=side, identities=tags)
        made.accept_residual("snapshot", owner="me", reason="egress", expires="2999-01-01")
    return seg.build()


def linked(model: Model) -> tuple[Any, dict[str, dict[str, Any]]]:
    done = compile_model(model)
    parts = {name: network(name.removesuffix("-tags")) for name in model.stacks}
    return done, link(done.divided, parts)


def network(project: str) -> dict[str, Any]:
    """What a stack looks up for itself."""
    return {"data": {"google_compute_network": {"main": {"name": "main", "project": project}}}}


def test_tags_come_before_the_rules_that_name_them() -> None:
    model = estate()
    done, whole = linked(model)
    assert done.divided.dependencies == {
        "data": ("data-tags", "edge-tags"),
        "data-tags": (),
        "edge": ("data-tags", "edge-tags"),
        "edge-tags": (),
    }
    assert set(whole["edge-tags"]["resource"]) == {"google_tags_tag_key", "google_tags_tag_value"}
    proof = prove(model, join(whole, model.stacks), intent=done.intent, residuals=done.residuals)
    assert proof.ok, proof.text()


def test_by_address_no_stack_needs_another() -> None:
    model = estate(identities=False, references="address")
    done, whole = linked(model)
    assert done.divided.dependencies == {"data": (), "edge": ()}
    proof = prove(model, join(whole, model.stacks), intent=done.intent, residuals=done.residuals)
    assert proof.ok, proof.text()


def test_stacks_that_need_each_other_are_refused() -> None:
    with pytest.raises(SegkitError) as raised:
        compile_model(estate(identities=False))
    assert "identities" in str(raised.value)


def test_outputs_are_insisted_on_where_that_is_asked() -> None:
    with pytest.raises(SegkitError, match="by an output"):
        compile_model(estate(identities=False, references="output"))


def test_what_is_above_is_with_the_rules_and_its_tags_with_tags() -> None:
    model = estate(admin=True)
    done, whole = linked(model)
    policy = "google_compute_firewall_policy_with_rules"
    holding = {name for name, part in whole.items() if policy in part.get("resource", {})}
    assert holding == {"data", "edge"}  # into the database, and out of the others
    keys = whole["data-tags"]["resource"]["google_tags_tag_key"].values()
    assert {"organization": "auto"} in [key["purpose_data"] for key in keys]
    proof = prove(model, join(whole, model.stacks), intent=done.intent, residuals=done.residuals)
    assert proof.ok, proof.text()
