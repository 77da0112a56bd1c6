"""Reads a whole stack's Terraform JSON into the enforcement state of its network security groups.

Everybody's resources are read, not only the ones that segkit made. What cannot be told from the configuration
is marked as not known, with a note; nothing is left out silently. Not part of this model: Azure Firewall and
routing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from segkit.artifacts.blocks import entries, labelled, read_imports, read_scope
from segkit.artifacts.scope import Block, Scope, Unknown, spelled
from segkit.platforms.azure.read_admin import AdminReader
from segkit.platforms.azure.read_carriers import CarrierReader
from segkit.platforms.azure.read_groups import GroupReader
from segkit.platforms.azure.read_handed import handed
from segkit.platforms.azure.reading import Reading, ignores
from segkit.platforms.azure.state import Admin, State

NAMED = {
    "azurerm_network_security_group": "microsoft.network/networksecuritygroups",
    "azurerm_application_security_group": "microsoft.network/applicationsecuritygroups",
    "azurerm_network_interface": "microsoft.network/networkinterfaces",
    "azurerm_virtual_network": "microsoft.network/virtualnetworks",
}
"""Kinds of resource that go by the name of their resource group and their own, with their provider path."""

_NONE: Mapping[str, str] = MappingProxyType({})


def read_terraform(
    doc: Mapping[str, Any],
    *,
    snapshot: State | None = None,
    networks: Mapping[str, str] = _NONE,
    scope: Scope | None = None,
) -> State:
    """The enforcement state that a stack's Terraform JSON (`cdk.tf.json`) describes.

    `snapshot` is what `read_snapshot` made of recorded answers of the platform; it supplies the rules of
    security groups that live elsewhere. `networks` are the virtual networks whose security admin rules are
    asked for, as the stack names them, with the region of each. `scope` is that of the document, if it was
    read already. Raises SegkitError where the document is no Terraform JSON.

    >>> group = {"name": "g", "resource_group_name": "r", "location": "westeurope"}
    >>> state = read_terraform({"resource": {"azurerm_network_security_group": {"g": group}}})
    >>> state.groups["azurerm_network_security_group.g"].rules
    ()
    """
    known = snapshot or State()
    reading = Reading(scope or read_scope(doc), list(known.notes))
    imports = read_imports(doc)
    name_all(reading)
    modules = {labels[0]: body for labels, body in labelled(doc, "module", 1)}
    passed_on = tuple(handed(reading, modules))
    groups = GroupReader(reading, imports, passed_on, known)
    groups.read()
    carriers = CarrierReader(reading, passed_on)
    carriers.read()
    aliases = reading.aliases
    subnets = {aliases.get(s, s): aliases.get(group, group) for s, group in known.subnets.items()}
    subnets |= dict(_inline_subnets(reading))
    loose = [(one.key, one.where) for one in passed_on if one.changed and _is_subnet(one.key)]
    for subnet, group, block in _associations(reading):
        where = block.address
        unsure = block.repeated or ignores(block.body)
        if unsure or subnet in reading.untold:
            loose.append((subnet, where))
        if unsure:
            groups.doubt(group, where, "whether it is put on a subnet is not known")
        if subnets.get(subnet, group) != group:
            groups.doubt(group, where, f"another security group is on {subnet} too, which Azure refuses")
        subnets[subnet] = group
    held, offered = carriers.carriers(), carriers.memberships()
    groups.named(
        key
        for key in (
            *subnets.values(),
            *(c.security_group for c in held),
            *(p.security_group for p in offered),
        )
        if key is not None
    )
    admin = AdminReader(reading, passed_on)
    asked = {network: admin.of(network, networks[network]) for network in sorted(networks)}
    return State(
        groups=groups.frozen(),
        subnets=dict(sorted(subnets.items())),
        loose=tuple(sorted(loose)),
        loose_filters=tuple(sorted(carriers.loose)),
        untold=frozenset(reading.untold),
        carriers=held,
        memberships=offered,
        notes=tuple(sorted(set(reading.notes))),
        admin={network: held for network, held in asked.items() if held != Admin()},
        spared=admin.spared(),
    )


def name_all(reading: Reading) -> None:
    """Notes other names under which what the stack makes, or looks up, goes."""
    for kind, path in NAMED.items():
        for block in (*reading.data(kind), *reading.of(kind)):
            if block.repeated:
                continue
            key = reading.named(path, block.body, "name")
            if block.data:
                reading.aliases[block.address] = key
            else:
                reading.aliases[key] = block.address
                reading.aliases.update(
                    {a: block.address for a, k in reading.aliases.items() if k == key and a != key}
                )
    for block in (*reading.data("azurerm_subnet"), *reading.of("azurerm_subnet")):
        if block.repeated:
            continue
        key = _subnet_key(reading, block.body, block.body.get("virtual_network_name"), block.body.get("name"))
        if block.data:
            reading.aliases[block.address] = reading.aliases.get(key, key)
        else:
            reading.aliases[key] = block.address


def _subnet_key(reading: Reading, body: Mapping[str, Any], network: Any, name: Any) -> str:
    parts = [
        spelled(reading.scope.value(raw)).lower() for raw in (body.get("resource_group_name"), network, name)
    ]
    return f"{parts[0]}/providers/microsoft.network/virtualnetworks/{parts[1]}/subnets/{parts[2]}"


def _associations(reading: Reading) -> Iterator[tuple[str, str, Block]]:
    """Subnet, security group, and what says so."""
    for block in reading.of("azurerm_subnet_network_security_group_association"):
        if reading.copies(block) == 0:
            continue
        subnet = reading.key(block.body.get("subnet_id"))
        group = reading.key(block.body.get("network_security_group_id"))
        if subnet is None or group is None or block.repeated:
            reading.note(block.address, "which subnet or security group it names is not known")
        if subnet is not None and group is not None:
            yield subnet, group, block
    for block in reading.of("azurerm_subnet"):
        group = reading.key(block.body.get("network_security_group_id_wo"))
        if group is not None:
            yield block.address, group, block


def _is_subnet(key: str) -> bool:
    return key.startswith("azurerm_subnet.") or "/subnets/" in key


def _inline_subnets(reading: Reading) -> Iterator[tuple[str, str]]:
    """Subnets that a virtual network makes by itself, with their security groups."""
    for block in reading.of("azurerm_virtual_network"):
        for body in entries(reading.scope, block.body.get("subnet")):
            if isinstance(body, Unknown):
                reading.note(block.address, f"subnets that are not known: {body.text}")
                continue
            group = reading.key(body.get("security_group"))
            if group is not None:
                yield _subnet_key(reading, block.body, block.body.get("name"), body.get("name")), group
