"""Layers: blocks of selectors that are told by the labels they ask for.

A layer is a set of label keys. A selector belongs to the first layer that has every key it asks for, so a new
rule finds its place by itself, and what is pinned is a few words. Where a layer has the keys `env` and
`role`, its groups are combinations of environments and roles, as far as rules tell those apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from segkit.intent.boxes import Piece
from segkit.model.model import Target
from segkit.platforms.lowering.encoding import Encoding
from segkit.sets import Domains, L, Predicate

Layers = Sequence[Sequence[str]]
Shards = Iterable[tuple[str, int]]


def layered(
    layers: Layers,
    asked: Mapping[Piece, frozenset[str]],
    shards: Shards = (),
    blocks: Sequence[frozenset[Piece]] = (),
    apart: Iterable[tuple[Piece, frozenset[int]]] = (),
) -> Encoding:
    """The encoding that layers make of the selectors of a target, from the labels that each asks for; a
    selector that fits into none stands alone. Those in `blocks` have their place; workloads that a selector
    in `apart` holds are spared some blocks, by number."""
    wanted = [frozenset(layer) for layer in layers]
    held: list[set[Piece]] = [set() for _ in wanted]
    placed = frozenset[Piece]().union(*blocks)
    for piece, keys in asked.items():
        home = next((n for n, layer in enumerate(wanted) if keys <= layer), None)
        if home is not None and piece not in placed:
            held[home].add(piece)
    found = [*blocks, *map(frozenset, held)] if blocks else [frozenset(h) for h in held if len(h) > 1]
    told = tuple(tuple(layer) for layer in layers)
    return Encoding(tuple(found), layers=told, shards=tuple(shards), apart=tuple(apart), named=len(blocks))


class Asked:
    """The label keys that selectors ask for, among the workloads that a target can own."""

    def __init__(self, target: Target, domains: Domains | None) -> None:
        self._target, self._domains = target, domains
        told = target.select.mentions()
        self._fixed = frozenset(key for key, value in told if target.select <= (L[key] == value))

    def by_piece(self, pieces: Iterable[Piece]) -> dict[Piece, frozenset[str]]:
        """The keys that each piece asks for."""
        return {piece: self.keys(piece.predicate) for piece in pieces}

    def keys(self, predicate: Predicate) -> frozenset[str]:
        """What tells who is in and who is not. A key of which all workloads of the target have one value
        tells nobody apart."""
        here = self._free(predicate & self._target.select)
        if here.issubset(predicate.keys()):
            return here
        return min(here, self._free(predicate), key=len)

    def _free(self, predicate: Predicate) -> frozenset[str]:
        found = predicate if self._domains is None else predicate.simplify(self._domains)
        return frozenset(found.keys()) - self._fixed
