"""From a model to a deployed Azure network: real Terraform, a double of the azurerm provider."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from segkit import L
from segkit.model.model import Model
from tests.double.bench import Bench
from tests.double.journey import Journey
from tests.e2e.estate import HOSTS, estate

pytestmark = pytest.mark.e2e

NSG, RULE = "azurerm_network_security_group", "azurerm_network_security_rule"
SUBNETS = {"edge": "10.0.1.0/24", "data": "10.0.2.0/24"}
PLACE = {
    "vnet_id": "${azurerm_virtual_network.main.id}",
    "resource_group": "${azurerm_resource_group.main.name}",
    "location": "westeurope",
}
SUBNET = {
    name: {"id": f"${{azurerm_subnet.{name}.id}}", "prefixes": [cidr]} for name, cidr in SUBNETS.items()
}
THERE: Mapping[str, dict[str, Any]] = {
    name: {**subnet, "security_group": {"name": f"there-{name}", "resource_group": "shop"}}
    for name, subnet in SUBNET.items()
}
MODES: Mapping[str, dict[str, Any]] = {
    "interfaces": {},
    "subnets": {"subnets": SUBNET},
    "existing": {"subnets": THERE},
}


def network(mode: str = "") -> dict[str, Any]:
    """A virtual network with an interface for each host; security groups of others, where a mode has them."""
    group = PLACE["resource_group"]
    made = {"resource_group_name": group, "location": PLACE["location"]}
    there = _there() if mode == "existing" else {}
    return {
        "resource": {
            **there,
            "azurerm_resource_group": {"main": {"name": "shop", "location": PLACE["location"]}},
            "azurerm_virtual_network": {"main": {**made, "name": "main", "address_space": ["10.0.0.0/16"]}},
            "azurerm_subnet": {
                name: {
                    "name": name,
                    "resource_group_name": group,
                    "virtual_network_name": "${azurerm_virtual_network.main.name}",
                    "address_prefixes": [cidr],
                }
                for name, cidr in SUBNETS.items()
            },
            "azurerm_network_interface": {
                name: {
                    **made,
                    "name": name,
                    "ip_configuration": [
                        {
                            "name": "main",
                            "subnet_id": f"${{azurerm_subnet.{zone}.id}}",
                            "private_ip_address_allocation": "Static",
                            "private_ip_address": address,
                        }
                    ],
                }
                for name, (_, zone, address) in HOSTS.items()
            },
        }
    }


@pytest.fixture(params=["interfaces", "subnets", "existing"])
def mode(request: pytest.FixtureRequest) -> str:
    """Where the security groups are."""
    return str(request.param)


def _there() -> dict[str, Any]:
    """Security groups that are on the subnets already, with rules of somebody else."""
    made = {"resource_group_name": PLACE["resource_group"], "location": PLACE["location"]}
    names = {name: f"there-{name}" for name in SUBNETS}
    return {
        NSG: {there: {**made, "name": there} for there in names.values()},
        "azurerm_subnet_network_security_group_association": {
            there: {
                "subnet_id": f"${{azurerm_subnet.{name}.id}}",
                "network_security_group_id": f"${{{NSG}.{there}.id}}",
            }
            for name, there in names.items()
        },
    }


@pytest.fixture
def journey(terraform: str, schemas: Path, tmp_path: Path, mode: str) -> Journey:
    return Journey(Bench(terraform, schemas, tmp_path, "azurerm"), network(mode))


def model(mode: str, *args: Any, **options: Any) -> Model:
    def interface(name: str) -> str:
        return f"${{azurerm_network_interface.{name}.id}}"

    place = {**PLACE, **MODES[mode]}
    accept = ["snapshot"] if mode == "existing" else []
    return estate(*args, platform="azure", place=place, interface=interface, accept=accept, **options)


def ranged(low: int, high: int) -> Model:
    """With these priorities in security groups of others."""

    def interface(name: str) -> str:
        return f"${{azurerm_network_interface.{name}.id}}"

    subnets = {
        name: {**subnet, "security_group": {**THERE[name]["security_group"], "priorities": [low, high]}}
        for name, subnet in SUBNET.items()
    }
    place = {**PLACE, "subnets": subnets}
    return estate(platform="azure", place=place, interface=interface, accept=["snapshot"])


@pytest.mark.parametrize("mode", ["existing"], indirect=True)
@pytest.mark.parametrize("priorities", [(3000, 3060), (1000, 1060)])
def test_other_priorities_in_two_applies(journey: Journey, priorities: tuple[int, int]) -> None:
    journey.to(ranged(2000, 2060))
    journey.by_two(ranged(*priorities))


def test_deploy_change_destroy(journey: Journey, mode: str) -> None:
    journey.to(model(mode))
    before = journey.rules()
    more = model(mode, lambda parts: parts[0].allow(parts[1], parts[3], "tcp/6379", ticket="NET-9"))
    plan = journey.to(more)
    kind, action = (RULE, "create") if mode == "existing" else (NSG, "update")
    assert {(address.split(".")[0], *actions) for address, actions in plan.items()} == {(kind, action)}
    after = journey.rules()
    assert len(after) == len(before) + 2  # out of one group, into the other
    assert before.items() <= after.items()
    journey.to(model(mode))
    assert journey.rules() == before
    journey.out()


def test_groups_come_and_go_and_machines_move(journey: Journey, mode: str) -> None:
    journey.to(model(mode))
    journey.to(
        model(mode, lambda parts: parts[0].allow(L.role == "idle", parts[3], "tcp/6379", ticket="NET-9"))
    )
    journey.to(model(mode, hosts={**HOSTS, "web-2": ("api", "edge", "10.0.1.12")}))
    journey.to(model(mode, hosts={**HOSTS, "web-2": ("other", "edge", "10.0.1.12")}))
    journey.to(model(mode))
