"""What the conformance suite needs to know of Azure: placements, quotas, names, and the packet oracle."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from unittest import mock

from segkit.model.model import Model
from segkit.platforms.azure.limits import QUOTAS
from tests.conformance.spots import STAND_IN, Owned, by_realm, located, owned
from tests.oracles import intent_oracle, judge_azure, packet_azure
from tests.strategies import ELSEWHERE

Document = dict[str, Any]

MOST = 10**6

NSG = "azurerm_network_security_group"
RULES = f"{NSG}.security_rule"
CLOSINGS = f"{NSG}.closing"
JOINED = "azurerm_network_interface_application_security_group_association"
ADMIN_RULE = "azurerm_network_manager_admin_rule"
MANAGER_ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkManagers/hub"
NETWORKS = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks"
ON_INTERFACE = "azurerm_network_interface_security_group_association"

_ALIAS = {"provider": "azurerm.prod", "tags": {"team": "netsec"}}
_SUBNET = {"id": "snet", "prefixes": ["10.0.0.0/24", "fd00::/64"]}
_LOG = {"network_watcher": "w", "resource_group": "rg", "storage_account_id": "s"}
_THEIRS = {"name": "nsg", "resource_group": "rg", "priorities": [1000, 3000]}
_ASG = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationSecurityGroups/legacy"
ADOPTED = {"name": "legacy", "id": _ASG}
SELDOM = (
    ("modes", {**_ALIAS, "flow_log": _LOG}, "4.11"),
    ("shop", {**_ALIAS, "subnets": {"all": _SUBNET}}, ""),
    ("shop", {**_ALIAS, "subnets": {"all": {**_SUBNET, "security_group": _THEIRS}}}, ""),
    ("shop", {"adopt": {"web": ADOPTED}}, ""),
)


_ENDS = ("source", "destination")


def _theirs(access: str, group: str = f"${{{NSG}.theirs.id}}") -> Document:
    """Somebody's security group on the subnet of an interface that the stack makes."""
    place = {"name": "theirs", "resource_group_name": "rg", "location": "westeurope"}
    every = {f"{end}_{what}": "*" for end in _ENDS for what in ("port_range", "address_prefix")}
    rules = [
        {"name": way, "priority": 100, "direction": way, "access": access, "protocol": "*", **every}
        for way in ("Inbound", "Outbound")
    ]
    return {
        NSG: {**place, "security_rule": rules},
        "azurerm_subnet_network_security_group_association": {
            "subnet_id": "/subscriptions/s/resourceGroups/rg/subnets/x",
            "network_security_group_id": group,
        },
        "azurerm_network_interface": {
            "name": "1",
            "resource_group_name": "rg",
            "location": "westeurope",
            "ip_configuration": [{"name": "x", "subnet_id": "/subscriptions/s/resourceGroups/rg/subnets/x"}],
        },
    }


FOREIGN = (
    (_theirs("Allow"), "equal"),
    (_theirs("Deny"), "different"),
    (_theirs("Allow", "/subscriptions/s/resourceGroups/rg/elsewhere"), "unproved"),
)

PARENTS = {ADMIN_RULE: "admin_rule_collection_id"}
"""Kinds whose names are used once in something else than a resource group."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def placement(encoding: str) -> Callable[[str, Sequence[str], int], Mapping[str, Any]]:
    """Placements with every quota out of the way; bit 0 puts the first two targets into one network,
    unless the second is that of another realm."""

    def make(name: str, names: Sequence[str], choice: int) -> Mapping[str, Any]:
        network = "shared" if choice & 1 and name in names[:2] and ELSEWHERE not in names[:2] else name
        return {
            "vnet_id": f"vnet-{network}",
            "resource_group": "rg",
            "location": "westeurope",
            "encoding": encoding,
            "quotas": dict.fromkeys(QUOTAS, MOST),
        }

    return make


def with_admin(encoding: str) -> Callable[[str, Sequence[str], int], Mapping[str, Any]]:
    """Placements whose global tier is in security admin rules too, of one network manager."""
    make = placement("groups")
    more = {"global_tier": "admin", "network_manager": MANAGER_ID}

    def managed(name: str, names: Sequence[str], choice: int) -> Mapping[str, Any]:
        found = make(name, names, choice)
        return {**found, **more, "vnet_id": f"{NETWORKS}/{found['vnet_id']}"}

    return managed


def by_bands(encoding: str) -> Callable[[str, Sequence[str], int], Mapping[str, Any]]:
    """Placements whose tiers are bands of priorities wherever rules can stay as they were written."""
    make = placement("groups")
    return lambda name, names, choice: {**make(name, names, choice), "tiers": "auto"}


@contextmanager
def unlimited() -> Iterator[None]:
    """Quotas that Azure would never grant, so that random models are judged by what they mean."""
    raised = {name: replace(quota, ceiling=MOST**2) for name, quota in QUOTAS.items()}
    with mock.patch.dict(QUOTAS, raised):
        yield


def stack(model: Model, document: Document) -> Document:
    """The document as it is: virtual networks and interfaces are somebody else's to make."""
    whole: Document = json.loads(json.dumps(document))
    return whole


class Oracle(packet_azure.Oracle):
    """The packet oracle, for which a stand-in address is in no range but those that hold everything."""

    def inside(self, address: str, ranges: list[str]) -> bool:
        if address not in STAND_IN.values():
            return super().inside(address, ranges)
        whole = sum(
            ip_network(text).num_addresses
            for text in ranges
            if "/" in text and (":" in text) == (":" in address)
        )
        return "*" in ranges or whole == 2 ** (128 if ":" in address else 32)


def packets(model: Model, document: Document) -> Callable[[intent_oracle.Packet], bool]:
    """Does Azure pass a packet, going by the document alone?"""
    oracle = Oracle(document, endpoints(model))

    def passes(packet: intent_oracle.Packet) -> bool:
        source, destination = (
            located(packet.source, oracle.groups),
            located(packet.destination, oracle.groups),
        )
        return oracle.allowed(packet_azure.Packet(*source, *destination, packet.protocol, packet.x))

    return passes


def endpoints(model: Model) -> packet_azure.Endpoints:
    """Where to read what each interface that an Azure target owns is in."""
    return {
        one.name: packet_azure.Endpoint(
            one.place,
            one.address,
            _subnet(model, one),
            str(one.target.placement["vnet_id"]),
            str(one.target.placement["location"]),
        )
        for one in owned(model)
    }


def _subnet(model: Model, one: Owned) -> str | None:
    """The subnet that holds an interface, told by its addresses, or by the networks of its zone; one that it
    may be in where they do not tell."""
    subnets, zone = one.target.placement.get("subnets", {}), model.zone_of(one.workload.label_map)
    held = one.interface.addresses
    if held is None and zone is not None and zone.realm == one.interface.realm:
        held = zone.networks
    for raw in subnets.values():
        for prefix in map(ip_network, raw["prefixes"]):
            if any(
                near.version == prefix.version and near[0] in prefix
                for near in (held.cidrs() if held else ())
            ):
                return str(raw["id"])
    return next((str(raw["id"]) for raw in subnets.values()), None)


def interface(name: str) -> str:
    """The id of an interface."""
    path = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces"
    return f"{path}/{name}"


def close(document: Document) -> None:
    """Takes away what lets anything in or out."""
    for body in document["resource"][NSG].values():
        body["security_rule"] = [r for r in body["security_rule"] if r["access"] == "Deny"]
    for body in document["resource"].get(ADMIN_RULE, {}).values():
        body["action"] = "Deny"


def parts(document: Document) -> dict[tuple[str, str], Any]:
    """What comes and goes by itself: resources, and the rules inside security groups."""
    found: dict[tuple[str, str], Any] = {}
    for kind, bodies in document.get("resource", {}).items():
        for key, body in bodies.items():
            found[kind, key] = {k: v for k, v in body.items() if k != "security_rule"}
            for rule in body.get("security_rule") or ():
                closing = rule["name"].startswith("segkit-")
                found[CLOSINGS if closing else RULES, f"{key}/{rule['name']}"] = rule
    return found


def faults(document: Document) -> Iterator[str]:
    """Names, texts and priorities that Azure or Terraform would refuse."""
    names: set[tuple[str, str, str]] = set()
    for (kind, key), body in parts(document).items():
        rule = kind in (RULES, CLOSINGS)
        if not rule and (not _KEY.fullmatch(key) or len(key) > 128):
            yield f"{kind}.{key}: no Terraform name"
        name = body.get("name")
        if name is not None and not _NAME.fullmatch(name):
            yield f"{kind}.{key}: name {name!r}"
        place = (
            kind,
            key.partition("/")[0] if rule else body.get(PARENTS.get(kind, "resource_group_name"), ""),
            str(name).lower(),
        )
        if name is not None and place in names:
            yield f"{kind}.{key}: a second one called {name!r}"
        names.add(place)
        if len(body.get("description") or "") > 140 or "\n" in (body.get("description") or ""):
            yield f"{kind}.{key}: description {body['description']!r}"
        for tag, value in (body.get("tags") or {}).items():
            if len(tag) > 512 or set(tag) & set("<>%&\\?/") or len(value) > 256:
                yield f"{kind}.{key}: tag {tag!r}"
    yield from _admin_faults(document)
    for key, body in document.get("resource", {}).get(NSG, {}).items():
        taken = [(rule["direction"], rule["priority"]) for rule in body["security_rule"]]
        if len(taken) != len(set(taken)) or not all(100 <= priority <= 4096 for _, priority in taken):
            yield f"{NSG}.{key}: priorities {sorted(taken)}"
        for rule in body["security_rule"]:
            yield from _unwritable(f"{NSG}.{key} {rule['name']}", rule)


def _admin_faults(document: Document) -> Iterator[str]:
    """The same of security admin rules: a priority is used once in a collection, whatever the direction."""
    taken: set[tuple[str, int]] = set()
    for key, body in document.get("resource", {}).get(ADMIN_RULE, {}).items():
        place = body["admin_rule_collection_id"], body["priority"]
        if place in taken or not 1 <= body["priority"] <= 4096:
            yield f"{ADMIN_RULE}.{key}: priority {body['priority']}"
        taken.add(place)
        for end in ("source", "destination"):
            prefixes = [one["address_prefix"] for one in body[end]]
            mixed = len({":" in prefix for prefix in prefixes}) > 1 or (len(prefixes) > 1 and "*" in prefixes)
            if not prefixes or mixed or {one["address_prefix_type"] for one in body[end]} != {"IPPrefix"}:
                yield f"{ADMIN_RULE}.{key}: {end} is {prefixes}"


def _unwritable(where: str, rule: Mapping[str, Any]) -> Iterator[str]:
    """Arguments that Azure does not take together."""
    for end in ("source", "destination"):
        given = [
            argument
            for argument in ("address_prefix", "address_prefixes", "application_security_group_ids")
            if rule[f"{end}_{argument}"]
        ]
        if len(given) != 1 or len(rule[f"{end}_application_security_group_ids"] or ()) > 10:
            yield f"{where}: {end} is given by {given}"
        prefixes = packet_azure.listed(dict(rule), f"{end}_address_prefix", f"{end}_address_prefixes")
        if len({":" in prefix for prefix in prefixes}) > 1 or (len(prefixes) > 1 and "*" in prefixes):
            yield f"{where}: {end} mixes {prefixes}"
        if {"0.0.0.0/0", "::/0"} & set(prefixes):
            yield f"{where}: {end} is {prefixes}, of which it is not certain whom it holds"
        if bool(rule[f"{end}_port_range"]) == bool(rule[f"{end}_port_ranges"]):
            yield f"{where}: ports of {end}"


def _taken(model: Model, realm: str) -> Iterator[str]:
    """The addresses of machines in a realm."""
    for workload in (one for one in model.workloads if not one.is_class):
        for one in workload.interfaces:
            if one.realm == realm and one.addresses is not None:
                yield from (str(address) for cidr in one.addresses.cidrs() for address in cidr)


def judge(model: Model, original: Document, mutant: Document) -> packet_azure.Packet | None:
    """A packet that shows the difference of two documents."""
    for realm, held in by_realm(model, endpoints(model)):
        found = judge_azure.judge(original, mutant, held, set(_taken(model, realm)))
        if found is not None:
            return found
    return None
