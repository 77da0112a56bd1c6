"""An explanation says the verdict that the oracle gives, names what decided, covers all that was asked."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.errors import SegkitError
from segkit.intent import Case, Intent
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.sets import ANY, L, ServiceSet, tcp
from tests.oracles.intent_oracle import Oracle, Packet, Spot
from tests.strategies import TODAY, Features, models

ONE_ADDRESS = Features(internet=False, several_addresses=False, several_interfaces=False, classes=False)


def cases_of(cases: tuple[Case, ...], protocol: int, x: int) -> list[Case]:
    return [c for c in cases if c.services.contains(protocol, x)]


@given(models(features=ONE_ADDRESS), st.data())
@settings(max_examples=60)
def test_explanation_of_two_workloads(model: Model, data: st.DataObject) -> None:
    if len(model.workloads) < 2:
        return
    oracle, intent = Oracle(model), Intent(model)
    chosen = st.sampled_from(model.workloads)
    source, destination = data.draw(st.tuples(chosen, chosen).filter(lambda two: two[0] != two[1]))
    explained = intent.explain(f"workload:{source.name}", f"workload:{destination.name}", ANY)
    spots = [s for s in oracle.spots() if s.workload in (source, destination)]
    asked: list[tuple[Spot, Spot]] = [
        (a, b)
        for a in spots
        for b in spots
        if (a.workload, b.workload) == (source, destination) and a[:2] == b[:2]
    ]
    for a, b in asked:
        for protocol, x in oracle.services(a.family):
            packet = Packet(a, b, protocol, x)
            verdict, by = oracle.decision(packet)
            told = cases_of(explained.cases, protocol, x)
            assert verdict in {c.verdict for c in told}
            if len(asked) > 1:
                continue
            (case,) = told
            decided = {"rule": case.rule is not None, "posture": case.decided_by.startswith("posture")}
            assert decided.get(by, case.rule is None), case
            assert set(case.shaped_by) == {r for r in oracle.rules if oracle.matches(r, packet)} | {
                r for r in case.shaped_by if not r.services.contains(protocol, x)
            }
    verdicts = {c.verdict for c in explained.cases}
    assert explained.verdict == ("mixed" if len(verdicts) > 1 else next(iter(verdicts), "deny"))


@given(models(features=ONE_ADDRESS), st.sampled_from([ANY, tcp(443), tcp("20-90")]))
@settings(max_examples=40)
def test_cases_of_one_pair_split_what_was_asked(model: Model, asked: ServiceSet) -> None:
    intent = Intent(model)
    names = [w.name for w in model.workloads]
    for source, destination in pairwise(names):
        for case in intent.explain(f"workload:{source}", f"workload:{destination}", asked).cases:
            assert case.services <= asked
            assert case.rule is None or (case.rule.id == case.decided_by and case.rule in case.shaped_by)
            assert case.rule is None or case.rule.action == case.verdict


def small() -> Segmentation:
    seg = Segmentation("m", today=TODAY)
    seg.zone("cde", select=L.zone == "cde")
    seg.zone("lab", select=L.zone == "lab", posture="allow")
    seg.group("web", L.app == "web")
    seg.address_set("corp", ["10.0.0.0/8"])
    for name, app, zone, address in (
        ("web-1", "web", "cde", "10.0.0.1"),
        ("db-1", "db", "cde", "10.0.0.2"),
        ("lab-1", "x", "lab", "10.0.0.3"),
        ("lab-2", "x", "lab", "10.0.0.4"),
    ):
        seg.workload(name, {"app": app, "zone": zone}, [address])
    return seg


def test_deciders_are_named() -> None:
    seg = small()
    seg.policy("shop", "application").allow(L.app == "web", L.app == "db", tcp(5432), id="orders")
    seg.policy("ban", "global").deny(L.app == "db", L.app == "web", tcp(22), id="ssh")
    intent = Intent(seg.build())
    for source, destination, services, verdict, by in (
        ("web", "db-1", tcp(5432), "allow", "shop/orders"),
        ("db-1", "web-1", tcp(22), "deny", "ban/ssh"),
        ("web-1", "db-1", tcp(22), "deny", "posture of zone cde"),
        ("lab-1", "lab-2", tcp(22), "allow", "posture of zone lab"),
        ("lab-1", "zone:cde", tcp(22), "deny", "default deny: no rule allows it"),
        ("8.8.8.8", "cde", tcp(22), "deny", "default deny: no rule allows it"),
    ):
        answer = intent.explain(source, destination, services)
        assert (answer.verdict, {c.decided_by for c in answer.cases}) == (verdict, {by}), source


def test_a_workload_with_two_endpoints_can_be_mixed() -> None:
    seg = small()
    seg.workload("two", {"app": "two", "zone": "cde"}, ["10.0.0.9", "172.16.0.9"])
    corp = seg.address_set("lan", ["172.16.0.0/12"])
    seg.policy("p", "application").allow(L.app == "web", corp, tcp(22))
    answer = Intent(seg.build()).explain("web-1", "two", tcp(22))
    assert answer.verdict == "mixed"
    assert {c.verdict for c in answer.cases} == {"allow", "deny"}


def test_a_workload_does_not_talk_with_itself_at_its_other_address() -> None:
    seg = small()
    seg.workload("two", {"app": "two", "zone": "cde"}, ["10.0.0.9", "172.16.0.9"])
    corp = seg.address_set("lan", ["172.16.0.0/12"])
    seg.policy("p", "application").allow(L.app == "two", corp, tcp(22))
    assert Intent(seg.build()).explain("two", "two", tcp(22)).cases == ()


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("192.0.2.0/25", "192.0.2.0/25"),
        ("corp", "10.0.0.0/8"),
        ("addresses:corp", "10.0.0.0/8"),
        ("internet", "1.0.0.0/8, 2.0.0.0/7, 4.0.0.0/6 and 113 more ranges"),
    ],
)
def test_of_addresses_those_that_were_asked_about_are_shown(asked: str, shown: str) -> None:
    seg = Segmentation("m", today=TODAY)
    seg.address_set("corp", ["10.0.0.0/8"])
    seg.workload("web-1", {"app": "web"}, addresses=["172.16.0.1"])
    (case,) = Intent(seg.build()).explain(asked, "web-1", tcp(443)).cases
    assert case.source == shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.0.0.1/8", "10.0.0.1/8 has host bits set\n  fix: write 10.0.0.0/8"),
        (
            "addresses:300.1.1.1",
            "300.1.1.1 is no IPv4 address\n  fix: each of the four numbers goes from 0 to 255",
        ),
        (
            'app = "web"',
            'selector \'app = "web"\': column 5: cannot read "=" here\n  fix: write == to compare',
        ),
        (
            'ap == "web" and zone == "cdd"',
            """2 problems:
1. selector 'ap == "web" and zone == "cdd"': unknown label key 'ap'
  fix: did you mean 'app'?
2. selector 'ap == "web" and zone == "cdd"': unknown value 'cdd' of label 'zone'
  fix: did you mean 'cde'?""",
        ),
        (
            "xyz",
            """'xyz' is no group, zone, workload, address set, address, CIDR or selector
  fix: known names: web""",
        ),
    ],
)
def test_what_was_meant_is_said(text: str, said: str) -> None:
    seg = Segmentation("m", schema={"app": ["web", "db"], "zone": ["cde"]}, today=TODAY)
    seg.group("web", L.app == "web")
    with pytest.raises(SegkitError) as caught:
        Intent(seg.build()).explain(text, "web", ANY)
    assert str(caught.value) == said


@pytest.mark.parametrize(("name", "near"), [("wbe", "'web'"), ("zone:cdd", "'cde'"), ("web-2", "'web-1'")])
def test_an_unknown_name_says_the_nearest(name: str, near: str) -> None:
    with pytest.raises(SegkitError, match=near):
        Intent(small().build()).explain(name, "cde", ANY)


def test_an_allow_past_its_last_day_is_named() -> None:
    seg = Segmentation("m", today=date(2026, 11, 20))
    web, db = seg.group("web", L.role == "web"), seg.group("db", L.role == "db")
    policy = seg.policy("p", "application", owner="o")
    policy.allow(web, db, tcp(5432), id="old", expires="2026-06-30")
    policy.allow(web, db, tcp(22), id="other", expires="2026-06-30")
    for role in ("web", "db"):
        seg.workload(role, {"role": role}, ["10.0.0.1" if role == "web" else "10.0.0.2"])
    intent = Intent(seg.build())
    assert [r.id for r in intent.explain("web", "db", tcp(5432)).expired] == ["p/old"]
    assert intent.explain("db", "web", tcp(5432)).expired == ()
