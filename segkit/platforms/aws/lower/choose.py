"""Which encoding a target has pinned, and which others would say the same within its quotas.

All encodings mean the same; they differ in what they cost. The search starts from one group for each
selector, from one for each interface, and from a mixture that merges selectors only where an interface would
carry too many groups. Where there are few selectors it tries every encoding, or goes on from those and from
greedy merges, one selector at a time, as long as that helps. Where there are many it looks for layers of
label keys, see `layering`, and merges by references and rules, see `merging`. Where nothing fits, groups with
too many rules are cut, see `shards`, and then blocks are sought beside a layer, see `blocking`. That and the
mixture take long where there are many selectors.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any

from segkit.intent.boxes import Piece
from segkit.model.model import Target
from segkit.platforms.aws.lower.blocking import blocked
from segkit.platforms.aws.lower.fit import overflow
from segkit.platforms.aws.lower.layering import Layering
from segkit.platforms.aws.lower.merging import Wear, merge
from segkit.platforms.aws.lower.opening import make_plan
from segkit.platforms.aws.lower.plan import Draft, Plan
from segkit.platforms.aws.lower.services import ranges
from segkit.platforms.aws.lower.shards import cut_to_fit
from segkit.platforms.aws.placement import Parts
from segkit.platforms.base import Encoding as Wanted
from segkit.platforms.lowering.carrying import held_keys
from segkit.platforms.lowering.encoding import CELLS, GROUPS, Encoding, blocks_by_name
from segkit.platforms.lowering.layers import Asked, layered

ENCODINGS = (1, 1, 2, 5, 15, 52, 203, 877)
"""How many encodings so many selectors have."""

ALL_TRIED = 26_000
"""Every encoding is tried where encodings times interfaces are at most so many."""

FEW, SMALL = 12, 500
"""Up to so many selectors and interfaces on a target, the search goes on one selector at a time."""

MANY = 200
"""Where there are more selectors, and layers fit, nothing else is tried; nothing slow unless asked for."""

Blocks = tuple[tuple[str, ...], ...]
Cost = tuple[int, int, int]
"""How far over quota, then how many rules, then how many groups: less is better."""


@dataclass(frozen=True, slots=True)
class Option:
    """An encoding of one target with the plan it gives, everything else as pinned."""

    encoding: Encoding
    plan: Plan
    cost: Cost

    @property
    def fits(self) -> bool:
        """Is every quota of the target kept?"""
        return self.cost[0] == 0


def pinned(draft: Draft, target: Target) -> Encoding:
    """The encoding that a target's placement names."""
    return read(draft, target, draft.placements[target.name].encoding)


def read(draft: Draft, target: Target, wanted: str | Blocks | Parts) -> Encoding:
    """An encoding of a target from what a placement says of it."""
    if isinstance(wanted, str):
        return {"groups": GROUPS, "cells": CELLS}[wanted]
    parts = wanted if isinstance(wanted, Parts) else Parts(blocks=wanted)
    named = piece_names(draft, target)
    by_name = {name: piece for piece, name in named.items()}
    if parts.layers:
        asked = Asked(target, draft.intent.model.domains).by_piece(named)
        blocks = [frozenset(by_name[name] for name in block if name in by_name) for block in parts.blocks]
        spared = ((name, frozenset(n - 1 for n in numbers)) for name, numbers in parts.apart)
        apart = [(by_name[name], numbers) for name, numbers in spared if name in by_name]
        return layered(parts.layers, asked, parts.shards, blocks, apart)
    found = blocks_by_name(parts.blocks, by_name)
    return replace(found, shards=parts.shards)


def piece_names(draft: Draft, target: Target) -> dict[Piece, str]:
    """The pieces that a target has groups for, by the names their groups have."""
    return {key.piece: draft.names.name(key.piece) for key in draft.keys_of[target.name]}


def options(
    draft: Draft, target: Target, now: Mapping[str, Encoding], thorough: bool = True
) -> tuple[list[Option], bool]:
    """Encodings of a target worth knowing, best first: the plain ones and what the search found; and whether
    anything was left out, since it takes long and the search need not be `thorough`."""
    search = _Search(draft, target, now)
    seeds = [search.option(GROUPS)]
    few = len(search.pieces) <= FEW and search.interfaces <= SMALL
    thorough = thorough or len(search.pieces) <= MANY
    layering = Layering(draft, target, now) if now[target.name].layers or not few else None
    if layering is not None and now[target.name].layers:
        seeds.append(search.option(layering.again()[0]))
    found = None if few or layering is None else layering.best()
    if found is not None:
        seeds.append(search.option(found))
    left_out = False
    if len(search.pieces) <= MANY or not seeds[-1].fits:
        seeds += [search.option(CELLS)]
        seeds += [] if few else [search.option(frugal(draft, target))]
        seeds += [search.option(search.mixture())] if thorough else []
        left_out = not thorough
    if few and len(search.pieces) < len(ENCODINGS) and search.trials <= ALL_TRIED:
        seeds.append(min(map(search.option, search.every()), key=lambda option: option.cost))
    elif few:
        better = [search.improve(seed) for seed in (*seeds, *search.merged())]
        seeds.append(min(better, key=lambda option: option.cost))
    if not any(option.fits for option in seeds):
        seeds += [search.option(cut) for option in seeds if (cut := search.cut(option)) is not None]
    if thorough and not few and not any(option.fits for option in seeds):
        seeds.append(search.option(blocked(draft, now, [target.name])[target.name]))
    every = {option.encoding: option for option in reversed(seeds)}
    ordered = sorted(every.values(), key=lambda option: (option.cost, search.text(option.encoding)))
    return ordered, left_out


def mixture(draft: Draft, target: Target) -> Encoding:
    """Selectors of a target merged only where an interface would carry too many groups."""
    return _Search(draft, target, {target.name: GROUPS}).mixture()


def frugal(draft: Draft, target: Target) -> Encoding:
    """Selectors of a target merged where that adds the fewest references and keeps groups within their rules,
    however many selectors there are."""
    here = draft.placements[target.name]
    keys = [key for key in draft.keys if key.target == target.name]
    matched: dict[Piece, int] = defaultdict(int)
    kinds = 0
    for held, _ in held_keys(keys, target, draft.intent.population):
        for key in held:
            matched[key.piece] |= 1 << kinds
        kinds += 1
    opened: dict[Piece, list[int]] = defaultdict(lambda: [0, 0])
    for owner, rule, peers in draft.written:
        if owner.name == target.name:
            ends = len(peers.references) + len(peers.addresses.cidrs())
            opened[rule.own][rule.direction == "egress"] += ends * len(ranges(rule.services))
    wears = {
        key.piece: Wear(matched[key.piece], draft.referred[key], (opened[key.piece][0], opened[key.piece][1]))
        for key in keys
        if matched[key.piece]
    }
    blocks = merge(wears, kinds, here.quota("groups_per_interface"), here.quota("rules_per_group"))
    return Encoding(tuple(block for block in blocks if len(block) > 1))


class _Search:
    def __init__(self, draft: Draft, target: Target, now: Mapping[str, Encoding]) -> None:
        self._draft, self._target, self._now = draft, target, now
        self._names = piece_names(draft, target)
        self.pieces = tuple(sorted(self._names, key=lambda p: (self._names[p], Piece.order(p))))
        plan = make_plan(draft, {**now, target.name: GROUPS})
        carried = plan.carried[target.name]
        self._held = Counter(frozenset(p for g in c.groups for p in g.pieces) for c in carried)
        self._memo: dict[Encoding, Option] = {}

    def option(self, encoding: Encoding) -> Option:
        """An encoding, planned and judged."""
        if encoding not in self._memo:
            plan = make_plan(self._draft, {**self._now, self._target.name: encoding})
            excess = overflow(plan, self._target, self._draft.placements[self._target.name])
            groups = sum(len(held) for held in plan.groups.values())
            self._memo[encoding] = Option(encoding, plan, (excess, len(plan.lines), groups))
        return self._memo[encoding]

    def cut(self, option: Option) -> Encoding | None:
        """An encoding with its fullest groups cut so that their rules fit; None where there is nothing to
        cut, or cells, which layers say better."""
        here = self._draft.placements[self._target.name]
        limit, most = here.quota("rules_per_group"), here.quota("groups_per_interface")
        if option.encoding.whole:
            return None
        found = cut_to_fit(option.encoding, option.plan, self._draft.names, self._target.name, limit, most)
        return found if found.shards else None

    def mixture(self) -> Encoding:
        """Merges the blocks that most of the overloaded interfaces share, until none is overloaded."""
        limit = self._draft.placements[self._target.name].quota("groups_per_interface")
        blocks = {p: frozenset((p,)) for p in self.pieces}
        while True:
            touched = {frozenset(blocks[p] for p in held): n for held, n in self._held.items()}
            pairs: Counter[frozenset[frozenset[Piece]]] = Counter()
            for held, count in touched.items():
                if len(held) > limit:
                    pairs.update({frozenset(pair): count for pair in combinations(held, 2)})
            if not pairs:
                return self._encoding(set(blocks.values()))
            chosen = min(pairs, key=lambda pair: (-pairs[pair], sum(map(len, pair)), self._order(pair)))
            merged = frozenset().union(*chosen)
            blocks.update(dict.fromkeys(merged, merged))

    @property
    def interfaces(self) -> int:
        """How many interfaces the target owns."""
        return sum(self._held.values())

    @property
    def trials(self) -> int:
        """How much work it is to try every encoding of few selectors."""
        return ENCODINGS[len(self.pieces)] * self.interfaces

    def merged(self) -> Iterator[Option]:
        """From one block a selector to a single block, each time by the merge that costs least."""
        blocks = {frozenset((p,)) for p in self.pieces}
        while len(blocks) > 1:
            pairs = combinations(sorted(blocks, key=self._sorted), 2)
            merges = [(blocks - {one, other}) | {one | other} for one, other in pairs]
            blocks = min(merges, key=lambda found: self.option(self._encoding(found)).cost)
            yield self.option(self._encoding(blocks))

    def every(self) -> Iterator[Encoding]:
        """Every encoding there is."""
        blocks: list[list[frozenset[Piece]]] = [[]]
        for piece in self.pieces:
            own = frozenset((piece,))
            joined = [[b | own if b is home else b for b in found] for found in blocks for home in found]
            blocks = joined + [[*found, own] for found in blocks]
        return (self._encoding(set(found)) for found in blocks)

    def improve(self, option: Option) -> Option:
        """Moves one selector at a time to another block, or to one of its own, as long as that costs less."""
        while True:
            better = min((self.option(e) for e in self._neighbours(option.encoding)), key=lambda o: o.cost)
            if better.cost >= option.cost:
                return option
            option = better

    def _neighbours(self, encoding: Encoding) -> Iterator[Encoding]:
        yield encoding
        blocks = self._blocks(encoding)
        for piece in self.pieces:
            home = next(b for b in blocks if piece in b)
            rest = [b for b in blocks if b is not home] + ([home - {piece}] if len(home) > 1 else [])
            yield self._encoding({*rest, frozenset((piece,))})
            for block in rest:
                yield self._encoding({*(b for b in rest if b is not block), block | {piece}})
        for one, other in combinations(blocks, 2):
            rest = [b for b in blocks if b not in (one, other)]
            yield self._encoding({*rest, one | other})
            for a, b in product(one, other):
                yield self._encoding({*rest, one - {a} | {b}, other - {b} | {a}})

    def _blocks(self, encoding: Encoding) -> list[frozenset[Piece]]:
        homes: dict[Hashable, set[Piece]] = defaultdict(set)
        for piece in self.pieces:
            homes[encoding.block(piece)].add(piece)
        return sorted(map(frozenset, homes.values()), key=self._sorted)

    def _encoding(self, blocks: set[frozenset[Piece]]) -> Encoding:
        return Encoding(tuple(sorted((b for b in blocks if len(b) > 1), key=self._sorted)))

    def _sorted(self, block: frozenset[Piece]) -> list[str]:
        return sorted(self._names[p] for p in block)

    def _order(self, pair: frozenset[frozenset[Piece]]) -> list[list[str]]:
        return sorted(self._sorted(block) for block in pair)

    def text(self, encoding: Encoding) -> str:
        """An encoding as a placement names it, for sorting."""
        return str(encoding_text(encoding, self._names))


def encoding_text(encoding: Encoding, names: Mapping[Piece, str]) -> Wanted:
    """An encoding as a placement pins it: `groups`, `cells`, blocks of group names, or its parts by name."""
    if encoding.whole:
        return "cells"
    blocks = [sorted(names[p] for p in block if p in names) for block in encoding.blocks]
    if not encoding.layers and not encoding.shards:
        return sorted(blocks) or "groups"
    named = blocks[: encoding.named] if encoding.layers else sorted(blocks)
    spared = {names[piece]: sorted(n + 1 for n in found) for piece, found in encoding.apart if piece in names}
    parts: dict[str, Any] = {
        "blocks": named,
        "layers": [list(keys) for keys in encoding.layers],
        "apart": spared,
        "shards": dict(encoding.shards),
    }
    return {part: value for part, value in parts.items() if value}
