"""Where reports and problems go: reports to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from segkit.errors import Problem
from segkit.report.page import Page

EVERYTHING = 10**9
"""The most entries of a list that a report shows under `--all`."""


class Format(StrEnum):
    """How a report is written."""

    text = "text"
    json = "json"
    markdown = "markdown"


def emit(form: Format, name: str, page: Callable[[], Page], data: Callable[[], Mapping[str, Any]]) -> None:
    """Write a report to stdout. Only the form that was asked for is made."""
    if form is Format.json:
        from segkit.report import json

        sys.stdout.write(json.render(name, data()))
    elif form is Format.markdown:
        from segkit.report import markdown

        sys.stdout.write(markdown.render(page()))
    else:
        from segkit.report import text

        text.show(page(), text.console(sys.stdout))


def width_of(form: Format) -> int:
    """The columns at hand for a report on stdout. A Markdown table needs no limit."""
    if form is Format.markdown:
        return 10_000
    from segkit.report import text

    return text.console(sys.stdout).width


def problems(found: Sequence[Problem], form: Format = Format.text) -> None:
    """Write every problem to stderr, as JSON where that was asked for."""
    from segkit.report import json, text
    from segkit.report.problems import page

    if form is Format.json:
        sys.stderr.write(json.render("error", {"problems": json.problems(found)}))
    else:
        text.show(page(found), text.console(sys.stderr))


def warnings(found: Sequence[Problem]) -> None:
    """Write warnings to stderr. A machine finds them in the report."""
    if found:
        from segkit.report import text
        from segkit.report.problems import page

        text.show(page(found, "warning"), text.console(sys.stderr))
