"""What `segkit lint` found, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from segkit.report.page import BLANK, Cell, Line, Page, Tone, count, line
from segkit.verify.lint import SEVERITIES, Finding, Severity

_TONES: dict[Severity, Tone] = {"error": "bad", "warning": "warn", "info": "dim"}


def page(found: Sequence[Finding], most: int) -> Page:
    """Each finding with its place and its fix, then a count. Of one code at most `most` are told."""
    if not found:
        return (line(Cell("No findings.", "good")),)
    parts: list[Line] = []
    told: Counter[str] = Counter()
    for f in found:
        told[f.code] += 1
        if told[f.code] > most:
            continue
        place = [Cell(f"  {f.where}", "dim")] if f.where else []
        parts.append(line(Cell(f"{f.severity:<8}", _TONES[f.severity]), Cell(f.code, "strong"), *place))
        parts.append(line(f.what, indent=1))
        parts.append(line(Cell("fix: ", "dim"), f.fix, indent=1))
    for code, number in sorted(told.items()):
        if number > most:
            parts.append(line(Cell(f"{number - most:,} more of {code}; --all tells them.", "dim")))
    return (*parts, BLANK, line(_summary(found)))


def data(found: Sequence[Finding]) -> dict[str, Any]:
    """The findings as data."""
    return {
        "counts": {s: sum(f.severity == s for f in found) for s in SEVERITIES},
        "findings": [
            {
                "severity": f.severity,
                "code": f.code,
                "subject": f.subject,
                "what": f.what,
                "why": f.why,
                "fix": f.fix,
                "where": f.where,
            }
            for f in found
        ],
    }


def _summary(found: Sequence[Finding]) -> str:
    nouns = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("note", "notes")}
    counts = [(s, sum(f.severity == s for f in found)) for s in SEVERITIES]
    return ", ".join(count(n, *nouns[s]) for s, n in counts if n)
