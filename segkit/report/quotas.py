"""Quota use by target, the encodings to choose from, and what a change would cost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from segkit.platforms.base import Encoding, QuotaOption, QuotaReport, brief
from segkit.report.page import BLANK, Cell, Line, Page, Table, Tone, count, line, table


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
    """Does a target keep every quota: as was asked, else as it is pinned?"""
    return (report.asked or report.pinned).fits


def pin(encoding: Encoding | list[str]) -> str:
    """An encoding on one line, as Python, YAML and JSON all read it.

    >>> pin("cells"), pin([["ops", "web"]])
    ('"cells"', '[["ops", "web"]]')
    """
    return json.dumps(encoding, ensure_ascii=False)


def share(use: Mapping[str, int]) -> str:
    """How much of a quota is used.

    >>> share({"used": 3, "quota": 60})
    '5%'
    """
    return f"{use['used'] / use['quota']:.0%}"


def _target(report: QuotaReport) -> Iterator[Line | Table]:
    now, asked = report.pinned, report.asked
    interfaces = count(report.interfaces, "interface")
    yield line(
        Cell(report.target, "strong"),
        f"  encoding {brief(now.encoding)}, {count(now.resources, 'resource')}, {interfaces}",
    )
    yield _usage(now)
    yield line("Most rules: ", _fullest(now), indent=1)
    if asked is not None:
        yield from _asked(now, asked)
        if report.together:
            others = count(len(report.together), "other target")
            fit = "It fits together with what was" if asked.fits else "This is together with what would be"
            then = "pin all of them" if asked.fits else "all of them do not fit"
            yield line(f"{fit} asked for {others}: {then}.", indent=1)
    yield table(
        (
            "Encoding",
            "Fits",
            "Groups/interface",
            "Rules/group",
            "Groups",
            "Resources",
            "Would change",
            "Memberships",
        ),
        [_row(option, option == now) for option in report.options],
    )
    if report.unsearched:
        fix = f"segkit quota --target {report.target} --encoding auto looks for more"
        yield line(Cell("None of these keeps every quota", "bad"), f": {fix}")
    elif not any(option.fits for option in report.options):
        fix = "have quotas raised, divide the target, or write wider groups"
        yield line(Cell("None of these keeps every quota", "bad"), f": {fix}")
    yield from _lists(report)


def _asked(now: QuotaOption, asked: QuotaOption) -> Iterator[Line | Table]:
    yield BLANK
    if asked.encoding == now.encoding:
        yield line(Cell("asked", "strong"), f"  encoding {brief(asked.encoding)} is what is pinned")
        return
    yield line(
        Cell("asked", "strong"),
        f"  encoding {brief(asked.encoding)}, {count(asked.resources, 'resource')}",
    )
    yield _usage(asked)
    yield line("Most rules: ", _fullest(asked), indent=1)
    if asked.churn is None:
        yield line(Cell("it does not fit", "bad"), indent=1)
        return
    yield line("To change to it: ", str(asked.churn), indent=1)
    yield line("Pin it as an argument:   ", Cell(f"encoding={pin(asked.encoding)}", "strong"), indent=1)
    yield line("or in a placement:       ", Cell(f'"encoding": {pin(asked.encoding)}', "strong"), indent=1)


def _lists(report: QuotaReport) -> Iterator[Line | Table]:
    """Address sets that would pay as prefix lists."""
    if not report.lists:
        return
    names = pin([advice.name for advice in report.lists])
    yield line(
        "These address sets would pay as lists: fewer resources, no group is charged more rules. Add ",
        Cell(f"prefix_lists={names}", "strong"),
    )
    columns = ("Address set", "Entries", "Resources saved", "Rules/group", "While it is applied")
    rows = [(a.name, str(a.entries), str(a.saved), str(a.rules), str(a.meanwhile)) for a in report.lists]
    yield table(columns, rows)


def _usage(option: QuotaOption) -> Table:
    rows = [
        (name, str(use["used"]), str(use["quota"]), Cell(share(use), _tone(use)))
        for name, use in option.usage.items()
    ]
    return table(("Quota", "Used", "Limit", "Share"), rows)


def _row(option: QuotaOption, now: bool) -> tuple[str | Cell, ...]:
    return (
        Cell(brief(option.encoding), "strong" if now else "plain"),
        Cell("yes", "good") if option.fits else Cell("no", "bad"),
        *(_first(option, pattern) for pattern in _COLUMNS),
        str(option.resources),
        *_churn(option, now),
    )


_COLUMNS = (
    re.compile("(?!rules).*_per_interface"),
    re.compile("rules_per_.*group"),
    re.compile("(?!prefix).*_per_(region|subscription|parent)"),
)
"""Which quotas are the groups of an interface, the rules of a group, and all groups, by their names."""


def _first(option: QuotaOption, pattern: re.Pattern[str]) -> str:
    """What is used of the first quota of a kind."""
    found = (str(use["used"]) for name, use in option.usage.items() if pattern.fullmatch(name))
    return next(found, "-")


def _churn(option: QuotaOption, now: bool) -> tuple[str, str]:
    """Resources created, destroyed and changed in place, and interfaces that take other groups."""
    if now or option.churn is None:
        return "pinned" if now else "-", "-"
    churn = option.churn
    return f"+{churn.created} -{churn.destroyed} ~{churn.changed}", str(churn.memberships)


def _fullest(option: QuotaOption) -> str:
    return ", ".join(f"{name} {number}" for name, number in option.fullest.items()) or "none"


def _tone(use: Mapping[str, int]) -> Tone:
    part = use["used"] / use["quota"]
    return "bad" if part > 1 else "warn" if part > 0.8 else "plain"
