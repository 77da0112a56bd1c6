"""`segkit quota`: what targets use of their platforms' quotas, and which encodings would do instead."""

from __future__ import annotations

from typing import Annotated

import typer

from segkit.cli.exits import Exit
from segkit.cli.guard import guarded
from segkit.cli.options import DEFAULT_OUT, FormatOption, IntentOption, OutOption
from segkit.cli.output import Format, emit
from segkit.cli.show import ModelArgument


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("quota")(guarded(quota))


def quota(
    model: ModelArgument = None,
    intent: IntentOption = None,
    out: OutOption = DEFAULT_OUT,
    form: FormatOption = Format.text,
    target: Annotated[
        str | None, typer.Option("--target", help="Only this target. Default: all of them.")
    ] = None,
) -> Exit:
    """Show what each target uses of its quotas, and the encodings that would mean the same.

    Exit code 1: some target is over quota as it is pinned.
    """
    from segkit.cli.source import chosen
    from segkit.compiler import quota_reports
    from segkit.report import quotas

    reports = quota_reports(chosen(model or intent, out), target)
    emit(form, "quota", lambda: quotas.page(reports), lambda: quotas.data(reports))
    return Exit.OK if all(quotas.fits(r) for r in reports) else Exit.NO
