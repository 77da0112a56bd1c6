"""What a platform emits, held to the provider's schema and to goldens (`make goldens` writes them anew)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from segkit.artifacts import canonical_json
from segkit.compiler import compile_model
from segkit.model import Segmentation
from segkit.platforms.base import platform
from tests.conformance.estates import modes, ranges, shop, tiers, two_networks
from tests.conformance.planes import AWS, AZURE, ENCODINGS, GOOGLE, IDS, PLANES, Plane
from tests.conformance.schemas import faults
from tests.conftest import Golden

TABLES = Path(__file__).parent / "bindings"

pytestmark = pytest.mark.usefixtures("no_quotas")
planes = pytest.mark.parametrize(("plane", "encoding"), ENCODINGS, ids=IDS)
estates = pytest.mark.parametrize(
    "make", (shop, ranges, modes, two_networks, tiers), ids=lambda make: str(make.__name__)
)


@planes
@estates
def test_the_provider_knows_every_resource_and_argument(
    plane: Plane, encoding: str, make: Callable[..., Segmentation], shared_dir: Path
) -> None:
    fragment = compile_model(make(plane, encoding).build()).fragment
    assert fragment["resource"]
    assert list(faults(fragment, shared_dir / "schemas" / f"{plane.schema or plane.name}.json")) == []


def bindings(plane: Plane) -> list[Path]:
    """What other versions of a plane's provider know, the oldest first (see `scripts.bindings`)."""
    return sorted(TABLES.glob(f"{plane.schema or plane.name}-*.json"), key=lambda table: version(table.stem))


def version(text: str) -> list[int]:
    """A version, or that in the name of a table, to be compared."""
    return [int(number) for number in text.rpartition("-")[2].split(".")]


BOUND = [(plane, encoding) for plane, encoding in ENCODINGS if bindings(plane)]


@pytest.mark.parametrize(("plane", "encoding"), BOUND, ids=[f"{p.name}-{e}" for p, e in BOUND])
@estates
def test_so_do_the_oldest_and_the_last_of_an_older_major_version(
    plane: Plane, encoding: str, make: Callable[..., Segmentation]
) -> None:
    fragment = compile_model(make(plane, encoding).build()).fragment
    assert {table.stem: list(faults(fragment, table)) for table in bindings(plane)} == {
        table.stem: [] for table in bindings(plane)
    }


SELDOM = {
    f"{plane}-{n}": (plane, *one) for plane in (AWS, AZURE, GOOGLE) for n, one in enumerate(plane.seldom)
}


@pytest.mark.parametrize(("plane", "make", "place", "since"), SELDOM.values(), ids=SELDOM)
def test_so_do_all_of_them_what_is_seldom_written(
    plane: Plane, make: str, place: Mapping[str, Any], since: str, shared_dir: Path
) -> None:
    estate = {"shop": shop, "modes": modes}[make](plane, "groups", place)
    fragment = compile_model(estate.build()).fragment
    known = shared_dir / "schemas" / f"{plane.schema or plane.name}.json"
    assert list(faults(fragment, known)) == []
    for body in (body for named in fragment["resource"].values() for body in named.values()):
        assert body.get("provider") == place.get("provider")
        assert "tags" not in body or place.get("tags", {}).items() <= body["tags"].items()
    for table in bindings(plane):
        late = bool(since) and version(table.stem) < version(since)
        assert bool(list(faults(fragment, table))) == late, table.stem


@pytest.mark.parametrize("plane", [p for p in PLANES if bindings(p)], ids=repr)
def test_the_oldest_version_that_is_asked_for_is_among_them(plane: Plane) -> None:
    (asked,) = (needed["version"] for needed in platform(plane.name).providers.values())
    oldest = bindings(plane)[0].stem.rpartition("-")[2]
    assert asked.startswith(f">= {oldest.rpartition('.')[0]},")


def test_the_schema_check_finds_what_is_wrong(shared_dir: Path) -> None:
    rule = {"security_group_id": "sg-1", "ip_protocol": 6, "arn": "x", "colour": "red"}
    document = {
        "resource": {
            "aws_vpc_security_group_ingress_rule": {"a": rule},
            "aws_ec2_managed_prefix_list": {
                "b": {"name": "b", "max_entries": 1, "entry": [{"description": "d"}]}
            },
            "aws_unheard_of": {"c": {}},
        }
    }
    assert sorted(faults(document, shared_dir / "schemas" / "aws.json")) == [
        "aws_ec2_managed_prefix_list.b.entry: cidr is missing",
        "aws_ec2_managed_prefix_list.b: address_family is missing",
        "aws_unheard_of: no such resource",
        "aws_vpc_security_group_ingress_rule.a: arn can only be read",
        "aws_vpc_security_group_ingress_rule.a: ip_protocol is 6, not string",
        "aws_vpc_security_group_ingress_rule.a: no argument colour",
    ]


@planes
@pytest.mark.parametrize("make", [shop, ranges, two_networks, tiers], ids=lambda make: str(make.__name__))
def test_golden(plane: Plane, encoding: str, make: Callable[..., Segmentation], golden: Golden) -> None:
    fragment = compile_model(make(plane, encoding).build()).fragment
    name = f"{make.__name__}.{plane.name}.{encoding}.json"
    golden(Path(__file__).parent / "goldens" / name, canonical_json(fragment).decode())


def test_no_byte_and_no_word_hangs_on_the_order_of_sets(repository: Path) -> None:
    """Every process has another one: what is written, foreseen, warned of and proved is the same in all."""
    said = [
        subprocess.run(
            [sys.executable, "-m", "tests.conformance.digests"],
            cwd=repository,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] and said[0].count("\n") == 5 * len(ENCODINGS)
