"""Finds a packet that shows the difference of two documents, with the packet oracle."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from tests.oracles.packet_aws import Endpoints, Oracle, Packet, Rule


def judge(original: dict[str, Any], mutant: dict[str, Any], endpoints: Endpoints) -> Packet | None:
    """A packet that one document passes and the other does not, or None if there is none.

    Outside addresses are taken at the edges of every range in either document and one beside them. For each
    pair of ends the services are taken at the edges of the rules that match the pair, which is enough:
    between two edges nothing changes.
    """
    one, two = Oracle(original, endpoints), Oracle(mutant, endpoints)
    touched = {name for name in endpoints if _rules_of(one, name) != _rules_of(two, name)}
    moved = {name for name in endpoints if one.holds[name] != two.holds[name]}
    ends: list[tuple[str | None, str]] = [(name, ip) for name, (_, ip) in sorted(endpoints.items())]
    outside: list[tuple[str | None, str]] = [(None, ip) for ip in _edges(one, two)]
    for src in ends + outside:
        for dst in ends + outside:
            if not ({src[0], dst[0]} & (touched | moved)) or src == dst:
                continue
            for packet in _packets(one, two, src, dst):
                if one.allowed(packet) != two.allowed(packet):
                    return packet
    return None


def _rules_of(oracle: Oracle, name: str) -> list[Rule]:
    return sorted((rule for group in oracle.holds[name] for rule in oracle.rules.get(group, [])), key=repr)


def _spans(rules: list[Rule]) -> set[tuple[int, int | None, int | None]]:
    return {(rule.protocol, rule.low, rule.high) for rule in rules}


def _edges(*oracles: Oracle) -> list[str]:
    found = set()
    for oracle in oracles:
        for rule in (rule for rules in oracle.rules.values() for rule in rules if rule.peer[0] == "cidr"):
            network = ipaddress.ip_network(rule.peer[1])
            first, last = int(network.network_address), int(network.broadcast_address)
            make = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
            found |= {
                make(n) for n in (first - 1, first, last, last + 1) if 0 <= n < 2**network.max_prefixlen
            }
    return [str(ip) for ip in sorted(found, key=lambda ip: (ip.version, int(ip)))]


def _packets(
    one: Oracle, two: Oracle, src: tuple[str | None, str], dst: tuple[str | None, str]
) -> Iterator[Packet]:
    if (":" in src[1]) != (":" in dst[1]):
        return
    found: set[tuple[int, int, int]] = {(6, 0, 0), (17, 0, 0), (47, 0, 0), (58 if ":" in src[1] else 1, 0, 0)}
    same = True
    for own, direction, peer in ((src, "egress", dst), (dst, "ingress", src)):
        if own[0] is not None:
            rules = [oracle.matching(own[0], direction, *peer) for oracle in (one, two)]
            same = same and _spans(rules[0]) == _spans(rules[1])
            for rule in rules[0] + rules[1]:
                found |= _points(rule)
    if not same:
        for protocol, low, code in sorted(found):
            yield Packet(*src, *dst, protocol, low, code)


def _points(rule: Rule) -> set[tuple[int, int, int]]:
    low, high = rule.low, rule.high
    if rule.protocol in (6, 17) and low is not None and high is not None:
        return {(rule.protocol, port, 0) for port in (low - 1, low, high, high + 1) if 0 <= port <= 65535}
    if rule.protocol in (1, 58):
        kinds = {0, 255} if low in (None, -1) else {low - 1, low, low + 1}
        codes = {0, 255} if high in (None, -1) else {high - 1, high, high + 1}
        return {(rule.protocol, k, c) for k in kinds for c in codes if 0 <= k <= 255 and 0 <= c <= 255}
    return {(rule.protocol, 0, 0)} if rule.protocol >= 0 else {(6, 0, 0), (17, 65535, 0), (47, 0, 0)}
