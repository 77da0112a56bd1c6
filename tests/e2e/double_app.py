"""A cdktf app with a stack for each platform that has a double: `python -m tests.e2e.double_app`.

SEGKIT_E2E_STACK chooses the stack, SEGKIT_E2E_MORE adds a rule.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from cdktf import App, TerraformStack

from segkit import L
from segkit.constructs import (
    AzureNetworkSecurityGroups,
    GoogleNetworkFirewall,
    Group,
    LabelPolicy,
    Provider,
    Resource,
    Segmentation,
    Workload,
)
from segkit.model import outside
from tests.double.bench import ACCOUNTS, PROVIDERS

HOSTS = {"web-1": ("web", "10.0.1.11"), "web-2": ("web", "10.0.1.12"), "db-1": ("db", "10.0.1.21")}
ZONE = ACCOUNTS["google"]["zone"]


class Shop(TerraformStack):
    """Two groups of machines and the rules between them; a platform adds machines and a target."""

    def __init__(self, app: App, provider: str) -> None:
        super().__init__(app, provider)
        Provider(self, provider, provider, **PROVIDERS[provider], **ACCOUNTS[provider])
        self.segmentation = seg = Segmentation(self, "shop")
        groups = {name: Group(seg, name, select=L.role == name) for name in ("web", "db")}
        rules = LabelPolicy(seg, "rules", tier="application", owner="team-shop")
        rules.allow(outside, groups["web"], "https", id="shoppers")
        rules.allow(groups["web"], groups["db"], "tcp/5432", id="orders")
        if os.environ.get("SEGKIT_E2E_MORE"):
            rules.allow(groups["web"], groups["db"], "tcp/6379", id="cache")

    def machines(self, make: Callable[[str, str], str]) -> None:
        """The machines; `make` makes one, and gives back its interface's id."""
        for name, (role, address) in HOSTS.items():
            made = make(name, address)
            Workload(self.segmentation, name, {"role": role}, addresses=[address], interface_id=made)


def azure(app: App) -> None:
    """Security groups on a subnet."""
    stack = Shop(app, "azurerm")
    place = {"location": "westeurope"}
    group = Resource(stack, "group", "azurerm_resource_group", name="shop", **place)
    inside = {**place, "resource_group_name": group["name"]}
    vnet = Resource(
        stack, "net", "azurerm_virtual_network", name="net", address_space=["10.0.0.0/16"], **inside
    )
    subnet = Resource(
        stack,
        "main",
        "azurerm_subnet",
        name="main",
        resource_group_name=group["name"],
        virtual_network_name=vnet["name"],
        address_prefixes=["10.0.1.0/24"],
    )

    def machine(name: str, address: str) -> str:
        configuration: dict[str, Any] = {"name": "main", "subnet_id": subnet["id"]}
        configuration |= {"private_ip_address_allocation": "Static", "private_ip_address": address}
        made = Resource(
            stack, name, "azurerm_network_interface", name=name, ip_configuration=[configuration], **inside
        )
        return made["id"]

    stack.machines(machine)
    AzureNetworkSecurityGroups(
        stack.segmentation,
        "azure",
        vnet_id=vnet["id"],
        resource_group=group["name"],
        location=place["location"],
        network="",
        subnets={"main": {"id": subnet["id"], "prefixes": ["10.0.1.0/24"]}},
    )


def google(app: App) -> None:
    """A firewall policy for a network."""
    stack = Shop(app, "google")
    order = "BEFORE_CLASSIC_FIREWALL"
    vpc = Resource(
        stack,
        "net",
        "google_compute_network",
        name="net",
        project="shop",
        auto_create_subnetworks=False,
        network_firewall_policy_enforcement_order=order,
    )
    subnet = Resource(
        stack,
        "main",
        "google_compute_subnetwork",
        name="main",
        network=vpc["id"],
        ip_cidr_range="10.0.1.0/24",
    )

    def machine(name: str, address: str) -> str:
        made = Resource(
            stack,
            name,
            "google_compute_instance",
            name=name,
            zone=ZONE,
            machine_type="e2-small",
            boot_disk=[{"initialize_params": [{"image": "debian"}]}],
            network_interface=[{"subnetwork": subnet["id"], "network_ip": address}],
        )
        return f"//compute.googleapis.com/projects/4711/zones/{ZONE}/instances/{made['instance_id']}"

    stack.machines(machine)
    target = GoogleNetworkFirewall(
        stack.segmentation,
        "google",
        network_id=vpc["id"],
        network="",
        project="shop",
        tags_parent="projects/4711",
        order=order,
    )
    target.accept_residual("snapshot", owner="netsec", reason="a test", expires="2099-12-31")


def main() -> None:
    """Makes the stack and writes it."""
    app = App()
    {"azurerm": azure, "google": google}[os.environ["SEGKIT_E2E_STACK"]](app)
    app.synth()


if __name__ == "__main__":
    main()
