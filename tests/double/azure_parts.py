"""Small pieces of Azure configuration for tests."""

from __future__ import annotations

from typing import Any

RG = "${azurerm_resource_group.rg.name}"
PLACE = {"location": "westeurope", "resource_group_name": RG}


def asg(name: str) -> str:
    """A reference to an application security group."""
    return f"${{azurerm_application_security_group.{name}.id}}"


def rule(name: str, priority: int, none: Any = None, **more: Any) -> dict[str, Any]:
    """A rule with every key, as a list of rules in a group needs it; unused lists are `none`."""
    out: dict[str, Any] = {
        "name": name,
        "priority": priority,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "description": None,
        "source_port_range": "*",
        "destination_port_range": "443",
        "source_address_prefix": "*",
        "destination_address_prefix": "*",
    }
    sides = ("source", "destination")
    many = ("{}_port_ranges", "{}_address_prefixes", "{}_application_security_group_ids")
    out |= {key.format(side): none for side in sides for key in many}
    out |= more
    for side in sides:
        if out[f"{side}_address_prefixes"] or out[f"{side}_application_security_group_ids"]:
            out[f"{side}_address_prefix"] = None
        if out[f"{side}_port_ranges"]:
            out[f"{side}_port_range"] = None
    return out


def lone_rule(name: str, priority: int, **more: Any) -> dict[str, Any]:
    """A rule that is a resource of its own."""
    given = {k: v for k, v in rule(name, priority, **more).items() if v is not None}
    return {**given, "resource_group_name": RG, "network_security_group_name": GROUP_NAME}


GROUP_NAME = "${azurerm_network_security_group.main.name}"


def estate(*rules: dict[str, Any], **groups: dict[str, Any]) -> dict[str, Any]:
    """A network with one subnet and two interfaces in a group each, and a network security group on the
    subnet; with no rules given the group says nothing of rules."""
    names = ("web", "db")
    main: dict[str, Any] = {**PLACE, "name": "main", **({"security_rule": list(rules)} if rules else {})}
    return {
        "resource": {
            "azurerm_resource_group": {"rg": {"name": "rg", "location": "westeurope"}},
            "azurerm_virtual_network": {"net": {**PLACE, "name": "net", "address_space": ["10.0.0.0/16"]}},
            "azurerm_subnet": {
                "one": {
                    "name": "one",
                    "resource_group_name": RG,
                    "virtual_network_name": "${azurerm_virtual_network.net.name}",
                    "address_prefixes": ["10.0.1.0/24"],
                }
            },
            "azurerm_network_interface": {
                name: {
                    **PLACE,
                    "name": name,
                    "ip_configuration": [
                        {
                            "name": "main",
                            "subnet_id": "${azurerm_subnet.one.id}",
                            "private_ip_address_allocation": "Dynamic",
                        }
                    ],
                }
                for name in names
            },
            "azurerm_application_security_group": {
                **{name: {**PLACE, "name": name} for name in names},
                **{name: {**PLACE, **body} for name, body in groups.items()},
            },
            "azurerm_network_interface_application_security_group_association": {
                name: {
                    "network_interface_id": f"${{azurerm_network_interface.{name}.id}}",
                    "application_security_group_id": asg(name),
                }
                for name in names
            },
            "azurerm_network_security_group": {"main": main},
            "azurerm_subnet_network_security_group_association": {
                "one": {
                    "subnet_id": "${azurerm_subnet.one.id}",
                    "network_security_group_id": "${azurerm_network_security_group.main.id}",
                }
            },
        }
    }
