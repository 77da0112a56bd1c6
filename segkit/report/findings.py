"""What `segkit lint` found, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from segkit.report.page import BLANK, Cell, Line, Page, Tone, count, line
from segkit.verify.finding import SEVERITIES, Finding, Reason, Severity

_MOST_REASONS = 3

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
        if f.why:
            parts.append(line(Cell("why: ", "dim"), f.why, indent=1))
        if f.witness is not None:
            parts.append(line(Cell("for example: ", "dim"), f.witness.text, indent=1))
        parts += (line(Cell("see: ", "dim"), _place(r), indent=1) for r in f.proof[:_MOST_REASONS])
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
                "proof": [{"subject": r.subject, "where": r.where} for r in f.proof],
                "witness": None
                if f.witness is None
                else {
                    "source": f.witness.source,
                    "destination": f.witness.destination,
                    "services": f.witness.services,
                },
            }
            for f in found
        ],
    }


def _place(reason: Reason) -> str:
    return f"{reason.subject}  {reason.where}" if reason.where else reason.subject


def _summary(found: Sequence[Finding]) -> str:
    nouns = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("note", "notes")}
    counts = [(s, sum(f.severity == s for f in found)) for s in SEVERITIES]
    return ", ".join(count(n, *nouns[s]) for s, n in counts if n)
