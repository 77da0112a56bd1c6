"""Many bitsets at once, as a matrix of bits. A bitset is a Python integer: bit i stands for thing i."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 20
"""How many bits are spread out to bytes at a time: they should stay in the processor's cache."""


def gather(held: Sequence[NDArray[np.intp]], width: int) -> list[int]:
    """Lists of positions below `width` as bitsets.

    >>> gather([np.array([0, 2])], 3)
    [5]
    """
    row = np.zeros(width, np.uint8)
    out = []
    for positions in held:
        row[positions] = 1
        out.append(_number(np.packbits(row, bitorder="little")))
        row[positions] = 0
    return out


def transpose(rows: Sequence[int], width: int) -> list[int]:
    """Turns bitsets over `width` columns into one bitset over rows for each column.

    >>> transpose([0b01, 0b11], 2)
    [3, 2]
    """
    if not rows or not width:
        return [0] * width
    size = (width + 7) // 8
    out = np.zeros((width, (len(rows) + 7) // 8), np.uint8)
    step = max(8, _BLOCK // width // 8 * 8)
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        packed = np.frombuffer(b"".join(row.to_bytes(size, "little") for row in some), np.uint8)
        spread = np.unpackbits(packed.reshape(len(some), size), axis=1, count=width, bitorder="little")
        turned = np.packbits(np.ascontiguousarray(spread.T), axis=1, bitorder="little")
        out[:, start // 8 : start // 8 + turned.shape[1]] = turned
    return [_number(column) for column in out]


def positions(row: int, width: int) -> NDArray[np.intp]:
    """The set bits of a bitset below `width`, ascending.

    >>> positions(0b101, 3).tolist()
    [0, 2]
    """
    # numpy looks for what is true several times faster than for what is not zero.
    return _spread(row, width).view(np.bool_).nonzero()[0]


class Columns:
    """Some columns out of many: bitsets over all become bitsets over these, and back.

    >>> some = Columns(0b1010, 4)
    >>> some.narrow(0b1100), some.widen(0b10)
    (2, 8)
    """

    def __init__(self, chosen: int, width: int) -> None:
        self._width = width
        self._chosen = positions(chosen, width)
        self.all = (1 << len(self._chosen)) - 1

    def narrow(self, row: int) -> int:
        """A bitset over all columns, as one over these."""
        return _number(np.packbits(_spread(row, self._width)[self._chosen], bitorder="little"))

    def widen(self, row: int) -> int:
        """A bitset over these columns, as one over all."""
        out = np.zeros(self._width, np.uint8)
        out[self._chosen] = _spread(row, len(self._chosen))
        return _number(np.packbits(out, bitorder="little"))


def _spread(row: int, width: int) -> NDArray[np.uint8]:
    packed = np.frombuffer(row.to_bytes((width + 7) // 8, "little"), np.uint8)
    return np.unpackbits(packed, count=width, bitorder="little")


def _number(packed: NDArray[np.uint8]) -> int:
    return int.from_bytes(packed.tobytes(), "little")
