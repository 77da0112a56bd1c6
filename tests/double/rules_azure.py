"""What Azure Resource Manager and the azurerm provider refuse, and what they fill in.

Sources: the provider's documentation of each resource; "Azure subscription and service limits", section
Networking limits; "Network security groups" and "Application security groups" of the Virtual Network
documentation; "Naming rules and restrictions for Azure resources", section Microsoft.Network.
Where those leave it open, the double is the stricter.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.double import checks_azure as checks
from tests.double import manager_azure as manager
from tests.double.store import Body, State, Thing
from tests.double.table import (
    Choice,
    Limits,
    Ref,
    Table,
    among,
    at_most,
    below,
    between,
    matches,
    network,
    port_range,
)

_GROUP = "/subscriptions/{subscription}/resourceGroups/{resource_group_name}"
_NETWORK = _GROUP + "/providers/Microsoft.Network"

IDS = {
    "azurerm_resource_group": "/subscriptions/{subscription}/resourceGroups/{name}",
    "azurerm_virtual_network": _NETWORK + "/virtualNetworks/{name}",
    "azurerm_subnet": _NETWORK + "/virtualNetworks/{virtual_network_name}/subnets/{name}",
    "azurerm_network_security_group": _NETWORK + "/networkSecurityGroups/{name}",
    "azurerm_network_security_rule": _NETWORK
    + "/networkSecurityGroups/{network_security_group_name}/securityRules/{name}",
    "azurerm_application_security_group": _NETWORK + "/applicationSecurityGroups/{name}",
    "azurerm_ip_group": _NETWORK + "/ipGroups/{name}",
    "azurerm_network_interface": _NETWORK + "/networkInterfaces/{name}",
    "azurerm_network_interface_application_security_group_association": (
        "{network_interface_id}|{application_security_group_id}"
    ),
    "azurerm_network_interface_security_group_association": (
        "{network_interface_id}|{network_security_group_id}"
    ),
    "azurerm_subnet_network_security_group_association": "{subnet_id}",
    "azurerm_network_watcher_flow_log": _NETWORK + "/networkWatchers/{network_watcher_name}/flowLogs/{name}",
    "azurerm_network_manager": _NETWORK + "/networkManagers/{name}",
    "azurerm_network_manager_network_group": "{network_manager_id}/networkGroups/{name}",
    "azurerm_network_manager_static_member": "{network_group_id}/staticMembers/{name}",
    "azurerm_network_manager_security_admin_configuration": (
        "{network_manager_id}/securityAdminConfigurations/{name}"
    ),
    "azurerm_network_manager_admin_rule_collection": (
        "{security_admin_configuration_id}/ruleCollections/{name}"
    ),
    "azurerm_network_manager_admin_rule": "{admin_rule_collection_id}/rules/{name}",
    "azurerm_network_manager_deployment": "{network_manager_id}/commit|{location}|{scope_access}",
}


def _ref(kind: str) -> Ref:
    return Ref((kind,))


_VNET, _SUBNET, _NSG, _ASG, _NIC, _RULE = (
    f"azurerm_{kind}"
    for kind in (
        "virtual_network",
        "subnet",
        "network_security_group",
        "application_security_group",
        "network_interface",
        "network_security_rule",
    )
)
_MANAGER = "azurerm_network_manager"
_IN_GROUP = {"resource_group_name": _ref("azurerm_resource_group")}
_RULE_ASGS = ("source_application_security_group_ids", "destination_application_security_group_ids")

REFERENCES: Mapping[str, Mapping[str, Ref]] = {
    _VNET: _IN_GROUP,
    _SUBNET: {"virtual_network_name": _ref(_VNET)},
    _NSG: {**_IN_GROUP, **{f"security_rule.{side}": _ref(_ASG) for side in _RULE_ASGS}},
    _RULE: {"network_security_group_name": _ref(_NSG), **{side: _ref(_ASG) for side in _RULE_ASGS}},
    _ASG: _IN_GROUP,
    _NIC: {**_IN_GROUP, "ip_configuration.subnet_id": _ref(_SUBNET)},
    f"{_NIC}_application_security_group_association": {
        "network_interface_id": _ref(_NIC),
        "application_security_group_id": _ref(_ASG),
    },
    f"{_NIC}_security_group_association": {
        "network_interface_id": _ref(_NIC),
        "network_security_group_id": _ref(_NSG),
    },
    f"{_SUBNET}_network_security_group_association": {
        "subnet_id": _ref(_SUBNET),
        "network_security_group_id": _ref(_NSG),
    },
    "azurerm_network_watcher_flow_log": {"target_resource_id": Ref((_VNET, _SUBNET, _NIC))},
    _MANAGER: _IN_GROUP,
    f"{_MANAGER}_network_group": {"network_manager_id": _ref(_MANAGER)},
    f"{_MANAGER}_static_member": {
        "network_group_id": _ref(f"{_MANAGER}_network_group"),
        "target_virtual_network_id": Ref((_VNET, _SUBNET)),
    },
    f"{_MANAGER}_security_admin_configuration": {"network_manager_id": _ref(_MANAGER)},
    f"{_MANAGER}_admin_rule_collection": {
        "security_admin_configuration_id": _ref(f"{_MANAGER}_security_admin_configuration"),
        "network_group_ids": _ref(f"{_MANAGER}_network_group"),
    },
    f"{_MANAGER}_admin_rule": {"admin_rule_collection_id": _ref(f"{_MANAGER}_admin_rule_collection")},
    f"{_MANAGER}_deployment": {
        "network_manager_id": _ref(_MANAGER),
        "configuration_ids": _ref(f"{_MANAGER}_security_admin_configuration"),
    },
}

_NAME = matches(
    r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?",
    "names have 1 to 80 of A-Z, a-z, 0-9, '.', '_', '-', start with a letter or digit, end with those or '_'",
)
_RULE_NAME = matches(r"[^/\\?%]+", "may not contain / \\ ? %")
_PREFIX = matches(r"\*|[A-Z][A-Za-z0-9]*(\.[A-Za-z0-9]+)?|[0-9a-fA-F.:]+(/\d+)?", "neither a tag nor a range")


def _address(value: str) -> str:
    return "" if value == "*" or (value[0].isupper() and ":" not in value) else network(value)


def _port(value: str) -> str:
    return "" if value == "*" else port_range(value)


_RULE_VALID: Limits = {
    "name": [_RULE_NAME],
    "priority": [between(100, 4096)],
    "direction": [among("Inbound", "Outbound")],
    "access": [among("Allow", "Deny")],
    "protocol": [among("*", "Tcp", "Udp", "Icmp", "Esp", "Ah")],
    "description": [at_most(140)],
}
_RULE_LIMITS: Limits = {
    "name": [_NAME],
    "source_address_prefix": [_PREFIX, _address],
    "source_address_prefixes": [network],
    "destination_address_prefix": [_PREFIX, _address],
    "destination_address_prefixes": [network],
    "source_port_range": [_port],
    "source_port_ranges": [_port],
    "destination_port_range": [_port],
    "destination_port_ranges": [_port],
}


def _rule_choices(path: str) -> list[Choice]:
    sides = ("source", "destination")
    addresses = ("{}_address_prefix", "{}_address_prefixes", "{}_application_security_group_ids")
    ports = ("{}_port_range", "{}_port_ranges")
    return [
        Choice(tuple(name.format(side) for name in names), path)
        for side in sides
        for names in (addresses, ports)
    ]


_ADMIN_RULE: Limits = {
    "description": [at_most(140)],
    "source_port_ranges": [_port],
    "destination_port_ranges": [_port],
    "priority": [between(1, 4096)],
    "direction": [among("Inbound", "Outbound")],
    "action": [among("Allow", "AlwaysAllow", "Deny")],
    "protocol": [among("Any", "Tcp", "Udp", "Icmp", "Esp", "Ah")],
    "source.address_prefix_type": [among("IPPrefix", "ServiceTag")],
    "destination.address_prefix_type": [among("IPPrefix", "ServiceTag")],
}


def _account(config: Body) -> Mapping[str, str] | str:
    if not config.get("subscription_id"):
        return "subscription_id is a required provider property when performing a plan/apply operation"
    return {"subscription": config["subscription_id"]}


def _resolve(state: State, name: str, thing: Thing) -> str:
    """Ids stand for themselves; a bare name is of the same subscription and resource group."""
    if name.startswith("/"):
        return name
    parts = thing.id.split("/")
    if thing.kind in (_SUBNET, _RULE):
        return "/".join(parts[:-2])
    return "/".join(parts[:5])


TABLE = Table(
    account=_account,
    ids=IDS,
    resolve=_resolve,
    fills={"azurerm_network_watcher_flow_log": {"location": "westeurope"}},
    references=REFERENCES,
    validated={
        _NSG: below("security_rule", _RULE_VALID),
        _RULE: _RULE_VALID,
        f"{_MANAGER}_admin_rule": _ADMIN_RULE,
    },
    choices={_NSG: _rule_choices("security_rule"), _RULE: _rule_choices("")},
    limits={
        _NSG: {"name": [_NAME], **below("security_rule", _RULE_LIMITS)},
        _RULE: _RULE_LIMITS,
        _ASG: {"name": [_NAME]},
        _NIC: {"name": [_NAME]},
        _VNET: {"name": [_NAME], "address_space": [network]},
        _SUBNET: {"name": [_NAME], "address_prefixes": [network]},
        **{
            f"{_MANAGER}{kind}": {"name": [_NAME]}
            for kind in (
                "",
                "_network_group",
                "_static_member",
                "_security_admin_configuration",
                "_admin_rule_collection",
                "_admin_rule",
            )
        },
    },
    checks=checks.CHECKS,
    complete={_NIC: checks.give_addresses},
    shown={
        _NSG: checks.with_all_rules,
        _SUBNET: checks.with_its_group,
        manager.DEPLOYMENT: manager.without_rules,
    },
    stores={_NSG: checks.whole_list, manager.DEPLOYMENT: manager.deployed},
)
