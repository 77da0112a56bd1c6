"""What to build on AWS, before it has names: a draft of what to open, then groups, rules and memberships."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import NamedTuple

from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.model.policy import Rule
from segkit.platforms.aws.lower.ground import grounds
from segkit.platforms.aws.lower.services import SCTP, ranges, rare_count, sctp_ports, without_rare
from segkit.platforms.aws.placement import AwsPlacement
from segkit.platforms.base import Residual
from segkit.platforms.lowering import draft as drafting
from segkit.platforms.lowering.carrying import Key
from segkit.platforms.lowering.encoding import Carried, Encoding, GroupId, Groups
from segkit.platforms.lowering.ground import Direction
from segkit.platforms.lowering.sides import SideRule
from segkit.sets import ANY, Addresses

KEPT = 64
"""So many encodings of targets are kept with their groups."""


@dataclass(frozen=True, slots=True)
class ListId:
    """A managed prefix list to be: one family of a named address set."""

    target: str
    name: str
    family: int


Peer = GroupId | ListId | str
"""The far end of one AWS rule; a text is a CIDR."""


class LineId(NamedTuple):
    """What makes an AWS rule the same rule: group, direction, peer, protocol and where its range starts. One
    is made for every rule, to be looked up."""

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


@dataclass(slots=True)
class Plan:
    """All of it, for every AWS target of a model; `lines_of` and `carried` by target."""

    groups: dict[str, set[GroupId]] = field(default_factory=dict)
    lines: dict[LineId, Line] = field(default_factory=dict)
    lines_of: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    lists: dict[ListId, Addresses] = field(default_factory=dict)
    carried: Mapping[str, Sequence[Carried]] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft(drafting.Draft):
    """A draft with the placements of its targets."""

    placements: Mapping[str, AwsPlacement]

    @cached_property
    def keys_of(self) -> Mapping[str, tuple[Key, ...]]:
        """Every group that is spoken of, by target."""
        out: dict[str, list[Key]] = {t.name: [] for t in self.targets}
        for key in self.keys:
            out[key.target].append(key)
        return {name: tuple(keys) for name, keys in out.items()}

    @cached_property
    def _listed(self) -> dict[str, Mapping[Addresses, str]]:
        return {}

    def listed(self, target: str) -> Mapping[Addresses, str]:
        """The address sets that a target names as prefix lists."""
        if target not in self._listed:
            wanted = self.placements[target].prefix_lists
            sets = self.intent.model.address_sets
            self._listed[target] = {s.addresses: s.name for s in sets if s.name in wanted}
        return self._listed[target]

    @cached_property
    def _groups(self) -> dict[tuple[str, Encoding], Groups]:
        return {}

    def groups(self, target: Target, encoding: Encoding) -> Groups:
        """The groups of a target with an encoding; kept, because a search changes one target at a time."""
        place = target.name, encoding
        if place not in self._groups:
            if len(self._groups) >= KEPT:
                self._groups.clear()
            self._groups[place] = Groups(
                self.intent.population,
                (target,),
                self.grounds,
                {target.name: encoding},
                self.keys_of[target.name],
            )
        return self._groups[place]

    @cached_property
    def referred(self) -> Counter[Key]:
        """How many rules name each key as their far end."""
        out: Counter[Key] = Counter()
        for _, rule, peers in self.written:
            for key in peers.references:
                out[key] += len(ranges(rule.services))
        return out


def make_draft(intent: Intent, targets: Sequence[Target], placements: Mapping[str, AwsPlacement]) -> Draft:
    """Drafts all targets together: a rule between two of them is opened on both."""
    made = drafting.make_draft(intent, targets, grounds(targets, placements), _expressible)
    return Draft(**{f.name: getattr(made, f.name) for f in fields(made)}, placements=placements)


def _expressible(target: Target, rule: SideRule) -> tuple[SideRule, list[Residual]]:
    """The rule with the services that this target will write, and what a residual changes.

    What else is decided about the rule (what reaches whom, what another residual opens) follows from these.
    """
    services, residuals = rule.services, list[Residual]()
    if sctp_ports(services):
        extent = "security groups cannot tell SCTP ports apart, so every SCTP port passes"
        every = ANY.restrict((SCTP,))
        residuals.append(rule.residual(target.name, "sctp-ports", extent, "opens", services=every))
        services |= every
    if any(a.residual == "other-protocols" for a in target.accepted) and rare_count(services):
        extent = "protocols other than tcp, udp, icmp, icmpv6, sctp, gre, esp and ah stay closed"
        rare = services - without_rare(services)
        residuals.append(rule.residual(target.name, "other-protocols", extent, "closes", services=rare))
        services -= rare
    return (rule if services is rule.services else replace(rule, services=services)), residuals
