"""A draft as groups, rules and memberships, with an encoding for each target."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from segkit.model.model import Target
from segkit.model.policy import Rule
from segkit.platforms.aws.lower.covering import Cover
from segkit.platforms.aws.lower.plan import Draft, Line, LineId, ListId, Peer, Plan
from segkit.platforms.aws.lower.services import Range, ranges
from segkit.platforms.aws.lower.shards import sharded
from segkit.platforms.lowering.carrying import Key
from segkit.platforms.lowering.encoding import Encoding, GroupId, Groups
from segkit.platforms.lowering.ground import Direction
from segkit.platforms.lowering.peers import Peers
from segkit.platforms.lowering.sides import SideRule

Origins = Mapping[str, Rule | None]
Far = dict[Key, dict[str, Rule | None]]
"""Far ends that a group opens for one range of one protocol, with what opens each."""
Together = dict[tuple[GroupId, Direction, Range], Far]
Named = Callable[[Key], tuple[GroupId, ...]]
"""The groups that say who is in a selector."""


def make_plan(draft: Draft, encodings: Mapping[str, Encoding]) -> Plan:
    """The plan of a draft, with an encoding for each target."""
    plan = Plan(groups={t.name: set() for t in draft.targets})
    groups = {t.name: draft.groups(t, encodings[t.name]) for t in draft.targets}
    plan.carried = {name: found.carried[name] for name, found in groups.items()}
    for name, found in groups.items():
        plan.groups[name] |= found.worn[name]
    covered = {name for name, encoding in encodings.items() if encoding.layers}
    covers = {t.name: Cover(draft, t, groups[t.name], encodings[t.name]) for t in draft.targets}
    _open(plan, draft, draft.written, groups, covered, covers)
    shards = {name: dict(e.shards) for name, e in encodings.items() if e.shards}
    limits = {name: draft.placements[name].quota("rules_per_group") for name in shards}
    return sharded(plan, draft.names, shards, limits)


def own_plan(draft: Draft, target: Target, groups: Mapping[str, Groups], covers: Mapping[str, Cover]) -> Plan:
    """The rules and memberships of one target with layers, none of its groups cut; `groups` and `covers` are
    those of every target."""
    plan = Plan(groups={t.name: set() for t in draft.targets})
    plan.carried = groups[target.name].carried
    written = [one for one in draft.written if one[0].name == target.name]
    _open(plan, draft, written, groups, {target.name}, covers)
    return plan


def _open(
    plan: Plan,
    draft: Draft,
    written: Iterable[tuple[Target, SideRule, Peers]],
    groups: Mapping[str, Groups],
    covered: Collection[str],
    covers: Mapping[str, Cover],
) -> None:
    together: Together = {}

    def named(key: Key) -> tuple[GroupId, ...]:
        return groups[key.target].of(key)

    for target, rule, peers in written:
        _add_lines(plan, draft, target, rule, peers, named, together if target.name in covered else None)
    for (group, direction, piece), far in together.items():
        by_target: dict[str, Far] = {}
        for key, opened in far.items():
            by_target.setdefault(key.target, {})[key] = opened
        for name, ends in by_target.items():
            for reference, origins in covers[name].of(ends):
                plan.groups[name].add(reference)
                _add(plan, group, direction, piece, reference, origins)


def _add_lines(
    plan: Plan,
    draft: Draft,
    target: Target,
    rule: SideRule,
    peers: Peers,
    groups: Named,
    together: Together | None,
) -> None:
    """What a side rule opens. References of targets with layers are collected first: far ends that together
    are fewer groups take fewer rules."""
    origins = {rule.origin: rule.rule}
    references = [] if together is not None else [g for k in peers.references for g in groups(k)]
    for reference in references:
        plan.groups[reference.target].add(reference)
    written = ranges(rule.services)
    for group in groups(Key(target.name, rule.own)):
        plan.groups[target.name].add(group)
        for piece in written:
            for reference in references:
                _add(plan, group, rule.direction, piece, reference, origins)
            if together is not None and peers.references:
                far = together.setdefault((group, rule.direction, piece), {})
                for key in peers.references:
                    far.setdefault(key, {}).update(origins)
            for family in sorted(rule.families) if peers.addresses else ():
                inside = peers.addresses.family(family)
                if not inside or piece.family not in (None, family):
                    continue
                named = draft.listed(target.name)
                if peers.addresses in named:
                    listed = ListId(target.name, named[peers.addresses], family)
                    plan.lists[listed] = inside
                    _add(plan, group, rule.direction, piece, listed, origins)
                    continue
                for cidr in inside.texts():
                    _add(plan, group, rule.direction, piece, cidr, origins)


def _add(
    plan: Plan, group: GroupId, direction: Direction, piece: Range, peer: Peer, origins: Origins
) -> None:
    code = piece.end if piece.protocol in ("icmp", "icmpv6") else None
    key = LineId(group, direction, peer, piece.protocol, piece.start, code)
    line = plan.lines.get(key)
    if line is None:
        line = plan.lines[key] = Line(key, piece.end, dict(origins))
        plan.lines_of[group.target].append(line)
        return
    if line.end is not None and piece.end is not None and code is None:
        line.end = max(line.end, piece.end)  # ranges that start together: the longer one covers the shorter
    line.origins.update(origins)
