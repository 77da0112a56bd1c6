"""Intent against reality, pair by pair on the common refinement: classes that neither side can tell apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from segkit.intent.cells import Cell, Member
from segkit.intent.enforcement import Passing
from segkit.intent.engine import POSSIBLE
from segkit.platforms.base import Spot, View
from segkit.sets import ANY, Addresses, ServiceSet
from segkit.sets.atoms import AddressAtoms


@dataclass(frozen=True, slots=True)
class Spotted:
    """A class of endpoints: one cell of the intent, one profile on each plane, cut by no range of either
    side."""

    cell: Cell
    member: Member | None
    names: tuple[str, ...]
    profiles: tuple[Hashable, ...]
    addresses: Addresses | None

    @property
    def text(self) -> str:
        """Who it is, in label terms where it is a workload."""
        if self.member is None:
            return str(self.addresses)
        many = f" and {len(self.names) - 3} more" if len(self.names) > 3 else ""
        return ", ".join(self.names[:3]) + many

    @property
    def only_itself(self) -> bool:
        """True when a flow inside the class can only be a workload talking to itself."""
        return len(self.names) == 1 and self.member is not None and not self.member.endpoint.workload.is_class

    def spot(self, plane: int) -> Spot:
        """The class as one plane sees it."""
        return Spot(self.profiles[plane], self.addresses, self.cell.family)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A pair for which the document and the intent disagree: what it opens and closes."""

    source: Spotted
    destination: Spotted
    opens: ServiceSet
    closes: ServiceSet


@dataclass(slots=True)
class Tally:
    """What a comparison went through: pairs compared, pairs that nothing governs, flows that only one of two
    enforcing ends blocks."""

    pairs: int = 0
    ungoverned: int = 0
    single_ended: int = 0


class Comparison:
    """Compares what passes by intent with what passes by the planes' reading models."""

    def __init__(self, passing: Passing, views: Sequence[View]) -> None:
        self._passing = passing
        self._views = tuple(views)
        self.tally = Tally()
        self._wanted: dict[tuple[int, int], ServiceSet] = {}

    def mismatches(self) -> Iterator[Mismatch]:
        """Every pair that differs, in a fixed order."""
        spotted = list(self._spotted())
        spaces: dict[tuple[str, int], list[Spotted]] = defaultdict(list)
        for s in spotted:
            spaces[s.cell.realm, s.cell.family].append(s)
        for source in spotted:
            for destination in spaces[source.cell.realm, source.cell.family]:
                if not self._passing.governed(source.cell.index, destination.cell.index):
                    self.tally.ungoverned += 1
                elif not (source == destination and source.only_itself):
                    self.tally.pairs += 1
                    yield from self._compare(source, destination)

    def _compare(self, source: Spotted, destination: Spotted) -> Iterator[Mismatch]:
        wanted = self._want(source.cell.index, destination.cell.index)
        out, into = self._sides(source, destination)
        passes = out & into
        if passes != wanted:
            yield Mismatch(source, destination, passes - wanted, wanted - passes)
        if out != into and not self._passing.free >> source.cell.index & 1:
            self.tally.single_ended += not self._passing.free >> destination.cell.index & 1

    def _sides(self, source: Spotted, destination: Spotted) -> tuple[ServiceSet, ServiceSet]:
        out = into = ANY & POSSIBLE[source.cell.family]
        for plane, view in enumerate(self._views):
            here, there = source.spot(plane), destination.spot(plane)
            out &= view.outgoing(here, there)
            into &= view.incoming(here, there)
        return out, into

    def _want(self, source: int, destination: int) -> ServiceSet:
        key = source, destination
        if key not in self._wanted:
            self._wanted[key] = self._passing.services(source, destination)
        return self._wanted[key]

    def resources(self, mismatch: Mismatch) -> tuple[str, ...]:
        """The resources behind what a mismatch opens."""
        found: set[str] = set()
        for plane, view in enumerate(self._views):
            here, there = mismatch.source.spot(plane), mismatch.destination.spot(plane)
            found.update(view.resources(here, there, mismatch.opens or mismatch.closes))
        return tuple(sorted(found))

    def _spotted(self) -> Iterator[Spotted]:
        atoms = AddressAtoms([cut for view in self._views for cut in view.cuts()])
        nowhere = tuple(None for _ in self._views)
        for cell in self._passing.intent.cells:
            if not cell.members:
                for part, _ in atoms.split(cell.addresses, cell.family):
                    yield Spotted(cell, None, (), nowhere, part)
                continue
            classes: dict[tuple[tuple[Hashable, ...], int], list[tuple[Member, Addresses | None]]] = (
                defaultdict(list)
            )
            for member in cell.members:
                for profiles in self._profiles(member):
                    for part, truth in atoms.split(member.addresses, cell.family):
                        classes[profiles, truth].append((member, part))
            for (profiles, _), held in sorted(
                classes.items(), key=lambda c: (c[1][0][0].name, str(c[1][0][1]))
            ):
                names = tuple(sorted({m.endpoint.workload.name for m, _ in held}))
                yield Spotted(cell, held[0][0], names, profiles, held[0][1])

    def _profiles(self, member: Member) -> Iterator[tuple[Hashable, ...]]:
        """Every combination of how the planes see an interface."""
        combinations: list[tuple[Hashable, ...]] = [()]
        for view in self._views:
            seen = view.profiles(member.endpoint.workload, member.endpoint.interface)
            combinations = [(*before, profile) for before in combinations for profile in seen]
        yield from combinations
