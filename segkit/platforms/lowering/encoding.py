"""Which groups of a platform say who is who: one for each selector, one for each mixture of selectors, or in
between.

An encoding cuts a target's selectors into blocks. Inside a block, interfaces that match the same selectors
share one group; so an interface carries one group for each block it touches. With every selector in a block
of its own that is one group a selector (`groups`), with a single block one group for each interface
(`cells`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from segkit.intent.boxes import Piece
from segkit.intent.population import Population
from segkit.model.model import Target
from segkit.model.workloads import Interface, Workload
from segkit.platforms.lowering.carrying import Key, Place, held_keys
from segkit.platforms.lowering.ground import Ground


@dataclass(frozen=True, slots=True)
class GroupId:
    """A group to be: the interfaces of a target that all of `pieces` hold; none of them: no flows at
    all.

    A group with more rules than a quota allows may be cut into several with the same members; `shard` tells
    them apart, and others refer to the first, 0.
    """

    target: str
    pieces: tuple[Piece, ...]
    cell: bool = False
    shard: int = 0
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.target, self.pieces, self.cell, self.shard)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Carried:
    """The groups an interface of a workload carries."""

    target: str
    workload: Workload
    interface: Interface
    groups: tuple[GroupId, ...]


@dataclass(frozen=True, slots=True)
class Encoding:
    """Blocks of pieces; a piece in no block has one of its own. `whole` puts everything into one block.

    `layers` are the sets of label keys by which the blocks were told, if they were (see `layers`); `shards`
    say into how many groups one of so many rules is cut, by its name.
    """

    blocks: tuple[frozenset[Piece], ...] = ()
    whole: bool = False
    layers: tuple[tuple[str, ...], ...] = ()
    shards: tuple[tuple[str, int], ...] = ()
    _of: Mapping[Piece, int] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_of", {p: n for n, block in enumerate(self.blocks) for p in block})

    def block(self, piece: Piece) -> Hashable:
        """What tells a piece's block from others; the piece itself where it is alone."""
        return 0 if self.whole else self._of.get(piece, piece)


GROUPS, CELLS = Encoding(), Encoding(whole=True)


def blocks_by_name(names: Iterable[Collection[str]], pieces: Mapping[str, Piece]) -> Encoding:
    """An encoding from blocks of group names; names that are not in use are passed over."""
    found = (frozenset(pieces[n] for n in block if n in pieces) for block in names)
    return Encoding(tuple(block for block in found if len(block) > 1))


class Groups:
    """From keys to groups: `carried` by each interface, and all that are, by target, in `worn`."""

    def __init__(
        self,
        population: Population,
        targets: Iterable[Target],
        grounds: Mapping[str, Ground],
        encodings: Mapping[str, Encoding],
        keys: tuple[Key, ...],
    ) -> None:
        self._grounds, self._encodings = grounds, encodings
        self._found: dict[Key, dict[GroupId, None]] = {k: {} for k in keys}
        self._alone: dict[Key, GroupId] = {}
        self._ranks: dict[Piece, int] = {}
        self._keys: dict[str, list[Key]] = defaultdict(list)
        for key in keys:
            self._keys[key.target].append(key)
            if encodings[key.target].block(key.piece) is key.piece:
                self._alone[key] = GroupId(key.target, (key.piece,))
        self.worn: dict[str, set[GroupId]] = defaultdict(set)
        self.carried = {t.name: tuple(self._carry(t, population)) for t in targets}

    def of(self, key: Key) -> tuple[GroupId, ...]:
        """The groups that together hold a key's interfaces."""
        alone = self._alone.get(key)
        return (alone,) if alone else tuple(self._found[key])

    def _rank(self, piece: Piece) -> int:
        """Where a piece comes in order. A piece is in many groups, and its text takes long."""
        if not self._ranks:
            pieces = {key.piece for key in self._found}
            self._ranks = {p: n for n, p in enumerate(sorted(pieces, key=Piece.order))}
        return self._ranks[piece]

    def _carry(self, target: Target, population: Population) -> Iterator[Carried]:
        encoding = self._encodings[target.name]
        bare = self._grounds[target.name].bare
        carried: dict[Place, Carried] = {}
        for held, interfaces in held_keys(self._keys.get(target.name, ()), target, population):
            together: dict[Hashable, list[Key]] = defaultdict(list)
            for key in held:
                together[self._alone.get(key) or encoding.block(key.piece)].append(key)
            groups = tuple(
                block if isinstance(block, GroupId) else self._cell(target, keys)
                for block, keys in together.items()
            )
            if not groups and bare:
                groups = (GroupId(target.name, ()),)
            self.worn[target.name].update(groups)
            for place, workload, interface in interfaces:
                carried[place] = Carried(target.name, workload, interface, groups)
        return (carried[place] for place in sorted(carried))

    def _cell(self, target: Target, keys: Sequence[Key]) -> GroupId:
        """The group of the interfaces that carry just these keys of a block."""
        group = GroupId(target.name, tuple(sorted((k.piece for k in keys), key=self._rank)), cell=True)
        for key in keys:
            self._found[key][group] = None
        return group
