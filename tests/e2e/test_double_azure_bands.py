"""Bands of priorities in security groups of others, where each rule is a call: they come in their order and
go the other way, and a plan stays known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segkit.model.model import Model
from tests.double.bench import Bench
from tests.double.journey import Journey
from tests.e2e.estate import estate
from tests.e2e.test_double_azure import MODES, PLACE, RULE, network

pytestmark = pytest.mark.e2e


def model(*args: Any) -> Model:
    def interface(name: str) -> str:
        return f"${{azurerm_network_interface.{name}.id}}"

    place = {**PLACE, **MODES["existing"], "tiers": "bands"}
    return estate(*args, platform="azure", place=place, interface=interface, accept=["snapshot"])


def test_an_allow_and_the_deny_that_takes_from_it(terraform: str, schemas: Path, tmp_path: Path) -> None:
    def much(parts: Any) -> None:
        shop, web, _, db, _ = parts
        shop.allow(web, db, "tcp/1-1000", ticket="NET-1", id="much")
        shop.deny(web, db, "tcp/20-30", ticket="NET-2", id="but")

    journey = Journey(Bench(terraform, schemas, tmp_path, "azurerm"), network("existing"))
    journey.to(model())
    before = journey.rules()
    plan = journey.to(model(much))
    assert {(address.split(".")[0], *actions) for address, actions in plan.items()} == {(RULE, "create")}
    assert before.items() <= journey.rules().items() and len(journey.rules()) == len(before) + 4
    journey.to(model())
    assert journey.rules() == before
    journey.out()
