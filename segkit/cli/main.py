"""The `segkit` command: global options and the table of commands, which import what they need when run."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Annotated

import typer

from segkit.cli import check, lint, new, quota, schema, show, synth, verify
from segkit.cli.exits import HELP

app = typer.Typer(
    name="segkit",
    help="Network segmentation as code: compile, prove and explain zones and label policies.",
    epilog=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (synth, verify, show, check, lint, quota, schema, new):
    part.register(app)


class LogLevel(StrEnum):
    """How much is logged to stderr."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


def _version(asked: bool) -> None:
    if asked:
        from segkit import __version__

        typer.echo(f"segkit {__version__}")
        raise typer.Exit()


@app.callback()
def main(
    log_level: Annotated[
        LogLevel, typer.Option("--log-level", envvar="SEGKIT_LOG_LEVEL", help="How much to log to stderr.")
    ] = LogLevel.warning,
    version: Annotated[  # noqa: ARG001 (its callback does the work)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Network segmentation as code: compile, prove and explain zones and label policies."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=log_level.value.upper(), handlers=[handler], force=True)


class _OneLine(logging.Formatter):
    """Log messages quote labels and file contents; they get no say over the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        from segkit.report.safe import printable

        # A traceback keeps its lines; each by itself is made harmless.
        return "\n".join(printable(part) for part in super().format(record).split("\n"))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name that logging calls)
        from segkit.report.safe import printable

        return printable(super().formatMessage(record))


if __name__ == "__main__":
    app()
