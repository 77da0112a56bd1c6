"""Which encodings a target could have: the plain ones and, where machines match too many selectors, blocks.

A tag key has one value on a machine. Selectors that no machine matches together share a key for nothing: each
is a value of it. So they are put together first, as the values of one label mostly are. Then keys are
merged, where that makes rules name the fewest values more, until no machine carries too many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from segkit.intent.boxes import Piece
from segkit.model.model import Target
from segkit.platforms.google.placement import GooglePlacement
from segkit.platforms.lowering.carrying import held_keys
from segkit.platforms.lowering.draft import Draft
from segkit.platforms.lowering.encoding import CELLS, GROUPS, Encoding

Block = tuple[int, ...]
"""Selectors by number, in order."""

Kinds = Sequence[frozenset[int]]
"""The selectors that machines of each kind match."""


def encodings(draft: Draft, target: Target, here: GooglePlacement) -> Iterator[Encoding]:
    """Encodings of a target worth knowing."""
    yield GROUPS
    if here.tags == "service-accounts":
        return
    yield CELLS
    keys = sorted((k for k in draft.keys if k.target == target.name), key=lambda k: draft.names.name(k.piece))
    number = {key.piece: n for n, key in enumerate(keys)}
    found = held_keys(keys, target, draft.intent.population)
    kinds = [frozenset(number[key.piece] for key in held) for held, _ in found]
    if max(map(len, kinds), default=0) > room(here):
        merged = _merged(_packed(len(keys), kinds), kinds, _named(draft, target, number), room(here))
        sets = (frozenset(keys[n].piece for n in block) for block in merged)
        yield Encoding(tuple(block for block in sets if len(block) > 1))


def room(here: GooglePlacement) -> int:
    """How many tags a machine can carry, beside those that all carry."""
    quota = "network_tags_per_machine" if here.tags == "network" else "tags_per_interface"
    return max(1, here.quota(quota) - 1 - (here.global_tier == "admin"))


def _named(draft: Draft, target: Target, number: Mapping[Piece, int]) -> Counter[int]:
    """How often rules name each selector."""
    named: Counter[int] = Counter()
    for owner, rule, peers in draft.written:
        if owner.name == target.name:
            own = (key.piece for key in peers.references if key.target == owner.name)
            named.update(number[piece] for piece in (rule.own, *own))
    return named


def _packed(selectors: int, kinds: Kinds) -> list[Block]:
    """Selectors that no machine matches together, side by side; those of most machines choose first."""
    matched = [sum(1 << n for n, held in enumerate(kinds) if s in held) for s in range(selectors)]
    blocks: list[tuple[list[int], int]] = []
    for selector in sorted(range(selectors), key=lambda s: (-matched[s].bit_count(), s)):
        for place, (block, taken) in enumerate(blocks):
            if not taken & matched[selector]:
                blocks[place] = [*block, selector], taken | matched[selector]
                break
        else:
            blocks.append(([selector], matched[selector]))
    return [tuple(sorted(block)) for block, _ in blocks]


def _merged(blocks: Sequence[Block], kinds: Kinds, named: Mapping[int, int], limit: int) -> list[Block]:
    """Blocks, merged two at a time, so that machines touch at most `limit` of them."""
    found = list(blocks)
    costs: dict[Block, int] = {}
    while True:
        touched = [[block for block in found if not held.isdisjoint(block)] for held in kinds]
        relief = Counter(
            pair for near in touched if len(near) > limit for pair in combinations(sorted(near), 2)
        )
        if not relief:
            return found

        def dearness(pair: tuple[Block, Block]) -> tuple[float, tuple[Block, Block]]:
            both = tuple(sorted(pair[0] + pair[1]))
            for block in (both, *pair):
                if block not in costs:
                    costs[block] = _cost(block, kinds, named)
            more = costs[both] - costs[pair[0]] - costs[pair[1]]
            return more / relief[pair], pair  # noqa: B023 - asked at once

        one, other = min(relief, key=dearness)
        found = [block for block in found if block not in (one, other)]
        found.append(tuple(sorted(one + other)))


def _cost(block: Block, kinds: Kinds, named: Mapping[int, int]) -> int:
    """How many values rules name for the selectors of a block, each as often as it is named."""
    cells = {held.intersection(block) for held in kinds}
    return sum(named.get(selector, 0) for cell in cells for selector in cell)
