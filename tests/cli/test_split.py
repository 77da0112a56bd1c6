"""`segkit synth` and `segkit verify` where a segmentation is in several stacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segkit.errors import SegkitError
from tests.cli.conftest import Run

ESTATE = """\
segmentation: estate
groups: {web: role == "web", db: role == "db"}
policies:
  shop:
    tier: application
    rules:
      - {id: orders, allow: web -> db, services: tcp/5432}
workloads:
  - {name: web-1, labels: {role: web}, addresses: [10.1.0.1]}
  - {name: db-1, labels: {role: db}, addresses: [10.2.0.1]}
targets:
  shop:
    platform: aws
    select: role == "web"
    stack: estate-shop
    identities: estate-groups
    placement: {vpc_id: vpc-shop, region: eu-west-1, peered_with: [data]}
  data:
    platform: aws
    select: role == "db"
    stack: estate-data
    identities: estate-groups
    placement: {vpc_id: vpc-data, region: eu-west-1, references: output}
"""
STACKS = ["estate-data", "estate-groups", "estate-shop"]


@pytest.fixture
def estate(tmp_path: Path) -> str:
    path = tmp_path / "estate.yaml"
    path.write_text(ESTATE, encoding="utf-8")
    return str(path)


def stack(name: str) -> Path:
    return Path("cdktf.out/stacks") / name / "cdk.tf.json"


def test_all_stacks_are_written_and_verified_together(run: Run, estate: str) -> None:
    result = run("synth", estate)
    assert result.exit_code == 0, result.stderr
    assert [line.split(":")[0] for line in result.stdout.splitlines() if line.startswith("stack")] == [
        f"stack {name}" for name in STACKS
    ]
    manifest = json.loads(Path("cdktf.out/manifest.json").read_bytes())["stacks"]
    assert {name: entry["dependencies"] for name, entry in manifest.items()} == {
        "estate-data": ["estate-groups"],
        "estate-groups": [],
        "estate-shop": ["estate-groups"],
    }
    assert [p.name for p in Path("cdktf.out/segkit").glob("*.intent.json")] == ["estate.intent.json"]
    before = {name: stack(name).read_bytes() for name in STACKS}
    assert run("synth", "cdktf.out/segkit/estate.intent.json").exit_code == 0
    assert {name: stack(name).read_bytes() for name in STACKS} == before
    verified = run("verify")
    assert verified.exit_code == 0 and "EQUAL  estate against 3 stacks" in verified.stdout
    answer = json.loads(run("synth", estate, "--format", "json").stdout)
    assert answer["stacks"] == {"estate-data": 1, "estate-groups": 2, "estate-shop": 1}


def test_a_stack_of_the_folder_that_reads_ours_is_verified_with_them(run: Run, estate: str) -> None:
    assert run("synth", estate).exit_code == 0
    Path("cdktf.out/manifest.json").unlink()  # it lists ours alone
    groups = json.loads(stack("estate-groups").read_bytes())
    keeps = groups["terraform"]["backend"]["local"]
    group = f"${{data.terraform_remote_state.ours.outputs.{min(groups['output'])}}}"
    reads = {"data": {"terraform_remote_state": {"ours": {"backend": "local", "config": keeps}}}}
    hole = {"security_group_id": group, "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"}
    opens = {f"aws_vpc_security_group_{way}_rule": {"hole": hole} for way in ("ingress", "egress")}
    for name, document in (("ops", reads), ("alone", {"resource": opens})):
        stack(name).parent.mkdir()
        stack(name).write_text(json.dumps(document), encoding="utf-8")
    verified = run("verify")
    assert verified.exit_code == 0 and "EQUAL  estate against 4 stacks" in verified.stdout
    stack("ops").write_text(json.dumps({**reads, "resource": opens}), encoding="utf-8")
    verified = run("verify")
    assert verified.exit_code == 1 and "hole--ops" in verified.stdout


def test_files_for_every_stack_and_for_one(run: Run, estate: str) -> None:
    Path("all.tf.json").write_text('{"provider": {"aws": [{"region": "eu-west-1"}]}}')
    Path("net.tf.json").write_text('{"resource": {"aws_vpc": {"main": {}}}}')
    files = ("--provider-file", "all.tf.json", "--provider-file", "estate-groups=net.tf.json")
    assert run("synth", estate, *files).exit_code == 0
    written = {name: json.loads(stack(name).read_bytes()) for name in STACKS}
    assert [name for name in STACKS if "aws_vpc" in written[name]["resource"]] == ["estate-groups"]
    assert all(document["provider"]["aws"] for document in written.values())


def test_what_is_changed_in_one_stack_is_found(run: Run, estate: str) -> None:
    run("synth", estate)
    for name, way in (("estate-shop", "egress"), ("estate-data", "ingress")):
        document = json.loads(stack(name).read_bytes())
        (rule,) = document["resource"][f"aws_vpc_security_group_{way}_rule"].values()
        rule["to_port"] = 5433
        stack(name).write_text(json.dumps(document))
        result = run("verify")
        assert result.exit_code == (1 if name == "estate-data" else 0)
    assert "tcp/5433" in result.stdout and "--estate-data" in result.stdout


def test_a_stack_that_is_missing_is_named(run: Run, estate: str) -> None:
    run("synth", estate)
    manifest = json.loads(Path("cdktf.out/manifest.json").read_bytes())
    del manifest["stacks"]["estate-shop"]
    Path("cdktf.out/manifest.json").write_text(json.dumps(manifest))
    result = run("verify")
    assert result.exit_code not in (0, 1)
    assert "there is no stack 'estate-shop'" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        (("verify", "--stack", "estate-shop"), "leave out --stack"),
        (("verify", str(stack("estate-shop"))), "name the folder"),
        (("synth", "estate.yaml", "--stack", "one"), "leave out --stack"),
    ],
)
def test_one_stack_of_several_cannot_be_chosen(
    run: Run, estate: str, arguments: tuple[str, ...], fix: str
) -> None:
    run("synth", estate)
    result = run(*arguments)
    assert result.exit_code not in (0, 1)
    assert fix in result.stderr
    assert SegkitError.__name__ not in result.stderr
