"""`segkit verify`: read emitted Terraform back and compare what it lets through with the intent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segkit.cli.exits import Exit
from segkit.cli.guard import guarded
from segkit.cli.options import DEFAULT_OUT, FormatOption, SinceOption
from segkit.cli.output import EVERYTHING, Format, emit
from segkit.progress import step


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(guarded(verify))


def verify(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="[PATH]", help="A cdktf output folder, or one Terraform JSON file of a stack."
        ),
    ] = DEFAULT_OUT,
    intent: Annotated[
        str | None,
        typer.Option(
            "--intent",
            metavar="MODEL",
            help="An intent: its name in the folder, a file, or a Python program. Default: all there.",
        ),
    ] = None,
    stack: Annotated[
        str | None, typer.Option("--stack", help="The stack to read, where the folder has several.")
    ] = None,
    form: FormatOption = Format.text,
    everything: Annotated[bool, typer.Option("--all", help="List everything, however long.")] = False,
    since: SinceOption = None,
) -> Exit:
    """Prove that the emitted Terraform means what the intent says.

    After the first of two applies: that it lets pass what both intents allow, and closes what both deny.
    Leaves with 0 when every proof is equal, or between; with 1 when one differs or could not be made.
    """
    from segkit.cli.pairing import pairs
    from segkit.compiler import compile_model
    from segkit.report import proof as report
    from segkit.report.page import BLANK
    from segkit.verify import proved

    proofs = []
    for pair in pairs(path, intent, stack, since):
        with step(f"Proving {pair.subject}"):
            proofs.append((pair.subject, proved(compile_model(pair.model, pair.since), pair.document)))
    most = EVERYTHING if everything else 50
    emit(
        form,
        "verify",
        lambda: tuple(part for name, p in proofs for part in (*report.page(name, p, most), BLANK))[:-1],
        lambda: {"ok": all(p.ok for _, p in proofs), "proofs": [report.data(name, p) for name, p in proofs]},
    )
    return Exit.OK if all(p.ok for _, p in proofs) else Exit.NO
