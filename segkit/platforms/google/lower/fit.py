"""Quotas, checked on what Google Cloud counts before anything is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

from segkit.errors import Problem
from segkit.model.model import Target
from segkit.platforms.google.limits import QUOTAS
from segkit.platforms.google.lower.accounts import Accounts
from segkit.platforms.google.lower.namer import ENFORCED, Namer
from segkit.platforms.google.lower.plan import Line, Plan, enforced
from segkit.platforms.google.lower.services import cost, spelled
from segkit.platforms.google.placement import GooglePlacement
from segkit.platforms.lowering.encoding import GroupId

CLOSING, CLOSING_COST = 4, 12
"""The rules that close, and what they cost: one tag, one range and one protocol each."""


def attributes(line: Line) -> int:
    """What a rule costs: everything that it names, added up ([Q] “Rule attribute count details”), or its far
    ends times its protocols and ports where that is more (the API's rule_tuple_count)."""
    ends = len(line.sources) + (len(line.ranges.texts()) if line.ranges else 0)
    return max(ends * cost(line.services), ends + len(line.targets) + spelled(line.services))


def usage(plan: Plan, target: Target, here: GooglePlacement) -> Mapping[str, Any]:
    """How much of each quota a target uses: the fullest of its kind."""
    lines, above = plan.every(target.name), plan.above.get(target.name, ())
    carried = max((len(c.groups) for c in plan.carried[target.name]), default=0)
    ranges = max((len(n.ranges.texts()) for n in lines if n.ranges), default=0)
    if here.tags == "service-accounts":
        accounts = Accounts(plan, target, here)
        rules = sum(len(accounts.of(n.targets)) for n in lines)
        used = {
            "accounts_as_sources": max((len(accounts.of(n.sources)) for n in lines), default=0),
            "ranges_per_rule": ranges,
            "rules_per_project": rules + CLOSING * len(accounts.of((enforced(target.name),))),
        }
    elif here.tags == "network":
        used = {
            "network_tags_per_machine": carried,
            "network_tags_as_sources": max((len(n.sources) for n in lines), default=0),
            "network_tags_as_targets": max((len(n.targets) for n in lines), default=0),
            "ranges_per_rule": ranges,
            "rules_per_project": len(lines) + CLOSING,
        }
    else:
        values = Counter(plan.block(group) for group in plan.groups[target.name])
        used = {
            "tags_per_interface": carried,
            "tags_per_side": max((max(len(n.targets), len(n.sources)) for n in lines), default=0),
            "ranges_per_rule": ranges,
            "keys_per_parent": len(values),
            "values_per_key": max(values.values(), default=0),
            "attributes_per_policy": sum(map(attributes, plan.lines[target.name])) + CLOSING_COST,
        }
        if above:
            used["attributes_per_hierarchical_policy"] = sum(map(attributes, above))
    return {name: {"used": n, "quota": here.quota(name)} for name, n in used.items()}


def over_quota(plan: Plan, target: Target, used: Mapping[str, Any], names: Namer) -> Iterator[Problem]:
    """Every quota that a target would overflow by its `usage`, with the cheapest ways out."""
    for quota, one in used.items():
        if one["used"] > one["quota"]:
            places = _places(plan, target, quota, one["quota"], names)
            for what in places or [f"{one['used']} {_ALL[quota]}"]:
                yield _over(target, what, one["quota"], quota, _WAYS[quota])


def _places(plan: Plan, target: Target, quota: str, limit: int, names: Namer) -> list[str]:
    """Where a quota overflows, where there is a place for it."""
    lines = plan.every(target.name)
    if quota in ("tags_per_interface", "network_tags_per_machine"):
        overloaded: dict[tuple[GroupId, ...], list[str]] = defaultdict(list)
        for carried in plan.carried[target.name]:
            if len(carried.groups) > limit:
                overloaded[carried.groups].append(carried.workload.name)
        return [_carrier(groups, workloads, names) for groups, workloads in overloaded.items()]
    if quota in _OF_A_RULE:
        what, count = _OF_A_RULE[quota]
        told = ((f"the {n.direction} rule for {n.origin}", count(n)) for n in lines)
        return [f"{where} {what.format(most)}" for where, most in told if most > limit]
    if quota == "values_per_key":
        values: dict[Hashable, list[GroupId]] = defaultdict(list)
        for group in plan.groups[target.name]:
            values[plan.block(group)].append(group)
        full = (held for held in values.values() if len(held) > limit)
        return [f"tag key {names.tag(held[0])[0]!r} has {len(held)} values" for held in full]
    return []


def _carrier(groups: tuple[GroupId, ...], workloads: list[str], names: Namer) -> str:
    named = ", ".join(names.group(g) if g.pieces else ENFORCED for g in groups)
    alike = f" (and {len(workloads) - 1} more alike)" if len(workloads) > 1 else ""
    return f"workload {workloads[0]!r}{alike} would carry {len(groups)} tags ({named})"


_OF_A_RULE: Mapping[str, tuple[str, Callable[[Line], int]]] = {
    "tags_per_side": ("names {} tags at one end", lambda line: max(len(line.targets), len(line.sources))),
    "network_tags_as_sources": ("names {} tags as sources", lambda line: len(line.sources)),
    "network_tags_as_targets": ("names {} tags as targets", lambda line: len(line.targets)),
    "ranges_per_rule": ("has {} ranges", lambda line: len(line.ranges.texts())),
}
_ALL = {
    "keys_per_parent": "tag keys",
    "accounts_as_sources": "service accounts as sources of one rule",
    "rules_per_project": "VPC firewall rules",
    "attributes_per_policy": "rule attributes",
    "attributes_per_hierarchical_policy": "rule attributes above the network",
}
_FEWER = (
    "merge rules and port ranges, declare fewer ranges ('internet' alone takes over 100: use 'anywhere', or "
    "accept the residual 'internet-as-anywhere'), accept the residual 'other-protocols' where nearly all "
    "protocols are allowed"
)
_GROUPS = 'encoding="groups", or blocks of groups, needs fewer values of a rule'
_WAYS = {
    "tags_per_interface": 'encoding="cells" needs two tags; `segkit quota --encoding auto` looks in between',
    "network_tags_per_machine": 'encoding="cells" needs two tags',
    "tags_per_side": _GROUPS,
    "network_tags_as_sources": _GROUPS,
    "network_tags_as_targets": _GROUPS,
    "ranges_per_rule": 'name workloads by tags, or pass egress="ranges" or egress="open"',
    "keys_per_parent": 'encoding="cells" needs two keys',
    "values_per_key": 'encoding="groups" has one value a key',
    "accounts_as_sources": 'give machines that rules never tell apart one account, or pass tags="secure"',
    "rules_per_project": "a policy with secure tags holds more",
    "attributes_per_policy": _FEWER,
    "attributes_per_hierarchical_policy": 'global_tier="rules" writes none',
}


def overflow(plan: Plan, target: Target, here: GooglePlacement) -> int:
    """By how much a target is over its quotas, all added up; nothing means it fits."""
    return sum(max(0, one["used"] - one["quota"]) for one in usage(plan, target, here).values())


def named(plan: Plan, target: Target) -> int:
    """How many times the rules of a target name a tag: of two encodings that fit, the fewer the better."""
    return sum(len(line.targets) + len(line.sources) for line in plan.every(target.name))


def _over(target: Target, what: str, limit: int, quota: str, ways: str) -> Problem:
    more = f'; or raise it at Google Cloud and pass quotas={{"{quota}": …}}'
    return Problem(
        f"target {target.name}: {what}; the quota is {limit}",
        where=target.where,
        why=f"Google Cloud counts this as {quota}",
        fix=ways + (more if limit < QUOTAS[quota].ceiling else ""),
    )
