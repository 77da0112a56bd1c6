"""What the documentation shows is true: every snippet and command runs, every link leads somewhere.

Fenced blocks are run in order, all of one document in one folder:

    python    a program; with a first line `# name.py` it is kept under that name, to be run by the commands
    output    exactly what the program before it printed
    yaml      a file; its first line `# name.yaml` (folders too) is where it is kept, and it is a policy file
    console   commands after `$ `; other lines stand somewhere in the command's output
    text      for reading only
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from segkit.platforms.base import platform

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
ANSWERS = {"check": {0, 1, 3}, "lint": {0, 1}}


@dataclass(frozen=True, slots=True)
class Block:
    kind: str
    text: str
    line: int


def name_of(document: Path) -> str:
    return str(document.relative_to(REPOSITORY))


def blocks(document: Path) -> list[Block]:
    text = document.read_text(encoding="utf-8")
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(text)]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "SEGKIT_TODAY": "2026-11-20",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "18,20",
        "NO_COLOR": "1",
        "COLUMNS": "120",
        "PYTHONPATH": str(REPOSITORY),
    }
    environment.pop("CDKTF_OUTDIR", None)
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def run_program(folder: Path, block: Block) -> str:
    first = block.text.splitlines()[0]
    name = first.removeprefix("# ") if re.fullmatch(r"# \w+\.py", first) else "snippet.py"
    (folder / name).write_text(block.text, encoding="utf-8")
    done = run(folder, name)
    assert done.returncode == 0, f"line {block.line}: {done.stderr}"
    return done.stdout


def keep_file(folder: Path, block: Block) -> None:
    named = re.match(r"# ([\w./-]+\.ya?ml)\n", block.text)
    assert named is not None and ".." not in named[1], f"line {block.line}: a file without a name"
    file = folder / named[1]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(block.text, encoding="utf-8")


def run_commands(folder: Path, block: Block) -> None:
    shown = ""
    for line in block.text.splitlines():
        if line.startswith("$ "):
            shown = run_command(folder, line[2:])
        else:
            assert line in shown, f"line {block.line}: {line!r} is not in what was printed:\n{shown}"


def run_command(folder: Path, line: str) -> str:
    """Runs a segkit command; of any other, checks that what it names is there."""
    words = shlex.split(line)
    if words[0] == "segkit":
        done = run(folder, "-m", "segkit.cli", *words[1:])
        allowed = next((codes for word, codes in ANSWERS.items() if word in words), {0})
        assert done.returncode in allowed, f"{line}: exit code {done.returncode}\n{done.stderr}"
        return done.stdout
    if words[0] == "make":
        makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), line
    elif words[:2] == ["python", "-m"]:
        assert (REPOSITORY / (words[2].replace(".", "/") + ".py")).is_file(), line
    else:
        assert words[:2] == ["pip", "install"], f"how is this tested? {line}"
    return ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_snippets_and_commands_run(document: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    # Python blocks of docs/model.md build on each other; elsewhere each stands alone.
    together = "The snippets build on each other" in document.read_text(encoding="utf-8")
    before, printed = "", ""
    for block in blocks(document):
        if block.kind == "python":
            if "cdktf" in block.text:
                request.getfixturevalue("node")
            printed = run_program(tmp_path, Block(block.kind, before + block.text, block.line))
            before += block.text if together else ""
        elif block.kind == "output":
            assert block.text == printed, f"line {block.line}: printed was\n{printed}"
        elif block.kind == "yaml":
            keep_file(tmp_path, block)
        elif block.kind == "console":
            run_commands(tmp_path, block)
        else:
            assert block.kind == "text", f"line {block.line}: a block of kind {block.kind!r}"


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such heading"


def test_every_decision_is_listed() -> None:
    folder = REPOSITORY / "docs" / "decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    for entry in folder.glob("[0-9]*.md"):
        assert entry.name in listed, f"{entry.name} is not in docs/decisions/README.md"


def test_the_map_shows_what_is_there() -> None:
    text = (REPOSITORY / "docs/architecture.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:segkit|stacks|examples|scripts|tests|docs)/[\w./-]*)`", text):
        assert (REPOSITORY / path).exists(), f"docs/architecture.md names {path}"
    for layer in sorted((REPOSITORY / "segkit").iterdir()):
        if layer.is_dir() and (layer / "__init__.py").is_file():
            assert f"segkit/{layer.name}/" in text, f"docs/architecture.md does not show {layer.name}"


def test_every_command_and_option_is_described() -> None:
    from segkit.cli.main import app

    text = (REPOSITORY / "docs/cli.md").read_text(encoding="utf-8")
    group = typer.main.get_group(app)
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None and f"segkit {name}" in text, name
        for parameter in command.params:
            for option in (o for o in parameter.opts if o.startswith("--") and o != "--help"):
                assert f"{option}" in text, f"segkit {name} {option}"
    for parameter in group.params:
        for option in (o for o in parameter.opts if o.startswith("--") and o != "--help"):
            assert option in text, option


@pytest.mark.parametrize(
    ("name", "placement"),
    [("aws", "AwsPlacement"), ("azure", "AzurePlacement"), ("google", "GooglePlacement")],
)
def test_a_platforms_page_names_every_quota_residual_and_argument(name: str, placement: str) -> None:
    from dataclasses import fields
    from importlib import import_module

    parts = {part: import_module(f"segkit.platforms.{name}.{part}") for part in ("limits", "placement")}
    text = (REPOSITORY / f"docs/{name}.md").read_text(encoding="utf-8")
    arguments = (f.name for f in fields(getattr(parts["placement"], placement)))
    names = {*parts["limits"].QUOTAS, *platform(name).capabilities.residuals, *arguments}
    assert [name for name in sorted(names) if name not in text] == []
    rows = [f"| `{quota}` | {known.default:,} |" for quota, known in parts["limits"].QUOTAS.items()]
    assert [row for row in rows if row not in text] == []
