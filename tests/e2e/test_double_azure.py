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

NSG = "azurerm_network_security_group"
SUBNETS = {"edge": "10.0.1.0/24", "data": "10.0.2.0/24"}
PLACE = {
    "vnet_id": "${azurerm_virtual_network.main.id}",
    "resource_group": "${azurerm_resource_group.main.name}",
    "location": "westeurope",
}
MODES: Mapping[str, dict[str, Any]] = {
    "interfaces": {},
    "subnets": {
        "subnets": {
            name: {"id": f"${{azurerm_subnet.{name}.id}}", "prefixes": [cidr]}
            for name, cidr in SUBNETS.items()
        }
    },
}


def _network() -> Mapping[str, Any]:
    """A virtual network with an interface for each host."""
    group = PLACE["resource_group"]
    made = {"resource_group_name": group, "location": PLACE["location"]}
    return {
        "resource": {
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


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """Where the security groups are."""
    return str(request.param)


@pytest.fixture
def journey(terraform: str, shared_dir: Path, tmp_path: Path) -> Journey:
    return Journey(Bench(terraform, shared_dir / "schemas", tmp_path, "azurerm"), _network())


def _model(mode: str, *args: Any, **options: Any) -> Model:
    def interface(name: str) -> str:
        return f"${{azurerm_network_interface.{name}.id}}"

    place = {**PLACE, **MODES[mode]}
    return estate(*args, platform="azure", place=place, interface=interface, **options)


def test_deploy_change_destroy(journey: Journey, mode: str) -> None:
    journey.to(_model(mode))
    more = _model(mode, lambda parts: parts[0].allow(parts[1], parts[3], "tcp/6379", ticket="NET-9"))
    for model in (more, _model(mode)):
        plan = journey.to(model)
        assert {address.split(".")[0] for address in plan} == {NSG}
        assert set(map(tuple, plan.values())) == {("update",)}
    journey.out()


def test_groups_come_and_go_and_machines_move(journey: Journey, mode: str) -> None:
    journey.to(_model(mode))
    journey.to(
        _model(mode, lambda parts: parts[0].allow(L.role == "idle", parts[3], "tcp/6379", ticket="NET-9"))
    )
    journey.to(_model(mode, hosts={**HOSTS, "web-2": ("api", "edge", "10.0.1.12")}))
    journey.to(_model(mode, hosts={**HOSTS, "web-2": ("other", "edge", "10.0.1.12")}))
    journey.to(_model(mode))
