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
ABOVE = "google_compute_firewall_policy_with_rules"
ADMIN = {
    "ancestors": ["organizations/1", "folders/2"],
    "global_tier": "admin",
    "global_at": "folders/2",
}


def _machine(name: str) -> str:
    number = f"${{google_compute_instance.{name}.instance_id}}"
    return f"//compute.googleapis.com/projects/4711/zones/{ZONE}/instances/{number}"


def model(*args: Any, **options: Any) -> Model:
    return estate(*args, platform="google", place=PLACE, interface=_machine, accept=["snapshot"], **options)


def network(**machine: Any) -> Mapping[str, Any]:
    """A network with a machine for each host; `machine` are further arguments, with the host's name for
    {}."""
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
                    **{key: value.format(name) for key, value in machine.items()},
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
    return Journey(Bench(terraform, schemas, tmp_path, "google"), network())


def test_deploy_change_destroy(journey: Journey) -> None:
    journey.to(model())
    before = journey.rules()
    more = model(lambda parts: parts[0].allow(parts[1], parts[3], "tcp/6379", ticket="NET-9"))
    assert journey.to(more) == {f"{POLICY}.google": ["update"]}
    after = journey.rules()
    assert len(after) == len(before) + 2  # out of one group, into the other
    assert before.items() <= after.items()
    assert journey.to(model()) == {f"{POLICY}.google": ["update"]}
    assert journey.rules() == before
    journey.out()


def test_groups_come_and_go_and_machines_move(journey: Journey) -> None:
    journey.to(model())
    journey.to(model(lambda parts: parts[0].allow(L.role == "idle", parts[3], "tcp/6379", ticket="NET-9")))
    journey.to(model(hosts={**HOSTS, "web-2": ("api", "edge", "10.0.1.12")}))
    journey.to(model(hosts={**HOSTS, "web-2": ("other", "edge", "10.0.1.12")}))
    journey.to(model())


def test_the_tiers_above_come_change_and_go(journey: Journey) -> None:
    """What is denied above stays denied all the way, and nothing else notices."""
    journey.to(model())
    attached = "google_compute_firewall_policy_association"
    assert journey.to(model(**ADMIN)).keys() >= {f"{ABOVE}.google", f"{attached}.google"}
    journey.to(model(lambda parts: parts[0].allow(parts[1], parts[3], "tcp/6379", ticket="NET-9"), **ADMIN))
    journey.to(model(hosts={**HOSTS, "web-2": ("api", "edge", "10.0.1.12")}, **ADMIN))
    journey.to(model(ill=("sick-1", "web-2"), **ADMIN))
    journey.to(model(ill=("web-2",), **ADMIN))
    journey.to(model(ill=("web-2",)))
    journey.out()


def test_network_tags(terraform: str, schemas: Path, tmp_path: Path) -> None:
    """Machines take what is published; rules come and go one by one."""
    bench = Bench(terraform, schemas, tmp_path, "google")
    journey = Journey(bench, network(), network(tags="${{local.segkit_google_{}.groups}}"), by_tags)
    kind = "google_compute_firewall"
    journey.to(published(tags="network"))
    before = bench.document()["resource"][kind]
    more = published(lambda parts: parts[0].allow(parts[1], parts[3], "tcp/6379"), tags="network")
    planned = journey.to(more)
    assert sorted(how for name, how in planned.items() if name.startswith(kind)) == [["create"]] * 2
    after = bench.document()["resource"][kind]
    assert before.items() <= after.items()
    journey.to(published(tags="network", hosts={**HOSTS, "web-2": ("api", "edge", "10.0.1.12")}))
    journey.to(published(tags="network"))
    assert bench.document()["resource"][kind] == before
    journey.out()


def published(*args: Any, **options: Any) -> Model:
    """The estate, with machines that take what is published for them."""
    return estate(*args, platform="google", place=PLACE, accept=["snapshot"], **options)


def by_tags(document: dict[str, Any]) -> dict[str, Any]:
    """Says of each machine that is there which workload it is, and what it holds."""
    machines = document["resource"].get("google_compute_instance", {})
    held = {name: {"groups": body.get("tags") or []} for name, body in machines.items()}
    return with_members(document, held)


def with_members(document: dict[str, Any], held: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A document that publishes what machines hold."""
    locals_ = {
        f"segkit_google_{name}": {"workload": name, "interface": "", "target": "google", **more}
        for name, more in held.items()
    }
    return {**document, "locals": locals_}
