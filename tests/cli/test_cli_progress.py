"""Progress: a bar on a terminal for what lasts, nothing for what does not, nothing in a pipe."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from segkit.cli import progress
from segkit.cli.progress import bars
from segkit.model import load_inventory
from segkit.progress import Tell, step, steps, watched
from tests.cli.conftest import Run

pty = pytest.importorskip("pty", reason="there are no pseudo terminals here")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, TextIO]]:
    """A pseudo terminal: what is shown on it can be read from the first, and the second writes to it."""
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a number, not a path
        yield ours, stream
    os.close(ours)


def shown(ours: int, wanted: str) -> str:
    """What is on a terminal, once `wanted` is."""
    text = b""
    while wanted.encode() not in text:
        text += os.read(ours, 4096)
    return text.decode("utf-8", "replace")


def test_a_step_that_lasts_is_shown_with_how_far_it_is(
    terminal: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    ours, stream = terminal
    with bars(stream), step("Reading \x1b[31minventory.json", 200) as tell:
        text = shown(ours, "0%")
        assert "Reading" in text and "\x1b[31minventory" not in text
        tell(90)
        shown(ours, "45%")
        with step("Checking"):
            shown(ours, "Checking")
    with bars(stream), step("Another"):
        shown(ours, "Another")


def test_a_step_that_is_soon_over_is_not_shown(
    terminal: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 3600.0)
    ours, stream = terminal
    with bars(stream):
        assert list(steps("Quick", "abc")) == ["a", "b", "c"]
    stream.write("end\n")
    stream.flush()
    assert shown(ours, "end").strip() == "end"


def test_nothing_is_shown_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    pipe = io.StringIO()
    with bars(pipe), step("Reading", 10) as tell:
        tell(5)
    assert pipe.getvalue() == ""


def test_a_failure_leaves_the_terminal_as_it_was(
    terminal: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    ours, stream = terminal
    hide, show = "\x1b[?25l", "\x1b[?25h"
    with pytest.raises(KeyboardInterrupt), bars(stream), step("Proving"):
        assert hide in shown(ours, "Proving")
        raise KeyboardInterrupt
    shown(ours, show)


def test_reading_an_inventory_tells_bytes() -> None:
    path = Path("i.csv")
    path.write_text("name\n" + "".join(f"w{n}\n" for n in range(100_000)), encoding="utf-8")
    told: list[tuple[str, int | None, int]] = []

    @contextmanager
    def watcher(what: str, total: int | None) -> Iterator[Tell]:
        yield lambda done: told.append((what, total, done))

    with watched(watcher):
        load_inventory(path)
    size = path.stat().st_size
    assert {(what, total) for what, total, _ in told} == {("Reading i.csv", size)}
    done = [at for _, _, at in told]
    assert done == sorted(done) and len(set(done)) > 3 and done[-1] == size


POLICIES = {
    "p/labels.yaml": "labels: {role: [web]}\n",
    "p/policy.yaml": "policies: {p: {tier: application, rules: []}}\n",
    "p/inventory.csv": "name,label:role\n" + "".join(f"w{n},web\n" for n in range(60_000)),
}


@pytest.fixture
def policies(tmp_path: Path) -> str:
    for name, text in POLICIES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / "p")


def test_the_command_shows_bars_on_a_terminal(policies: str, terminal: tuple[int, TextIO]) -> None:
    ours, stream = terminal
    code = (
        "import rich.live, rich.progress_bar, rich.table; import segkit.report.text; "  # no race with them
        "import segkit.cli.progress as p; from segkit.cli.main import app; "
        f"p.PATIENCE = 0.0; app(['show', 'rules', {policies!r}])"
    )
    with ThreadPoolExecutor(1) as beside:  # somebody has to look, or the terminal is full one day
        seen = beside.submit(shown, ours, "the end")
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=stream, check=False
        )
        stream.write("the end")
        stream.flush()
        assert "Reading" in seen.result()
    assert done.returncode == 0
    assert b"Reading" not in done.stdout and b"\x1b" not in done.stdout


def test_the_command_is_silent_in_a_pipe(run: Run, policies: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    for command in (["show", "rules"], ["lint"]):
        assert run(*command, policies).stderr == ""
