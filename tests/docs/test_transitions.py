"""The page about transitions lists every place that is tested, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e.test_double_transitions import FIRST, PLACES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "transitions.md"


def test_every_place_is_listed() -> None:
    listed = re.findall(
        r"^\| ((?:aws|azure|google): [^|]*) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert listed == [*PLACES, *FIRST]
