"""How what is deployed and what will be are there at once on Azure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from typing import Any

from segkit.artifacts.bridge import Apart, Joins
from segkit.errors import Problem
from segkit.model.model import Target
from segkit.platforms.azure.limits import NAME_LIMIT
from segkit.platforms.azure.placement import placement
from segkit.platforms.lowering.crowding import Count, crowded, members

_NSG, _RULE = "azurerm_network_security_group", "azurerm_network_security_rule"
_ASG, _NIC = "azurerm_application_security_group", "azurerm_network_interface"
_MEMBER = f"{_NIC}_application_security_group_association"
_ON_INTERFACE = f"{_NIC}_security_group_association"
_ON_SUBNET = "azurerm_subnet_network_security_group_association"
_SIDES = ("source", "destination")

JOINS = Joins(
    beside={
        _RULE: Apart("name", "priority", ("network_security_group_name", "direction"), NAME_LIMIT),
    },
    items={_NSG: ("security_rule", Apart("name", "priority", ("direction",), NAME_LIMIT), "")},
    fixed={
        _MEMBER: ("network_interface_id", "application_security_group_id"),
        _ON_INTERFACE: ("network_interface_id", "network_security_group_id"),
        _ON_SUBNET: ("subnet_id", "network_security_group_id"),
        _NSG: ("name", "resource_group_name", "location"),
        _ASG: ("name", "resource_group_name", "location"),
    },
)


def refused(target: Target, before: Mapping[str, Any], fragment: Mapping[str, Any]) -> Iterator[Problem]:
    """What Azure would count too many of, were all of it there, and denies that would come too late."""
    yield from crowded(target, placement(target).quota, _counts(target, fragment))
    denied = {
        f"${{local.segkit-group_{group.removeprefix(f'${{{_ASG}.').removesuffix('.id}')}}}"
        for rule in _rules(fragment)
        if rule["access"] == "Deny"
        for group in _named(rule)
    }
    there, then = (_joined(target, one) for one in (before, fragment))
    late = [who for who in sorted(then) if _late(set(then[who]) - set(there.get(who, ())), denied)]
    if late:
        more = f" and {len(late) - 1} more" if len(late) > 1 else ""
        yield Problem(
            f"target {target.name}: {late[0]}{more} joins groups that rules deny, and others, in any order",
            where=target.where,
            why="it could be in a group that is let in before it is in the one that is not",
            fix="leave out since: with tiers as bands, a machine is safe that joins one group at a time; "
            "or put what it is denied into force first, by a transition of its own",
        )


def _late(joins: Set[str], denied: Set[str]) -> bool:
    return len(joins) > 1 and bool(joins & denied)


def _counts(target: Target, fragment: Mapping[str, Any]) -> Iterator[Count]:
    resources = fragment.get("resource", {})
    asgs, nsgs = resources.get(_ASG, {}), resources.get(_NSG, {})
    yield "asgs_per_subscription", "there are application security groups:", len(asgs)
    yield "security_groups_per_subscription", "there are network security groups:", len(nsgs)
    held = _joined(target, fragment)
    for who, groups in sorted(held.items()):
        yield "asgs_per_interface", f"{who} is in groups:", len(set(groups))
    most = Counter(group for groups in held.values() for group in set(groups))
    for group, count in sorted(most.items()):
        yield "members_per_asg", f"{group} has members:", count
    rules = {name: list(body.get("security_rule", ())) for name, body in nsgs.items()}
    for body in resources.get(_RULE, {}).values():
        rules.setdefault(str(body["network_security_group_name"]), []).append(body)
    for name, held_rules in sorted(rules.items()):
        yield "rules_per_security_group", f"{name} has rules:", len(held_rules)
        named = {group for rule in held_rules for group in _named(rule)}
        yield "asgs_per_security_group", f"the rules of {name} name groups:", len(named)
        for side in _SIDES:
            count = sum(len(rule.get(f"{side}_address_prefixes") or ()) for rule in held_rules)
            yield "addresses_per_security_group", f"the rules of {name} name {side} ranges:", count


def _joined(target: Target, fragment: Mapping[str, Any]) -> dict[str, list[str]]:
    """The groups that interfaces are in."""
    return members(fragment, target.name, _MEMBER, "network_interface_id", "application_security_group_id")


def _rules(fragment: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    resources = fragment.get("resource", {})
    for body in resources.get(_NSG, {}).values():
        yield from body.get("security_rule", ())
    yield from resources.get(_RULE, {}).values()


def _named(rule: Mapping[str, Any]) -> Iterator[str]:
    """The groups that a rule names."""
    for side in _SIDES:
        yield from rule.get(f"{side}_application_security_group_ids") or ()
