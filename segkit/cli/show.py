"""`segkit show`: what is declared and what it means."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from segkit.cli.exits import Exit
from segkit.cli.guard import guarded
from segkit.cli.options import DEFAULT_OUT, FormatOption, IntentOption, OutOption
from segkit.cli.output import Format, emit, width_of
from segkit.progress import step

ModelArgument: TypeAlias = Annotated[
    str | None, typer.Argument(metavar="[MODEL]", help="The same as --intent.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    shows = typer.Typer(help="Show zones, groups, rules, or the zone matrix.", no_args_is_help=True)
    for command in (zones, groups, matrix, rules):
        shows.command()(guarded(command))
    app.add_typer(shows, name="show")


def zones(
    model: ModelArgument = None,
    intent: IntentOption = None,
    out: OutOption = DEFAULT_OUT,
    form: FormatOption = Format.text,
) -> Exit:
    """The zones with their class, mode and workloads, and who is in none."""
    from segkit.cli.source import chosen
    from segkit.report import estate

    read = chosen(model or intent, out)
    emit(form, "zones", lambda: estate.zones_page(read), lambda: estate.zones_data(read))
    return Exit.OK


def groups(
    model: ModelArgument = None,
    intent: IntentOption = None,
    out: OutOption = DEFAULT_OUT,
    form: FormatOption = Format.text,
) -> Exit:
    """The groups and who is in them."""
    from segkit.cli.source import chosen
    from segkit.report import estate

    read = chosen(model or intent, out)
    emit(form, "groups", lambda: estate.groups_page(read), lambda: estate.groups_data(read))
    return Exit.OK


def rules(
    model: ModelArgument = None,
    intent: IntentOption = None,
    out: OutOption = DEFAULT_OUT,
    form: FormatOption = Format.text,
) -> Exit:
    """Every rule in the order of evaluation."""
    from segkit.cli.source import chosen
    from segkit.report import estate

    read = chosen(model or intent, out)
    emit(form, "rules", lambda: estate.rules_page(read), lambda: estate.rules_data(read))
    return Exit.OK


def matrix(
    model: ModelArgument = None,
    intent: IntentOption = None,
    out: OutOption = DEFAULT_OUT,
    form: FormatOption = Format.text,
) -> Exit:
    """What may flow from each zone to each other, to the internet and to what is in no zone."""
    from segkit.cli.source import chosen
    from segkit.intent import Intent
    from segkit.intent import matrix as entries_of
    from segkit.report import matrix as report

    read = chosen(model or intent, out)
    with step("Working out who reaches whom"):
        entries = entries_of(Intent(read))
    emit(form, "matrix", lambda: report.page(entries, read, width_of(form)), lambda: report.data(entries))
    return Exit.OK
