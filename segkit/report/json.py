"""Reports for machines: one JSON object with the report's name, the version of its form, and stable keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from segkit.errors import Problem

VERSION = 1


def render(report: str, body: Mapping[str, Any]) -> str:
    """One report as JSON text. Keys keep their order, lists were sorted by whoever made them.

    The text is ASCII, so that no label can steer the terminal it is printed on.

    >>> render("zones", {"zones": []})
    '{\\n  "report": "zones",\\n  "version": 1,\\n  "zones": []\\n}\\n'
    """
    return json.dumps({"report": report, "version": VERSION, **body}, indent=2, ensure_ascii=True) + "\n"


def problems(found: Iterable[Problem]) -> list[dict[str, str]]:
    """Problems as data."""
    return [{"what": p.what, "where": p.where, "why": p.why, "fix": p.fix} for p in found]
