"""What to build on Google Cloud, before it has names: tags, rules and who carries which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import chain

from segkit.errors import Problem
from segkit.intent.boxes import Piece
from segkit.intent.engine import Intent
from segkit.model.model import Model, Target
from segkit.model.policy import Action, Rule
from segkit.platforms.base import Residual
from segkit.platforms.google.lower.above import ADMIN, AdminGroups, drafted_above, worn
from segkit.platforms.google.lower.ground import grounds
from segkit.platforms.google.lower.services import partial, rare, sayable
from segkit.platforms.google.placement import GooglePlacement
from segkit.platforms.lowering.as_written import denies
from segkit.platforms.lowering.carrying import Key
from segkit.platforms.lowering.draft import Draft, make_draft
from segkit.platforms.lowering.encoding import Carried, Encoding, GroupId, Groups
from segkit.platforms.lowering.ground import Direction
from segkit.platforms.lowering.names import digest
from segkit.platforms.lowering.peers import Peers
from segkit.platforms.lowering.sides import SideRule
from segkit.sets import NOTHING, NOWHERE, Addresses, ServiceSet


@dataclass(slots=True)
class Line:
    """One rule. `identity` is what makes it the same rule whatever else changes, `now` the same in the names
    of today; `ranges` hold one address family, or there are `sources` instead. All allow, but for some of a
    hierarchical policy."""

    identity: str
    now: str
    target: str
    direction: Direction
    targets: tuple[GroupId, ...]
    sources: tuple[GroupId, ...]
    ranges: Addresses
    services: ServiceSet
    family: int | None
    origin: str
    rule: Rule | None
    action: Action = "allow"


@dataclass(slots=True)
class Plan:
    """All of it, for every Google Cloud target of a model, by target. `above` are the lines of hierarchical
    policies, and `hints_above` the ends that their groups were cut from."""

    groups: Mapping[str, set[GroupId]]
    lines: Mapping[str, list[Line]]
    carried: Mapping[str, Sequence[Carried]]
    hints: Mapping[Piece, set[str]]
    encodings: Mapping[str, Encoding] = field(default_factory=dict)
    above: Mapping[str, list[Line]] = field(default_factory=dict)
    hints_above: Mapping[Piece, set[str]] = field(default_factory=dict)

    def every(self, target: str) -> list[Line]:
        """The lines of a target, wherever they are written."""
        return [*self.lines[target], *self.above.get(target, ())]

    def block(self, group: GroupId) -> Hashable:
        """What tells the tag key of a group from other keys: a machine has one value of a key."""
        if not group.pieces:
            return "enforced"
        return "admin" if group.shard == ADMIN else self.encodings[group.target].block(group.pieces[0])


def enforced(target: str) -> GroupId:
    """The tag that interfaces of a target carry for which what no rule opens is closed."""
    return GroupId(target, ())


@dataclass(frozen=True)
class GoogleDraft(Draft):
    """What targets have to open, and what hierarchical policies say `above` them; `warnings` are about those,
    by target."""

    above: Draft
    warnings: Mapping[str, tuple[Problem, ...]]


def drafted(
    intent: Intent, targets: Sequence[Target], placements: Mapping[str, GooglePlacement]
) -> GoogleDraft:
    """What every target has to open."""
    ground = grounds(targets, placements)
    below = make_draft(intent, targets, ground, _expressible)
    held = {one.name: getattr(below, one.name) for one in fields(below)}
    above, warnings = drafted_above(intent, targets, ground, placements)
    return GoogleDraft(**held, above=above, warnings=warnings)


def make_plan(draft: GoogleDraft, encodings: Mapping[str, Encoding]) -> Plan:
    """The plan of a draft, with an encoding for each target."""
    groups = Groups(draft.intent.population, draft.targets, draft.grounds, encodings, draft.keys)
    higher = AdminGroups(draft.above)
    carried = {
        name: _with_closing(higher.beside(name, held), name, draft) for name, held in groups.carried.items()
    }
    used = {name: worn(held) for name, held in carried.items()}
    lines = {t.name: list(_lines(t.name, draft, groups)) for t in draft.targets}
    above = {t.name: list(_lines(t.name, draft.above, higher)) for t in draft.above.targets}
    for line in chain(*lines.values(), *above.values()):
        for group in (*line.targets, *line.sources):
            used[group.target].add(group)
    for name, held in carried.items():
        if held:
            used[name].add(enforced(name))
    return Plan(used, lines, carried, draft.hints, encodings, above, draft.above.hints)


def _with_closing(carried: Iterable[Carried], target: str, draft: Draft) -> tuple[Carried, ...]:
    """What interfaces carry, with the tag that closes: all but those that are watched beside others."""
    model, tag, alone = draft.intent.model, enforced(target), draft.grounds[target].alone
    worn: dict[tuple[GroupId, ...], tuple[GroupId, ...]] = {}  # shared by many interfaces
    out = []
    for one in carried:
        if alone or model.mode_of(one.workload.label_map) != "visibility":
            one = replace(one, groups=worn.setdefault(one.groups, (*one.groups, tag)))
        out.append(one)
    return tuple(out)


def _expressible(target: Target, rule: SideRule) -> tuple[SideRule, list[Residual]]:
    """The rule with the services that this target will write, and what a residual changes."""
    services, residuals = rule.services, []
    for name, every in partial(services).items():
        extent = f"{every} passes as a whole"
        residuals.append(rule.residual(target.name, name, extent, "opens", services=every))
        services |= every
    if (odd := rare(services)) and any(a.residual == "other-protocols" for a in target.accepted):
        extent = "protocols other than tcp, udp, icmp, icmpv6, sctp, gre, esp and ah stay closed"
        residuals.append(rule.residual(target.name, "other-protocols", extent, "closes", services=odd))
        services -= odd
    return (rule if services is rule.services else replace(rule, services=services)), residuals


def _lines(target: str, draft: Draft, groups: Groups) -> Iterator[Line]:
    """The rules of one target: what one rule of a policy opens between the same two ends is one rule here."""
    names = dict(_before(draft.intent.model))
    alike: dict[str, list[tuple[Line, SideRule]]] = defaultdict(list)
    for rule, peers, services in _merged(draft.by_target[target]):
        for line in _written(target, rule, peers, services, groups):
            ends = rule.own.hint, rule.peer.hint
            way, kind = f"{rule.origin}|{rule.direction}", line.now
            line.now = "|".join((way, *ends, kind))
            base = "|".join((way, *(names.get(hint, hint) for hint in ends), kind)) if names else line.now
            alike[base].append((line, rule))
    for base, found in sorted(alike.items()):
        for line, rule in found:
            rest = "" if len(found) == 1 else f"|{digest(_inside(line, rule), 16)}"
            line.identity, line.now = base + rest, line.now + rest
            yield line


def _merged(
    written: Iterable[tuple[SideRule, Peers]],
) -> Iterator[tuple[SideRule, Peers, ServiceSet]]:
    """What one rule opens between the same two ends, with all its services."""
    near: dict[tuple[str, Direction], list[tuple[SideRule, Peers]]] = defaultdict(list)
    for rule, peers in written:
        near[rule.origin, rule.direction].append((rule, peers))
    for found in near.values():
        if len(found) == 1:  # nearly always: nothing to compare
            yield *found[0], found[0][0].services
            continue
        merged: dict[tuple[SideRule, Peers], ServiceSet] = {}
        for rule, peers in found:
            place = replace(rule, services=NOTHING), peers
            merged[place] = merged.get(place, NOTHING) | rule.services
        for (rule, peers), services in merged.items():
            yield rule, peers, services


def _inside(line: Line, rule: SideRule) -> str:
    """What tells a rule from others between ends of the same names."""
    return f"{rule.own.order()}|{rule.peer.order()}|{line.ranges}|{line.services}"


def _before(model: Model) -> Iterator[tuple[str, str]]:
    """Ends whose names changed in code: a rule that speaks of them stays the same rule."""
    for group in model.groups:
        if group.moved_from:
            yield f"group:{group.name}", f"group:{group.moved_from}"
    for zone in model.zones:
        if zone.moved_from:
            yield f"zone:{zone.name}", f"zone:{zone.moved_from}"
            yield f"network:{zone.name}", f"network:{zone.moved_from}"


def _written(
    target: str, rule: SideRule, peers: Peers, services: ServiceSet, groups: Groups
) -> Iterator[Line]:
    """A rule by tags and one for each address family: ranges of two families do not go together."""
    holders = groups.of(Key(target, rule.own))
    if not holders:
        return  # without targets it would speak of everybody
    ways: list[tuple[str, tuple[GroupId, ...], Addresses, int | None]] = []
    if peers.references:
        sources = tuple(dict.fromkeys(chain.from_iterable(map(groups.of, peers.references))))
        ways.append(("tags", sources, NOWHERE, None))
    if peers.addresses:
        ways += [(f"v{f}", (), peers.addresses.family(f), f) for f in sorted(rule.families)]
    for name, named, ranges, family in ways:
        if (named or ranges) and sayable(services, family):
            place = "", name, target, rule.direction
            action: Action = "deny" if denies(rule) else "allow"
            yield Line(*place, holders, named, ranges, services, family, rule.origin, rule.rule, action)
