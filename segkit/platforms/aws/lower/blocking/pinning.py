"""Layouts from encodings that are pinned, and encodings to pin from layouts."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from segkit.intent.boxes import Piece
from segkit.model.model import Target
from segkit.platforms.aws.lower.blocking.demand import Demand
from segkit.platforms.aws.lower.blocking.layout import Layout
from segkit.platforms.aws.lower.plan import Draft
from segkit.platforms.lowering.encoding import Encoding
from segkit.platforms.lowering.layers import Asked, layered


def layout_of(demand: Demand, encoding: Encoding) -> Layout:
    """What an encoding makes of a target's selectors. Those that hold the same kinds are told of wherever one
    of them is."""
    numbers: dict[Hashable, int] = {}
    if encoding.layers:
        numbers = {block: block for block in range(encoding.last)}
    told: dict[int, tuple[int, ...]] = {}
    spared: dict[int, frozenset[int]] = {}
    apart = dict(encoding.apart)
    for selector, keys in enumerate(demand.keys):
        blocks = dict.fromkeys(block for key in keys for block in encoding.told(key.piece))
        if encoding.layers:
            blocks.pop(encoding.last, None)
        told[selector] = tuple(numbers.setdefault(block, len(numbers)) for block in blocks)
        for key in keys:
            if key.piece in apart:
                spared[selector] = spared.get(selector, frozenset()) | apart[key.piece]
    return Layout(demand, told, spared, len(numbers))


def encoding_of(draft: Draft, target: Target, layout: Layout) -> Encoding:
    """The encoding to pin for a layout; blocks in which nothing is left are not counted."""
    demand = layout.demand
    blocks = [frozenset(_pieces(layout, block)) for block in range(layout.blocks)]
    left = {block: number for number, block in enumerate(b for b, pieces in enumerate(blocks) if pieces)}
    name = draft.names.name
    apart = {
        min((key.piece for key in demand.keys[selector]), key=name): frozenset(
            left[b] for b in spared if b in left
        )
        for selector, spared in layout.spared.items()
    }
    keys = draft.keys_of[target.name]
    asked = Asked(target, draft.intent.model.domains).by_piece(key.piece for key in keys)
    every = tuple(sorted(frozenset[str]().union(*asked.values())))
    found = sorted(
        ((piece, spared) for piece, spared in apart.items() if spared), key=lambda one: name(one[0])
    )
    return layered([every], asked, (), [blocks[b] for b in left], found)


def _pieces(layout: Layout, block: int) -> Iterator[Piece]:
    for selector, told in layout.told.items():
        if block in told:
            yield from (key.piece for key in layout.demand.keys[selector])
