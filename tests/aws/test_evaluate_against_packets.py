"""Reader and evaluation together against the packet oracle, on random small stacks made here."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from segkit.platforms.aws.evaluate import End, Enforcement
from segkit.platforms.aws.read import read_terraform
from segkit.platforms.aws.state import State
from segkit.sets.services import ServiceSet
from tests.oracles.packet_aws import Endpoints, Oracle, Packet, Rule

NAMES = ("a", "b", "c", "d")
CIDRS4 = ("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/30", "10.0.0.2/32", "10.0.0.2/31", "128.0.0.0/1")
CIDRS6 = ("::/0", "2001:db8::/32", "2001:db8::2/127", "2001:db8::2/128")
IPS4 = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "11.0.0.0", "200.0.0.1")
IPS6 = ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db9::")
PORTS = (0, 1, 2, 3, 80, 65534, 65535)


@st.composite
def spans(draw: st.DrawFn, key: str) -> dict[str, Any]:
    """Protocol and numbers of a rule."""
    protocol = draw(
        st.sampled_from(
            ["tcp", "tcp", "udp", "icmp", "icmpv6", "-1", "-1", "6", "17", "1", "58", "47", "132"]
        )
    )
    low: Any = None
    high: Any = None
    if protocol in ("tcp", "udp", "6", "17", "132"):
        low, high = sorted(draw(st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS))))
    elif protocol in ("icmp", "icmpv6", "1", "58"):
        low = draw(st.sampled_from([-1, 0, 3, 8]))
        high = -1 if low == -1 else draw(st.sampled_from([-1, 0, 4]))
    elif key == "protocol":
        low = high = 0
    if draw(st.booleans()) and low is not None:
        low, high = str(low), str(high)
    return {key: protocol, "from_port": low, "to_port": high}


def ref(name: str) -> str:
    return f"${{aws_security_group.{name}.id}}"


@st.composite
def separate(draw: st.DrawFn) -> dict[str, Any]:
    key, values = draw(
        st.sampled_from(
            [
                ("cidr_ipv4", CIDRS4),
                ("cidr_ipv6", CIDRS6),
                ("referenced_security_group_id", tuple(ref(name) for name in NAMES)),
                (
                    "prefix_list_id",
                    ("${aws_ec2_managed_prefix_list.p.id}", "${aws_ec2_managed_prefix_list.q.id}"),
                ),
            ]
        )
    )
    return {
        "security_group_id": ref(draw(st.sampled_from("abc"))),
        **draw(spans("ip_protocol")),
        key: draw(st.sampled_from(values)),
    }


@st.composite
def older(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "security_group_id": ref(draw(st.sampled_from("abc"))),
        "type": draw(st.sampled_from(["ingress", "egress"])),
        **draw(spans("protocol")),
        **draw(
            st.one_of(
                st.fixed_dictionaries(
                    {"cidr_blocks": st.lists(st.sampled_from(CIDRS4), min_size=1, max_size=2)}
                ),
                st.fixed_dictionaries({"source_security_group_id": st.sampled_from([ref(n) for n in NAMES])}),
                st.fixed_dictionaries({"self": st.just(True)}),
            )
        ),
    }


@st.composite
def inline(draw: st.DrawFn) -> dict[str, Any]:
    return {
        **draw(spans("protocol")),
        "cidr_blocks": draw(st.one_of(st.none(), st.lists(st.sampled_from(CIDRS4), max_size=2))),
        "ipv6_cidr_blocks": draw(st.one_of(st.none(), st.lists(st.sampled_from(CIDRS6), max_size=2))),
        "security_groups": draw(
            st.one_of(st.none(), st.lists(st.sampled_from([ref(n) for n in NAMES]), max_size=2))
        ),
        "prefix_list_ids": draw(st.sampled_from([None, ["${aws_ec2_managed_prefix_list.p.id}"]])),
        "self": draw(st.sampled_from([None, True, False])),
        "description": None,
    }


def numbered(items: list[Any]) -> dict[str, Any]:
    return {f"r{number}": item for number, item in enumerate(items)}


@st.composite
def stacks(draw: st.DrawFn) -> dict[str, Any]:
    """Four groups (the last with inline rules), two prefix lists, machines, a membership, attachments."""
    vpcs = st.sampled_from(["vpc-1", "vpc-1", "${aws_vpc.v.id}"])
    groups: dict[str, Any] = {name: {"vpc_id": draw(vpcs)} for name in NAMES}
    groups["d"] |= {side: draw(st.lists(inline(), max_size=2)) for side in ("ingress", "egress")}
    members = st.lists(st.sampled_from([ref(name) for name in NAMES]), min_size=1, max_size=3)
    first = draw(members)
    resources: dict[str, Any] = {
        "aws_security_group": groups,
        "aws_vpc_security_group_ingress_rule": numbered(draw(st.lists(separate(), min_size=3, max_size=9))),
        "aws_vpc_security_group_egress_rule": numbered(draw(st.lists(separate(), min_size=3, max_size=9))),
        "aws_security_group_rule": numbered(draw(st.lists(older(), max_size=2))),
        "aws_ec2_managed_prefix_list": {
            "p": {"entry": [{"cidr": cidr} for cidr in draw(st.sets(st.sampled_from(CIDRS4), max_size=2))]},
            "q": {"entry": [{"cidr": cidr} for cidr in draw(st.sets(st.sampled_from(CIDRS6), max_size=2))]},
        },
        "aws_instance": {
            "one": {"vpc_security_group_ids": "${local.m.groups}"},
            "two": {"vpc_security_group_ids": draw(members)},
        },
        "aws_network_interface_sg_attachment": numbered(
            [{"network_interface_id": "eni-1", "security_group_id": group} for group in draw(members)]
        ),
    }
    if draw(st.booleans()):
        peering = {"vpc_id": "${aws_vpc.v.id}", "peer_vpc_id": "vpc-1", "auto_accept": draw(st.booleans())}
        resources["aws_vpc_peering_connection"] = {"p": peering}
    first[0] = f"${{[{first[0][2:-1]}, aws_vpc.v.id][0]}}"
    membership = {"workload": "w", "interface": "", "target": "t", "groups": first}
    return {"resource": resources, "locals": {"m": membership}}


PLACES = ("aws_instance.one", "aws_instance.two", "eni-1")


def model_end(state: State, place: str | None, ip: str) -> End:
    if place is None:
        return End.at(None, ip)
    (carrier,) = [carrier for carrier in state.carriers if carrier.address == place]
    return End.at(carrier.groups, ip)


POINTS = [
    *((number, port, 0) for number in (6, 17) for port in (0, 1, 2, 3, 4, 79, 80, 81, 65534, 65535)),
    *((number, kind, code) for number in (1, 58) for kind in (0, 1, 3, 8, 255) for code in (0, 4, 5)),
    (47, 0, 0),
    (132, 0, 0),
    (50, 0, 0),
]


@given(doc=stacks(), ips=st.sampled_from([IPS4, IPS6]), chance=st.randoms(use_true_random=False))
def test_evaluation_agrees_with_packets(doc: dict[str, Any], ips: tuple[str, ...], chance: Random) -> None:
    """Each direction alone, and both together, for every pair of ends."""
    endpoints: Endpoints = {place: (place, "") for place in PLACES}
    oracle = Oracle(doc, endpoints)
    state = read_terraform(doc)
    # Agreement would say little where the model knows little.
    assert all(group.known for key, group in state.groups.items() if key != "aws_security_group.d")
    assert all(carrier.complete for carrier in state.carriers if carrier.address != "eni-1")
    enforcement = Enforcement(state)
    for src_place, dst_place in product([*PLACES, None], repeat=2):
        src_ip, dst_ip = chance.choice(ips), chance.choice(ips)
        src, dst = model_end(state, src_place, src_ip), model_end(state, dst_place, dst_ip)
        answers: list[tuple[ServiceSet, list[Rule] | None]] = [(enforcement.reaches(src, dst), None)]
        none: frozenset[str] = frozenset()
        if src_place is not None and src.groups is not None:
            out = enforcement.egress(src.groups, dst.groups or none, dst.atom, dst.family)
            answers.append((out, oracle.matching(src_place, "egress", dst_place, dst_ip)))
        if dst_place is not None and dst.groups is not None:
            into = enforcement.ingress(dst.groups, src.groups or none, src.atom, src.family)
            answers.append((into, oracle.matching(dst_place, "ingress", src_place, src_ip)))
        impossible = 58 if src.family == 4 else 1
        for number, low, code in POINTS:
            packet = Packet(src_place, src_ip, dst_place, dst_ip, number, low, code)
            x = low << 8 | code if number in (1, 58) else low
            for services, rules in answers:
                if rules is None:
                    expected = oracle.allowed(packet)
                else:
                    expected = number != impossible and any(oracle.admits(rule, packet) for rule in rules)
                assert services.contains(number, x) == expected, (packet, rules)
