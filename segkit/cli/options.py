"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from segkit.cli.output import Format

FormatOption: TypeAlias = Annotated[Format, typer.Option("--format", help="How the report is written.")]
IntentOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--intent",
        metavar="MODEL",
        help="An intent: its name under --out, a file, or policy files or a Python program as for `synth`. "
        "Default: the only one under --out.",
    ),
]
OutOption: TypeAlias = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="The cdktf output folder to look for an intent file in.")
]
SinceOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="MODEL",
        help="What is deployed now, as an intent file or any other model: this is then the first of two "
        'applies, in which nothing is taken away. "nothing": the first of all.',
    ),
]
DEFAULT_OUT = Path("cdktf.out")
