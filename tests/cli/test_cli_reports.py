"""`show`, `check` and `lint`: what people read and what machines get."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run


def body(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def test_show_zones(run: Run, intent: Path) -> None:
    result = run("show", "zones")
    assert result.exit_code == 0
    assert result.stderr == ""
    rows = {row.split()[0]: row.split() for row in result.stdout.splitlines()[2:]}
    assert rows["cde"][1:5] == ["critical", "enforce", "deny", "1"]
    assert rows["app"][1:3] == ["internal", "visibility"]
    zones = body(run("show", "zones", "--format", "json").stdout)
    assert (zones["report"], zones["version"]) == ("zones", 1)
    assert zones["zones"][1]["networks"] == ["10.1.0.0/16"]
    assert zones["in_no_zone"] == []


def test_show_groups_and_rules(run: Run, intent: Path) -> None:
    assert "web-1" in run("show", "groups").stdout
    groups = body(run("show", "groups", "--format", "json").stdout)["groups"]
    assert [(g["name"], g["workloads"]) for g in groups] == [("db", ["db-1"]), ("web", ["web-1"])]
    rules = body(run("show", "rules", "--format", "json").stdout)["rules"]
    assert [r["id"] for r in rules] == ["no-ssh/ssh", "shop/api", "shop/orders", "shop/public", "shop/ssh"]
    assert rules[0]["unless_source"] == ['select:role == "bastion"']
    assert rules[2]["expires"] == "2027-06-30"
    assert "no-ssh/ssh" in run("show", "rules").stdout


def test_show_matrix_in_a_hundred_columns(run: Run, intent: Path) -> None:
    text = run("show", "matrix").stdout
    assert max(map(len, text.splitlines())) <= 100
    lines = text.splitlines()
    names = lines[1].split()
    row = next(line.split() for line in lines if line.startswith("edge"))
    assert row[1 + names.index("app")] == "tcp/8080"
    assert row[1 + names.index("cde")] == "-"
    assert "app (visibility)" in text
    pairs = {
        (p["source"], p["destination"]): p
        for p in body(run("show", "matrix", "--format", "json").stdout)["pairs"]
    }
    assert pairs["app", "cde"]["every"] == pairs["app", "cde"]["some"] == "tcp/5432"
    assert pairs["edge", "cde"]["some"] == "none"


@pytest.mark.parametrize("what", ["zones", "groups", "rules", "matrix"])
def test_every_show_as_markdown(run: Run, intent: Path, what: str) -> None:
    text = run("show", what, "--format", "markdown").stdout
    tables = [row for row in text.splitlines() if row.startswith("|")]
    assert any(set(row) <= set("| -") for row in tables)


@pytest.mark.parametrize(
    ("source", "destination", "service", "code"),
    [
        ("web", "zone:app", "tcp/8080", 0),
        ("web-1", "api-1", "http-alt", 0),
        ("anywhere", "web", "https", 0),
        ("198.51.100.7", "10.2.0.5", "tcp/443", 0),
        ('select:role == "api"', "db", "postgresql", 0),
        ("web", "db", "tcp/22", 1),
        ("web", "db", "orders", 1),
        ("zone:app", "db", "orders", 3),
        ("web", "zone:app", "any", 3),
        ("wbe", "db", "tcp/22", 2),
        ("web", "db", "tcp/70000", 2),
        ("web", "db", "", 2),
    ],
)
def test_check_answers_with_its_exit_code(
    run: Run, intent: Path, source: str, destination: str, service: str, code: int
) -> None:
    result = run("check", source, destination, service)
    assert result.exit_code == code, result.output
    if code != 2:
        assert result.stdout.split()[0] == {0: "ALLOWED", 1: "DENIED", 3: "MIXED"}[code]


def test_check_tells_the_rule_that_decided_and_those_it_overruled(run: Run, intent: Path) -> None:
    text = run("check", "web", "db", "tcp/22").stdout
    assert "denied tcp/22, decided by no-ssh/ssh in the global tier" in text
    assert "deny (corp unless role" in text
    assert "ticket: NET-5" in text
    assert "shop/ssh  (application) allow web -> db tcp/22" in text
    data = body(run("check", "web", "db", "tcp/22", "--format", "json").stdout)
    assert (data["report"], data["verdict"]) == ("check", "deny")
    (case,) = data["cases"]
    assert (case["decided_by"], case["tier"]) == ("no-ssh/ssh", "global")
    assert case["shaped_by"] == ["no-ssh/ssh", "shop/ssh"]
    assert [r["id"] for r in data["rules"]] == ["no-ssh/ssh", "shop/ssh"]


def test_check_tells_the_default(run: Run, intent: Path) -> None:
    assert "decided by default deny" in run("check", "web", "db", "tcp/5432").stdout


def test_check_names_the_nearest_known_name(run: Run, intent: Path) -> None:
    assert "did you mean" in run("check", "wbe", "db", "tcp/22").stderr


def test_check_says_when_no_flow_can_be(run: Run, intent: Path) -> None:
    result = run("check", "web-1", "web-1", "tcp/22")
    assert result.exit_code == 1
    assert "No flow can join them" in result.stdout


def test_labels_cannot_steer_the_terminal(run: Run) -> None:
    Path("p.py").write_text(
        "from segkit.model import Segmentation\nfrom segkit.sets import L\n"
        'seg = Segmentation("x")\nseg.zone("z", L.app == "\\x1b[2J[red]\\u202e|")\n'
        'seg.workload("w", {"app": "\\x1b[2J[red]\\u202e|"})\n',
        encoding="utf-8",
    )
    for what in ("zones", "groups", "matrix"):
        for form in ("text", "json", "markdown"):
            shown = run("show", what, "p.py", "--format", form).output
            assert "\x1b" not in shown
            assert "\u202e" not in shown
    assert "[red]" in run("show", "zones", "p.py").stdout


def test_lint_is_quiet_about_a_kept_estate(run: Run, intent: Path) -> None:
    result = run("lint", "--today", "2026-06-01")
    assert result.exit_code == 0
    # Notes only, all of them about the allow for ssh that the guard takes back, and an idle service.
    assert re.findall(r"^(\w+) +([\w-]+)  ", result.stdout, re.MULTILINE) == [
        ("info", "allow-taken-back"),
        ("info", "nothing-today"),
        ("info", "unused"),
    ]


def test_lint_judges_by_the_day(run: Run, intent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soon = run("lint", "--today", "2027-06-10")
    assert "allow rule shop/orders expires on 2027-06-30, in 20 days" in soon.stdout
    monkeypatch.setenv("SEGKIT_TODAY", "2027-07-01")
    assert "expired on 2027-06-30" in run("lint").stdout


@pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 1), ("info", 1), ("never", 0)])
def test_lint_fails_on_what_it_is_told_to(run: Run, intent: Path, level: str, code: int) -> None:
    # In January 2027 nothing has expired; the accepted residual is about to.
    result = run("lint", "--today", "2027-01-15", "--fail-on", level)
    assert result.exit_code == code
    assert "acceptance-expires-soon" in result.stdout


def test_lint_as_json(run: Run, intent: Path) -> None:
    data = body(run("lint", "--today", "2027-02-01", "--format", "json").stdout)
    assert data["counts"] == {"error": 1, "warning": 0, "info": 3}
    assert data["findings"][0]["code"] == "acceptance-expired"
    assert set(data["findings"][0]) == {
        "severity", "code", "subject", "what", "why", "fix", "where", "proof", "witness"
    }  # fmt: skip


def test_lint_tells_ten_of_a_kind_and_all_on_request(run: Run) -> None:
    lines = ["from segkit.model import Segmentation", 'seg = Segmentation("x")']
    lines += [f'seg.workload("w{n}", {{}})' for n in range(15)]
    Path("p.py").write_text("\n".join(lines), encoding="utf-8")
    short = run("lint", "p.py").stdout
    assert short.count("has no labels") == 10
    assert "5 more of unlabelled; --all tells them." in short
    assert "15 warnings" in short
    assert run("lint", "p.py", "--all").stdout.count("has no labels") == 15
    assert len(body(run("lint", "p.py", "--format", "json").stdout)["findings"]) == 15
