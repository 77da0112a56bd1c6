"""The sweep's table in words and its chart: an SVG that is the same every time, for dark and light pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.sweep import Outcome

PAGE = Path(__file__).resolve().parents[1] / "docs" / "encodings.md"
BEGIN, END = "<!-- written by python -m bench.sweep --write -->", "<!-- end of what is written -->"
SHORT = {
    "rules_per_group": "rules/group",
    "groups_per_interface": "groups/interface",
    "groups_per_region": "groups/region",
}
HEADS = ("Applications", "Rules", "Encoding", "Fits", *(s.capitalize() for s in SHORT.values()), "AWS rules")


def section(found: Sequence[Outcome]) -> str:
    """The tables, one for each density, with a sentence about each encoding before them."""
    out = []
    for density in dict.fromkeys(one.density for one in found):
        here = [one for one in found if one.density == density]
        per = here[0].policy_rules // here[0].applications
        out += [f"### {density.capitalize()}: {per} rules for each application", ""]
        out += [f"- {sentence([o for o in here if o.encoding == name])}" for name in _names(here)]
        out += ["", f"| {' | '.join(HEADS)} |", f"|{'---|' * len(HEADS)}"]
        out += [*map(row, here), ""]
    return "\n".join(out).rstrip("\n")


def row(one: Outcome) -> str:
    """One outcome as a line of the table."""
    cells = [f"{one.applications:,}", f"{one.policy_rules:,}", one.encoding]
    if not one.used:
        return f"| {' | '.join(cells)} | not tried | | | | |"
    cells.append("yes" if one.fits else "**no**")
    cells += [f"{used:,} of {quota:,} ({used / quota:.0%})" for used, quota in one.used.values()]
    return f"| {' | '.join(cells)} | {one.rules:,} |"


def sentence(found: Sequence[Outcome]) -> str:
    """How far an encoding goes, and what stops it.

    It is said of the estates that were tried: an encoding need not fail at every size above the first.
    """
    name, held = found[0].encoding, [one.applications for one in found if one.fits]
    lost = next((one for one in found if not one.fits), None)
    if lost is None:
        return f"`{name}` fits at every size, up to {max(held):,} applications."
    worst = max(lost.used, key=lambda quota: lost.used[quota][0] / lost.used[quota][1])
    used, quota = lost.used[worst]
    fits = f"fits up to {max(held):,} applications" if held else "fits nowhere"
    said = f"`{name}` {fits}; at {lost.applications:,} it needs {used:,} {SHORT[worst]} of {quota:,}."
    return said if found[-1].used else f"{said} Larger ones were not tried."


def insert(page: str, text: str) -> str:
    """The page with the text between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError("the page has lost its marks")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


# -- the chart: the worst share of a quota against the number of applications, both by powers, by density

WIDTH, HEIGHT, LEFT, TOP = 250, 220, 64, 34
LOWEST, HIGHEST = 0.1, 20.0
COLOURS = {
    "groups": ("#0969da", "#58a6ff"),
    "cells": ("#bc4c00", "#f0883e"),
    "blocks": ("#1a7f37", "#3fb950"),
}
FONT = 'font-family="system-ui, sans-serif" font-size="11"'
MARKS = {"groups": "", "cells": "6 3", "blocks": "2 3"}


def chart(found: Sequence[Outcome]) -> str:
    """The chart as SVG. What is above the line at 100 % does not fit."""
    densities = list(dict.fromkeys(one.density for one in found))
    sizes = sorted({one.applications for one in found})
    wide, high = LEFT + len(densities) * (WIDTH + 24), TOP + HEIGHT + 62
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img" {FONT}>',
        "<title>Worst share of a quota by number of applications, for each encoding</title>",
        f"<style>{_style()}</style>",
        f'<text class="ink" x="12" y="{TOP - 18}">worst share of a quota</text>',
    ]
    for number, density in enumerate(densities):
        left = LEFT + number * (WIDTH + 24)
        parts += _panel(left, density, [one for one in found if one.density == density], sizes, number == 0)
    for number, name in enumerate(_names(found)):
        x, y = LEFT + number * 110, high - 10
        parts.append(
            f'<path class="{name}" d="M{x} {y - 4}h24"/><text class="ink" x="{x + 30}" y="{y}">{name}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _panel(
    left: int, density: str, found: Sequence[Outcome], sizes: Sequence[int], labelled: bool
) -> Iterator[str]:
    def x(applications: int) -> float:
        whole = math.log(sizes[-1] / sizes[0]) or 1.0
        return round(left + 8 + (WIDTH - 16) * math.log(applications / sizes[0]) / whole, 1)

    per = found[0].policy_rules // found[0].applications
    yield f'<text class="ink" x="{left}" y="{TOP - 4}">{density}: {per} rules for each application</text>'
    yield f'<rect class="frame" x="{left}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}"/>'
    for share in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0):
        yield f'<path class="{"limit" if share == 1 else "grid"}" d="M{left} {_y(share)}h{WIDTH}"/>'
        if labelled:
            yield f'<text class="ink" text-anchor="end" x="{left - 6}" y="{_y(share) + 4}">{share:.0%}</text>'
    for size in sizes:
        yield f'<text class="ink" text-anchor="middle" x="{x(size)}" y="{TOP + HEIGHT + 15}">{size}</text>'
    middle = left + WIDTH // 2
    yield f'<text class="ink" text-anchor="middle" x="{middle}" y="{TOP + HEIGHT + 32}">applications</text>'
    for name in _names(found):
        points = [(x(o.applications), _y(o.share)) for o in found if o.encoding == name and o.used]
        yield f'<polyline class="{name}" points="{" ".join(f"{a},{b}" for a, b in points)}"/>'
        yield from (f'<circle class="{name} dot" cx="{a}" cy="{b}" r="2.5"/>' for a, b in points)


def _y(share: float) -> float:
    held = min(max(share, LOWEST), HIGHEST)
    return round(TOP + HEIGHT * (1 - math.log(held / LOWEST) / math.log(HIGHEST / LOWEST)), 1)


def _style() -> str:
    """Colours of a light page, and of a dark one where the reader has that."""

    def colours(dark: bool) -> str:
        ink, faint = ("#c9d1d9", "#484f58") if dark else ("#24292f", "#d0d7de")
        lines = "".join(f".{n}{{stroke:{c[dark]}}}.{n}.dot{{fill:{c[dark]}}}" for n, c in COLOURS.items())
        return f".ink{{fill:{ink}}}.grid,.frame{{stroke:{faint}}}.limit{{stroke:{ink}}}{lines}"

    dashes = "".join(f"polyline.{n},path.{n}{{stroke-dasharray:{mark}}}" for n, mark in MARKS.items() if mark)
    return (
        "path,rect,polyline{fill:none;stroke-width:1}polyline,path.groups,path.cells,path.blocks{stroke-width:2}"
        f".limit{{stroke-width:1.5}}{dashes}{colours(False)}"
        f"@media (prefers-color-scheme: dark){{{colours(True)}}}"
    )


def _names(found: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(one.encoding for one in found))
