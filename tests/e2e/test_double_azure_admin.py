"""Security admin rules, from a model to a deployed network: real Terraform, a double of azurerm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from segkit import ANY, L, tcp
from segkit.model import Segmentation
from segkit.model.ends import anywhere
from segkit.model.model import Model
from segkit.platforms.azure.read import read_terraform
from tests.double.bench import Bench
from tests.double.journey import Journey
from tests.e2e.estate import HOSTS, TODAY
from tests.e2e.test_double_azure import PLACE, SUBNET, network

pytestmark = pytest.mark.e2e

MANAGER = "azurerm_network_manager"
RULE, DEPLOYMENT = f"{MANAGER}_admin_rule", f"{MANAGER}_deployment"
SCOPE = ["/subscriptions/00000000-0000-0000-0000-000000000001"]
THERE = {"network_manager": f"${{{MANAGER}.main.id}}"}
MADE = {"network_manager": {"subscription_ids": SCOPE}}


@pytest.fixture(params=["interfaces", "subnets"])
def place(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The network manager is somebody else's and security groups are on interfaces; or the other way."""
    more = THERE if request.param == "interfaces" else {**MADE, "subnets": SUBNET}
    return {**PLACE, "global_tier": "admin", **more}


@pytest.fixture
def journey(terraform: str, schemas: Path, tmp_path: Path, place: Mapping[str, Any]) -> Journey:
    there = network()
    if place["network_manager"] == THERE["network_manager"]:
        made = {"resource_group_name": PLACE["resource_group"], "location": PLACE["location"]}
        scope = {"scope": [{"subscription_ids": SCOPE}], "scope_accesses": ["SecurityAdmin"]}
        there["resource"][MANAGER] = {"main": {**made, **scope, "name": "company"}}
    return Journey(Bench(terraform, schemas, tmp_path, "azurerm"), there)


def model(
    place: Mapping[str, Any],
    change: Callable[[Any], None] = lambda _: None,
    ill: Sequence[str] = ("sick-1",),
    hosts: Mapping[str, tuple[str, str, str]] = MappingProxyType(HOSTS),
) -> Model:
    """A quarantine, a guardrail with an exception, a scanner that reaches everybody, and an application;
    `change` may add rules to the guardrails."""
    seg = Segmentation("e2e", today=TODAY)
    web, db = (seg.group(name, select=L.role == name) for name in ("web", "db"))
    ban = seg.policy("quarantine", tier="quarantine", owner="soc")
    ban.deny(L.ill == "yes", anywhere, ANY, id="out")
    ban.deny(anywhere, L.ill == "yes", ANY, id="in")
    guard = seg.policy("guard", tier="global", owner="netsec")
    guard.deny(anywhere, db, tcp(22), unless_source=L.role == "api", id="ssh")
    guard.allow(L.role == "idle", anywhere, tcp(9100), id="scan", ticket="NET-7")
    change(guard)
    shop = seg.policy("shop", tier="application", owner="team-shop")
    shop.allow(anywhere, web, tcp(443), id="front")
    shop.allow(web, db, tcp(5432), tcp(22), id="orders")
    for name, (role, zone, address) in hosts.items():
        labels = {"role": role, "zone": zone, **({"ill": "yes"} if name in ill else {})}
        interface = f"${{azurerm_network_interface.{name}.id}}"
        seg.workload(name, labels, addresses=[address], interface_id=interface)
    target = seg.target("az", "azure", placement=dict(place))
    target.accept_residual("snapshot", owner="netsec", reason="a test", expires="2027-11-20")
    return seg.build()


def kinds(plan: Mapping[str, Sequence[str]]) -> set[tuple[str, ...]]:
    return {(address.split(".")[0], *actions) for address, actions in plan.items()}


def rules(journey: Journey) -> dict[str, Any]:
    """The admin rules that are in force."""
    return {str(body["name"]): body for body in journey.bench.document()["resource"].get(RULE, {}).values()}


def test_deploy_change_destroy(journey: Journey, place: Mapping[str, Any]) -> None:
    journey.to(model(place))
    before = rules(journey)
    assert {body["action"] for body in before.values()} == {"Allow", "Deny", "AlwaysAllow"}
    seen = read_terraform(journey.bench.document(), networks={PLACE["vnet_id"]: PLACE["location"]})
    assert {rule.name for rule in seen.admin[PLACE["vnet_id"]].rules} == set(before)
    more = model(place, lambda guard: guard.deny(L.role == "web", L.role == "api", tcp(25), id="mail"))
    assert kinds(journey.to(more)) == {(RULE, "create"), (DEPLOYMENT, "update")}
    after = rules(journey)
    assert before.items() <= after.items() and len(after) == len(before) + 1
    assert kinds(journey.to(model(place))) == {(RULE, "delete"), (DEPLOYMENT, "update")}
    assert rules(journey) == before
    journey.out()


def test_who_is_ill_changes_and_machines_move(journey: Journey, place: Mapping[str, Any]) -> None:
    journey.to(model(place))
    journey.to(model(place, ill=("sick-1", "web-2")))
    journey.to(model(place, ill=("web-2",)))
    journey.to(model(place, ill=()))
    journey.to(model(place, ill=(), hosts={**HOSTS, "web-2": ("db", "edge", "10.0.1.12")}))
    journey.to(model(place, ill=()))


def test_the_tiers_go_above_and_come_back(journey: Journey, place: Mapping[str, Any]) -> None:
    below = {name: value for name, value in place.items() if name not in ("global_tier", "network_manager")}
    journey.to(model(below))
    plan = journey.to(model(place))
    assert all(address.startswith(MANAGER) and actions == ["create"] for address, actions in plan.items())
    plan = journey.to(model(below))
    assert all(address.startswith(MANAGER) and actions == ["delete"] for address, actions in plan.items())


def test_by_two_applies(journey: Journey, place: Mapping[str, Any]) -> None:
    journey.to(model(place))
    journey.by_two(
        model(place, ill=("sick-1", "web-2"), hosts={**HOSTS, "db-1": ("api", "data", "10.0.2.11")})
    )
