"""How what is deployed and what will be are there at once on Azure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from segkit.artifacts.bridge import WORDS, Apart, Joins, itself
from segkit.artifacts.fragment import prune
from segkit.errors import Problem
from segkit.model.model import Target
from segkit.platforms.azure.limits import NAME_LIMIT
from segkit.platforms.azure.placement import placement
from segkit.platforms.lowering.crowding import Count, Forms, Fragments, crowded, members, some

_NSG, _RULE = "azurerm_network_security_group", "azurerm_network_security_rule"
_ASG, _NIC = "azurerm_application_security_group", "azurerm_network_interface"
_MEMBER = f"{_NIC}_application_security_group_association"
_ON_INTERFACE = f"{_NIC}_security_group_association"
_ON_SUBNET = "azurerm_subnet_network_security_group_association"
_ABOVE = "azurerm_network_manager_admin_rule"
_COLLECTION = "azurerm_network_manager_admin_rule_collection"
_CONFIGURATION = "azurerm_network_manager_security_admin_configuration"
_FIXED = "_segkit-"  # in the Terraform names of rules that no policy says, and that wait for all others
_SIDES = ("source", "destination")

JOINS = Joins(
    beside={
        _RULE: Apart("name", "priority", ("network_security_group_name", "direction"), NAME_LIMIT),
    },
    numbered={_ABOVE: Apart(number="priority", scope=("admin_rule_collection_id",))},
    items={_NSG: ("security_rule", Apart("name", "priority", ("direction",), NAME_LIMIT), "")},
    fixed={
        _MEMBER: ("network_interface_id", "application_security_group_id"),
        _ON_INTERFACE: ("network_interface_id", "network_security_group_id"),
        _ON_SUBNET: ("subnet_id", "network_security_group_id"),
        _NSG: ("name", "resource_group_name", "location"),
        _ASG: ("name", "resource_group_name", "location"),
    },
)


def refused(target: Target, forms: Forms, fragment: Mapping[str, Any]) -> Iterator[Problem]:
    """What Azure would count too many of, were all of it there, and denies that would come too late or go
    too early."""
    yield from crowded(target, placement(target).quota, _counts(target, fragment))
    yield from _exchanged(target, forms)
    denied = {group for rule in _rules(fragment, "Deny") for group in _named(rule)}
    there, then = (_joined(target, one) for one in forms)
    for way, moved in (("joins", _more(then, there)), ("leaves", _more(there, then))):
        if late := [who for who, groups in moved.items() if len(groups) > 1 and groups & denied]:
            yield Problem(
                f"target {target.name}: {some(late)} {way} groups that rules deny, and others, in any order",
                where=target.where,
                why="it could be in a group that is let in while it is not in the one that is kept out",
                fix="leave out since: with tiers as bands, a machine is safe that joins or leaves one group "
                "at a time; or change what it is denied by a transition of its own, first or last",
            )
    here, later = ({_said(rule) for rule in _rules(one, "Deny")} for one in forms)
    allowed = {group for rule in _rules(forms[1], "Allow") for group in _named(rule)}
    leaving = [who for who, groups in _more(there, then).items() if groups & allowed]
    if here - later and leaving:
        yield Problem(
            f"target {target.name}: rules that deny go, and {some(leaving)} leaves groups",
            where=target.where,
            why="what they deny could be let in by a group that it is still in",
            fix="change what groups machines are in first, by a transition of its own; or leave out since "
            "and choose the hour",
        )


def _exchanged(target: Target, forms: Forms) -> Iterator[Problem]:
    """Other priorities in a security group of others, of which rules would take some from each other. Where
    priorities stay, what moves does so in some order: never in a circle, and what closes not at all."""
    before, after = (dict(_places(one)) for one in forms)
    if all(before.get(rule, place) == place for rule, place in after.items() if _FIXED in rule):
        return
    left = {place: rule for rule, place in before.items() if rule in after}
    if late := sorted(rule for rule, place in after.items() if left.get(place, rule) != rule):
        yield Problem(
            f"target {target.name}: {some(late)} would have the priority of a rule that is to have another",
            where=target.where,
            why="rules change one by one, and these would wait for each other",
            fix="let priorities be apart from those that are deployed",
        )


def _places(form: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str, int]]]:
    """The rules in security groups of others, and where each is."""
    for key, body in form.get("resource", {}).get(_RULE, {}).items():
        group = itself(body["network_security_group_name"], form.get("locals", {}))
        yield key, (str(group), body["direction"], body["priority"])


def crowding(targets: Iterable[Target], fragments: Fragments) -> Iterator[Problem]:
    """What network managers would count too many of, were all targets there."""
    rules: Counter[str] = Counter()
    prefixes: Counter[str] = Counter()
    managers = {name: list(_managed(name, fragments)) for name in fragments}
    for held in managers.values():
        for manager, body in held:
            rules[manager] += 1
            prefixes[manager] += sum(len(body[side]) for side in _SIDES)
    for target in targets:
        counts: list[Count] = []
        for manager in sorted({manager for manager, _ in managers[target.name]}):
            counts.append(("admin_rules_per_manager", "there are security admin rules:", rules[manager]))
            counts.append(("admin_prefixes_per_manager", "they name ranges:", prefixes[manager]))
        yield from crowded(target, placement(target).quota, counts)


def _managed(target: str, fragments: Fragments) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The security admin rules of a target, each with the network manager that has it. Targets share what is
    between the two."""

    def named(kind: str, reference: str) -> Mapping[str, Any]:
        key = reference.removeprefix(f"${{{kind}.").removesuffix(".id}")
        found = (one.get("resource", {}).get(kind, {}) for one in fragments.values())
        return next(held[key] for held in found if key in held)

    for body in fragments[target].get("resource", {}).get(_ABOVE, {}).values():
        collection = named(_COLLECTION, body["admin_rule_collection_id"])
        configuration = named(_CONFIGURATION, collection["security_admin_configuration_id"])
        yield configuration["network_manager_id"].lower(), body


def _more(held: Mapping[str, list[str]], than: Mapping[str, list[str]]) -> dict[str, set[str]]:
    """The groups that interfaces are in, and not in another form."""
    return {who: set(groups) - set(than.get(who, ())) for who, groups in sorted(held.items())}


def _said(rule: Mapping[str, Any]) -> str:
    """What a rule says, however it is called and wherever it stands."""
    said = {k: v for k, v in rule.items() if k not in (*WORDS, "name", "priority")}
    return json.dumps(said, sort_keys=True)


def asleep(_target: Target, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
    """Interfaces are in their groups, and no security group is on anything; in one of somebody else's
    nothing is denied."""
    resources = dict(fragment.get("resource", {}))
    rules = {name: body for name, body in resources.get(_RULE, {}).items() if body["access"] != "Deny"}
    there = {kind: named for kind, named in resources.items() if kind not in (_ON_SUBNET, _ON_INTERFACE)}
    return prune({**fragment, "resource": {**there, _RULE: rules}})


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


def _rules(fragment: Mapping[str, Any], access: str) -> Iterator[Mapping[str, Any]]:
    resources = fragment.get("resource", {})
    found = [*resources.get(_RULE, {}).values()]
    for body in resources.get(_NSG, {}).values():
        found += body.get("security_rule", ())
    yield from (rule for rule in found if rule["access"] == access)


def _named(rule: Mapping[str, Any]) -> Iterator[str]:
    """The groups that a rule names, as interfaces know them."""
    for side in _SIDES:
        for group in rule.get(f"{side}_application_security_group_ids") or ():
            name = group.removeprefix(f"${{{_ASG}.").removesuffix(".id}")
            yield f"${{local.segkit-group_{name}}}"
