"""`segkit quota`: use, options, what to pin, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segkit.cli.main import app

MODEL = """
from segkit import L, tcp
from segkit.model import Segmentation

seg = Segmentation("q")
groups = {{name: seg.group(name, L[name] == "yes") for name in ("web", "api", "db")}}
policy = seg.policy("p", "application", owner="o")
policy.allow(groups["web"], groups["api"], tcp(80))
policy.allow(groups["api"], groups["db"], tcp(80))
seg.workload("all", {{name: "yes" for name in groups}}, ["10.0.0.1"])
seg.workload("web", {{"web": "yes"}}, ["10.0.0.2"])
seg.target("aws", "aws", placement={{"vpc_id": "vpc-1", "quotas": {{"groups_per_interface": {limit}}}}})
"""


def _run(tmp_path: Path, limit: int, *options: str) -> tuple[int, str]:
    (tmp_path / "model.py").write_text(MODEL.format(limit=limit))
    done = CliRunner().invoke(app, ["quota", str(tmp_path / "model.py"), *options])
    return done.exit_code, done.output


def test_what_is_used_and_what_would_do(tmp_path: Path) -> None:
    code, output = _run(tmp_path, 5)
    assert code == 0
    assert "encoding groups" in output
    assert "groups_per_interface" in output
    assert "cells" in output


def test_over_quota_is_exit_code_one_and_shows_what_to_pin(tmp_path: Path) -> None:
    code, output = _run(tmp_path, 2, "--format", "json")
    assert code == 1
    (report,) = json.loads(output)["targets"]
    assert report["usage"]["groups_per_interface"] == {"used": 3, "quota": 2}
    best = report["options"][0]
    assert best["fits"]
    assert best["churn"] > 0
    assert report["encoding"] == "groups"


@pytest.mark.parametrize("name", ["nowhere"])
def test_an_unknown_target_is_said(tmp_path: Path, name: str) -> None:
    code, output = _run(tmp_path, 5, "--target", name)
    assert code == 2
    assert "no target 'nowhere'" in output
    assert "there are aws" in output
