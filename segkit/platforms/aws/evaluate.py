"""Who reaches whom, from the enforcement state alone.

Platform facts used here, with their sources:
- Rules allow, none denies; the rules of all groups of an interface are added up; without a rule in a
  direction nothing passes in that direction (Amazon VPC User Guide, "Security group rules").
- A flow needs the outbound rules of its source and the inbound rules of its destination; replies pass
  whatever the rules say (Amazon EC2 User Guide, "Security group connection tracking").
- A rule that names a group admits the private addresses of the interfaces that hold it, where both groups
  belong to one VPC or to peered VPCs (VPC User Guide, "Security group referencing"); otherwise the rule is
  stale and admits nothing (EC2 API reference, DescribeStaleSecurityGroups).
- A rule for one address family admits that family only: "anyone" is 0.0.0.0/0 together with ::/0 (VPC User
  Guide, same page).
- ICMP belongs to IPv4 and ICMPv6 to IPv6 (RFC 792, RFC 4443): the other combinations are no flows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from segkit.errors import Problem
from segkit.platforms.aws.state import Direction, Group, Holders, Opaque, Range, State
from segkit.sets.addresses import EVERYWHERE, Addresses
from segkit.sets.services import ANY, NOTHING, ServiceSet, icmp, icmpv6

_CERTAIN = re.compile(r"[\w-]+$|aws_vpc\.")
_POSSIBLE = {4: ANY - icmpv6(), 6: ANY - icmp()}


def possible(family: int) -> ServiceSet:
    """The services that can exist in an address family (4 or 6).

    >>> possible(4).contains(58, 128 << 8), possible(6).contains(58, 128 << 8)
    (False, True)
    """
    return _POSSIBLE[family]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a flow.

    `groups` are the groups on its interface, None where no security group filters it (it is no interface of a
    VPC). `atom` is the set of addresses that it stands for, None where its address is not known.
    """

    groups: frozenset[str] | None
    family: int
    atom: Addresses | None = None

    @staticmethod
    def at(groups: Iterable[str] | None, address: str | IPv4Address | IPv6Address) -> End:
        """An end with one known address.

        >>> End.at(["sg-1"], "10.0.0.5").family
        4
        """
        where = ip_address(address)
        return End(None if groups is None else frozenset(groups), where.version, Addresses.of(where))


class Enforcement:
    """Answers for one state. Answers are kept, so asking again costs a look-up.

    `notes` lists rules that admit nothing because the group they name is in a VPC that is not reachable by
    reference.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.notes: tuple[Problem, ...] = tuple(sorted(set(self._reaches())))
        self._why: dict[tuple[str, Direction | None], str] = {}
        self._by_group: dict[tuple[str, Direction], dict[str, ServiceSet]] = {}
        self._by_range: dict[tuple[str, Direction], dict[Addresses, ServiceSet]] = {}
        self._ranges: dict[tuple[str, Direction, Addresses | int], ServiceSet] = {}
        self._rows: dict[
            tuple[Direction, frozenset[str], frozenset[str], Addresses | None, int], ServiceSet
        ] = {}

    def cuts(self) -> list[Addresses]:
        """Every address set that a rule names, each once, sorted by text.

        An atom must lie wholly inside or wholly outside of each of them.
        """
        found = {
            rule.peer.addresses
            for group in self.state.groups.values()
            for direction in Direction
            for rule in group.permissions(direction)
            if isinstance(rule.peer, Range)
        }
        return sorted(found, key=str)

    def egress(
        self, groups: frozenset[str], peer_groups: frozenset[str], peer: Addresses | None, family: int
    ) -> ServiceSet:
        """What the outbound rules of `groups` admit to a peer that holds `peer_groups` and is at `peer`.

        A peer with None for its address is matched by ranges that are the whole family, and by its groups.
        Raises ValueError where a rule's range covers `peer` in part.
        """
        return self._row(Direction.EGRESS, groups, peer_groups, peer, family)

    def ingress(
        self, groups: frozenset[str], peer_groups: frozenset[str], peer: Addresses | None, family: int
    ) -> ServiceSet:
        """What the inbound rules of `groups` admit from a peer; arguments and errors as for `egress`."""
        return self._row(Direction.INGRESS, groups, peer_groups, peer, family)

    def admits(
        self, group: str, direction: Direction
    ) -> tuple[Mapping[str, ServiceSet], Mapping[Addresses, ServiceSet]]:
        """What one group admits in one direction: services by group that it names, and by address range."""
        by_group = self._index(group, direction)
        return by_group, self._by_range[group, direction]

    def reaches(self, src: End, dst: End) -> ServiceSet:
        """The services that pass from one end to the other: out of the source and into the destination.

        Raises ValueError where the ends are of two address families, or an atom is cut by a rule's range.
        """
        if src.family != dst.family:
            raise ValueError(f"a flow has one address family, not {src.family} and {dst.family}")
        none: frozenset[str] = frozenset()
        passed = possible(src.family)
        if src.groups is not None:
            passed = passed & self.egress(src.groups, dst.groups or none, dst.atom, src.family)
        if dst.groups is not None and passed:
            passed = passed & self.ingress(dst.groups, src.groups or none, src.atom, src.family)
        return passed

    def unknown(self, groups: Iterable[str], direction: Direction | None = None) -> tuple[str, ...]:
        """Those of the groups whose rules are not all known: what passes may be more than is said here.

        That is a group that lives elsewhere and was not read, or one with a rule whose peer cannot be told.
        """
        return tuple(sorted({key for key in groups if self.why(key, direction)}))

    def why(self, key: str, direction: Direction | None = None) -> str:
        """Why the rules of a group are not known, empty where they are."""
        asked = key, direction
        if asked not in self._why:
            self._why[asked] = self._find_why(key, direction)
        return self._why[asked]

    def _find_why(self, key: str, direction: Direction | None) -> str:
        group = self.state.groups.get(key)
        if group is None:
            return "it lives elsewhere and its rules were not read"
        if not group.known:
            return group.why or "its rules were not read"
        opaque: set[str] = set()
        afar: set[str] = set()
        for side in Direction if direction is None else (direction,):
            for rule in group.permissions(side):
                if isinstance(rule.peer, Opaque):
                    opaque.add(f"{rule.where}: {rule.peer.text}")
                elif isinstance(rule.peer, Holders) and not self._referable(group, rule.peer.group):
                    afar.add(f"{rule.where}: {rule.peer.group}")
        if opaque:
            return f"a rule's peer is not known ({'; '.join(sorted(opaque))})"
        # Either the platform refuses such a rule or somebody else has joined the two VPCs.
        far = f"a rule names a group of a VPC that is not known to be in reach ({'; '.join(sorted(afar))})"
        return far if afar else ""

    # Rows

    def _row(
        self,
        direction: Direction,
        groups: frozenset[str],
        peer_groups: frozenset[str],
        peer: Addresses | None,
        family: int,
    ) -> ServiceSet:
        key = (direction, groups, peer_groups, peer, family)
        known = self._rows.get(key)
        if known is None:
            found = NOTHING
            for group in sorted(groups):
                found = found | self._from_range(group, direction, peer, family)
                by_group = self._index(group, direction)
                for name in sorted(peer_groups & by_group.keys()):
                    found = found | by_group[name]
            known = self._rows[key] = found & possible(family)
        return known

    def _from_range(self, key: str, direction: Direction, peer: Addresses | None, family: int) -> ServiceSet:
        cached = self._ranges.get((key, direction, family if peer is None else peer))
        if cached is not None:
            return cached
        self._index(key, direction)
        found = NOTHING
        for addresses, services in self._by_range[key, direction].items():
            if peer is None:
                inside = addresses.family(family) == EVERYWHERE.family(family)
            else:
                inside = peer <= addresses
                if not inside and peer.overlaps(addresses):
                    raise ValueError(
                        f"the addresses {peer} are partly inside {addresses}; refine them by cuts()"
                    )
            if inside:
                found = found | services
        self._ranges[key, direction, family if peer is None else peer] = found
        return found

    def _index(self, key: str, direction: Direction) -> dict[str, ServiceSet]:
        """Services by referenced group. Also fills the services by range of the same group and direction."""
        if (key, direction) not in self._by_group:
            by_group: dict[str, ServiceSet] = {}
            by_range: dict[Addresses, ServiceSet] = {}
            group = self.state.groups.get(key)
            for rule in group.permissions(direction) if group else ():
                if isinstance(rule.peer, Range):
                    by_range[rule.peer.addresses] = by_range.get(rule.peer.addresses, NOTHING) | rule.services
                elif isinstance(rule.peer, Holders) and group and self._referable(group, rule.peer.group):
                    by_group[rule.peer.group] = by_group.get(rule.peer.group, NOTHING) | rule.services
            self._by_group[key, direction], self._by_range[key, direction] = by_group, by_range
        return self._by_group[key, direction]

    def _referable(self, group: Group, other: str) -> bool:
        """Whether a rule of `group` that names `other` matches anything: one VPC, or peered VPCs.

        Where two VPCs may be one (either is not known, or looked up) they are taken to be: the platform
        refuses a rule that names a group out of reach.
        """
        peer = self.state.groups.get(other)
        if peer is None or group.vpc is None or peer.vpc is None or other == group.key:
            return True
        if group.vpc == peer.vpc:
            return True
        pairs = {(a, b) for a in (group.vpc, *group.vpcs) for b in (peer.vpc, *peer.vpcs)}
        return any(not _two(a, b) or (min(a, b), max(a, b)) in self.state.peerings for a, b in pairs)

    def _reaches(self) -> Iterable[Problem]:
        """What has to be said of references between VPCs: those that admit nothing, and those that do only if
        two VPCs are one or joined, which nothing read tells."""
        for group in self.state.groups.values():
            for rule in (*group.ingress, *group.egress):
                if not isinstance(rule.peer, Holders):
                    continue
                if not self._referable(group, rule.peer.group):
                    yield Problem(
                        f"stale reference: {group.key} names {rule.peer.group}, which is in another VPC",
                        where=rule.where,
                        why="no active peering of the two VPCs in one region is known; it admits nothing",
                        fix="peer the VPCs, or name the addresses",
                    )
                    continue
                peer = self.state.groups.get(rule.peer.group)
                pair = sorted(str(g.vpc) for g in (group, peer) if g is not None and g.vpc is not None)
                if len(set(pair)) == 2 and (pair[0], pair[1]) not in self.state.peerings and not _two(*pair):
                    yield Problem(
                        f"assumed: {pair[0]} and {pair[1]} are one VPC, or peered",
                        why="a group of the one names a group of the other, which EC2 refuses elsewhere",
                    )


def _two(one: str, other: str) -> bool:
    """Are these certainly two VPCs? Ids are, and those that Terraform makes; what is looked up, passed in or
    an account's default may be any."""
    return one != other and all(map(_CERTAIN.match, (one, other)))
