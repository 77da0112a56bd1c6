"""How wide the columns of a table are: as wide as their text, or as fair as the room allows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

FIRM_MOST = 24
_LOOSE_MOST = 16


def fit(columns: Sequence[Sequence[str]], firm: Sequence[bool], room: int, gap: int = 3) -> list[int]:
    """A width for each column of texts, so that all of them and the gaps between fit into `room` characters.

    The widest column gives way first, down to its longest word while another can still give; the text of a
    firm column is broken last. Every column keeps one character.

    >>> fit([["name", "web"], ["selector", "x" * 50]], [True, False], 40)
    [4, 33]
    """
    widths = [min(room, max(map(cell_len, texts), default=1)) or 1 for texts in columns]
    spare = sum(widths) + gap * (len(widths) - 1) - room
    for floors in (
        [_floor(texts, is_firm, width) for texts, is_firm, width in zip(columns, firm, widths, strict=True)],
        [1] * len(widths),
    ):
        while spare > 0:
            loose = [n for n, floor in enumerate(floors) if widths[n] > floor]
            if not loose:
                break
            widest = max(loose, key=lambda n: (widths[n], n))
            widths[widest] -= 1
            spare -= 1
    return widths


def _floor(texts: Sequence[str], firm: bool, width: int) -> int:
    if firm:
        return min(width, FIRM_MOST)
    return min(
        width, _LOOSE_MOST, max((cell_len(word) for text in texts for word in text.split()), default=1)
    )
