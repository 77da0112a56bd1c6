"""Finds a packet that shows the difference of two documents, with the packet oracle."""

from __future__ import annotations

import ipaddress
from collections.abc import Container, Iterable, Iterator
from typing import Any

from tests.oracles.packet_azure import HOST, NUMBERS, Endpoints, Oracle, Packet, listed

End = tuple[str | None, str]


def judge(
    original: dict[str, Any], mutant: dict[str, Any], endpoints: Endpoints, taken: Container[str] = ()
) -> Packet | None:
    """A packet that one document passes and the other does not, or None if there is none.

    Outside addresses are taken at the edges of every range in either document and one beside them. For each
    pair of ends the services are taken at the edges of the rules on the way, which is enough: between two
    edges nothing changes. What the host exchanges is left out: no policy speaks of it; and so are addresses
    that are `taken`, for nobody outside is there.
    """
    one, two = Oracle(original, endpoints), Oracle(mutant, endpoints)
    touched = {
        name
        for name in endpoints
        if (one.groups[name], one.filters[name], one.admin[name])
        != (two.groups[name], two.filters[name], two.admin[name])
        or any(one.rules.get(key) != two.rules.get(key) for key in one.filters[name])
    }
    ends: list[End] = [(name, end.address) for name, end in sorted(endpoints.items())]
    outside: list[End] = [(None, ip) for ip in _edges(taken, one, two) if ip != HOST]
    for src in ends + outside:
        for dst in ends + outside:
            if src != dst and {src[0], dst[0]} & touched and (":" in src[1]) == (":" in dst[1]):
                for packet in _packets(one, two, src, dst):
                    if one.allowed(packet) != two.allowed(packet):
                        return packet
    return None


def _edges(taken: Container[str], *oracles: Oracle) -> list[str]:
    """One address of each kind: those that no end of any rule tells apart are alike."""
    found = {ipaddress.ip_address("8.8.8.8"), ipaddress.ip_address("2600::8")}
    ends = list(dict.fromkeys(_ends(oracles)))
    for text in (text for texts in ends for text in texts if "/" in text):
        network = ipaddress.ip_network(text)
        first, last = int(network.network_address), int(network.broadcast_address)
        make = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
        near = (first - 1, first, last, last + 1)
        found |= {make(n) for n in near if 0 <= n < 2**network.max_prefixlen}
    usable = (ip for ip in found if not (ip.is_loopback or ip.is_link_local or ip.is_multicast))
    texts = [str(ip) for ip in sorted(usable, key=lambda ip: (ip.version, int(ip))) if int(ip) != 2**32 - 1]
    kinds: dict[tuple[bool, ...], str] = {}
    for text in (text for text in texts if text not in taken):
        inside = [oracles[0].inside(text, list(held)) for held in ends]
        private = ipaddress.ip_address(text).is_private  # for the rules that every group has
        kinds.setdefault((":" in text, private, text == HOST, *inside), text)
    return list(kinds.values())


def _ends(oracles: Iterable[Oracle]) -> Iterator[tuple[str, ...]]:
    """The ranges of every end of every rule."""
    for oracle in oracles:
        for rules in (*oracle.rules.values(), *oracle.admin.values()):
            for rule in rules:
                for end in ("source", "destination"):
                    ranges = listed(rule, f"{end}_address_prefix", f"{end}_address_prefixes")
                    yield (*ranges, *(one["address_prefix"] for one in rule.get(end, ())))


def _packets(one: Oracle, two: Oracle, src: End, dst: End) -> Iterator[Packet]:
    found: set[tuple[int, int]] = {
        (6, 0),
        (17, 0),
        (47, 0),
        (50, 0),
        (51, 0),
        (58 if ":" in src[1] else 1, 0),
    }
    for oracle in (one, two):
        for key in (*oracle.filters.get(src[0] or "", []), *oracle.filters.get(dst[0] or "", [])):
            for rule in oracle.rules.get(key, []):
                found |= _points(rule)
        for rule in (*oracle.admin.get(src[0] or "", []), *oracle.admin.get(dst[0] or "", [])):
            found |= _points(rule)
    for protocol, port in sorted(found):
        yield Packet(*src, *dst, protocol, port)


def _points(rule: dict[str, Any]) -> set[tuple[int, int]]:
    protocol = NUMBERS.get(rule["protocol"])
    found = set()
    for text in listed(rule, "destination_port_range", "destination_port_ranges"):
        if protocol in (6, 17) and text != "*":
            low, _, high = text.partition("-")
            near = (int(low) - 1, int(low), int(high or low), int(high or low) + 1)
            found |= {(protocol, port) for port in near if 0 <= port <= 65535}
    return found
