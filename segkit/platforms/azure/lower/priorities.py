"""Priorities that hang on a rule's identity alone, so that rules come and go without moving each other.

All allows of a security group mean the same in any order, so an allow takes a place that its name gives. Two
that want one place are told apart by name: the later one goes on to a free place, and back when the first is
gone. Behind them stand, at fixed places, what lets probes in and what denies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from segkit.platforms.azure.limits import FIRST, LAST
from segkit.platforms.azure.lower.plan import LineId

CLOSINGS = ("Tcp", "Udp", "Icmp", "Esp", "Ah")
"""The protocols that are denied, one by one, in front of rules about all others."""


SHARES = (1, 1, 1, 2, 2, 1, 1, 2, 4, 1)
"""How the priorities are shared out where rules have an order: most to the allows of applications."""


@dataclass(frozen=True, slots=True)
class Bands:
    """The priorities from `low` to `high`, divided: allows, probes, denies by protocol, allows of what is
    left, and the deny of everything."""

    low: int = FIRST
    high: int = LAST

    @property
    def rest(self) -> range:
        """For allows of all protocols that have no name: a seventh of the whole."""
        return range(self.high - (self.high - self.low + 1) // 7, self.high)

    @property
    def denies(self) -> dict[str, int]:
        """For the denies of named protocols."""
        return {name: self.rest.start - len(CLOSINGS) + n for n, name in enumerate(CLOSINGS)}

    @property
    def probes(self) -> int:
        """For what lets health probes in: behind the allows; where rules have an order it is at `low`, in
        front of every deny."""
        return self.rest.start - len(CLOSINGS) - 1

    @property
    def allows(self) -> range:
        """For every other allow."""
        return range(self.low, self.probes)

    @property
    def ranked(self) -> tuple[range, ...]:
        """The same divided for rules that have an order, one band for each of `RANKS`. The first place is
        left to probes."""
        first, parts = self.low + 1, len(self.allows) - 1
        found, low = [], first
        for number in range(len(SHARES)):
            high = first + parts * sum(SHARES[: number + 1]) // sum(SHARES)
            found.append(range(low, high))
            low = high
        return tuple(found)

    def places(self, line: LineId) -> range:
        """The band that a line is in."""
        if line.rank is not None:
            return self.ranked[line.rank]
        return self.rest if line.protocol == "rest" else self.allows


def assign(names: Iterable[str], places: range) -> dict[str, int]:
    """A place for every name. Raises ValueError where there are more names than places.

    >>> assign(["a", "b"], range(100, 4000)) == assign(["b", "a"], range(100, 4000))
    True
    """
    ordered = sorted(set(names))
    if len(ordered) > len(places):
        raise ValueError(f"{len(ordered)} names for {len(places)} places")
    taken: set[int] = set()
    found = {}
    for name in ordered:
        digest = hashlib.sha256(name.encode()).digest()
        at = int.from_bytes(digest[:8], "big") % len(places)
        while at in taken:
            at = (at + 1) % len(places)
        taken.add(at)
        found[name] = places[at]
    return found
