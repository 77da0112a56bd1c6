"""Where somebody may be whose address nobody knows.

Policies take them to be in no address set but those that hold a whole family, and they are not where others
are. At what is left they may be, and rules beside ours may tell one part of it from another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from segkit.intent.cells import Cell, Cells
from segkit.sets import EVERYWHERE, NOWHERE, Addresses
from segkit.sets.atoms import AddressAtoms

MACHINES = Addresses.of(
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "2000::/3"
)
"""Where machines are in a network that does not say: RFC 1918, RFC 6598, RFC 4193, RFC 4291 2.5.4. At public
addresses of IPv4 they are seen after a translation only, which is an end of its own."""


class Supposed:
    """The addresses at which workloads may be, cut by all that rules name. `extents` are those of the
    networks of targets, where they are known."""

    def __init__(self, cells: Cells, atoms: AddressAtoms, extents: Mapping[str, Addresses]) -> None:
        self._cells, self._atoms, self._extents = cells, atoms, extents
        self._known = cache(self._parts)

    def parts(self, cell: Cell) -> Sequence[Addresses]:
        """Where somebody of a cell may be that rules do not treat like those at no known address."""
        return self._known(cell.realm, cell.family, cell.targets)

    def _parts(self, realm: str, family: int, targets: Sequence[str]) -> Sequence[Addresses]:
        found = self._beyond(realm, family)
        known = [self._extents[target] for target in targets if target in self._extents]
        for extent in known or [MACHINES]:
            found &= extent
        ((_, nowhere),) = self._atoms.split(None, family)
        split = self._atoms.split(found, family) if found else ()
        return [part for part, truth in split if part is not None and truth != nowhere]

    def _beyond(self, realm: str, family: int) -> Addresses:
        """The addresses that no policy names and nobody has."""
        whole = EVERYWHERE.family(family)
        ends = (end for end in self._cells.ends if end.realm in (None, realm))
        named = [held for end in ends if (held := end.inside.family(family)) != whole]
        return whole - Addresses.union(named) - self._cells.population.taken.get(realm, NOWHERE)
