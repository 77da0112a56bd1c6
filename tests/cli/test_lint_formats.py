"""`segkit lint` from the command line: findings about what rules do, in every form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segkit.cli.main import app

POLICY = """
from segkit import L, tcp
from segkit.model import Segmentation

seg = Segmentation("shop")
web, db = seg.group("web", L.role == "web"), seg.group("db", L.role == "db")
policy = seg.policy("shop", tier="application", owner="team")
policy.allow(web, db, tcp(5432), id="orders", purpose="orders", ticket="T-1")
policy.allow(L.role.exists(), db, tcp("5400-5500"), id="all", purpose="all", ticket="T-2")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "policy.py").write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGKIT_TODAY", "2026-06-01")
    return tmp_path


def test_text_tells_why_an_example_and_where_to_look(folder: Path) -> None:
    done = CliRunner().invoke(app, ["lint", "policy.py"])
    assert done.exit_code == 0, done.output
    for line in (
        "warning redundant  policy.py:8",
        "why: rule shop/all says the same of every flow of it",
        "see: rule shop/all  policy.py:9",
    ):
        assert line in done.stdout


def test_json_has_proof_and_witness(folder: Path) -> None:
    done = CliRunner().invoke(app, ["lint", "policy.py", "--format", "json", "--fail-on", "warning"])
    assert done.exit_code == 1
    (found,) = [f for f in json.loads(done.stdout)["findings"] if f["code"] == "redundant"]
    assert found["proof"] == [{"subject": "rule shop/all", "where": "policy.py:9"}]
    assert found["witness"] is None or set(found["witness"]) == {"source", "destination", "services"}


def test_sarif(folder: Path) -> None:
    done = CliRunner().invoke(app, ["lint", "policy.py", "--format", "sarif"])
    assert done.exit_code == 0
    (run,) = json.loads(done.stdout)["runs"]
    (result,) = [r for r in run["results"] if r["ruleId"] == "redundant"]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "policy.py"}, "region": {"startLine": 8}}


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_to_a_machine_problems_are_json(folder: Path, form: str) -> None:
    done = CliRunner().invoke(app, ["lint", "nothing.yaml", "--format", form])
    assert done.exit_code == 2
    assert json.loads(done.stderr)["report"] == "error"


def test_in_a_policy_file_findings_point_at_the_value_to_the_column(folder: Path) -> None:
    text = """
segmentation: shop
groups:
  web: role == "web"
  db: role == "db"
policies:
  shop:
    tier: application
    owner: team
    rules:
      - {id: orders, allow: web -> db, services: any, purpose: orders, ticket: T-1}
      - {id: again, allow: web -> db, services: tcp/5432, purpose: orders, ticket: T-1}
      - {id: soon, allow: db -> web, services: tcp/80, purpose: p, ticket: T-1, expires: 2026-06-20}
"""
    (folder / "shop.yaml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["lint", "shop.yaml", "--format", "json", "--all"])
    found = {f["code"]: f for f in json.loads(done.stdout)["findings"] if "rule" in f["subject"]}
    lines = text.splitlines()

    def place(line: int, value: str) -> str:
        return f"shop.yaml:{line}:{lines[line - 1].index(value) + 1}"

    assert found["any-service"]["where"] == place(11, "any,")
    assert found["expires-soon"]["where"] == place(13, "2026-06-20")
    assert found["redundant"]["where"] == place(12, "{id: again")
    assert found["redundant"]["proof"] == [{"subject": "rule shop/orders", "where": place(11, "{id: orders")}]
    sarif = json.loads(CliRunner().invoke(app, ["lint", "shop.yaml", "--format", "sarif"]).stdout)
    regions = [
        r["locations"][0]["physicalLocation"]["region"]
        for r in sarif["runs"][0]["results"]
        if r["ruleId"] == "any-service"
    ]
    assert regions == [{"startLine": 11, "startColumn": lines[10].index("any,") + 1}]
