"""Priorities of the rules of policies, from what makes each the same rule whatever else changes. VPC firewall
rules need none of their own: they open, or they close."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from segkit.platforms.google.limits import HIGHEST, LOWEST
from segkit.platforms.google.lower.above import BANDS
from segkit.platforms.google.lower.plan import Line
from segkit.platforms.lowering.names import digest

FIRST_DENY = HIGHEST - 10
"""Priorities from here on are those of the rules that close what no rule opens."""


def prioritised(
    lines: Iterable[Line], first: int = LOWEST, after: int = FIRST_DENY
) -> list[tuple[int, Line]]:
    """Rules with a priority each, in that order, from their identities alone: rules of one band do the same,
    so their order means nothing. Two that want the same one settle it by their identities."""
    taken: dict[int, Line] = {}
    for line in sorted(lines, key=lambda one: one.identity):
        attempt = 0
        while True:
            text = f"{line.identity}|{attempt}" if attempt else line.identity
            wanted = first + int(digest(text, 15), 16) % (after - first)
            if wanted not in taken:
                break
            attempt += 1
        taken[wanted] = line
    return sorted(taken.items())


def in_bands(lines: Iterable[Line]) -> list[tuple[int, Line]]:
    """What is said above the network with priorities in the order of tiers, denies first."""
    bands: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        assert line.rule is not None, "postures and modes are no rules of a tier"
        bands[BANDS.index((line.rule.tier, line.action))].append(line)
    width = (HIGHEST + 1 - LOWEST) // len(BANDS)
    starts = {number: LOWEST + number * width for number in sorted(bands)}
    return [
        one for number, start in starts.items() for one in prioritised(bands[number], start, start + width)
    ]
