"""From a model to a proved folder and back: `segkit synth` and `segkit verify`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segkit.model import load_intent
from tests.cli.conftest import Run

DOCUMENT = Path("cdktf.out/stacks/retail/cdk.tf.json")


def document(path: Path = DOCUMENT) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def provider_file(name: str = "extra.tf.json", **blocks: Any) -> str:
    Path(name).write_text(json.dumps(blocks), encoding="utf-8")
    return name


def test_synth_writes_a_proved_folder(run: Run, policy: str) -> None:
    result = run("synth", policy)
    assert result.exit_code == 0, result.stderr
    assert "EQUAL" in result.stdout
    written = sorted(p.as_posix() for p in Path("cdktf.out").rglob("*") if p.is_file())
    assert written == [
        "cdktf.out/manifest.json",
        "cdktf.out/segkit/retail.intent.json",
        "cdktf.out/segkit/retail.proof.json",
        "cdktf.out/stacks/retail/cdk.tf.json",
    ]
    assert document()["terraform"]["required_providers"]["aws"]["source"] == "hashicorp/aws"
    assert document()["terraform"]["required_providers"]["aws"]["version"]
    assert load_intent("cdktf.out/segkit/retail.intent.json").name == "retail"
    assert "nothing logs zone app" in result.stderr


def test_synth_twice_gives_the_same_bytes_and_the_intent_file_gives_them_too(run: Run, policy: str) -> None:
    run("synth", policy)
    before = DOCUMENT.read_bytes()
    run("synth", policy)
    assert DOCUMENT.read_bytes() == before
    assert run("synth", "cdktf.out/segkit/retail.intent.json", "--stack", "retail").exit_code == 0
    assert DOCUMENT.read_bytes() == before


def test_stack_and_folder_can_be_named(run: Run, policy: str) -> None:
    assert run("synth", policy, "--out", "out/here", "--stack", "prod").exit_code == 0
    assert Path("out/here/stacks/prod/cdk.tf.json").is_file()
    assert list(json.loads(Path("out/here/manifest.json").read_text(encoding="utf-8"))["stacks"]) == ["prod"]


def test_intents_of_former_names_do_not_stay_behind(run: Run, policy: str) -> None:
    run("synth", policy)
    text = Path(policy).read_text(encoding="utf-8").replace('"retail"', '"wholesale"')
    Path(policy).write_text(text, encoding="utf-8")
    run("synth", policy)
    assert [p.name for p in Path("cdktf.out/segkit").glob("*.intent.json")] == ["wholesale.intent.json"]
    assert run("show", "zones").exit_code == 0


def test_people_bring_their_own_blocks(run: Run, policy: str) -> None:
    extra = provider_file(
        provider={"aws": [{"region": "eu-west-1"}]},
        terraform={
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": "6.1.0"}},
            "backend": {"s3": {"bucket": "state", "key": "retail"}},
        },
        resource={"aws_instance": {"web": {"vpc_security_group_ids": "${local.segkit_aws_web-1.groups}"}}},
    )
    result = run("synth", policy, "--provider-file", extra, "--format", "json")
    assert result.exit_code == 0, result.stderr
    written = document()
    assert written["provider"] == {"aws": [{"region": "eu-west-1"}]}
    assert written["terraform"]["required_providers"]["aws"]["version"] == "6.1.0"
    assert list(written["terraform"]["backend"]) == ["s3"]
    seen = {m["workload"]: m["status"] for m in json.loads(result.stdout)["proof"]["memberships"]}
    assert seen == {"api-1": "assumed", "db-1": "assumed", "web-1": "seen"}


def test_a_stack_that_opens_more_is_not_written(run: Run, policy: str) -> None:
    groups = "${concat(local.segkit_aws_web-1.groups, [aws_security_group.wide.id])}"
    extra = provider_file(
        resource={
            "aws_instance": {"web": {"vpc_security_group_ids": groups}},
            "aws_security_group": {"wide": {"name": "wide", "vpc_id": "vpc-0a1b2c3d"}},
            "aws_vpc_security_group_ingress_rule": {
                "wide": {
                    "security_group_id": "${aws_security_group.wide.id}",
                    "ip_protocol": "tcp",
                    "from_port": 22,
                    "to_port": 22,
                    "cidr_ipv4": "0.0.0.0/0",
                }
            },
        }
    )
    result = run("synth", policy, "--provider-file", extra)
    assert result.exit_code == 1
    assert result.stdout.startswith("stack retail")
    assert "nothing was written" in result.stdout
    assert not Path("cdktf.out").exists()


ELSEWHERE = """
from segkit import L
from segkit.model import Segmentation

seg = Segmentation("retail")
seg.workload("w", {"app": "web"}, ["10.0.1.4"])
theirs = {"name": "theirs", "resource_group": "net"}
place = {"vnet_id": "vnet", "resource_group": "rg", "location": "westeurope"}
place["subnets"] = {"a": {"id": "snet", "prefixes": ["10.0.1.0/24"], "security_group": theirs}}
seg.target("hub", "azure", placement=place)
"""


def test_rules_that_nobody_knows_are_told_with_a_way_out(run: Run) -> None:
    """A security group that somebody else makes, whose rules are neither in the stack nor recorded."""
    Path("beside.py").write_text(ELSEWHERE, encoding="utf-8")
    result = run("synth", "beside.py")
    said = " ".join((result.stdout + result.stderr).split())
    assert result.exit_code == 1 and not DOCUMENT.exists()
    assert "UNPROVED" in said and "fix: put what is not known into the stack" in said, said


def test_addresses_that_two_files_define_are_refused(run: Run, policy: str) -> None:
    one = provider_file("one.tf.json", output={"x": {"value": 1}})
    two = provider_file("two.tf.json", output={"x": {"value": 2}})
    result = run("synth", policy, "--provider-file", one, "--provider-file", two)
    assert result.exit_code == 2
    assert "output.x is defined twice" in result.stderr
    assert "one.tf.json" in result.stderr


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (None, "cannot be read"),
    ],
)
def test_files_that_cannot_be_read(run: Run, policy: str, content: bytes | None, what: str) -> None:
    if content is not None:
        Path("bad.tf.json").write_bytes(content)
    result = run("synth", policy, "--provider-file", "bad.tf.json")
    assert result.exit_code == 2
    assert what in result.stderr
    assert "bad.tf.json" in result.stderr


def test_hcl_is_told_from_broken_json(run: Run, policy: str) -> None:
    Path("main.tf").write_text("locals {}", encoding="utf-8")
    result = run("synth", policy, "--provider-file", "main.tf")
    assert result.exit_code == 2
    assert (
        "main.tf: this is HCL; segkit reads Terraform as JSON\n  fix: name a .tf.json file" in result.stderr
    )


def test_a_place_that_cannot_be_written(run: Run, policy: str) -> None:
    Path("cdktf.out").write_text("a file", encoding="utf-8")
    result = run("synth", policy)
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_problems_of_compiling_leave_with_two(run: Run, policy: str) -> None:
    text = Path(policy).read_text(encoding="utf-8").replace('"vpc_id"', '"vcp_id"')
    Path(policy).write_text(text, encoding="utf-8")
    result = run("synth", policy)
    assert result.exit_code == 2
    assert "did you mean 'vpc_id'?" in result.stderr


def test_verify_says_equal_and_lists_memberships(run: Run, policy: str) -> None:
    run("synth", policy)
    for target in ([], ["cdktf.out"], [str(DOCUMENT)]):
        result = run("verify", *target)
        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith("EQUAL  retail against ")
        assert "Memberships: 3 assumed" in result.stdout
        assert "local.segkit_aws_web-1" in result.stdout
        assert result.stderr == ""


def test_verify_tells_what_a_change_opens(run: Run, policy: str) -> None:
    run("synth", policy)
    changed = document()
    rules = changed["resource"]["aws_vpc_security_group_ingress_rule"]
    name = next(n for n, r in sorted(rules.items()) if r.get("from_port") == 443)
    rules[name]["to_port"] = 444
    DOCUMENT.write_text(json.dumps(changed), encoding="utf-8")
    result = run("verify", "--format", "json")
    assert result.exit_code == 1
    body = json.loads(result.stdout)
    assert (body["report"], body["version"], body["ok"]) == ("verify", 1, False)
    (proof,) = body["proofs"]
    assert proof["status"] == "different"
    assert {(d["kind"], d["services"]) for d in proof["differences"]} == {("opens", "tcp/444")}
    text = run("verify")
    assert text.exit_code == 1
    assert text.stdout.startswith("DIFFERENT  retail")
    assert "web-1  tcp/444" in text.stdout
    assert f"aws_vpc_security_group_ingress_rule.{name}" in text.stdout


def test_verify_tells_what_a_change_closes(run: Run, policy: str) -> None:
    run("synth", policy)
    changed = document()
    rules = changed["resource"]["aws_vpc_security_group_ingress_rule"]
    del rules[next(n for n, r in sorted(rules.items()) if r.get("from_port") == 5432)]
    DOCUMENT.write_text(json.dumps(changed), encoding="utf-8")
    result = run("verify")
    assert result.exit_code == 1
    assert "api-1 -> db-1  tcp/5432" in result.stdout
    assert "closes: the Terraform blocks what the intent allows" in result.stdout
    assert "rules: shop/orders" in result.stdout


def test_verify_against_another_intent(run: Run, policy: str) -> None:
    run("synth", policy)
    other = Path(policy).read_text(encoding="utf-8").replace('"postgresql"', '"mysql"')
    Path("other.py").write_text(other, encoding="utf-8")
    result = run("verify", "--intent", "other.py")
    assert result.exit_code == 1
    assert "tcp/3306" in result.stdout


def test_verify_finds_the_stack_of_an_intent(run: Run, policy: str) -> None:
    run("synth", policy)
    manifest = json.loads(Path("cdktf.out/manifest.json").read_text(encoding="utf-8"))
    manifest["stacks"]["dns"] = {"synthesizedStackPath": "stacks/dns/cdk.tf.json"}
    Path("cdktf.out/manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    other = Path("cdktf.out/stacks/dns/cdk.tf.json")
    other.parent.mkdir()
    other.write_text("{}", encoding="utf-8")
    assert run("verify").exit_code == 0
    assert run("verify", "--stack", "retail").exit_code == 0
    assert run("verify", "--stack", "dns").exit_code == 1
    assert "did you mean 'retail'?" in run("verify", "--stack", "retial").stderr
    other.write_bytes(DOCUMENT.read_bytes())
    result = run("verify")
    assert result.exit_code == 2
    assert "--stack" in result.stderr


def test_verify_reads_every_intent_of_a_folder(run: Run, policy: str) -> None:
    run("synth", policy)
    copy = Path("cdktf.out/segkit/copy.intent.json")
    copy.write_bytes(Path("cdktf.out/segkit/retail.intent.json").read_bytes())
    assert len(json.loads(run("verify", "--format", "json").stdout)["proofs"]) == 2


@pytest.mark.parametrize(
    ("path", "what"),
    [("gone", "there is no gone"), ("empty", "no intent file in empty"), ("half", "no stack in half")],
)
def test_nothing_to_verify(run: Run, intent: Path, path: str, what: str) -> None:
    Path("empty").mkdir()
    Path("half/segkit").mkdir(parents=True)
    Path("half/segkit/x.intent.json").write_bytes(intent.read_bytes())
    result = run("verify", path)
    assert result.exit_code == 2
    assert what in result.stderr


def test_the_first_of_two_applies(run: Run, policy: str) -> None:
    run("synth", policy)
    deployed = Path("deployed.intent.json")
    deployed.write_bytes(Path("cdktf.out/segkit/retail.intent.json").read_bytes())
    text = Path(policy).read_text(encoding="utf-8")
    Path(policy).write_text(
        text.replace('"eu-west-1"}', '"eu-west-1", "encoding": "cells"}'), encoding="utf-8"
    )
    result = run("synth", policy, "--since", str(deployed))
    assert result.exit_code == 0, result.stderr
    assert "BETWEEN" in result.stdout
    assert Path("cdktf.out/segkit/retail.since.json").read_bytes() == deployed.read_bytes()
    verified = run("verify")
    assert (verified.exit_code, "BETWEEN" in verified.stdout) == (0, True)
    verified = run("verify", str(DOCUMENT), "--since", str(deployed), "--format", "json")
    assert json.loads(verified.stdout)["proofs"][0]["status"] == "between"

    whole = document()
    for rule in whole["resource"]["aws_vpc_security_group_ingress_rule"].values():
        rule["to_port"] = 65535
    DOCUMENT.write_text(json.dumps(whole), encoding="utf-8")
    verified = run("verify")
    assert (verified.exit_code, "DIFFERENT" in verified.stdout) == (1, True)

    result = run("synth", policy)
    assert "EQUAL" in result.stdout
    assert not Path("cdktf.out/segkit/retail.since.json").exists()
    assert run("verify").exit_code == 0


def test_what_is_deployed_is_no_file_that_the_synth_writes(run: Run, policy: str) -> None:
    run("synth", policy)
    before = Path("cdktf.out/segkit/retail.intent.json").read_bytes()
    result = run("synth", policy, "--since", "cdktf.out/segkit/retail.intent.json")
    assert result.exit_code == 2
    assert "keep a copy of it when you deploy" in result.stderr
    assert Path("cdktf.out/segkit/retail.intent.json").read_bytes() == before


def test_an_empty_name_is_no_folder(run: Run, policy: str) -> None:
    """A pipeline may leave a variable empty."""
    result = run("synth", policy, "--since", "")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no model is named" in result.stderr
