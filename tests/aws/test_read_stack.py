"""Reading a stack as a whole: VPCs, peerings, shapes of JSON, what is not part of the model."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.errors import SegkitError
from segkit.platforms.aws.read import read_terraform
from segkit.platforms.aws.state import State


def test_vpcs_and_their_associations() -> None:
    doc = {
        "resource": {
            "aws_vpc": {"v": {}},
            "aws_default_vpc": {"d": {}},
            "aws_security_group": {
                "a": {"vpc_id": "${aws_vpc.v.id}"},
                "b": {"vpc_id": "${var.vpc}"},
                "c": {},
                "d": {"vpc_id": "${aws_default_vpc.d.id}"},
                "e": {"provider": "aws.west"},
            },
            "aws_vpc_security_group_vpc_association": {
                "x": {"security_group_id": "${aws_security_group.a.id}", "vpc_id": "vpc-2"}
            },
        }
    }
    groups = read_terraform(doc).groups
    assert {key[-1]: group.vpc for key, group in groups.items()} == {
        "a": "aws_vpc.v.id",
        "b": "var.vpc",
        "c": "default vpc",
        "d": "default vpc",
        "e": "default vpc of aws.west",
    }
    assert groups["aws_security_group.a"].vpcs == ("vpc-2",)


@pytest.mark.parametrize(
    ("body", "accepter", "works"),
    [
        ({"auto_accept": True}, None, True),
        ({}, None, False),
        ({}, {"auto_accept": True}, True),
        ({}, {}, False),
        ({"peer_region": "eu-west-1"}, {"auto_accept": True}, True),
        ({"peer_region": "us-east-1"}, {"auto_accept": True}, False),
    ],
)
def test_peerings_count_when_accepted_and_in_one_region(body: Any, accepter: Any, works: bool) -> None:
    doc: dict[str, Any] = {
        "provider": {"aws": [{"region": "eu-west-1"}, {"alias": "far", "region": "us-east-1"}]},
        "resource": {
            "aws_vpc_peering_connection": {"p": {"vpc_id": "vpc-2", "peer_vpc_id": "vpc-1", **body}}
        },
    }
    if accepter is not None:
        connection = {"vpc_peering_connection_id": "${aws_vpc_peering_connection.p.id}", **accepter}
        doc["resource"]["aws_vpc_peering_connection_accepter"] = {"a": connection}
    state = read_terraform(doc)
    assert (("vpc-1", "vpc-2") in state.peerings) == works
    assert bool(state.notes) != works


@pytest.mark.parametrize(
    "doc", [{"resource": 1}, {"resource": {"aws_vpc": []}}, {"resource": {"aws_vpc": {"x": "y"}}}, []]
)
def test_what_is_no_terraform_json(doc: Any) -> None:
    if doc == {"resource": {"aws_vpc": []}}:
        assert read_terraform(doc) == State()
        return
    with pytest.raises(SegkitError) as error:
        read_terraform(doc)
    assert "object" in str(error.value)


def test_comments_are_no_resources() -> None:
    doc = {
        "//": {"metadata": {}},
        "resource": {"//": "x", "aws_security_group": {"//": "x", "a": {"//": {}}}},
    }
    assert list(read_terraform(doc).groups) == ["aws_security_group.a"]


def test_other_filters_are_noted() -> None:
    (note,) = read_terraform({"resource": {"aws_network_acl": {"n": {}}}}).notes
    assert note.where == "aws_network_acl.n"
    assert "is not part of this model" in note.what
