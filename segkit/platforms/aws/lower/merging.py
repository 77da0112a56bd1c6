"""Which selectors of a target share a block, so that interfaces carry few groups and rules name few.

A selector that rules refer to costs as many references as it has groups, and a block of two selectors has a
group for each way they overlap. So blocks are merged where that adds the fewest references, and where the
rules of a group stay within its quota, until no interface carries too many groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segkit.intent.boxes import Piece

Load = NDArray[np.int64]
"""Rules by direction (ingress, egress) and kind of interface."""

DEAR = 50
"""How many references a rule beyond its group's quota weighs."""


@dataclass(frozen=True, slots=True)
class Wear:
    """What a selector costs: `kinds` of interfaces that match it, as a bitset; how many rules refer to it;
    how many its own groups have, in each direction."""

    kinds: int
    referred: int
    opened: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Selectors by the kinds that match them, with how many rules refer to them; the kinds of each group."""

    selectors: Mapping[int, int]
    cells: tuple[int, ...]
    load: Load
    cost: int

    @property
    def kinds(self) -> int:
        return sum(self.cells)  # cells share no kind


def merge(wears: Mapping[Piece, Wear], kinds: int, groups: int, rules: int) -> list[frozenset[Piece]]:
    """The selectors in blocks, so that no kind of interface (of so many) touches more than `groups` of them.

    `rules` is how many a group may have in each direction.
    """
    blocks = _start(wears, kinds, rules)
    tried: dict[tuple[int, int], _Block] = {}
    number = len(blocks)
    while overloaded := _overloaded(list(blocks.values()), kinds, groups):
        best: tuple[float, int, int] | None = None
        order = sorted(n for n, block in blocks.items() if block.kinds & overloaded)
        for at, one in enumerate(order):
            for other in order[at + 1 :]:
                relief = (blocks[one].kinds & blocks[other].kinds & overloaded).bit_count()
                if not relief:
                    continue
                if (one, other) not in tried:
                    tried[one, other] = _together(blocks[one], blocks[other], rules)
                more = tried[one, other].cost - blocks[one].cost - blocks[other].cost
                best = min(best or (float("inf"), 0, 0), (more / relief, one, other))
        assert best is not None, "an overloaded interface touches two blocks"
        _, one, other = best
        blocks[number] = tried[one, other]
        del blocks[one], blocks[other]
        number += 1
    home = {selector: n for n, block in blocks.items() for selector in block.selectors}
    found: dict[int, set[Piece]] = {}
    for piece, wear in wears.items():
        found.setdefault(home[wear.kinds], set()).add(piece)
    return [frozenset(found[n]) for n in sorted(found)]


def _start(wears: Mapping[Piece, Wear], kinds: int, rules: int) -> dict[int, _Block]:
    """A block for all selectors of the same interfaces, and one for those of a single kind each: they never
    overlap."""
    same: dict[int, list[Wear]] = {}
    for wear in wears.values():
        same.setdefault(wear.kinds, []).append(wear)
    blocks = [_alone(selector, found, kinds, rules) for selector, found in sorted(same.items())]
    single = [b for b in blocks if b.kinds.bit_count() == 1]
    rest = [b for b in blocks if b.kinds.bit_count() > 1]
    if single:
        selectors = {s: n for b in single for s, n in b.selectors.items()}
        load: Load = np.sum([b.load for b in single], axis=0)
        cells = tuple(c for b in single for c in b.cells)
        rest.append(_Block(selectors, cells, load, _cost(selectors, cells, load, rules)))
    return dict(enumerate(rest))


def _alone(selector: int, wears: Sequence[Wear], kinds: int, rules: int) -> _Block:
    selectors = {selector: sum(w.referred for w in wears)}
    held = np.array([selector >> n & 1 for n in range(kinds)], np.int64)
    load: Load = np.outer([sum(w.opened[d] for w in wears) for d in (0, 1)], held)
    return _Block(selectors, (selector,), load, _cost(selectors, (selector,), load, rules))


def _together(one: _Block, other: _Block, rules: int) -> _Block:
    selectors = {**one.selectors, **other.selectors}
    both = [c & d for c in one.cells for d in other.cells if c & d]
    left = [c & ~other.kinds for c in one.cells] + [d & ~one.kinds for d in other.cells]
    cells = tuple(both + [c for c in left if c])
    load = one.load + other.load
    return _Block(selectors, cells, load, _cost(selectors, cells, load, rules))


def _cost(selectors: Mapping[int, int], cells: Sequence[int], load: Load, rules: int) -> int:
    references = sum(n * sum(1 for c in cells if c & s) for s, n in selectors.items() if n)
    return references + DEAR * int(np.maximum(load - rules, 0).sum())


def _overloaded(blocks: Sequence[_Block], kinds: int, groups: int) -> int:
    """The kinds of interfaces that touch too many blocks, as a bitset."""
    touched = [0] * kinds
    for block in blocks:
        held = block.kinds
        while held:
            low = held & -held
            touched[low.bit_length() - 1] += 1
            held ^= low
    return sum(1 << n for n, count in enumerate(touched) if count > groups)
