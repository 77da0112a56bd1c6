"""Problems and warnings, all at once, each with its place and its way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from segkit.errors import Problem
from segkit.report.page import Cell, Line, Page, Tone, count, line

Noun = Literal["error", "warning"]
_TONES: dict[Noun, Tone] = {"error": "bad", "warning": "warn"}


def page(found: Sequence[Problem], noun: Noun = "error") -> Page:
    """Every problem as lines: where and what, then why and fix."""
    head = [line(Cell(count(len(found), noun), _TONES[noun]))] if len(found) > 1 else []
    return tuple(head + [part for problem in found for part in _lines(problem, noun)])


def _lines(problem: Problem, noun: Noun) -> list[Line]:
    # A problem may carry a list of its own (a proof, a count of quotas): each line of it is a line here.
    first, *more = problem.what.split("\n")
    place = [Cell(f"{problem.where}: ", "dim")] if problem.where else []
    lines = [line(Cell(f"{noun}: ", _TONES[noun]), *place, first)]
    lines += [line(text, indent=2) for text in more]
    for name, value in (("why", problem.why), ("fix", problem.fix)):
        if value:
            lines.append(line(Cell(f"{name}: ", "dim"), value, indent=1))
    return lines
