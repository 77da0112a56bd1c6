"""What to build on AWS, before it has names: groups, rules and memberships of every target.

The two encodings differ in one place only, `_Encoding`: a key becomes a security group of its own (`groups`),
or every set of keys that some interface carries becomes one (`cells`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from segkit.intent.boxes import Piece
from segkit.intent.engine import Intent
from segkit.intent.population import Population
from segkit.model.model import Target
from segkit.model.policy import Rule
from segkit.model.workloads import Interface, Workload
from segkit.platforms.aws.lower.carrying import Key, held_keys, split_interfaces
from segkit.platforms.aws.lower.peers import Peers, PeerWriter
from segkit.platforms.aws.lower.services import SCTP, Range, ranges, rare_count, sctp_ports, without_rare
from segkit.platforms.aws.lower.sides import Direction, SideRule, Sides
from segkit.platforms.aws.placement import AwsPlacement
from segkit.platforms.base import Residual
from segkit.sets import ANY, Addresses, ServiceSet


@dataclass(frozen=True, slots=True)
class GroupId:
    """A security group to be: the interfaces of a target that all of `pieces` hold; none of them: no flows at
    all."""

    target: str
    pieces: tuple[Piece, ...]
    cell: bool = False


@dataclass(frozen=True, slots=True)
class ListId:
    """A managed prefix list to be: one family of a named address set."""

    target: str
    name: str
    family: int


Peer = GroupId | ListId | str
"""The far end of one AWS rule; a text is a CIDR."""


@dataclass(frozen=True, slots=True)
class LineId:
    """What makes an AWS rule the same rule: group, direction, peer, protocol and where its range starts."""

    group: GroupId
    direction: Direction
    peer: Peer
    protocol: str
    start: int | None
    code: int | None = None


@dataclass(slots=True)
class Line:
    """One AWS rule: the end of its range, and every rule or posture it serves."""

    id: LineId
    end: int | None
    origins: dict[str, Rule | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Carried:
    """The groups an interface of a workload carries."""

    target: str
    workload: Workload
    interface: Interface
    groups: tuple[GroupId, ...]


@dataclass(slots=True)
class Plan:
    """All of it, for every AWS target of a model."""

    groups: dict[str, set[GroupId]] = field(default_factory=dict)
    lines: dict[LineId, Line] = field(default_factory=dict)
    lists: dict[ListId, Addresses] = field(default_factory=dict)
    carried: list[Carried] = field(default_factory=list)
    hints: dict[Piece, set[str]] = field(default_factory=lambda: defaultdict(set))
    residuals: list[Residual] = field(default_factory=list)


def make_plan(
    intent: Intent, targets: Sequence[Target], placements: Mapping[str, AwsPlacement], writer: PeerWriter
) -> Plan:
    """Plans all targets together: a rule between two of them is opened on both."""
    plan = Plan(groups={t.name: set() for t in targets})
    sides = Sides(intent)
    written: list[tuple[Target, SideRule, Peers]] = []
    for direction in ("egress", "ingress"):  # egress first: see PeerWriter
        for target in targets:
            shared = placements[target.name].membership == "shared"
            rules = [r for r in sides.of(target, direction, shared) if writer.held(target.name, r.own)]
            together: dict[object, list[Piece]] = defaultdict(list)
            for rule in rules:
                together[rule.own, rule.services, rule.families].append(rule.peer)
            for rule in rules:
                beside = together[rule.own, rule.services, rule.families]
                peers = writer.write(target, rule, beside)
                if peers.references or peers.addresses:
                    written.append((target, rule, peers))
    for _, rule, peers in written:
        for piece in (rule.own, *(k.piece for k in peers.references)):
            plan.hints[piece].add(piece.hint)
    encoding = _Encoding(intent.population, targets, placements, written)
    plan.carried = encoding.carried
    for carried in plan.carried:
        plan.groups[carried.target].update(carried.groups)
    for target, rule, peers in written:
        _add_lines(plan, intent, target, placements[target.name], rule, peers, encoding)
        plan.residuals += split_interfaces(target, rule, intent.population)
    plan.residuals += writer.residuals
    return plan


class _Encoding:
    """From keys to security groups."""

    def __init__(
        self,
        population: Population,
        targets: Sequence[Target],
        placements: Mapping[str, AwsPlacement],
        written: Iterable[tuple[Target, SideRule, Peers]],
    ) -> None:
        self._placements = placements
        keys: dict[Key, None] = {}
        for target, rule, peers in written:
            keys[Key(target.name, rule.own)] = None
            keys.update(dict.fromkeys(peers.references))
        self._cells: dict[Key, dict[GroupId, None]] = {k: {} for k in keys}
        self.carried = [c for t in targets for c in self._carry(t, population)]

    def groups(self, key: Key) -> tuple[GroupId, ...]:
        """The security groups that together hold a key's interfaces."""
        if self._placements[key.target].encoding == "cells":
            return tuple(self._cells[key])
        return (GroupId(key.target, (key.piece,)),)

    def _carry(self, target: Target, population: Population) -> Iterator[Carried]:
        here = self._placements[target.name]
        for workload, interface, held in held_keys(tuple(self._cells), target, population):
            groups = tuple(GroupId(target.name, (k.piece,)) for k in held)
            if here.encoding == "cells" and held:
                cell = GroupId(target.name, tuple(sorted({k.piece for k in held}, key=str)), cell=True)
                groups = (cell,)
                for key in held:
                    self._cells[key][cell] = None
            if not groups and here.membership == "exclusive":
                # An interface without groups gets the VPC's default group, which lets its members talk.
                groups = (GroupId(target.name, ()),)
            yield Carried(target.name, workload, interface, groups)


def _add_lines(
    plan: Plan,
    intent: Intent,
    target: Target,
    here: AwsPlacement,
    rule: SideRule,
    peers: Peers,
    encoding: _Encoding,
) -> None:
    services = _expressible(plan, target, rule)
    named = {s.addresses: s.name for s in intent.model.address_sets if s.name in here.prefix_lists}
    references = [g for k in peers.references for g in encoding.groups(k)]
    for reference in references:
        plan.groups[reference.target].add(reference)
    for group in encoding.groups(Key(target.name, rule.own)):
        plan.groups[target.name].add(group)
        for piece in ranges(services):
            for reference in references:
                _add(plan, group, rule, piece, reference)
            for family in sorted(rule.families):
                inside = peers.addresses.family(family)
                if not inside or piece.family not in (None, family):
                    continue
                if peers.addresses in named:
                    listed = ListId(target.name, named[peers.addresses], family)
                    plan.lists[listed] = inside
                    _add(plan, group, rule, piece, listed)
                    continue
                for cidr in inside.cidrs():
                    _add(plan, group, rule, piece, str(cidr))


def _add(plan: Plan, group: GroupId, rule: SideRule, piece: Range, peer: Peer) -> None:
    code = piece.end if piece.protocol in ("icmp", "icmpv6") else None
    key = LineId(group, rule.direction, peer, piece.protocol, piece.start, code)
    line = plan.lines.setdefault(key, Line(key, piece.end))
    if line.end is not None and piece.end is not None and code is None:
        line.end = max(line.end, piece.end)  # ranges that start together: the longer one covers the shorter
    line.origins[rule.origin] = rule.rule


def _expressible(plan: Plan, target: Target, rule: SideRule) -> ServiceSet:
    """The services as this target may write them, noting what an accepted or a needed residual changes."""
    services = rule.services
    accepted = {a.residual for a in target.accepted}
    if sctp_ports(services):
        extent = "security groups cannot tell SCTP ports apart, so every SCTP port passes"
        plan.residuals.append(
            rule.residual(target.name, "sctp-ports", extent, "opens", services=ANY.restrict((SCTP,)))
        )
    if "other-protocols" in accepted and rare_count(services):
        extent = "protocols other than tcp, udp, icmp, icmpv6, sctp, gre, esp and ah stay closed"
        plan.residuals.append(rule.residual(target.name, "other-protocols", extent, "closes"))
        services = without_rare(services)
    return services
