"""The scripts behind `make`: prerequisites, the AWS provider, the AWS in memory, and what the demo prints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from scripts import demo, provider
from scripts.moto_one_by_one import OneByOne
from scripts.moto_server import moto_server
from tests.e2e.deployed import client

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")


def mirror(folder: Path) -> Path:
    (folder / provider.PROVIDER / "5.100.0").mkdir(parents=True)
    return folder


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """A machine with nothing: no mirror, no settings, no shared folder, no registry."""
    monkeypatch.setattr(provider, "registry_answers", lambda: False)
    monkeypatch.setattr(provider, "usual_folders", lambda _environment: [])
    return {"SEGKIT_SHARED": str(tmp_path / "none"), provider.SETTINGS_FILE: str(tmp_path / "none.rc")}


def test_no_provider_is_said_not_guessed(alone: dict[str, str]) -> None:
    assert provider.find(alone) is None


def test_the_named_mirror_comes_first(alone: dict[str, str], tmp_path: Path) -> None:
    settings = tmp_path / "terraform.rc"
    settings.write_text(provider.mirror_settings(mirror(tmp_path / "settings")), encoding="utf-8")
    alone[provider.SETTINGS_FILE] = str(settings)
    found = provider.find(alone | {"TF_PROVIDER_MIRROR": str(mirror(tmp_path / "named"))})
    assert found is not None and found.mirror == tmp_path / "named"


def test_a_named_mirror_without_the_provider_is_passed_over(alone: dict[str, str], tmp_path: Path) -> None:
    assert provider.find(alone | {"TF_PROVIDER_MIRROR": str(tmp_path)}) is None


def test_terraforms_own_settings_are_left_as_they_are(
    alone: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "terraform.rc"
    settings.write_text(provider.mirror_settings(mirror(tmp_path / "settings")), encoding="utf-8")
    found = provider.find(alone | {provider.SETTINGS_FILE: str(settings)})
    assert found is not None and found.mirror is None
    monkeypatch.setenv(provider.SETTINGS_FILE, str(settings))
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(tmp_path / "cache"))
    assert provider.SETTINGS_FILE not in found.environment(tmp_path)


def test_a_mirror_is_used_through_settings_of_its_own(tmp_path: Path) -> None:
    environment = provider.Provider("a test", tmp_path / "mirror").environment(tmp_path)
    written = Path(environment[provider.SETTINGS_FILE])
    assert written.parent == tmp_path
    assert f'path    = "{(tmp_path / "mirror").as_posix()}"' in written.read_text(encoding="utf-8")


def test_a_settings_file_that_is_not_there_is_not_named_to_terraform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(provider.SETTINGS_FILE, str(tmp_path / "none.rc"))
    assert provider.quiet_environment()[provider.SETTINGS_FILE] == os.devnull


def test_the_server_answers_and_is_gone_afterwards() -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(ZeroDivisionError), moto_server() as url:  # even when its user fails
        assert direct.open(f"{url}/moto-api/data.json", timeout=5).status == 200
        _ = 1 / 0
    with pytest.raises(OSError):
        direct.open(f"{url}/moto-api/data.json", timeout=5)


def test_moto_gets_one_request_after_another() -> None:
    running, most = 0, 0

    def application(_environ: object, start_response: Any) -> list[bytes]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.01)
        running -= 1
        start_response("200 OK", [])
        return [b"done"]

    def ask(_number: int) -> tuple[str, bytes]:
        response = Response.from_app(served, create_environ())
        return response.status, response.get_data()

    served = OneByOne(application)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(16))) == {("200 OK", b"done")}
    assert most == 1


def test_a_call_sent_again_after_its_answer_was_lost_is_not_carried_out_twice() -> None:
    """An SDK sends it under the id it had. Under another id it is another call, which AWS refuses."""
    with moto_server() as url:
        ec2 = client(url)
        group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
        rule = {"GroupId": group, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"}
        ec2.authorize_security_group_ingress(**rule)
        ids = iter(["call-1", "call-1", "call-2"])

        def under_the_next_id(request: Any, **_: object) -> None:
            request.headers["amz-sdk-invocation-id"] = next(ids)

        ec2.meta.events.register("before-send.ec2.RevokeSecurityGroupIngress", under_the_next_id)
        ec2.revoke_security_group_ingress(**rule)
        ec2.revoke_security_group_ingress(**rule)
        with pytest.raises(ClientError, match=r"InvalidPermission\.NotFound"):
            ec2.revoke_security_group_ingress(**rule)


@posix
def test_an_interrupted_step_ends_what_it_started(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    # The shell leaves at once on SIGINT; the child it started ignores SIGINT and has to be ended too.
    script = f"(trap '' INT; echo > {ready}; exec sleep 60) & wait"
    process = subprocess.Popen(["/bin/bash", "-c", script], text=True, start_new_session=True)
    while not ready.exists():
        assert process.poll() is None
    demo._end(process)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


def test_a_failed_synth_shows_its_findings_and_no_traceback() -> None:
    output = (
        "Traceback ...\nError: Validation failed with the following errors:\n  [a/b] wrong\n⠋  Synthesizing\n"
    )
    assert demo.said(output) == "Validation failed with the following errors:\n  [a/b] wrong"


@posix
@pytest.mark.parametrize(
    ("programs", "said"),
    [
        (
            {"node": "echo v18.2.0", "npm": ":", "terraform": "echo Terraform v1.4.9"},
            [
                (
                    "  - Node.js 20 or newer is needed, found 18.2.0. Get it from https://nodejs.org/"
                    " or with a version manager such as nvm."
                ),
                (
                    "  - Terraform 1.5 or newer is needed, found 1.4.9."
                    " Get it from https://developer.hashicorp.com/terraform/install."
                ),
            ],
        ),
        (
            {"node": "echo v22.1.0", "terraform": "echo OpenTofu v1.10.0"},
            [
                (
                    "  - npm is needed, none was found. It comes with Node.js;"
                    " some Linux distributions package it as 'npm'."
                )
            ],
        ),
        ({"node": "echo v20.0.0", "npm": ":", "terraform": "echo Terraform v1.5.0-rc1"}, []),
    ],
)
def test_every_missing_prerequisite_is_named(
    repository: Path, tmp_path: Path, programs: dict[str, str], said: list[str]
) -> None:
    for tool in ("bash", "dirname", "sed"):
        for folder in ("/bin", "/usr/bin"):
            if Path(folder, tool).exists() and not (tmp_path / tool).exists():
                (tmp_path / tool).symlink_to(Path(folder, tool))
    for name, body in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/bash", str(repository / "scripts" / "setup"), "check", "node", "npm", "terraform"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines() == (["Before this can run:", *said] if said else [])
    assert done.returncode == (1 if said else 0)


def test_the_lock_file_names_no_registry(repository: Path) -> None:
    assert '"resolved"' not in (repository / "package-lock.json").read_text(encoding="utf-8")
