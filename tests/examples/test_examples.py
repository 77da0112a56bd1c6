"""Every example runs as its first lines say, and prints what is expected of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Golden

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
EXPECTED = Path(__file__).parent / "expected"
WITH_NODE = {"fleet", "many_accounts", "two_accounts"}
PROGRAMS = sorted(file.stem for file in EXAMPLES.glob("*.py"))
MODEL = EXAMPLES / "without_node" / "model.py"
MACHINES = EXAMPLES / "without_node" / "machines.tf.json"


def run(folder: Path, *command: str) -> str:
    """A Python command in a folder, on a fixed day; gives what it printed."""
    environment = {
        **os.environ,
        "SEGKIT_TODAY": "2026-11-20",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "18,20",
        "NO_COLOR": "1",
    }
    environment.pop("CDKTF_OUTDIR", None)
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_example(name: str, tmp_path: Path, golden: Golden, request: pytest.FixtureRequest) -> None:
    if name in WITH_NODE:
        request.getfixturevalue("node")
    golden(EXPECTED / f"{name}.txt", run(tmp_path, str(EXAMPLES / f"{name}.py")))


def test_each_says_how_it_is_run() -> None:
    for name in PROGRAMS:
        text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        assert text.startswith('"""') and f"python examples/{name}.py" in text.split('"""')[1], name


def synth_without_node(folder: Path) -> Path:
    run(folder, "-m", "segkit.cli", "synth", str(MODEL), "--provider-file", str(MACHINES))
    return folder / "cdktf.out" / "stacks" / "without-node"


def test_without_node(tmp_path: Path) -> None:
    stack = synth_without_node(tmp_path)
    document = json.loads((stack / "cdk.tf.json").read_text(encoding="utf-8"))
    assert set(document["resource"]["aws_instance"]) == {"web-1", "database-1"}
    assert document["terraform"]["required_providers"]["aws"]["source"] == "hashicorp/aws"
    proof = json.loads((tmp_path / "cdktf.out/segkit/without-node.proof.json").read_text(encoding="utf-8"))
    assert proof["status"] == "equal"
    assert {m["status"] for m in proof["memberships"]} == {"seen"}


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["fleet", "many_accounts", "two_accounts", "without_node"])
def test_terraform_accepts_it(
    name: str,
    tmp_path: Path,
    terraform: str,
    aws_provider_mirror: dict[str, str],
    request: pytest.FixtureRequest,
) -> None:
    if name == "without_node":
        stack = synth_without_node(tmp_path)
    else:
        request.getfixturevalue("node")
        run(tmp_path, str(EXAMPLES / f"{name}.py"))
        several = {"many_accounts": "retail-shop-eu-west-1"}
        stack = tmp_path / "cdktf.out" / "stacks" / several.get(name, name.replace("_", "-"))
    for command in (["init", "-backend=false"], ["validate"]):
        done = subprocess.run(
            [terraform, *command, "-no-color"],
            cwd=stack,
            env=aws_provider_mirror,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
