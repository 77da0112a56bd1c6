"""What Azure would refuse of the names and ids that people give: those of what is there already."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from segkit.errors import Problem
from segkit.model.model import Model, Target
from segkit.platforms.arguments import given, wrong
from segkit.platforms.azure.limits import (
    NOT_IN_TAG,
    OWN_TAGS,
    RESERVED_SUBNETS,
    TAG_KEY_LIMIT,
    TAG_VALUE_LIMIT,
    TAGS_LIMIT,
    name,
)

_ASG = re.compile(
    r"/subscriptions/[^/]+/resourcegroups/([^/]+)/providers/microsoft\.network"
    r"/applicationsecuritygroups/([^/]+)",
    re.IGNORECASE,
)
_SUBNET = re.compile(r"(/subscriptions/.+/virtualnetworks/[^/]+)/subnets/[^/]+", re.IGNORECASE)
_REGION = re.compile(r"[A-Za-z0-9 ]+")
_RESOURCE_GROUP = re.compile(r"[\w().-]{0,89}[\w()-]")


def check_names(model: Model, target: Target) -> Iterator[Problem]:
    """Names and ids in a placement whose arguments have the right shape. References are not looked into."""
    found = given(target)
    yield from _check_name(target, "resource_group", found.get("resource_group", ""), _RESOURCE_GROUP)
    region = found.get("location", "")
    if region and "${" not in region and not _REGION.fullmatch(region):
        yield wrong(target, "location", f"location is {region!r}, which is no region", "e.g. 'westeurope'")
    yield from _check_tags(target, found.get("tags", {}))
    for subnet, raw in sorted(found.get("subnets", {}).items()):
        yield from _check_subnet(target, subnet, raw)
        yield from _check_network(target, subnet, str(raw["id"]), found.get("vnet_id", ""))
    for group, kept in sorted(found.get("adopt", {}).items()):
        yield from _check_adopted(target, group, kept, found.get("resource_group", ""))
    yield from _check_interfaces(model, target)


def _check_name(
    target: Target, argument: str, text: Any, wanted: re.Pattern[str], what: str = ""
) -> Iterator[Problem]:
    if isinstance(text, str) and text and "${" not in text and not wanted.fullmatch(text):
        fix = "write the name alone, as Azure has it: not an id"
        yield wrong(target, argument, f"{what or argument} is {text!r}, which is no name at Azure", fix)


def _check_subnet(target: Target, subnet: str, raw: Mapping[str, Any]) -> Iterator[Problem]:
    called = {str(one).rpartition("/")[2].lower() for one in (subnet, raw["id"])}
    for reserved, why in RESERVED_SUBNETS.items():
        if reserved.lower() in called:
            what = f"subnet {subnet!r} is {reserved}: {why}"
            yield wrong(
                target, "subnets", what, "leave it out of subnets, and let no target own what is there"
            )
    existing = raw.get("security_group")
    if isinstance(existing, Mapping):
        what = f"the resource_group of the security_group of subnet {subnet!r}"
        yield from _check_name(target, "subnets", existing.get("resource_group"), _RESOURCE_GROUP, what)
        there = existing.get("name")
        if isinstance(there, str) and there and not _is_name(there):
            what = f"the security_group of subnet {subnet!r} is called {there!r}, which is no name at Azure"
            yield wrong(target, "subnets", what, "write its name alone, not its id")


def _check_network(target: Target, subnet: str, id_: str, vnet: str) -> Iterator[Problem]:
    """A subnet of another virtual network than the target's, where the ids of both tell."""
    match = _SUBNET.fullmatch(id_)
    if match is None or not vnet.startswith("/") or "${" in vnet + id_:
        return
    if match[1].lower() != vnet.lower():
        what = f"subnet {subnet!r} is one of {match[1]}, and vnet_id is {vnet}"
        yield wrong(target, "subnets", what, "give each virtual network a target of its own")


def _check_tags(target: Target, tags: Mapping[str, str]) -> Iterator[Problem]:
    """Tags that Azure refuses."""
    most = TAGS_LIMIT - OWN_TAGS
    if len(tags) > most:
        what = f"{len(tags)} tags, and {OWN_TAGS} of segkit's"
        yield wrong(target, "tags", what, f"pass at most {most}: Azure takes {TAGS_LIMIT}")
    for key, value in sorted(tags.items()):
        refused = not key or len(key) > TAG_KEY_LIMIT or set(key) & NOT_IN_TAG
        if refused and "${" not in key:
            fix = f"write 1 to {TAG_KEY_LIMIT} letters, and none of {' '.join(sorted(NOT_IN_TAG))}"
            yield wrong(target, "tags", f"the tag {key!r} has a name that Azure refuses", fix)
        if len(value) > TAG_VALUE_LIMIT and "${" not in value:
            fix = f"write at most {TAG_VALUE_LIMIT}"
            yield wrong(target, "tags", f"the tag {key!r} has a value of {len(value)} letters", fix)


def _check_adopted(
    target: Target, group: str, kept: Mapping[str, str], resource_group: str
) -> Iterator[Problem]:
    """A name that Azure refuses, or that is not the one in the id: either would replace what is adopted."""
    called, id_ = kept.get("name", ""), kept.get("id", "")
    if called and not _is_name(called):
        fix = "write the name that the application security group has"
        yield wrong(target, "adopt", f"name of {group!r} is {called!r}, which is no name at Azure", fix)
    if not id_ or "${" in id_:
        return
    match = _ASG.fullmatch(id_)
    if match is None:
        fix = (
            "write /subscriptions/…/resourceGroups/…/providers/Microsoft.Network/applicationSecurityGroups/…"
        )
        yield wrong(target, "adopt", f"id of {group!r} is {id_!r}, which is none of its kind", fix)
    elif match[2].lower() != called.lower() and "${" not in called:
        what = f"id of {group!r} ends in {match[2]!r}, and its name is {called!r}"
        fix = f"write name={match[2]!r}: with another, it would be replaced"
        yield wrong(target, "adopt", what, fix)
    elif match[1].lower() != resource_group.lower() and "${" not in resource_group:
        what = f"{group!r} is in resource group {match[1]!r}, and the target's is {resource_group!r}"
        yield wrong(
            target, "adopt", what, "adopt groups of the target's resource_group: others would be replaced"
        )


def _is_name(text: str) -> bool:
    return "${" in text or name(text) == text


def _check_interfaces(model: Model, target: Target) -> Iterator[Problem]:
    """Ids of interfaces that are none, or differ in nothing but case, which are one to Azure."""
    seen: dict[str, tuple[str, str]] = {}
    for workload in model.workloads:
        for one in workload.interfaces:
            if one.id is None or "${" in one.id:
                continue
            if not one.id.startswith("/") and target.owns(workload.label_map, one.realm, one.network):
                yield Problem(
                    f"target {target.name}: the interface id of workload {workload.name!r} is {one.id!r}",
                    where=workload.where,
                    why="groups are attached to an interface by its resource id",
                    fix="write /subscriptions/…/networkInterfaces/…, or a reference such as nic.id",
                )
                continue
            other, id_ = seen.setdefault(one.id.lower(), (workload.name, one.id))
            if id_ != one.id and target.owns(workload.label_map, one.realm, one.network):
                yield Problem(
                    f"target {target.name}: interface {one.id!r} of workload {workload.name!r} is that of "
                    f"{other!r}",
                    where=workload.where,
                    why="Azure compares ids without regard to case",
                    fix="correct one of them, or list both addresses on one interface",
                )
