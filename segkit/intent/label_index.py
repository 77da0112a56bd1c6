"""Which label maps a selector matches, for thousands of selectors over thousands of maps at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from segkit.sets import ALL, NONE, Predicate

Positions = NDArray[np.intp]
MISSING = 0


class LabelIndex:
    """A fixed list of label maps, a column of numbers for each key.

    >>> from segkit.sets import L
    >>> index = LabelIndex([{"app": "shop"}, {"app": "blog"}, {}])
    >>> index.holding(L.app != "shop").tolist()
    [1, 2]
    """

    def __init__(self, maps: Sequence[Mapping[str, str]]) -> None:
        self._size = len(maps)
        self._numbers: dict[str, dict[str, int]] = {}
        self._columns: dict[str, NDArray[np.int32]] = {}
        for key in sorted(set().union(*maps)):
            numbers: dict[str, int] = {}
            given = (labels.get(key) for labels in maps)
            column = [MISSING if v is None else numbers.setdefault(v, len(numbers) + 1) for v in given]
            self._numbers[key], self._columns[key] = numbers, np.array(column, np.int32)
        self._places: dict[str, list[Positions]] = {}

    def holding(self, predicate: Predicate) -> Positions:
        """The positions of the maps that a selector matches, ascending."""
        found = list(self._below(predicate, None))
        if not found:
            return np.empty(0, np.intp)
        return found[0] if len(found) == 1 else np.sort(np.concatenate(found))

    def _below(self, node: Predicate, among: Positions | None) -> Iterator[Positions]:
        """The positions that a node of the diagram leads to, of all (None) or of some."""
        if node is ALL:
            yield np.arange(self._size) if among is None else among
        if node is ALL or node is NONE or (among is not None and not len(among)):
            return
        numbers = self._numbers.get(node.key, {})
        column = self._columns.get(node.key)
        if column is None:
            yield from self._below(node.missing, among)
            return
        for value, child in node.arms:
            if child is not NONE and value in numbers:
                yield from self._below(child, self._with(node.key, column, numbers[value], among))
        if node.missing is not NONE:
            yield from self._below(node.missing, self._with(node.key, column, MISSING, among))
        if node.present is not NONE:
            others = np.ones(len(numbers) + 1, np.bool_)
            others[[MISSING, *(numbers[value] for value, _ in node.arms if value in numbers)]] = False
            rest = np.flatnonzero(others[column if among is None else column[among]])
            yield from self._below(node.present, rest if among is None else among[rest])

    def _with(self, key: str, column: NDArray[np.int32], number: int, among: Positions | None) -> Positions:
        """Where a key has a value, of all or of some."""
        if among is not None:
            held: Positions = among[column[among] == number]
            return held
        if key not in self._places:
            order = np.argsort(column, kind="stable")
            ends = np.searchsorted(column[order], np.arange(1, len(self._numbers[key]) + 1))
            self._places[key] = np.split(order, ends)
        return self._places[key][number]
