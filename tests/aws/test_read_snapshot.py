"""Reading recorded answers of the EC2 API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segkit.errors import SegkitError
from segkit.platforms.aws.evaluate import End, Enforcement
from segkit.platforms.aws.read_snapshot import read_snapshot
from segkit.platforms.aws.state import Direction, Holders, Opaque, Range, State
from segkit.sets.addresses import Addresses
from segkit.sets.services import ANY, NOTHING, icmpv6, tcp

EVERYONE = Range(Addresses.of("0.0.0.0/0"))


def permission(**body: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 81, **body}


def test_permissions_of_a_group() -> None:
    body = permission(
        IpRanges=[{"CidrIp": "10.0.0.0/8"}],
        Ipv6Ranges=[{"CidrIpv6": "2001:db8::/32"}],
        UserIdGroupPairs=[{"GroupId": "sg-2", "UserId": "123456789012"}],
        PrefixListIds=[{"PrefixListId": "pl-1"}, {"PrefixListId": "pl-2"}],
    )
    lists = {"pl-1": [{"Cidr": "10.9.0.0/16"}, {"Cidr": "10.8.0.0/16"}]}
    state = read_snapshot(
        {
            "SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1", "IpPermissions": [body]}],
            "PrefixListEntries": lists,
        }
    )
    group = state.groups["sg-1"]
    assert {p.services for p in group.ingress} == {tcp("80-81")}
    assert {p.peer for p in group.ingress} == {
        Range(Addresses.of("10.0.0.0/8")),
        Range(Addresses.of("2001:db8::/32")),
        Holders("sg-2"),
        Range(Addresses.of("10.8.0.0/15"), "pl-1"),
        Opaque("pl-2"),
    }
    assert not state.groups["sg-2"].known
    assert "pl-2" in state.notes[0].text()


def test_rules_with_ids_stand_for_the_permissions() -> None:
    def rule(
        key: str, group: str, egress: bool, protocol: str, low: int, high: int, **peer: Any
    ) -> dict[str, Any]:
        spans = {"IpProtocol": protocol, "FromPort": low, "ToPort": high}
        return {"SecurityGroupRuleId": key, "GroupId": group, "IsEgress": egress, **spans, **peer}

    rules = [
        rule("sgr-1", "sg-1", False, "icmp", 8, -1, CidrIpv4="0.0.0.0/0"),
        rule("sgr-2", "sg-1", True, "-1", -1, -1, ReferencedGroupInfo={"GroupId": "123456789012/sg-1"}),
        rule("sgr-3", "sg-2", False, "tcp", 5, 4, CidrIpv6="::/0"),
    ]
    groups = [
        {
            "GroupId": "sg-1",
            "VpcId": "vpc-1",
            "IpPermissions": [permission(IpRanges=[{"CidrIp": "0.0.0.0/0"}])],
        }
    ]
    state = read_snapshot({"SecurityGroups": groups, "SecurityGroupRules": rules})
    one = state.groups["sg-1"]
    assert [(str(p.services), p.peer, p.where) for p in one.ingress] == [("icmp/8", EVERYONE, "sgr-1")]
    assert [(p.services, p.peer, p.where) for p in one.egress] == [(ANY, Holders("sg-1"), "sgr-2")]
    assert one.vpc == "vpc-1"
    assert not state.groups["sg-2"].known
    assert "no port range: 5 to 4" in state.groups["sg-2"].why


@pytest.mark.parametrize(("status", "expected"), [("active", True), ("deleted", False), (None, False)])
def test_a_reference_into_another_vpc_works_while_its_peering_is_active(
    status: str | None, expected: bool
) -> None:
    pair = {"GroupId": "sg-2", "VpcId": "vpc-2", "PeeringStatus": status, "VpcPeeringConnectionId": "pcx-1"}
    state = read_snapshot(
        {
            "SecurityGroups": [
                {"GroupId": "sg-1", "VpcId": "vpc-1", "IpPermissions": [permission(UserIdGroupPairs=[pair])]},
                {"GroupId": "sg-2", "VpcId": "vpc-2"},
            ]
        }
    )
    enforcement = Enforcement(state)
    found = enforcement.ingress(frozenset({"sg-1"}), frozenset({"sg-2"}), None, 4)
    assert found == (tcp("80-81") if expected else NOTHING)
    assert bool(enforcement.notes) != expected


def test_peering_connections() -> None:
    def connection(code: str, region: str) -> dict[str, Any]:
        return {
            "VpcPeeringConnectionId": "pcx-1",
            "Status": {"Code": code},
            "RequesterVpcInfo": {"VpcId": "vpc-2", "Region": "eu-west-1"},
            "AccepterVpcInfo": {"VpcId": "vpc-1", "Region": region},
        }

    def peerings(code: str, region: str) -> State:
        return read_snapshot({"VpcPeeringConnections": [connection(code, region)]})

    assert peerings("active", "eu-west-1").peerings == {("vpc-1", "vpc-2")}
    assert not peerings("pending-acceptance", "eu-west-1").peerings
    assert not peerings("active", "us-east-1").peerings


def test_answers_of_the_wrong_shape() -> None:
    with pytest.raises(SegkitError) as error:
        read_snapshot({"SecurityGroups": {}, "NetworkInterfaces": {}})
    assert "a list is needed under NetworkInterfaces" in str(error.value)
    assert "a list is needed under SecurityGroups" in str(error.value)


def load(path: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(path.read_text())
    data: dict[str, Any] = answer.get("data", answer)
    return data


def test_cloudmapper_account(shared_dir: Path) -> None:
    """A demonstration account: a public group, a bastion, and groups that only the bastion may reach."""
    folder = shared_dir / "cases" / "cloudmapper-demo"
    answers: dict[str, Any] = {}
    for name in ("security-groups", "network-interfaces", "vpc-peering-connections"):
        answers |= load(folder / f"ec2-describe-{name}.json")
    for reservation in load(folder / "ec2-describe-instances.json")["Reservations"]:
        for instance in reservation["Instances"]:
            answers["NetworkInterfaces"] += instance["NetworkInterfaces"]
    state = read_snapshot(answers)
    described = {body["GroupId"]: body for body in answers["SecurityGroups"]}
    assert set(described) <= set(state.groups)
    assert all(state.groups[key].known for key in described)
    # All groups of this account have the platform's outbound default.
    enforcement = Enforcement(state)
    for key in described:
        out = enforcement.egress(frozenset({key}), frozenset(), None, 4)
        assert out == ANY - icmpv6()
        assert enforcement.egress(frozenset({key}), frozenset(), None, 6) == NOTHING
    public, bastion = "sg-00000008", "sg-00000002"
    outside = End.at(None, "8.8.8.8")
    assert enforcement.reaches(outside, End.at([public], "10.0.0.9")) == tcp(443)
    assert enforcement.reaches(End.at([bastion], "10.0.0.1"), End.at([public], "10.0.0.9")) == tcp(22, 443)
    assert enforcement.reaches(outside, End.at([public], "10.0.0.9")) != ANY
    assert {carrier.address for carrier in state.carriers} >= {"eni-00000000", "eni-00000001"}


def test_recorded_self_reference(shared_dir: Path) -> None:
    folder = shared_dir / "cases/custodian-captures/tests/data/placebo"
    state = read_snapshot(
        load(folder / "test_security_group_self_reference/ec2.DescribeSecurityGroups_1.json")
    )
    key = "sg-d89b2ea9"
    assert [(p.services, p.peer) for p in state.groups[key].ingress] == [(ANY, Holders(key))]
    enforcement = Enforcement(state)
    me, other = End.at([key], "10.0.0.1"), End.at([], "10.0.0.2")
    assert enforcement.reaches(me, End.at([key], "10.0.0.3")) == ANY - icmpv6()
    assert enforcement.reaches(other, me) == NOTHING


def test_recorded_ports_and_ranges(shared_dir: Path) -> None:
    folder = shared_dir / "cases/custodian-captures/tests/data/placebo"
    state = read_snapshot(load(folder / "test_only_ports_and_cidr_ingress/ec2.DescribeSecurityGroups_2.json"))
    group = End.at(["sg-02a60363e2b087ff8"], "10.2.0.1")
    enforcement = Enforcement(state)
    assert enforcement.reaches(End.at(None, "8.8.8.8"), group) == tcp(80, 443)
    assert enforcement.reaches(End.at(None, "10.2.255.255"), group) == tcp("0-62000")
    assert enforcement.reaches(End.at(None, "10.3.0.0"), group) == tcp(80, 443)
    assert {str(cut) for cut in enforcement.cuts()} == {"0.0.0.0/0", "10.2.0.0/16"}


def test_every_recorded_answer_reads_back_rule_by_rule(shared_dir: Path) -> None:
    """Counts permissions independently: one for each range, prefix list and group of each entry."""
    folder = shared_dir / "cases/custodian-captures/tests/data/placebo"
    paths = sorted(folder.glob("*/ec2.DescribeSecurityGroups_*.json"))
    assert paths
    for path in paths:
        answer = load(path)
        state = read_snapshot(answer)
        for body in answer["SecurityGroups"]:
            for direction, key in (
                (Direction.INGRESS, "IpPermissions"),
                (Direction.EGRESS, "IpPermissionsEgress"),
            ):
                names = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
                expected = sum(len(entry.get(name) or []) for entry in body[key] for name in names)
                assert len(state.groups[body["GroupId"]].permissions(direction)) == expected, path


def test_interfaces_of_a_recorded_answer(shared_dir: Path) -> None:
    folder = shared_dir / "cases/custodian-captures/tests/data/placebo/test_security_group_used"
    answer = load(folder / "ec2.DescribeNetworkInterfaces_1.json")
    state = read_snapshot(answer)
    assert len(state.carriers) == len(answer["NetworkInterfaces"])
    assert all(c.complete and c.groups and c.addresses for c in state.carriers)
