"""Tables from Microsoft's documentation, by hand: which rule decides about which packet.

Sources: [NSG] Azure Virtual Network, “Network security groups overview”; [WORKS] “How network security groups
filter network traffic”; [ASG] “Application security groups”; [TAGS] “Service tags”; [IPV6] “What is IPv6 for
Azure Virtual Network?”; [API] Azure REST API, SecurityRule. A test that names none is about reading a state
and about what to say of it.
"""

from __future__ import annotations

import pytest

from segkit.platforms.azure.evaluate import DEFAULTS, End, Enforcement
from segkit.platforms.azure.read import read_terraform
from segkit.platforms.azure.state import Direction, SecurityGroup, State
from segkit.sets import ANY, Addresses, ServiceSet, icmp, icmpv6, protocol, tcp, udp
from tests.azure.kit import rule, stack

NSG = "azurerm_network_security_group.nsg"
WEB, DB = (frozenset({f"azurerm_application_security_group.{name}"}) for name in ("web", "db"))
DENY_ALL = rule("end", 4096, access="Deny", protocol="*")


def inbound(
    *rules: dict[str, object], source: str | End = "203.0.113.5", groups: frozenset[str] = WEB
) -> str:
    """The services that reach 10.0.0.4 behind these rules."""
    return str(services(*rules, source=source, groups=groups))


def services(
    *rules: dict[str, object], source: str | End = "203.0.113.5", groups: frozenset[str] = WEB
) -> ServiceSet:
    enforcement = Enforcement(read_terraform(stack(*rules)))
    end = End.at(source) if isinstance(source, str) else source
    there = End(groups, (NSG,), end.family, Addresses.of("10.0.0.4" if end.family == 4 else "fd00::4"))
    return enforcement.reaches(end, there)


def test_the_default_rules_are_those_of_the_documentation() -> None:
    """[NSG] “Default security rules”. Two names have other capitals there."""
    table = [(r.name, r.priority, r.direction.value, r.allow) for r in DEFAULTS]
    assert table == [
        ("AllowVnetInBound", 65000, "Inbound", True),
        ("AllowAzureLoadBalancerInBound", 65001, "Inbound", True),
        ("DenyAllInBound", 65500, "Inbound", False),
        ("AllowVnetOutBound", 65000, "Outbound", True),
        ("AllowInternetOutBound", 65001, "Outbound", True),
        ("DenyAllOutBound", 65500, "Outbound", False),
    ]


@pytest.mark.parametrize(
    ("source", "destination", "passes"),
    [
        ("10.0.0.5", "10.0.0.4", True),  # inside the network
        ("9.9.9.9", "10.0.0.4", False),  # from outside, in
        ("8.8.8.8", "10.0.0.4", False),
        ("168.63.129.16", "10.0.0.4", True),  # probes
    ],
)
def test_without_rules_the_default_rules_decide(source: str, destination: str, passes: bool) -> None:
    """[NSG] “Default security rules”; the address of the probes: [TAGS] “Available service tags”,
    AzureLoadBalancer."""
    enforcement = Enforcement(State(groups={"g": SecurityGroup("g")}))
    end = End.at(destination, filters=["g"])
    assert bool(enforcement.reaches(End.at(source), end)) is passes
    assert enforcement.reaches(end, End.at("8.8.8.8")), "AllowInternetOutBound"
    assert any("VirtualNetwork" in why for why in enforcement.why("g"))


def test_a_group_that_ends_in_a_deny_of_everything_leaves_no_doubt() -> None:
    """[NSG] “Default security rules”: rules of a higher priority override them."""
    ends = [rule(f"end-{way}", 4096, way, "Deny", "*") for way in ("Inbound", "Outbound")]
    enforcement = Enforcement(read_terraform(stack(*ends)))
    assert enforcement.why(NSG) == ()
    assert [r.name for r in enforcement.rules(NSG, Direction.INBOUND)] == ["end-Inbound"]


def test_the_table_of_the_application_security_group_page() -> None:
    """[ASG] “Allow-HTTP-Inbound-Internet”, “Deny-Database-All” and “Allow-Database-BusinessLogic”; the group
    web is here AsgWeb and AsgLogic in one."""
    rules = [
        rule("Allow-HTTP-Inbound-Internet", 100, ports="80", source="Internet", destination="asg:web"),
        rule("Deny-Database-All", 120, access="Deny", protocol="*", ports="1433", destination="asg:db"),
        rule("Allow-Database-BusinessLogic", 110, ports="1433", source="asg:web", destination="asg:db"),
    ]
    web = End(WEB, (), 4, Addresses.of("10.0.0.9"))
    other = End.at("10.0.0.10")
    assert inbound(*rules, source="8.8.8.8") == "tcp/80"
    assert inbound(*rules, source="8.8.8.8", groups=DB) == "none"
    assert services(*rules, source=web, groups=DB).contains(6, 1433)
    assert not services(*rules, source=other, groups=DB).contains(6, 1433)
    assert services(*rules, source=other, groups=DB).contains(6, 1434), "AllowVnetInBound"


def test_the_first_match_decides_and_order_of_writing_does_not() -> None:
    """[NSG] “Security rules”, Priority: the lowest number first, and no further after a match."""
    deny = rule("b", 200, access="Deny", ports="20-30")
    allow = rule("a", 300, ports=["22", "80", "25-40"])
    assert inbound(deny, allow, DENY_ALL) == inbound(DENY_ALL, allow, deny) == "tcp/31-40,80"
    assert inbound({**deny, "priority": 400}, allow, DENY_ALL) == "tcp/22,25-40,80"


def test_both_groups_have_to_let_it_pass() -> None:
    """[WORKS] “Inbound traffic”: VM1 is behind two groups, VM2 behind its subnet's, VM3 behind its own, VM4
    behind none."""
    state = read_terraform(stack(rule("http", 100, ports="80"), DENY_ALL))
    other = read_terraform(stack(rule("both", 100, ports="80-81"), DENY_ALL)).groups[NSG]
    enforcement = Enforcement(
        State(groups={"nsg1": state.groups[NSG], "nsg2": other, "nsg3": SecurityGroup("n")})
    )
    source = End.at("8.8.8.8")

    def passed(*filters: str) -> str:
        return str(enforcement.reaches(source, End.at("10.0.0.4", filters=filters)))

    assert passed("nsg1", "nsg2") == passed("nsg2", "nsg1") == passed("nsg1") == "tcp/80"
    assert passed("nsg2") == "tcp/80-81"
    assert passed("nsg1", "nsg3") == "none", "DenyAllInBound of the interface's group"
    assert enforcement.reaches(source, End.at("10.0.0.4")) == ANY - icmpv6(), "no group filters nothing"


def test_inside_a_subnet_too() -> None:
    """[WORKS] “Intra-Subnet traffic”."""
    enforcement = Enforcement(read_terraform(stack(DENY_ALL, {**DENY_ALL, "direction": "Outbound"})))
    one, two = (End.at(ip, filters=[NSG]) for ip in ("10.0.0.4", "10.0.0.5"))
    assert not enforcement.reaches(one, two)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Tcp", tcp()),
        ("UDP", udp()),
        ("Icmp", icmp()),
        ("Esp", protocol(50)),
        ("Ah", protocol(51)),
        ("*", ANY - icmpv6()),
    ],
)
def test_protocols(written: str, said: ServiceSet) -> None:
    """[API] SecurityRule, protocol; no ICMPv6: [IPV6] “Limitations”.

    `*` is read as every protocol, while [NSG] “Default security rules” speaks of TCP, UDP and ICMP only.
    """
    assert services(rule("a", 100, protocol=written), DENY_ALL) == said


def test_ports_of_every_protocol_are_those_of_tcp_and_udp() -> None:
    """Our reading, of which there is a note in the state: none of the sources says it."""
    assert inbound(rule("a", 100, protocol="*", ports="80"), DENY_ALL) == "tcp/80; udp/80"


def test_a_range_speaks_of_its_family() -> None:
    """[IPV6] “Limitations”: rules are for IPv4 or for IPv6, and one group may have both."""
    four, six = rule("a", 100, source="0.0.0.0/0", ports="4"), rule("b", 101, source=["::/0"], ports="6")
    assert inbound(four, six, DENY_ALL) == "tcp/4"
    assert inbound(four, six, DENY_ALL, source="2001:db8::1") == "tcp/6"
    unknown = End(frozenset(), (), 6)
    assert inbound(four, six, DENY_ALL, source=unknown) == "tcp/6"
    part = rule("c", 102, source="10.0.0.0/8")
    assert inbound(part, DENY_ALL, source=End(frozenset(), (), 4)) == "none", "unknown is in no part"


def test_icmpv6_is_not_icmp() -> None:
    """[IPV6] “Limitations”: security groups do not support ICMPv6. That `*` has it is our reading: none of
    the sources says it."""
    assert inbound(rule("a", 100, protocol="Icmp"), DENY_ALL, source="2001:db8::1") == "none"
    assert services(rule("a", 100, protocol="*"), DENY_ALL, source="2001:db8::1").contains(58, 128 << 8)


def test_a_flow_has_one_family_and_atoms_are_whole() -> None:
    enforcement = Enforcement(read_terraform(stack(rule("a", 100, source="10.0.0.0/24"), DENY_ALL)))
    with pytest.raises(ValueError, match="one address family"):
        enforcement.reaches(End.at("10.0.0.1"), End.at("fd00::1"))
    with pytest.raises(ValueError, match="partly inside"):
        source = End(frozenset(), (), 4, Addresses.of("10.0.0.0/8"))
        enforcement.reaches(source, End.at("10.1.0.1", filters=[NSG]))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source_port_range": "1024-65535"}, "source ports"),
        ({"source": "Storage.WestEurope"}, "the service tag Storage.WestEurope"),
        ({"source": "VirtualNetwork"}, "the tag VirtualNetwork"),
        ({"priority": "${var.p}"}, "priority is not known"),
        ({"access": "${var.a}"}, "access is not known"),
        ({"direction": "${var.d}"}, "direction is not known"),
        ({"protocol": "Sctp"}, "protocol is not known"),
        ({"ports": "80-"}, "ports are not known"),
        ({"source": "${var.s}"}, "source is not known"),
        ({"source_address_prefix": None}, "source is not known"),
    ],
)
def test_what_cannot_be_told_leaves_a_doubt(given: dict[str, object], said: str) -> None:
    ends = [DENY_ALL, {**DENY_ALL, "direction": "Outbound"}]
    enforcement = Enforcement(read_terraform(stack(rule("a", **{"priority": 100, **given}), *ends)))  # type: ignore[arg-type]
    assert any(said in why for why in enforcement.why(NSG)), enforcement.why(NSG)


def test_behind_a_deny_of_everything_nothing_matters() -> None:
    """[NSG] “Security rules”, Priority: no further after a match."""
    ends = [DENY_ALL, {**DENY_ALL, "direction": "Outbound", "priority": 100}]
    late = rule("late", 200, "Outbound", destination="Storage")
    assert Enforcement(read_terraform(stack(*ends, late))).why(NSG) == ()


def test_two_rules_of_one_priority_leave_a_doubt() -> None:
    """[NSG] “Security rules”: two rules of one priority and direction cannot be, or are in conflict."""
    ends = [DENY_ALL, {**DENY_ALL, "direction": "Outbound"}]
    enforcement = Enforcement(read_terraform(stack(rule("a", 100), rule("b", 100), *ends)))
    assert any("has the priority of" in why for why in enforcement.why(NSG))
    beside = Enforcement(read_terraform(stack(*ends, rule("last", 4096))))
    assert any("has the priority of" in why for why in beside.why(NSG)), "of the rule that matches everything"


def test_a_group_that_is_not_there_is_in_doubt() -> None:
    assert "lives elsewhere" in Enforcement(State()).why("rg/somewhere")[0]
