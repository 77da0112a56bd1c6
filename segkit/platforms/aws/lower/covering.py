"""The fewest groups that together are some far ends.

Denies cut an allow into pieces: `zone dmz without role batch` for everybody, and `zone dmz, role batch` for
all but some. A group that opens both for the same service lets in the whole of `zone dmz`, which may be one
group. Whatever groups there are may be named, of any block: what is named lies inside the union of the far
ends, compared as label predicates, so it stays right for workloads that do not exist yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from segkit.intent.boxes import Piece
from segkit.model.model import Target
from segkit.model.policy import Rule
from segkit.platforms.aws.lower.plan import Draft
from segkit.platforms.aws.lower.shards import group_name
from segkit.platforms.lowering.carrying import Key
from segkit.platforms.lowering.encoding import Encoding, GroupId, Groups
from segkit.sets import NONE, Predicate

Far = Mapping[Key, Mapping[str, Rule | None]]


class Cover:
    """Covers far ends that are in one target by its groups."""

    def __init__(self, draft: Draft, target: Target, groups: Groups, encoding: Encoding) -> None:
        self._draft, self._target, self._groups, self._encoding = draft, target, groups, encoding
        self._memo: dict[frozenset[Key], tuple[GroupId, ...]] = {}
        self._said: dict[GroupId, Predicate] = {}

    def of(self, far: Far) -> Iterator[tuple[GroupId, Mapping[str, Rule | None]]]:
        """The groups to name in place of some far ends, each with what opens it."""
        limited = [key for key in far if not key.piece.whole]
        for key in limited:
            for group in self._groups.of(key):
                yield group, far[key]
        whole = frozenset(far).difference(limited)
        if whole not in self._memo:
            self._memo[whole] = self._fewest(whole) if whole else ()
        kinds = self._groups.kinds
        for group in self._memo[whole]:
            origins: dict[str, Rule | None] = {}
            for key in whole:
                if kinds.get(key, 0) & kinds[group]:
                    origins.update(far[key])
            yield group, origins

    def _fewest(self, keys: frozenset[Key]) -> tuple[GroupId, ...]:
        """What the search finds, where it is less than the groups that say who the far ends are."""
        own = {group for key in keys for group in self._groups.of(key)}
        found = tuple(self._search(keys))
        ranks = self._ranks
        return found if len(found) < len(own) else tuple(sorted(own & ranks.keys(), key=ranks.__getitem__))

    def _search(self, keys: frozenset[Key]) -> Iterator[GroupId]:
        """Each time the group that holds most of who is left, the widest of those, until nobody is."""
        pieces = {key.piece for key in keys}
        kinds = self._groups.kinds
        every = 0
        for key in keys:
            every |= kinds.get(key, 0)
        left, union = every, None
        inside = [one for one in self._widest if not one[0] & ~every]
        while left:
            most, best = 0, None
            for one in inside:
                if one[0].bit_count() <= most:
                    break  # none that follows holds more
                if (count := (one[0] & left).bit_count()) > most:
                    most, best = count, one
            assert best is not None, "the groups of a key hold whoever is in it"
            held, group = best
            if pieces.isdisjoint(group.pieces):
                if union is None:
                    union = Predicate.union(piece.predicate for piece in pieces)
                if not self._is_in(self._predicate(group), union):
                    inside.remove(best)
                    continue
            yield group
            left &= ~held

    @cached_property
    def _widest(self) -> list[tuple[int, GroupId]]:
        """The groups that somebody carries with their kinds of interfaces, from those with most."""
        kinds, names = self._groups.kinds, self._draft.names
        worn = ((kinds[group], group) for group in self._groups.worn[self._target.name] if group.pieces)
        return sorted(worn, key=lambda one: (-one[0].bit_count(), group_name(names, one[1])))

    @cached_property
    def _ranks(self) -> Mapping[GroupId, int]:
        """Where each of these groups comes in order."""
        return {group: number for number, (_, group) in enumerate(self._widest)}

    def _predicate(self, group: GroupId) -> Predicate:
        """Who can be in a group, in terms of labels: whoever has just these selectors of its block."""
        if group not in self._said:
            out = self._target.select
            for piece in group.pieces:
                out &= piece.predicate
            for piece in self._beside(group):
                out -= piece.predicate
            self._said[group] = out
        return self._said[group]

    def _beside(self, group: GroupId) -> Iterator[Piece]:
        """The selectors of a group's block that nobody in it has. Those of the last block are many, and tell
        applications apart, which hardly any far end asks for."""
        block = self._block(group)
        if block not in (None, self._encoding.last):
            for piece in self._ordered.get(block, ()):
                if piece.whole and piece not in group.pieces:
                    yield piece

    def _block(self, group: GroupId) -> int | None:
        """The number of the block that a group is of; None for a selector's own, and for those that stand
        for several blocks."""
        homes = {self._encoding.block(piece) for piece in group.pieces}
        home = group.block - 1 if group.block else homes.pop()
        return home if isinstance(home, int) and group.cell and (group.block or not homes) else None

    @cached_property
    def _ordered(self) -> Mapping[int | None, list[Piece]]:
        """The selectors of each block, in order."""
        blocks = enumerate(self._encoding.blocks)
        return {number: sorted(block, key=self._draft.names.name) for number, block in blocks}

    def _is_in(self, one: Predicate, other: Predicate) -> bool:
        left = one - other
        domains = self._draft.intent.model.domains
        return left == NONE or (domains is not None and not left.satisfiable(domains))
