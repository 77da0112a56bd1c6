"""`segkit check`: may this reach that, and why?"""

from __future__ import annotations

from typing import Annotated

import typer

from segkit.cli.exits import Exit
from segkit.cli.guard import guarded
from segkit.cli.options import DEFAULT_OUT, FormatOption, IntentOption, OutOption
from segkit.cli.output import EVERYTHING, Format, emit
from segkit.progress import step

_EXITS = {"allow": Exit.OK, "deny": Exit.NO, "mixed": Exit.MIXED}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(guarded(check))


def check(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="A group, zone, workload, address set, address, CIDR or selector; internet, anywhere or "
            "outside. Where a name means two things, say which: group:web.",
        ),
    ],
    destination: Annotated[str, typer.Argument(metavar="DST", help="The same for the other end.")],
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help='"tcp/443", "icmp/8", "any", or a name: "https".')
    ],
    intent: IntentOption = None,
    out: OutOption = DEFAULT_OUT,
    form: FormatOption = Format.text,
    everything: Annotated[bool, typer.Option("--all", help="Tell every case, however many.")] = False,
) -> Exit:
    """May SRC reach DST with SERVICE, and what decided it?

    Leaves with 0 when all of it is allowed, 1 when all of it is denied, 3 when part of it is.
    """
    from segkit.cli.services import read_service
    from segkit.cli.source import chosen
    from segkit.intent import Intent, explain
    from segkit.report import explanation

    model = chosen(intent, out)
    wanted = read_service(service, model)
    with step("Working out who reaches whom"):
        found = explain(Intent(model), source, destination, wanted)
    asked = (source, destination, service)
    most = EVERYTHING if everything else 20
    emit(
        form,
        "check",
        lambda: explanation.page(asked, found, model, most),
        lambda: explanation.data(asked, found, model),
    )
    return _EXITS[found.verdict]
