"""Quotas, checked on what AWS counts before anything is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from segkit.errors import Problem
from segkit.model.model import Target
from segkit.platforms.aws.lower.namer import Namer
from segkit.platforms.aws.lower.plan import ListId, Plan
from segkit.platforms.aws.lower.services import COMMON
from segkit.platforms.aws.placement import AwsPlacement
from segkit.platforms.lowering.encoding import GroupId

Counts = dict[tuple[GroupId, str, int], int]
"""Rules of a group, per direction and family."""


def rule_counts(plan: Plan, target: str) -> Counts:
    """What every group of a target is charged: a CIDR counts in its family, a reference in both ([UG] leaves
    it open: the safe reading), a prefix list with its size."""
    references: Counter[tuple[GroupId, str]] = Counter()
    counts: Counts = defaultdict(int)
    for line in (line.id for line in plan.lines_of.get(target, ())):
        if isinstance(line.peer, GroupId):
            references[line.group, line.direction] += 1
        elif isinstance(line.peer, ListId):
            counts[line.group, line.direction, line.peer.family] += len(plan.lists[line.peer].cidrs())
        else:
            counts[line.group, line.direction, 6 if ":" in line.peer else 4] += 1
    for (group, direction), count in references.items():
        for family in (4, 6):
            counts[group, direction, family] += count
    return counts


def over_quota(
    plan: Plan, target: Target, here: AwsPlacement, namer: Namer, charged: Counts
) -> Iterator[Problem]:
    """Every quota that a target would overflow, with the cheapest ways out. Its groups are `charged` so much:
    see `rule_counts`."""
    limit = here.quota("rules_per_group")
    counts = {place: n for place, n in charged.items() if n > limit}
    for (group, direction, family), count in sorted(
        counts.items(), key=lambda i: (namer.group(i[0][0]), i[0][1:])
    ):
        what = f"security group {namer.group(group)!r} needs {count} {direction} rules for IPv{family}"
        yield _over(target, what, limit, "rules_per_group", _ways(plan, group, direction, family))
    limit = here.quota("groups_per_interface")
    overloaded: dict[tuple[GroupId, ...], list[str]] = defaultdict(list)
    for carried in plan.carried[target.name]:
        if len(carried.groups) > limit:
            overloaded[carried.groups].append(carried.workload.name)
    for groups, workloads in overloaded.items():
        names = ", ".join(namer.group(g) for g in groups)
        alike = f" (and {len(workloads) - 1} more alike)" if len(workloads) > 1 else ""
        what = f"workload {workloads[0]!r}{alike} would carry {len(groups)} groups ({names})"
        ways = 'encoding="cells" gives every interface one group'
        yield _over(target, what, limit, "groups_per_interface", ways)
    product = here.quota("rules_per_group") * here.quota("groups_per_interface")
    limit = here.quota("rules_per_interface")
    if product > limit:
        what = f"rules_per_group x groups_per_interface is {product}"
        yield _over(
            target, what, limit, "rules_per_interface", "AWS refuses such a pair: lower one of the two"
        )
    total = len(plan.groups[target.name])
    if total > here.quota("groups_per_region"):
        what = f"{total} security groups in one region"
        ways = "fewer distinct selectors, or several targets in several accounts"
        yield _over(target, what, here.quota("groups_per_region"), "groups_per_region", ways)
    yield from _lists(plan, target, here)


def _lists(plan: Plan, target: Target, here: AwsPlacement) -> Iterator[Problem]:
    mine = {i: a for i, a in plan.lists.items() if i.target == target.name}
    if len(mine) > here.quota("prefix_lists_per_region"):
        limit = here.quota("prefix_lists_per_region")
        yield _over(
            target, f"{len(mine)} prefix lists", limit, "prefix_lists_per_region", "name fewer prefix_lists"
        )
    limit = here.quota("entries_per_prefix_list")
    for listed, addresses in sorted(mine.items(), key=lambda i: (i[0].name, i[0].family)):
        if (count := len(addresses.cidrs())) > limit:
            what = f"prefix list {listed.name!r} has {count} entries"
            yield _over(target, what, limit, "entries_per_prefix_list", "split the address set")


def _ways(plan: Plan, group: GroupId, direction: str, family: int) -> str:
    kinds: Counter[str] = Counter()
    for line in (line.id for line in plan.lines_of.get(group.target, ())):
        if line.group == group and line.direction == direction:
            rare = line.protocol.isdigit() and int(line.protocol) not in COMMON
            by_address = isinstance(line.peer, str) and (":" in line.peer) == (family == 6)
            kinds["rare" if rare else "address" if by_address else "other"] += 1
    ways = []
    if kinds["rare"]:
        ways.append(f"accept the residual 'other-protocols' ({kinds['rare']} rules are for rare protocols)")
    if kinds["address"]:
        ways.append(
            f"refer to groups or declare fewer ranges ({kinds['address']} rules are for ranges; 'internet' "
            "alone takes over 100: use 'anywhere', or accept the residual 'internet-as-anywhere')"
        )
    ways.append("merge port ranges")
    if group.pieces:
        ways.append("cut the group into several by 'shards' of the encoding")
    return "; ".join(ways)


def _over(target: Target, what: str, limit: int, quota: str, ways: str) -> Problem:
    return Problem(
        f"target {target.name}: {what}; the quota is {limit}",
        where=target.where,
        why=f"AWS counts this as {quota}",
        fix=f'{ways}; or raise the quota at AWS and pass quotas={{"{quota}": …}}',
    )


def overflow(plan: Plan, target: Target, here: AwsPlacement) -> int:
    """By how much a target is over its quotas, all added up; nothing means it fits."""
    counts = rule_counts(plan, target.name).values()
    carried = [len(c.groups) for c in plan.carried[target.name]]
    used = (
        *((count, "rules_per_group") for count in counts),
        *((count, "groups_per_interface") for count in carried),
        (len(plan.groups[target.name]), "groups_per_region"),
    )
    return sum(max(0, count - here.quota(name)) for count, name in used)


def usage(plan: Plan, target: Target, here: AwsPlacement, charged: Counts | None = None) -> Mapping[str, Any]:
    """How much of each quota a target uses, its groups `charged` so much, if that is known already."""
    counts = (rule_counts(plan, target.name) if charged is None else charged).values()
    carried = [len(c.groups) for c in plan.carried[target.name]]
    lists = [len(addresses.cidrs()) for i, addresses in plan.lists.items() if i.target == target.name]
    used = {
        "rules_per_group": max(counts, default=0),
        "groups_per_interface": max(carried, default=0),
        "rules_per_interface": here.quota("rules_per_group") * here.quota("groups_per_interface"),
        "groups_per_region": len(plan.groups[target.name]),
        "prefix_lists_per_region": len(lists),
        "entries_per_prefix_list": max(lists, default=0),
    }
    return {name: {"used": n, "quota": here.quota(name)} for name, n in used.items()}
