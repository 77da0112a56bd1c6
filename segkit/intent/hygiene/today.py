"""Rules that decide no flow between the endpoints there are today, although they could decide others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from segkit.intent.engine import POSSIBLE, Intent
from segkit.intent.hygiene.ruleset import Ruleset
from segkit.sets import ServiceSet
from segkit.sets.planes import bits


@dataclass(frozen=True, slots=True)
class Unused:
    """A rule that decides nothing today: nobody is at its source or destination, or no flow joins the two, or
    (`by`) other rules decide every flow there is."""

    number: int
    sources: bool
    destinations: bool
    by: tuple[int, ...]


def unused_today(ruleset: Ruleset, intent: Intent, numbers: int) -> Iterator[Unused]:
    """Those rules of a bitset that decide no flow between endpoints of today."""
    at = {rule.id: n for n, rule in enumerate(intent.rules)}
    today = _Today(ruleset, intent, [at[rule.id] for rule in ruleset.rules])
    for n in bits(numbers):
        by = today.decided_by(n)
        if by is not None:
            sources, destinations = today.sides(n)
            yield Unused(n, bool(sources), bool(destinations), by)


class _Today:
    def __init__(self, ruleset: Ruleset, intent: Intent, places: list[int]) -> None:
        self._ruleset, self._cells = ruleset, intent.cells
        self._sources = [intent.source_bits[p] for p in places]
        self._destinations = [intent.destination_bits[p] for p in places]
        self._workloads = sum(1 << cell.index for cell in intent.cells if cell.is_workload)

    def sides(self, n: int) -> tuple[int, int]:
        """The cells on both sides of a rule."""
        return self._sources[n], self._destinations[n]

    def decided_by(self, n: int) -> tuple[int, ...] | None:
        """Who decides each flow of rule n instead; None when it decides one itself."""
        rules = self._ruleset
        before = tuple(bits(rules.near(n) & rules.before(n) & rules.lasting)) if self._sources[n] else ()
        seen: set[tuple[int, int, int]] = set()
        used: set[int] = set()
        for source in bits(self._sources[n]):
            here = tuple(b for b in before if self._sources[b] >> source & 1)
            reach = self._reach(n, source)
            key = (hash(here), self._cells.peers[source], reach)
            if not reach or key in seen:
                continue
            seen.add(key)
            services = rules.rules[n].services & POSSIBLE[self._cells[source].family]
            decided = self._decided(services, reach, here)
            if decided is None:
                return None
            used |= decided
        return tuple(sorted(used))

    def _reach(self, n: int, source: int) -> int:
        """The cells that a flow of rule n can go to from one cell."""
        reach = self._destinations[n] & self._cells.peers[source]
        if not self._workloads >> source & 1:
            reach &= self._workloads
        if self._cells[source].only_itself:
            reach &= ~(1 << source)
        return reach

    def _decided(self, services: ServiceSet, reach: int, before: tuple[int, ...]) -> set[int] | None:
        """The rules that decide all of some services to all of some cells, or None."""
        left = [(services, reach)] if services else []
        used = set()
        for b in before:
            kept: list[tuple[ServiceSet, int]] = []
            for wanted, cells in left:
                hit = wanted & self._ruleset.rules[b].services
                if not hit or not cells & self._destinations[b]:
                    kept.append((wanted, cells))
                    continue
                used.add(b)
                parts = ((wanted - hit, cells), (hit, cells & ~self._destinations[b]))
                kept += (part for part in parts if part[0] and part[1])
            left = kept
        return None if left else used
