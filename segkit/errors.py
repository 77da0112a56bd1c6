"""What segkit says when something is wrong: every problem at once, each with its place and its fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass


class Place(str):
    """Where something is declared, as `file:line`, that can also tell the column, and the place of each part.

    `find` gives `file:line:column` of a part by the steps to it: keys, positions, what a part stands for.
    Finding costs more than all else about a place, so that only a `Problem` asks for it.

    >>> rule = Place("a.yaml:4", lambda steps: "a.yaml:6:17" if steps == ("services",) else "a.yaml:4:7")
    >>> rule, Problem("too old", rule).where, Problem("no port", part(rule, "services")).where
    ('a.yaml:4', 'a.yaml:4:7', 'a.yaml:6:17')
    """

    __slots__ = ("_find", "_steps")
    _find: Callable[[tuple[Hashable, ...]], str]
    _steps: tuple[Hashable, ...]

    def __new__(
        cls, text: str, find: Callable[[tuple[Hashable, ...]], str], steps: tuple[Hashable, ...] = ()
    ) -> Place:
        """A place that is known as `text`."""
        made = str.__new__(cls, text)
        made._find, made._steps = find, steps
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        # A copy that leaves the process leaves the file behind.
        return str, (str(self),)

    @property
    def exact(self) -> str:
        """`file:line:column`."""
        return self._find(self._steps)

    def part(self, *steps: Hashable) -> Place:
        """The place of a part, which for now is known by the same text."""
        return Place(self, self._find, (*self._steps, *steps))


def exact(where: str) -> str:
    """A place to the column, where a `Place` knows it."""
    return where.exact if isinstance(where, Place) else where


def part(where: str, *steps: Hashable) -> str:
    """The place of a part of what is declared at `where`; `where` itself where nobody knows more."""
    return where.part(*steps) if isinstance(where, Place) else where


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One thing that is wrong.

    `what` is the finding, `where` a file and line (and column, where a `Place` knows it) or a construct path,
    `why` the reason it matters, `fix` the way out.

    >>> print(Problem("unknown label key 'rol'", "labels.yaml:3", fix="did you mean 'role'?").text())
    labels.yaml:3: unknown label key 'rol'
      fix: did you mean 'role'?
    """

    where: str
    what: str
    why: str
    fix: str

    def __init__(self, what: str, where: str = "", why: str = "", fix: str = "") -> None:
        where = exact(where)
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
