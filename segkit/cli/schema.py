"""`segkit schema`: the JSON schemas of the files, for editors and other programs."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from segkit.cli.exits import Exit
from segkit.cli.guard import guarded


class Kind(StrEnum):
    """What there is a schema of."""

    policy = "policy"
    labels = "labels"
    inventory = "inventory"
    intent = "intent"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema")(guarded(schema))


def schema(
    kind: Annotated[
        Kind, typer.Argument(metavar="[KIND]", help="policy, labels, inventory or intent.")
    ] = Kind.policy,
) -> Exit:
    """Print the JSON schema of a kind of file.

    Editors complete and check with it: begin a YAML file with the line
    `# yaml-language-server: $schema=<path of the schema>`.
    """
    from segkit.model.json_schema import schema_text

    sys.stdout.write(schema_text(kind.value))
    return Exit.OK
