"""The command as a whole: help, version, start-up, pipes, logs and its own failures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import segkit
from segkit.cli.exits import Exit
from tests.cli.conftest import Run, spawn

COMMANDS = ["synth", "verify", "show", "check", "lint"]


def test_version(run: Run) -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"segkit {segkit.__version__}\n")


@pytest.mark.parametrize(
    "arguments", [["--help"], *([c, "--help"] for c in COMMANDS), ["show", "matrix", "-h"]]
)
def test_help_everywhere(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_help_lists_commands_and_exit_codes(run: Run) -> None:
    text = " ".join(run("--help").stdout.split())
    assert all(c in text for c in COMMANDS)
    assert "3 check only" in text


@pytest.mark.parametrize("arguments", ["--help", "--version"])
def test_help_loads_nothing_heavy(arguments: str) -> None:
    # Of the help of one command typer itself loads pydantic where it finds it; of the rest nothing does.
    code = (
        "import sys\nfrom segkit.cli.main import app\n"
        f"try: app({arguments.split()!r})\nexcept SystemExit: pass\n"
        "heavy = {'cdktf', 'cdktn', 'jsii', 'constructs', 'numpy', 'pydantic', 'yaml', 'boto3', 'orjson'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_usage_errors_leave_with_two(run: Run) -> None:
    assert run("chek").exit_code == Exit.BAD_INPUT
    assert run("check", "web").exit_code == Exit.BAD_INPUT
    assert run("show", "zones", "--format", "xml").exit_code == Exit.BAD_INPUT
    assert run("lint", "--today", "31.12.2026").exit_code == Exit.BAD_INPUT


def test_output_in_a_pipe_is_plain_and_stderr_silent(policy: str) -> None:
    done = spawn("show", "zones", policy, env={**os.environ, "FORCE_COLOR": "1", "PYTHONIOENCODING": "utf-8"})
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert done.stderr == "progress of the program, not part of any report\n"


def test_an_ascii_terminal_gets_every_report(tmp_path: Path) -> None:
    path = tmp_path / "p.py"
    path.write_text(
        "from segkit.model import Segmentation\nfrom segkit.sets import L\n"
        'seg = Segmentation("x")\nseg.group("größe", L.role == "é")\n',
        encoding="utf-8",
    )
    done = spawn("show", "groups", str(path), env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "gr\\xf6\\xdfe" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="SIGPIPE is no thing on Windows")
def test_a_reader_that_stops_reading_is_no_failure(policy: str) -> None:
    command = f"{sys.executable} -m segkit.cli show rules {policy} --format json; echo $? >&2"
    done = subprocess.run(["bash", "-c", f"({command}) | true"], capture_output=True, text=True, check=False)
    lines = done.stderr.split("\n")
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert lines[-2] in ("0", "141")  # 0 when it was quick enough to write everything


def test_log_messages_are_harmless_lines(policy: str, tmp_path: Path) -> None:
    hostile = tmp_path / "a\x1b[31m\nb.py"
    hostile.write_text(Path(policy).read_text(encoding="utf-8"), encoding="utf-8")
    done = spawn("--log-level", "info", "show", "zones", str(hostile))
    assert done.returncode == 0
    assert "INFO segkit: building the model with" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_bug_is_a_short_message_and_its_own_exit_code(
    run: Run, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("segkit.report.estate.zones_page", broken)
    result = run("show", "zones", policy)
    assert result.exit_code == Exit.BUG
    assert "segkit failed: ZeroDivisionError: division by zero" in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_logging_tells_the_traceback(policy: str) -> None:
    broken = "import segkit.report.estate as e\ne.zones_page = lambda m: 1 / 0\n"
    path = Path("broken.py")
    path.write_text(broken + Path(policy).read_text(encoding="utf-8"), encoding="utf-8")
    done = spawn("--log-level", "debug", "show", "zones", str(path))
    assert done.returncode == Exit.BUG
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" in done.stderr


def test_problems_are_json_where_that_was_asked_for(run: Run) -> None:
    result = run("show", "zones", "--format", "json")
    assert (result.exit_code, result.stdout) == (Exit.BAD_INPUT, "")
    body = json.loads(result.stderr)
    assert (body["report"], body["version"]) == ("error", 1)
    assert set(body["problems"][0]) == {"what", "where", "why", "fix"}
