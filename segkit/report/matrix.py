"""The zone matrix: what may flow from each zone to each other, to the internet and to the rest.

A grid gives the overview in the width at hand; below it every pair that allows anything stands with its exact
services. "All" means that every workload of the source reaches every workload of the destination.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from segkit.intent import MatrixEntry
from segkit.model.model import Model
from segkit.report.estate import not_enforcing
from segkit.report.page import BLANK, Cell, Page, Table, Tone, count, line, table
from segkit.sets import ANY, ServiceSet, icmp, icmpv6

_TITLE = "Who may open connections to whom (row to column)"
_WORD_GAP, _SIGN_GAP = 2, 1
_ITEM_MOST = 15
_ITEMS_MOST = 3


def page(entries: Sequence[MatrixEntry], model: Model, width: int) -> Page:
    """The matrix for a person, at most `width` columns wide."""
    open_pairs = [e for e in entries if e.some]
    grid = _grid(entries, width)
    detail = table(
        ("From", "To", "All of them may use", "Only some of them may use"),
        ((e.source, e.destination, _services(e.every), _services(e.some - e.every)) for e in open_pairs),
        title="Exact services",
        empty="no zone may reach another",
    )
    silent = len(entries) - len(open_pairs)
    return (
        *grid,
        *not_enforcing(model),
        BLANK,
        detail,
        line(Cell(f"{count(silent, 'pair')} not listed: nothing is allowed.", "dim")),
    )


def data(entries: Sequence[MatrixEntry]) -> dict[str, Any]:
    """The matrix for a machine: every ordered pair, allowed or not."""
    return {
        "pairs": [
            {
                "source": e.source,
                "destination": e.destination,
                "every": str(e.every),
                "some": str(e.some),
            }
            for e in entries
        ]
    }


def _grid(entries: Sequence[MatrixEntry], width: int) -> Page:
    """Sources down, destinations across: with services where they fit, else with signs, else left out."""
    sources = tuple(dict.fromkeys(e.source for e in entries))
    reached = {e.destination for e in entries}
    both = dict.fromkeys([*sources, *(e.destination for e in entries)])
    destinations = tuple(name for name in both if name in reached)
    found = {(e.source, e.destination): e for e in entries}
    words = [(Cell(s, "strong"), *(_words(found.get((s, d))) for d in destinations)) for s in sources]
    head = ("", *destinations)
    longest = [max(_longest_word(row[n].text) for row in (*words, _cells(head))) for n in range(1, len(head))]
    lead = max((_longest_word(s) for s in sources), default=0)
    if lead + sum(_WORD_GAP + n for n in longest) <= width:
        legend = 'Legend: "-" nothing; "any" every service, ICMP aside; "most" every service but a few;'
        more = '"+n" n more; "~" not for all of the workloads. Exact services follow.'
        grid = Table(head, tuple(words), _TITLE, gap=_WORD_GAP)
        return grid, line(Cell(legend, "dim")), line(Cell(more, "dim"))
    return _signs(sources, destinations, found, width)


def _signs(
    sources: Sequence[str],
    destinations: Sequence[str],
    found: Mapping[tuple[str, str], MatrixEntry],
    width: int,
) -> Page:
    """The grid for many zones: columns are numbered and a cell is one sign."""
    marks = [str(n) for n in range(1, len(destinations) + 1)]
    lead = max((len(s) for s in sources), default=0) + 3
    if lead + sum(len(m) + _SIGN_GAP for m in marks) > width:
        return (
            line(Cell(_TITLE, "strong")),
            line("Too many zones for a grid in this width; the list is whole."),
        )
    # A destination has the number of its own row, so that the reader finds a column by a row.
    number = dict(zip(destinations, marks, strict=True))
    rows = [
        (
            Cell(f"{number.get(s, ''):>{len(marks[-1])}} {s}", "strong"),
            *(_sign(found.get((s, d))) for d in destinations),
        )
        for s in sources
    ]
    legend = 'Legend: "." nothing; "o" some services; "A" every service; "~" only some of the workloads.'
    unseen = [f"{n} = {d}" for d, n in number.items() if d not in sources]
    rest = (line(Cell("Columns: " + ", ".join(unseen), "dim")),) if unseen else ()
    return Table(("", *marks), tuple(rows), _TITLE, gap=_SIGN_GAP), line(Cell(legend, "dim")), *rest


def _words(entry: MatrixEntry | None) -> Cell:
    """A grid cell with a few services; what is too long or too much is counted."""
    if entry is None or not entry.some:
        return Cell("-", "dim")
    partly = "~" if _partial(entry) else ""
    tone: Tone = "warn" if is_any(entry.some) else "good"
    text = str(entry.some)
    if is_any(entry.some) or text.startswith("any"):
        return Cell(partly + ("any" if is_any(entry.some) else "most"), tone)
    items = [partly + i for i in _items(text)]
    shown = [i for i in items if len(i) <= _ITEM_MOST][:_ITEMS_MOST]
    left = len(items) - len(shown)
    return Cell(" ".join(shown + ([f"{partly}+{left}"] if left else [])), tone)


def _items(text: str) -> list[str]:
    """Each port range or type of a canonical service text by itself.

    >>> _items("tcp/80,443; 47")
    ['tcp/80', 'tcp/443', '47']
    """
    heads = [item.partition("/") for item in text.split("; ")]
    return [f"{head}{slash}{part}" for head, slash, tail in heads for part in tail.split(",")]


def _longest_word(text: str) -> int:
    return max((len(word) for word in text.split()), default=0)


def _cells(texts: Sequence[str]) -> tuple[Cell, ...]:
    return tuple(Cell(t) for t in texts)


def _sign(entry: MatrixEntry | None) -> Cell:
    if entry is None or not entry.some:
        return Cell(".", "dim")
    if _partial(entry):
        return Cell("~", "warn")
    return Cell("A", "warn") if is_any(entry.some) else Cell("o", "good")


def is_any(services: ServiceSet) -> bool:
    """Every service, ICMP aside: no IPv4 flow has ICMPv6 and no IPv6 flow ICMP, so `any` seldom holds both.

    >>> is_any(ANY - icmpv6())
    True
    """
    return ANY - icmp() - icmpv6() <= services


def _partial(entry: MatrixEntry) -> bool:
    """Is there something that only some workloads may use? Of `any`, ICMP does not count: see `is_any`."""
    return entry.some != entry.every and not is_any(entry.every)


def _services(services: ServiceSet) -> Cell:
    if not services:
        return Cell("-", "dim")
    return Cell(str(services), "warn" if is_any(services) else "plain")
