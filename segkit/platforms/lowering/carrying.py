"""Which interfaces carry the group of a piece: by label, and by address where a piece is limited by
address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from segkit.intent.boxes import Piece
from segkit.intent.endpoints import Endpoint
from segkit.intent.population import Kin, Population
from segkit.model.model import Target
from segkit.model.workloads import Interface, Workload
from segkit.platforms.base import Residual
from segkit.sets import NOWHERE, Addresses

if TYPE_CHECKING:
    from segkit.platforms.lowering.sides import SideRule


class Key(NamedTuple):
    """A group before it has a name: the workloads of one target that a piece holds. One is made for every
    rule, to be looked up."""

    target: str
    piece: Piece


class Owners:
    """Which targets own a workload that a piece holds today, worked out once for each piece."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._memo: dict[Piece, frozenset[str]] = {}

    def of(self, piece: Piece) -> frozenset[str]:
        """The names of the targets."""
        found = self._memo.get(piece)
        if found is None:
            whole = piece.whole
            found = self._memo[piece] = frozenset(
                name
                for kin in self._population.matching(piece.predicate)
                if whole or (kin.unknown and kin.family in piece.unknown) or kin.known.overlaps(piece.inside)
                for name in kin.owners
            )
        return found


Place = tuple[str, str, int]
"""Workload, interface, and the number of the interface."""


def held_keys(
    keys: Iterable[Key], target: Target, population: Population
) -> Iterator[tuple[tuple[Key, ...], list[tuple[Place, Workload, Interface]]]]:
    """The keys that interfaces of a target carry, each time with all the interfaces that carry just these.

    An interface is in a piece with every address of each family the piece speaks of.
    """
    by_label: dict[int, list[Key]] = {position: [] for position in population.owned[target.name]}
    by_address: set[int] = set()
    for key in keys:
        positions = population.positions(key.piece.predicate)
        for position in positions:
            if position in by_label:
                by_label[position].append(key)
        if not key.piece.whole:
            by_address.update(positions)
    places: dict[Place, list[tuple[Endpoint, int]]] = defaultdict(list)
    for position in by_label:
        for e in population.kin[position].endpoints:
            places[_place(e)].append((e, position))
    alike: dict[int | tuple[Key, ...], list[tuple[Place, Workload, Interface]]] = defaultdict(list)
    for place, members in places.items():
        first, position = members[0]
        kind: int | tuple[Key, ...] = position
        if position in by_address:
            ends = [e for e, _ in members]
            kind = tuple(k for k in by_label[position] if carries(k.piece, ends))
        alike[kind].append((place, first.workload, first.interface))
    for kind, found in alike.items():
        yield tuple(by_label.get(kind, ())) if isinstance(kind, int) else kind, found


def carries(piece: Piece, members: Sequence[Endpoint]) -> bool:
    """Does an interface whose labels match carry a piece's group, by its addresses?"""
    if piece.whole:
        return True
    spoken = [e for e in members if piece.inside.family(e.family) or e.family in piece.unknown]
    return bool(spoken) and all(
        e.family in piece.unknown if e.addresses is None else e.addresses <= piece.inside for e in spoken
    )


def split_interfaces(target: Target, rule: SideRule, population: Population) -> Iterator[Residual]:
    """What stays closed because an interface has some addresses that a rule speaks of, and others."""
    if rule.own.whole:
        return
    closed, names = NOWHERE, set()
    for kin in population.matching(rule.own.predicate):
        inside = kin.known & rule.own.inside
        if target.name not in kin.owners or not inside or kin.known <= rule.own.inside:
            continue
        for (name, _), members in _by_interface([kin]).items():
            held = inside & Addresses.union(e.addresses for e in members if e.addresses is not None)
            if held and not carries(rule.own, members):
                closed |= held
                names.add(name)
    if closed:
        extent = f"{', '.join(sorted(names))} have it at {closed} only, and other addresses on the interface"
        own = replace(rule.own, inside=closed, unknown=frozenset())
        yield replace(rule, own=own).residual(target.name, "interface-addresses", extent, "closes")


def settled(population: Population, targets: Collection[str], piece: Piece) -> bool:
    """Is every interface of some targets that matches a piece's labels in it with all its addresses, or with
    none?

    Then a group says the piece exactly, even one that is limited by address.
    """
    if piece.whole:
        return True
    near = [k for k in population.matching(piece.predicate) if not set(k.owners).isdisjoint(targets)]
    for members in _by_interface(near).values():
        if {_holds(piece, e) for e in members} not in ({True}, {False}):
            return False
    return True


def _holds(piece: Piece, endpoint: Endpoint) -> bool | None:
    """Is an endpoint whose labels match in a piece? None: at some of its addresses."""
    if endpoint.addresses is None:
        return endpoint.family in piece.unknown
    inside = endpoint.addresses & piece.inside
    return inside == endpoint.addresses or (None if inside else False)


def _by_interface(kin: Sequence[Kin]) -> dict[tuple[str, int], list[Endpoint]]:
    out: dict[tuple[str, int], list[Endpoint]] = defaultdict(list)
    for e in (e for k in kin for e in k.endpoints):
        out[e.workload.name, e.workload.interfaces.index(e.interface)].append(e)
    return out


def _place(endpoint: Endpoint) -> Place:
    workload, interface = endpoint.workload, endpoint.interface
    return workload.name, interface.name, workload.interfaces.index(interface)
