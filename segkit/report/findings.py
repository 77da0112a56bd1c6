"""What `segkit lint` found, worst first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segkit.report.page import BLANK, Cell, Page, Tone, count, line
from segkit.verify.lint import SEVERITIES, Finding, Severity

_TONES: dict[Severity, Tone] = {"error": "bad", "warning": "warn", "info": "dim"}


def page(found: Sequence[Finding]) -> Page:
    """Each finding with its subject, its place and its fix, then a count."""
    if not found:
        return (line(Cell("No findings.", "good")),)
    parts = []
    for f in found:
        place = [Cell(f"  {f.where}", "dim")] if f.where else []
        parts.append(line(Cell(f"{f.severity:<8}", _TONES[f.severity]), Cell(f.code, "strong"), *place))
        parts.append(line(f.what, indent=1))
        parts.append(line(Cell("fix: ", "dim"), f.fix, indent=1))
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
