"""Recorded answers of the Azure API, as enforcement state: the security groups that live elsewhere.

Source: Azure REST API, “Network Security Groups - List All” and SecurityRule: what Terraform writes with
underscores stands there in camel case under `properties`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from segkit.artifacts.blocks import read_scope
from segkit.platforms.azure.reading import Reading
from segkit.platforms.azure.state import Rule, SecurityGroup, State

_HUMP = re.compile(r"(?<=[a-z])([A-Z])")


def read_snapshot(groups: Iterable[Mapping[str, Any]]) -> State:
    """The state that listed network security groups describe: which they are, and on which subnets.

    >>> rule = {"name": "web", "properties": {"priority": 100, "direction": "Inbound", "access": "Allow",
    ...     "protocol": "Tcp", "sourcePortRange": "*", "destinationPortRange": "443",
    ...     "sourceAddressPrefix": "*", "destinationAddressPrefix": "*"}}
    >>> path = "/subscriptions/s/resourceGroups/R/providers/Microsoft.Network/networkSecurityGroups/G"
    >>> state = read_snapshot([{"id": path, "name": "G", "properties": {"securityRules": [rule]}}])
    >>> [str(r.services) for g in state.groups.values() for r in g.rules]
    ['tcp/443']
    """
    reading = Reading(read_scope({}))
    found, subnets = {}, {}
    for raw in groups:
        key = reading.key(raw.get("id")) or ""
        body = _properties(raw)
        rules = [_rule(reading, one) for one in body.get("securityRules") or ()]
        found[key] = SecurityGroup(key, str(raw.get("name", "")), tuple(rules))
        for subnet in body.get("subnets") or ():
            subnets[reading.key(subnet.get("id")) or ""] = key
    return State(groups=found, subnets=subnets, notes=tuple(reading.notes))


def told_apart(
    groups: Iterable[Mapping[str, Any]], ours: Callable[[str, str], bool]
) -> tuple[list[Mapping[str, Any]], list[tuple[str, str]]]:
    """Listed security groups without the rules that are ours by name and description, which stand in the
    stack if they are still wanted; and the groups and names of those rules."""
    kept: list[Mapping[str, Any]] = []
    found: list[tuple[str, str]] = []
    for raw in groups:
        body, rules = _properties(raw), []
        for rule in body.get("securityRules") or ():
            name, described = str(rule.get("name", "")), str(_properties(rule).get("description") or "")
            if ours(name, described):
                found.append((str(raw.get("id")), name))
            else:
                rules.append(rule)
        kept.append({**raw, "properties": {**body, "securityRules": rules}})
    return kept, found


def _rule(reading: Reading, raw: Mapping[str, Any]) -> Rule:
    body = {_HUMP.sub(r"_\1", key).lower(): value for key, value in _properties(raw).items()}
    for end in ("source", "destination"):
        groups = body.pop(f"{end}_application_security_groups", None) or ()
        body[f"{end}_application_security_group_ids"] = [group.get("id") for group in groups]
    where = str(raw.get("id") or raw.get("name") or "")
    return reading.rule(dict(_plain({**body, "name": raw.get("name", "")})), where)


def _plain(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Texts of an answer are no templates."""
    for key, value in body.items():
        if isinstance(value, str):
            yield key, value.replace("${", "$${").replace("%{", "%%{")
        elif isinstance(value, list):
            yield key, [v.replace("${", "$${") if isinstance(v, str) else v for v in value]
        else:
            yield key, value


def _properties(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """What stands under `properties`, or beside the name where an SDK has flattened it."""
    inner = raw.get("properties")
    return inner if isinstance(inner, Mapping) else raw
