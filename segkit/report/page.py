"""What a report says, apart from how it is shown: lines and tables of cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Tone = Literal["plain", "good", "bad", "warn", "dim", "strong"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of untrusted text and how it should strike the reader."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, indented by `indent` steps."""

    cells: tuple[Cell, ...] = ()
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column titles. `empty` is what to say when there are no rows.

    `firm` names the columns whose text should not be broken as long as there is room; `gap` is how far apart
    columns are.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    empty: str = "none"
    firm: frozenset[str] = frozenset()
    gap: int = 3


Page: TypeAlias = tuple[Line | Table, ...]

BLANK = Line()


def line(*parts: str | Cell, indent: int = 0) -> Line:
    """A line from texts and cells, joined without spaces.

    >>> line("status ", Cell("equal", "good")).cells[1].tone
    'good'
    """
    return Line(tuple(_cell(p) for p in parts), indent)


def table(
    columns: Iterable[str],
    rows: Iterable[Iterable[str | Cell]],
    title: str = "",
    empty: str = "none",
    firm: Iterable[str] = (),
    optional: Iterable[str] = (),
) -> Table:
    """A table from texts and cells. An `optional` column that says "-" in every row is left out."""
    names = tuple(columns)
    body = [tuple(_cell(c) for c in row) for row in rows]
    kept = [
        n
        for n, name in enumerate(names)
        if name not in set(optional) or any(row[n].text != "-" for row in body)
    ]
    cut = tuple(tuple(row[n] for n in kept) for row in body)
    return Table(tuple(names[n] for n in kept), cut, title, empty, frozenset(firm))


def shorten(text: str, most: int = 4) -> str:
    """A list of addresses as one can read it: a long one by its first entries and the number of the others.

    >>> shorten("10.0.0.0/9, 10.128.0.0/10, 10.192.0.0/11, 10.224.0.0/12, 10.240.0.0/13", most=4)
    '10.0.0.0/9, 10.128.0.0/10, 10.192.0.0/11 and 2 more'
    """
    parts = text.split(", ")
    return text if len(parts) <= most else f"{', '.join(parts[: most - 1])} and {len(parts) - most + 1} more"


def count(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun.

    >>> count(1, "rule"), count(2, "policy", "policies")
    ('1 rule', '2 policies')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _cell(part: str | Cell) -> Cell:
    return part if isinstance(part, Cell) else Cell(part)
