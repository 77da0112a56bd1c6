"""`segkit lint`: what could be better kept."""

from __future__ import annotations

import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segkit.cli.exits import Exit
from segkit.cli.guard import guarded
from segkit.cli.options import DEFAULT_OUT, IntentOption, OutOption
from segkit.cli.output import EVERYTHING, Format, emit
from segkit.cli.show import ModelArgument
from segkit.errors import Problem, SegkitError
from segkit.report.safe import printable

if TYPE_CHECKING:
    from segkit.model.model import Model


class LintFormat(StrEnum):
    """How findings are written. SARIF is what code hosts show in pull requests."""

    text = "text"
    json = "json"
    markdown = "markdown"
    sarif = "sarif"


class FailOn(StrEnum):
    """The least severe finding that fails the run."""

    error = "error"
    warning = "warning"
    info = "info"
    never = "never"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("lint")(guarded(lint))


def lint(
    model: ModelArgument = None,
    intent: IntentOption = None,
    out: OutOption = DEFAULT_OUT,
    form: Annotated[LintFormat, typer.Option("--format", help="How the findings are written.")] = (
        LintFormat.text
    ),
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="The least severe finding that gives exit code 1.")
    ] = (FailOn.error),
    today: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], envvar="SEGKIT_TODAY", help="The day to judge by. Default: today in UTC."
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Tell every finding, however many.")] = False,
    repair: Annotated[
        bool,
        typer.Option("--fix", help="Take rules that could go out of YAML policy files, if the intent stays."),
    ] = False,
) -> Exit:
    """Find what is expired or about to be, unlabelled, too broad, nobody's, or of no effect."""
    from segkit.cli.source import chosen
    from segkit.report import findings
    from segkit.verify.finding import SEVERITIES
    from segkit.verify.lint import lint as find

    read = chosen(model or intent, out)
    if repair:
        read = _fixed(model or intent, read)
    found = find(read, today.date() if today else _today())
    if form is LintFormat.sarif:
        from segkit.report import sarif

        sys.stdout.write(sarif.render(found, Path.cwd()))
    else:
        emit(
            Format(form),
            "lint",
            lambda: findings.page(found, EVERYTHING if everything else 10),
            lambda: findings.data(found),
        )
    if fail_on is FailOn.never:
        return Exit.OK
    bad = SEVERITIES[: SEVERITIES.index(fail_on.value) + 1]
    return Exit.NO if any(f.severity in bad for f in found) else Exit.OK


def _fixed(origin: str | None, read: Model) -> Model:
    from segkit.cli.lint_fix import fix

    if origin is None:
        what = "--fix changes YAML policy files, and none was named"
        raise SegkitError(Problem(what, fix="name the policy file or folder: segkit lint policies --fix"))
    done = fix(origin, read)
    for rule in done.rules:
        sys.stderr.write(printable(f"removed rule {rule.id} from {rule.where}") + "\n")
    return done.model


def _today() -> date:
    from datetime import UTC

    return datetime.now(UTC).date()
