"""How what is deployed and what will be are there at once on Azure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from segkit.artifacts.bridge import Apart, Joins
from segkit.errors import Problem
from segkit.model.model import Target
from segkit.platforms.azure.limits import NAME_LIMIT
from segkit.platforms.azure.placement import placement
from segkit.platforms.lowering.crowding import Count, crowded, members

_NSG, _RULE = "azurerm_network_security_group", "azurerm_network_security_rule"
_ASG, _NIC = "azurerm_application_security_group", "azurerm_network_interface"
_JOINED = f"{_NIC}_application_security_group_association"
_ON_INTERFACE = f"{_NIC}_security_group_association"
_ON_SUBNET = "azurerm_subnet_network_security_group_association"
_SIDES = ("source", "destination")

JOINS = Joins(
    beside={
        _RULE: Apart("name", "priority", ("network_security_group_name", "direction"), NAME_LIMIT),
    },
    items={_NSG: ("security_rule", Apart("name", "priority", ("direction",), NAME_LIMIT), "")},
    fixed={
        _JOINED: ("network_interface_id", "application_security_group_id"),
        _ON_INTERFACE: ("network_interface_id", "network_security_group_id"),
        _ON_SUBNET: ("subnet_id", "network_security_group_id"),
        _NSG: ("name", "resource_group_name", "location"),
        _ASG: ("name", "resource_group_name", "location"),
    },
)


def too_much(target: Target, fragment: Mapping[str, Any]) -> Iterator[Problem]:
    """What Azure would count too many of, were all of it there."""
    yield from crowded(target, placement(target).quota, _counts(target, fragment))


def _counts(target: Target, fragment: Mapping[str, Any]) -> Iterator[Count]:
    resources = fragment.get("resource", {})
    asgs, nsgs = resources.get(_ASG, {}), resources.get(_NSG, {})
    yield "asgs_per_subscription", "there are application security groups:", len(asgs)
    yield "security_groups_per_subscription", "there are network security groups:", len(nsgs)
    held = members(fragment, target.name, _JOINED, "network_interface_id", "application_security_group_id")
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
        named = {
            group
            for rule in held_rules
            for side in _SIDES
            for group in rule.get(f"{side}_application_security_group_ids") or ()
        }
        yield "asgs_per_security_group", f"the rules of {name} name groups:", len(named)
        for side in _SIDES:
            count = sum(len(rule.get(f"{side}_address_prefixes") or ()) for rule in held_rules)
            yield "addresses_per_security_group", f"the rules of {name} name {side} ranges:", count
