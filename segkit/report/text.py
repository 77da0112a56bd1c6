"""Pages on a terminal or in a pipe.

Text is never cut: a cell too wide for its column goes on below. Colour appears on a terminal only, and not
when NO_COLOR is set. A pipe gets ASCII rules and a fixed width (COLUMNS, or 100), so that output can be
compared.
"""

from __future__ import annotations

import os
from io import StringIO
from typing import TextIO

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from segkit.report.page import Cell, Line, Page, Table, Tone
from segkit.report.safe import printable
from segkit.report.widths import fit

PIPE_WIDTH = 100
_INDENT = "  "
_STYLES: dict[Tone, str] = {
    "plain": "",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "dim": "dim",
    "strong": "bold",
}
_PLAIN = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


def console(stream: TextIO) -> Console:
    """A console on `stream` that reads no markup, emoji or highlighting into what it prints."""
    terminal = stream.isatty()
    return Console(
        file=stream,
        width=None if terminal else pipe_width(),
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
        # TERM, NO_COLOR and FORCE_COLOR are rich's business on a terminal; a pipe never gets escape codes.
        color_system="auto" if terminal else None,
        force_terminal=None if terminal else False,
        legacy_windows=None if terminal else False,
    )


def pipe_width() -> int:
    """The width for output that is no terminal: COLUMNS when that is a sensible number, else 100."""
    asked = os.environ.get("COLUMNS", "")
    return max(40, int(asked)) if asked.isdecimal() and len(asked) < 6 else PIPE_WIDTH


def show(page: Page, out: Console) -> None:
    """Print a page."""
    for part in page:
        if isinstance(part, Line):
            _show_line(part, out)
        else:
            _show_table(part, out)


def render(page: Page, width: int = PIPE_WIDTH) -> str:
    """A page as plain text.

    >>> from segkit.report.page import line
    >>> render((line("a ", "b"),))
    'a b\\n'
    """
    out = Console(file=StringIO(), width=width, markup=False, emoji=False, highlight=False, color_system=None)
    with out.capture() as caught:
        show(page, out)
    return caught.get()


def _text(cell: Cell) -> Text:
    return Text(printable(cell.text), style=_STYLES[cell.tone], overflow="fold")


def _show_line(part: Line, out: Console) -> None:
    if not part.cells:
        out.print()
        return
    lead = _INDENT * part.indent
    text = Text.assemble(*(_text(c) for c in part.cells))
    # A pipe gets the line whole, for grep. On a terminal what goes on below hangs in.
    room = out.width - len(lead) - len(_INDENT)
    lines = text.wrap(out, room) if out.is_terminal and room > 20 else [text]
    for n, row in enumerate(lines):
        out.print(Text(lead if n == 0 else lead + _INDENT) + row, soft_wrap=True)


def _show_table(part: Table, out: Console) -> None:
    if part.title:
        out.print(Text(printable(part.title), style="bold"))
    if not part.rows:
        out.print(Text(_INDENT + printable(part.empty), style="dim"))
        return
    grid = RichTable(
        box=SIMPLE_HEAD if out.is_terminal else _PLAIN,
        show_edge=False,
        pad_edge=False,
        header_style="bold",
        padding=(0, part.gap - 1, 0, 0),  # and the box draws one blank
    )
    texts = [
        [printable(t) for t in (name, *(row[n].text for row in part.rows))]
        for n, name in enumerate(part.columns)
    ]
    firm = [name in part.firm for name in part.columns]
    widths = fit(texts, firm, out.width, part.gap)
    for head, width in zip(texts, widths, strict=True):
        grid.add_column(Text(head[0]), overflow="fold", width=width)
    for row in part.rows:
        grid.add_row(*(_text(c) for c in row))
    _print_trimmed(grid, out)


def _print_trimmed(grid: RichTable, out: Console) -> None:
    """Print, without the blanks that tables pad their lines with where no terminal shows them."""
    if out.is_terminal:
        out.print(grid)
        return
    with out.capture() as caught:
        out.print(grid)
    for row in caught.get().splitlines():
        out.print(Text(row.rstrip()), soft_wrap=True)
