"""What Azure checks across objects: priorities, quotas, who is in which virtual network."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from tests.double import manager_azure
from tests.double.store import Body, State, Thing
from tests.double.table import Check, families, values
from tests.double.wire import UNKNOWN

NSG, RULE = "azurerm_network_security_group", "azurerm_network_security_rule"
ASG, NIC = "azurerm_application_security_group", "azurerm_network_interface"
VNET, SUBNET = "azurerm_virtual_network", "azurerm_subnet"
NIC_ASG = f"{NIC}_application_security_group_association"
NIC_NSG = f"{NIC}_security_group_association"
SUBNET_NSG = f"{SUBNET}_network_security_group_association"
SIDES = ("source", "destination")

RULES, ADDRESSES, ASGS, ASGS_PER_SIDE, ASGS_PER_NIC = 1000, 4000, 100, 10, 20


def rules_of(state: State, group: str) -> list[Body]:
    """Every rule of a group, inline ones and those of their own."""
    inside = [dict(rule) for t in state.of(NSG) if t.id.lower() == group.lower() for rule in _inline(t)]
    return inside + [t.body for t in state.of(RULE) if _group_of(t).lower() == group.lower()]


def _inline(group: Thing) -> Sequence[Body]:
    return group.body.get("security_rule") or []


def _group_of(rule: Thing) -> str:
    return rule.id.rsplit("/", 2)[0]


def with_all_rules(state: State, group: Thing) -> Body:
    """A group as it is read back: with the rules that other resources put into it."""
    return {**group.body, "security_rule": [_as_inline(rule) for rule in rules_of(state, group.id)]}


def _as_inline(rule: Body) -> Body:
    left_out = ("id", "timeouts", "resource_group_name", "network_security_group_name")
    return {key: value for key, value in rule.items() if key not in left_out}


def with_its_group(state: State, subnet: Thing) -> Body:
    """A subnet as it is read back: with the group that is on it."""
    found = [a.body["network_security_group_id"] for a in state.of(SUBNET_NSG) if _same(a.id, subnet.id)]
    return {**subnet.body, "network_security_group_id": found[0] if found else None}


def whole_list(state: State, before: Thing | None, after: Thing) -> tuple[Thing, Sequence[Thing]]:
    """What writing a group does: its list of rules is all there is, so rules of their own that it lacks go.
    Those that it has stay what they are."""
    own = [t for t in state.of(RULE) if _same(_group_of(t), after.id)]
    given = None if before is None else after.body.get("security_rule")
    swept = [] if given is None else [t for t in own if t.body["name"] not in _names(after)]
    inline = [rule for rule in _inline(after) if rule["name"] not in {t.body["name"] for t in own}]
    return Thing(after.kind, after.id, {**after.body, "security_rule": inline}), swept


def _names(group: Thing) -> set[str]:
    return {rule["name"] for rule in _inline(group)}


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _unique(state: State, thing: Thing) -> Iterator[str]:
    group = thing.id if thing.kind == NSG else _group_of(thing)
    rules = rules_of(state, group)
    names = Counter(str(rule["name"]).lower() for rule in rules)
    yield from (f"rule {name} is there {count} times" for name, count in names.items() if count > 1)
    places: dict[tuple[str, int], list[str]] = {}
    for rule in rules:
        places.setdefault((rule["direction"], rule["priority"]), []).append(rule["name"])
    for (direction, priority), held in places.items():
        if len(held) > 1:
            yield f"rules {', '.join(sorted(held))} share the priority {priority} {direction}"


def _within_quotas(state: State, thing: Thing) -> Iterator[str]:
    rules = rules_of(state, thing.id if thing.kind == NSG else _group_of(thing))
    if len(rules) > RULES:
        yield f"{len(rules)} rules in one group, {RULES} can be"
    named: set[str] = set()
    for side in SIDES:
        count = sum(len(_prefixes(rule, side)) for rule in rules)
        if count > ADDRESSES:
            yield f"{count} {side} addresses in one group, {ADDRESSES} can be"
        for rule in rules:
            groups = _asgs(rule, side)
            named |= {group.lower() for group in groups}
            if len(groups) > ASGS_PER_SIDE:
                yield f"rule {rule['name']} has {len(groups)} groups as {side}, {ASGS_PER_SIDE} can be"
    if len(named) > ASGS:
        yield f"{len(named)} application security groups in the rules of one group, {ASGS} can be"


def _prefixes(rule: Body, side: str) -> list[str]:
    one = rule.get(f"{side}_address_prefix")
    return list(rule.get(f"{side}_address_prefixes") or ()) + ([one] if one and one != "*" else [])


def _asgs(rule: Body, side: str) -> list[str]:
    return rule.get(f"{side}_application_security_group_ids") or []


def _one_family(state: State, thing: Thing) -> Iterator[str]:
    for rule in _own_rules(thing):
        found = families([prefix for side in SIDES for prefix in _prefixes(rule, side)])
        if len(found) > 1:
            yield f"rule {rule['name']} mixes IPv4 and IPv6"


def _own_rules(thing: Thing) -> Sequence[Body]:
    return _inline(thing) if thing.kind == NSG else [thing.body]


def vnet_of(state: State, nic: str) -> str:
    """The virtual network of an interface."""
    found = state.get(NIC, nic)
    subnets = list(values("ip_configuration.subnet_id", found.body)) if found else []
    return subnets[0].rsplit("/", 2)[0].lower() if subnets else ""


def _members(state: State, asg: str) -> set[str]:
    """The virtual networks that the interfaces of a group are in."""
    return {
        vnet_of(state, link.body["network_interface_id"])
        for link in state.of(NIC_ASG)
        if _same(link.body["application_security_group_id"], asg)
    }


def _rules_in_one_network(state: State, thing: Thing) -> Iterator[str]:
    for rule in _own_rules(thing):
        yield from _across(state, rule)


def _across(state: State, rule: Body) -> Iterator[str]:
    source, destination = (_asgs(rule, side) for side in SIDES)
    if source and destination:
        found = {vnet for asg in source + destination for vnet in _members(state, asg)}
        if len(found) > 1:
            yield f"rule {rule['name']} has groups of several virtual networks: {', '.join(sorted(found))}"


def _joins(state: State, link: Thing) -> Iterator[str]:
    asg, nic = link.body["application_security_group_id"], link.body["network_interface_id"]
    if len(found := _members(state, asg)) > 1:
        yield f"interfaces of {asg} are in several virtual networks: {', '.join(sorted(found))}"
    for group in state.of(NSG):
        for rule in rules_of(state, group.id):
            yield from _across(state, rule)
    held = [t for t in state.of(NIC_ASG) if _same(t.body["network_interface_id"], nic)]
    if len(held) > ASGS_PER_NIC:
        yield f"{nic} is in {len(held)} groups, {ASGS_PER_NIC} can be"


def _one_group(state: State, link: Thing) -> Iterator[str]:
    held = [t for t in state.of(NIC_NSG) if _same(_nic(t), _nic(link))]
    if len(held) > 1:
        yield f"{_nic(link)} has a network security group already"


def _nic(link: Thing) -> str:
    return str(link.body["network_interface_id"])


def _in_region(*ends: str) -> Check:
    """Objects that belong together are in one region."""

    def check(state: State, thing: Thing) -> Iterator[str]:
        found: dict[str, str] = {}
        for end in ends:
            for kind in (NSG, ASG, NIC, VNET):
                for at in values(end, thing.body):
                    if other := state.get(kind, at.split("/subnets/")[0]):
                        found[other.body["location"].replace(" ", "").lower()] = other.id
        if len(found) > 1:
            yield f"{', '.join(sorted(found.values()))} are in different regions: {', '.join(sorted(found))}"

    return check


def _inside_network(state: State, subnet: Thing) -> Iterator[str]:
    vnet = subnet.id.rsplit("/", 2)[0]
    space = [_range(text) for t in state.of(VNET) if _same(t.id, vnet) for text in _space(t)]
    own = [_range(text) for text in subnet.body.get("address_prefixes") or ()]
    for one in own:
        if not any(one.network_address in whole and one.prefixlen >= whole.prefixlen for whole in space):
            yield f"{one} is outside of the address space of {vnet}"
    for other in state.of(SUBNET):
        if other.key != subnet.key and _same(other.id.rsplit("/", 2)[0], vnet):
            for text in other.body.get("address_prefixes") or ():
                yield from (f"{one} overlaps {other.id}" for one in own if one.overlaps(_range(text)))


def _space(vnet: Thing) -> Sequence[str]:
    return vnet.body.get("address_space") or ()


def _range(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def give_addresses(state: State, nic: Body) -> None:
    """Dynamic addresses: the first that is free in the subnet; the platform keeps the first three."""
    taken = {a for t in state.of(NIC) for a in values("ip_configuration.private_ip_address", t.body)}
    for index, one in enumerate(nic["ip_configuration"]):
        if one.get("primary") is UNKNOWN:
            one["primary"] = index == 0
        subnet = state.get(SUBNET, one.get("subnet_id") or "")
        if one.get("private_ip_address") is UNKNOWN and subnet and subnet.body.get("address_prefixes"):
            hosts = islice(_range(subnet.body["address_prefixes"][0]).hosts(), 3, None)
            one["private_ip_address"] = next(str(host) for host in hosts if str(host) not in taken)
            taken.add(one["private_ip_address"])
    addresses = list(values("ip_configuration.private_ip_address", nic))
    nic["private_ip_addresses"] = addresses
    nic["private_ip_address"] = addresses[0] if addresses else None


def _inside_subnet(state: State, nic: Thing) -> Iterator[str]:
    for one in nic.body["ip_configuration"]:
        subnet, address = state.get(SUBNET, one.get("subnet_id") or ""), one.get("private_ip_address")
        ranges = [_range(text) for text in (subnet.body.get("address_prefixes") or ())] if subnet else []
        if address and ranges and not any(ipaddress.ip_address(address) in r for r in ranges):
            yield f"{address} is outside of {subnet.id if subnet else ''}"
        for other in state.of(NIC):
            beside = other.key != nic.key and vnet_of(state, other.id) == vnet_of(state, nic.id)
            if beside and address in list(values("ip_configuration.private_ip_address", other.body)):
                yield f"{address} is taken by {other.id}"


CHECKS: Mapping[str, Sequence[Check]] = {
    NSG: (_unique, _within_quotas, _one_family, _rules_in_one_network),
    RULE: (_unique, _within_quotas, _one_family, _rules_in_one_network),
    NIC: (_inside_subnet, _in_region("ip_configuration.subnet_id", "id")),
    SUBNET: (_inside_network,),
    NIC_ASG: (_joins, _in_region("network_interface_id", "application_security_group_id")),
    NIC_NSG: (_one_group, _in_region("network_interface_id", "network_security_group_id")),
    SUBNET_NSG: (_in_region("subnet_id", "network_security_group_id"),),
    **manager_azure.CHECKS,
}
