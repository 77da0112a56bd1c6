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
from functools import cached_property

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
    them apart, and others refer to the first, 0. `block` is the number of the block that tells of the pieces
    where they are told of elsewhere too.
    """

    target: str
    pieces: tuple[Piece, ...]
    cell: bool = False
    shard: int = 0
    block: int = 0
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.target, self.pieces, self.shard, self.block)))

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
    """Blocks of pieces; a piece in no block has one of its own. `whole` puts everything into one block. A
    piece in several blocks tells who is who in each of them; its rules are in the groups of the first.

    `layers` are the sets of label keys by which the blocks after the first `named` were told, if they were
    (see `layers`); `shards` say into how many groups one of so many rules is cut, by its name. Workloads that
    a piece in `apart` holds are spared the groups of some blocks: their group of the last stands for those
    too.
    """

    blocks: tuple[frozenset[Piece], ...] = ()
    whole: bool = False
    layers: tuple[tuple[str, ...], ...] = ()
    shards: tuple[tuple[str, int], ...] = ()
    apart: tuple[tuple[Piece, frozenset[int]], ...] = ()
    named: int = 0
    _told: Mapping[Piece, tuple[int, ...]] = field(init=False, compare=False, repr=False)
    _spared: Mapping[Piece, frozenset[int]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        told: dict[Piece, list[int]] = defaultdict(list)
        for number, block in enumerate(self.blocks):
            for piece in block:
                told[piece].append(number)
        object.__setattr__(self, "_told", {piece: tuple(numbers) for piece, numbers in told.items()})
        object.__setattr__(self, "_spared", dict(self.apart))

    def block(self, piece: Piece) -> Hashable:
        """What tells the block that has a piece's rules from others; the piece itself where it is alone."""
        return 0 if self.whole else self._told.get(piece, (piece,))[0]

    def told(self, piece: Piece) -> Sequence[Hashable]:
        """The blocks in which a piece tells who is who, the one that has its rules first."""
        return (0,) if self.whole else self._told.get(piece, (piece,))

    @property
    def last(self) -> int:
        """The last block, which stands for those that a workload is spared."""
        return len(self.blocks) - 1

    def merged(self, pieces: Iterable[Piece]) -> frozenset[Hashable]:
        """The blocks whose groups an interface with some pieces is spared."""
        if not self.apart:
            return frozenset()
        return frozenset[Hashable]().union(*filter(None, map(self._spared.get, pieces)))


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
        self._alike: dict[tuple[Key, ...], tuple[GroupId, ...]] = {}
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

    @cached_property
    def kinds(self) -> Mapping[Key | GroupId, int]:
        """Who is in a key and in a group, as a bitset of the kinds of interfaces: those of a kind carry the
        same keys."""
        found: dict[Key | GroupId, bytearray] = {}
        size = len(self._alike) // 8 + 1
        for number, (held, groups) in enumerate(self._alike.items()):
            carriers: Iterable[Key | GroupId] = (*held, *groups)
            for one in carriers:
                found.setdefault(one, bytearray(size))[number >> 3] |= 1 << (number & 7)
        return {one: int.from_bytes(bits, "little") for one, bits in found.items()}

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
        found = held_keys(self._keys.get(target.name, ()), target, population)
        for held, interfaces in found:
            # The same keys may be carried in several places: by machines of other labels or another family.
            groups = self._alike.get(held)
            if groups is None:
                groups = self._worn_by(held, encoding) or ((GroupId(target.name, ()),) if bare else ())
                self._alike[held] = groups
            self.worn[target.name].update(groups)
            for place, workload, interface in interfaces:
                carried[place] = Carried(target.name, workload, interface, groups)
        return (carried[place] for place in sorted(carried))

    def _worn_by(self, held: Sequence[Key], encoding: Encoding) -> tuple[GroupId, ...]:
        """The groups of the interfaces that carry just these keys: one for each block that tells of them."""
        merged = encoding.merged(key.piece for key in held)
        told: dict[Hashable, list[Key]] = defaultdict(list)
        homes: list[Hashable] = []
        lodging: set[Hashable] = set()
        for key in held:
            blocks = encoding.told(key.piece)
            if merged:
                blocks = tuple(dict.fromkeys(encoding.last if b in merged else b for b in blocks))
            homes.append(blocks[0])
            lodging.update(blocks[1:])
            for block in blocks:
                told[block].append(key)
        groups = {}
        for block, keys in told.items():
            number = block + 1 if block in lodging and isinstance(block, int) else 0
            groups[block] = self._group(keys, number)
        for key, home in zip(held, homes, strict=True):
            if key not in self._alone:
                self._found[key][groups[home]] = None
        return tuple(groups.values())

    def _group(self, keys: Sequence[Key], number: int) -> GroupId:
        """The group of a block's interfaces that carry just these keys of it. It has the block's number where
        that tells it from the group of another block."""
        if alone := self._alone.get(keys[0]):
            return alone
        pieces = tuple(sorted((k.piece for k in keys), key=self._rank))
        return GroupId(keys[0].target, pieces, cell=True, block=number)
