"""The online_boutique stack with the real cdktf command line: list, plan, deploy, output, destroy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from segkit.model.intent_file import load_intent
from tests.e2e.deployed import by_name, client, describe, mismatches

pytestmark = pytest.mark.e2e

STACK = "online_boutique"


class Cdktf:
    """The command line in a folder of its own, so that no state of the checkout is touched."""

    def __init__(self, command: str, environment: dict[str, str], folder: Path, repository: Path) -> None:
        self._command, self._folder = command, folder
        self._environment = {**environment, "PYTHONPATH": str(repository), "SEGKIT_STACKS": STACK}
        app = {"language": "python", "app": f"{sys.executable} -m stacks", "sendCrashReports": "false"}
        (folder / "cdktf.json").write_text(json.dumps(app))

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._command, *arguments],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, f"cdktf {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def test_every_command_works_and_what_is_deployed_is_the_intent(
    cdktf_cli: str,
    aws_provider_mirror: dict[str, str],
    moto_endpoint: str,
    tmp_path: Path,
    repository: Path,
) -> None:
    environment = {**aws_provider_mirror, "SEGKIT_AWS_ENDPOINT": moto_endpoint}
    cdktf = Cdktf(cdktf_cli, environment, tmp_path, repository)
    assert STACK in cdktf("list")
    assert "to add, 0 to change, 0 to destroy" in cdktf("plan", STACK, "--skip-synth")
    cdktf("deploy", STACK, "--auto-approve", "--skip-synth")
    (intent,) = (tmp_path / "cdktf.out" / "segkit").glob("*.intent.json")
    model = load_intent(intent)
    ec2 = client(moto_endpoint)
    groups = by_name(ec2)
    assert set(groups) == {w.name for w in model.workloads}
    assert mismatches(model, describe(ec2), groups=groups) == []
    cdktf("output", STACK, "--skip-synth")
    cdktf("destroy", STACK, "--auto-approve", "--skip-synth")
    assert by_name(ec2) == {}
    left = {g["GroupName"] for g in describe(ec2)["SecurityGroups"]}
    assert left == {"default"}
