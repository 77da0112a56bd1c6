"""One way to put the selectors of a target into blocks: the groups it makes, and how many name a far end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from segkit.platforms.aws.lower.blocking.demand import Demand, ones

Told = Mapping[int, tuple[int, ...]]
"""The blocks that tell of each selector, of which the first has its rules. The last block tells of those that
are not in it."""
Spared = Mapping[int, frozenset[int]]
"""The blocks whose groups the kinds of a selector are spared."""


class Group(NamedTuple):
    """The kinds that are in a group, and the selectors whose rules it has; both are bitsets."""

    kinds: int
    selectors: int


class Layout:
    """Blocks for one target; `blocks` is the number of the last.

    `before` is a layout that differs little, of which covers are used again.
    """

    def __init__(
        self, demand: Demand, told: Told, spared: Spared, blocks: int, before: Layout | None = None
    ) -> None:
        self.demand, self.told, self.spared, self.blocks = demand, told, spared, blocks
        self.groups = self._groups()
        """Every group that somebody is in."""
        cells = {group.kinds for group in self.groups if group.kinds.bit_count() > 1}
        self._cells = sorted(cells, key=lambda cell: (-cell.bit_count(), cell))
        self._covers: dict[int, int] = {}
        self._before: Mapping[int, int] = before._covers if before else {}
        self._changed = cells.symmetric_difference(before._cells) if before else ()

    def _groups(self) -> list[Group]:
        tells, hosts = self._selectors()
        spared, held, last = self._spared_kinds(), self.demand.held, self.blocks
        found: dict[tuple[int, int, int], int] = {}
        for block, told in enumerate(tells):
            for kind, selectors in enumerate(held):
                said, hosted = selectors & told, selectors & hosts[block]
                if kind in spared:
                    if block in spared[kind]:
                        continue
                    for other in spared[kind] if block == last else ():
                        said |= selectors & tells[other]
                        hosted |= selectors & hosts[other]
                if said:
                    group = block, said, hosted
                    found[group] = found.get(group, 0) | 1 << kind
        opening = self.demand.opening
        return [Group(kinds, hosted & opening) for (_, _, hosted), kinds in found.items()]

    def _selectors(self) -> tuple[list[int], list[int]]:
        """The selectors that each block tells of, and those whose rules it has."""
        tells, hosts = [0] * (self.blocks + 1), [0] * (self.blocks + 1)
        for selector in range(len(self.demand.who)):
            told = self.told.get(selector) or (self.blocks,)
            hosts[told[0]] |= 1 << selector
            for block in told:
                tells[block] |= 1 << selector
        return tells, hosts

    def _spared_kinds(self) -> dict[int, frozenset[int]]:
        found: dict[int, frozenset[int]] = {}
        for selector, blocks in self.spared.items():
            for kind in ones(self.demand.who[selector]) if blocks else ():
                found[kind] = found.get(kind, frozenset()) | blocks
        return found

    def settle(self) -> None:
        """Lets go of the layout that this one followed."""
        self._before = {}

    def covers(self, far: int) -> int:
        """How many groups name a far end, as `Cover` would: whoever is in no larger one takes one each."""
        found = self._covers.get(far)
        if found is None:
            found = self._before.get(far)
            if found is None or any(not cell & ~far for cell in self._changed):
                found = self._count(far)
            self._covers[far] = found
        return found

    def _count(self, far: int) -> int:
        outside = ~far
        inside = [cell for cell in self._cells if not cell & outside]
        left, number = far, 0
        while True:
            most, best = 1, 0
            for cell in inside:
                if cell.bit_count() <= most:
                    break  # none that follows holds more
                if (count := (cell & left).bit_count()) > most:
                    most, best = count, cell
            if not best:
                return number + left.bit_count()
            left &= ~best
            number += 1
