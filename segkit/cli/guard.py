"""The one way out of every command: failures become messages and exit codes, never bare tracebacks."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, ParamSpec

import typer

from segkit.cli.exits import Exit
from segkit.cli.output import Format, problems
from segkit.cli.progress import bars
from segkit.errors import Problem, SegkitError

P = ParamSpec("P")
log = logging.getLogger("segkit")


def guarded(command: Callable[P, Exit]) -> Callable[P, None]:
    """A command that leaves with the exit code it returns, or with the one its failure stands for.

    typer calls commands by keyword and reads the signature through `functools.wraps`.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        _tolerate_any_text()
        try:
            code = _outcome(lambda: command(*args, **kwargs), kwargs.get("form"))
            sys.stdout.flush()
        except BrokenPipeError:
            _silence_stdout()
            code = Exit.PIPE_CLOSED
        raise typer.Exit(int(code))

    return run


def _outcome(command: Callable[[], Exit], form: object) -> Exit:
    # A command may know more forms than problems have: to a machine they are told as JSON.
    shown = form if isinstance(form, Format) else Format.json if form in ("json", "sarif") else Format.text
    try:
        with bars():
            return command()
    except SegkitError as error:
        problems(error.problems, shown)
        return Exit.BAD_INPUT
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:
        log.debug("traceback of the failure", exc_info=True)
        fix = "run again with --log-level debug before the command and report the traceback"
        problems(
            [Problem(f"segkit failed: {type(error).__name__}: {error}", why="this is a bug", fix=fix)], shown
        )
        return Exit.BUG


def _tolerate_any_text() -> None:
    """A stream that cannot encode a character writes its number; a label must never stop a report."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def _silence_stdout() -> None:
    """Python flushes stdout once more at its end; with the reader gone that would fail loudly."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
