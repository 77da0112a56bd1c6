"""The sweep over encodings: the committed table is true, and the chart is the same every time."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from bench import sweep
from bench.sweep import DENSITIES, Outcome
from bench.sweep_page import PAGE, chart, insert, row, section, sentence


@pytest.mark.parametrize(("density", "size"), [*((d, 5) for d in DENSITIES), ("dense", 20)])
def test_the_smaller_estates_of_the_committed_table_are_true(density: str, size: int) -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for outcome in sweep.estate(density, size):
        assert row(outcome) in lines, "python -m bench.sweep --write makes it true"


def outcome(size: int, encoding: str, groups: int | None) -> Outcome:
    used = {} if groups is None else {"rules_per_group": (9, 60), "groups_per_interface": (groups, 5)}
    return Outcome("sparse", size, 2 * size, encoding, used, 10, 20)


def test_what_stops_an_encoding_is_said() -> None:
    some = [outcome(5, "groups", 3), outcome(10, "groups", 6), outcome(20, "groups", None)]
    said = "`groups` fits up to 5 applications; at 10 it needs 6 groups/interface of 5."
    assert sentence(some) == f"{said} Larger ones were not tried."
    assert sentence(some[:2]) == said
    assert sentence(some[:1]) == "`groups` fits at every size, up to 5 applications."
    assert sentence(some[1:2]) == "`groups` fits nowhere; at 10 it needs 6 groups/interface of 5."
    assert "| 20 | 40 | groups | not tried |" in section(some)
    assert "| 10 | 20 | groups | **no** | 9 of 60 (15%) | 6 of 5 (120%) |" in section(some)


def test_an_encoding_far_over_a_quota_is_not_tried_on_larger_estates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "HOPELESS", 0.1)
    first, second = ([o.used for o in sweep.sweep(["sparse"], [5, 10])][n : n + 3] for n in (0, 3))
    assert all(first) and not any(second)


def test_the_chart_is_well_formed_and_the_same_every_time() -> None:
    some = [outcome(5, "groups", 3), outcome(10, "groups", 6), outcome(20, "groups", None)]
    assert chart(some) == chart(list(some))
    root = ElementTree.fromstring(chart(some))
    assert sum(e.tag.endswith("circle") for e in root.iter()) == 2
    assert "prefers-color-scheme: dark" in chart(some)
    ElementTree.parse(PAGE.with_suffix(".svg"))


def test_only_what_is_between_the_marks_is_written() -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = insert(page, "new")
    assert insert(made, "new") == made
    assert made.split("<!--")[0] == page.split("<!--")[0] and made.split("-->")[2] == page.split("-->")[2]
    with pytest.raises(ValueError, match="lost its marks"):
        insert("no marks", "new")


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep.main(["--most", "5", "--json"]) == 0
    assert '"density": "dense"' in capsys.readouterr().out
