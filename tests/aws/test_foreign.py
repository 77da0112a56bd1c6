"""Groups that others made: known from a snapshot they are part of the proof, unknown they forbid it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.sets import L, tcp
from segkit.verify import Proof, prove

FOREIGN = "sg-0foreign"


def _model(foreign: tuple[str, ...] | None = (FOREIGN,), **placement: Any) -> Model:
    seg = Segmentation("beside", today=date(2026, 11, 20))
    web, db = (seg.group(name, L.role == name) for name in ("web", "db"))
    seg.policy("p", "application", owner="o").allow(web, db, tcp(5432))
    seg.workload("web", {"role": "web"}, ["10.0.0.1"], interface_id="eni-web", foreign=())
    seg.workload("db", {"role": "db"}, ["10.0.0.2"], interface_id="eni-db", foreign=foreign)
    seg.target("aws", "aws", placement={"vpc_id": "vpc-1", "membership": "shared", **placement})
    return seg.build()


def _prove(model: Model) -> Proof:
    return prove(model, compile_model(model).fragment)


def _snapshot(*ranges: str) -> dict[str, Any]:
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": r} for r in ranges],
    }
    group = {"GroupId": FOREIGN, "VpcId": "vpc-1", "IpPermissions": [permission] if ranges else []}
    return {"SecurityGroups": [{**group, "IpPermissionsEgress": []}]}


def test_without_its_rules_nothing_is_proved() -> None:
    proof = _prove(_model())
    assert proof.status == "unproved"
    assert any(FOREIGN in reason for m in proof.memberships for reason in m.unknown)


def test_with_nobody_having_looked_nothing_is_proved() -> None:
    assert _prove(_model(foreign=None)).status == "unproved"


def test_a_group_that_adds_nothing_leaves_the_proof_equal() -> None:
    assert _prove(_model(snapshot=_snapshot())).status == "equal"


def test_what_it_opens_is_a_difference() -> None:
    proof = _prove(_model(snapshot=_snapshot("198.51.100.0/24")))
    assert proof.status == "different"
    assert {(d.kind, d.source, d.destination, d.services) for d in proof.differences} == {
        ("opens", "198.51.100.0/24", "db", "tcp/22")
    }
    assert any(FOREIGN in r for d in proof.differences for r in d.resources)


def test_the_groups_on_an_interface_come_from_a_snapshot_too() -> None:
    interface = {"NetworkInterfaceId": "eni-db", "VpcId": "vpc-1", "Groups": [{"GroupId": FOREIGN}]}
    model = _model(foreign=None, snapshot={**_snapshot("198.51.100.0/24"), "NetworkInterfaces": [interface]})
    assert _prove(model).status == "different"


@pytest.mark.parametrize(
    ("snapshot", "said"), [([], "write the parsed answers"), ({"Groups": []}, "snapshot has 'Groups'")]
)
def test_a_snapshot_of_something_else_is_refused(snapshot: Any, said: str) -> None:
    with pytest.raises(SegkitError, match=said):
        compile_model(_model(snapshot=snapshot))


OTHERS = "${aws_security_group.others.id}"


@pytest.mark.parametrize("named", [FOREIGN, f"111122223333/{FOREIGN}", OTHERS])
@pytest.mark.parametrize("side", ["ingress", "egress"])
def test_a_rule_that_admits_holders_whom_nobody_knows_is_never_equal(named: str, side: str) -> None:
    """Whoever holds the group may be at any address that the policies keep out."""
    model = _model(foreign=())
    terraform = compile_model(model).fragment
    groups = terraform["resource"]["aws_security_group"]
    body = {"referenced_security_group_id": named, "ip_protocol": "-1"}
    for name in tuple(groups):
        rules = terraform["resource"][f"aws_vpc_security_group_{side}_rule"]
        rules[f"more-{name}"] = {"security_group_id": f"${{aws_security_group.{name}.id}}", **body}
    groups["others"] = {"vpc_id": "vpc-1"}
    proof = prove(model, terraform)
    assert proof.status == "unproved"
    assert "which no workload holds" in proof.text()


def test_a_machine_outside_the_inventory_with_our_group_is_never_equal() -> None:
    model = _model(foreign=())
    terraform = compile_model(model).fragment
    web = next(name for name in terraform["resource"]["aws_security_group"] if "web" in name)
    body = {"vpc_security_group_ids": [f"${{aws_security_group.{web}.id}}"]}
    terraform["resource"]["aws_instance"] = {"stranger": body}
    proof = prove(model, terraform)
    assert proof.status == "unproved"
    assert "which aws_instance.stranger holds too, and that is no workload" in proof.text()
