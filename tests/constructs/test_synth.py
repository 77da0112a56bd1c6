"""What a synth does: compile once, report everything, prove, write."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segkit import L, SegkitError, tcp
from segkit.artifacts import write_cdktf_out
from segkit.compiler import Compilation, compile_model
from segkit.constructs import (
    AddressSet,
    AwsSecurityGroups,
    Group,
    LabelPolicy,
    Segmentation,
    Service,
    Target,
    Workload,
    Zone,
    stage,
)
from segkit.model import Model, load_intent
from tests.constructs.conftest import Shop, document, new_app


def test_a_synth_writes_resources_intent_and_proof(lib: Any) -> None:
    app = new_app(lib, "out")
    shop = Shop(lib, app)
    shop.attach_all()
    app.synth()
    written = document("retail")
    assert len(written["resource"]["aws_security_group"]) == 2
    assert all(
        g["vpc_id"] == "${aws_vpc.main.id}" for g in written["resource"]["aws_security_group"].values()
    )
    proof = json.loads(Path("out/segkit/segmentation.proof.json").read_bytes())
    assert proof["status"] == "equal"
    assert {(m["workload"], m["status"]) for m in proof["memberships"]} == {
        ("web-1", "seen"),
        ("dbs", "seen"),
    }
    model = load_intent(Path("out/segkit/segmentation.intent.json"))
    assert model == shop.seg.model()
    assert shop.seg.proof is not None
    assert shop.seg.proof.ok


def test_groups_that_nothing_takes_are_a_warning(cdktf: Any) -> None:
    app = new_app(cdktf)
    Shop(cdktf, app)
    app.synth()
    annotations = json.loads(Path("out/manifest.json").read_bytes())["stacks"]["retail"]["annotations"]
    said = [a["message"] for a in annotations if "nothing takes the groups of" in a["message"]]
    assert len(said) == 1
    assert "dbs" in said[0]
    assert "pass membership(workload) to the machine" in said[0]


def test_what_another_app_left_in_the_folder_is_gone(cdktf: Any) -> None:
    Path("out/segkit").mkdir(parents=True)
    for kind in ("intent", "proof"):
        Path(f"out/segkit/older.{kind}.json").write_text("{}")
    app = new_app(cdktf)
    Shop(cdktf, app).attach_all()
    app.synth()
    assert sorted(p.name for p in Path("out/segkit").iterdir()) == [
        "segmentation.intent.json",
        "segmentation.proof.json",
    ]


def test_intent_files_hold_no_token_and_do_not_hang_on_their_numbers(lib: Any) -> None:
    intents = []
    for number, tokens_before in enumerate((0, 7)):
        app = new_app(lib, f"out{number}")
        for _ in range(tokens_before):
            lib.Token.as_string({"any": "thing"})
        Shop(lib, app).attach_all()
        app.synth()
        intents.append(Path(f"out{number}/segkit/segmentation.intent.json").read_bytes())
    assert b"TfToken" not in intents[0]
    assert b"${aws_vpc.main.id}" in intents[0]
    assert json.loads(intents[0])["digest"] == json.loads(intents[1])["digest"]


def test_both_libraries_and_the_folder_writer_give_the_same_resources(node: str) -> None:
    written = {}
    for name in ("cdktf", "cdktn"):
        library = pytest.importorskip(name)
        app = new_app(library, name)
        shop = Shop(library, app)
        app.synth()
        written[name] = document("retail", name)
    write_cdktf_out("pure", {"retail": shop.seg.compile().fragment})
    written["pure"] = document("retail", "pure")
    for block in ("resource", "locals"):
        ours = [_ours(one.get(block, {})) for one in written.values()]
        assert ours[0]
        assert ours[0] == ours[1] == ours[2]


def _ours(block: dict[str, Any]) -> dict[str, Any]:
    return {kind: body for kind, body in block.items() if kind not in ("aws_vpc", "aws_instance")}


def test_the_model_is_compiled_once_a_synth_and_again_when_it_grew(
    lib: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[Model] = []

    def compile_and_count(model: Model, since: Model | None = None) -> Compilation:
        compiled.append(model)
        return compile_model(model, since)

    monkeypatch.setattr(stage, "compile_model", compile_and_count)
    app = new_app(lib, "out")
    shop = Shop(lib, app)
    app.synth()
    app.synth()
    assert len(compiled) == 1
    shop.policy.allow(shop.web, shop.db, tcp(5433), id="late")
    app.synth()
    assert len(compiled) == 2
    assert "5433" in json.dumps(document("retail"))


def test_what_an_aspect_declares_is_compiled_too(cdktf: Any) -> None:
    import jsii

    app = new_app(cdktf, "out")
    shop = Shop(cdktf, app)

    @jsii.implements(cdktf.IAspect)
    class Late:
        def visit(self, node: Any) -> None:
            if node is shop.stack:
                shop.policy.allow(shop.web, shop.db, tcp(5433), id="late")

    cdktf.Aspects.of(shop.stack).add(Late())
    app.synth()
    assert "5433" in json.dumps(document("retail"))


def test_every_mistake_is_reported_together_with_its_place_and_fix(lib: Any, tmp_path: Path) -> None:
    app = new_app(lib, "out")
    shop = Shop(lib, app)
    Zone(shop.seg, "dmz", select=L.zone == "dmz", classification="publik")
    AddressSet(shop.seg, "branch", ["10.0.0.1/8"])
    shop.policy.allow(shop.web, shop.db)
    LabelPolicy(shop.seg, "typo", tier="aplication")
    shop.aws.membership("web-2")
    with pytest.raises(RuntimeError) as caught:
        app.synth()
    text = str(caught.value)
    line = r"retail/segmentation/branch ("
    assert "5 problems" in text
    assert line in text
    assert "test_synth.py:" in text
    for part in (
        "unknown classification of zone 'dmz' 'publik'",
        "did you mean 'public'?",
        "10.0.0.1/8 has host bits set",
        "write 10.0.0.0/8",
        "names no service",
        "unknown tier of policy 'typo': 'aplication'",
        "target aws has no membership for 'web-2'",
        "did you mean 'web-1'?",
    ):
        assert part in text
    assert not (tmp_path / "out/stacks/retail/cdk.tf.json").exists()
    assert not (tmp_path / "out/segkit").exists()


def test_nothing_leaves_when_validations_are_switched_off(lib: Any) -> None:
    app = new_app(lib, "out", skip_validation=True)
    shop = Shop(lib, app)
    Zone(shop.seg, "dmz", select=L.zone == "dmz", classification="publik")
    with pytest.raises(RuntimeError, match="did you mean 'public'"):
        app.synth()


def test_a_difference_fails_the_synth(lib: Any) -> None:
    app = new_app(lib, "out")
    shop = Shop(lib, app)
    shop.attach_all()
    _hole(shop)
    with pytest.raises(RuntimeError) as caught:
        app.synth()
    text = str(caught.value)
    assert "different:" in text
    assert "tcp/22" in text
    assert "aws_vpc_security_group_ingress_rule.hole" in text
    assert "fix:" in text
    assert json.loads(Path("out/segkit/segmentation.proof.json").read_bytes())["status"] == "different"
    assert not Path("out/manifest.json").exists()


@pytest.mark.parametrize("how", ["flag", "argument"])
def test_the_proof_can_be_left_out_and_says_so(cdktf: Any, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "flag":
        monkeypatch.setenv("SEGKIT_SKIP_PROOF", "1")
    app = new_app(cdktf, "out")
    shop = Shop(cdktf, app, verify=how != "argument")
    _hole(shop)
    app.synth()
    annotations = json.loads(Path("out/manifest.json").read_bytes())["stacks"]["retail"]["annotations"]
    assert any(a["message"].startswith("the proof was skipped") for a in annotations)
    assert not Path("out/segkit/segmentation.proof.json").exists()
    assert Path("out/segkit/segmentation.intent.json").exists()


def test_a_failed_synth_can_be_mended_and_repeated(cdktf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = new_app(cdktf, "out")
    shop = Shop(cdktf, app)
    _hole(shop)
    with pytest.raises(RuntimeError):
        app.synth()
    monkeypatch.setenv("SEGKIT_SKIP_PROOF", "1")
    app.synth()
    assert Path("out/manifest.json").exists()


def test_testing_synth_proves_too(lib: Any) -> None:
    shop = Shop(lib, lib.Testing.app())
    assert "aws_security_group" in json.loads(lib.Testing.synth(shop.stack))["resource"]
    bad = Shop(lib, lib.Testing.app())
    bad.policy.allow(bad.web, bad.db)
    with pytest.raises(RuntimeError, match="names no service"):
        lib.Testing.synth(bad.stack)


def test_targets_of_one_name_in_two_segmentations_of_a_stack_clash(cdktf: Any) -> None:
    app = new_app(cdktf, "out")
    shop = Shop(cdktf, app)
    second = Segmentation(shop.stack, "second")
    web = Group(second, "web", select=(L.app == "shop") & (L.role == "web"))
    LabelPolicy(second, "p", tier="application", owner="x").allow(web, web, tcp(1))
    AwsSecurityGroups(second, "aws", vpc_id="vpc-2", region="eu-west-1")
    Workload(second, "web-1", {"app": "shop", "role": "web"}, addresses=["10.5.0.1"])
    with pytest.raises(RuntimeError, match=r"local\.segkit_aws_web-1 is emitted by retail/segmentation too"):
        app.synth()


def test_segmentations_of_one_name_are_refused(cdktf: Any) -> None:
    app = new_app(cdktf, "out")
    Shop(cdktf, app)
    Shop(cdktf, app, "second")
    with pytest.raises(RuntimeError, match="two segmentations of one app are called 'segmentation'"):
        app.synth()


def test_a_construct_at_one_of_our_addresses_is_reported(cdktf: Any) -> None:
    app = new_app(cdktf, "out")
    shop = Shop(cdktf, app)
    kind, _, name = _group(shop, "web").partition(".")
    own = cdktf.TerraformResource(shop.stack, "own", terraform_resource_type=kind)
    own.override_logical_id(name)
    with pytest.raises(RuntimeError, match="is also the address of the construct retail/own"):
        app.synth()


def test_a_scope_outside_any_app_is_refused() -> None:
    with pytest.raises(SegkitError) as caught:
        Segmentation(object(), "retail")
    assert str(caught.value) == (
        "the scope of a Segmentation is object, which is in no cdktf or cdktn app\n"
        "  fix: pass a TerraformStack, or a construct inside one"
    )


def test_an_unknown_platform_is_reported_at_synth(cdktf: Any) -> None:
    app = new_app(cdktf, "out")
    shop = Shop(cdktf, app)
    target = Target(shop.seg, "sw", platform="switches")
    assert target.membership(shop.web_1)
    with pytest.raises(RuntimeError, match="no platform 'switches'"):
        app.synth()


def test_constructs_go_anywhere_below_a_stack(cdktf: Any) -> None:
    from constructs import Construct

    app = new_app(cdktf, "out")
    stack = cdktf.TerraformStack(app, "retail")
    seg = Segmentation(Construct(stack, "network"), "inner")
    AddressSet(seg, "bad", ["x"])
    assert seg.path == "retail/network/inner"
    with pytest.raises(RuntimeError, match="retail/network/inner/bad"):
        app.synth()


def test_named_services_and_zone_networks_are_ends(cdktf: Any) -> None:
    app = new_app(cdktf, "out")
    shop = Shop(cdktf, app)
    postgres = Service(shop.seg, "pg", tcp(5432), "tcp/5433")
    shop.policy.allow(shop.cde.network, [shop.web, shop.edge], postgres, id="back")
    shop.aws.accept_residual("snapshot", owner="netsec", reason="few machines", expires="2027-01-31")
    rule = next(r for r in shop.seg.model().rules if r.id == "shop/back")
    assert str(rule.services) == "tcp/5432-5433"
    assert [end.text for end in rule.source] == ["network of cde"]


def test_declaring_rules_calls_node_not_once(cdktf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from jsii._kernel.providers import process

    shop = Shop(cdktf, new_app(cdktf, "out"))
    calls: list[Any] = []
    real = process._NodeProcess.send

    def send(self: Any, *rest: Any) -> Any:
        calls.append(rest)
        return real(self, *rest)

    monkeypatch.setattr(process._NodeProcess, "send", send)
    for number in range(100):
        group = Group(shop.seg, f"g{number}", select=L.app == f"a{number}")
        shop.policy.allow(shop.web, group, tcp(443), purpose="any")
    assert calls == []
    shop.aws.membership(shop.dbs)
    assert calls, "the counter counts"


def test_importing_the_constructs_loads_neither_library() -> None:
    code = "import sys, segkit.constructs; print({'jsii', 'cdktf', 'cdktn', 'constructs'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def _hole(shop: Shop) -> None:
    """Open SSH to the web tier beside segkit."""
    hole = {
        "security_group_id": f"${{{_group(shop, 'web')}.id}}",
        "ip_protocol": "tcp",
        "from_port": 22,
        "to_port": 22,
        "cidr_ipv4": "0.0.0.0/0",
    }
    shop.stack.add_override("resource.aws_vpc_security_group_ingress_rule.hole", hole)


def _group(shop: Shop, group: str) -> str:
    """The address of the security group of a group, as the compiler names it."""
    groups = shop.seg.compile().fragment["resource"]["aws_security_group"]
    (name,) = (name for name in groups if group in name)
    return f"aws_security_group.{name}"


def test_the_first_of_two_applies_holds_what_is_deployed_too(cdktf: Any) -> None:
    def deployed(name: str, encoding: str, **options: Any) -> dict[str, Any]:
        app = new_app(cdktf, name)
        stack = cdktf.TerraformStack(app, "shop")
        seg = Segmentation(stack, "shop", **options)
        web = Group(seg, "web", select=L.role == "web")
        LabelPolicy(seg, "shop", tier="application", owner="o").allow(web, web, tcp(443), id="peers")
        target = AwsSecurityGroups(seg, "aws", vpc_id="vpc-1", region="eu-west-1", encoding=encoding)
        for place, machine in enumerate(("web-1", "web-2")):
            made = Workload(seg, machine, {"role": "web"}, addresses=[f"10.0.0.{place}"])
            resource = cdktf.TerraformResource(stack, machine, terraform_resource_type="aws_instance")
            resource.add_override("vpc_security_group_ids", target.membership(made))
        app.synth()
        return document("shop", name)

    shapes = [deployed("one", "groups"), deployed("two", "cells")]
    between = deployed("both", "cells", since="one/segkit/shop.intent.json")
    names = [set(shape["resource"]["aws_security_group"]) for shape in (*shapes, between)]
    assert names[2] == names[0] | names[1]
    assert (
        Path("both/segkit/shop.since.json").read_bytes() == Path("one/segkit/shop.intent.json").read_bytes()
    )
    assert (
        Path("both/segkit/shop.intent.json").read_bytes() == Path("two/segkit/shop.intent.json").read_bytes()
    )
    assert json.loads(Path("both/segkit/shop.proof.json").read_bytes())["status"] == "between"
    deployed("both", "cells")
    assert not Path("both/segkit/shop.since.json").exists()


def test_an_intent_file_that_is_not_there_is_told(cdktf: Any) -> None:
    app = new_app(cdktf)
    Shop(cdktf, app, since="gone.intent.json")
    with pytest.raises(RuntimeError, match=r"gone\.intent\.json"):
        app.synth()


def test_what_is_deployed_is_no_file_that_the_synth_writes(cdktf: Any) -> None:
    app = new_app(cdktf)
    Shop(cdktf, app, since="out/segkit/segmentation.intent.json")
    with pytest.raises(RuntimeError, match="keep a copy of it when you deploy"):
        app.synth()
