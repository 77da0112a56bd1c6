"""Where a model comes from: discovery, intent files, Python files and modules, and what can be wrong."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from segkit.cli.source import load
from segkit.errors import Problem, SegkitError
from tests.cli.conftest import Run

HEAD = "from segkit.model import Segmentation\nfrom segkit.sets import L, tcp\n"


def problem(text: str) -> Problem:
    with pytest.raises(SegkitError) as caught:
        load(text)
    (only,) = caught.value.problems
    return only


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ('seg = Segmentation("x")', "p.py"),
        ('seg = Segmentation("x")', "p.py:seg"),
        ('seg = other = Segmentation("x")', "p.py"),
        ('seg = Segmentation("x")\nmodel = seg.build()', "p.py:model"),
        ('def build():\n    return Segmentation("x")', "p.py"),
        ('def build():\n    return Segmentation("x").build()', "p.py"),
        ('def make():\n    return Segmentation("x")', "p.py:make"),
        ('class Estate:\n    seg = Segmentation("x")', "p.py:Estate.seg"),
        (
            'class Own:\n    def build(self):\n        return Segmentation("x").build()\nown = Own()',
            "p.py:own",
        ),
    ],
)
def test_python_gives_a_model_in_many_ways(body: str, name: str) -> None:
    write("p.py", HEAD + body)
    assert load(name).model.name == "x"


def test_a_module_is_found_from_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "estate_of_test").mkdir()
    write("estate_of_test/network.py", HEAD + 'seg = Segmentation("x")')
    assert load("estate_of_test.network:seg").model.name == "x"


def test_a_file_may_be_called_like_a_library_and_import_its_neighbours() -> None:
    before = list(sys.path)
    write("neighbour_of_test.py", 'NAME = "x"')
    write("secrets.py", HEAD + "from neighbour_of_test import NAME\nseg = Segmentation(NAME)")
    assert load("secrets.py").model.name == "x"
    assert sys.path == before
    assert importlib.import_module("secrets").token_hex


def test_an_intent_file_and_its_folder_give_the_same_model(intent: Path, policy: str) -> None:
    expected = load(policy).model
    assert load(str(intent)).model == expected
    assert load("cdktf.out").model == expected


def test_warnings_of_the_builder_are_kept() -> None:
    write(
        "p.py", HEAD + 'seg = Segmentation("x")\nz = seg.zone("a", L.a == "b")\nseg.workload("w", {"c": "d"})'
    )
    assert "'w' is in no zone" in load("p.py").warnings[0].what


def test_what_a_segmentation_built_is_the_same_model() -> None:
    write("p.py", HEAD + 'seg = Segmentation("x")\nmodel = seg.build()')
    assert load("p.py").model.name == "x"


@pytest.mark.parametrize(
    ("body", "name", "what", "where", "fix"),
    [
        ("x = 1", "p.py", "no model here", "p.py", "build()"),
        ('a = Segmentation("x")\nb = Segmentation("y")', "p.py", "several models: a, b", "p.py", "p.py:a"),
        (
            'a = Segmentation("x")\nb = Segmentation("y").build()',
            "p.py",
            "several models: a, b",
            "p.py",
            "p.py:a",
        ),
        ('seg = Segmentation("x")', "p.py:sge", "there is no 'sge'", "p.py", "did you mean 'seg'?"),
        ("seg = 3", "p.py:seg", "seg gives int", "p.py", "Segmentation"),
        ("def build():\n    return 3", "p.py", "build gives int", "p.py", "Segmentation"),
        ("from segkit import tcp\ntcp(70000)", "p.py", "70000 is not a port", "p.py:4", "from 0 to 65535"),
        ("seg = (", "p.py", "syntax error: '(' was never closed", "p.py:3", "correct the line"),
        (
            "def f():\n    return 1 / 0\nf()",
            "p.py",
            "ZeroDivisionError: division by zero",
            "p.py:4",
            "correct",
        ),
        ("import sys\nsys.exit(3)", "p.py", "sys.exit(3)", "p.py", "__main__"),
        ("import no_such_library", "p.py", "No module named 'no_such_library'", "p.py:3", "pip install"),
        ("open('gone.txt')", "p.py", "gone.txt", "p.py:3", "correct"),
    ],
)
def test_what_is_wrong_in_a_program_is_said_with_its_line(
    body: str, name: str, what: str, where: str, fix: str
) -> None:
    write("p.py", HEAD + body)
    found = problem(name)
    assert what in found.what
    assert found.where.endswith(where)
    assert fix in found.fix


def test_a_program_that_is_not_utf8_is_a_problem() -> None:
    Path("p.py").write_bytes(b"name = '\xff'\n")
    assert "p.py" in problem("p.py").where


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("gone.py", "there is no file gone.py"),
        ("gone.intent.json", "there is no file gone.intent.json"),
        ("gone_module", "there is no module 'gone_module'"),
        ("gone_package.module:seg", "there is no module 'gone_package.module'"),
    ],
)
def test_a_model_that_is_not_there(name: str, what: str) -> None:
    found = problem(name)
    assert found.what == what
    assert found.fix


def test_every_problem_of_a_model_is_told_at_once(run: Run) -> None:
    write(
        "p.py",
        HEAD + 'seg = Segmentation("x")\nseg.address_set("a", ["10.0.0.1/8"])\nseg.service("s", "tcp/9-1")',
    )
    result = run("show", "zones", "p.py")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "2 errors" in result.stderr
    assert "p.py:4" in result.stderr
    assert "10.0.0.0/8" in result.stderr
    assert "the range 9-1 is reversed" in result.stderr


def test_no_intent_file_says_how_to_get_one(run: Run) -> None:
    result = run("show", "zones")
    assert result.exit_code == 2
    assert "no intent file in cdktf.out" in result.stderr
    assert "segkit synth" in result.stderr


def test_several_intent_files_have_to_be_chosen_from(run: Run, intent: Path) -> None:
    assert run("show", "zones").exit_code == 0
    (intent.parent / "wholesale.intent.json").write_bytes(intent.read_bytes())
    result = run("show", "zones")
    assert result.exit_code == 2
    assert "several intents in cdktf.out/segkit: retail, wholesale" in result.stderr
    assert "--intent retail" in result.stderr
    assert run("show", "zones", "--intent", "wholesale").exit_code == 0
    assert run("verify", "--intent", "whoelsale").exit_code == 2
    assert run("show", "zones", "--intent", str(intent)).exit_code == 0
    assert run("show", "zones", str(intent)).exit_code == 0


def test_another_output_folder(run: Run, intent: Path) -> None:
    intent.parent.parent.rename("elsewhere")
    assert run("show", "zones").exit_code == 2
    assert run("show", "zones", "--out", "elsewhere").exit_code == 0


def test_a_changed_intent_file_is_refused(run: Run, intent: Path) -> None:
    intent.write_text(intent.read_text(encoding="utf-8").replace("critical", "internal"), encoding="utf-8")
    result = run("show", "zones")
    assert result.exit_code == 2
    assert "digest" in result.stderr
