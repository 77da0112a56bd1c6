"""The search for blocks: what it counts is what is made, and what it finds means the same."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.estates import realistic
from bench.models import accounts, model_of
from segkit.compiler import compile_model, quota_reports
from segkit.errors import SegkitError
from segkit.model.model import Model
from segkit.platforms.aws.lower.blocking import blocked
from segkit.platforms.aws.lower.blocking.books import Books
from segkit.platforms.aws.lower.blocking.demand import Demand, ones
from segkit.platforms.aws.lower.blocking.layout import Layout
from segkit.platforms.aws.lower.blocking.pinning import encoding_of, layout_of
from segkit.platforms.aws.lower.blocking.search import Turn
from segkit.platforms.aws.lower.choose import encoding_text, options, piece_names, pinned, read
from segkit.platforms.aws.lower.fit import overflow
from segkit.platforms.aws.lower.layering import Layering
from segkit.platforms.aws.lower.opening import make_plan
from segkit.platforms.aws.lower.plan import Draft
from segkit.platforms.aws.placement import encoding_of as parsed
from segkit.platforms.lowering.encoding import Encoding
from segkit.report.quotas import page
from segkit.report.text import render
from segkit.verify import prove
from tests.aws.test_covers import SMALL, SOME, estates
from tests.aws.test_encodings import draft_of
from tests.aws.test_layers import encoded
from tests.conformance import aws


def demands_of(draft: Draft) -> dict[str, Demand]:
    found = {target.name: Demand(draft, target) for target in draft.targets}
    for demand in found.values():
        demand.read(draft, found)
    return found


def estate(rules: int = 3_000, quotas: dict[str, int] | None = None) -> Model:
    """A realistic estate whose workloads are in three account-regions."""
    targets, here = accounts()[:3], {(0, env) for env in range(4)} | {(1, 0), (1, 1)}
    names = {t.name for t in targets}
    found = realistic(12_000, rules, 100)
    mine = replace(found, workloads=tuple(w for w in found.workloads if (w["zone"], w["env"]) in here))
    held: dict[str, Any] = {"quotas": quotas or {}}
    beside = {name: {**held, "peered_with": sorted(names - {name})} for name in names}
    return model_of(mine, tuple(replace(t, placement={**t.placement, **beside[t.name]}) for t in targets))


def cost(books: Books, name: str) -> float:
    """What a target costs: its rules, and its interfaces that are over quota."""
    loads = books.loads(name)
    return books.crowding(name, loads) + sum(load.received + load.sent for load in loads)


def shuffled(demand: Demand, chance: random.Random, blocks: int) -> Layout:
    """Any layout of a target."""
    told = {}
    for selector in range(len(demand.who)):
        told[selector] = tuple(chance.sample(range(blocks), chance.choice((0, 0, 1, 1, 2))))
    some = chance.sample(range(len(demand.who)), min(3, len(demand.who)))
    spared = {s: frozenset(chance.sample(range(blocks), chance.randint(0, blocks))) for s in some}
    return Layout(demand, {s: tuple(sorted(t)) for s, t in told.items()}, spared, blocks)


@given(data=st.data())
@SOME
def test_a_layout_has_the_groups_of_its_encoding(data: st.DataObject) -> None:
    with aws.unlimited():
        draft = draft_of(data.draw(estates(SMALL)))
        for name, demand in demands_of(draft).items():
            (target,) = (t for t in draft.targets if t.name == name)
            encoding = pinned(draft, target)
            layout = layout_of(demand, encoding)
            groups = draft.groups(target, encoding)
            worn = [group for group in groups.worn[name] if group.pieces]
            mine = Counter(kinds for kinds, _ in layout.groups)
            # Selectors that hold the same interfaces are one here, and have a group each there.
            assert {kinds.bit_count() for kinds in mine} == {groups.kinds[g].bit_count() for g in worn}
            if encoding.layers:
                assert sum(mine.values()) == len(worn)


@given(chance=st.randoms(use_true_random=False), number=st.integers(0, 5))
@SOME
def test_layouts_are_pinned_as_they_are(chance: random.Random, number: int) -> None:
    draft = draft_of(estate(600 + number))
    for name, demand in demands_of(draft).items():
        (target,) = (t for t in draft.targets if t.name == name)
        layout = shuffled(demand, chance, 3)
        encoding = encoding_of(draft, target, layout)
        text = encoding_text(encoding, piece_names(draft, target))
        assert read(draft, target, parsed(text)) == encoding
        again = layout_of(demand, encoding)
        assert sorted(again.groups) == sorted(layout.groups)


def test_rules_are_counted_nearly_as_they_are_made() -> None:
    """Where the fewest groups are no fewer than those of the far ends themselves, those are named."""
    draft = draft_of(estate())
    demands = demands_of(draft)
    chance = random.Random(7)
    layouts = {name: shuffled(demand, chance, 3) for name, demand in demands.items()}
    books = Books(demands)
    books.start(layouts)
    plan = make_plan(draft, {t.name: encoding_of(draft, t, layouts[t.name]) for t in draft.targets})
    counted = sum(load.received + load.sent for name in demands for load in books.loads(name))
    assert counted == pytest.approx(len(plan.lines), rel=0.05)
    assert counted > 500


@pytest.mark.parametrize("seed", range(4))
def test_books_that_were_kept_are_those_that_are_made_anew(seed: int) -> None:
    demands = demands_of(draft_of(estate(3_000, {"rules_per_group": 10})))
    chance = random.Random(seed)
    books = Books(demands)
    books.start({name: shuffled(demand, chance, 3) for name, demand in demands.items()})
    before = spent = sum(cost(books, name) for name in demands)
    for name in demands:
        Turn(books, name, rough=bool(seed % 2)).take()
        now = sum(cost(books, other) for other in demands)
        assert seed % 2 or now <= spent + 1e-6, "what a turn saves here is not paid elsewhere"
        spent = now
    anew = Books(demands)
    anew.start(books.layouts)
    for name in demands:
        assert books.loads(name) == anew.loads(name)
        assert books.over(name) == anew.over(name)
    assert sum(cost(books, name) for name in demands) == pytest.approx(sum(cost(anew, n) for n in demands))
    if not seed % 2:
        assert sum(cost(anew, name) for name in demands) < before


def test_others_are_asked_before_a_move_whatever_its_price() -> None:
    demands = demands_of(draft_of(estate(6_000, {"rules_per_group": 5, "groups_per_interface": 3})))
    chance = random.Random(1)
    books = Books(demands)
    books.start({name: shuffled(demand, chance, 3) for name, demand in demands.items()})
    spent = sum(cost(books, name) for name in demands)
    for name in demands:
        turn = Turn(books, name, rough=False)
        turn._prices, turn._priced = {}, turn._local
        for selector in turn._promising():
            turn._choose(turn._elsewhere(selector))
            books.keep(turn.layout)
            now = sum(cost(books, other) for other in demands)
            assert now <= spent + 1e-6
            spent = now


def test_who_is_spared_a_block_has_its_rules_in_the_last_group() -> None:
    (demand, *_) = demands_of(draft_of(estate())).values()
    kind = max(range(demand.kinds), key=lambda k: (demand.held[k] & demand.opening).bit_count())
    first, second, *_ = (s for s in ones(demand.held[kind] & demand.opening))
    told = {first: (0,), second: (1, 0)}
    small = min(ones(demand.held[kind]), key=lambda s: demand.who[s].bit_count())

    def groups(spared: frozenset[int]) -> list[int]:
        layout = Layout(demand, told, {small: spared}, 2)
        return [selectors for kinds, selectors in layout.groups if kinds >> kind & 1]

    every = demand.held[kind] & demand.opening
    plain, one, both = (groups(frozenset(spared)) for spared in ((), (1,), (0, 1)))
    assert [len(plain), len(one), len(both)] == [3, 2, 1]
    assert both == [every]
    assert 1 << first in plain and 1 << second in plain
    assert 1 << first in one and every ^ 1 << first in one


def test_covers_that_were_used_again_are_those_that_are_counted() -> None:
    (demand, *_) = demands_of(draft_of(estate())).values()
    chance = random.Random(3)
    layout = shuffled(demand, chance, 3)
    far = [sum(1 << k for k in chance.sample(range(demand.kinds), n)) for n in (2, 5, 9)] + demand.who
    for _ in range(20):
        for one in far:
            layout.covers(one)
        told = {**layout.told, chance.randrange(len(demand.who)): (chance.randrange(3),)}
        following = Layout(demand, told, layout.spared, 3, before=layout)
        plain = Layout(demand, told, layout.spared, 3)
        assert [following.covers(one) for one in far] == [plain.covers(one) for one in far]
        layout = following


TIGHT = {"rules_per_group": 10, "groups_per_interface": 4}


def over(draft: Draft, encodings: dict[str, Encoding]) -> int:
    """By how much a draft's targets are over quota."""
    plan = make_plan(draft, encodings)
    return sum(overflow(plan, t, draft.placements[t.name]) for t in draft.targets)


def test_what_no_layers_fit_into_gets_blocks_that_do() -> None:
    """All targets together, and it proves equal; the same every time."""
    model = estate(6_000, TIGHT)
    draft = draft_of(model)
    names = [t.name for t in model.targets]
    now = {t.name: pinned(draft, t) for t in model.targets}
    assert over(draft, now)
    assert over(draft, {t.name: Layering(draft, t, now).best() or now[t.name] for t in model.targets})
    found = blocked(draft, now, names)
    assert not over(draft, found)
    assert found == blocked(draft_of(model), now, names)
    assert found == blocked(draft, found, names)  # what fits stays as it is
    texts = {t.name: encoding_text(found[t.name], piece_names(draft, t)) for t in model.targets}
    chosen = encoded(model, texts)
    done = compile_model(chosen)
    proof = prove(chosen, done.fragment, intent=done.intent, residuals=done.residuals)
    assert proof.status == "equal", proof.text()


def test_auto_finds_blocks_for_one_target_and_for_several_together() -> None:
    model = estate(6_000, TIGHT)
    (alone,) = quota_reports(model, "account-00", "auto")
    assert alone.asked is not None and alone.asked.fits and not alone.together
    assert not alone.pinned.fits
    together = quota_reports(model, None, "auto")
    names = {report.target for report in together}
    assert all(report.asked is not None and report.asked.fits for report in together)
    assert all(set(report.together) == names - {report.target} for report in together)
    pins = {report.target: report.asked.encoding for report in together if report.asked}
    assert all(report.pinned.fits for report in quota_reports(encoded(model, pins)))
    compile_model(encoded(model, pins))


def test_what_takes_long_is_left_to_who_asks_for_it() -> None:
    """An error and a plain report say where to look."""
    model = estate(10_000, {**TIGHT, "rules_per_group": 11})
    (plain,) = quota_reports(model, "account-00")
    assert plain.unsearched and not any(option.fits for option in plain.options)
    assert "segkit quota --target account-00 --encoding auto looks for more" in render(page([plain]))
    draft, target = draft_of(model), model.targets[0]
    now = {t.name: pinned(draft, t) for t in model.targets}
    for thorough in (False, True):
        found, left_out = options(draft, target, now, thorough)
        assert any(o.fits for o in found) == thorough and left_out != thorough
    text = encoding_text(found[0].encoding, piece_names(draft, target))
    pins = {t.name: "groups" for t in model.targets} | {target.name: text}
    (after,) = quota_reports(encoded(model, pins), target.name)
    assert after.pinned.fits and not after.unsearched
    with pytest.raises(SegkitError, match="or look for another encoding: segkit quota --target account-00"):
        compile_model(model)


def test_ones() -> None:
    assert [list(ones(bits)) for bits in (0, 1, 6, 1 << 70)] == [[], [0], [1, 2], [70]]
