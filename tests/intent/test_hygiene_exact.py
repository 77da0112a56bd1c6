"""What lint says of rules is what trying says: remove each rule, ask about every kind of flow."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.intent.hygiene import redundancy
from segkit.intent.hygiene.flows import Flow
from segkit.intent.hygiene.flows import Spot as Place
from segkit.intent.hygiene.judge import Judge, Worth
from segkit.intent.hygiene.redundancy import standings, together
from segkit.intent.hygiene.ruleset import Ruleset
from segkit.model.ends import End
from segkit.model.model import Model
from segkit.model.policy import Rule, Tier, Zone
from segkit.model.workloads import Interface, LabelKey, LabelSchema, Workload
from segkit.sets import ALL, L, icmp, tcp
from tests.oracles.hygiene_oracle import Removal
from tests.oracles.intent_oracle import Packet, Spot
from tests.strategies import FOREVER, TODAY, Drawn, Features, by_tier, models

FEW_PLACES = Features(most_rules=6, most_workloads=2, targets=1, modes=("enforce", "selective"))
LABELS_ONLY = Features(most_rules=9, most_workloads=1, targets=1, by_address=False, internet=False)


@st.composite
def crowded(draw: st.DrawFn) -> Model:
    """Many rules with few ends and services, so that several together often hold another."""
    predicates = [ALL, L.app == "a", L.app != "a", L.app.in_("a", "b"), L.env == "p", L.env != "p"]
    services = [tcp(80), tcp("80-85"), tcp("86-90"), tcp("80-90"), tcp("80-90") | icmp()]
    open_key = draw(st.booleans())
    schema = LabelSchema(
        (LabelKey("app", None if open_key else ("a", "b", "c")), LabelKey("env", ("p", "q"), True))
    )
    end = st.sampled_from(predicates).map(lambda p: (End.select(p),))
    rules = [
        Rule(
            f"x/r{n}",
            "x",
            draw(st.sampled_from((Tier.glob, Tier.application, Tier.application))),
            draw(st.sampled_from(("allow", "allow", "allow", "deny"))),
            draw(end),
            draw(end),
            draw(st.sampled_from(services)),
            draw(st.one_of(st.just(()), st.just(()), end)),
            expires=draw(st.sampled_from((None, None, None, None, FOREVER))),
        )
        for n in range(draw(st.integers(3, 9)))
    ]
    zones = (
        Zone("p", L.env == "p", posture=draw(st.sampled_from(("deny", "allow")))),
        Zone("q", L.env == "q", mode=draw(st.sampled_from(("enforce", "selective")))),
    )
    return Drawn("m", TODAY, schema, zones=zones, policies=by_tier(rules))


def spot(place: Place) -> Spot:
    address = None
    if place.value is not None:
        address = (IPv4Address if place.family == 4 else IPv6Address)(place.value)
    if place.labels is None:
        return Spot(place.realm, place.family, address)
    workload = Workload("any", tuple(place.labels.items()), (Interface("", None, place.realm),))
    return Spot(place.realm, place.family, address, workload, workload.interfaces[0])


def holds(removal: Removal, rule: Rule, flow: Flow) -> bool:
    (part,) = flow.services.parts()
    packet = Packet(spot(flow.source), spot(flow.destination), part.protocol, part.lo)
    return removal.oracle.matches(rule, packet)


def compare(model: Model) -> None:
    removal, rules = Removal(model), Ruleset(model)
    judge = Judge(rules)
    found = standings(judge)
    by_id = {rules.rules[s.number].id: s for s in found}
    assert set(by_id) == {name for name, r in removal.rules.items() if r.services}
    for name, standing in by_id.items():
        rule = rules.rules[standing.number]
        assert standing.worth.name == removal.worth(name), name
        assert (standing.shadowed is None) == (standing.worth is not Worth.redundant or removal.decides(name))
        if standing.flow is not None:
            assert holds(removal, rule, standing.flow)
        if standing.worth is Worth.redundant:
            # Whoever stands in holds every flow of the rule.
            stand_ins = {rules.rules[p].id for p in standing.proof if isinstance(p, int)}
            zones = {p for p in standing.proof if isinstance(p, str)}
            for matching, zone, _, _ in removal.kinds:
                assert name not in matching or matching & stand_ins or zone in zones, name
    gone = {rules.rules[n].id for n in together(judge, found)}
    assert removal.same_without(gone)
    for name, standing in by_id.items():
        if standing.worth is Worth.redundant and name not in gone:
            assert not removal.same_without({*gone, name})


@given(models(features=FEW_PLACES))
@settings(max_examples=60)
def test_worth_of_every_rule_with_addresses(model: Model) -> None:
    compare(model)


@given(crowded())
def test_worth_of_every_rule_in_a_crowd(model: Model) -> None:
    compare(model)


@given(models(features=LABELS_ONLY))
def test_worth_of_every_rule_by_label(model: Model) -> None:
    compare(model)


@given(models(features=FEW_PLACES))
@settings(max_examples=40)
def test_the_exact_way_needs_no_luck(model: Model) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redundancy, "SAMPLES", 0)
        compare(model)
