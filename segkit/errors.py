"""What segkit says when something is wrong: every problem at once, each with its place and its fix."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One thing that is wrong.

    `what` is the finding, `where` a file and line or a construct path, `why` the reason it matters, `fix` the
    way out.

    >>> print(Problem("unknown label key 'rol'", "labels.yaml:3", fix="did you mean 'role'?").text())
    labels.yaml:3: unknown label key 'rol'
      fix: did you mean 'role'?
    """

    where: str
    what: str
    why: str
    fix: str

    def __init__(self, what: str, where: str = "", why: str = "", fix: str = "") -> None:
        for name, value in (("what", what), ("where", where), ("why", why), ("fix", fix)):
            object.__setattr__(self, name, value)

    def advise(self, more: str) -> Problem:
        """The same problem with one more way out."""
        return Problem(self.what, self.where, self.why, f"{self.fix}; {more}" if self.fix else more)

    def text(self) -> str:
        """The problem as lines of plain text."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        tail = [f"  {name}: {value}" for name, value in (("why", self.why), ("fix", self.fix)) if value]
        return "\n".join([head, *tail])


class SegkitError(Exception):
    """Bad input or an impossible request. `problems` holds every finding, sorted and without repeats.

    >>> str(SegkitError([Problem("b"), Problem("a")])).splitlines()
    ['2 problems:', '1. a', '2. b']
    """

    def __init__(self, problems: Iterable[Problem] | Problem) -> None:
        found = [problems] if isinstance(problems, Problem) else problems
        self.problems: tuple[Problem, ...] = tuple(sorted(set(found), key=_by_place))
        super().__init__(self._text())

    def _text(self) -> str:
        if len(self.problems) == 1:
            return self.problems[0].text()
        lines = [f"{n}. {p.text()}" for n, p in enumerate(self.problems, 1)]
        return "\n".join([f"{len(self.problems)} problems:", *lines])


def _by_place(problem: Problem) -> tuple[list[tuple[int, str]], Problem]:
    """Line 9 comes before line 10."""
    place = [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", problem.where)]
    return place, problem
