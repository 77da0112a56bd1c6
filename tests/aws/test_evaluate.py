"""Who reaches whom: tables written by hand from Amazon's documentation.

Sources: [RULES] Amazon VPC User Guide, “Security group rules”; [PEERING] Amazon VPC peering guide, “Update
your security groups to reference peer security groups”; [API] Amazon EC2 API reference; RFC 792 and RFC 4443.
A test that names none is about our own ways.
"""

from __future__ import annotations

from typing import Any

import pytest

from segkit.platforms.aws.evaluate import End, Enforcement, possible
from segkit.platforms.aws.read import read_terraform
from segkit.platforms.aws.state import Direction
from segkit.sets.addresses import EVERYWHERE, Addresses
from segkit.sets.services import ANY, NOTHING, ServiceSet, icmp, icmpv6, tcp, udp

Rules = list[tuple[str, str, Any, str]]  # owner, protocol, (from, to), peer


def stack(ingress: Rules, egress: Rules, **vpcs: str) -> dict[str, Any]:
    """Groups named by their rules and by `vpcs` (the others are in vpc-1).

    A peer is a CIDR, the name of a group, `pl:CIDR,...` for a prefix list, or the text of another reference.
    """
    groups = {
        name: {"vpc_id": vpcs.get(name, "vpc-1")} for name in (*(r[0] for r in ingress + egress), *vpcs)
    }
    doc: dict[str, Any] = {"resource": {"aws_security_group": groups, "aws_ec2_managed_prefix_list": {}}}
    for direction, rules in (("ingress", ingress), ("egress", egress)):
        for number, (owner, protocol, ports, peer) in enumerate(rules):
            body = {"security_group_id": f"${{aws_security_group.{owner}.id}}", "ip_protocol": protocol}
            if ports is not None:
                body |= {"from_port": ports[0], "to_port": ports[1]}
            if peer.startswith("pl:"):
                entries = [{"cidr": cidr} for cidr in peer[3:].split(",") if cidr]
                doc["resource"]["aws_ec2_managed_prefix_list"][f"{direction}{number}"] = {"entry": entries}
                body["prefix_list_id"] = f"${{aws_ec2_managed_prefix_list.{direction}{number}.id}}"
            elif "/" in peer:
                body["cidr_ipv6" if ":" in peer else "cidr_ipv4"] = peer
            elif peer in groups:
                body["referenced_security_group_id"] = f"${{aws_security_group.{peer}.id}}"
            else:
                body["referenced_security_group_id"] = peer
            kind = f"aws_vpc_security_group_{direction}_rule"
            doc["resource"].setdefault(kind, {})[f"r{number}"] = body
    return doc


def enforcement(ingress: Rules, egress: Rules, **vpcs: str) -> Enforcement:
    return Enforcement(read_terraform(stack(ingress, egress, **vpcs)))


def at(address: str, *names: str) -> End:
    return End.at([f"aws_security_group.{name}" for name in names], address)


def outside(address: str) -> End:
    return End.at(None, address)


# [RULES] “Example rules”: web servers. The database servers have the inbound rules that it says they need.
WEB_IN: Rules = [
    ("web", "tcp", (80, 80), "0.0.0.0/0"),
    ("web", "tcp", (80, 80), "::/0"),
    ("web", "tcp", (443, 443), "0.0.0.0/0"),
    ("web", "tcp", (443, 443), "::/0"),
    ("web", "tcp", (22, 22), "203.0.113.0/24"),
    ("web", "tcp", (3389, 3389), "203.0.113.0/24"),
    ("mssql", "tcp", (1433, 1433), "web"),
    ("mysql", "tcp", (3306, 3306), "web"),
]
WEB_OUT: Rules = [("web", "tcp", (1433, 1433), "mssql"), ("web", "tcp", (3306, 3306), "mysql")]


@pytest.mark.parametrize(
    ("src", "dst", "expected"),
    [
        (outside("198.51.100.7"), at("10.0.0.1", "web"), tcp(80, 443)),
        (outside("203.0.113.9"), at("10.0.0.1", "web"), tcp(80, 443, 22, 3389)),
        (outside("203.0.114.0"), at("10.0.0.1", "web"), tcp(80, 443)),
        (outside("2001:db8::1"), at("2001:db8:1::1", "web"), tcp(80, 443)),
        (at("10.0.0.1", "web"), at("10.0.0.2", "mysql"), tcp(3306)),
        (at("10.0.0.1", "web"), at("10.0.0.2", "mssql"), tcp(1433)),
        (at("10.0.0.1", "web"), at("10.0.0.2", "mssql", "mysql"), tcp(1433, 3306)),
        (at("2001:db8:1::1", "web"), at("2001:db8:1::2", "mysql"), tcp(3306)),
        (at("10.0.0.2", "mysql"), at("10.0.0.1", "web"), NOTHING),  # mysql has no outbound rule
        (at("10.0.0.1", "web"), outside("198.51.100.7"), NOTHING),
        (
            at("10.0.0.1"),
            at("10.0.0.2", "mysql"),
            NOTHING,
        ),  # an interface with no group of ours, not "no filter"
        (outside("10.0.0.1"), at("10.0.0.2", "mysql"), NOTHING),  # the address alone is not the group
        (outside("10.0.0.1"), outside("10.0.0.2"), ANY - icmpv6()),
    ],
)
def test_the_guides_web_servers(src: End, dst: End, expected: ServiceSet) -> None:
    """[RULES] “Example rules”; what a group stands for: “Security group referencing”."""
    assert enforcement(WEB_IN, WEB_OUT).reaches(src, dst) == expected


def test_rules_of_all_groups_are_added_up() -> None:
    """[RULES] “Security group rule basics”: the rules of several groups are one set."""
    one = enforcement(
        [("a", "tcp", (1, 5), "10.0.0.0/8"), ("b", "tcp", (4, 9), "10.0.0.0/8"), ("b", "udp", (53, 53), "c")],
        [],
    )
    peer = outside("10.1.1.1")
    assert one.reaches(peer, at("10.0.0.1", "a")) == tcp("1-5")
    assert one.reaches(peer, at("10.0.0.1", "a", "b")) == tcp("1-9")


def test_both_ends_must_admit() -> None:
    """[RULES], beginning: inbound rules are about what reaches an interface, outbound rules about what leaves
    it."""
    both = enforcement([("db", "tcp", (100, 200), "0.0.0.0/0")], [("web", "tcp", (150, 250), "db")])
    assert both.reaches(at("10.0.0.1", "web"), at("10.0.0.2", "db")) == tcp("150-200")


def test_no_rule_in_a_direction_admits_nothing() -> None:
    """[RULES] “Security group rule basics”: no traffic in a direction without a rule."""
    assert enforcement([], [], lone="vpc-1").reaches(at("10.0.0.1", "lone"), outside("8.8.8.8")) == NOTHING
    assert enforcement([], [], lone="vpc-1").reaches(outside("8.8.8.8"), at("10.0.0.1", "lone")) == NOTHING


@pytest.mark.parametrize(
    ("protocol", "ports", "v4", "v6"),
    [
        ("tcp", (80, 80), tcp(80), tcp(80)),
        ("icmp", (8, 0), icmp(8, 0), NOTHING),
        ("icmp", (8, -1), icmp(8), NOTHING),
        ("icmp", (-1, -1), icmp(), NOTHING),
        ("icmpv6", (128, 0), NOTHING, icmpv6(128, 0)),
        ("icmpv6", None, NOTHING, icmpv6()),
        ("132", (80, 80), ServiceSet.parse("sctp"), ServiceSet.parse("sctp")),
        ("50", None, ServiceSet.parse("50"), ServiceSet.parse("50")),
        ("-1", None, ANY - icmpv6(), ANY - icmp()),
    ],
)
def test_protocols_in_both_families(protocol: str, ports: Any, v4: ServiceSet, v6: ServiceSet) -> None:
    """[API] IpPermission: IpProtocol, FromPort and ToPort. ICMP is of IPv4 (RFC 792), ICMPv6 of IPv6 (RFC
    4443)."""
    one = enforcement([("g", protocol, ports, "0.0.0.0/0"), ("g", protocol, ports, "::/0")], [])
    assert one.reaches(outside("8.8.8.8"), at("10.0.0.1", "g")) == v4
    assert one.reaches(outside("2001:4860::1"), at("2001:db8::1", "g")) == v6


def test_anyone_is_two_ranges() -> None:
    """[RULES] “Example rules”: one rule for all of IPv4, one for all of IPv6."""
    four = enforcement([("g", "tcp", (80, 80), "0.0.0.0/0")], [])
    assert four.reaches(outside("2001:4860::1"), at("2001:db8::1", "g")) == NOTHING


def test_one_family_for_one_flow() -> None:
    with pytest.raises(ValueError, match="one address family, not 4 and 6"):
        enforcement(WEB_IN, WEB_OUT).reaches(outside("8.8.8.8"), at("2001:db8::1", "web"))


def test_prefix_lists_are_their_entries() -> None:
    """[RULES] “Components of a security group rule”: a prefix list may be the source or destination."""
    one = enforcement([("g", "tcp", (1, 1), "pl:10.0.0.0/24,10.0.2.0/24"), ("g", "tcp", (2, 2), "pl:")], [])
    assert one.reaches(outside("10.0.2.9"), at("10.9.0.1", "g")) == tcp(1)
    assert one.reaches(outside("10.0.1.255"), at("10.9.0.1", "g")) == NOTHING


def test_self_reference() -> None:
    """[RULES] “Security group referencing”: whoever holds the group, not whoever has such an address."""
    one = enforcement([("g", "-1", None, "g")], [("g", "-1", None, "g")])
    assert one.reaches(at("10.0.0.1", "g"), at("10.0.0.2", "g")) == ANY - icmpv6()
    assert one.reaches(at("10.0.0.1", "g"), outside("10.0.0.2")) == NOTHING


@pytest.mark.parametrize(
    ("vpcs", "peering", "works"),
    [
        (("vpc-1", "vpc-1"), None, True),
        (("${var.vpc}", "${var.vpc}"), None, True),
        (("${aws_vpc.a.id}", '${aws_vpc.a["id"]}'), None, True),
        (("vpc-1", "vpc-2"), None, False),
        (("vpc-1", "${var.vpc}"), None, True),  # it may be the same
        (("${data.aws_vpc.a.id}", "${data.aws_vpc.b.id}"), None, True),
        (("${aws_vpc.a.id}", "${data.aws_vpc.b.id}"), None, True),
        (("${aws_vpc.a.id}", "${aws_vpc.b.id}"), None, False),
        (("${aws_vpc.a.id}", "vpc-1"), None, False),
        (("vpc-1", "vpc-2"), ("vpc-1", "vpc-2"), True),
        (("vpc-1", "vpc-2"), ("vpc-2", "vpc-1"), True),
        (("vpc-1", "vpc-3"), ("vpc-1", "vpc-2"), False),
        (("${aws_vpc.a.id}", "${aws_vpc.b.id}"), ("${aws_vpc.b.id}", "${aws_vpc.a.id}"), True),
    ],
)
def test_references_across_vpcs(vpcs: tuple[str, str], peering: tuple[str, str] | None, works: bool) -> None:
    """[RULES] “Security group referencing”: groups of one VPC or of peered ones, [PEERING]. Otherwise the
    rule is stale: [API] DescribeStaleSecurityGroups."""
    doc = stack([("db", "tcp", (1, 1), "web")], [("web", "tcp", (1, 1), "db")], web=vpcs[0], db=vpcs[1])
    if peering is not None:
        body = {"vpc_id": peering[0], "peer_vpc_id": peering[1], "auto_accept": True}
        doc["resource"]["aws_vpc_peering_connection"] = {"p": body}
    one = Enforcement(read_terraform(doc))
    assert one.reaches(at("10.0.0.1", "web"), at("10.1.0.1", "db")) == (tcp(1) if works else NOTHING)
    stale = [note.what for note in one.notes if note.what.startswith("stale")]
    assert bool(stale) != works
    assumed = [note.what for note in one.notes if note.what.startswith("assumed")]
    told = any("data." in vpc or "var." in vpc for vpc in vpcs) and len(set(vpcs)) == 2
    assert bool(assumed) == told
    assert ("not known to be in reach" in one.why("aws_security_group.db")) != works
    if stale:
        assert (
            "stale reference: aws_security_group.db names aws_security_group.web, which is in another VPC"
            in stale
        )


def test_a_range_still_works_across_vpcs() -> None:
    """[RULES] “Components of a security group rule”: a source may be a range; that both groups are of one VPC
    is asked of references only (“Security group referencing”)."""
    one = enforcement(
        [("db", "tcp", (1, 1), "10.0.0.0/24")],
        [("web", "tcp", (1, 1), "10.1.0.0/24")],
        web="vpc-1",
        db="vpc-2",
    )
    assert one.reaches(at("10.0.0.1", "web"), at("10.1.0.1", "db")) == tcp(1)


def test_unknown_addresses_match_whole_families_and_groups_only() -> None:
    one = enforcement(
        [
            ("g", "tcp", (1, 1), "0.0.0.0/0"),
            ("g", "tcp", (2, 2), "::/0"),
            ("g", "tcp", (3, 3), "10.0.0.0/8"),
            ("g", "tcp", (4, 4), "pl:0.0.0.0/1,128.0.0.0/1"),
            ("g", "tcp", (5, 5), "h"),
        ],
        [("h", "-1", None, "0.0.0.0/0")],
    )
    g = frozenset({"aws_security_group.g"})
    assert one.reaches(End(None, 4), End(g, 4)) == tcp(1, 4)
    assert one.reaches(End(None, 6), End(g, 6)) == tcp(2)
    assert one.reaches(End(frozenset({"aws_security_group.h"}), 4), End(g, 4)) == tcp(1, 4, 5)


def test_atoms_must_not_be_cut() -> None:
    one = enforcement([("g", "tcp", (1, 1), "10.0.0.0/24")], [])
    g = frozenset({"aws_security_group.g"})
    assert one.ingress(g, frozenset(), Addresses.of("10.0.0.0/25"), 4) == tcp(1)
    assert one.ingress(g, frozenset(), Addresses.of("10.0.1.0/25"), 4) == NOTHING
    with pytest.raises(ValueError, match=r"the addresses 10.0.0.0/23 are partly inside 10.0.0.0/24"):
        one.ingress(g, frozenset(), Addresses.of("10.0.0.0/23"), 4)
    assert one.ingress(g, frozenset(), Addresses.of("10.0.0.0/25"), 4) == tcp(1)  # asked again


def test_cuts_name_every_range_once() -> None:
    one = enforcement(
        [
            ("a", "tcp", (1, 1), "10.0.0.0/8"),
            ("b", "tcp", (1, 1), "10.0.0.0/8"),
            ("b", "tcp", (1, 1), "::/0"),
        ],
        [("a", "tcp", (1, 1), "pl:10.1.0.0/16,10.3.0.0/16"), ("a", "tcp", (1, 1), "b")],
    )
    assert one.cuts() == [
        Addresses.of("10.0.0.0/8"),
        Addresses.of("10.1.0.0/16", "10.3.0.0/16"),
        EVERYWHERE.family(6),
    ]


def test_unknown_rules_are_named() -> None:
    doc = stack(
        [("a", "tcp", (1, 1), "10.0.0.0/8"), ("b", "tcp", (1, 1), "pl-aws"), ("c", "tcp", (1, 1), "sg-1")],
        [("a", "tcp", (1, 1), "${var.peer}")],
    )
    doc["data"] = {"aws_security_group": {"d": {}}}
    one = Enforcement(read_terraform(doc))
    a, b, c = (f"aws_security_group.{name}" for name in "abc")
    assert one.unknown([a, b, c, "sg-1", "data.aws_security_group.d"]) == (
        a,
        b,
        "data.aws_security_group.d",
        "sg-1",
    )
    assert one.unknown([a, b], Direction.INGRESS) == (b,)
    assert one.unknown([a, b], Direction.EGRESS) == (a,)
    assert one.unknown([c]) == ()
    assert "var.peer" in one.why(a)
    assert one.why("sg-1") == "it lives elsewhere and its rules were not read"
    # What is known still counts: c admits whoever holds the foreign group.
    assert one.ingress(frozenset({c}), frozenset({"sg-1"}), None, 4) == tcp(1)


def test_possible_services() -> None:
    """RFC 792: ICMP is of IPv4; RFC 4443: ICMPv6 is of IPv6."""
    assert possible(4) | possible(6) == ANY
    assert possible(4) & possible(6) == ANY - icmp() - icmpv6()
    assert udp(53) <= possible(4)


def test_answers_are_kept() -> None:
    one = enforcement(WEB_IN, WEB_OUT)
    web, none = frozenset({"aws_security_group.web"}), frozenset[str]()
    first = one.ingress(web, none, Addresses.of("8.8.8.8"), 4)
    assert one.ingress(web, none, Addresses.of("8.8.8.8"), 4) is first
