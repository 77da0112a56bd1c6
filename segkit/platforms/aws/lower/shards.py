"""Groups with more rules than a quota allows, cut into several with the same members.

A rule's place hangs on what the rule is, so another rule moves none; how many places there are is pinned.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from segkit.platforms.aws.lower.plan import Line, LineId, ListId, Plan
from segkit.platforms.lowering.encoding import GroupId
from segkit.platforms.lowering.names import NO_FLOWS, GroupNames, digest


def group_name(names: GroupNames, group: GroupId) -> str:
    """What a group is called."""
    if not group.pieces:
        return NO_FLOWS
    parts = sorted(names.name(p) for p in group.pieces)
    name = parts[0] if len(parts) == 1 else f"cell-{digest(' '.join(parts), 10)}"
    return f"{name}-part-{group.shard + 1}" if group.shard else name


def sharded(plan: Plan, names: GroupNames, shards: Mapping[str, Mapping[str, int]]) -> Plan:
    """The plan with the named groups of each target cut into so many."""
    cut: dict[GroupId, int] = {}
    for target, wanted in shards.items():
        for group in plan.groups[target]:
            if (number := wanted.get(group_name(names, group), 1)) > 1:
                cut[group] = number
    if not cut:
        return plan
    places = _Places(names)
    lines: dict[LineId, Line] = {}
    lines_of: dict[str, list[Line]] = defaultdict(list)
    for key, line in plan.lines.items():
        if number := cut.get(key.group, 0):
            key = key._replace(group=replace(key.group, shard=places.of(key, number)))
            line = Line(key, line.end, line.origins)
        lines[key] = line
        lines_of[key.group.target].append(line)
    parts = {group: tuple(replace(group, shard=n) for n in range(number)) for group, number in cut.items()}
    worn: dict[tuple[GroupId, ...], tuple[GroupId, ...]] = {}
    for carried in plan.carried.values():
        for one in carried:
            if one.groups not in worn:
                worn[one.groups] = tuple(p for g in one.groups for p in parts.get(g, (g,)))
    return replace(
        plan,
        groups={t: {p for g in held for p in parts.get(g, (g,))} for t, held in plan.groups.items()},
        lines=lines,
        lines_of=lines_of,
        carried={
            name: tuple(
                one if worn[one.groups] == one.groups else replace(one, groups=worn[one.groups])
                for one in carried
            )
            for name, carried in plan.carried.items()
        },
    )


def needed(plan: Plan, names: GroupNames, target: str, limit: int, most: int) -> dict[str, int]:
    """Into how many the groups of a target have to be cut that have more than `limit` rules in a direction:
    the least number up to `most` that does, by name."""
    by_group: dict[GroupId, list[LineId]] = defaultdict(list)
    for line in plan.lines_of.get(target, ()):
        by_group[line.id.group].append(line.id)
    places = _Places(names)
    found: dict[str, int] = {}
    for group, lines in by_group.items():
        sizes = [_size(plan, line) for line in lines]
        if sum(sizes) <= limit:
            continue
        for number in range(1, most + 1):
            if places.fullest(zip(lines, sizes, strict=True), number) <= limit:
                if number > 1:
                    found[group_name(names, replace(group, shard=0))] = number
                break
    return found


class _Places:
    """Where each rule of a group goes, when the group is cut."""

    def __init__(self, names: GroupNames) -> None:
        self._names = names
        self._memo: dict[GroupId, str] = {}

    def of(self, line: LineId, number: int) -> int:
        """Which of so many groups a rule goes into."""
        what = f"{line.direction} {line.protocol} {line.start} {line.code} {self._peer(line)}"
        return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8]) % number

    def fullest(self, lines: Iterable[tuple[LineId, int]], number: int) -> int:
        """The most rules, in one direction and family, of a group that is cut into so many."""
        counts: Counter[tuple[int, str, int]] = Counter()
        for line, size in lines:
            place = self.of(line, number) if number > 1 else 0
            for family in _families(line):
                counts[place, line.direction, family] += size
        return max(counts.values(), default=0)

    def _peer(self, line: LineId) -> str:
        match line.peer:
            case GroupId() as group:
                if group not in self._memo:
                    self._memo[group] = f"{group.target} {group_name(self._names, group)}"
                return self._memo[group]
            case ListId() as listed:
                return f"{listed.name} {listed.family}"
            case cidr:
                return cidr


def _size(plan: Plan, line: LineId) -> int:
    """As how many rules a line counts: a prefix list as many as it has entries."""
    return len(plan.lists[line.peer].cidrs()) if isinstance(line.peer, ListId) else 1


def _families(line: LineId) -> tuple[int, ...]:
    match line.peer:
        case GroupId():
            return 4, 6
        case ListId() as listed:
            return (listed.family,)
        case cidr:
            return (6,) if ":" in cidr else (4,)
