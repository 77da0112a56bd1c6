"""A range leans on the ingress of whoever is inside: what else must then stay closed, or is not leaned on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from segkit.compiler import compile_model
from segkit.model import Segmentation, outside
from segkit.model.model import Accepted, Model
from segkit.sets import L, ServiceSet, tcp
from segkit.verify import prove
from tests.conformance.planes import AWS
from tests.strategies import FOREVER, TODAY

RULES = "aws_vpc_security_group_egress_rule"
ROLES = ("web", "db", "log", "db", "log", "web", "db", "log")


def estate(*dbs: str) -> Segmentation:
    """Web speaks to db; eight workloads fill 10.0.0.0/29, log among them keeps web out by its ingress."""
    seg = Segmentation("estate", today=TODAY)
    seg.policy("p", "application", owner="o").allow(L.role == "web", L.role == "db", tcp(5432), id="query")
    for n, role in enumerate(ROLES):
        seg.workload(f"w{n}", {"role": role}, [f"10.0.0.{n}"])
    for n, address in enumerate(dbs):
        seg.workload(f"db{n}", {"role": "db"}, [address])
    return seg


def built(seg: Segmentation, realms: tuple[str, ...] = ("default",)) -> Model:
    """The model with a target in each realm that sends by range and accepts every residual."""
    for realm in realms:
        placement = {"vpc_id": f"vpc-{realm}", "egress": "ranges", "membership": "exclusive"}
        seg.target(f"in-{realm}", "aws", realm=realm, placement=placement)
    model = seg.build()
    accepted = tuple(Accepted(name, "me", "a test", FOREVER) for name in AWS.all)
    return replace(model, targets=tuple(replace(t, accepted=accepted) for t in model.targets))


def sent(model: Model) -> list[str]:
    """Where egress rules go, after the proof that the whole is what the policies say."""
    done = compile_model(model)
    proof = prove(model, AWS.stack(model, done.fragment), intent=done.intent, residuals=done.residuals)
    assert proof.status == "equal", proof.text()
    rules = done.fragment["resource"][RULES].values()
    return sorted({r.get("cidr_ipv4") or r.get("cidr_ipv6") or "group" for r in rules})


@pytest.mark.parametrize("services", [tcp(5432), tcp("5000-6000"), tcp("5432-9000")], ids=str)
def test_who_sends_by_range_is_left_out_of_what_the_outside_may_reach(services: ServiceSet) -> None:
    seg = estate()
    seg.policy("q", "application", owner="o").allow(outside, L.role == "log", services, id="ship")
    assert sent(built(seg)) == ["10.0.0.0/29"]


def test_ranges_of_one_family_are_not_those_of_the_other() -> None:
    seg = Segmentation("two-families", today=TODAY)
    near = seg.address_set("near", ["10.0.0.0/30", "fd00::/64"])
    seg.policy("p", "application", owner="o").allow(near, L.role == "db", tcp(22), id="admin")
    for n, role in enumerate(("web", "db")):
        seg.workload(f"w{n}", {"role": role}, [f"10.0.0.{n}", f"fd00::{n}"])
    seg.workload("far", {"role": "web"}, ["10.0.0.9", "fd00::9"])  # near by one only
    assert sent(built(seg)) == ["10.0.0.0/31", "fd00::/127"]


def test_a_network_where_members_may_be_is_not_opened() -> None:
    seg = estate()
    seg.workload_class("fleet", {"role": "fleet"}, ["10.0.0.8/29"])
    assert sent(built(seg)) == ["10.0.0.0/29"]


@pytest.mark.parametrize(
    "add",
    [
        lambda seg: seg.workload("late", {"role": "db"}),
        lambda seg: seg.workload_class("many", {"role": "db"}, ["10.0.0.8/29"]),
    ],
    ids=["unknown", "networks"],
)
def test_receivers_that_may_be_anywhere_are_named_by_group(add: Callable[[Segmentation], object]) -> None:
    seg = estate()
    add(seg)
    assert "group" in sent(built(seg))


def test_an_unknown_address_beside_a_known_one_shelters_nobody() -> None:
    seg = estate("10.0.0.10")
    seg.workload("w8", {"role": "cache"}, ["10.0.0.11"])
    seg.workload("w9", {"role": "cache"})
    assert sent(built(seg)) == ["10.0.0.0/29", "10.0.0.10/32"]


def test_another_realm_shelters_nobody_here() -> None:
    seg = estate("10.0.0.8")
    seg.workload("far", {"role": "log"}, ["10.0.0.9"], realm="other")
    seg.workload("far-web", {"role": "web"}, ["10.0.0.1"], realm="other")
    seg.workload("far-db", {"role": "db"}, ["10.0.0.16"], realm="other")
    found = sent(built(seg, ("default", "other")))
    assert found == ["10.0.0.0/29", "10.0.0.16/32", "10.0.0.8/32"]
