"""The mutants themselves, and that the reading model sees every one that changes a packet."""

from __future__ import annotations

from collections import Counter
from typing import Any

from segkit.platforms.aws.evaluate import End, Enforcement
from segkit.platforms.aws.read import read_terraform
from tests.oracles.mutants_aws import judge, mutants
from tests.oracles.packet_aws import Endpoints, Oracle, Packet


def group(name: str) -> str:
    return f"${{aws_security_group.{name}.id}}"


def rule(owner: str, protocol: str, ports: tuple[int, int] | None, **peer: str) -> dict[str, Any]:
    numbers = {} if ports is None else {"from_port": ports[0], "to_port": ports[1]}
    return {"security_group_id": group(owner), "ip_protocol": protocol, **numbers, **peer}


def published(*groups: str) -> dict[str, Any]:
    return {
        "workload": groups[0],
        "interface": "",
        "target": "aws",
        "groups": [group(name) for name in groups],
    }


DOC: dict[str, Any] = {
    "locals": {"web": published("web", "base"), "db": published("db", "base")},
    "resource": {
        "aws_security_group": {name: {"vpc_id": "vpc-1"} for name in ("base", "db", "ops", "web")},
        "aws_ec2_managed_prefix_list": {
            "corp": {"entry": [{"cidr": "192.168.0.0/20"}, {"cidr": "172.16.4.0/22"}]}
        },
        "aws_vpc_security_group_ingress_rule": {
            "public": rule("web", "tcp", (443, 443), cidr_ipv4="0.0.0.0/0"),
            "public6": rule("web", "tcp", (443, 443), cidr_ipv6="::/0"),
            "web_db": rule("db", "tcp", (5432, 5439), referenced_security_group_id=group("web")),
            "corp": rule("ops", "tcp", (22, 22), prefix_list_id="${aws_ec2_managed_prefix_list.corp.id}"),
            "ping": rule("base", "icmp", (8, 0), cidr_ipv4="10.0.0.0/16"),
            "ping6": rule("base", "icmpv6", (128, 0), cidr_ipv6="2001:db8::/56"),
            "gre": rule("ops", "47", None, cidr_ipv4="10.0.0.0/16"),
        },
        "aws_vpc_security_group_egress_rule": {
            "web_db": rule("web", "tcp", (5432, 5439), referenced_security_group_id=group("db")),
            "dns": rule("base", "udp", (53, 53), cidr_ipv4="10.0.0.2/32"),
            "ops": rule("ops", "-1", None, cidr_ipv4="10.0.0.0/16"),
        },
        "aws_instance": {
            "web": {"vpc_security_group_ids": "${local.web.groups}"},
            "ops": {"vpc_security_group_ids": [group("ops")]},
        },
        "aws_db_instance": {"db": {"vpc_security_group_ids": "${local.db.groups}"}},
        "aws_network_interface_sg_attachment": {
            "x": {"network_interface_id": "eni-1", "security_group_id": group("web")},
            "y": {"network_interface_id": "eni-1", "security_group_id": group("base")},
        },
    },
}
ENDPOINTS: Endpoints = {
    "web": ("aws_instance.web", "10.0.0.10"),
    "web6": ("aws_instance.web", "2001:db8::10"),
    "db": ("aws_db_instance.db", "10.0.0.20"),
    "ops": ("aws_instance.ops", "10.0.0.30"),
    "legacy": ("eni-1", "10.0.0.40"),
}


def model_allows(doc: dict[str, Any], packet: Packet) -> tuple[bool, tuple[str, ...]]:
    """The model's answer for one packet, and the groups involved whose rules it does not know."""
    state = read_terraform(doc)
    enforcement = Enforcement(state)
    ends = []
    for name, ip in ((packet.src, packet.src_ip), (packet.dst, packet.dst_ip)):
        places = [] if name is None else [c for c in state.carriers if c.address == ENDPOINTS[name][0]]
        groups = [key for carrier in places for key in carrier.groups]
        ends.append(End.at(None if name is None else groups, ip))
    x = packet.low << 8 | packet.code if packet.protocol in (1, 58) else packet.low
    unknown = enforcement.unknown([key for end in ends for key in sorted(end.groups or ())])
    return enforcement.reaches(*ends).contains(packet.protocol, x), unknown


def test_the_model_sees_every_mutant_that_changes_a_packet() -> None:
    killed, equivalent = Counter[str](), Counter[str]()
    for mutant in mutants(DOC, seed=1, limit=400):
        kind = mutant.name.partition(":")[0]
        witness = judge(DOC, mutant.doc, ENDPOINTS)
        if witness is None:
            equivalent[kind] += 1
            continue
        killed[kind] += 1
        before, after = (
            Oracle(DOC, ENDPOINTS).allowed(witness),
            Oracle(mutant.doc, ENDPOINTS).allowed(witness),
        )
        assert before != after
        assert model_allows(DOC, witness) == (before, ())
        allowed, unknown = model_allows(mutant.doc, witness)
        assert allowed == after, (mutant.name, witness)
        # A machine whose last group is taken away holds the default group of its VPC: nobody knows its rules.
        assert unknown == () or mutant.name == "remove group 0: aws_instance.ops"
    assert sum(killed.values()) > 100
    assert killed.total() > 2 * equivalent.total(), equivalent
    wanted = (
        "drop rule, widen port up, one port more above, one port less below, all protocols, swap direction"
    )
    wanted += (
        ", swap ends, remove group 0, wrong group 0, foreign group added, remove attachment, half the range"
    )
    wanted += ", twice the range, open to everyone, everyone for a group, move rule to another group"
    wanted += ", attach the wrong group, other protocol"
    assert not set(wanted.split(", ")) - set(killed)


def test_mutants_are_the_same_for_the_same_seed() -> None:
    one = [(m.name, m.doc) for m in mutants(DOC, seed=3, limit=60)]
    assert one == [(m.name, m.doc) for m in mutants(DOC, seed=3, limit=60)]
    assert [name for name, _ in one] != [m.name for m in mutants(DOC, seed=4, limit=60)]
    assert len(one) == 60


def test_the_original_is_left_alone_and_every_mutant_differs() -> None:
    before = repr(DOC)
    found = list(mutants(DOC, seed=2, limit=1000))
    assert found
    assert all(repr(mutant.doc) != before for mutant in found)
    assert repr(DOC) == before


def test_a_document_is_no_mutant_of_itself() -> None:
    assert judge(DOC, DOC, ENDPOINTS) is None
