"""Groups with more rules than a quota allows, cut into several with the same members.

A rule's place hangs on what the rule is, so another rule moves none; how many places there are is pinned.
Only where a place is full, the rule takes the next, in an order that is the same every time: so places are
filled to the last rule, and one rule more moves at most one of each place that is full.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter

from segkit.platforms.aws.lower.plan import Line, LineId, ListId, Plan
from segkit.platforms.lowering.encoding import Carried, Encoding, GroupId
from segkit.platforms.lowering.names import NO_FLOWS, GroupNames, digest


def group_name(names: GroupNames, group: GroupId) -> str:
    """What a group is called."""
    if not group.pieces:
        return NO_FLOWS
    parts = sorted(names.name(p) for p in group.pieces)
    name = parts[0] if len(parts) == 1 else f"cell-{digest(' '.join(parts), 10)}"
    name = f"{name}-in-block-{group.block}" if group.block else name
    return f"{name}-part-{group.shard + 1}" if group.shard else name


def sharded(
    plan: Plan, names: GroupNames, shards: Mapping[str, Mapping[str, int]], limits: Mapping[str, int]
) -> Plan:
    """The plan with the named groups of each target cut into so many, each with at most as many rules as the
    target's limit, as far as they fit."""
    cut: dict[GroupId, int] = {}
    for target, wanted in shards.items():
        for group in plan.groups[target]:
            if (number := wanted.get(group_name(names, group), 1)) > 1:
                cut[group] = number
    if not cut:
        return plan
    parts = {group: tuple(replace(group, shard=n) for n in range(number)) for group, number in cut.items()}
    held: dict[GroupId, list[LineId]] = {group: [] for group in cut}
    for key in plan.lines:
        if key.group in held:
            held[key.group].append(key)
    places, place_of = _Places(plan, names), dict[LineId, int]()
    for group, number in cut.items():
        place_of |= places.of(held[group], number, limits[group.target])
    lines: dict[LineId, Line] = {}
    lines_of: dict[str, list[Line]] = defaultdict(list)
    for key, line in plan.lines.items():
        if key in place_of:
            key = key._replace(group=parts[key.group][place_of[key]])
            line = Line(key, line.end, line.origins)
        lines[key] = line
        lines_of[key.group.target].append(line)
    worn: dict[int, tuple[GroupId, ...]] = {}  # by tuple of groups, which interfaces share
    for carried in plan.carried.values():
        for one in carried:
            if id(one.groups) not in worn:
                whole = not any(group in parts for group in one.groups)
                divided = (p for g in one.groups for p in parts.get(g, (g,)))
                worn[id(one.groups)] = one.groups if whole else tuple(divided)
    return replace(
        plan,
        groups={t: {p for g in held for p in parts.get(g, (g,))} for t, held in plan.groups.items()},
        lines=lines,
        lines_of=lines_of,
        carried={
            name: tuple(
                one
                if worn[id(one.groups)] is one.groups
                else Carried(one.target, one.workload, one.interface, worn[id(one.groups)])
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
    places = _Places(plan, names)
    found: dict[str, int] = {}
    for group, lines in by_group.items():
        least = -(-places.fullest(lines, 1, limit) // limit)
        fits = (n for n in range(least, most + 1) if places.fullest(lines, n, limit) <= limit)
        if (number := next(fits, 1)) > 1:
            found[group_name(names, replace(group, shard=0))] = number
    return found


def cut_to_fit(
    encoding: Encoding, plan: Plan, names: GroupNames, target: str, limit: int, most: int
) -> Encoding:
    """An encoding of a target with just those groups cut that have to be in its plan, see `needed`."""
    return replace(encoding, shards=tuple(sorted(needed(plan, names, target, limit, most).items())))


class _Places:
    """Where each rule of a group goes, when the group is cut."""

    def __init__(self, plan: Plan, names: GroupNames) -> None:
        self._plan, self._names = plan, names
        self._memo: dict[GroupId, str] = {}

    def of(self, lines: Iterable[LineId], number: int, limit: int) -> dict[LineId, int]:
        """Which of so many groups each rule goes into: the one that its hash says, or the next that is not
        full."""
        used: Counter[tuple[int, str, int]] = Counter()
        out: dict[LineId, int] = {}
        for at, line in sorted(((self._hash(line), line) for line in lines), key=itemgetter(0)):
            size, families = self._size(line), _families(line)
            for step in range(number):
                place = (at + step) % number
                if all(used[place, line.direction, f] + size <= limit for f in families):
                    break
            else:
                place = at % number
            out[line] = place
            for family in families:
                used[place, line.direction, family] += size
        return out

    def fullest(self, lines: Sequence[LineId], number: int, limit: int) -> int:
        """The most rules, in one direction and family, of a group that is cut into so many."""
        counts: Counter[tuple[int, str, int]] = Counter()
        places = self.of(lines, number, limit) if number > 1 else {}
        for line in lines:
            for family in _families(line):
                counts[places.get(line, 0), line.direction, family] += self._size(line)
        return max(counts.values(), default=0)

    def _hash(self, line: LineId) -> int:
        what = f"{line.direction} {line.protocol} {line.start} {line.code} {self._peer(line)}"
        return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8])

    def _size(self, line: LineId) -> int:
        """As how many rules a line counts: a prefix list as many as it has entries."""
        return len(self._plan.lists[line.peer].cidrs()) if isinstance(line.peer, ListId) else 1

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


def _families(line: LineId) -> tuple[int, ...]:
    match line.peer:
        case GroupId():
            return 4, 6
        case ListId() as listed:
            return (listed.family,)
        case cidr:
            return (6,) if ":" in cidr else (4,)
