"""How what is deployed and what will be are there at once on Google Cloud."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from segkit.artifacts.bridge import Apart, Joins
from segkit.errors import Problem, SegkitError
from segkit.model.model import Target
from segkit.platforms.google.limits import NAME_LIMIT
from segkit.platforms.google.placement import placement
from segkit.platforms.lowering.crowding import Count, Forms, crowded, members, some

_POLICY = "google_compute_network_firewall_policy_with_rules"
_ASSOCIATION = "google_compute_network_firewall_policy_association"
_ABOVE = "google_compute_firewall_policy_with_rules"
_ATTACHED = "google_compute_firewall_policy_association"
_KEY, _VALUE, _BINDING = "google_tags_tag_key", "google_tags_tag_value", "google_tags_location_tag_binding"
_FIREWALL = "google_compute_firewall"

JOINS = Joins(
    beside={_FIREWALL: Apart("name", longest=NAME_LIMIT)},
    items={_POLICY: ("rule", Apart(number="priority"), "")},  # what is said above is true in either
    fixed={
        _BINDING: ("parent", "tag_value", "location"),
        _ASSOCIATION: ("attachment_target", "firewall_policy"),
        _VALUE: ("parent", "short_name"),
        _KEY: ("parent", "short_name", "purpose_data"),
        _POLICY: ("name",),
        _ABOVE: ("parent", "short_name"),
        _ATTACHED: ("attachment_target", "firewall_policy"),
    },
)


def refused(target: Target, _forms: Forms, fragment: Mapping[str, Any]) -> Iterator[Problem]:
    """What Google Cloud would refuse, were all of it there: of a key, a machine has one value, and it runs as
    one account."""
    here = placement(target)
    held = members(fragment, target.name, _BINDING, "parent", "tag_value")
    yield from _two_values(target, fragment, held)
    if here.tags == "service-accounts":
        yield from _two_accounts(target, held)
    yield from crowded(target, here.quota, _counts(fragment, held, here.tags))


def _two_values(
    target: Target, fragment: Mapping[str, Any], held: Mapping[str, list[str]]
) -> Iterator[Problem]:
    keys = {
        f"${{local.segkit-tag_{name}}}": body["parent"]
        for name, body in fragment.get("resource", {}).get(_VALUE, {}).items()
    }
    clashes: dict[str, list[str]] = defaultdict(list)
    for who, tags in sorted(held.items()):
        for key, count in Counter(keys[tag] for tag in set(tags) if tag in keys).items():
            if count > 1:
                clashes[key].append(who)
    for key, machines in sorted(clashes.items()):
        yield Problem(
            f"target {target.name}: {some(machines)} would have two values of {key}",
            where=target.where,
            why="a machine has one value of a tag key, so no step between the two is possible",
            fix=_BY_WAY_OF_RULES if f"{target.name}_admin_" in key else _BY_WAY_OF_GROUPS,
        )


def _two_accounts(target: Target, held: Mapping[str, list[str]]) -> Iterator[Problem]:
    if machines := [who for who, accounts in sorted(held.items()) if len(set(accounts)) > 1]:
        yield Problem(
            f"target {target.name}: {some(machines)} would run as two service accounts",
            where=target.where,
            why="a machine runs as one account, and is stopped to get another",
            fix="leave out since, as no flow of a stopped machine can be kept; or put a machine that runs as "
            "the other account beside it, as a workload of its own",
        )


_BY_WAY_OF_GROUPS = (
    'go by way of encoding="groups", where each selector has a key of its own: one transition to it, one '
    "with this change, one back; or let go of the flows of these machines for a moment and leave out since"
)
_BY_WAY_OF_RULES = (
    'go by way of global_tier="rules": one transition to it, one with this change, one back; what is above '
    "only repeats what the policy of the network says"
)


def asleep(target: Target, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
    """Machines have their tags, and the policy leaves everything to what comes next: then it can begin to
    decide at once."""
    resources = fragment.get("resource", {})
    if placement(target).tags != "secure" or _ABOVE in resources:
        raise SegkitError(
            Problem(
                f"target {target.name}: only the policy of a network, with secure tags, can be there asleep",
                where=target.where,
                why="VPC firewall rules come one by one, and a policy above is there for others too",
                fix="leave out since and choose the hour; or begin with secure tags, and without global_tier",
            )
        )
    policies = {
        name: {
            **policy,
            "rule": [{**r, "action": "goto_next"} for r in policy["rule"] if r["action"] == "deny"],
        }
        for name, policy in resources.get(_POLICY, {}).items()
    }
    return {**fragment, "resource": {**resources, _POLICY: policies}}


def _counts(fragment: Mapping[str, Any], held: Mapping[str, list[str]], tags: str) -> Iterator[Count]:
    resources = fragment.get("resource", {})
    per_machine = {"network": "network_tags_per_machine", "secure": "tags_per_interface"}
    for who, marks in sorted(held.items()) if tags in per_machine else ():
        yield per_machine[tags], f"{who} has tags:", len(set(marks))
    if tags != "secure":
        yield "rules_per_project", "there are VPC firewall rules:", len(resources.get(_FIREWALL, {}))
        return
    yield "keys_per_parent", "there are tag keys:", len(resources.get(_KEY, {}))
    values = Counter(str(body["parent"]) for body in resources.get(_VALUE, {}).values())
    for key, count in sorted(values.items()):
        yield "values_per_key", f"{key} has values:", count
    for name, policy in sorted(resources.get(_POLICY, {}).items()):
        cost = sum(map(_cost, policy["rule"]))
        yield "attributes_per_policy", f"the rules of policy {name} have attributes:", cost


def _cost(rule: Mapping[str, Any]) -> int:
    """What a rule costs: all that it names, or far ends times services, as segkit estimates it elsewhere."""
    match, services = rule["match"], rule["match"]["layer4_config"]
    ends = sum(len(match.get(f"{side}_{how}", ())) for side in ("src", "dest") for how in _FAR_ENDS)
    ports = [len(one.get("ports", ())) for one in services]
    named = ends + len(rule.get("target_secure_tag", ())) + len(ports) + sum(ports)
    return max(ends * sum(max(1, count) for count in ports), named)


_FAR_ENDS = ("ip_ranges", "secure_tag")
