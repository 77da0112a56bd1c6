"""The page on platforms says what their capabilities say, and leaves none of them out."""

from __future__ import annotations

from dataclasses import fields

import pytest

from scripts.platforms import MEANINGS, PAGE, page, shipped
from segkit.platforms.base import Capabilities


def test_the_page_is_what_the_platforms_say_of_themselves() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(shipped()), "`make platforms` makes it true"


def test_every_capability_has_a_meaning() -> None:
    assert set(MEANINGS) == {f.name for f in fields(Capabilities) if f.type == "bool"}


@pytest.mark.parametrize("name", shipped())
def test_a_residual_in_place_of_a_capability_is_one_of_the_platform(name: str) -> None:
    found = shipped()[name]
    for capability, (_, *said) in MEANINGS.items():
        text = said[0 if getattr(found, capability) else 1]
        if text.startswith("residual"):
            assert text.split("`")[1] in found.residuals
