"""Rows of figures as a table: for the terminal, for `docs/benchmarks.md`, and as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HEADS = ("what", "ours", "peer or bound", "ratio", "wanted", "met")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure against a peer or a bound. `met` None: there is no goal."""

    what: str
    ours: str
    peer: str
    ratio: str
    wanted: str
    met: bool | None
    note: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as texts."""
        return (*(getattr(self, n) for n in ("what", "ours", "peer", "ratio", "wanted")), verdict(self.met))


def absent(what: str, package: str) -> Row:
    """A row for which a peer is not there."""
    return Row(what, f"{package} is not installed", "–", "–", "–", None, "make bench installs it")


def verdict(met: bool | None) -> str:
    """yes, NO, or a dash where there is no goal."""
    return "–" if met is None else "yes" if met else "NO"


def seconds(value: float) -> str:
    """Seconds with three digits that count.

    >>> seconds(0.01234), seconds(123.4)
    ('0.0123 s', '123 s')
    """
    return f"{value:.3g} s" if value < 100 else f"{value:.0f} s"


def memory(mib: float) -> str:
    """Memory in words.

    >>> memory(512), memory(2048)
    ('512 MB', '2.0 GB')
    """
    return f"{mib:.0f} MB" if mib < 1000 else f"{mib / 1024:.1f} GB"


def as_text(rows: Sequence[Row]) -> str:
    """The table for a terminal."""
    lines = [HEADS, *(row.cells for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEADS))]
    out = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*out, "", *_notes(rows)])


def as_markdown(rows: Sequence[Row], quick: bool) -> str:
    """The page that keeps the results of a run."""
    cells = [f"| {' | '.join(row.cells)} |" for row in rows]
    size = "small sizes (`--quick`)" if quick else "full sizes"
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "Written by `python -m bench --write`; do not edit. `make bench` measures on your machine.",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, {size}.",
            "",
            f"| {' | '.join(HEADS)} |",
            "|---|---|---|---|---|---|",
            *cells,
            "",
            "Each pair is measured in one run, taking turns, in processes of their own; the best turn",
            "counts. Memory is the peak of the process and of the Node beside it. A ratio is ours to the",
            "peer or bound: below 1 is better than it.",
            "",
            *_notes(rows),
            "",
        ]
    )


def kept(page: str, rows: Sequence[Row]) -> list[Row]:
    """The rows of a page with some of them measured anew; what was not on the page comes last."""
    fresh = {row.what: row for row in rows}
    lines = page.splitlines()
    out = []
    for line in lines:
        cells = line.strip("| ").split(" | ")
        if len(cells) == len(HEADS) and cells[0] != HEADS[0]:
            what, ours, peer, ratio, wanted, met = cells
            start = f"- {what}: "
            note = next((text.removeprefix(start) for text in lines if text.startswith(start)), "")
            old = Row(what, ours, peer, ratio, wanted, {"yes": True, "NO": False}.get(met), note)
            out.append(fresh.pop(what, old))
    return [*out, *fresh.values()]


def as_data(rows: Sequence[Row], quick: bool) -> dict[str, Any]:
    """The table as JSON data."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine(),
        "quick": quick,
        "rows": [asdict(row) for row in rows],
    }


def machine() -> str:
    """The machine in a few words."""
    names = [platform.machine()]
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")][
            :1
        ] or names
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{names[0]}, {os.cpu_count()} cores, Python {platform.python_version()}{load} at the end"


def _notes(rows: Sequence[Row]) -> list[str]:
    return [f"- {row.what}: {row.note}" for row in rows if row.note]
