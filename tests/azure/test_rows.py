"""Rows and pairs give one answer, and so does a packet oracle that shares nothing with them."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.intent.engine import POSSIBLE
from segkit.platforms.azure.evaluate import End, Enforcement
from segkit.platforms.azure.read import read_terraform
from segkit.platforms.azure.rows import Profile, Rows
from segkit.platforms.base import Spot
from segkit.sets import Addresses, ServiceSet
from segkit.sets.intervals import IntervalSet
from segkit.sets.planes import Row
from tests.azure.kit import NETWORK, Document, admin_rule, asg, managed, place, rule, stack
from tests.oracles.packet_azure import Endpoint, Oracle, Packet

NSG = "azurerm_network_security_group"
ASG = "azurerm_application_security_group"
WEST = {NETWORK: "westeurope"}
RANGES = ["*", "10.0.0.0/8", "10.0.0.4/32", "0.0.0.0/0", "::/0", "fd00::/64", "192.0.2.0/24"]
HOSTS = ["10.0.0.4", "10.0.0.5", "10.9.9.9", "192.0.2.9", "fd00::4", "2001:db8::9"]
PROBES = [(6, 79), (6, 80), (6, 81), (6, 90), (6, 443), (17, 53), (17, 80), (1, 0), (50, 0), (51, 0), (47, 0)]


@st.composite
def rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rules at priorities of their own."""
    found = []
    for number, priority in enumerate(draw(st.lists(st.integers(100, 200), max_size=6, unique=True))):
        protocol = draw(st.sampled_from(("Tcp", "Tcp", "Udp", "Icmp", "Esp", "Ah", "*")))
        ports: Any = draw(st.sampled_from(("*", "80", "80-90", ["53", "443"])))
        ends = [draw(st.sampled_from((*RANGES, "asg:web", "asg:db"))) for _ in range(2)]
        found.append(
            rule(
                f"r{number}",
                priority,
                draw(st.sampled_from(("Inbound", "Outbound"))),
                draw(st.sampled_from(("Allow", "Deny"))),
                protocol,
                ports if protocol in ("Tcp", "Udp") else "*",
                *ends,
            )
        )
    return found


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Two security groups, each closed at the end as ours are: tags stay out of it."""
    document = stack()
    for name in ("one", "two"):
        ends = [rule(f"end-{way}", 4096, way, "Deny", "*") for way in ("Inbound", "Outbound")]
        held = {**place(name), "security_rule": [*draw(rules()), *ends]}
        document["resource"][NSG][name] = held
    document["resource"] |= managed(*draw(admin_rules()))
    return document


@st.composite
def admin_rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Security admin rules at priorities of their own."""
    ranges = st.lists(st.sampled_from(RANGES), min_size=1, max_size=2, unique=True)
    return [
        admin_rule(
            f"a{number}",
            priority,
            draw(st.sampled_from(("Allow", "AlwaysAllow", "Deny"))),
            draw(st.sampled_from((["*"], ["80"], ["80-90"], ["53", "443"]))),
            draw(ranges),
            draw(ranges),
            direction=draw(st.sampled_from(("Inbound", "Outbound"))),
            protocol=draw(st.sampled_from(("Tcp", "Tcp", "Udp"))),
        )
        for number, priority in enumerate(draw(st.lists(st.integers(1, 9), max_size=4, unique=True)))
    ]


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    groups = draw(st.sets(st.sampled_from(("web", "db"))))
    level = st.sampled_from((None, f"{NSG}.one", f"{NSG}.two"))
    network = draw(st.sampled_from((None, NETWORK)))
    return Profile(frozenset(f"{ASG}.{group}" for group in groups), draw(level), draw(level), network)


def ends(draw: st.DataObject, count: int) -> list[tuple[Profile, str]]:
    hosts = draw.draw(st.permutations(HOSTS))[:count]
    return [(draw.draw(profiles()), host) for host in hosts]


def end_of(profile: Profile, host: str) -> End:
    filters = [key for key in profile.filters if key is not None]
    return End.at(host, profile.groups, filters, profile.network)


def at(row: Row, position: int) -> ServiceSet:
    """The services of a row that reach one spot."""
    return ServiceSet.from_line(IntervalSet.of(*((lo, hi) for lo, hi, held in row if held >> position & 1)))


@given(document=documents(), data=st.data())
@settings(max_examples=settings().max_examples * 2)
def test_rows_and_pairs_agree(document: Document, data: st.DataObject) -> None:
    enforcement = Enforcement(read_terraform(document, networks=WEST))
    held = ends(data, 5)
    spots = [Spot(profile, Addresses.of(host), 6 if ":" in host else 4) for profile, host in held] + [
        Spot(held[0][0], None, 4),
        Spot(None, Addresses.of("10.1.2.3"), 4),
    ]
    pairs = [end_of(*one) for one in held]
    filters = tuple(key for key in held[0][0].filters if key is not None)
    pairs += [End(held[0][0].groups, filters, 4, None, held[0][0].network), End.at("10.1.2.3")]
    rows = Rows(enforcement, spots)
    for i, src in enumerate(pairs):
        out, into = rows.outgoing(i), rows.incoming(i)
        for j, dst in enumerate(pairs):
            if src.family == dst.family:
                passed = at(out, j) & at(into, j) & POSSIBLE[src.family]
                assert passed == enforcement.reaches(src, dst), (i, j)


@given(document=documents(), data=st.data())
@settings(max_examples=settings().max_examples * 2)
def test_packets_agree(document: Document, data: st.DataObject) -> None:
    held = ends(data, 4)
    joined: dict[str, Any] = {}
    filtered: dict[str, Any] = {}
    subnets: dict[str, Any] = {}
    endpoints = {}
    for n, (profile, host) in enumerate(held):
        for group in sorted(profile.groups):
            name = group.partition(".")[2]
            body = {"network_interface_id": f"nic{n}", "application_security_group_id": asg(name)}
            joined[f"{n}-{name}"] = body
        for argument, filters, key in (
            ("network_interface_id", filtered, profile.interface),
            ("subnet_id", subnets, profile.subnet),
        ):
            if key:
                own = f"nic{n}" if filters is filtered else f"snet{n}"
                filters[str(n)] = {argument: own, "network_security_group_id": f"${{{key}.id}}"}
        endpoints[f"e{n}"] = Endpoint(f"nic{n}", host, f"snet{n}", profile.network, "westeurope")
    document["resource"] |= {
        "azurerm_network_interface_application_security_group_association": joined,
        "azurerm_network_interface_security_group_association": filtered,
        "azurerm_subnet_network_security_group_association": subnets,
    }
    state = read_terraform(document, networks=WEST)
    for n, (profile, _) in enumerate(held):
        found = [c for c in state.carriers if c.address == f"nic{n}"]
        assert state.subnets.get(f"snet{n}") == profile.subnet
        assert {c.security_group for c in found} <= {profile.interface}
        assert {group for c in found for group in c.groups} == profile.groups
    enforcement, oracle = Enforcement(state), Oracle(document, endpoints)
    for i, (one, host) in enumerate(held):
        for j, (two, other) in enumerate(held):
            if i != j and (":" in host) == (":" in other):
                passed = enforcement.reaches(end_of(one, host), end_of(two, other))
                for protocol, port in PROBES:
                    packet = Packet(f"e{i}", host, f"e{j}", other, protocol, port)
                    assert passed.contains(protocol, port) == oracle.allowed(packet), packet
