"""How what is deployed and what will be are there at once on AWS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from segkit.artifacts.bridge import Apart, Joins
from segkit.errors import Problem, SegkitError
from segkit.model.model import Target
from segkit.platforms.aws.placement import placement
from segkit.platforms.lowering.crowding import Count, Forms, crowded, members

_LIST = "aws_ec2_managed_prefix_list"
_ATTACHMENT = "aws_network_interface_sg_attachment"
_RULES = {f"aws_vpc_security_group_{way}_rule": way for way in ("ingress", "egress")}

JOINS = Joins(
    # One place holds rules that begin with one port: the wider of two holds the other.
    widest=dict.fromkeys(_RULES, "to_port"),
    items={_LIST: ("entry", Apart("cidr"), "max_entries")},
    fixed={
        _ATTACHMENT: ("network_interface_id", "security_group_id"),
        "aws_security_group": ("vpc_id", "name", "description"),
    },
)


def refused(target: Target, _forms: Forms, fragment: Mapping[str, Any]) -> Iterator[Problem]:
    """What AWS would count too many of, were all of it there."""
    yield from crowded(target, placement(target).quota, _counts(target, fragment))


def asleep(target: Target, _fragment: Mapping[str, Any]) -> Mapping[str, Any]:
    """There is no such form: what is attached opens, and what others attached goes on to."""
    raise SegkitError(
        Problem(
            f"target {target.name}: security groups cannot be there without opening",
            where=target.where,
            fix="attach ours beside those that are there (membership(machine, extra=[…])), and take the "
            "others away in a second apply",
        )
    )


def _counts(target: Target, fragment: Mapping[str, Any]) -> Iterator[Count]:
    resources = fragment.get("resource", {})
    held = members(fragment, target.name, _ATTACHMENT, "network_interface_id", "security_group_id")
    for who, groups in sorted(held.items()):
        yield "groups_per_interface", f"{who} carries groups:", len(set(groups))
    yield "groups_per_region", "there are security groups:", len(resources.get("aws_security_group", {}))
    lists = resources.get(_LIST, {})
    yield "prefix_lists_per_region", "there are prefix lists:", len(lists)
    for name, body in sorted(lists.items()):
        yield "entries_per_prefix_list", f"prefix list {name} has entries:", body["max_entries"]
    rules: Counter[tuple[str, str, int]] = Counter()
    for kind, way in _RULES.items():
        for body in resources.get(kind, {}).values():
            for family, charged in _charged(body, lists):
                rules[body["security_group_id"], way, family] += charged
    for (group, way, family), used in sorted(rules.items()):
        yield "rules_per_group", f"{group} has {way} rules for IPv{family}:", used


def _charged(body: Mapping[str, Any], lists: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """What a rule costs, by family."""
    if listed := body.get("prefix_list_id"):
        found = lists.get(listed.removeprefix(f"${{{_LIST}.").removesuffix(".id}"), {})
        yield int(found.get("address_family", "IPv4")[-1]), found.get("max_entries", 1)
        return
    for family in (4, 6):
        if not body.get(f"cidr_ipv{10 - family}"):
            yield family, 1
