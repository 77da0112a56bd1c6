"""Intent against reality, pair by pair on the common refinement: classes that neither side can tell apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from itertools import product
from operator import and_

from segkit.intent.cells import Cell, Cells, Member
from segkit.intent.enforcement import Passing
from segkit.intent.engine import POSSIBLE, Intent
from segkit.platforms.base import Spot, View
from segkit.progress import steps
from segkit.sets import Addresses, IntervalSet, ServiceSet
from segkit.sets.atoms import AddressAtoms
from segkit.sets.planes import bits, together
from segkit.verify.merged import homes, merged
from segkit.verify.supposed import Supposed

_FEW = 3
"""The rules of how many places are named, where hundreds are one."""


@dataclass(frozen=True, slots=True)
class Spotted:
    """A class of endpoints: one cell of the intent, one profile on each plane, cut by no range of either
    side. `supposed` are places where somebody may be whose address is not known: the same class once more."""

    cell: Cell
    member: Member | None
    names: tuple[str, ...]
    profiles: tuple[Hashable, ...]
    addresses: Addresses | None
    supposed: tuple[Addresses, ...] = ()

    @property
    def text(self) -> str:
        """Who it is, in label terms where it is a workload."""
        if self.member is None:
            return _spelled(self.addresses)
        many = f" and {len(self.names) - 3} more" if len(self.names) > 3 else ""
        where = f" at {_spelled(Addresses.union(self.supposed))}" if self.supposed else ""
        return ", ".join(self.names[:3]) + many + where

    @property
    def only_itself(self) -> bool:
        """True when nobody but one machine is in the class."""
        return len(self.names) == 1 and self.member is not None and not self.member.endpoint.workload.is_class

    def spot(self, plane: int) -> Spot:
        """The class as one plane sees it."""
        at = self.supposed[0] if self.supposed else self.addresses
        return Spot(self.profiles[plane], at, self.cell.family)


@lru_cache(maxsize=4096)
def _spelled(addresses: Addresses | None) -> str:
    """What is no workload may be hundreds of ranges, and the far end of thousands of mismatches."""
    return str(addresses)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A pair for which the document and the intent disagree: what it opens and closes."""

    source: Spotted
    destination: Spotted
    opens: ServiceSet
    closes: ServiceSet

    @property
    def certain(self) -> bool:
        """False where it hangs on an address that is not known."""
        return not (self.source.supposed or self.destination.supposed)


@dataclass(slots=True)
class Tally:
    """What a comparison went through: pairs compared, pairs that nothing governs, flows that only one of two
    enforcing ends blocks."""

    pairs: int = 0
    ungoverned: int = 0
    single_ended: int = 0


class Comparison:
    """Compares what passes by intent with what passes by the planes' reading models, a whole row at a
    time, over the classes that neither side tells apart."""

    def __init__(self, passing: Passing, views: Sequence[View], merging: bool = False) -> None:
        """With `merging`, places of one class that no rule tells apart are one class. Without, comparisons of
        several documents with one intent have the same places."""
        self._views = tuple(views)
        self.tally = Tally()
        spots = tuple(_spotted(passing.intent.cells, self._views))
        self._spots = tuple(merged(spots, self._views)) if merging else spots
        self._passing = _refined(passing, [s.cell.index for s in self._spots])
        self._rows = [view.rows([s.spot(n) for s in self._spots]) for n, view in enumerate(self._views)]
        self._unfiltered = [self._beside(n, view) for n, view in enumerate(self._views) if view.unfiltered()]
        self._homes = homes(self._spots)
        self._lost = frozenset(self._homes.values())
        self._sure: dict[tuple[int, int], Mismatch] = {}
        self._itself: dict[tuple[str, ...], int] = defaultdict(int)
        for position, spotted in enumerate(self._spots):
            if spotted.only_itself:
                self._itself[spotted.names] |= 1 << position

    @property
    def spots(self) -> Sequence[Spotted]:
        """Every class of endpoints."""
        return self._spots

    def mismatches(self) -> Iterator[Mismatch]:
        """Every pair that differs, in a fixed order."""
        free, unowned = self._passing.free, self._passing.unowned
        for position, source in enumerate(steps("Comparing", self._spots)):
            reach = self._passing.intent.cells.peers[position]
            mask = reach & ~unowned if unowned >> position & 1 else reach
            self.tally.ungoverned += (reach & ~mask).bit_count()
            if source.only_itself:  # a workload and itself are no pair, at whichever of its addresses
                mask &= ~self._itself[source.names]
            for platform, owned in self._unfiltered:
                if platform >> position & 1:
                    mask &= ~owned
                elif owned >> position & 1:
                    mask &= ~platform
            self.tally.pairs += mask.bit_count()
            yield from self._compare(position, source, mask, free)

    def _beside(self, plane: int, view: View) -> tuple[int, int]:
        """The classes at a platform's own addresses, and those that its targets own. No machine is at such an
        address, though a network that members of a class are in may hold it."""
        platform = owned = 0
        for position, spotted in enumerate(self._spots):
            at = spotted.addresses
            nobody = spotted.member is None or spotted.member.endpoint.many
            if nobody and at is not None and at <= view.unfiltered():
                platform |= 1 << position
            if spotted.profiles[plane] is not None:
                owned |= 1 << position
        return platform, owned

    def _compare(self, position: int, source: Spotted, mask: int, free: int) -> Iterator[Mismatch]:
        possible = tuple((lo, hi, mask) for lo, hi in POSSIBLE[source.cell.family].line.spans)
        sent = [rows.outgoing(position) for rows in self._rows]
        let_in = [rows.incoming(position) for rows in self._rows]
        lonely = 0
        differing: list[tuple[int, int, int, int]] = []
        for lo, hi, (here, wanted, *sides) in together(
            [possible, self._passing.row(position), *sent, *let_in]
        ):
            out = reduce(and_, sides[: len(sent)], here)
            into = reduce(and_, sides[len(sent) :], here)
            lonely |= out ^ into
            if out & into != wanted & here:
                differing.append((lo, hi, out & into, wanted & here))
        if not free >> position & 1:
            self.tally.single_ended += (lonely & ~free).bit_count()
        yield from self._new(position, self._differences(position, differing))

    def _new(self, source: int, found: Iterable[tuple[int, Mismatch]]) -> Iterator[Mismatch]:
        """What is not so wherever somebody is whose address is not known: that is told once."""
        for destination, mismatch in found:
            home = self._homes.get(source, source), self._homes.get(destination, destination)
            if mismatch.certain:
                if not self._lost.isdisjoint(home):
                    self._sure[home] = mismatch
            elif (sure := self._sure.get(home)) is not None:
                opens, closes = mismatch.opens - sure.opens, mismatch.closes - sure.closes
                mismatch = replace(mismatch, opens=opens, closes=closes)
            if mismatch.opens or mismatch.closes:
                yield mismatch

    def _differences(
        self, source: int, planes: Sequence[tuple[int, int, int, int]]
    ) -> Iterator[tuple[int, Mismatch]]:
        opens: dict[int, list[tuple[int, int]]] = defaultdict(list)
        closes: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for lo, hi, have, want in planes:
            for position in bits(have & ~want):
                opens[position].append((lo, hi))
            for position in bits(want & ~have):
                closes[position].append((lo, hi))
        for position in sorted({*opens, *closes}):
            more, less = (ServiceSet.from_line(IntervalSet.of(*d.get(position, ()))) for d in (opens, closes))
            yield position, Mismatch(self._spots[source], self._spots[position], more, less)

    def resources(self, mismatch: Mismatch) -> tuple[str, ...]:
        """The resources behind what a mismatch opens."""
        found: set[str] = set()
        for plane, view in enumerate(self._views):
            for source, destination in _each(mismatch):
                here, there = source.spot(plane), destination.spot(plane)
                found.update(view.resources(here, there, mismatch.opens or mismatch.closes))
        return tuple(sorted(found))


def _refined(passing: Passing, homes: Sequence[int]) -> Passing:
    """What passes, over classes that are parts of cells."""
    intent = passing.intent
    cells = intent.cells.refined(homes)
    return passing if cells is intent.cells else Passing(Intent(intent.model, cells))


def _spotted(cells: Cells, views: Sequence[View]) -> Iterator[Spotted]:
    atoms = AddressAtoms([cut for view in views for cut in view.cuts()])
    supposed = Supposed(cells, atoms, {n: at for view in views for n, at in view.extents().items()})
    nowhere = tuple(None for _ in views)
    for cell in cells:
        if not cell.is_workload:
            for part, _ in atoms.split(cell.addresses, cell.family):
                yield Spotted(cell, None, (), nowhere, part)
            continue
        classes: dict[tuple[tuple[Hashable, ...], int], list[tuple[Member, Addresses | None]]] = defaultdict(
            list
        )
        for member in cell.members:
            parts = atoms.split(member.addresses, cell.family)
            for profiles in _profiles(member, views):
                for part, truth in parts:
                    classes[profiles, truth].append((member, part))
        for (profiles, _), held in sorted(classes.items(), key=lambda c: (c[1][0][0].name, str(c[1][0][1]))):
            names = tuple(sorted({m.endpoint.workload.name for m, _ in held}))
            yield Spotted(cell, held[0][0], names, profiles, held[0][1])
            lost = [m for m, part in held if part is None]
            there = supposed.parts(cell) if lost else ()
            names = tuple(sorted({m.endpoint.workload.name for m in lost}))
            yield from (Spotted(cell, lost[0], names, profiles, None, (part,)) for part in there)


def _each(mismatch: Mismatch) -> Iterator[tuple[Spotted, Spotted]]:
    """The two ends with the first few places that they are supposed at."""
    sources, destinations = (
        [replace(end, supposed=(at,)) for at in end.supposed[:_FEW]] or [end]
        for end in (mismatch.source, mismatch.destination)
    )
    yield from ((source, destinations[0]) for source in sources)
    yield from ((sources[0], destination) for destination in destinations[1:])


def _profiles(member: Member, views: Sequence[View]) -> Iterator[tuple[Hashable, ...]]:
    """Every combination of how the planes see an interface."""
    endpoint = member.endpoint
    return product(*(view.profiles(endpoint.workload, endpoint.interface) for view in views))
