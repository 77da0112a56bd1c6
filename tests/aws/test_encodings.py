"""Encodings: all mean the same, the search is held to brute force, and nothing changes unless asked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.compiler import compile_model, quota_reports
from segkit.errors import SegkitError
from segkit.intent import Intent
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.platforms.aws.lower import choose
from segkit.platforms.aws.lower.choose import Option, _Search, encoding_text, options, piece_names, pinned
from segkit.platforms.aws.lower.plan import Draft, make_draft
from segkit.platforms.aws.placement import placement
from segkit.platforms.base import Churn, QuotaOption
from segkit.platforms.lowering.encoding import CELLS, GROUPS, Encoding
from segkit.sets import L, tcp
from segkit.verify import prove

TODAY = date(2026, 11, 20)
ROLES = ("web", "api", "db", "ops", "log", "mon", "bus")


def estate(seed: int, encoding: object = "groups", limit: int = 2, roles: int = 5) -> Model:
    """A few selectors that overlap at random, and rules between them."""
    rng = random.Random(seed)
    seg = Segmentation("mix", today=TODAY)
    names = ROLES[:roles]
    groups = {name: seg.group(name, L[name] == "yes") for name in names}
    policy = seg.policy("p", "application", owner="o")
    for one in names:
        for other in names:
            if rng.random() < 0.4:
                policy.allow(groups[one], groups[other], tcp(rng.choice((80, 443, 5432))))
    for number in range(6):
        labels = {name: "yes" for name in names if rng.random() < 0.5}
        seg.workload(f"w{number}", labels, [f"10.0.0.{number + 1}"])
    place = {"vpc_id": "vpc-1", "encoding": encoding, "quotas": {"groups_per_interface": limit}}
    seg.target("t", "aws", placement=place)
    return seg.build()


def draft_of(model: Model) -> Draft:
    targets = list(model.targets)
    return make_draft(Intent(model), targets, {t.name: placement(t) for t in targets})


def search_of(model: Model) -> _Search:
    draft, (target,) = draft_of(model), model.targets
    return _Search(draft, target, {"t": pinned(draft, target)})


def partitions(items: list[object]) -> Iterator[list[list[object]]]:
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for smaller in partitions(rest):
        for n, block in enumerate(smaller):
            yield [*smaller[:n], [first, *block], *smaller[n + 1 :]]
        yield [[first], *smaller]


def best_of_all(search: _Search) -> Option:
    """Every encoding there is, tried."""
    every = (
        Encoding(tuple(frozenset(b) for b in blocks if len(b) > 1))  # type: ignore[arg-type]
        for blocks in partitions(list(search.pieces))
    )
    return min((search.option(e) for e in every), key=lambda option: option.cost)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), limit=st.integers(1, 4), roles=st.integers(2, 5))
def test_few_selectors_get_the_best_encoding_there_is(seed: int, limit: int, roles: int) -> None:
    model = estate(seed, limit=limit, roles=roles)
    draft, (target,) = draft_of(model), model.targets
    found = options(draft, target, {"t": pinned(draft, target)})[0][0]
    assert found.cost == best_of_all(search_of(model)).cost


@pytest.mark.parametrize(("seed", "roles"), [(14, 6), (1, 7)])
def test_a_few_more_selectors_get_the_best_encoding_there_is(seed: int, roles: int) -> None:
    """Where going on one selector at a time from the plain encodings ends in something worse."""
    model = estate(seed, limit=2, roles=roles)
    draft, (target,) = draft_of(model), model.targets
    found = options(draft, target, {"t": pinned(draft, target)})[0][0]
    assert found.cost == best_of_all(search_of(model)).cost


@pytest.mark.parametrize("seed", [2, 5, 9])
def test_one_selector_at_a_time_is_within_a_tenth_of_the_best(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "ALL_TRIED", 0)
    model = estate(seed, limit=2, roles=6)
    draft, (target,) = draft_of(model), model.targets
    found = options(draft, target, {"t": pinned(draft, target)})[0][0]
    best = best_of_all(search_of(model))
    assert found.fits == best.fits
    assert len(found.plan.lines) <= 1.1 * len(best.plan.lines)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), limit=st.integers(1, 4))
def test_the_search_is_never_worse_than_the_plain_encodings(seed: int, limit: int) -> None:
    search = search_of(estate(seed, limit=limit))
    plain = [search.option(GROUPS), search.option(CELLS)]
    found = [search.improve(option) for option in (*plain, search.option(search.mixture()))]
    best = best_of_all(search).cost
    assert best <= min(option.cost for option in found) <= min(option.cost for option in plain)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), limit=st.integers(1, 4))
def test_a_mixture_carries_no_more_groups_than_allowed(seed: int, limit: int) -> None:
    search = search_of(estate(seed, limit=limit))
    plan = search.option(search.mixture()).plan
    assert all(len(c.groups) <= limit for held in plan.carried.values() for c in held)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_every_encoding_that_is_proposed_can_be_pinned_and_is_proved(seed: int) -> None:
    (report,) = quota_reports(estate(seed))
    assert report.options
    for option in report.options:
        model = estate(seed, encoding=option.encoding)
        if not option.fits:
            with pytest.raises(SegkitError):
                compile_model(model)
            continue
        done = compile_model(model)
        assert prove(model, done.fragment).ok
        (now,) = quota_reports(model)
        assert now.pinned == replace(option, churn=Churn(0, 0, 0, 0))
        assert now.pinned in now.options


def test_crossing_a_quota_is_an_error_that_names_what_fits_and_changes_nothing() -> None:
    with pytest.raises(SegkitError) as raised:
        compile_model(estate(3, limit=1))
    problem = raised.value.problems[0]
    assert "would carry" in problem.what
    assert "the quota is 1" in problem.what
    assert "or pin the encoding " in problem.fix
    assert "resources: " in problem.fix and "interfaces with other groups: " in problem.fix
    assert "segkit quota --target t --encoding auto" in problem.fix


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000), blocks=st.sampled_from([[["web", "db"]], [["api", "ops"], ["db", "log"]]])
)
def test_what_a_change_costs_is_what_two_compilations_differ_in(seed: int, blocks: list[list[str]]) -> None:
    model = estate(seed, limit=5)
    names = set(piece_names(draft_of(model), model.targets[0]).values())
    (report,) = quota_reports(model, encoding=[[n for n in block if n in names] for block in blocks])
    assert report.asked is not None
    before = compile_model(model).fragment
    for option in (report.asked, *report.options):
        after = compile_model(estate(seed, encoding=option.encoding, limit=5)).fragment
        there, then = resources(before), resources(after)
        assert option.churn == Churn(
            len(then.keys() - there.keys()),
            len(there.keys() - then.keys()),
            sum(there[a] != then[a] for a in there.keys() & then.keys()),
            sum(before["locals"][n]["groups"] != after["locals"][n]["groups"] for n in memberships(before)),
        )
        assert option.resources == len(then)


def resources(fragment: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{kind}.{n}": body
        for kind, named in fragment.get("resource", {}).items()
        for n, body in named.items()
    }


def memberships(fragment: Mapping[str, Any]) -> list[str]:
    return [name for name in fragment["locals"] if name.startswith("segkit_t_")]


def test_auto_is_the_best_that_fits_and_what_is_pinned_where_that_is_as_good() -> None:
    for seed in range(12):
        model = estate(seed, limit=2)
        (report,) = quota_reports(model, encoding="auto")
        assert report.asked == report.options[0]
        again = replace_encoding(seed, report.asked)
        assert quota_reports(again, encoding="auto")[0].asked == quota_reports(again)[0].pinned


def replace_encoding(seed: int, option: QuotaOption) -> Model:
    return estate(seed, encoding=option.encoding, limit=2)


def test_an_encoding_is_priced_as_it_is_asked_for() -> None:
    model = estate(3, limit=5)
    for encoding in ("groups", "cells", [["web", "db"], ["api"]]):
        (report,) = quota_reports(model, "t", encoding)
        assert report.asked is not None
        pinned_so = quota_reports(estate(3, encoding=encoding, limit=5))[0].pinned
        assert report.asked.usage == pinned_so.usage
        assert report.asked.encoding == pinned_so.encoding
    with pytest.raises(SegkitError, match="'dbb' is no group of target t"):
        quota_reports(model, "t", [["web", "dbb"]])


def test_an_encoding_that_overfills_a_neighbour_does_not_fit() -> None:
    """Five machines that differ, referred to by a peer with room for four rules."""
    seg = Segmentation("peers", today=TODAY)
    some, other = seg.group("some", L.some == "yes"), seg.group("other", L.other == "yes")
    seg.policy("p", "application", owner="o").allow(some, other, tcp(80))
    marks = [seg.group(f"mark{n}", L[f"mark{n}"] == "yes") for n in range(5)]
    seg.policy("q", "application", owner="o").allow(marks, marks, tcp(22))
    for n in range(5):
        seg.workload(f"s{n}", {"here": "a", "some": "yes", f"mark{n}": "yes"}, [f"10.0.0.{n}"])
    seg.workload("o", {"here": "b", "other": "yes"}, ["10.0.1.1"])
    for name, limits in (("a", {}), ("b", {"rules_per_group": 4})):
        place = {"vpc_id": f"vpc-{name}", "region": "r", "peered_with": ["a"] if name == "b" else []}
        seg.target(name, "aws", L.here == name, placement={**place, "quotas": limits})
    (report,) = quota_reports(seg.build(), "a", "cells")
    assert report.asked is not None and not report.asked.fits
    assert all(use["used"] <= use["quota"] for use in report.asked.usage.values())


def test_auto_is_never_pinned() -> None:
    with pytest.raises(SegkitError) as raised:
        compile_model(estate(3, encoding="auto"))
    (problem,) = raised.value.problems
    assert problem.what == "target t: encoding is 'auto'"
    assert "an encoding is pinned" in problem.why
    assert "segkit quota --target t --encoding auto" in problem.fix


def test_blocks_that_make_no_sense_are_refused() -> None:
    for encoding, said in (
        ([["web"], ["web", "db"]], "encoding has 'web' in two blocks"),
        ("fine", "encoding is 'fine'"),
        ([1], r"encoding is \[1\]"),
    ):
        with pytest.raises(SegkitError, match=said):
            compile_model(estate(3, encoding=encoding))


def test_names_that_nobody_uses_any_more_are_passed_over() -> None:
    model = estate(3, encoding=[["gone", "web"]], limit=5)
    assert prove(model, compile_model(model).fragment).ok


def test_an_encoding_reads_as_it_is_pinned() -> None:
    model = estate(3, encoding=[["db", "api"]], limit=5)
    draft, (target,) = draft_of(model), model.targets
    assert encoding_text(pinned(draft, target), piece_names(draft, target)) == [["api", "db"]]
