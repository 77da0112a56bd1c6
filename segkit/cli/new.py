"""`segkit new`: start a policy repository that synths, tests and runs in CI as it stands."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from segkit.cli.exits import Exit
from segkit.cli.guard import guarded
from segkit.cli.options import FormatOption
from segkit.cli.output import Format, emit


class Kind(StrEnum):
    """What the policies are written in."""

    yaml = "yaml"
    python = "python"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("new")(guarded(new))


def new(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The folder to start it in; it may exist.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What the policies are written in.")] = Kind.yaml,
    requirement: Annotated[
        str | None,
        typer.Option(
            "--requirement",
            metavar="TEXT",
            help="What CI installs as segkit, as in requirements.txt; of a wheel the path, which puts it "
            "into the repository. Default: whatever gives it this segkit.",
        ),
    ] = None,
    form: FormatOption = Format.text,
) -> Exit:
    """Start a policy repository: policies, labels, inventory, a test, and a workflow for CI.

    Nothing is overwritten: if any of its files exists, none is written.
    """
    from segkit.cli.scaffold import MODELS, name_for, repository, wanted, write_new
    from segkit.report.page import BLANK, Cell, line

    name = name_for(path.resolve())
    segkit = wanted(requirement)
    made = repository(kind.value, name, segkit)
    write_new(path, made)
    steps = (
        f"cd {shlex.quote(str(path))}",
        "python -m venv .venv && . .venv/bin/activate",
        "python -m pip install -r requirements.txt",
        "make ci",
    )
    emit(
        form,
        "new",
        lambda: (
            line(Cell(f"started {name} in {path}", "good")),
            *(line(f"wrote {file}", indent=1) for file in made),
            BLANK,
            line(f"CI installs {segkit.requirement}, as requirements.txt says. Next:"),
            *(line(step, indent=1) for step in steps),
            *((BLANK, line(Cell(segkit.note, "warn"))) if segkit.note else ()),
        ),
        lambda: {
            "name": name,
            "model": MODELS[kind.value],
            "requirement": segkit.requirement,
            "note": segkit.note,
            "written": list(made),
        },
    )
    return Exit.OK
