"""The bench works: every row at a tiny size. How long anything takes is not a matter for tests."""

from __future__ import annotations

import json

import pytest

from bench import rows
from bench.__main__ import main
from bench.changes import changes
from bench.estates import Estate, random_estate, realistic
from bench.jobs import JOBS
from bench.measure import Job, UnfinishedError, run
from bench.models import accounts, model_of
from bench.table import Row, as_data, as_markdown, as_text, kept
from segkit.intent.engine import ends_of
from segkit.model.validate import validate


@pytest.mark.parametrize("make", [realistic, random_estate])
def test_estates_are_the_same_each_time(make: type[Estate]) -> None:
    one, two = make(50, 40), make(50, 40)  # type: ignore[call-arg,arg-type]
    assert one == two
    assert (len(one.workloads), len(one.rules)) == (50, 40)
    assert {line.allows for line in one.rules} == {True, False}


def test_the_realistic_estate_is_a_model_that_people_could_have_declared() -> None:
    model = model_of(realistic(100, 60, 10), accounts())
    assert list(validate(model, frozenset()).errors) == []
    assert {t.name for t in model.targets} == {f"account-{n:02}" for n in range(25)}


def test_a_change_touches_one_rule() -> None:
    model = model_of(realistic(50, 20, 5))
    for other in changes(model, 10):
        assert len(set(model.rules) ^ set(other.rules)) in (1, 2)
        assert ends_of(other) <= ends_of(model)


def test_figures_of_jobs_in_this_process() -> None:
    found = JOBS["intent"]("random", 30, 20, changes=2)
    assert len(found["changes"]) == 2 and found["cells"] > 0
    found = JOBS["estate"](50, 20, 5, quotas=False)
    assert found["status"] == "equal" and found["resources"] > 0


def test_a_job_that_fails_says_why() -> None:
    with pytest.raises(UnfinishedError, match="KeyError"):
        run(Job("no such job"))
    with pytest.raises(UnfinishedError, match="not done after"):
        run(Job("intent", {"kind": "real", "workloads": 1, "rules": 1}, 0.01))


@pytest.mark.parametrize("name", ["emission", "estate", "intent", "growth", "redundancy", "inventory"])
def test_every_row_at_a_tiny_size(name: str) -> None:
    found = rows.measured(name, rows.TINY)
    assert found
    for row in found:
        assert row.met is None, row  # a tiny size has no goal
        assert row.what in as_text([row]) and row.ours in as_markdown([row], True)


def test_the_command_prints_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    missed = Row("a", "2 s", "1 s", "2.00", "at most 1", False)
    monkeypatch.setattr("bench.__main__.measured", lambda _name, _sizes: [missed])
    assert main(["intent", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["met"] is False
    assert main(["intent", "--check"]) == 1
    assert "NO" in capsys.readouterr().out
    assert as_data([missed], True)["quick"] is True


def test_a_page_keeps_what_was_not_measured_again() -> None:
    one, two = (Row(name, "2 s", "1 s", "2.00", "at most 1", False, f"x: {name}") for name in ("a: a", "b"))
    again = Row("b", "1 s", "1 s", "1.00", "at most 1", True)
    new = Row("c", "1 s", "1 s", "1.00", "–", None)
    assert kept(as_markdown([one, two], False), [new, again]) == [one, again, new]


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nonsense"])
    assert "there are emission" in capsys.readouterr().err
