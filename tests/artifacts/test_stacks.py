"""Configurations cut into stacks, linked, and read as one again."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.artifacts import divide, join, link
from segkit.artifacts.traversals import renamed, renamed_expression
from segkit.errors import SegkitError

S3 = {"s3": {"bucket": "state", "key": "net.tfstate", "region": "eu-west-1"}}


def mark(words: tuple[str, ...]) -> tuple[int, str] | None:
    return (2, f"{words[0]}.NEW") if words[:2] in {("aws_vpc", "main"), ("local", "a")} else None


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("plain aws_vpc.main.id", "plain aws_vpc.main.id"),
        ("${aws_vpc.main.id}", "${aws_vpc.NEW.id}"),
        ("${aws_vpc.main}", "${aws_vpc.NEW}"),
        ("1/${aws_vpc.main.id}/2", "1/${aws_vpc.NEW.id}/2"),
        ("$${aws_vpc.main.id}", "$${aws_vpc.main.id}"),
        ("%{if local.a}x%{endif}", "%{if local.NEW}x%{endif}"),
        ("${[aws_vpc.main.id, local.b][0]}", "${[aws_vpc.NEW.id, local.b][0]}"),
        ('${aws_vpc["main"].id}', "${aws_vpc.NEW.id}"),
        ('${"aws_vpc.main.id"}', '${"aws_vpc.main.id"}'),
        ('${upper("a ${aws_vpc.main.id} \\" }")}', '${upper("a ${aws_vpc.NEW.id} \\" }")}'),
        ("${x.aws_vpc.main.id}", "${x.aws_vpc.main.id}"),
        ("${aws_vpc.main[*].id}", "${aws_vpc.NEW[*].id}"),
        ("${x[*].local.a}", "${x[*].local.a}"),
        ("${{a = local.a}}", "${{a = local.NEW}}"),
        ("${aws_vpc.mainly.id}", "${aws_vpc.mainly.id}"),
        ("${aws_vpc.main.id", "${aws_vpc.NEW.id"),
        ('${local["\\q"]}', '${local["\\q"]}'),
    ],
)
def test_references_are_found_where_terraform_finds_them(text: str, new: str) -> None:
    assert renamed(text, mark) == new


def test_an_address_by_itself_is_renamed_too() -> None:
    assert renamed_expression("aws_vpc.main", mark) == "aws_vpc.NEW"


def two(**net: Any) -> dict[str, Any]:
    """A network and an application that reads it, with one local, one resource and one output of one name."""
    return {
        "net": {
            "terraform": {"backend": S3},
            "provider": {"aws": [{"region": "eu-west-1"}, {"alias": "other", "region": "eu-west-2"}]},
            "resource": {"aws_vpc": {"main": {"cidr_block": "10.0.0.0/16", "provider": "aws.other"}}},
            "locals": {"a": "${aws_vpc.main.id}"},
            "output": {"vpc": {"value": "${local.a}"}},
            **net,
        },
        "app": {
            "terraform": {"backend": {"s3": {"bucket": "state", "key": "app.tfstate"}}},
            "data": {
                "terraform_remote_state": {
                    "net": {"backend": "s3", "config": S3["s3"], "workspace": "${terraform.workspace}"}
                }
            },
            "resource": {"aws_vpc": {"main": {}}},
            "locals": {
                "a": "${aws_vpc.main.id}",
                "b": "${data.terraform_remote_state.net.outputs.vpc}",
                "c": '${data.terraform_remote_state.net.outputs["vpc"]}',
                "d": "${data.terraform_remote_state.net.outputs.gone}",
            },
        },
    }


def test_equal_names_of_two_stacks_stay_apart_and_outputs_come_through() -> None:
    whole = join(two(), ["app"])
    assert whole.stacks == ("app", "net")
    assert whole.document["resource"]["aws_vpc"] == {
        "main--app": {"provider": "aws.app"},
        "main--net": {"cidr_block": "10.0.0.0/16", "provider": "aws.other--net"},
    }
    assert whole.document["locals"] == {
        "a--app": "${aws_vpc.main--app.id}",
        "a--net": "${aws_vpc.main--net.id}",
        "b--app": "${local.vpc--net--output}",
        "c--app": "${local.vpc--net--output}",
        "d--app": "${data.terraform_remote_state.net--app.outputs.gone}",
        "vpc--net--output": "${local.a--net}",
    }
    assert [p["alias"] for p in whole.document["provider"]["aws"]] == ["net", "other--net"]
    assert whole.inside("app", {"vpc_id": "${local.a}"}) == {"vpc_id": "${local.a--app}"}
    assert whole.inside("elsewhere", "${local.a}") == "${local.a}"


def reader(*states: str, name: str = "other", **more: Any) -> dict[str, Any]:
    """A stack that reads the states of stacks, each kept under the stack's name."""
    config = {state: {"bucket": "state", "key": f"{state}.tfstate"} for state in states}
    return {
        "terraform": {"backend": {"s3": {"bucket": "state", "key": f"{name}.tfstate"}}},
        "data": {
            "terraform_remote_state": {s: {"backend": "s3", "config": config[s], **more} for s in states}
        },
    }


def test_who_reads_ours_is_joined_also_through_others_and_with_what_it_reads() -> None:
    stacks = two() | {
        "first": reader("app", name="first"),
        "last": reader("first", "far", name="last"),
        "far": reader(name="far"),
    }
    assert join(stacks, ["app"]).stacks == ("app", "far", "first", "last", "net")


def test_who_reads_nothing_of_ours_is_not_joined() -> None:
    stacks = two() | {"beside": reader("net"), "alone": reader(name="alone")}
    assert join(stacks, ["app"]).stacks == ("app", "net")
    stacks["elsewhere"] = reader("app", name="elsewhere", workspace="test")
    assert join(stacks, ["app"]).stacks == ("app", "net")


@pytest.mark.parametrize("several", [{"count": 1}, {"for_each": {"a": "b"}}])
def test_who_reads_ours_more_than_once_is_joined_though_nothing_is_followed(several: dict[str, Any]) -> None:
    stacks = two() | {"ops": reader("app", name="ops", **several)}
    stacks["ops"]["locals"] = {"x": "${data.terraform_remote_state.app[0].outputs.a}"}
    whole = join(stacks, ["app"])
    assert whole.stacks == ("app", "net", "ops")
    assert whole.document["locals"]["x--ops"] == "${data.terraform_remote_state.app--ops[0].outputs.a}"


def test_the_joint_stands_in_no_name() -> None:
    stacks = two(locals={"a": "x", "a--app": "y"})
    names = join(stacks, ["net", "app"]).document["locals"]
    assert {"a---app", "a---net", "a--app---net"} <= names.keys()


@pytest.mark.parametrize(
    "state",
    [
        {"backend": "s3", "config": {"bucket": "state", "key": "other.tfstate"}},
        {"backend": "gcs", "config": {"bucket": "state", "prefix": "net.tfstate"}},
        {"backend": "s3", "config": {"bucket": "${var.bucket}", "key": "net.tfstate"}},
        {"backend": "s3", "config": S3["s3"], "workspace": "test"},
        {"backend": "s3", "config": S3["s3"], "count": 1},
        {"backend": "s3"},
        {"backend": "local", "config": {"path": "net.tfstate"}},
    ],
)
def test_a_state_of_nobody_at_hand_stays_unknown(state: dict[str, Any]) -> None:
    stacks = two()
    stacks["app"]["data"]["terraform_remote_state"]["net"] = state
    whole = join(stacks, ["app"])
    assert whole.stacks == ("app",)
    assert whole.document["locals"]["b--app"] == "${data.terraform_remote_state.net--app.outputs.vpc}"


@pytest.mark.parametrize(
    ("settings", "kind", "config"),
    [
        ({"backend": {"local": {"path": "/s/net"}}}, "local", {"path": "/s/net", "workspace_dir": None}),
        ({"backend": {"azurerm": {"storage_account_name": "a", "container_name": "c", "key": "k"}}},
         "azurerm", {"storage_account_name": "a", "container_name": "c", "key": "k", "use_oidc": True}),
        ({"cloud": {"organization": "o", "workspaces": {"name": "net"}}},
         "remote", {"organization": "o", "workspaces": {"name": "net"}}),
        ({"backend": {"http": {"address": "https://x/net"}}}, "http", {"address": "https://x/net"}),
    ],
)  # fmt: skip
def test_every_backend_is_told_by_where_it_keeps_its_state(
    settings: dict[str, Any], kind: str, config: dict[str, Any]
) -> None:
    stacks = two(terraform=settings)
    stacks["app"]["data"]["terraform_remote_state"]["net"] = {"backend": kind, "config": config}
    assert join(stacks, ["app"]).stacks == ("app", "net")


@pytest.mark.parametrize(
    ("kind", "kept", "read"),
    [
        ("azurerm", {"storage_account_name": "a", "container_name": "c", "key": "k"},
         {"storage_account_name": "b", "container_name": "c", "key": "k"}),
        ("gcs", {"bucket": "b", "prefix": "net"}, {"bucket": "b", "prefix": "other"}),
        ("remote", {"organization": "o", "workspaces": {"name": "net"}},
         {"organization": "o", "workspaces": {"name": "other"}}),
        # Each stack has variables of its own, so equal texts need not be one place.
        ("s3", {"bucket": "${var.bucket}", "key": "net"}, {"bucket": "${var.bucket}", "key": "net"}),
    ],
)  # fmt: skip
def test_states_in_two_places_are_two(kind: str, kept: dict[str, Any], read: dict[str, Any]) -> None:
    stacks = two(terraform={"backend": {kind: kept}})
    stacks["app"]["data"]["terraform_remote_state"]["net"] = {"backend": kind, "config": read}
    assert join(stacks, ["app"]).stacks == ("app",)


def test_a_place_that_two_stacks_claim_is_nobodys() -> None:
    stacks = two()
    stacks["twin"] = {"terraform": {"backend": S3}}
    assert join(stacks, ["app"]).stacks == ("app",)


def test_a_stack_that_is_not_there_is_named() -> None:
    with pytest.raises(SegkitError, match=r"there is no stack 'gone'(?s:.)*name one of: app, net"):
        join(two(), ["app", "gone"])


FRAGMENTS: dict[str, dict[str, Any]] = {
    "rules": {
        "resource": {"aws_rule": {"r": {"peer": "1/${aws_group.g.id}", "list": ["${aws_group.g.id}"]}}},
        "locals": {"ready": "${[aws_group.g.id, aws_rule.r.id][0]}"},
    },
    "groups": {"resource": {"aws_group": {"g": {"name": "g"}}}},
}


def test_what_crosses_a_border_is_one_local_and_nothing_else_moves() -> None:
    done = divide(FRAGMENTS)
    assert done.dependencies == {"groups": (), "rules": ("groups",)}
    rules = done.stacks(lambda crossing: f"<{crossing.owner} {crossing.identifier}>")["rules"]
    assert rules == {
        "resource": {
            "aws_rule": {
                "r": {
                    "peer": "1/${local.segkit-from_aws_group_g_id}",
                    "list": ["${local.segkit-from_aws_group_g_id}"],
                }
            }
        },
        "locals": {
            "ready": "${[local.segkit-from_aws_group_g_id, aws_rule.r.id][0]}",
            "segkit-from_aws_group_g_id": "<groups aws_group.g.id>",
        },
    }


def test_only_attributes_cross_a_border() -> None:
    """A whole resource cannot be an output under one name; what names it is left for Terraform to refuse."""
    rules = {"locals": {"whole": "${aws_group.g}"}}
    done = divide({"rules": rules, "groups": FRAGMENTS["groups"]})
    assert done.crossings == () and done.fragments["rules"] == rules


def test_linked_stacks_read_as_one() -> None:
    linked = link(divide(FRAGMENTS), {"groups": {"terraform": {"backend": S3}}})
    assert linked["rules"]["data"]["terraform_remote_state"] == {
        "cross-stack-reference-input-groups": {
            "backend": "s3",
            "config": S3["s3"],
            "workspace": "${terraform.workspace}",
        }
    }
    assert linked["groups"]["output"] == {
        "cross-stack-output-aws_groupgid": {"value": "${aws_group.g.id}", "sensitive": True}
    }
    names = join(linked, ["rules"]).document["locals"]
    published = "cross-stack-output-aws_groupgid--groups--output"
    assert names["segkit-from_aws_group_g_id--rules"] == f"${{local.{published}}}"
    assert names[published] == "${aws_group.g--groups.id}"


def test_terraform_cloud_is_read_as_remote() -> None:
    cloud = {"organization": "o", "workspaces": {"name": "groups"}}
    linked = link(divide(FRAGMENTS), {"groups": {"terraform": {"cloud": cloud}}})
    (state,) = linked["rules"]["data"]["terraform_remote_state"].values()
    assert state == {"backend": "remote", "config": cloud}
    assert join(linked, ["rules"]).stacks == ("groups", "rules")


def test_stacks_that_wait_for_each_other_are_told_with_the_way_out() -> None:
    a = {"resource": {"aws_group": {"a": {"peer": "${aws_group.b.id}"}}}}
    b = {"resource": {"aws_group": {"b": {"peer": "${aws_group.c.id}"}}}}
    c = {"resource": {"aws_group": {"c": {"peer": "${aws_group.a.id}"}}}}
    with pytest.raises(SegkitError) as refused:
        divide({"one": a, "two": b, "three": c, "four": {"locals": {"x": "${aws_group.a.id}"}}})
    assert str(refused.value) == (
        "the stacks one, three, two read each other's groups, so none can be applied first\n"
        "  why: one refers to aws_group.b of two; two refers to aws_group.c of three; three refers to "
        "aws_group.a of one\n"
        "  fix: give their targets identities=, a stack that holds the groups themselves and is applied "
        'first; or write addresses on one side: references="address"'
    )


def test_one_address_in_two_stacks_is_refused() -> None:
    group: dict[str, Any] = {"resource": {"aws_group": {"g": {}}}}
    with pytest.raises(SegkitError, match=r"aws_group\.g is defined twice"):
        divide({"one": group, "two": group})
