"""From verdicts to what passes: the enforcement mode of each end, and which targets own it."""

from __future__ import annotations

from segkit.intent.cells import Cell
from segkit.intent.engine import POSSIBLE, Intent
from segkit.model.policy import Mode
from segkit.sets import ANY, NOTHING, ServiceSet
from segkit.sets.planes import Row, clip, merge, overlay


class Passing:
    """Which flows pass, once modes and ownership are applied.

    An end that no target owns, or whose zone is in visibility mode, passes everything; in selective mode an
    end blocks what an explicit deny decided; in enforce mode whatever the verdict denies. A flow passes iff
    both ends pass it.
    """

    def __init__(self, intent: Intent) -> None:
        self.intent = intent
        self.unowned = sum(1 << cell.index for cell in intent.cells if not cell.targets)
        by_mode: dict[Mode, int] = {"visibility": 0, "selective": 0, "enforce": 0}
        for cell in intent.cells:
            by_mode[self.mode(cell)] |= 1 << cell.index
        self.free, self.selective, self.enforcing = (
            by_mode["visibility"],
            by_mode["selective"],
            by_mode["enforce"],
        )

    def mode(self, cell: Cell) -> Mode:
        """The mode that applies at a cell as an end; an end without a target passes everything."""
        if not cell.targets:
            return "visibility"
        return self.intent.zones[cell.zone].mode if cell.zone else "enforce"

    def governed(self, source: int, destination: int) -> bool:
        """Does a target own at least one end? In visibility mode too: there everything has to pass."""
        return not (self.unowned >> source & 1 and self.unowned >> destination & 1)

    def services(self, source: int, destination: int) -> ServiceSet:
        """The services that pass from one cell to another."""
        cells = self.intent.cells
        if not cells.peers[source] >> destination & 1:
            return NOTHING
        out = ANY
        for end in (source, destination):
            match self.mode(cells[end]):
                case "enforce":
                    out &= self.intent.services(source, destination)
                case "selective":
                    out -= self.intent.verdict(source, destination).denied
                case _:
                    pass
        return out & POSSIBLE[cells[source].family]

    def row(self, source: int) -> Row:
        """The services that pass from a cell to every cell it can reach."""
        cells = self.intent.cells
        mode = self.mode(cells[source])
        if mode == "enforce":  # what the verdict allows, the other end passes in every mode
            return self.intent.row(source)
        planes = []
        for lo, hi, allowed, denied in overlay(self.intent.row(source), self.intent.denied_row(source)):
            at_destination = allowed & self.enforcing | self.selective & ~denied | self.free
            at_source = ~denied if mode == "selective" else -1
            planes.append((lo, hi, at_destination & at_source & cells.all))
        return clip(merge(planes), cells.peers[source], POSSIBLE[cells[source].family])
