"""Quotas, checked on what Azure counts before anything is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from segkit.errors import Problem
from segkit.model.model import Target
from segkit.platforms.azure.limits import QUOTAS
from segkit.platforms.azure.lower.admin import counted
from segkit.platforms.azure.lower.namer import Namer
from segkit.platforms.azure.lower.plan import Plan
from segkit.platforms.azure.lower.priorities import CLOSINGS, Bands
from segkit.platforms.azure.placement import AzurePlacement
from segkit.platforms.lowering.encoding import GroupId
from segkit.platforms.lowering.ground import Direction

_ENDS: tuple[Direction, Direction] = ("ingress", "egress")


@dataclass(slots=True)
class Count:
    """What one security group holds: its rules, the addresses at either end, and the groups they name."""

    rules: int = 0
    addresses: Counter[str] = field(default_factory=Counter)
    groups: set[GroupId] = field(default_factory=set)


def counts(plan: Plan, target: str) -> dict[str, Count]:
    """What every security group of a target is charged."""
    found: dict[str, Count] = {}
    for subnet in plan.filters[target]:
        count = found[subnet] = Count(rules=len(_ENDS) + 1)
        for direction in _ENDS:
            lines = plan.lines_in(target, subnet, direction)
            count.rules += len(lines)
            if any(line.id.protocol == "rest" for line in lines):
                count.rules += len(CLOSINGS)
            for line in lines:
                count.groups.add(line.id.own)
                if isinstance(line.id.peer, GroupId):
                    count.groups.add(line.id.peer)
                else:
                    side = "source" if direction == "ingress" else "destination"
                    count.addresses[side] += len(line.addresses.texts())
    return found


def over_quota(plan: Plan, target: Target, here: AzurePlacement, names: Namer) -> Iterator[Problem]:
    """Every quota that a target would overflow, with the cheapest ways out."""
    for subnet, count in counts(plan, target.name).items():
        what = f"the security group of {subnet} needs"
        most = max(count.addresses.values(), default=0)
        for quota, used, kind, ways in (
            ("rules_per_security_group", count.rules, "rules", _FEWER_RULES),
            ("addresses_per_security_group", most, "addresses in its rules", _FEWER_ADDRESSES),
            ("asgs_per_security_group", len(count.groups), "application security groups", _FEWER_GROUPS),
        ):
            if used > here.quota(quota):
                yield _over(target, here, f"{what} {used} {kind}", quota, ways)
        yield from _without_place(plan, target, here, subnet)
    limit = here.quota("asgs_per_interface")
    overloaded: dict[tuple[GroupId, ...], list[str]] = defaultdict(list)
    for carried in plan.carried[target.name]:
        if len(carried.groups) > limit:
            overloaded[carried.groups].append(carried.workload.name)
    for groups, workloads in overloaded.items():
        listed = ", ".join(names.group(g) for g in groups)
        alike = f" (and {len(workloads) - 1} more alike)" if len(workloads) > 1 else ""
        what = f"workload {workloads[0]!r}{alike} would be in {len(groups)} groups ({listed})"
        yield _over(target, here, what, "asgs_per_interface", 'encoding="cells" needs one for each')
    total = usage(plan, target, here)
    for quota, what, ways in (
        ("members_per_asg", "members of one application security group", "split the group"),
        ("asgs_per_subscription", "application security groups", "fewer distinct selectors"),
        ("security_groups_per_subscription", "network security groups", "several subscriptions"),
        ("admin_rules_per_manager", "security admin rules", _FEWER_ADMIN_RULES),
        ("admin_prefixes_per_manager", "addresses in security admin rules", _FEWER_ADMIN_RULES),
    ):
        if quota in total and total[quota]["used"] > here.quota(quota):
            yield _over(target, here, f"{total[quota]['used']} {what}", quota, ways)


def _without_place(plan: Plan, target: Target, here: AzurePlacement, subnet: str) -> Iterator[Problem]:
    """Rules that have no priority left."""
    placed = here.subnets.get(subnet)
    existing = placed.security_group if placed is not None else None
    bands = Bands(*existing.priorities) if existing is not None else Bands()
    for direction in _ENDS:
        wanted = Counter(bands.places(line.id) for line in plan.lines_in(target.name, subnet, direction))
        for places, used in sorted(wanted.items(), key=lambda item: item[0].start):
            if used > len(places):
                what = f"{used} {direction} rules of {subnet} have {len(places)} priorities"
                yield Problem(
                    f"target {target.name}: {what}",
                    where=target.where,
                    why=f"those from {bands.low} to {bands.high} are shared out to allows and denies",
                    fix=f"{_FEWER_RULES}, or leave it more priorities",
                )


_FEWER_RULES = (
    "split the subnet (or pass subnets, where there is one security group for all interfaces), merge rules "
    "that have the same ends, or select more at once"
)
_FEWER_ADDRESSES = (
    "refer to groups or declare fewer ranges ('internet' alone takes over 100: use 'anywhere', or accept the "
    "residual 'internet-as-anywhere')"
)
_FEWER_GROUPS = "split the subnet (or pass subnets), or name fewer groups in rules"


_FEWER_ADMIN_RULES = (
    'fewer rules in the quarantine and global tiers, or less of them by address, or global_tier="rules"'
)


def _over(target: Target, here: AzurePlacement, what: str, quota: str, ways: str) -> Problem:
    most = QUOTAS[quota].ceiling  # Azure raises none: only what a target has lowered can be more
    more = f'; or pass quotas={{"{quota}": …}}, up to {most}' if here.quota(quota) < most else ""
    return Problem(
        f"target {target.name}: {what}; the quota is {here.quota(quota)}",
        where=target.where,
        why=f"Azure counts this as {quota}",
        fix=ways + more,
    )


def usage(plan: Plan, target: Target, here: AzurePlacement) -> Mapping[str, Any]:
    """How much of each quota a target uses."""
    held = counts(plan, target.name).values()
    members = Counter(group for carried in plan.carried[target.name] for group in carried.groups)
    used = {
        "rules_per_security_group": max((c.rules for c in held), default=0),
        "addresses_per_security_group": max((n for c in held for n in c.addresses.values()), default=0),
        "asgs_per_security_group": max((len(c.groups) for c in held), default=0),
        "asgs_per_interface": max((len(c.groups) for c in plan.carried[target.name]), default=0),
        "members_per_asg": max(members.values(), default=0),
        "asgs_per_subscription": len(plan.groups[target.name]),
        "security_groups_per_subscription": len(plan.filters[target.name]),
    }
    if (at := plan.shared.get(target.name)) is not None:
        charged = [
            counted(other, plan.above[other])
            for other, there in plan.shared.items()
            if there.manager.key == at.manager.key
        ]
        used["admin_rules_per_manager"] = sum(rules for rules, _ in charged)
        used["admin_prefixes_per_manager"] = sum(prefixes for _, prefixes in charged)
    return {name: {"used": n, "quota": here.quota(name)} for name, n in used.items()}
