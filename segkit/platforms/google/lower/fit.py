"""Quotas, checked on what Google Cloud counts before anything is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from segkit.errors import Problem
from segkit.model.model import Target
from segkit.platforms.google.lower.namer import Namer
from segkit.platforms.google.lower.plan import Line, Plan
from segkit.platforms.google.lower.services import cost
from segkit.platforms.google.placement import GooglePlacement
from segkit.platforms.lowering.encoding import GroupId

CLOSING = 4
"""What the rules that close cost: one range and one entry each."""


def attributes(line: Line) -> int:
    """What a rule costs: its far ends times its protocols and ports (an estimate: the API's rule_tuple_count
    is the truth)."""
    return max(1, len(line.sources) + len(line.ranges.cidrs())) * cost(line.services)


def usage(plan: Plan, target: Target, here: GooglePlacement) -> Mapping[str, Any]:
    """How much of each quota a target uses: the fullest of its kind."""
    lines = plan.lines[target.name]
    values = Counter(plan.block(group) for group in plan.groups[target.name])
    used = {
        "tags_per_interface": max((len(c.groups) + 1 for c in plan.carried[target.name]), default=0),
        "tags_per_side": max((max(len(n.targets), len(n.sources)) for n in lines), default=0),
        "ranges_per_rule": max((len(n.ranges.cidrs()) for n in lines), default=0),
        "keys_per_parent": len(values),
        "values_per_key": max(values.values(), default=0),
        "attributes_per_policy": sum(map(attributes, lines)) + CLOSING,
    }
    return {name: {"used": n, "quota": here.quota(name)} for name, n in used.items()}


def over_quota(plan: Plan, target: Target, here: GooglePlacement, names: Namer) -> Iterator[Problem]:
    """Every quota that a target would overflow, with the cheapest ways out."""
    limit = here.quota("tags_per_interface")
    overloaded: dict[tuple[GroupId, ...], list[str]] = defaultdict(list)
    for carried in plan.carried[target.name]:
        if len(carried.groups) + 1 > limit:
            overloaded[carried.groups].append(carried.workload.name)
    for groups, workloads in overloaded.items():
        named = ", ".join(sorted(names.group(g) for g in groups))
        alike = f" (and {len(workloads) - 1} more alike)" if len(workloads) > 1 else ""
        what = f"workload {workloads[0]!r}{alike} would carry {len(groups) + 1} tags ({named}, enforced)"
        yield _over(target, what, limit, "tags_per_interface", 'encoding="cells" needs two tags')
    for line in plan.lines[target.name]:
        where = f"the {line.direction} rule for {line.origin}"
        most = max(len(line.targets), len(line.sources))
        if most > (limit := here.quota("tags_per_side")):
            ways = 'encoding="groups", or blocks of groups, needs fewer values of a rule'
            yield _over(target, f"{where} names {most} tags at one end", limit, "tags_per_side", ways)
        if (count := len(line.ranges.cidrs())) > (limit := here.quota("ranges_per_rule")):
            ways = 'name workloads by tags, or pass egress="ranges" or egress="open"'
            yield _over(target, f"{where} has {count} ranges", limit, "ranges_per_rule", ways)
    values: dict[Hashable, list[GroupId]] = defaultdict(list)
    for group in plan.groups[target.name]:
        values[plan.block(group)].append(group)
    if len(values) > (limit := here.quota("keys_per_parent")):
        ways = 'encoding="cells" needs two keys'
        yield _over(target, f"{len(values)} tag keys", limit, "keys_per_parent", ways)
    for held in values.values():
        if len(held) > (limit := here.quota("values_per_key")):
            what = f"tag key {names.tag(held[0])[0]!r} has {len(held)} values"
            yield _over(target, what, limit, "values_per_key", 'encoding="groups" has one value a key')
    used = usage(plan, target, here)["attributes_per_policy"]["used"]
    if used > (limit := here.quota("attributes_per_policy")):
        ways = (
            "merge rules and port ranges, declare fewer ranges ('internet' alone takes over 100: use "
            "'anywhere', or accept the residual 'internet-as-anywhere'), accept the residual "
            "'other-protocols' where nearly all protocols are allowed"
        )
        yield _over(target, f"{used} rule attributes", limit, "attributes_per_policy", ways)


def overflow(plan: Plan, target: Target, here: GooglePlacement) -> int:
    """By how much a target is over its quotas, all added up; nothing means it fits."""
    return sum(max(0, one["used"] - one["quota"]) for one in usage(plan, target, here).values())


def _over(target: Target, what: str, limit: int, quota: str, ways: str) -> Problem:
    return Problem(
        f"target {target.name}: {what}; the quota is {limit}",
        where=target.where,
        why=f"Google Cloud counts this as {quota}",
        fix=f'{ways}; or, where it can be raised, raise it and pass quotas={{"{quota}": …}}',
    )
