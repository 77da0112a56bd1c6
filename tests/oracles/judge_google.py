"""The packet that shows a mistake in a document for Google Cloud, if there is one, by the packet oracle."""

from __future__ import annotations

import ipaddress

from tests.oracles.mutants import Doc
from tests.oracles.packet_google import WAYS, Endpoints, Oracle, Packet, Rule


def judge(
    original: Doc,
    mutant: Doc,
    endpoints: Endpoints,
    first: set[str],
    above: dict[str, list[str]],
    taken: set[str],
) -> Packet | None:
    """A packet that one document passes and the other does not, or None if there is none.

    Outside addresses are taken at the edges of every range in either document and one beside them, but for
    those that are `taken` by machines; services at the edges of every rule of the two ends.
    """
    one, two = (Oracle(document, endpoints, first, above) for document in (original, mutant))
    touched = {name for name in endpoints if any(_seen(one, name, w) != _seen(two, name, w) for w in WAYS)}
    touched |= {name for name in endpoints if one.holds[name] != two.holds[name]}
    ends: list[tuple[str | None, str]] = [(name, ip) for name, (_, ip, _) in sorted(endpoints.items())]
    outside: list[tuple[str | None, str]] = [(None, ip) for ip in _edges(one, two) if ip not in taken]
    for src in ends + outside:
        for dst in ends + outside:
            if {src[0], dst[0]} & touched and src != dst and (":" in src[1]) == (":" in dst[1]):
                for protocol, port in _points(one, two, src, dst):
                    packet = Packet(*src, *dst, protocol, port)
                    if one.allowed(packet) != two.allowed(packet):
                        return packet
    return None


def _seen(oracle: Oracle, name: str, way: str) -> list[Rule]:
    return oracle.rules[name, way]


def _edges(*oracles: Oracle) -> list[str]:
    texts = {text for o in oracles for rules in o.rules.values() for rule in rules for text in rule.ranges}
    found: set[ipaddress.IPv4Address | ipaddress.IPv6Address] = set()
    for network in map(ipaddress.ip_network, texts):
        make = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
        first, last = int(network.network_address), int(network.broadcast_address)
        found |= {make(n) for n in (first - 1, first, last, last + 1) if 0 <= n < 2**network.max_prefixlen}
    return [str(ip) for ip in sorted(found, key=lambda ip: (ip.version, int(ip)))]


def _points(
    one: Oracle, two: Oracle, src: tuple[str | None, str], dst: tuple[str | None, str]
) -> list[tuple[int, int]]:
    found = {(6, 0), (17, 0), (47, 0), (132, 0), (58 if ":" in src[1] else 1, 0)}
    same = True
    for own, way, peer in ((src, "EGRESS", dst), (dst, "INGRESS", src)):
        if own[0] is None:
            continue
        near = [[r for r in o.rules[own[0], way] if o.is_peer(r, own[0], *peer)] for o in (one, two)]
        same = same and [r[:4] for r in near[0]] == [r[:4] for r in near[1]]
        for rule in near[0] + near[1]:
            for protocol, low, high in rule.services:
                if protocol in (6, 17):
                    found |= {(protocol, p) for p in (low - 1, low, high, high + 1) if 0 <= p <= 65535}
                elif protocol >= 0:
                    found.add((protocol, 0))
    return [] if same else sorted(found)
