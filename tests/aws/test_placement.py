"""What a target's placement admits, what each mistake says, and what flow logs and adoption write."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from segkit.compiler import Compilation, compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.sets import L, tcp

LOGS = "arn:aws:logs:eu-west-1:123456789012:log-group:flows"
ROLE = "arn:aws:iam::123456789012:role/flows"


def compiled(mode: str = "enforce", **placement: Any) -> Compilation:
    seg = Segmentation("place", today=date(2026, 11, 20))
    seg.zone("floor", L.zone == "floor", mode=mode)
    seg.address_set("partners", ["198.51.100.0/24"])
    web, db = (seg.group(name, L.role == name) for name in ("web", "db"))
    seg.policy("p", "application", owner="o").allow(web, db, tcp(5432))
    for number, role in enumerate(("web", "db")):
        seg.workload(role, {"role": role, "zone": "floor"}, [f"10.0.0.{number + 1}"])
    seg.target("aws", "aws", placement={"vpc_id": "vpc-1", **placement})
    return compile_model(seg.build())


@pytest.mark.parametrize(
    ("placement", "what", "fix"),
    [
        ({"vpc_idd": "x"}, "unknown argument 'vpc_idd'", "did you mean 'vpc_id'?"),
        ({"vpc_id": ""}, "vpc_id is missing", "pass the id of the VPC"),
        ({"membership": "mine"}, "membership is 'mine'", "write one of exclusive, shared"),
        ({"peered_with": ["other"]}, "peered_with names 'other'", "known targets: none"),
        ({"prefix_lists": ["corp"]}, "prefix_lists names 'corp'", "known address sets: partners"),
        ({"quotas": {"rules": 5}}, "unknown quota 'rules'", "known quotas: entries_per_prefix_list"),
        ({"quotas": {"rules_per_group": 0}}, "quota rules_per_group is 0", "write 1 to 1000"),
        ({"quotas": {"rules_per_group": True}}, "quota rules_per_group is True", "write 1 to 1000"),
        ({"quotas": 5}, "quotas is 5", "write names of quotas and numbers"),
        ({"peered_with": 3}, "peered_with is 3", "write a list of names"),
        ({"peered_with": [["a"]]}, "peered_with is [['a']]", "write a list of names"),
        ({"prefix_lists": "corp"}, "prefix_lists is 'corp'", "write a list of names"),
        ({"tags": {"a": ["b"]}}, "tags is {'a': ['b']}", "write keys and texts"),
        ({"region": 5}, "region is 5", "write text"),
        (
            {"snapshot": {"SecurityGroups": 5}},
            "snapshot is {'SecurityGroups': 5}",
            "write the parsed answers",
        ),
        ({"adopt": {"web": {"name": 7}}}, "adopt is {'web': {'name': 7}}", "write what each group keeps"),
        (
            {"adopt": {"web": {"name": "wéb"}}},
            "name of 'web' is 'wéb', which AWS cannot have",
            "write the name that the security group has",
        ),
        (
            {"adopt": {"web": {"description": ""}}},
            "description of 'web' is '', which AWS cannot have",
            "write the description that the security group has",
        ),
        (
            {"adopt": {"web": {"name": "sg-1"}}},
            "name of 'web' is 'sg-1', which looks like an id",
            "write its name",
        ),
        ({"adopt": {"web": {"id": "web"}}}, "id of 'web' is 'web'", "write the id of a security group"),
        ({"adopt": {"web": {"b": "c"}}}, "adopt is {'web': {'b': 'c'}}", "write what each group keeps"),
        (
            {"flow_log_destination": LOGS},
            "a flow log to a log group has no role",
            "pass flow_log_role=, the role that may write to it",
        ),
    ],
)
def test_each_mistake_says_what_and_how(placement: dict[str, Any], what: str, fix: str) -> None:
    with pytest.raises(SegkitError) as raised:
        compiled(**placement)
    (problem,) = raised.value.problems
    assert problem.what == f"target aws: {what}"
    assert problem.fix.startswith(fix)
    assert "test_placement.py:" in problem.where


def test_all_mistakes_come_together() -> None:
    with pytest.raises(SegkitError) as raised:
        compiled(vpc_id="", membership="mine", quotas={"rules": 5})
    assert len(raised.value.problems) == 3


@pytest.mark.parametrize(
    ("placement", "kind"),
    [
        ({"flow_log_destination": "arn:aws:s3:::flows"}, "s3"),
        ({"flow_log_destination": LOGS, "flow_log_role": ROLE}, "cloud-watch-logs"),
        (
            {"flow_log_destination": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/flows"},
            "kinesis-data-firehose",
        ),
    ],
)
def test_visibility_is_logged(placement: dict[str, Any], kind: str) -> None:
    done = compiled("visibility", **placement)
    (log,) = done.fragment["resource"]["aws_flow_log"].values()
    assert log["vpc_id"] == "vpc-1"
    assert log["traffic_type"] == "ALL"
    assert log["log_destination"] == placement["flow_log_destination"]
    assert log["log_destination_type"] == kind
    assert log.get("iam_role_arn") == placement.get("flow_log_role")
    assert done.warnings == ()


def test_visibility_that_nothing_logs_is_a_warning() -> None:
    (warning,) = compiled("visibility").warnings
    assert warning.what == "target aws: nothing logs zone floor, in visibility mode"
    assert "flow_log_destination" in warning.fix


def test_visibility_beside_others_adds_no_rule() -> None:
    done = compiled("visibility", membership="shared", flow_log_destination="arn:aws:s3:::flows")
    assert not [kind for kind in done.fragment["resource"] if kind.endswith("gress_rule")]


def test_an_enforcing_estate_has_no_flow_log() -> None:
    done = compiled(flow_log_destination="arn:aws:s3:::flows")
    assert "aws_flow_log" not in done.fragment["resource"]


def test_an_adopted_group_keeps_its_name_and_description_and_is_imported() -> None:
    adopted = {"web": {"name": "legacy web", "description": "made by hand", "id": "sg-0123456789abcdef0"}}
    fragment = compiled(adopt=adopted).fragment
    body = fragment["resource"]["aws_security_group"]["aws_web"]
    assert (body["name"], body["description"]) == ("legacy web", "made by hand")
    assert fragment["import"] == [{"to": "${aws_security_group.aws_web}", "id": "sg-0123456789abcdef0"}]


def test_adopting_a_group_that_there_is_not() -> None:
    with pytest.raises(SegkitError) as error:
        compiled(adopt={"wbe": {"name": "legacy web"}})
    assert "adopt names 'wbe', and there is no such group" in str(error.value)
    assert "did you mean 'web'?" in str(error.value)
