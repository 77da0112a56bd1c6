"""The states that a deployment to AWS goes through: real Terraform, a double of the aws provider that keeps
every call. What the real provider does, the tests with moto show."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from segkit import L
from segkit.compiler import compile_model
from segkit.model.model import Model
from tests.double.bench import Bench
from tests.double.journey import Journey
from tests.double.store import Thing
from tests.e2e.estate import HOSTS, estate, network

pytestmark = pytest.mark.e2e

RULES = ("aws_vpc_security_group_egress_rule", "aws_vpc_security_group_ingress_rule")


@pytest.fixture
def bench(terraform: str, schemas: Path, tmp_path: Path) -> Bench:
    return Bench(terraform, schemas, tmp_path, "aws")


@pytest.fixture
def journey(bench: Bench) -> Journey:
    """A network and interfaces that somebody else made."""
    interfaces = [Thing("aws_network_interface", f"eni-{name}", {"id": f"eni-{name}"}) for name in HOSTS]
    bench.give(Thing("aws_vpc", "vpc-1", {"id": "vpc-1"}), *interfaces)
    return Journey(bench, {})


def model(*args: Any, **options: Any) -> Model:
    place = {"vpc_id": "vpc-1", "region": "eu-west-1"}
    return estate(*args, place=place, interface=lambda name: f"eni-{name}", **options)


def _idle(parts: Any) -> None:
    parts[0].allow(L.role == "idle", parts[3], "tcp/6379", ticket="NET-9")


def test_deploy_change_destroy(journey: Journey) -> None:
    journey.to(model(prefix_lists=["partners"]))
    more = model(
        lambda parts: parts[0].allow(parts[1], parts[3], "tcp/6379", ticket="NET-9"),
        prefix_lists=["partners"],
    )
    plan = journey.to(more)
    assert sorted(address.split(".")[0] for address in plan) == sorted(RULES)
    journey.out()


def test_groups_come_and_go_and_machines_move(journey: Journey) -> None:
    journey.to(model())
    journey.to(model(_idle))
    journey.to(model(hosts={**HOSTS, "web-2": ("api", "edge", "10.0.1.12")}))
    journey.to(model(hosts={**HOSTS, "web-2": ("other", "edge", "10.0.1.12")}))
    journey.to(model())


def test_a_group_that_is_not_needed_any_more_goes(bench: Bench) -> None:
    for done in (compile_model(estate(_idle)), compile_model(estate())):
        bench.apply(network(partial(done.membership, "aws")), done.fragment)
