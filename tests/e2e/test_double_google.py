"""From a model to a deployed Google Cloud network: real Terraform, a double of the google provider."""

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

ZONE = "europe-west1-b"
PLACE = {
    "network_id": "${google_compute_network.main.id}",
    "project": "shop",
    "tags_parent": "projects/4711",
    "order": "BEFORE_CLASSIC_FIREWALL",
}
POLICY = "google_compute_network_firewall_policy_with_rules"


def _machine(name: str) -> str:
    number = f"${{google_compute_instance.{name}.instance_id}}"
    return f"//compute.googleapis.com/projects/4711/zones/{ZONE}/instances/{number}"


def _model(*args: Any, **options: Any) -> Model:
    return estate(*args, platform="google", place=PLACE, interface=_machine, accept=["snapshot"], **options)


def _network() -> Mapping[str, Any]:
    """A network with a machine for each host."""
    subnets = {"edge": "10.0.1.0/24", "data": "10.0.2.0/24"}
    network = PLACE["network_id"]
    return {
        "resource": {
            "google_compute_network": {
                "main": {
                    "name": "main",
                    "project": PLACE["project"],
                    "auto_create_subnetworks": False,
                    "network_firewall_policy_enforcement_order": PLACE["order"],
                }
            },
            "google_compute_subnetwork": {
                name: {"name": name, "network": network, "ip_cidr_range": cidr}
                for name, cidr in subnets.items()
            },
            "google_compute_instance": {
                name: {
                    "name": name,
                    "zone": ZONE,
                    "machine_type": "e2-small",
                    "boot_disk": [{"initialize_params": [{"image": "debian"}]}],
                    "network_interface": [
                        {
                            "subnetwork": f"${{google_compute_subnetwork.{zone}.id}}",
                            "network_ip": address,
                        }
                    ],
                }
                for name, (_, zone, address) in HOSTS.items()
            },
        }
    }


@pytest.fixture
def journey(terraform: str, schemas: Path, tmp_path: Path) -> Journey:
    return Journey(Bench(terraform, schemas, tmp_path, "google"), _network())


def test_deploy_change_destroy(journey: Journey) -> None:
    journey.to(_model())
    before = journey.rules()
    more = _model(lambda parts: parts[0].allow(parts[1], parts[3], "tcp/6379", ticket="NET-9"))
    assert journey.to(more) == {f"{POLICY}.google": ["update"]}
    after = journey.rules()
    assert len(after) == len(before) + 2  # out of one group, into the other
    assert before.items() <= after.items()
    assert journey.to(_model()) == {f"{POLICY}.google": ["update"]}
    assert journey.rules() == before
    journey.out()


def test_groups_come_and_go_and_machines_move(journey: Journey) -> None:
    journey.to(_model())
    journey.to(_model(lambda parts: parts[0].allow(L.role == "idle", parts[3], "tcp/6379", ticket="NET-9")))
    journey.to(_model(hosts={**HOSTS, "web-2": ("api", "edge", "10.0.1.12")}))
    journey.to(_model(hosts={**HOSTS, "web-2": ("other", "edge", "10.0.1.12")}))
    journey.to(_model())
