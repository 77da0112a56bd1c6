"""From a model to deployed VPC firewall rules by service account, over the double of the google provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segkit.model.model import Model
from tests.double.bench import Bench
from tests.double.journey import Journey
from tests.e2e.estate import HOSTS, estate
from tests.e2e.test_double_google import PLACE, network, with_members

pytestmark = pytest.mark.e2e

BY_ROLE = {"tags": "service-accounts", "accounts": "{role}-{zone}@shop.iam.gserviceaccount.com"}
KIND = "google_compute_firewall"
WELL = {name: host for name, host in HOSTS.items() if name != "sick-1"}


def _model(*args: Any, **options: Any) -> Model:
    given = {"hosts": WELL, **BY_ROLE, **options}
    return estate(*args, platform="google", place=PLACE, accept=["snapshot"], **given)


def _as_accounts(document: dict[str, Any]) -> dict[str, Any]:
    """Says of each machine that is there which workload it is, and as whom it runs."""
    machines = document["resource"].get("google_compute_instance", {})
    held = {
        name: {"groups": [one["email"] for one in body.get("service_account") or ()]}
        for name, body in machines.items()
        if name in WELL
    }
    return with_members(document, held)


def test_deploy_change_destroy(terraform: str, schemas: Path, tmp_path: Path) -> None:
    """Machines run as the accounts that rules name; rules come and go one by one."""
    bench = Bench(terraform, schemas, tmp_path, "google")
    plain, joined = network(), network()
    for name, body in joined["resource"]["google_compute_instance"].items():
        if name in WELL:
            email = f"${{local.segkit_google_{name}.groups[0]}}"
            body["service_account"] = [{"email": email, "scopes": ["cloud-platform"]}]
    journey = Journey(bench, plain, joined, _as_accounts)
    journey.to(_model())
    before = bench.document()["resource"][KIND]
    planned = journey.to(_model(lambda parts: parts[0].allow(parts[1], parts[3], "tcp/6379")))
    assert sorted(how for name, how in planned.items() if name.startswith(KIND)) == [["create"]] * 2
    journey.to(_model(hosts={**WELL, "web-2": ("api", "edge", "10.0.1.12")}))
    journey.to(_model())
    assert bench.document()["resource"][KIND] == before
    journey.out()
