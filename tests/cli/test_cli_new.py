"""`segkit new`: what it starts runs as it stands, and nothing is ever overwritten."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from segkit.cli import scaffold
from segkit.cli.scaffold import MODELS, Wanted, installed_as
from segkit.model import load_policies
from segkit.model.intent_file import model_digest
from tests.cli.conftest import Run

REPOSITORY = Path(__file__).resolve().parents[2]


def shell(command: str, folder: Path) -> str:
    """Runs a command as CI would, with this checkout in place of what it installs."""
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(REPOSITORY),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "SEGKIT_TODAY": "2026-11-20",
    }
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def commands_of_ci(folder: Path) -> list[str]:
    """What the workflow runs, without the installation."""
    workflow = yaml.safe_load((folder / ".github/workflows/segkit.yml").read_text(encoding="utf-8"))
    assert set(workflow["jobs"]) == {"policy"} and workflow["permissions"] == {"contents": "read"}
    runs = [step["run"] for step in workflow["jobs"]["policy"]["steps"] if "run" in step]
    assert runs[0] == "python -m pip install -r requirements.txt"
    return runs[1:]


def commands_of_readme(folder: Path) -> list[str]:
    """The commands that stand indented in the README, without the installation."""
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    named = [line.strip() for line in lines if line.startswith("    ")]
    assert named[:2] == [
        "python -m venv .venv && . .venv/bin/activate",
        "python -m pip install -r requirements.txt",
    ]
    return named[2:]


@pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("make"), reason="needs make and a POSIX shell"
)
@pytest.mark.parametrize("kind", list(MODELS))
def test_a_new_repository_runs_in_ci_as_it_stands(run: Run, kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "our policies"
    done = run("new", str(folder), "--kind", kind)
    assert done.exit_code == 0, done.stderr
    assert f"cd '{folder}'" in done.stdout.replace("\n", "")
    ran = commands_of_ci(folder)
    assert ran[0] == "make ci"
    assert "EQUAL" in shell(ran[0], folder)
    for command in ran[1:]:
        shell(command, folder)
    assert "| edge" in (folder / "summary.md").read_text(encoding="utf-8")
    stack = folder / "cdktf.out/stacks/our-policies/cdk.tf.json"
    assert "aws_security_group" in json.loads(stack.read_bytes())["resource"]
    shell("make schema", folder)
    assert "segkit policy file" in (folder / ".segkit/policy.schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", list(MODELS))
def test_the_readme_names_commands_that_run(run: Run, kind: str, tmp_path: Path) -> None:
    run("new", str(tmp_path / "a"), "--kind", kind)
    named = commands_of_readme(tmp_path / "a")
    assert len(named) == 8 and named[0] == "make ci"
    model = MODELS[kind]
    assert run("check", "web", "db", "postgresql", "--intent", str(tmp_path / "a" / model)).exit_code == 0
    assert run("check", "internet", "db", "any", "--intent", str(tmp_path / "a" / model)).exit_code == 1
    assert named[-2:] == [f"segkit check internet db any --intent {model}", f"segkit show matrix {model}"]


def test_both_kinds_declare_the_same(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGKIT_TODAY", "2026-11-20")
    for kind in MODELS:
        run("new", str(tmp_path / kind / "estate"), "--kind", kind)
    from segkit.cli.source import load

    files = load_policies(tmp_path / "yaml/estate/policies").build()
    python = load(str(tmp_path / "python/estate/policy.py")).model
    assert model_digest(files) == model_digest(python)


def test_nothing_is_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    (tmp_path / "Makefile").symlink_to("nowhere")
    before = sorted(tmp_path.iterdir())
    done = run("new", str(tmp_path))
    assert done.exit_code == 2
    assert "README.md exists" in done.stderr.replace("\n", "") and "Makefile exists" in done.stderr.replace(
        "\n", ""
    )
    assert "nothing is overwritten" in done.stderr
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"


def test_a_folder_with_other_things_in_it_will_do(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "LICENSE").write_text("mine", encoding="utf-8")
    done = run("new", str(tmp_path), "--format", "json", "--requirement", "segkit==9.9")
    report = json.loads(done.stdout)
    assert report["model"] == "policies" and report["requirement"] == "segkit==9.9"
    assert all((tmp_path / path).is_file() for path in report["written"])
    assert (tmp_path / "requirements.txt").read_text(encoding="utf-8").startswith("segkit==9.9\n")


def test_a_file_is_no_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("", encoding="utf-8")
    done = run("new", str(tmp_path / "a"))
    assert done.exit_code == 2 and "is a file" in done.stderr


def test_ci_installs_what_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from segkit import __version__

    class Distribution:
        def __init__(self, text: str | None) -> None:
            self.text = text

        def read_text(self, name: str) -> str | None:
            return self.text

    url = "https://git.example.org/segkit"
    told = json.dumps({"url": url, "vcs_info": {"vcs": "git", "commit_id": "0a1b"}})
    monkeypatch.setattr(scaffold, "distribution", lambda _: Distribution(told))
    assert installed_as() == Wanted(f"segkit @ git+{url}@0a1b")

    def installed(told: dict[str, object] | None) -> Wanted:
        text = None if told is None else json.dumps(told)
        monkeypatch.setattr(scaffold, "distribution", lambda _: Distribution(text))
        return installed_as()

    assert installed(None) == Wanted(f"segkit=={__version__}")
    wheel = "https://wheels.example.org/segkit-0.1.0-py3-none-any.whl"
    assert installed({"url": wheel, "archive_info": {}}) == Wanted(f"segkit @ {wheel}")
    checkout = installed({"url": "file:///home/me/segkit", "dir_info": {"editable": True}})
    assert checkout.requirement == f"segkit=={__version__}" and checkout.wheel is None
    assert "segkit runs from /home/me/segkit here" in checkout.note
    gone = installed({"url": "file:///home/me/segkit-0.1.0-py3-none-any.whl", "archive_info": {}})
    assert gone.requirement == f"segkit=={__version__}" and "--requirement <wheel>" in gone.note


def test_a_wheel_is_kept_in_the_repository(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "down loads" / "segkit-9.9-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"PK\r\n\xff")
    given = run("new", str(tmp_path / "given"), "--requirement", str(wheel), "--format", "json")
    told = json.dumps({"url": wheel.as_uri(), "archive_info": {}})
    monkeypatch.setattr(scaffold, "distribution", lambda _: type("D", (), {"read_text": lambda *_: told})())
    found = run("new", str(tmp_path / "found"), "--format", "json")
    for name, done in (("given", given), ("found", found)):
        report = json.loads(done.stdout)
        assert report["requirement"] == "./wheels/segkit-9.9-py3-none-any.whl"
        assert (
            "released version" in report["note"] and "wheels/segkit-9.9-py3-none-any.whl" in report["written"]
        )
        assert (tmp_path / name / report["requirement"]).read_bytes() == b"PK\r\n\xff"
        requirements = (tmp_path / name / "requirements.txt").read_text(encoding="utf-8")
        assert requirements.startswith("./wheels/segkit-9.9-py3-none-any.whl\n")


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("segkit==1\nevil", "is no line of requirements.txt"),
        (" ", "is no line of requirements.txt"),
        ("gone/segkit-1-py3-none-any.whl", "there is no wheel gone/segkit-1-py3-none-any.whl"),
    ],
)
def test_what_nobody_could_install_is_refused(run: Run, requirement: str, said: str, tmp_path: Path) -> None:
    done = run("new", str(tmp_path / "a"), "--requirement", requirement)
    assert done.exit_code == 2 and said in " ".join(done.stderr.split())
    assert not (tmp_path / "a").exists()


def test_templates_name_no_placeholder_that_is_left(run: Run, tmp_path: Path) -> None:
    for kind in MODELS:
        run("new", str(tmp_path / kind), "--kind", kind)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not any(
                mark in text for mark in ("@NAME@", "@MODEL@", "@REQUIREMENT@", "@LAYOUT@", "@WHAT@")
            )
