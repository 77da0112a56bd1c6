"""Policy files wherever a command takes a model, and the published schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segkit.cli.source import load
from segkit.errors import SegkitError
from segkit.model import dump_intent
from segkit.model.json_schema import KINDS, schema_text
from tests.cli.conftest import Run

POLICY = """
segmentation: shop
zones:
  edge: role == "web"
  data: role == "db"
groups:
  web: role == "web"
  db: role == "db"
policies:
  shop:
    tier: application
    owner: team-shop
    rules:
      - {id: orders, allow: web -> db, services: postgresql, purpose: orders, ticket: NET-1}
workloads:
  - {name: web-1, labels: {role: web}, addresses: [10.0.1.5]}
  - {name: db-1, labels: {role: db}, addresses: [10.0.2.5]}
targets:
  aws: {platform: aws, placement: {vpc_id: vpc-0a1b2c3d, region: eu-west-1}}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "shop.yaml").write_text(POLICY, encoding="utf-8")
    return "shop.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """The same, in a folder."""
    (tmp_path / "policies" / "apps" / "shop").mkdir(parents=True)
    (tmp_path / "policies" / "apps" / "shop" / "shop.json").write_text(
        json.dumps({"policies": {"shop": {"owner": "team-shop", "rules": [{
            "id": "orders", "allow": {"from": "web", "to": "db"}, "services": ["postgresql"],
            "purpose": "orders", "ticket": "NET-1"}]}}}),
        encoding="utf-8",
    )  # fmt: skip
    rest = POLICY[: POLICY.index("policies:")] + POLICY[POLICY.index("workloads:") :]
    (tmp_path / "policies" / "all.yml").write_text(rest, encoding="utf-8")
    return "policies"


def test_file_and_folder_give_the_same_bytes(file: str, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGKIT_TODAY", "2026-11-20")
    one, other = (dump_intent(load(name).model).partition(b'"where"')[0] for name in (file, folder))
    assert one == other


@pytest.mark.parametrize("name", ["shop.yaml", "policies", "policies/"])
def test_every_command_takes_them(run: Run, file: str, folder: str, name: str) -> None:
    assert run("synth", name).exit_code == 0
    verified = run("verify", "--intent", name)
    assert verified.exit_code == 0 and "EQUAL" in verified.stdout
    assert run("check", "web", "db", "postgresql", "--intent", name).exit_code == 0
    shown = run("show", "rules", name, "--format", "json")
    (rule,) = json.loads(shown.stdout)["rules"]
    assert rule["where"] in ("shop.yaml:14", "policies/apps/shop/shop.json:1")
    assert run("show", "zones", name).exit_code == 0
    assert run("show", "matrix", name).exit_code == 0
    assert run("lint", name).exit_code == 0


def test_json_is_told_apart_by_what_it_holds(run: Run, file: str, folder: str) -> None:
    run("synth", file)
    Path("kept.json").write_bytes(Path("cdktf.out/segkit/shop.intent.json").read_bytes())
    assert load("kept.json").model.name == "shop"
    Path("empty.json").write_text("{}", encoding="utf-8")
    assert load("empty.json").model.name == "empty"


def test_an_output_folder_stays_one(run: Run, file: str) -> None:
    run("synth", file)
    assert load("cdktf.out").origin.endswith("shop.intent.json")
    assert load(".").model.name == "shop"  # what a synth has written there is left out
    Path("shop.yaml").unlink()
    with pytest.raises(SegkitError, match="no intent file"):
        load(".")


def test_the_name_of_the_file_serves_where_none_is_given(file: str) -> None:
    text = POLICY.replace("segmentation: shop\n", "")
    Path("retail.yaml").write_text(text, encoding="utf-8")
    assert load("retail.yaml").model.name == "retail"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("gone.yaml", "there is no policy file or folder gone.yaml"),
        ("gone/", "there is no folder gone/"),
        ("bad.json", "not valid JSON"),
        ("gone.json", "there is no file gone.json"),
    ],
)
def test_what_is_not_there_is_said(run: Run, name: str, what: str) -> None:
    Path("bad.json").write_text("{", encoding="utf-8")
    done = run("show", "zones", name)
    assert done.exit_code == 2 and what in done.stderr


def test_every_problem_with_its_place(run: Run) -> None:
    Path("p.yaml").write_text(POLICY.replace("web -> db", "wep -> db").replace('role == "db"', "role = db"))
    done = run("synth", "p.yaml", "--format", "json")
    problems = json.loads(done.stderr)["problems"]
    assert sorted((p["where"], p["fix"]) for p in problems) == [
        ("p.yaml:14:29", "did you mean 'web'?"),
        ("p.yaml:5:9", "write == to compare"),
        ("p.yaml:8:7", "write == to compare"),
    ]
    assert done.stdout == "" and not Path("cdktf.out").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_are_printed(run: Run, kind: str) -> None:
    assert run("schema", kind).stdout == schema_text(kind)


def test_the_schema_of_policies_is_the_usual_one(run: Run) -> None:
    assert run("schema").stdout == schema_text("policy")
    assert run("schema", "polcy").exit_code == 2
