"""Egress by range: a range may hold any workload whose own ingress keeps out what it is not allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from segkit.intent.population import Kin, Population
from segkit.sets import EVERYWHERE, NOWHERE, Addresses


class Shelter:
    """The workloads that keep others out by themselves, for egress rules written by range."""

    def __init__(self, population: Population, protects: Callable[[Kin], bool]) -> None:
        # Where a member may be at any address of a network, no workload is there as well: not to be opened.
        self._vague = {kin for kin in population.kin if any(e.many for e in kin.endpoints)}
        held: dict[str, list[Addresses]] = {}
        for kin in population.kin:
            if kin not in self._vague and protects(kin):
                held.setdefault(kin.realm, []).append(kin.known)
        self._inside = {realm: Addresses.union(found) for realm, found in held.items()}
        self._blocks = {realm: _blocks(found) for realm, found in self._inside.items()}

    def cover(self, realm: str, near: Iterable[Kin], inside: Addresses) -> Addresses | None:
        """The fewest ranges that hold the addresses of some kin inside a set, and beside them nothing but
        workloads that keep others out. None where it is not known at which addresses they are."""
        wanted, whole = [], inside == EVERYWHERE
        for kin in near:
            if kin in self._vague:
                return None
            wanted.append(kin.known if whole else kin.known & inside)
        exact = Addresses.union(wanted)
        if not exact:
            return NOWHERE
        held = self._inside.get(realm, NOWHERE)
        blocks = self._blocks.get(realm, ()) if exact <= held else _blocks(exact | held)
        return Addresses.union(block for block in blocks if block.overlaps(exact))


def _blocks(addresses: Addresses) -> tuple[Addresses, ...]:
    return tuple(Addresses.of(cidr) for cidr in addresses.cidrs())
