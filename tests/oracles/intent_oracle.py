"""What the policies say of one packet, and whether it passes: read off the definitions, one packet at a time.

No cells, no bitsets, no boxes, nothing of `segkit.intent`: every rule is looked at for every packet. Ends are
judged by what people wrote (a group, a zone, an address set ...), looked up in the model by name.

The meaning in short. Tiers are asked in order and the first with a matching rule decides; inside a tier deny
beats allow. Without a verdict the posture of a zone decides between two of its workloads, and everything else
is denied. An allow that has expired does not count, a deny that has still does. What is no workload has an
address only. An unknown address stands for every address of its zone's networks; where those are unknown too
it is outside every address set that does not hold all addresses. No member of a class, and no machine known
by networks only, is at an address that another machine has. Then each end that a target owns passes or
blocks by the mode of its zone (enforce outside all zones), and a flow passes when both ends pass it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from segkit.model.ends import End
from segkit.model.model import Model, Target
from segkit.model.policy import Rule, Zone
from segkit.model.workloads import Interface, Workload
from segkit.sets import EVERYWHERE, INTERNET, Addresses, ServiceSet

Address = IPv4Address | IPv6Address
ICMP, ICMPV6 = 1, 58


class Spot(NamedTuple):
    """One end of a packet. Without a workload it is anything else; without an address, that is unknown."""

    realm: str
    family: int
    address: Address | None
    workload: Workload | None = None
    interface: Interface | None = None


class Packet(NamedTuple):
    """The first packet of a flow: `x` is the port, or the ICMP type times 256 plus the code."""

    source: Spot
    destination: Spot
    protocol: int
    x: int = 0


class Oracle:
    """Answers for one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.groups = {g.name: g for g in model.groups}
        self.zones = {z.name: z for z in model.zones}
        self.sets = {s.name: s for s in model.address_sets}
        self.rules = [r for p in model.policies for r in p.rules if self.counts(r)]

    # Rules

    def counts(self, rule: Rule) -> bool:
        """A rule counts unless it is an allow past its last day."""
        past = rule.expires is not None and self.model.today > rule.expires
        return not (past and rule.action == "allow")

    def holds(self, end: End, spot: Spot) -> bool:
        """Is the spot one of the endpoints that the end stands for?"""
        labels = dict(spot.workload.labels) if spot.workload else None
        match end.kind:
            case "group":
                return labels is not None and self.groups[end.name].predicate.matches(labels)
            case "zone":
                return labels is not None and self.zones[end.name].predicate.matches(labels)
            case "select":
                return labels is not None and end.predicate.matches(labels)
            case "network":
                zone = self.zones[end.name]
                return spot.realm == zone.realm and self.within(spot, zone.networks)
            case "addresses":
                named = self.sets[end.name]
                return spot.realm == named.realm and self.within(spot, named.addresses)
            case "builtin":
                if end.name == "outside":
                    return spot.workload is None
                return end.name == "anywhere" or self.within(spot, INTERNET)

    def within(self, spot: Spot, addresses: Addresses) -> bool:
        """Is it there for sure?"""
        if spot.address is not None:
            return spot.address in addresses
        return EVERYWHERE.family(spot.family) <= addresses

    def side(self, ends: Iterable[End], unless: Iterable[End], spot: Spot) -> bool:
        return any(self.holds(e, spot) for e in ends) and not any(self.holds(e, spot) for e in unless)

    def matches(self, rule: Rule, packet: Packet) -> bool:
        """Do the ends and the services of a rule hold the packet?"""
        return (
            rule.services.contains(packet.protocol, packet.x)
            and self.side(rule.source, rule.unless_source, packet.source)
            and self.side(rule.destination, rule.unless_destination, packet.destination)
        )

    # Verdict

    def decision(self, packet: Packet) -> tuple[str, str]:
        """The verdict, and what decided: "rule", "posture" or "default"."""
        for tier in range(4):
            actions = {r.action for r in self.rules if r.tier == tier and self.matches(r, packet)}
            if actions:
                return ("deny" if "deny" in actions else "allow"), "rule"
        homes = [self.zone(packet.source), self.zone(packet.destination)]
        if homes[0] is not None and homes[0] == homes[1]:
            return homes[0].posture, "posture"
        return "deny", "default"

    def allowed(self, packet: Packet) -> bool:
        """Do the policies allow it, whoever enforces them?"""
        return self.decision(packet)[0] == "allow"

    def zone(self, spot: Spot) -> Zone | None:
        """The zone a spot is in: by labels, never by address."""
        if spot.workload is None:
            return None
        labels = dict(spot.workload.labels)
        held = [z for z in self.model.zones if z.predicate.matches(labels)]
        assert len(held) <= 1, "zones are disjoint"
        return held[0] if held else None

    # Enforcement

    def owners(self, spot: Spot) -> list[Target]:
        """The targets that enforce this end."""
        if spot.workload is None or spot.interface is None:
            return []
        network, labels = spot.interface.network, dict(spot.workload.labels)
        return [
            t
            for t in self.model.targets
            if t.realm == spot.realm
            and t.select.matches(labels)
            and network in (None, t.name, t.placement.get("network", t.name))
        ]

    def governed(self, packet: Packet) -> bool:
        """Does any target own an end of it, and is it no talk of a workload with itself?"""
        source, destination = packet.source.workload, packet.destination.workload
        itself = source is not None and source == destination and not source.is_class
        return not itself and bool(self.owners(packet.source) or self.owners(packet.destination))

    def passes(self, packet: Packet) -> bool:
        """Does it pass both ends?"""
        verdict, by = self.decision(packet)
        for spot in (packet.source, packet.destination):
            if not self.owners(spot):
                continue
            zone = self.zone(spot)
            mode = zone.mode if zone else "enforce"
            if mode == "enforce" and verdict == "deny":
                return False
            if mode == "selective" and verdict == "deny" and by == "rule":
                return False
        return True

    # Samples

    def spots(self, more: Iterable[Addresses] = ()) -> Iterator[Spot]:
        """Ends worth trying: every workload, and what is none, at every address where something may change.

        `more` are further address sets whose edges matter.
        """
        edges = sorted(self.edges(more), key=lambda a: (a.version, int(a)))
        taken: dict[str, set[Address]] = {}
        for workload in self.model.workloads:
            for one in workload.interfaces if not workload.is_class else ():
                if one.addresses is not None:
                    taken.setdefault(one.realm, set()).update(a for a in edges if a in one.addresses)
        for workload in self.model.workloads:
            for one in workload.interfaces:
                others = taken.setdefault(one.realm, set())
                known = one.addresses is not None and not workload.is_class
                yield from self.of_interface(
                    workload, one, edges if known else [a for a in edges if a not in others]
                )
        for realm in sorted({"default", *taken, *(t.realm for t in self.model.targets)}):
            for address in edges:
                if address not in taken.get(realm, ()) and not _unusable(address):
                    yield Spot(realm, address.version, address)

    def of_interface(self, workload: Workload, one: Interface, edges: Iterable[Address]) -> Iterator[Spot]:
        held = one.addresses
        if held is None:
            zone = self.zone(Spot(one.realm, 4, None, workload, one))
            held = zone.networks if zone and zone.realm == one.realm and zone.networks else None
        if held is None:
            yield Spot(one.realm, 4, None, workload, one)
            yield Spot(one.realm, 6, None, workload, one)
            return
        for address in edges:
            if address in held:
                yield Spot(one.realm, address.version, address, workload, one)

    def edges(self, more: Iterable[Addresses] = ()) -> set[Address]:
        """The first and last address of every range in use, and those beside them."""
        sets = [*more, INTERNET] if any(e.name == "internet" for e in _ends(self.rules)) else [*more]
        sets += [s.addresses for s in self.model.address_sets] + [z.networks for z in self.model.zones]
        for workload in self.model.workloads:
            sets += [i.addresses for i in workload.interfaces if i.addresses is not None]
        found: set[Address] = {ip_address("203.0.113.9"), ip_address("2001:db8::9")}
        for held in sets:
            for line, kind, top in ((held.v4, IPv4Address, 2**32), (held.v6, IPv6Address, 2**128)):
                for lo, hi in line.spans:
                    found |= {kind(n) for n in (lo - 1, lo, hi, hi + 1) if 0 <= n < top}
        return found

    def services(self, family: int) -> list[tuple[int, int]]:
        """Protocols with a port (or type and code) at every edge of a service in use, and beside it."""
        found = {(6, 0), (17, 0), (47, 0), (132, 7), (ICMP if family == 4 else ICMPV6, 0)}
        for rule in self.rules:
            found |= set(edges_of(rule.services))
        return sorted(p for p in found if p[0] != (ICMPV6 if family == 4 else ICMP))


def edges_of(services: ServiceSet) -> Iterator[tuple[int, int]]:
    """The edges of each part of a service set and what lies beside them."""
    for part in services.parts():
        width = 2**16 if part.protocol in (1, 6, 17, 58, 132) else 1
        for x in (part.lo - 1, part.lo, part.hi, part.hi + 1):
            if 0 <= x < width:
                yield part.protocol, x


def _ends(rules: Iterable[Rule]) -> Iterator[End]:
    for rule in rules:
        yield from (*rule.source, *rule.destination, *rule.unless_source, *rule.unless_destination)


def _unusable(address: Address) -> bool:
    """Loopback, link-local and multicast: no end of a flow between two machines."""
    broadcast = address.version == 4 and int(address) == 2**32 - 1
    return address.is_loopback or address.is_link_local or address.is_multicast or broadcast
