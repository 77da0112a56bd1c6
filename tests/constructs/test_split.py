"""One segmentation, several stacks: each has its own part, and the proof is about all of them."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segkit import L, tcp
from segkit.artifacts import join, link
from segkit.constructs import (
    AwsSecurityGroups,
    DataSource,
    Group,
    LabelPolicy,
    Resource,
    Segmentation,
    Target,
    Workload,
)
from segkit.model import load_intent
from segkit.verify import prove
from tests.constructs.conftest import document, new_app

HOSTS = {"web-1": ("web", "shop", "10.1.0.1"), "api-1": ("api", "shop", "10.1.0.2")} | {
    "db-1": ("db", "data", "10.2.0.1")
}


class Estate:
    """A shop and its data in two accounts, whose VPCs are peered; a stack for each, and one for its groups.

    `way`: "identities", or "output" (the shop refers to groups of the data, which writes addresses).
    """

    def __init__(
        self,
        lib: Any,
        app: Any,
        way: str = "identities",
        scope: Any = None,
        before: Callable[[str, Any], object] = lambda *_: None,
        **options: Any,
    ) -> None:
        self.lib, self.app = lib, app
        seg = self.seg = Segmentation(scope or app, "retail", **options)
        roles = {role: Group(seg, role, select=L.role == role) for role in ("web", "api", "db")}
        self.roles = roles
        self.policy = LabelPolicy(seg, "shop", tier="application", owner="shop")
        self.policy.allow(roles["web"], roles["api"], tcp(8080), id="calls")
        self.policy.allow(roles["api"], roles["db"], tcp(5432), id="orders")
        for name, (role, account, address) in HOSTS.items():
            Workload(seg, name, {"role": role, "account": account}, addresses=[address])
        self.stacks: dict[str, Any] = {}
        self.targets: dict[str, AwsSecurityGroups] = {}
        parts = seg.split_by("account")
        for part in parts:
            stack = self.stacks[part.name] = lib.TerraformStack(app, part.name)
            before(part.name, stack)
            groups = lib.TerraformStack(app, f"{part.name}-groups") if way == "identities" else None
            vpc = DataSource(groups or stack, "vpc", "aws_vpc", tags={"Name": part["account"]})
            target = self.targets[part["account"]] = AwsSecurityGroups(
                seg,
                part.name,
                stack=stack,
                identities=groups,
                select=part.select,
                vpc_id=vpc["id"],
                region="eu-west-1",
                peered_with=[p.name for p in parts if p is not part],
                references="address" if way == "output" and part["account"] == "data" else None,
            )
            target.accept_residual("snapshot", owner="me", reason="one way only", expires="2027-01-01")

    def attach(self, stack: Any, host: str) -> None:
        """A machine that carries a workload's groups."""
        target = self.targets[HOSTS[host][1]]
        Resource(stack, host, "aws_instance", vpc_security_group_ids=target.membership(host))


def outputs() -> dict[str, bytes]:
    return {p.parent.name: p.read_bytes() for p in sorted(Path("out/stacks").glob("*/cdk.tf.json"))}


@pytest.mark.parametrize("way", ["identities", "output"])
def test_each_stack_has_its_part_and_all_are_proved(lib: Any, way: str) -> None:
    app = new_app(lib)
    made = Estate(lib, app, way)
    for host in HOSTS:
        made.attach(made.stacks[f"retail-{HOSTS[host][1]}"], host)
    app.synth()
    assert made.seg.proof is not None and made.seg.proof.ok
    assert {m.status for m in made.seg.proof.memberships} == {"seen"}
    assert sorted(p.name for p in Path("out/segkit").iterdir()) == [
        "retail.intent.json",
        "retail.proof.json",
    ]
    needs = {
        name: stack["dependencies"]
        for name, stack in json.loads(Path("out/manifest.json").read_bytes())["stacks"].items()
    }
    assert {name: sorted(found) for name, found in needs.items()} == {
        name: list(found) for name, found in made.seg.compile().divided.dependencies.items()
    }
    first = outputs()
    app.synth()
    assert outputs() == first
    # What is on disk is what was proved, also for who reads it alone.
    model = load_intent("out/segkit/retail.intent.json")
    documents = {name: document(name) for name in first}
    assert prove(model, join(documents, model.stacks)).ok


@pytest.mark.parametrize("way", ["identities", "output"])
@pytest.mark.parametrize("backend", ["local", "s3"])
def test_without_node_the_same_is_written(cdktf: Any, way: str, backend: str) -> None:
    def keep(name: str, stack: Any) -> None:
        if backend == "s3":
            cdktf.S3Backend(stack, bucket="states", key=f"{name}.tfstate", region="eu-west-1")

    app = new_app(cdktf)
    made = Estate(cdktf, app, way, before=keep)
    app.synth()
    own = {}
    for name in outputs():
        # What is no part of the segmentation: the VPC, and where the state is.
        there = document(name)
        own[name] = {"terraform": there["terraform"]}
        if vpc := there.get("data", {}).get("aws_vpc"):
            own[name]["data"] = {"aws_vpc": vpc}
    for name, stack in link(made.seg.compile().divided, own).items():
        there = document(name)
        there.pop("//")
        assert stack == there


def test_a_rule_inside_one_account_changes_that_stack_alone(lib: Any) -> None:
    def synthesise(port: int) -> dict[str, bytes]:
        app = new_app(lib)
        made = Estate(lib, app)
        made.policy.allow(made.roles["web"], made.roles["api"], tcp(port), id="more")
        app.synth()
        return outputs()

    before, after = synthesise(8443), synthesise(8444)
    assert [name for name in before if before[name] != after[name]] == ["retail-shop"]


def test_memberships_serve_the_stack_of_their_target_and_others(lib: Any) -> None:
    app = new_app(lib)
    made = Estate(lib, app)
    made.attach(made.stacks["retail-shop"], "web-1")
    machines = lib.TerraformStack(app, "machines")
    made.attach(machines, "api-1")
    app.synth()
    assert document("retail-shop")["resource"]["aws_instance"]["web-1"]["vpc_security_group_ids"] == (
        "${local.segkit_retail-shop_web-1.groups}"
    )
    taken = document("machines")["resource"]["aws_instance"]["api-1"]["vpc_security_group_ids"]
    assert "data.terraform_remote_state.cross-stack-reference-input-retail-shop.outputs." in taken
    assert made.seg.proof is not None
    assert {m.workload: m.status for m in made.seg.proof.memberships} == {
        "web-1": "seen",
        "api-1": "seen",  # the stack of the machines reads that of the target
        "db-1": "assumed",
    }


def test_the_scope_may_be_one_of_the_stacks(lib: Any) -> None:
    app = new_app(lib)
    home = lib.TerraformStack(app, "home")
    made = Estate(lib, app, scope=home)
    Workload(made.seg, "printer", {"role": "printer", "account": "none"}, addresses=["10.9.0.1"])
    AwsSecurityGroups(made.seg, "here", vpc_id="vpc-1", region="eu-west-1", select=L.account == "none")
    with pytest.raises(RuntimeError, match=r"workload 'printer': in no part of split_by\('account'\)"):
        app.synth()


def test_targets_without_a_stack_are_in_that_of_the_segmentation(lib: Any) -> None:
    app = new_app(lib)
    home, away = (lib.TerraformStack(app, name) for name in ("home", "away"))
    seg = Segmentation(home, "retail")
    web, db = (Group(seg, role, select=L.role == role) for role in ("web", "db"))
    LabelPolicy(seg, "shop", tier="application").allow(web, db, tcp(5432))
    for role, stack in (("web", None), ("db", away)):
        Workload(seg, f"{role}-1", {"role": role}, addresses=[f"10.0.0.{len(role)}"])
        place = AwsSecurityGroups(
            seg, role, stack=stack, vpc_id=f"vpc-{role}", region="eu-west-1", select=L.role == role
        )
        place.accept_residual("snapshot", owner="me", reason="not peered", expires="2027-01-01")
    app.synth()
    assert set(document("home")["resource"]["aws_security_group"]) == {"web_web"}
    assert set(document("away")["resource"]["aws_security_group"]) == {"db_db"}
    assert [t.stack for t in seg.model().targets] == ["away", "home"]


def test_one_stack_for_all_is_as_if_none_were_named(cdktf: Any) -> None:
    def synthesise(name_it: bool) -> tuple[bytes, bytes]:
        app = new_app(cdktf)
        stack = cdktf.TerraformStack(app, "retail")
        seg = Segmentation(stack, "seg")
        Workload(seg, "web-1", {"role": "web"}, addresses=["10.0.0.1"])
        AwsSecurityGroups(seg, "aws", vpc_id="vpc-1", region="eu-west-1", stack=stack if name_it else None)
        app.synth()
        return Path("out/stacks/retail/cdk.tf.json").read_bytes(), Path(
            "out/segkit/seg.intent.json"
        ).read_bytes().replace(b"\n", b"")

    (one, intent), (other, other_intent) = synthesise(True), synthesise(False)
    assert one == other
    digest = slice(0, intent.index(b'"where"'))
    assert intent[digest] == other_intent[digest]


def hole(stack: Any, group: str) -> None:
    """An opening that somebody adds beside ours."""
    for direction in ("ingress", "egress"):
        Resource(
            stack,
            f"hole-{direction}",
            f"aws_vpc_security_group_{direction}_rule",
            security_group_id=group,
            ip_protocol="-1",
            cidr_ipv4="0.0.0.0/0",
        )


@pytest.mark.parametrize("stack", ["retail-shop", "retail-data"])
def test_a_difference_in_any_stack_fails_the_synth_before_one_is_written(lib: Any, stack: str) -> None:
    app = new_app(lib)
    made = Estate(lib, app)
    group = {"retail-shop": "web", "retail-data": "db"}[stack]
    local = f"segkit-group_{stack}_{group}"
    hole(made.stacks[stack], f"${{local.{local}}}")
    with pytest.raises(RuntimeError, match="different") as caught:
        app.synth()
    assert f"hole-ingress--{stack}" in str(caught.value)
    assert not outputs()


def web(lib: Any, made: Estate) -> Any:
    """The group of the web, for use in any stack."""
    group = "${local.segkit-group_retail-shop_web}"
    return lib.TerraformLocal(made.stacks["retail-shop"], "web", group).as_string


def on_disk() -> dict[str, Any]:
    return {name: document(name) for name in outputs()}


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_a_stack_that_reads_ours_opens_fails_the_synth(lib: Any, by_hand: bool) -> None:
    app = new_app(lib)
    made = Estate(lib, app)
    ops = lib.TerraformStack(app, "ops")
    # A reference that the library carries over, or a remote state that somebody writes.
    path = str(Path("terraform.retail-shop.tfstate").resolve())
    lib.LocalBackend(made.stacks["retail-shop"], path=path)
    if by_hand:
        output = lib.TerraformOutput(made.stacks["retail-shop"], "out", value=web(lib, made))
        output.override_logical_id("web")
        hole(ops, lib.DataTerraformRemoteStateLocal(ops, "ours", path=path).get_string("web"))
    else:
        hole(ops, web(lib, made))
    with pytest.raises(RuntimeError, match="different") as caught:
        app.synth()
    assert "hole-ingress--ops" in str(caught.value)
    assert not outputs()


def test_a_stack_is_read_with_ours_only_where_it_reads_them(lib: Any) -> None:
    app = new_app(lib)
    made = Estate(lib, app)
    group = "sg-0123456789abcdef0"
    hole(lib.TerraformStack(app, "alone"), group)
    readers = lib.TerraformStack(app, "readers")
    lib.TerraformOutput(readers, "groups", value=made.targets["shop"].membership("web-1"))
    app.synth()
    assert made.seg.proof is not None and made.seg.proof.ok
    joined = join(on_disk(), made.seg.model().stacks)
    assert joined.stacks == ("readers", *made.seg.model().stacks)


def test_a_stack_that_reads_ours_is_seen_where_one_stack_is_looked_at_in_a_test(lib: Any) -> None:
    app = new_app(lib)
    made = Estate(lib, app)
    hole(lib.TerraformStack(app, "ops"), web(lib, made))
    with pytest.raises(Exception, match="different"):
        lib.Testing.synth(made.stacks["retail-shop"], True)


@pytest.mark.parametrize("skip", [False, True])
def test_what_an_aspect_of_a_later_stack_opens_fails_the_synth(lib: Any, skip: bool) -> None:
    import jsii

    app = new_app(lib, skip_validation=skip)
    made = Estate(lib, app)

    @jsii.implements(lib.IAspect)
    class Opens:
        def visit(self, node: Any) -> None:
            if node is last:
                hole(last, "${local.segkit-group_retail-shop_web}")

    last = made.stacks["retail-shop"]
    lib.Aspects.of(last).add(Opens())
    with pytest.raises(RuntimeError, match="different"):
        app.synth()
    assert not Path("out/manifest.json").exists()


def test_what_an_aspect_of_a_later_stack_declares_comes_too_late_for_the_first(lib: Any) -> None:
    import jsii

    app = new_app(lib)
    made = Estate(lib, app)

    @jsii.implements(lib.IAspect)
    class Late:
        def visit(self, node: Any) -> None:
            if node is made.stacks["retail-shop"]:
                made.policy.allow(made.roles["api"], made.roles["db"], tcp(5433), id="late")

    lib.Aspects.of(made.stacks["retail-shop"]).add(Late())
    with pytest.raises(RuntimeError, match="stack retail-data was written before everything was declared"):
        app.synth()


def test_nothing_leaves_when_validations_are_switched_off(lib: Any) -> None:
    app = new_app(lib, skip_validation=True)
    made = Estate(lib, app)
    hole(made.stacks["retail-shop"], "${local.segkit-group_retail-shop_web}")
    with pytest.raises(RuntimeError, match="different"):
        app.synth()
    assert not outputs()


def test_an_app_is_no_stack(lib: Any) -> None:
    app = new_app(lib)
    lib.TerraformStack(app, "retail")
    seg = Segmentation(app, "retail")
    Workload(seg, "web-1", {"role": "web"}, addresses=["10.0.0.1"])
    target = AwsSecurityGroups(seg, "aws", vpc_id="vpc-1", region="eu-west-1")
    assert target.membership("web-1") == []
    assert (seg.path, seg.node.path) == ("retail", "")
    with pytest.raises(Exception, match="target aws is in no stack"):
        seg.compile()


def test_a_segmentation_of_an_app_without_outlets_fails_the_synth_all_the_same(lib: Any) -> None:
    app = new_app(lib)
    lib.TerraformStack(app, "retail")
    seg = Segmentation(app, "retail")
    AwsSecurityGroups(seg, "aws", vpc_id="vpc-1", region="eu-west-1")
    with pytest.raises(RuntimeError, match="target aws is in no stack"):
        app.synth()


def test_what_is_no_stack_and_what_is_of_another_app(lib: Any) -> None:
    app, other = new_app(lib), new_app(lib, "other")
    stack, foreign = lib.TerraformStack(app, "here"), lib.TerraformStack(other, "there")
    seg = Segmentation(stack, "retail")
    Workload(seg, "web-1", {"role": "web"}, addresses=["10.0.0.1"])
    Target(seg, "one", platform="aws", stack="here", vpc_id="vpc-1", region="eu-west-1")
    Target(seg, "two", platform="aws", identities=foreign, vpc_id="vpc-1", region="eu-west-1")
    with pytest.raises(RuntimeError) as caught:
        app.synth()
    text = str(caught.value)
    assert "the stack of target 'one' is str, which is no stack of this app" in text
    assert "the identities of 'two' is there, of another app" in text


def test_a_policy_file_may_name_only_stacks_that_the_program_has(lib: Any, tmp_path: Path) -> None:
    file = tmp_path / "retail.yaml"
    file.write_text("targets: {aws: {platform: aws, stack: away, placement: {vpc_id: vpc-1}}}\n")
    app = new_app(lib)
    Segmentation(lib.TerraformStack(app, "here"), "retail", policies=file)
    with pytest.raises(RuntimeError, match="target aws is in stack 'away', which is not there"):
        app.synth()


def test_stacks_that_wait_for_each_other_are_refused_before_the_library_does(lib: Any) -> None:
    app = new_app(lib)
    made = Estate(lib, app, "neither")
    with pytest.raises(RuntimeError, match="read each other's groups") as caught:
        app.synth()
    assert 'references="address"' in str(caught.value)
    assert made.seg.proof is None


def test_a_reference_that_means_another_thing_in_each_stack_needs_one_owner(lib: Any) -> None:
    app = new_app(lib)
    one, two = (lib.TerraformStack(app, name) for name in ("one", "two"))
    seg = Segmentation(app, "retail")
    for stack in (one, two):
        vpc = DataSource(stack, "vpc", "aws_vpc", tags={"Name": stack.node.id})
        AwsSecurityGroups(seg, stack.node.id, stack=stack, vpc_id=vpc["id"], region="eu-west-1")
        Workload(seg, f"in-{stack.node.id}", {"role": "web"}, network=vpc["id"])
    with pytest.raises(
        RuntimeError, match="workload 'in-one' has an interface that targets of several stacks"
    ):
        app.synth()


def test_interfaces_are_attached_by_the_stack_of_their_target(lib: Any) -> None:
    app = new_app(lib)
    made = Estate(lib, app)
    stack = made.stacks["retail-shop"]
    interface = DataSource(stack, "eni", "aws_network_interface", tags={"Name": "web"})
    Workload(
        made.seg,
        "eni",
        {"role": "web", "account": "shop"},
        addresses=["10.1.0.9"],
        interface_id=interface["id"],
    )
    app.synth()
    (attached,) = document("retail-shop")["resource"]["aws_network_interface_sg_attachment"].values()
    assert attached["network_interface_id"] == "${data.aws_network_interface.eni.id}"
    assert made.seg.proof is not None
    assert {m.workload: m.status for m in made.seg.proof.memberships}["eni"] == "seen"


def test_what_another_stack_of_the_app_makes_is_part_of_the_proof(lib: Any) -> None:
    app = new_app(lib)
    net = lib.TerraformStack(app, "net")
    vpcs = {name: Resource(net, name, "aws_vpc", cidr_block=cidr) for name, cidr in (
        ("web", "10.1.0.0/16"), ("db", "10.2.0.0/16"),
    )}  # fmt: skip
    Resource(
        net,
        "peering",
        "aws_vpc_peering_connection",
        vpc_id=vpcs["web"]["id"],
        peer_vpc_id=vpcs["db"]["id"],
        auto_accept=True,
    )
    seg = Segmentation(app, "retail")
    groups = {role: Group(seg, role, select=L.role == role) for role in vpcs}
    LabelPolicy(seg, "shop", tier="application").allow(groups["web"], groups["db"], tcp(5432))
    identities = lib.TerraformStack(app, "groups")
    for role, vpc in vpcs.items():
        # The network by another token of the same VPC: what counts is what it stands for.
        Workload(seg, f"{role}-1", {"role": role}, addresses=[f"10.0.0.{len(role)}"], network=vpc["id"])
        AwsSecurityGroups(
            seg,
            role,
            stack=lib.TerraformStack(app, role),
            identities=identities,
            vpc_id=vpc["id"],
            region="eu-west-1",
            select=L.role == role,
            peered_with=[other for other in vpcs if other != role],
        )
    app.synth()
    assert seg.proof is not None and seg.proof.ok
    assert not [note for note in seg.proof.notes if "peered" in note]
    model = load_intent("out/segkit/retail.intent.json")
    documents = {p.parent.name: document(p.parent.name) for p in Path("out/stacks").glob("*/cdk.tf.json")}
    joined = join(documents, model.stacks)
    assert joined.stacks == ("db", "groups", "net", "web")
    assert prove(model, joined).notes == seg.proof.notes


def hcl(library: str) -> None:
    """Runs in a process of its own: Node reads the switch when it starts."""
    app = new_app(importlib.import_module(library))
    Estate(importlib.import_module(library), app)
    app.synth()


def test_hcl_holds_what_crosses_stacks(lib: Any) -> None:
    code = f"from tests.constructs.test_split import hcl; hcl({lib.__name__!r})"
    environment = {**os.environ, "SYNTH_HCL_OUTPUT": "true", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    written = Path("out/stacks/retail-shop/cdk.tf").read_text(encoding="utf-8")
    assert "segkit-from_aws_security_group_retail-data_db_id" in written
    assert 'data "terraform_remote_state" "cross-stack-reference-input-retail-data-groups"' in written
    published = Path("out/stacks/retail-data-groups/cdk.tf").read_text(encoding="utf-8")
    assert 'output "cross-stack-output-aws_security_groupretail-data_dbid"' in published


@pytest.mark.parametrize("stack", ["retail-data", "retail-shop"])
def test_one_stack_can_be_looked_at_in_a_test(lib: Any, stack: str) -> None:
    app = new_app(lib)
    made = Estate(lib, app, "output")
    seen = json.loads(lib.Testing.synth(made.stacks[stack]))
    assert all(name.startswith(stack) for name in seen["resource"]["aws_security_group"])
    assert made.seg.proof is not None and made.seg.proof.ok
