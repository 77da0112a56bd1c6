"""`segkit lint --fix` takes rules out of YAML, keeps every other character, and keeps the meaning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segkit.cli import lint_fix
from segkit.cli.main import app
from segkit.cli.source import load
from segkit.model.policy_edit import rule_lines, without_rules
from segkit.verify import removal

SHOP = """\
# The shop.   Odd spacing stays.
segmentation: shop
groups: {web: role == "web",   db: role == "db"}
policies:
  shop:
    tier: application
    rules:
      # what orders need
      - id: orders        # covered by all
        allow: web -> db
        services: postgresql
        purpose: |
          several
          lines

      # everything
      -   id: all
          allow: {from: role exists, to: db}
          services: [tcp/5400-5500,
                     udp/53]
      # the end
  other:
    tier: application
    rules: # none of its own
      -
        allow: web -> db
        services: tcp/5400
  flow:
    tier: application
    rules: [{id: x, allow: web -> db, services: tcp/5401}]
workloads:
  - {name: w, labels: {role: web}}
  - {name: d, labels: {role: db}}
"""
FIXED = """\
# The shop.   Odd spacing stays.
segmentation: shop
groups: {web: role == "web",   db: role == "db"}
policies:
  shop:
    tier: application
    rules:
      # what orders need

      # everything
      -   id: all
          allow: {from: role exists, to: db}
          services: [tcp/5400-5500,
                     udp/53]
      # the end
  other:
    tier: application
    rules: [] # none of its own
  flow:
    tier: application
    rules: [{id: x, allow: web -> db, services: tcp/5401}]
workloads:
  - {name: w, labels: {role: web}}
  - {name: d, labels: {role: db}}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGKIT_TODAY", "2026-06-01")
    path = tmp_path / "shop.yaml"
    path.write_bytes(SHOP.encode())
    return path


def test_rules_go_and_nothing_else(shop: Path) -> None:
    before = load("shop.yaml").model
    done = CliRunner().invoke(app, ["lint", "shop.yaml", "--fix", "--format", "json"])
    assert done.exit_code == 0, done.output
    assert shop.read_text(encoding="utf-8") == FIXED
    gone = {r.id for r in before.rules} - {r.id for r in load("shop.yaml").model.rules}
    assert len(gone) == 2 and "shop/orders" in gone
    assert "removed rule shop/orders from shop.yaml:9" in done.stderr
    left = [f["subject"] for f in json.loads(done.stdout)["findings"] if f["code"] == "redundant"]
    assert left == ["rule flow/x"]
    assert list(shop.parent.iterdir()) == [shop]


def test_a_second_time_changes_nothing(shop: Path) -> None:
    for _ in range(2):
        assert CliRunner().invoke(app, ["lint", "shop.yaml", "--fix"]).exit_code == 0
    assert shop.read_text(encoding="utf-8") == FIXED


def test_windows_line_ends_stay(shop: Path) -> None:
    shop.write_bytes(SHOP.replace("\n", "\r\n").encode())
    assert CliRunner().invoke(app, ["lint", "shop.yaml", "--fix"]).exit_code == 0
    assert shop.read_bytes() == FIXED.replace("\n", "\r\n").encode()


def test_a_folder_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rule = "policies:\n  {}:\n    rules:\n      - {{id: r, allow: role == web -> role == db, services: {}}}\n"
    for name, services in (("a", "tcp/80"), ("b", "tcp/80-90")):
        (tmp_path / "p" / "apps" / name).mkdir(parents=True)
        (tmp_path / "p" / "apps" / name / "x.yaml").write_text(rule.format(name, services), encoding="utf-8")
    assert CliRunner().invoke(app, ["lint", "p", "--fix"]).exit_code == 0
    assert [r.id for r in load("p").model.rules] == ["b/r"]


@pytest.mark.parametrize("named", ["policy.py", "shop.json"])
def test_other_models_are_refused(shop: Path, named: str) -> None:
    (shop.parent / "policy.py").write_text(
        "from segkit.model import Segmentation\nseg = Segmentation('x')\n", encoding="utf-8"
    )
    (shop.parent / "shop.json").write_text('{"segmentation": "x"}', encoding="utf-8")
    done = CliRunner().invoke(app, ["lint", named, "--fix"])
    assert done.exit_code == 2
    assert f"--fix changes YAML policy files, and {named} is none" in done.stderr


def test_without_a_name_there_is_nothing_to_fix(shop: Path) -> None:
    CliRunner().invoke(app, ["synth", "shop.yaml"])
    done = CliRunner().invoke(app, ["lint", "--fix"])
    assert done.exit_code == 2


def test_nothing_is_written_when_a_row_changes(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "removable", lambda model, _: model.rules)
    done = CliRunner().invoke(app, ["lint", "shop.yaml", "--fix"])
    assert done.exit_code == 2
    assert "change a row of the intent" in done.stderr
    assert shop.read_text(encoding="utf-8") == SHOP


def test_files_are_put_back_when_they_are_another_model(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "without", lambda model, _: model)
    done = CliRunner().invoke(app, ["lint", "shop.yaml", "--fix"])
    assert done.exit_code == 2
    assert "the changed files are another model" in done.stderr
    assert shop.read_text(encoding="utf-8") == SHOP


def test_same_today_is_told_by_the_rows(shop: Path) -> None:
    model = load("shop.yaml").model
    assert removal.same_today(model, {"shop/orders", "flow/x"})
    assert not removal.same_today(model, {r.id for r in model.rules})
    assert removal.without(model, {"flow/x"}) != model


def test_text_that_cannot_be_cut_by_line_is_refused() -> None:
    text = "policies:\n  p:\n    rules:\n      - {id: a}\n"
    assert without_rules(text, {4}) == "policies:\n  p:\n    rules: []\n"
    odd = "policies: {p: {rules: [{id: a}]}}\n"
    assert rule_lines(odd) == {}
    assert lint_fix._PLACE.fullmatch("a.yaml:3:1") is not None
