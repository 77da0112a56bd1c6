"""Who reaches whom, from the enforcement state alone.

Platform facts used here, with their sources:
- Rules are processed by priority, the lowest number first, and the first that matches decides ([NSG]
  “Security rules”). Every group ends in the same rules, which nobody can remove ([NSG] “Default security
  rules”).
- Inbound traffic passes the group of the subnet and then that of the interface, outbound traffic the other
  way round; both have to let it pass, inside one subnet too. Where there is no group, nothing is filtered
  ([WORKS]).
- A group follows connections: replies pass ([NSG] “Security rules”).
- A rule that names application security groups applies to the interfaces in them, and to nobody else even
  where the group is on a whole subnet ([ASG]).
- `VirtualNetwork` is the address space of the network, of all that is peered or connected with it, and of
  routes that users make: which addresses these are is not to be told here. `Internet` is what lies outside
  it and is public. `AzureLoadBalancer` is the host's address, from which probes come ([TAGS] “Service tags”).
- Security admin rules hold for whole virtual networks and are asked before security groups, in either
  direction, the lowest priority first. *Deny* and *Always allow* end it, and no security group is asked;
  *Allow* ends it for admin rules only ([ADMIN] “Evaluation of security admin rules and network security
  groups”). Private endpoints are left out ([ADMIN], note).
- A CIDR speaks of the family it is written in; `*` is both ([IPV6] “Limitations”).
- ICMP belongs to IPv4 and ICMPv6 to IPv6 (RFC 792, RFC 4443).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import combinations

from segkit.platforms.azure.state import Direction, Members, Range, Rule, Side, State
from segkit.sets.addresses import EVERYWHERE, INTERNET, Addresses
from segkit.sets.services import ANY, NOTHING, ServiceSet, icmp, icmpv6

_POSSIBLE = {4: ANY - icmpv6(), 6: ANY - icmp()}

HOST = Addresses.of("168.63.129.16")
"""The host's virtual address ([NSG] “Azure platform considerations”)."""

_VAGUE = "which addresses the tag {} stands for is not known"

TAGS: dict[str, tuple[Addresses, str]] = {
    "virtualnetwork": (EVERYWHERE - INTERNET, _VAGUE.format("VirtualNetwork")),
    "internet": (INTERNET, _VAGUE.format("Internet")),
    "azureloadbalancer": (HOST, ""),
}
"""Service tags as addresses, by name in small letters, with what is not certain about it."""


def _default(name: str, priority: int, direction: Direction, source: str, destination: str) -> Rule:
    ends = [TAGS.get(tag.lower(), (EVERYWHERE, "")) for tag in (source, destination)]
    doubt = "; ".join(dict.fromkeys(doubt for _, doubt in ends if doubt))
    sides = [Range(addresses) for addresses, _ in ends]
    allow = not name.startswith("Deny")
    return Rule(name, priority, direction, allow, ANY, sides[0], sides[1], f"default rule {name}", doubt)


DEFAULTS = (
    _default("AllowVnetInBound", 65000, Direction.INBOUND, "VirtualNetwork", "VirtualNetwork"),
    _default("AllowAzureLoadBalancerInBound", 65001, Direction.INBOUND, "AzureLoadBalancer", "*"),
    _default("DenyAllInBound", 65500, Direction.INBOUND, "*", "*"),
    _default("AllowVnetOutBound", 65000, Direction.OUTBOUND, "VirtualNetwork", "VirtualNetwork"),
    _default("AllowInternetOutBound", 65001, Direction.OUTBOUND, "*", "Internet"),
    _default("DenyAllOutBound", 65500, Direction.OUTBOUND, "*", "*"),
)
"""The rules that every security group has."""


def possible(family: int) -> ServiceSet:
    """The services that can exist in an address family (4 or 6)."""
    return _POSSIBLE[family]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a flow: the application security groups of its interface, the security groups that filter
    it, its family, the set of addresses that it stands for (None where its address is not known), and the
    virtual network whose admin rules it is under, if any."""

    groups: frozenset[str]
    filters: tuple[str, ...]
    family: int
    atom: Addresses | None = None
    network: str | None = None

    @staticmethod
    def at(
        address: str | IPv4Address | IPv6Address,
        groups: Iterable[str] = (),
        filters: Iterable[str] = (),
        network: str | None = None,
    ) -> End:
        """An end with one known address.

        >>> End.at("10.0.0.5", filters=["nsg"]).family
        4
        """
        where = ip_address(address)
        return End(frozenset(groups), tuple(filters), where.version, Addresses.of(where), network)


class Enforcement:
    """Answers for one state."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._rules: dict[tuple[str, Direction], tuple[Rule, ...]] = {}
        self._why: dict[str, tuple[str, ...]] = {}

    def rules(self, key: str, direction: Direction) -> tuple[Rule, ...]:
        """What decides in one direction, the first to match first, up to a rule that matches everything."""
        if (key, direction) not in self._rules:
            group = self.state.groups.get(key)
            own = sorted((r for r in (group.rules if group else ())), key=lambda r: r.order)
            found = []
            for rule in (*own, *DEFAULTS):
                if rule.direction is direction:
                    found.append(rule)
                    if total(rule):
                        break
            self._rules[key, direction] = tuple(found)
        return self._rules[key, direction]

    def why(self, key: str) -> tuple[str, ...]:
        """Why it is not certain what a security group lets pass; nothing where it is."""
        if key not in self._why:
            self._why[key] = tuple(self._doubts(key))
        return self._why[key]

    def _doubts(self, key: str) -> Iterable[str]:
        group = self.state.groups.get(key)
        if group is None:
            yield "it lives elsewhere and its rules were not read"
            return
        yield from group.doubts
        for direction in Direction:
            asked = self.rules(key, direction)
            for rule in asked:
                if rule.doubt:
                    yield f"{rule.where}: {rule.doubt}"
            last, decided = asked[-1].priority, dict[int, str]()
            for rule in (r for r in group.rules if r.direction is direction and r.priority <= last):
                if rule.priority in decided:
                    yield f"{rule.where} has the priority of {decided[rule.priority]}"
                decided[rule.priority] = rule.where

    def admin(self, network: str | None, direction: Direction) -> tuple[Rule, ...]:
        """The security admin rules of a virtual network in one direction, the first to be asked first."""
        if network is None or network not in self.state.admin:
            return ()
        found = (r for r in self.state.admin[network].rules if r.direction is direction)
        return tuple(sorted(found, key=lambda r: r.order))

    def why_admin(self, network: str | None) -> tuple[str, ...]:
        """Why it is not certain what the admin rules of a virtual network decide; nothing where it is."""
        if network is None or network not in self.state.admin:
            return ()
        held = self.state.admin[network]
        doubts = [*held.doubts, *(f"{rule.where}: {rule.doubt}" for rule in held.rules if rule.doubt)]
        for direction in Direction:
            for one, two in combinations(self.admin(network, direction), 2):
                if one.priority == two.priority and _contrary(one, two):
                    doubts.append(f"{two.where} has the priority of {one.where}, and decides otherwise")
        return tuple(dict.fromkeys(doubts))

    def cuts(self) -> list[Addresses]:
        """Every address set that a rule names, each once, sorted by text, and the host's."""
        rules = (
            *(r for key in self.state.groups for d in Direction for r in self.rules(key, d)),
            *(r for held in self.state.admin.values() for r in held.rules),
        )
        sides = (side for rule in rules for side in (rule.source, rule.destination))
        return sorted({HOST, *(side.addresses for side in sides if isinstance(side, Range))}, key=str)

    def reaches(self, src: End, dst: End) -> ServiceSet:
        """The services that pass from one end to the other.

        Raises ValueError where the ends are of two address families, or an atom is cut by a rule's range.
        """
        if src.family != dst.family:
            raise ValueError(f"a flow has one address family, not {src.family} and {dst.family}")
        passed = possible(src.family)
        for end, direction in ((src, Direction.OUTBOUND), (dst, Direction.INBOUND)):
            always, asked = NOTHING, ANY
            for rule, hit in _hits(self.admin(end.network, direction), src, dst):
                always |= hit if rule.allow and rule.final else NOTHING
                asked -= hit if rule.final else NOTHING
            for key in end.filters:
                asked &= self._passes(key, direction, src, dst)
            passed &= always | asked
        return passed

    def _passes(self, key: str, direction: Direction, src: End, dst: End) -> ServiceSet:
        hits = _hits(self.rules(key, direction), src, dst)
        return ServiceSet.union(hit for rule, hit in hits if rule.allow)


def _hits(rules: Iterable[Rule], src: End, dst: End) -> Iterator[tuple[Rule, ServiceSet]]:
    """The rules that match, each with the services that none before it has decided about."""
    left = ANY
    for rule in rules:
        if matches(rule.source, src) and matches(rule.destination, dst):
            yield rule, rule.services & left
            left -= rule.services


def _contrary(one: Rule, two: Rule) -> bool:
    """Do two rules decide otherwise about some flow?"""
    if (one.allow, one.final) == (two.allow, two.final) or not one.services.overlaps(two.services):
        return False
    sides = ((one.source, two.source), (one.destination, two.destination))
    return all(
        not (isinstance(a, Range) and isinstance(b, Range)) or a.addresses.overlaps(b.addresses)
        for a, b in sides
    )


def total(rule: Rule) -> bool:
    """Does a rule match everything, for certain?"""
    sides = (rule.source, rule.destination)
    whole = all(isinstance(side, Range) and side.addresses == EVERYWHERE for side in sides)
    return whole and rule.services == ANY and not rule.doubt


def matches(side: Side, end: End) -> bool:
    """Is somebody an end that a rule names? An unknown address is in a range only if that is its whole
    family. Raises ValueError where a range holds an atom in part."""
    if isinstance(side, Members):
        return not side.groups.isdisjoint(end.groups)
    if end.atom is None:
        return side.addresses.family(end.family) == EVERYWHERE.family(end.family)
    if end.atom <= side.addresses:
        return True
    if end.atom.overlaps(side.addresses):
        raise ValueError(
            f"the addresses {end.atom} are partly inside {side.addresses}; refine them by cuts()"
        )
    return False
