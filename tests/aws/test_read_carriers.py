"""Reading what holds groups, and whose published memberships were seen."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.platforms.aws.carrier_table import TABLE
from segkit.platforms.aws.read import read_terraform
from segkit.platforms.aws.state import Carrier, Group, Origin, State

WEB, DB = "aws_security_group.web", "aws_security_group.db"
W, D = "${aws_security_group.web.id}", "${aws_security_group.db.id}"


def read(snapshot: State | None = None, locals_: Any = None, **resources: Any) -> State:
    groups = {"web": {"vpc_id": "vpc-1"}, "db": {"vpc_id": "vpc-1"}}
    doc = {"resource": {"aws_security_group": groups, **resources}, "locals": locals_ or {}}
    return read_terraform(doc, snapshot=snapshot)


def carriers(state: State) -> dict[str, Carrier]:
    return {carrier.address: carrier for carrier in state.carriers}


@pytest.mark.parametrize("kind", sorted(TABLE))
def test_every_listed_type_is_read_where_its_schema_says(kind: str) -> None:
    path = TABLE[kind].paths[0].split(".")
    body: Any = {"vpc_endpoint_type": "Interface"} if kind == "aws_vpc_endpoint" else {}
    body[path[0]] = [W, D] if len(path) == 1 else {path[1]: [W, D]}
    found = carriers(read(None, None, **{kind: {"x": body}}))[f"{kind}.x"]
    assert {WEB, DB} <= set(found.groups)
    assert found.complete
    if len(path) == 2:  # a block may be a list of one
        body[path[0]] = [body[path[0]]]
        assert carriers(read(None, None, **{kind: {"x": body}}))[f"{kind}.x"].groups == found.groups


def test_unlisted_types_are_read_by_the_names_of_their_arguments() -> None:
    state = read(aws_pipes_pipe={"p": {"source_parameters": {"kafka": [{"vpc": {"security_groups": [W]}}]}}})
    assert carriers(state)["aws_pipes_pipe.p"].groups == (WEB,)
    assert "by the names of its arguments" in state.notes[0].what


def test_no_group_named_means_the_default_group_of_the_vpc() -> None:
    state = read(
        aws_subnet={"s": {"vpc_id": "vpc-1"}},
        aws_instance={"i": {"subnet_id": "${aws_subnet.s.id}"}, "j": {}},
        aws_ecs_service={"e": {"network_configuration": {"subnets": ["${aws_subnet.s.id}"]}}, "bridge": {}},
        aws_lambda_function={"l": {}, "m": {"vpc_config": {"subnet_ids": [], "security_group_ids": []}}},
        aws_lb={"n": {"load_balancer_type": "network"}, "a": {"subnets": ["${aws_subnet.s.id}"]}},
        aws_vpc_endpoint={"gateway": {}, "interface": {"vpc_endpoint_type": "Interface"}},
    )
    assert {address: carrier.groups for address, carrier in carriers(state).items()} == {
        "aws_instance.i": ("default group of vpc-1",),
        "aws_instance.j": ("default group of an unknown vpc",),
        "aws_ecs_service.e": ("default group of vpc-1",),
        "aws_lb.a": ("default group of vpc-1",),
        "aws_vpc_endpoint.interface": ("default group of an unknown vpc",),
    }


def test_unknown_groups_make_a_carrier_incomplete() -> None:
    state = read(
        aws_instance={
            "a": {"vpc_security_group_ids": [W, "${var.more}"]},
            "b": {"vpc_security_group_ids": "${var.all}"},
            "c": {"vpc_security_group_ids": [W], "count": "${var.n}"},
            "d": {"vpc_security_group_ids": [W], "count": 3},
            "e": {"security_groups": ["a-name"]},
            "f": {"launch_template": {"id": "lt-1"}},
            "g": {"vpc_security_group_ids": ["${aws_security_group.web.arn}"]},
            "h": {"vpc_security_group_ids": [W], "count": 0},
        }
    )
    assert {c.address[-1]: (c.groups, c.complete) for c in state.carriers} == {
        "a": ((WEB,), False),
        "b": ((), False),
        "c": ((WEB,), False),
        "d": ((WEB,), True),
        "e": ((), False),
        "f": ((), False),
        "g": ((), False),
    }
    assert "aws_instance.a: a group that is not known: var.more" in [note.text() for note in state.notes]


def test_foreign_ids_lose_their_account() -> None:
    state = read(aws_instance={"a": {"vpc_security_group_ids": ["123456789012/sg-1", "sg-1", "sg-2"]}})
    assert state.carriers[0].groups == ("sg-1", "sg-2")


def test_interfaces_of_an_instance_are_the_carriers() -> None:
    state = read(
        aws_network_interface={"n": {"security_groups": [W]}, "m": {"security_groups": [W]}},
        aws_instance={
            "i": {
                "network_interface": [
                    {"device_index": 0, "network_interface_id": "${aws_network_interface.n.id}"},
                    {"device_index": 1, "network_interface_id": "${aws_network_interface.m.id}"},
                ]
            }
        },
        aws_network_interface_sg_attachment={
            "a": {
                "network_interface_id": "${aws_instance.i.primary_network_interface_id}",
                "security_group_id": D,
            }
        },
    )
    assert {c.address: c.groups for c in state.carriers} == {
        "aws_network_interface.m": (WEB,),
        "aws_network_interface.n": (DB, WEB),
    }


def test_launch_templates() -> None:
    state = read(
        aws_launch_template={
            "a": {"vpc_security_group_ids": [W]},
            "b": {"network_interfaces": [{"security_groups": [W]}, {"security_groups": [D]}]},
            "c": {},
            "d": {"security_group_names": ["x"]},
        }
    )
    assert {
        c.address.removeprefix("aws_launch_template."): (c.groups, c.complete) for c in state.carriers
    } == {
        "a": ((WEB,), True),
        "b.network_interfaces[0]": ((WEB,), True),
        "b.network_interfaces[1]": ((DB,), True),
        "c": (("default group of an unknown vpc",), True),
        "d": ((), False),
    }


def test_attachments_to_interfaces_of_the_stack_and_to_foreign_ones() -> None:
    state = read(
        aws_instance={"i": {"vpc_security_group_ids": [W]}},
        aws_network_interface_sg_attachment={
            "a": {
                "network_interface_id": "${aws_instance.i.primary_network_interface_id}",
                "security_group_id": D,
            },
            "b": {"network_interface_id": "eni-1", "security_group_id": W},
            "c": {"network_interface_id": "eni-1", "security_group_id": D},
            "d": {"network_interface_id": "${var.eni}", "security_group_id": D},
            "e": {"network_interface_id": "eni-2", "security_group_id": D, "count": "${var.n}"},
        },
    )
    found = carriers(state)
    assert found["aws_instance.i"].groups == (DB, WEB)
    assert found["aws_instance.i"].complete
    assert (found["eni-1"].groups, found["eni-1"].origin, found["eni-1"].complete) == (
        (DB, WEB),
        Origin.ATTACHED,
        False,
    )
    assert found["var.eni"].groups == (DB,)
    assert not found["eni-2"].complete


def test_a_snapshot_tells_what_a_foreign_interface_holds_already() -> None:
    before = State(
        groups={"sg-9": Group("sg-9", vpc="vpc-1")},
        carriers=(Carrier("eni-1", ("sg-9",), None, None, True, "eni-1", Origin.SNAPSHOT, ("10.0.0.1",)),),
    )
    attachment = {"a": {"network_interface_id": "eni-1", "security_group_id": W}}
    (found,) = read(before, aws_network_interface_sg_attachment=attachment).carriers
    assert (found.groups, found.complete, found.addresses) == ((WEB, "sg-9"), True, ("10.0.0.1",))


def test_snapshot_resolves_data_sources_and_default_groups() -> None:
    before = State(
        groups={
            "sg-1": Group("sg-1", name="shared", vpc="vpc-1"),
            "sg-2": Group("sg-2", name="default", vpc="vpc-1"),
        }
    )
    doc = {
        "data": {"aws_security_group": {"d": {"name": "shared", "vpc_id": "vpc-1"}}},
        "resource": {
            "aws_subnet": {"s": {"vpc_id": "vpc-1"}},
            "aws_instance": {
                "a": {"vpc_security_group_ids": ["${data.aws_security_group.d.id}"]},
                "b": {"subnet_id": "${aws_subnet.s.id}"},
            },
        },
    }
    assert {c.address: c.groups for c in read_terraform(doc, snapshot=before).carriers} == {
        "aws_instance.a": ("sg-1",),
        "aws_instance.b": ("sg-2",),
    }


def test_eks_adds_the_group_that_it_makes() -> None:
    own = "aws_eks_cluster.k.vpc_config[0].cluster_security_group_id"
    state = read(
        aws_eks_cluster={"k": {"name": "k", "vpc_config": {"security_group_ids": [W]}}},
        aws_eks_node_group={
            "n": {"cluster_name": "${aws_eks_cluster.k.name}"},
            "lt": {"cluster_name": "${aws_eks_cluster.k.name}", "launch_template": {"id": "x"}},
            "far": {"cluster_name": "elsewhere"},
        },
    )
    assert {c.address: (c.groups, c.complete) for c in state.carriers} == {
        "aws_eks_cluster.k": ((own, WEB), True),
        "aws_eks_node_group.n": ((own,), True),
        "aws_eks_node_group.far": ((), False),
    }


def test_published_memberships_are_seen_or_assumed() -> None:
    def published(workload: str, groups: Any) -> dict[str, Any]:
        return {"workload": workload, "interface": "eth0", "target": "aws", "groups": groups}

    locals_ = {
        "m1": published("web-1", [W, "${[aws_security_group.db.id, aws_subnet.s.id][0]}"]),
        "m2": published("web-2", [W]),
        "m3": published("web-3", '${concat(local.m1.groups, ["sg-1"])}'),
        "m4": published("web-4", ["${var.x}"]),
        "other": {"groups": [W]},
    }
    state = read(
        locals_=locals_,
        aws_instance={
            "a": {"vpc_security_group_ids": "${local.m1.groups}"},
            "b": {"vpc_security_group_ids": "${concat(local.m1.groups, local.m2.groups)}"},
            "c": {"vpc_security_group_ids": "${local.other.groups}"},
        },
        aws_network_interface_sg_attachment={
            "x": {"network_interface_id": "eni-1", "security_group_id": "${local.m2.groups[0]}"}
        },
    )
    assert {(c.address, c.workload, c.interface) for c in state.carriers} == {
        ("aws_instance.a", "web-1", "eth0"),
        ("aws_instance.b", "web-1", "eth0"),
        ("aws_instance.b", "web-2", "eth0"),
        ("aws_instance.c", None, None),
        ("eni-1", "web-2", "eth0"),
    }
    assert [(m.name, m.workload, m.groups, m.complete, m.carriers, m.seen) for m in state.memberships] == [
        ("m1", "web-1", (DB, WEB), True, ("aws_instance.a", "aws_instance.b"), True),
        ("m2", "web-2", (WEB,), True, ("aws_instance.b", "eni-1"), True),
        ("m3", "web-3", (DB, WEB, "sg-1"), True, (), False),
        ("m4", "web-4", (), False, (), False),
    ]


def test_every_membership_that_lists_a_group_which_is_not_known_is_incomplete() -> None:
    lists = {"m1": [W, "${var.more}"], "m2": [W, "${var.more}"], "m3": [W], "m4": [W]}
    named = {
        name: {"workload": name, "interface": "", "target": "t", "groups": groups}
        for name, groups in lists.items()
    }
    found = {m.name: (m.groups, m.complete) for m in read(locals_=named).memberships}
    partly, wholly = ((WEB,), False), ((WEB,), True)
    assert found == {"m1": partly, "m2": partly, "m3": wholly, "m4": wholly}


def test_modules_that_are_given_groups() -> None:
    doc = {
        "locals": {"m": {"workload": "w", "interface": "", "target": "t", "groups": [W]}},
        "resource": {"aws_security_group": {"web": {}}},
        "module": {
            "rds": {"source": "x", "vpc_security_group_ids": "${local.m.groups}"},
            "deep": [{"source": "x", "settings": {"network": [{"groups": [W]}]}}],
            "plain": {"source": "y", "name": "z"},
        },
        "output": {"ids": {"value": "${local.m.groups}"}},
    }
    state = read_terraform(doc)
    assert {(c.address, c.groups, c.workload, c.complete, c.origin) for c in state.carriers} == {
        ("module.rds", (WEB,), "w", False, Origin.MODULE),
        ("module.deep", (WEB,), None, False, Origin.MODULE),
    }


def test_reading_twice_says_the_same() -> None:
    instances = {"b": {"vpc_security_group_ids": [W, "${var.x}"]}, "a": {"vpc_security_group_ids": [D]}}
    assert read(aws_instance=instances) == read(aws_instance=dict(reversed(instances.items())))
