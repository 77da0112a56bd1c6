"""One segmentation in several stacks means what it means in one; each stack changes only with its own."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from segkit.artifacts import canonical_json, join, link
from segkit.compiler import Compilation, compile_model
from segkit.errors import SegkitError
from segkit.model import Model, Segmentation
from segkit.sets import L, tcp
from segkit.verify import prove
from tests.conformance.aws import placement, unlimited
from tests.strategies import Features, models

HOSTS = [
    ("web-1", "web", "shop", "eu-west-1", "10.1.0.1"),
    ("api-1", "api", "shop", "eu-west-1", "10.1.0.2"),
    ("db-1", "db", "data", "eu-west-1", "10.2.0.1"),
    ("log-1", "log", "data", "us-east-1", "10.3.0.1"),
]
RULES = [("web", "api", 8080), ("api", "db", 5432), ("web", "log", 514), ("db", "log", 514)]


def estate(
    more: tuple[tuple[str, str, int], ...] = (),
    identities: bool = True,
    shuffled: int = 0,
    references: dict[str, str] | None = None,
    accepted: bool = True,
) -> Model:
    """Two accounts that are peered, and a third place in another region that none can refer to."""
    chance = random.Random(shuffled)
    seg = Segmentation("retail", today="2026-06-01")
    hosts, rules = list(HOSTS), [*RULES, *more]
    chance.shuffle(hosts)
    chance.shuffle(rules)
    policy = seg.policy("shop", "application", owner="shop")
    for source, destination, port in rules:
        policy.allow(L.role == source, L.role == destination, tcp(port), id=f"{source}-{destination}-{port}")
    for name, role, account, region, address in hosts:
        seg.workload(name, {"role": role, "account": account, "region": region}, [address])
    parts = list(seg.split_by("account", "region"))
    chance.shuffle(parts)
    for part in parts:
        others = [p.name for p in parts if p is not part and p["region"] == part["region"]]
        place: dict[str, Any] = {
            "vpc_id": "${data.aws_vpc.main.id}",
            "network": part.name,
            "region": part["region"],
            "account": {"shop": "111122223333", "data": "444455556666"}[part["account"]],
            "peered_with": others,
        }
        if references:
            place["references"] = references.get(part.name, "address")
        groups = f"{part.name}-groups" if identities else None
        target = seg.target(
            part.name, "aws", part.select, placement=place, stack=part.name, identities=groups
        )
        if accepted:
            target.accept_residual("snapshot", owner="me", reason="no peering", expires="2027-01-01")
    return seg.build()


def linked(done: Compilation) -> dict[str, dict[str, Any]]:
    """The stacks with what each needs from its owner."""
    vpc = {"data": {"aws_vpc": {"main": {"tags": {"Name": "main"}}}}}
    return link(done.divided, dict.fromkeys(done.model.stacks, vpc))


def stacks(model: Model) -> dict[str, bytes]:
    return {name: canonical_json(stack) for name, stack in linked(compile_model(model)).items()}


@pytest.mark.parametrize("shuffled", range(3))
def test_the_order_of_declaration_is_gone(shuffled: int) -> None:
    assert stacks(estate(shuffled=shuffled + 1)) == stacks(estate())


def test_groups_across_stacks_both_ways_and_addresses_where_there_is_no_other_way() -> None:
    model = estate()
    done = compile_model(model)
    assert done.divided.dependencies == {
        "retail-data-eu-west-1": ("retail-data-eu-west-1-groups", "retail-shop-eu-west-1-groups"),
        "retail-data-eu-west-1-groups": (),
        "retail-data-us-east-1": ("retail-data-us-east-1-groups",),
        "retail-data-us-east-1-groups": (),
        "retail-shop-eu-west-1": ("retail-data-eu-west-1-groups", "retail-shop-eu-west-1-groups"),
        "retail-shop-eu-west-1-groups": (),
    }
    whole = linked(done)
    rules = whole["retail-shop-eu-west-1"]["resource"]["aws_vpc_security_group_egress_rule"].values()
    peers = {rule.get("referenced_security_group_id", rule.get("cidr_ipv4")) for rule in rules}
    assert [peer for peer in peers if str(peer).startswith("444455556666/${local.segkit-from_")]
    assert "10.3.0.1/32" in peers
    assert set(whole["retail-shop-eu-west-1-groups"]["resource"]) == {"aws_security_group"}
    proof = prove(model, join(whole, model.stacks), intent=done.intent, residuals=done.residuals)
    assert proof.ok, proof.text()


def test_a_rule_inside_one_account_touches_that_stack_alone() -> None:
    before, after = stacks(estate()), stacks(estate(more=(("web", "api", 8443),)))
    assert [name for name in before if before[name] != after[name]] == ["retail-shop-eu-west-1"]


def test_without_identities_references_go_one_way() -> None:
    with pytest.raises(SegkitError, match="read each other's groups") as refused:
        compile_model(estate(identities=False))
    assert 'references="address"' in str(refused.value)
    model = estate(identities=False, references={"retail-shop-eu-west-1": "output"})
    # Insisting on outputs where one far end has none is refused, by name and with the way out.
    with pytest.raises(SegkitError) as refused:
        compile_model(model)
    (told,) = refused.value.problems
    assert told.what == (
        "target retail-shop-eu-west-1: shop/web-log-514 (egress) cannot name log-1 by an output"
    )
    assert "name retail-data-us-east-1 in peered_with" in told.fix


def test_addresses_are_a_residual_that_somebody_accepts() -> None:
    with pytest.raises(SegkitError, match="residual 'snapshot'"):
        compile_model(estate(identities=False, references={"none": ""}, accepted=False))
    model = estate(identities=False, references={"none": ""})
    done = compile_model(model)
    assert not done.divided.crossings
    assert prove(model, join(linked(done), model.stacks)).ok


def test_a_word_that_is_neither() -> None:
    with pytest.raises(SegkitError, match="references is 'outputs'") as refused:
        compile_model(estate(references={"retail-data-us-east-1": "outputs"}))
    assert "write one of output, address" in str(refused.value)


def test_targets_in_no_stack_beside_others() -> None:
    model = estate()
    lost = replace(model, targets=(replace(model.targets[0], stack="", identities=""), *model.targets[1:]))
    with pytest.raises(SegkitError, match="target retail-data-eu-west-1 names no stack"):
        compile_model(lost)


def change(whole: dict[str, Any], stack: str, kind: str, **body: Any) -> dict[str, Any]:
    other: dict[str, Any] = copy.deepcopy(whole)
    other[stack]["resource"].setdefault(kind, {})["theirs"] = body
    return other


def test_what_is_added_to_any_stack_is_found() -> None:
    model = estate()
    done = compile_model(model)
    whole = linked(done)
    opened = change(
        whole,
        "retail-data-eu-west-1",
        "aws_vpc_security_group_ingress_rule",
        security_group_id=next(
            f"${{local.{name}}}"
            for name in whole["retail-data-eu-west-1"]["locals"]
            if name.startswith("segkit-from_aws_security_group_retail-data")
        ),
        ip_protocol="tcp",
        from_port=22,
        to_port=22,
        cidr_ipv4="10.1.0.2/32",
    )
    sent = change(
        opened,
        "retail-shop-eu-west-1",
        "aws_vpc_security_group_egress_rule",
        security_group_id=next(
            f"${{local.{name}}}"
            for name in whole["retail-shop-eu-west-1"]["locals"]
            if name.startswith("segkit-from_aws_security_group_retail-shop") and "api" in name
        ),
        ip_protocol="tcp",
        from_port=22,
        to_port=22,
        cidr_ipv4="10.2.0.1/32",
    )
    assert prove(model, join(opened, model.stacks)).ok  # nobody sends there
    proof = prove(model, join(sent, model.stacks))
    assert proof.status == "different"
    (difference,) = proof.differences
    assert (difference.kind, difference.services) == ("opens", "tcp/22")
    assert "aws_vpc_security_group_ingress_rule.theirs--retail-data-eu-west-1" in difference.resources


def ops(whole: dict[str, Any], through: str = "", **state: Any) -> dict[str, Any]:
    """A stack of somebody else, which reads our groups, or a stack that does."""
    groups = "retail-shop-eu-west-1-groups"
    keeps = whole[through or groups]["terraform"]["backend"]["local"]
    return {
        "terraform": {"backend": {"local": {"path": f"/states/{through}ops.tfstate"}}},
        "data": {"terraform_remote_state": {"ours": {"backend": "local", "config": keeps, **state}}},
        "output": {name: {"value": read(name)} for name in whole[groups]["output"]},
    }


def read(output: str, which: str = "") -> str:
    return f"${{data.terraform_remote_state.ours{which}.outputs.{output}}}"


def with_hole(stack: dict[str, Any], which: str = "") -> dict[str, Any]:
    """The stack, which opens a group that it reads to everybody."""
    kind = "aws_vpc_security_group_ingress_rule"
    hole = {"security_group_id": read(min(stack["output"]), which), "ip_protocol": "-1"}
    return {**stack, "resource": {kind: {"hole": {**hole, "cidr_ipv4": "0.0.0.0/0"}}}}


def test_what_a_stack_that_reads_ours_adds_is_found() -> None:
    model = estate()
    whole = linked(compile_model(model))
    whole["ops"] = ops(whole)
    assert "ops" in join(whole, model.stacks).stacks
    assert prove(model, join(whole, model.stacks)).ok  # it reads, and adds nothing
    further = {**whole, "further": with_hole(ops(whole, through="ops"))}
    for opened, where in (({**whole, "ops": with_hole(whole["ops"])}, "ops"), (further, "further")):
        proof = prove(model, join(opened, model.stacks))
        assert proof.status == "different"
        assert {d.kind for d in proof.differences} == {"opens"}
        assert f"aws_vpc_security_group_ingress_rule.hole--{where}" in proof.differences[0].resources


def test_what_hangs_on_a_state_that_is_read_several_times_proves_nothing() -> None:
    model = estate()
    whole = linked(compile_model(model))
    whole["ops"] = with_hole(ops(whole, count=1), "[0]")
    assert prove(model, join(whole, model.stacks)).status == "unproved"


def test_a_stack_that_reads_nothing_of_ours_is_none_of_our_business() -> None:
    model = estate()
    whole = linked(compile_model(model))
    whole["ops"] = with_hole(ops(whole, workspace="test"))
    assert join(whole, model.stacks).stacks == model.stacks
    assert prove(model, join(whole, model.stacks)).ok


def test_an_output_that_says_something_else_is_found() -> None:
    model = estate()
    whole = linked(compile_model(model))
    groups = whole["retail-shop-eu-west-1-groups"]
    names = sorted(groups["output"])
    assert len(names) > 1
    groups["output"][names[0]] = groups["output"][names[1]]
    assert prove(model, join(whole, model.stacks)).status == "different"


def test_a_state_that_is_not_theirs_proves_nothing() -> None:
    model = estate()
    whole = linked(compile_model(model))
    for state in whole["retail-shop-eu-west-1"]["data"]["terraform_remote_state"].values():
        state["config"] = {"path": "/somewhere/else.tfstate"}
    assert not prove(model, join(whole, model.stacks)).ok


@given(data=st.data())
@settings(
    max_examples=max(10, settings().max_examples // 4),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_any_model_in_several_stacks_is_proved_like_in_one(data: st.DataObject) -> None:
    features = Features(internet=False, targets=2)
    make = placement("groups")
    model = data.draw(models("aws", make, features, ("snapshot",)))
    assume(len(model.targets) > 1)
    targets = tuple(replace(t, stack=t.name, identities=f"{t.name}-groups") for t in model.targets)
    split = replace(model, targets=targets)
    with unlimited():
        try:
            done = compile_model(model)
        except SegkitError as error:
            with pytest.raises(SegkitError) as refused:
                compile_model(split)
            assert refused.value.problems == error.problems
            return
        apart = compile_model(split)
        assert apart.fragment == done.fragment
        whole = link(apart.divided)
        event(f"crossings: {min(len(apart.divided.crossings), 3)}")
        one, several = prove(model, done.fragment), prove(split, join(whole, split.stacks))
        assert (several.status, several.pairs) == (one.status, one.pairs)
        # A rule that goes is missed in the same way, wherever it was.
        rules = [
            (name, kind, key)
            for name, stack in whole.items()
            for kind, named in stack.get("resource", {}).items()
            if kind.endswith("gress_rule")
            for key in named
        ]
        if rules:
            name, kind, key = data.draw(st.sampled_from(rules))
            less, lone = json.loads(json.dumps(whole)), json.loads(json.dumps(done.fragment))
            del less[name]["resource"][kind][key], lone["resource"][kind][key]
            found = [prove(model, lone).differences, prove(split, join(less, split.stacks)).differences]
            told = [[(d.kind, d.source, d.destination, d.services) for d in one] for one in found]
            assert told[0] == told[1]


def test_moves_imports_and_flow_logs_are_where_their_groups_are() -> None:
    seg = Segmentation("retail", today="2026-06-01")
    seg.zone("edge", L.zone == "edge", mode="visibility")
    front = seg.group("front", L.role == "web", moved_from="web")
    api = seg.group("api", L.role == "api")
    seg.policy("shop", "application").allow(front, api, tcp(8080))
    seg.workload("web-1", {"role": "web", "zone": "edge"}, ["10.0.0.1"], interface_id="eni-1", foreign=[])
    seg.workload("api-1", {"role": "api"}, ["10.0.0.2"], foreign=[])
    place = {
        "vpc_id": "vpc-1",
        "region": "eu-west-1",
        "flow_log_destination": "arn:aws:s3:::logs",
        "adopt": {"api": {"id": "sg-0123"}},
    }
    seg.target("aws", "aws", placement=place, stack="rules", identities="groups")
    fragments = compile_model(seg.build()).divided.fragments
    groups, rules = fragments["groups"], fragments["rules"]
    assert set(groups) == {"resource", "moved", "import"}
    assert set(groups["resource"]) == {"aws_security_group", "aws_flow_log"}
    assert groups["import"] == [{"to": "${aws_security_group.aws_api}", "id": "sg-0123"}]
    assert groups["moved"] == [{"from": "aws_security_group.aws_web", "to": "aws_security_group.aws_front"}]
    assert "import" not in rules
    assert {move["to"].partition(".")[0] for move in rules["moved"]} == {
        "aws_network_interface_sg_attachment",
        "aws_vpc_security_group_ingress_rule",  # front sends anything: it is only watched
    }


def test_a_reference_to_a_group_of_another_stack_counts_where_the_vpcs_may_be_one() -> None:
    """Each stack looks its VPC up; that they find the same one cannot be ruled out."""
    model = estate()
    whole = linked(compile_model(model))
    groups = {name: next(iter(stack["output"])) for name, stack in whole.items() if name.endswith("-groups")}
    far, near = "retail-data-us-east-1", "retail-shop-eu-west-1"
    state = whole[far]["data"]["terraform_remote_state"]
    state["theirs"] = whole[near]["data"]["terraform_remote_state"][
        f"cross-stack-reference-input-{near}-groups"
    ]
    own = next(name for name in whole[far]["locals"] if name.startswith("segkit-from_"))
    body = {
        "security_group_id": f"${{local.{own}}}",
        "referenced_security_group_id": (
            f"${{data.terraform_remote_state.theirs.outputs.{groups[f'{near}-groups']}}}"
        ),
        "ip_protocol": "-1",
    }
    opened = change(whole, far, "aws_vpc_security_group_ingress_rule", **body)
    proof = prove(model, join(opened, model.stacks))
    assert "lives elsewhere" not in proof.text()
    assert not [note for note in proof.notes if "stale" in note]
