"""Every expected output of the conformance suite is something that its provider and its platform take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.double.bench import ACCOUNTS, Bench
from tests.double.rules_aws import TABLE as AWS
from tests.double.rules_azure import TABLE as AZURE
from tests.double.rules_google import TABLE as GOOGLE
from tests.double.store import State, Thing
from tests.double.table import values

pytestmark = pytest.mark.e2e

FOLDER = Path(__file__).parent.parent / "conformance" / "goldens"
# On AWS, everything but one port is more rules than a group may have.
GOLDENS = sorted(set(FOLDER.glob("*.json")) - set(FOLDER.glob("tiers.aws.*")))
PROVIDERS = {"aws": ("aws", AWS), "azure": ("azurerm", AZURE), "google": ("google", GOOGLE)}
MORE = {"azurerm_network_manager": {"scope_accesses": ["SecurityAdmin"]}}
"""What strangers of a kind have to have."""
MACHINE = re.compile(r"//compute\.googleapis\.com/projects/[^/]+/zones/([^/]+)/instances/(\d+)")


def _strangers(document: Mapping[str, Any], plane: str) -> Iterator[Thing]:
    """What a document names and does not make."""
    _, table = PROVIDERS[plane]
    for kind, named in document["resource"].items():
        for body in named.values():
            for path, ref in table.references.get(kind, {}).items():
                for name in values(path, body):
                    if "${" not in name:
                        yield _stranger(ref.kinds[0], name, Thing(kind, _group(name), body), plane)


def _stranger(kind: str, name: str, user: Thing, plane: str) -> Thing:
    if found := MACHINE.fullmatch(name):
        body = {"zone": found[1], "instance_id": found[2], "name": f"machine-{found[2]}"}
        return Thing(kind, f"projects/p/zones/{found[1]}/instances/{body['name']}", body)
    here = PROVIDERS[plane][1].resolve(State(), name, user)
    return Thing(kind, here, {"id": here, "location": "westeurope", **MORE.get(kind, {})})


def _group(name: str) -> str:
    """A place in the resource group of that name, should it be one."""
    subscription = ACCOUNTS["azurerm"]["subscription_id"]
    return f"/subscriptions/{subscription}/resourceGroups/{name}/providers/Any/things/one"


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: path.stem)
def test_taken_kept_and_gone(golden: Path, terraform: str, schemas: Path, tmp_path: Path) -> None:
    plane = golden.stem.split(".")[1]
    document = json.loads(golden.read_bytes())
    bench = Bench(terraform, schemas, tmp_path, PROVIDERS[plane][0])
    bench.give(*{thing.key: thing for thing in _strangers(document, plane)}.values())
    bench.apply(document)
    bench.terraform.settle()
    bench.terraform.destroy()
    assert bench.left() == []
