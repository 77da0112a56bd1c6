"""Small security groups for tests, written as Terraform JSON."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

ARGUMENTS = (
    "access",
    "description",
    "destination_address_prefix",
    "destination_address_prefixes",
    "destination_application_security_group_ids",
    "destination_port_range",
    "destination_port_ranges",
    "direction",
    "name",
    "priority",
    "protocol",
    "source_address_prefix",
    "source_address_prefixes",
    "source_application_security_group_ids",
    "source_port_range",
    "source_port_ranges",
)


def rule(
    name: str,
    priority: int,
    direction: str = "Inbound",
    access: str = "Allow",
    protocol: str = "Tcp",
    ports: str | list[str] = "*",
    source: str | list[str] = "*",
    destination: str | list[str] = "*",
    **more: Any,
) -> dict[str, Any]:
    """An inline rule, with every key that the provider wants. An end `asg:web` is that group."""
    body: dict[str, Any] = dict.fromkeys(ARGUMENTS)
    body |= {"name": name, "priority": priority, "direction": direction, "access": access}
    body |= {"protocol": protocol, "source_port_range": "*"}
    body |= {"destination_port_range" if isinstance(ports, str) else "destination_port_ranges": ports}
    for end, given in (("source", source), ("destination", destination)):
        if isinstance(given, list):
            body[f"{end}_address_prefixes"] = given
        elif given.startswith("asg:"):
            body[f"{end}_application_security_group_ids"] = [asg(given.removeprefix("asg:"))]
        else:
            body[f"{end}_address_prefix"] = given
    return body | more


def asg(name: str) -> str:
    """A reference to an application security group."""
    return f"${{azurerm_application_security_group.{name}.id}}"


def place(name: str) -> dict[str, str]:
    """The arguments that say where something is."""
    return {"name": name, "resource_group_name": "rg", "location": "westeurope"}


def stack(*rules: dict[str, Any], **more: Any) -> Document:
    """A stack with one security group `nsg` on the subnet `snet`, and groups web and db."""
    resource: dict[str, Any] = {
        "azurerm_network_security_group": {"nsg": {**place("nsg"), "security_rule": list(rules)}},
        "azurerm_application_security_group": {name: place(name) for name in ("web", "db")},
        "azurerm_subnet_network_security_group_association": {
            "a": {
                "subnet_id": "snet",
                "network_security_group_id": "${azurerm_network_security_group.nsg.id}",
            }
        },
    }
    return {"resource": resource | more}


MANAGER = "azurerm_network_manager"
NETWORK = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/hub"


def admin_rule(
    name: str,
    priority: int,
    action: str = "Deny",
    ports: list[str] | None = None,
    source: list[str] | None = None,
    destination: list[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A security admin rule of the collection `rules`: inbound TCP unless told otherwise. A range that begins
    with a capital letter is a service tag."""
    body = {"name": name, "priority": priority, "action": action, "direction": "Inbound", "protocol": "Tcp"}
    body |= {"source_port_ranges": ["*"], "destination_port_ranges": ports or ["*"]}
    for end, ranges in (("source", source), ("destination", destination)):
        body[end] = [
            {"address_prefix": text, "address_prefix_type": "ServiceTag" if text[0].isupper() else "IPPrefix"}
            for text in ranges or ["*"]
        ]
    return body | {"admin_rule_collection_id": f"${{{MANAGER}_admin_rule_collection.rules.id}}"} | more


def managed(*rules: dict[str, Any], region: str = "westeurope") -> dict[str, dict[str, Any]]:
    """A network manager whose only configuration has these rules and is deployed to `NETWORK`."""
    return {
        MANAGER: {"m": {**place("m"), "scope_accesses": ["SecurityAdmin"]}},
        f"{MANAGER}_network_group": {"all": {"name": "all", "network_manager_id": f"${{{MANAGER}.m.id}}"}},
        f"{MANAGER}_static_member": {
            "hub": {
                "name": "hub",
                "network_group_id": f"${{{MANAGER}_network_group.all.id}}",
                "target_virtual_network_id": NETWORK,
            }
        },
        f"{MANAGER}_security_admin_configuration": {
            "c": {"name": "c", "network_manager_id": f"${{{MANAGER}.m.id}}"}
        },
        f"{MANAGER}_admin_rule_collection": {
            "rules": {
                "name": "rules",
                "security_admin_configuration_id": f"${{{MANAGER}_security_admin_configuration.c.id}}",
                "network_group_ids": [f"${{{MANAGER}_network_group.all.id}}"],
            }
        },
        f"{MANAGER}_admin_rule": {rule["name"]: rule for rule in rules},
        f"{MANAGER}_deployment": {
            "d": {
                "network_manager_id": f"${{{MANAGER}.m.id}}",
                "location": region,
                "scope_access": "SecurityAdmin",
                "configuration_ids": [f"${{{MANAGER}_security_admin_configuration.c.id}}"],
                "depends_on": [f"{MANAGER}_admin_rule.{rule['name']}" for rule in rules],
            }
        },
    }
