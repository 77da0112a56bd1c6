"""Far ends that together are another selector: naming that one takes fewer rules.

Denies cut an allow into pieces: `zone dmz without role batch` for everybody, and `zone dmz, role batch` for
all but some. A group that opens both for the same service lets in the whole of `zone dmz`, which may have a
group. The union is compared as label predicates, so it stays right for workloads that do not exist yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from segkit.intent.boxes import Piece
from segkit.model.policy import Rule
from segkit.platforms.aws.lower.plan import Draft
from segkit.platforms.lowering.carrying import Key
from segkit.sets import NONE, Predicate

Far = Mapping[Key, Mapping[str, Rule | None]]


class Joiner:
    """Joins far ends, for all targets of a draft."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._select = {t.name: t.select for t in draft.targets}
        self._memo: dict[tuple[str, frozenset[Piece]], tuple[Piece, ...]] = {}
        self._held: dict[Predicate, int] = {}
        population = draft.intent.population
        self._owned = {t.name: _bits(len(population.kin), population.owned[t.name]) for t in draft.targets}
        self._within: dict[Key, Predicate] = {}

    def join(self, far: Far) -> Iterator[tuple[Key, Mapping[str, Rule | None]]]:
        """The far ends to name in place of some, each with what opens it."""
        by_target: dict[str, list[Key]] = defaultdict(list)
        for key in far:
            by_target[key.target].append(key)
        for target, keys in by_target.items():
            whole = [key for key in keys if key.piece.whole]
            if len(whole) < 2:
                yield from ((key, far[key]) for key in keys)
                continue
            yield from ((key, far[key]) for key in keys if not key.piece.whole)
            for piece in self._joined(target, frozenset(key.piece for key in whole)):
                one = Key(target, piece)
                held = self._bits(one)
                origins: dict[str, Rule | None] = {}
                for key in whole:
                    if self._bits(key) & held:
                        origins.update(far[key])
                yield one, origins

    def _joined(self, target: str, pieces: frozenset[Piece]) -> tuple[Piece, ...]:
        """The fewest selectors in use that a search finds for the union of some."""
        place = target, pieces
        if place not in self._memo:
            self._memo[place] = tuple(self._search(target, [Key(target, p) for p in pieces]))
        return self._memo[place]

    def _search(self, target: str, keys: list[Key]) -> Iterator[Piece]:
        """For each piece the widest selector around it that stays inside the union, without those that the
        others make up for."""
        union = Predicate.union(self._inside(key) for key in keys)
        bits = 0
        for key in keys:
            bits |= self._bits(key)
        around = [key for key in self._widest[target] if not self._bits(key) & ~bits]
        fitting: dict[Key, bool] = {}
        chosen: dict[Key, None] = {}
        for key in self._sorted(keys):
            for wide in around:
                if self._bits(key) & ~self._bits(wide):
                    continue
                if wide not in fitting:
                    fitting[wide] = self._is_in(self._inside(wide), union)
                if fitting[wide] and self._is_in(self._inside(key), self._inside(wide)):
                    chosen[wide] = None
                    break
        for key in reversed(self._sorted(chosen)):
            others = Predicate.union(self._inside(other) for other in chosen if other != key)
            if self._is_in(self._inside(key), others):
                del chosen[key]
        return (key.piece for key in self._sorted(chosen))

    @cached_property
    def _widest(self) -> Mapping[str, list[Key]]:
        """The selectors of each target that speak of labels only, from those that hold most."""
        found: dict[str, list[Key]] = defaultdict(list)
        for key in self._draft.keys:
            if key.piece.whole:
                found[key.target].append(key)
        return {target: self._sorted(keys) for target, keys in found.items()}

    def _sorted(self, keys: Iterable[Key]) -> list[Key]:
        names = self._draft.names
        return sorted(keys, key=lambda key: (-self._bits(key).bit_count(), names.name(key.piece)))

    def _bits(self, key: Key) -> int:
        """Which workloads of its target a selector holds, as a bitset."""
        predicate = key.piece.predicate
        if predicate not in self._held:
            population = self._draft.intent.population
            self._held[predicate] = _bits(len(population.kin), population.positions(predicate))
        return self._held[predicate] & self._owned[key.target]

    def _inside(self, key: Key) -> Predicate:
        """A selector among the workloads that its target can own."""
        if key not in self._within:
            self._within[key] = key.piece.predicate & self._select[key.target]
        return self._within[key]

    def _is_in(self, one: Predicate, other: Predicate) -> bool:
        left = one - other
        domains = self._draft.intent.model.domains
        return left == NONE or (domains is not None and not left.satisfiable(domains))


def _bits(width: int, positions: Iterable[int]) -> int:
    row = bytearray(width // 8 + 1)
    for position in positions:
        row[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(row, "little")
