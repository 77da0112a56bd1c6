"""`cdktf deploy` of a stack for each platform that has a double."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from segkit.model.intent_file import load_intent
from segkit.model.model import Model
from tests.double import mirror, replay
from tests.double.schema import load
from tests.double.steps import mismatches
from tests.double.store import Store

pytestmark = pytest.mark.e2e

RULES = {
    "azurerm": "azurerm_network_security_group",
    "google": "google_compute_network_firewall_policy_with_rules",
}


class Cdktf:
    """The command line on one stack, in a folder of its own."""

    def __init__(self, command: str, folder: Path, schemas: Path, repository: Path, stack: str) -> None:
        settings = mirror.install(folder / "mirror")
        self.store = Store(folder / "calls")
        self._environment = mirror.environment(settings, schemas, self.store.file)
        self._environment |= {"PYTHONPATH": str(repository), "SEGKIT_E2E_STACK": stack}
        self._command, self._folder, self._stack = command, folder, stack
        self._kinds = load(schemas, stack)
        app = {"language": "python", "app": f"{sys.executable} -m tests.e2e.double_app"}
        (folder / "cdktf.json").write_text(json.dumps({**app, "sendCrashReports": "false"}))

    def __call__(self, *arguments: str, **more: str) -> str:
        done = subprocess.run(
            [self._command, *arguments],
            cwd=self._folder,
            env={**self._environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, f"cdktf {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def model(self) -> Model:
        """What the stack that was deployed last means."""
        (intent,) = (self._folder / "cdktf.out" / "segkit").glob("*.intent.json")
        return load_intent(intent)

    def deployed(self) -> dict[str, object]:
        """What the platform holds."""
        state = json.loads((self._folder / f"terraform.{self._stack}.tfstate").read_bytes())
        with self.store.open() as store:
            return replay.document(store.state, replay.names(state), self._kinds)


@pytest.mark.parametrize("stack", ["azurerm", "google"])
def test_deploy_change_destroy(
    stack: str, terraform: str, cdktf_cli: str, schemas: Path, tmp_path: Path, repository: Path
) -> None:
    cdktf = Cdktf(cdktf_cli, tmp_path, schemas, repository, stack)
    cdktf("deploy", stack, "--auto-approve")
    assert mismatches(cdktf.model(), cdktf.deployed()) == []
    assert "no changes are needed" in " ".join(cdktf("plan", stack, "--skip-synth").split())

    calls = len(cdktf.store.calls)
    cdktf("deploy", stack, "--auto-approve", SEGKIT_E2E_MORE="1")
    assert mismatches(cdktf.model(), cdktf.deployed()) == []
    assert {(call.action, call.kind) for call in cdktf.store.calls[calls:]} == {("update", RULES[stack])}

    cdktf("destroy", stack, "--auto-approve", "--skip-synth")
    with cdktf.store.open() as store:
        assert store.state.of() == []
