"""What a platform emits, held to the provider's schema and to goldens (`make goldens` writes them anew)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from segkit.artifacts import canonical_json
from segkit.compiler import compile_model
from segkit.model import Segmentation
from tests.conformance.estates import modes, ranges, shop, two_networks
from tests.conformance.planes import ENCODINGS, IDS, Plane
from tests.conformance.schemas import faults
from tests.conftest import Golden

pytestmark = pytest.mark.usefixtures("no_quotas")
planes = pytest.mark.parametrize(("plane", "encoding"), ENCODINGS, ids=IDS)
estates = pytest.mark.parametrize(
    "make", (shop, ranges, modes, two_networks), ids=lambda make: str(make.__name__)
)


@planes
@estates
def test_the_provider_knows_every_resource_and_argument(
    plane: Plane, encoding: str, make: Callable[..., Segmentation], shared_dir: Path
) -> None:
    fragment = compile_model(make(plane, encoding).build()).fragment
    assert fragment["resource"]
    assert list(faults(fragment, shared_dir / "schemas" / f"{plane.schema or plane.name}.json")) == []


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
@pytest.mark.parametrize("make", [shop, ranges, two_networks], ids=lambda make: str(make.__name__))
def test_golden(plane: Plane, encoding: str, make: Callable[..., Segmentation], golden: Golden) -> None:
    fragment = compile_model(make(plane, encoding).build()).fragment
    name = f"{make.__name__}.{plane.name}.{encoding}.json"
    golden(Path(__file__).parent / "goldens" / name, canonical_json(fragment).decode())
