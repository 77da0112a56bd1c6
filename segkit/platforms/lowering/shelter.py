"""Egress by range: a range may hold any workload whose own ingress keeps out what it is not allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from segkit.intent.boxes import Piece
from segkit.intent.population import Kin, Population
from segkit.sets import ALL, EVERYWHERE, NONE, NOWHERE, Addresses


class Shelter:
    """The workloads that keep others out by themselves, for egress rules written by range."""

    def __init__(self, population: Population, protects: Callable[[Kin], bool]) -> None:
        # Where a member may be at any address of a network: not to be opened.
        self._vague = {kin for kin in population.kin if any(e.many for e in kin.endpoints)}
        vague = _by_realm(kin for kin in population.kin if kin in self._vague)
        safe = [k for k in population.kin if k not in self._vague and protects(k)]
        safe = [k for k in safe if not k.known.overlaps(vague.get(k.realm, NOWHERE))]
        self._sheltered = set(safe)
        self._inside = _by_realm(safe)
        self._blocks = {realm: _blocks(found) for realm, found in self._inside.items()}

    def cover(self, realm: str, near: Iterable[Kin], piece: Piece) -> Addresses | None:
        """The fewest ranges that hold the addresses of some kin inside a piece, and beside them nothing but
        workloads that keep others out. None where it is not known at which addresses they are."""
        exact = self._exact(near, piece)
        if not exact:
            return exact
        held = self._inside.get(realm, NOWHERE)
        blocks = self._blocks.get(realm, ()) if exact <= held else _blocks(exact | held)
        return Addresses.union(block for block in blocks if block.overlaps(exact))

    def everybody(self, realm: str) -> Piece:
        """All of them, at their addresses."""
        return Piece(ALL, self._inside.get(realm, NOWHERE), frozenset(), NOWHERE)

    def beyond(self, realm: str, near: Iterable[Kin], piece: Piece) -> Piece:
        """A far end without them, where the way to them is open anyway. `near` are the kin of its labels; it
        stays whole where some of the others may be at any address, for a group names them all."""
        exact = self._exact((kin for kin in near if kin not in self._sheltered), piece)
        if exact is None:
            return piece
        if not exact:
            return Piece(NONE, NOWHERE, frozenset(), piece.outside, piece.hint)
        return replace(piece, inside=piece.inside - self._inside.get(realm, NOWHERE))

    def _exact(self, near: Iterable[Kin], piece: Piece) -> Addresses | None:
        wanted, whole = [], piece.inside == EVERYWHERE
        for kin in near:
            held = kin.known if whole else kin.known & piece.inside
            if kin in self._vague and (held or (kin.unknown and kin.family in piece.unknown)):
                return None
            wanted.append(held)
        return Addresses.union(wanted)


def _by_realm(near: Iterable[Kin]) -> dict[str, Addresses]:
    held: dict[str, list[Addresses]] = {}
    for kin in near:
        held.setdefault(kin.realm, []).append(kin.known)
    return {realm: Addresses.union(found) for realm, found in held.items()}


def _blocks(addresses: Addresses) -> tuple[Addresses, ...]:
    return tuple(Addresses.of(cidr) for cidr in addresses.cidrs())
