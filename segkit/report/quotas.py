"""Quota use by target, and the encodings to choose from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from segkit.platforms.base import QuotaOption, QuotaReport
from segkit.report.page import BLANK, Cell, Line, Page, Table, Tone, line, table

Usage = Mapping[str, Mapping[str, int]]


def page(reports: Sequence[QuotaReport]) -> Page:
    """The reports for a person."""
    parts: list[Line | Table] = []
    for report in reports:
        parts += [BLANK] if parts else []
        parts += _target(report)
    return tuple(parts) or (line("no target is declared"),)


def data(reports: Sequence[QuotaReport]) -> dict[str, Any]:
    """The reports for a machine."""
    return {"targets": [asdict(report) for report in reports]}


def fits(report: QuotaReport) -> bool:
    """Is a target within every quota as it is pinned?"""
    return all(use["used"] <= use["quota"] for use in report.usage.values())


def _target(report: QuotaReport) -> list[Line | Table]:
    rows = [
        (name, str(use["used"]), str(use["quota"]), Cell(f"{_share(use):.0%}", _tone(use)))
        for name, use in report.usage.items()
    ]
    fullest = ", ".join(f"{name} {count}" for name, count in report.fullest.items())
    options = [_option(option, option.encoding == report.encoding) for option in report.options]
    return [
        line(
            Cell(report.target, "strong"), f"  encoding {_pin(report.encoding)}, {report.resources} resources"
        ),
        table(("Quota", "Used", "Limit", "Share"), rows),
        line("Most rules: ", fullest or "none", indent=1),
        table(("Encoding", "Fits", "Groups/interface", "Rules/group", "Resources", "Would change"), options),
    ]


def _option(option: QuotaOption, now: bool) -> tuple[str | Cell, ...]:
    usage = option.usage
    return (
        Cell(_pin(option.encoding), "strong" if now else "plain"),
        Cell("yes", "good") if option.fits else Cell("no", "bad"),
        str(usage.get("groups_per_interface", {}).get("used", "-")),
        str(usage.get("rules_per_group", {}).get("used", "-")),
        str(option.resources),
        str(option.churn),
    )


def _pin(encoding: str | list[list[str]]) -> str:
    return encoding if isinstance(encoding, str) else json.dumps(encoding)


def _share(use: Mapping[str, int]) -> float:
    return use["used"] / use["quota"]


def _tone(use: Mapping[str, int]) -> Tone:
    return "bad" if _share(use) > 1 else "warn" if _share(use) > 0.8 else "plain"
