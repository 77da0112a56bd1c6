"""Reading groups, rules and prefix lists out of Terraform JSON."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.platforms.aws.read import read_terraform
from segkit.platforms.aws.state import Group, Holders, Opaque, Permission, Range, State
from segkit.sets.addresses import Addresses
from segkit.sets.services import ServiceSet

WEB, DB = "aws_security_group.web", "aws_security_group.db"
GROUPS = {"web": {"vpc_id": "vpc-1"}, "db": {"vpc_id": "vpc-1"}}
NULLS = {
    "cidr_blocks": None,
    "ipv6_cidr_blocks": None,
    "prefix_list_ids": None,
    "security_groups": None,
    "self": None,
    "description": None,
}


def stack(**resources: Any) -> dict[str, Any]:
    return {"resource": {"aws_security_group": GROUPS, **resources}}


def rule(**body: Any) -> dict[str, Any]:
    return {
        "security_group_id": "${aws_security_group.web.id}",
        "ip_protocol": "tcp",
        "from_port": 443,
        "to_port": 443,
        **body,
    }


def ingress(body: dict[str, Any], **more: Any) -> tuple[tuple[Permission, ...], State]:
    state = read_terraform(stack(aws_vpc_security_group_ingress_rule={"r": body}, **more))
    return state.groups[WEB].ingress, state


def said(state: State) -> str:
    return "\n".join(note.text() for note in state.notes)


@pytest.mark.parametrize(
    ("protocol", "low", "high", "expected"),
    [
        ("tcp", 80, 81, "tcp/80-81"),
        ("TCP", 80, 80, "tcp/80"),
        ("6", "80", "80", "tcp/80"),
        (6, 80.0, 80.0, "tcp/80"),
        ("tcp", 0, 65535, "tcp"),
        ("tcp", 0, 0, "tcp/0"),
        ("udp", 53, 53, "udp/53"),
        ("17", 53, 53, "udp/53"),
        ("icmp", 8, 0, "icmp/8:0"),
        ("icmp", 8, -1, "icmp/8"),
        ("icmp", -1, -1, "icmp"),
        ("1", 3, 4, "icmp/3:4"),
        ("icmpv6", 128, 0, "icmpv6/128:0"),
        ("icmpv6", None, None, "icmpv6"),
        ("58", -1, -1, "icmpv6"),
        ("132", 80, 80, "sctp"),
        ("47", None, None, "47"),
        ("50", 1, 2, "50"),
        ("-1", None, None, "any"),
        ("-1", 443, 443, "any"),
        (-1, 0, 0, "any"),
        ("all", None, None, "any"),
        ('${"tcp"}', "${80}", "80", "tcp/80"),
    ],
)
def test_protocols_and_numbers(protocol: Any, low: Any, high: Any, expected: str) -> None:
    found, state = ingress(rule(ip_protocol=protocol, from_port=low, to_port=high, cidr_ipv4="10.0.0.0/8"))
    assert [one.services for one in found] == [ServiceSet.parse(expected)]
    assert state.groups[WEB].known
    assert found[0].where == "aws_vpc_security_group_ingress_rule.r"


@pytest.mark.parametrize(
    ("protocol", "low", "high", "why"),
    [
        ("tcp", None, None, "from_port is not known"),
        ("tcp", 80, None, "to_port is not known"),
        ("tcp", "${var.port}", 80, "from_port is not known"),
        ("tcp", 81, 80, "no port range: 81 to 80"),
        ("tcp", -1, -1, "no port range: -1 to -1"),
        ("tcp", "http", 80, "from_port is not a number: 'http'"),
        ("udp", 0, 65536, "no port range: 0 to 65536"),
        ("icmp", None, None, "the ICMP type is not known"),
        ("icmp", -1, 0, "no ICMP type and code: -1 and 0"),
        ("icmp", 300, 0, "no ICMP type and code: 300 and 0"),
        ("esp", None, None, "no protocol: 'esp'"),
        ("256", None, None, "no protocol: '256'"),
        ("${var.protocol}", 1, 2, "the protocol is not known"),
    ],
)
def test_a_rule_that_cannot_be_told_makes_its_group_unknown(
    protocol: Any, low: Any, high: Any, why: str
) -> None:
    found, state = ingress(rule(ip_protocol=protocol, from_port=low, to_port=high, cidr_ipv4="10.0.0.0/8"))
    assert found == ()
    assert not state.groups[WEB].known
    assert why in state.groups[WEB].why
    assert f"aws_vpc_security_group_ingress_rule.r: what a rule admits is not known: {why}" in said(state)


@pytest.mark.parametrize(
    ("body", "peer"),
    [
        ({"cidr_ipv4": "10.0.0.0/8"}, Range(Addresses.of("10.0.0.0/8"))),
        ({"cidr_ipv6": "2001:DB8::/32"}, Range(Addresses.of("2001:db8::/32"))),
        ({"cidr_ipv4": "${aws_vpc.v.cidr_block}"}, Range(Addresses.of("10.1.0.0/16"))),
        ({"referenced_security_group_id": "${aws_security_group.db.id}"}, Holders(DB)),
        ({"referenced_security_group_id": "sg-0a1"}, Holders("sg-0a1")),
        ({"referenced_security_group_id": "123456789012/sg-0a1"}, Holders("sg-0a1")),
        (
            {"referenced_security_group_id": "${data.aws_security_group.d.id}"},
            Holders("data.aws_security_group.d"),
        ),
        (
            {"referenced_security_group_id": "${aws_vpc.v.default_security_group_id}"},
            Holders("default group of aws_vpc.v.id"),
        ),
        (
            {"referenced_security_group_id": "${aws_eks_cluster.k.vpc_config[0].cluster_security_group_id}"},
            Holders("aws_eks_cluster.k.vpc_config[0].cluster_security_group_id"),
        ),
        (
            {"referenced_security_group_id": "${aws_security_group.db.arn}"},
            Opaque("aws_security_group.db.arn"),
        ),
        ({"referenced_security_group_id": "${var.group}"}, Opaque("var.group")),
        ({"cidr_ipv4": "${var.cidr}"}, Opaque("var.cidr")),
        ({"cidr_ipv4": "nonsense"}, Opaque("nonsense")),
        ({"prefix_list_id": "pl-1"}, Opaque("pl-1")),
        (
            {"prefix_list_id": "${aws_vpc_endpoint.s3.prefix_list_id}"},
            Opaque("aws_vpc_endpoint.s3.prefix_list_id"),
        ),
    ],
)
def test_peers(body: dict[str, Any], peer: object) -> None:
    found, state = ingress(rule(**body), aws_vpc={"v": {"cidr_block": "10.1.0.0/16"}})
    assert [one.peer for one in found] == [peer]
    assert bool(said(state)) == isinstance(peer, Opaque)


def test_host_bits_are_cleared_with_a_note() -> None:
    found, state = ingress(rule(cidr_ipv4="10.0.0.1/8"))
    assert found[0].peer == Range(Addresses.of("10.0.0.0/8"))
    assert "10.0.0.1/8 has host bits set; read as 10.0.0.0/8" in said(state)


def test_no_rules_is_no_traffic_either_way() -> None:
    # aws_security_group, "NOTE on Egress rules": the provider removes the platform's allow-all outbound rule.
    group = read_terraform(stack()).groups[WEB]
    assert (group.ingress, group.egress, group.known) == ((), (), True)


def test_inline_rules_in_every_json_shape() -> None:
    one = {
        **NULLS,
        "protocol": "tcp",
        "from_port": 22,
        "to_port": 22,
        "cidr_blocks": ["10.0.0.0/8", "11.0.0.0/8"],
    }
    two = {**NULLS, "protocol": "-1", "from_port": 0, "to_port": 0, "self": True, "security_groups": ["sg-9"]}
    three = {**NULLS, "protocol": "udp", "from_port": 1, "to_port": 1, "ipv6_cidr_blocks": ["::/0"]}
    bodies: list[Any] = [
        {"ingress": [one, two], "egress": three},
        [{"ingress": [one, two], "egress": [three]}],
        {"ingress": "${local.rules}", "egress": [three]},
    ]
    for body in bodies:
        doc = {"resource": [{"aws_security_group": {"web": body}}], "locals": [{"rules": [one, two]}]}
        group = read_terraform(doc).groups[WEB]
        assert {(str(p.services), p.peer) for p in group.ingress} == {
            ("tcp/22", Range(Addresses.of("10.0.0.0/8"))),
            ("tcp/22", Range(Addresses.of("11.0.0.0/8"))),
            ("any", Holders(WEB)),
            ("any", Holders("sg-9")),
        }
        assert [(str(p.services), p.peer) for p in group.egress] == [("udp/1", Range(Addresses.of("::/0")))]
        assert group.known


def test_older_rules() -> None:
    body = {
        "security_group_id": "${aws_security_group.web.id}",
        "protocol": "tcp",
        "from_port": 1,
        "to_port": 2,
    }
    rules = {
        "a": {**body, "type": "ingress", "cidr_blocks": ["10.0.0.0/8"], "ipv6_cidr_blocks": ["::/0"]},
        "b": {**body, "type": "egress", "source_security_group_id": "${aws_security_group.db.id}"},
        "c": {**body, "type": "ingress", "self": True},
    }
    group = read_terraform(stack(aws_security_group_rule=rules)).groups[WEB]
    assert {str(getattr(p.peer, "addresses", p.peer)) for p in group.ingress} == {
        "10.0.0.0/8",
        "::/0",
        f"Holders(group='{WEB}')",
    }
    assert [p.peer for p in group.egress] == [Holders(DB)]


def test_prefix_lists_inline_and_as_entries() -> None:
    lists = {
        "one": {"entry": {"cidr": "10.0.0.0/24", "description": "x"}},
        "two": {"entry": [{"cidr": "10.1.0.0/24"}, {"cidr": "10.2.0.0/24"}]},
        "three": {"max_entries": 5},
        "open": {"entry": [{"cidr": "${var.x}"}]},
    }
    entries = {
        "e": {"prefix_list_id": "${aws_ec2_managed_prefix_list.three.id}", "cidr": "2001:db8::/32"},
        "f": {"prefix_list_id": "pl-foreign", "cidr": "10.9.0.0/16"},
    }
    ids = {name: rule(prefix_list_id=f"${{aws_ec2_managed_prefix_list.{name}.id}}") for name in lists}
    ids["pl"] = rule(prefix_list_id="pl-foreign")
    state = read_terraform(
        stack(
            aws_ec2_managed_prefix_list=lists,
            aws_ec2_managed_prefix_list_entry=entries,
            aws_vpc_security_group_ingress_rule=ids,
        )
    )
    peers = {p.where.rpartition(".")[2]: p.peer for p in state.groups[WEB].ingress}
    assert peers == {
        "one": Range(Addresses.of("10.0.0.0/24"), "aws_ec2_managed_prefix_list.one"),
        "two": Range(Addresses.of("10.1.0.0/24", "10.2.0.0/24"), "aws_ec2_managed_prefix_list.two"),
        "three": Range(Addresses.of("2001:db8::/32"), "aws_ec2_managed_prefix_list.three"),
        "open": Opaque("aws_ec2_managed_prefix_list.open.id"),
        "pl": Opaque("pl-foreign"),
    }


@pytest.mark.parametrize(
    ("extra", "known"),
    [
        ({"count": "${var.n}"}, False),
        ({"for_each": '${toset(["a"])}'}, False),
        ({"count": 0}, True),
    ],
)
def test_repeated_rules(extra: dict[str, Any], known: bool) -> None:
    found, state = ingress(rule(cidr_ipv4="0.0.0.0/0", **extra))
    assert found == ()
    assert state.groups[WEB].known == known


def test_a_literal_count_says_that_the_rule_exists() -> None:
    found, state = ingress(rule(cidr_ipv4="0.0.0.0/0", count=1))
    assert len(found) == 1
    assert state.groups[WEB].known


def test_repeated_groups_and_dynamic_rules_are_unknown() -> None:
    doc = {
        "resource": {
            "aws_security_group": {
                "many": {"count": 2},
                "dyn": {"dynamic": {"ingress": {"for_each": [], "content": {}}}},
                "none": {"count": 0},
            }
        }
    }
    groups = read_terraform(doc).groups
    assert sorted(groups) == ["aws_security_group.dyn", "aws_security_group.many"]
    assert not any(group.known for group in groups.values())


def test_inline_and_separate_rules_of_one_group_conflict() -> None:
    doc = stack(aws_vpc_security_group_ingress_rule={"r": rule(cidr_ipv4="10.0.0.0/8")})
    doc["resource"]["aws_security_group"] = {"web": {"ingress": []}}
    group = read_terraform(doc).groups[WEB]
    assert not group.known
    assert "inline and as resources of their own" in group.why


def test_a_rule_of_an_unknown_group_spoils_the_groups_it_names() -> None:
    doc = stack(
        aws_vpc_security_group_ingress_rule={
            "a": rule(security_group_id="${true ? aws_security_group.db.id : null}", cidr_ipv4="0.0.0.0/0"),
            "c": rule(security_group_id="sg-1", cidr_ipv4="0.0.0.0/0"),
        }
    )
    state = read_terraform(doc)
    assert {key: group.known for key, group in state.groups.items()} == {DB: False, WEB: True, "sg-1": False}
    assert len(state.groups["sg-1"].ingress) == 1


@pytest.mark.parametrize("own", ["var.theirs", "data.terraform_remote_state.net.outputs.sg", "local.none"])
def test_a_rule_of_an_unknown_group_that_names_none_may_be_any_groups(own: str) -> None:
    doc = stack(
        aws_vpc_security_group_ingress_rule={
            "a": rule(security_group_id=f"${{{own}}}", cidr_ipv4="0.0.0.0/0"),
        }
    )
    state = read_terraform(doc)
    assert [group.known for group in state.groups.values()] == [False, False]
    assert f"a rule of a group that is not known: {own}" in said(state)


@pytest.mark.parametrize(("given", "known"), [("sg-1", True), (f"${{{WEB}.id}}", False)])
def test_a_rule_of_what_a_module_gives_concerns_groups_that_it_was_given(given: str, known: bool) -> None:
    doc = stack(
        aws_vpc_security_group_ingress_rule={
            "a": rule(security_group_id="${module.nodes.security_group_id}", cidr_ipv4="0.0.0.0/0"),
        }
    )
    doc["module"] = {"nodes": {"source": "./nodes", "extra": [given]}}
    groups = read_terraform(doc).groups
    assert (groups[WEB].known, groups[DB].known) == (known, True)


def test_a_membership_that_goes_round_in_a_circle_is_unknown() -> None:
    doc = stack()
    doc["locals"] = {
        "l": {"workload": "w", "interface": "", "target": "t", "groups": "${local.l.groups}"},
    }
    (published,) = read_terraform(doc).memberships
    assert not published.complete


def test_default_group_that_the_stack_manages() -> None:
    doc = {
        "resource": {
            "aws_vpc": {"v": {}},
            "aws_default_security_group": {"d": {"vpc_id": "${aws_vpc.v.id}"}},
            "aws_vpc_security_group_ingress_rule": {
                "r": rule(security_group_id="${aws_vpc.v.default_security_group_id}", cidr_ipv4="10.0.0.0/8")
            },
        }
    }
    groups = read_terraform(doc).groups
    assert list(groups) == ["aws_default_security_group.d"]
    assert len(groups["aws_default_security_group.d"].ingress) == 1
    assert groups["aws_default_security_group.d"].known


def test_data_groups_have_unknown_rules() -> None:
    state = read_terraform({"data": {"aws_security_group": {"d": {"name": "x"}, "e": {"id": "sg-5"}}}})
    assert {key: group.known for key, group in state.groups.items()} == {
        "data.aws_security_group.d": False,
        "sg-5": False,
    }


def test_imported_group_keeps_rules_that_nobody_has_seen() -> None:
    doc = stack()
    doc["import"] = [
        {"to": WEB, "id": "sg-77"},
        {"to": "aws_vpc_security_group_ingress_rule.r", "id": "sgr-1"},
    ]
    doc["resource"]["aws_vpc_security_group_ingress_rule"] = {"r": rule(cidr_ipv4="10.0.0.0/8")}
    assert not read_terraform(doc).groups[WEB].known
    before = State(
        groups={
            "sg-77": Group(
                "sg-77",
                vpc="vpc-1",
                ingress=(
                    Permission(6, ServiceSet.parse("tcp/1"), Range(Addresses.of("10.0.0.0/8")), "sgr-1"),
                    Permission(6, ServiceSet.parse("tcp/2"), Holders("sg-77"), "sgr-2"),
                ),
            )
        }
    )
    group = read_terraform(doc, snapshot=before).groups[WEB]
    assert group.known
    assert {(str(p.services), p.where) for p in group.ingress} == {
        ("tcp/443", "aws_vpc_security_group_ingress_rule.r"),
        ("tcp/2", "sgr-2"),
    }
    assert Holders(WEB) in {p.peer for p in group.ingress}
