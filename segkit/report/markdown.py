"""Pages as Markdown, for a pull request or a wiki."""

from __future__ import annotations

from segkit.report.page import Cell, Line, Page, Table, Tone
from segkit.report.safe import markdown_text

_STRONG: frozenset[Tone] = frozenset({"bad", "strong"})


def render(page: Page) -> str:
    """A page as GitHub-flavoured Markdown; untrusted text shows as it is.

    >>> from segkit.report.page import table
    >>> print(render((table(["zone"], [["a|b"]]),)), end="")
    | zone |
    | --- |
    | a\\|b |
    """
    parts = [_table(p) if isinstance(p, Table) else _line(p) for p in page]
    return "\n".join(parts).rstrip("\n") + "\n"


def _line(part: Line) -> str:
    text = "".join(_cell(c) for c in part.cells)
    if not part.cells:
        return ""
    # Lines at the margin are paragraphs; indented ones are items of a list.
    return f"{'  ' * (part.indent - 1)}- {text.strip()}" if part.indent else text + "  "


def _table(part: Table) -> str:
    title = f"**{markdown_text(part.title)}**\n\n" if part.title else ""
    if not part.rows:
        return f"{title}{markdown_text(part.empty)}\n"
    head = [[markdown_text(c) for c in part.columns], ["---"] * len(part.columns)]
    rows = head + [[_cell(c) for c in row] for row in part.rows]
    return title + "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _cell(cell: Cell) -> str:
    text = markdown_text(cell.text)
    return f"**{text}**" if cell.tone in _STRONG and text.strip() else text
