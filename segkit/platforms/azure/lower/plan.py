"""What to build on Azure, before it has names: which security groups there are, and the lines in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from segkit.intent.boxes import FAMILIES, Piece
from segkit.model.model import Model, Target
from segkit.model.policy import Rule
from segkit.platforms.azure.lower.above import AdminLine
from segkit.platforms.azure.lower.placing import ON_INTERFACES, Placing
from segkit.platforms.azure.lower.services import Protocol, parts
from segkit.platforms.azure.lower.sharing import Shared
from segkit.platforms.azure.placement import AzurePlacement
from segkit.platforms.lowering.as_written import RANKS, rank
from segkit.platforms.lowering.carrying import Key
from segkit.platforms.lowering.draft import Draft
from segkit.platforms.lowering.encoding import Carried, Encoding, GroupId, Groups
from segkit.platforms.lowering.ground import Direction
from segkit.platforms.lowering.names import digest
from segkit.platforms.lowering.peers import Peers
from segkit.platforms.lowering.sides import SideRule
from segkit.sets import EVERYWHERE, INTERNET, NOWHERE, Addresses, IntervalSet

ANYBODY = "any"
"""The name of every address of a family, and of both."""


@dataclass(frozen=True, slots=True)
class At:
    """A far end given by address: the name of a declared set, or a hash of the addresses; its family, 0 where
    it is every address of both."""

    name: str
    family: int


Peer = GroupId | At


class LineId(NamedTuple):
    """What makes a rule the same rule: whose it is, direction, far end and protocol; and where rules have an
    order, its place in `RANKS`. One is made for every rule, to be looked up."""

    own: GroupId
    direction: Direction
    peer: Peer
    protocol: Protocol
    rank: int | None = None

    @property
    def denies(self) -> bool:
        """Is it a deny?"""
        return self.rank is not None and RANKS[self.rank].endswith("deny")


@dataclass(slots=True)
class Line:
    """One rule: its ports, the addresses of its far end, and every policy rule or posture it serves."""

    id: LineId
    ports: IntervalSet
    addresses: Addresses
    origins: dict[str, Rule | None] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """All of it, for every Azure target of a model: application security groups, lines and carried groups by
    target; the subnets where an interface (target, workload, interface) may be, and for each group those
    where interfaces may carry it. `above` are security admin rules, and `shared` who writes what they share.
    """

    groups: dict[str, set[GroupId]] = field(default_factory=dict)
    lines: dict[LineId, Line] = field(default_factory=dict)
    lines_of: dict[tuple[GroupId, Direction], list[Line]] = field(default_factory=lambda: defaultdict(list))
    carried: Mapping[str, Sequence[Carried]] = field(default_factory=dict)
    hints: Mapping[Piece, set[str]] = field(default_factory=dict)
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where: dict[tuple[str, str, str], tuple[str, ...]] = field(default_factory=dict)
    places: dict[GroupId, set[str]] = field(default_factory=lambda: defaultdict(set))
    above: Mapping[str, Sequence[AdminLine]] = field(default_factory=dict)
    shared: Mapping[str, Shared] = field(default_factory=dict)

    def lines_in(self, target: str, subnet: str, direction: Direction) -> list[Line]:
        """The lines of one security group in one direction."""
        return [
            line
            for own in self.groups[target]
            if subnet in self.places.get(own, ())
            for line in self.lines_of.get((own, direction), ())
        ]


def make_plan(
    draft: Draft,
    placements: Mapping[str, AzurePlacement],
    placing: Placing,
    encodings: Mapping[str, Encoding],
) -> Plan:
    """The plan of a draft, with an encoding for each target."""
    plan = Plan(groups={t.name: set() for t in draft.targets}, hints=draft.hints)
    groups = Groups(draft.intent.population, draft.targets, draft.grounds, encodings, draft.keys)
    plan.carried = groups.carried
    plan.filters = {t.name: _filters(t.name, placements, placing) for t in draft.targets}
    for name, worn in groups.worn.items():
        plan.groups[name] |= worn
    for name, held in plan.carried.items():
        for carried in held:
            where = placing.of(name, carried.workload, carried.interface)
            plan.where[name, carried.workload.name, carried.interface.name] = where
            for group in carried.groups:
                plan.places[group].update(where)
    names = dict(_set_names(draft.intent.model))
    for target, rule, peers in draft.written:
        place = rank(rule) if placements[target.name].tiers == "bands" else None
        _add_lines(plan, target, rule, peers, groups, names, place)
    return plan


def _filters(target: str, placements: Mapping[str, AzurePlacement], placing: Placing) -> tuple[str, ...]:
    """The subnets whose security groups get rules, or what stands for one on interfaces."""
    subnets, untouched = placements[target].subnets, placing.untouched.get(target, frozenset())
    filters = dict.fromkeys(placements[target].filter(name) for name in subnets)
    return tuple(n for n in filters if n not in untouched) if subnets else (ON_INTERFACES,)


def _set_names(model: Model) -> Iterator[tuple[Addresses, str]]:
    """Names of address sets; where several are equal, the first by name counts. A name that could also mean
    other addresses, in a rule's name or but for its case, is nobody's."""
    zones = sorted(model.zones, key=lambda z: z.name, reverse=True)
    sets = sorted(model.address_sets, key=lambda s: s.name, reverse=True)
    named = [
        (INTERNET, "internet"),
        *((zone.networks, f"zone-{zone.name}") for zone in zones if zone.networks),
        *((one.addresses, one.name) for one in sets),
    ]
    meant = {ANYBODY: EVERYWHERE}
    for addresses, name in named:
        if meant.setdefault(name.lower(), addresses) == addresses:
            yield addresses, name


def _add_lines(
    plan: Plan,
    target: Target,
    rule: SideRule,
    peers: Peers,
    groups: Groups,
    names: Mapping[Addresses, str],
    place: int | None,
) -> None:
    references = [g for k in peers.references for g in groups.of(k)]
    for reference in references:
        plan.groups[reference.target].add(reference)
    far: list[tuple[Peer, Addresses]] = [(reference, NOWHERE) for reference in references]
    far += _ranges(peers.addresses, rule.families, names)
    for own in groups.of(Key(target.name, rule.own)):
        plan.groups[target.name].add(own)
        for part in parts(rule.services, rule.families):
            for peer, addresses in far:
                if part.protocol == "Icmp" and isinstance(peer, At) and peer.family == 6:
                    continue  # there is none in IPv6
                key = LineId(own, rule.direction, peer, part.protocol, place)
                line = plan.lines.get(key)
                if line is None:
                    line = plan.lines[key] = Line(key, part.ports, addresses)
                    plan.lines_of[own, rule.direction].append(line)
                else:
                    line.ports |= part.ports
                line.origins[rule.origin] = rule.rule


def _ranges(
    addresses: Addresses, families: frozenset[int], names: Mapping[Addresses, str]
) -> list[tuple[Peer, Addresses]]:
    """A far end's addresses, one family at a time: no rule may mix them (see `limits`, [IPV6])."""
    if addresses == EVERYWHERE and families == FAMILIES:
        return [(At(ANYBODY, 0), EVERYWHERE)]
    found: list[tuple[Peer, Addresses]] = []
    for family in sorted(families) if addresses else ():
        if inside := addresses.family(family):
            whole = inside == EVERYWHERE.family(family)
            name = names.get(addresses) or names.get(inside) or digest(str(inside), 10)
            found.append((At(ANYBODY if whole else name, family), inside))
    return found
