"""Digests of all rows, in this process or in several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from multiprocessing import Pool

from segkit.intent.digests.board import FEW, Board, boards
from segkit.intent.digests.fingerprint import sealed
from segkit.intent.digests.painting import Painter
from segkit.intent.engine import Intent

Found = tuple[tuple[int, ...], bytes]
"""Cells that have one row, and its digest."""

_PORTION = 32
"""Bases that a process takes at a time."""

_painters: list[Painter] = []
"""Those of a process that was started to evaluate some portions."""


def row_digests(intent: Intent, key: bytes, processes: int = 1, few: float = FEW) -> list[bytes]:
    """32 bytes for each cell: equal where `Intent.row` is equal, and different where it differs, but for a
    chance below 2^-128. Those of two intents on the same cells compare too, when made with the same key.

    The key makes equality worth believing: draw it at random (`secrets.token_bytes(32)`) and keep it from
    whoever writes the policies. More than one process is for programs of your own: where Python starts
    processes anew instead of forking, they import your main module (see `multiprocessing`). `few` is the
    share of cells up to which a rule's source counts as narrow; digests do not depend on it, only the time.

    >>> from datetime import date
    >>> from segkit.model.model import Model
    >>> digests = row_digests(Intent(Model("empty", date(2026, 1, 1))), b"secret")
    >>> len(set(digests))
    1
    """
    out = [b""] * len(intent.cells)
    for cells, digest in _everything(boards(intent, key, few), key, processes):
        for cell in cells:
            out[cell] = digest
    return out


def _everything(found: Sequence[Board], key: bytes, processes: int) -> Iterator[Found]:
    painters = [Painter(board, key) for board in found]
    portions = [
        (which, start) for which, board in enumerate(found) for start in range(0, len(board.bases), _PORTION)
    ]
    if processes == 1:
        for which, start in portions:
            yield from _some(painters[which], start)
        return
    with Pool(processes, _begin, (painters,)) as pool:
        for some in pool.imap_unordered(_portion, portions):
            yield from some


def _begin(painters: Sequence[Painter]) -> None:
    _painters[:] = painters


def _portion(portion: tuple[int, int]) -> list[Found]:
    which, start = portion
    return list(_some(_painters[which], start))


def _some(painter: Painter, start: int) -> Iterator[Found]:
    for base in painter.board.bases[start : start + _PORTION]:
        for cells, lanes in painter.rows(base):
            yield cells, sealed(lanes, painter.key)
