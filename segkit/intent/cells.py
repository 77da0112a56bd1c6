"""Cells: classes of endpoints that no end of a rule, no zone and no target can tell apart.

Two endpoints share a cell when the same ends hold both (equal truth vectors), in the same realm, family, zone
and targets. Everything later works on cells; how many workloads stand behind one no longer matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

from segkit.intent.endpoints import FAMILIES, Endpoint, no_workload
from segkit.intent.population import Kin, Population
from segkit.model.ends import End
from segkit.model.model import Model
from segkit.model.workloads import DEFAULT_REALM
from segkit.sets import NOWHERE, Addresses
from segkit.sets.atoms import AddressAtoms
from segkit.sets.bitmatrix import gather, transpose
from segkit.sets.intervals import Span

CellKey = tuple[str, int, bool, int, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Member:
    """A workload endpoint of a cell, at the part of its addresses that lies in the cell (None: unknown)."""

    endpoint: Endpoint
    addresses: Addresses | None

    @property
    def name(self) -> str:
        """`workload` or `workload/interface`."""
        interface = self.endpoint.interface.name
        return f"{self.endpoint.workload.name}/{interface}" if interface else self.endpoint.workload.name


@dataclass(frozen=True, slots=True)
class Cell:
    """One class of endpoints. `held` is empty for a cell of addresses that no workload holds; `addresses` is
    then their exact extent. `truth` has bit i set when end i holds the cell."""

    index: int
    realm: str
    family: int
    truth: int
    zone: str | None
    targets: tuple[str, ...]
    held: tuple[Kin | Member, ...]
    addresses: Addresses

    @property
    def is_workload(self) -> bool:
        """False for addresses that no workload holds."""
        return bool(self.held)

    @property
    def members(self) -> tuple[Member, ...]:
        """The workload endpoints, sorted by name; spread out each time, since an estate has many."""
        out: list[Member] = []
        for part in self.held:
            out += [part] if isinstance(part, Member) else [Member(e, e.addresses) for e in part.endpoints]
        return tuple(sorted(out, key=_order))

    @property
    def workloads(self) -> tuple[str, ...]:
        """The names of the workloads in the cell, sorted."""
        endpoints = (e for p in self.held for e in ([p.endpoint] if isinstance(p, Member) else p.endpoints))
        return tuple(sorted({e.workload.name for e in endpoints}))

    @property
    def text(self) -> str:
        """The cell in a few words, for a report."""
        if not self.held:
            return ranges(self.addresses)
        names = self.workloads
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

    @property
    def only_itself(self) -> bool:
        """True when a flow inside the cell can only be a workload talking to itself."""
        return len(self.workloads) == 1 and not any(m.endpoint.workload.is_class for m in self.members)


def ranges(addresses: Addresses) -> str:
    """Addresses in a few words, for a report.

    >>> ranges(Addresses.of("10.0.0.0/8"))
    '10.0.0.0/8'
    """
    cidrs = addresses.texts()
    return ", ".join(cidrs[:3]) + (f" and {len(cidrs) - 3} more ranges" if len(cidrs) > 3 else "")


class Cells(Sequence[Cell]):
    """All cells of a model, in a stable order, with one bitset over cells for each end in use.

    Bitsets are Python integers: bit i stands for cell i.
    """

    def __init__(self, model: Model, population: Population, ends: Iterable[End]) -> None:
        self.population = population
        self.ends = tuple(sorted(set(ends), key=lambda e: e.key))
        self._index = {e: i for i, e in enumerate(self.ends)}
        self._keep(_numbered(_collect(model, population, self.ends)))

    def _keep(self, cells: Iterable[Cell]) -> None:
        self._cells = tuple(cells)
        self._bits = transpose([c.truth for c in self._cells], len(self.ends))
        self.all = (1 << len(self._cells)) - 1
        self.peers = self._compatible()

    def refined(self, homes: Sequence[int]) -> Cells:
        """The cells cut into smaller ones: cell i of the result is a part of cell `homes[i]`."""
        if list(homes) == list(range(len(self))):
            return self
        finer = copy(self)
        finer._keep(replace(self._cells[home], index=i) for i, home in enumerate(homes))
        return finer

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # int or slice, as Sequence has it
        return self._cells[index]

    def __len__(self) -> int:
        return len(self._cells)

    def knows(self, ends: Iterable[End]) -> bool:
        """Do the cells tell apart what these ends hold?"""
        return all(end in self._index for end in ends)

    def of_end(self, end: End) -> int:
        """The cells that an end holds."""
        return self._bits[self._index[end]]

    def of_ends(self, ends: Sequence[End], unless: Iterable[End] = ()) -> int:
        """The cells that any of `ends` holds and none of `unless`."""
        held = self.of_end(ends[0]) if ends else 0  # nearly always the only one: no copy is made of its bits
        for end in ends[1:]:
            held |= self.of_end(end)
        for end in unless:
            held &= ~self.of_end(end)
        return held

    def _compatible(self) -> tuple[int, ...]:
        """For each cell, the cells a flow can reach from it: a flow stays in one realm and one family."""
        spaces: dict[tuple[str, int], int] = {}
        for c in self._cells:
            spaces[c.realm, c.family] = spaces.get((c.realm, c.family), 0) | 1 << c.index
        return tuple(spaces[c.realm, c.family] for c in self._cells)


def _collect(
    model: Model, population: Population, ends: tuple[End, ...]
) -> dict[CellKey, tuple[list[Kin | Member], Addresses]]:
    found: dict[CellKey, tuple[list[Kin | Member], Addresses]] = {}
    held = gather([population.holding(e.predicate) for e in ends], len(population.kin))
    inside = AddressAtoms([e.inside for e in ends])
    outside = AddressAtoms([e.outside for e in ends])
    realms = {DEFAULT_REALM, *(t.realm for t in model.targets), *(k.realm for k in population.kin)}
    here = {realm: _in_realm(ends, realm) for realm in realms}
    for kin, by_label in zip(population.kin, transpose(held, len(population.kin)), strict=True):
        by_place, zone = by_label & here[kin.realm], kin.zone.name if kin.zone else ""
        for part, by_address in _parts(kin, inside):
            key = (kin.realm, kin.family, True, by_place & by_address, zone, kin.owners)
            found.setdefault(key, ([], NOWHERE))[0].append(part)
    for realm in sorted(realms):
        free = no_workload(population.taken.get(realm, NOWHERE))
        for family in FAMILIES:
            for addresses, truth in outside.split(free.family(family), family):
                key = (realm, family, False, truth & here[realm], "", ())
                members, before = found.get(key, ([], NOWHERE))
                found[key] = (members, before | (addresses or NOWHERE))
    return found


def _parts(kin: Kin, inside: AddressAtoms) -> Iterator[tuple[Kin | Member, int]]:
    """Kin with the ends whose addresses hold it: as a whole, or each member by itself."""
    whole = inside.split(kin.known, kin.family)
    if len(whole) == 1 and not kin.unknown:
        yield kin, whole[0][1]
        return
    for endpoint in kin.endpoints:
        for addresses, truth in inside.split(endpoint.addresses, kin.family):
            yield Member(endpoint, addresses), truth


def _in_realm(ends: tuple[End, ...], realm: str) -> int:
    return sum(1 << i for i, e in enumerate(ends) if e.realm in (None, realm))


def _order(member: Member) -> tuple[str, tuple[Span, ...], tuple[Span, ...]]:
    held = member.addresses or NOWHERE
    return member.name, held.v4.spans, held.v6.spans


def _numbered(found: Mapping[CellKey, tuple[list[Kin | Member], Addresses]]) -> Iterator[Cell]:
    for index, key in enumerate(sorted(found)):
        realm, family, _, truth, zone, targets = key
        held, addresses = found[key]
        yield Cell(index, realm, family, truth, zone or None, targets, tuple(held), addresses)
