"""Egress by range: the same flows pass, in fewer rules, and nothing opens that nobody keeps closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from segkit.compiler import Compilation, compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.model import Target
from segkit.sets import L, tcp
from segkit.verify import prove
from tests.conformance.planes import AWS
from tests.conformance.test_meaning import sample
from tests.oracles.intent_oracle import Oracle
from tests.strategies import EVERYTHING, TODAY, Features, models

RULES = "aws_vpc_security_group_egress_rule"
SOME = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None
)


def by_range(encoding: str, *words: str) -> Callable[[str, Sequence[str], int], Mapping[str, Any]]:
    """Placements with one of some words for egress."""
    make = AWS.placement(encoding)
    return lambda name, names, choice: {
        **make(name, names, choice),
        "egress": words[(names.index(name) + choice) % len(words)],
    }


def done_or_refused(model: Any) -> Compilation:
    try:
        return compile_model(model)
    except SegkitError as error:
        assert all("is not known" in p.what for p in error.problems), error
        assume(False)
        raise


@pytest.mark.parametrize("words", [("ranges",), ("open",), ("exact", "ranges", "open")], ids=str)
@pytest.mark.parametrize("encoding", ["groups", "cells"])
@pytest.mark.parametrize("features", [EVERYTHING, Features(internet=False, classes=False)], ids=str)
@given(data=st.data())
@SOME
def test_the_same_flows_pass(
    words: tuple[str, ...], encoding: str, features: Features, data: st.DataObject
) -> None:
    with AWS.unlimited():
        model = data.draw(models("aws", by_range(encoding, *words), features, AWS.all))
        done = done_or_refused(model)
        document = AWS.stack(model, done.fragment)
        proof = prove(model, document, intent=done.intent, residuals=done.residuals)
        assert proof.status == "equal", proof.text()
        if not proof.accepted:
            oracle, passes = Oracle(model), AWS.packets(model, document)
            wrong = [p for p in sample(oracle, 1) if passes(p) != oracle.passes(p)]
            assert not wrong, wrong[0]


def estate(egress: str, membership: str = "exclusive") -> Segmentation:
    """One sender and three receivers; eight workloads fill 10.0.0.0/29 but for what nobody owns."""
    seg = Segmentation("estate", today=TODAY)
    policy = seg.policy("p", "application", owner="o")
    policy.allow(L.role == "web", L.role == "db", tcp(5432))
    policy.allow(L.role == "web", L.role == "log", tcp(514))
    roles = ("web", "db", "log", "db", "log", "web", "db", "log")
    for n, role in enumerate(roles):
        seg.workload(f"w{n}", {"role": role}, [f"10.0.0.{n}"])
    seg.workload("other", {"role": "db", "owner": "none"}, ["10.0.0.9"])
    place = {"vpc_id": "vpc-1", "egress": egress, "membership": membership}
    target = seg.target("t", "aws", select=L.owner != "none", placement=place)
    for residual in ("snapshot", "unproved"):
        target.accept_residual(residual, owner="o", reason="r", expires="2030-01-01")
    return seg


def egress_of(seg: Segmentation) -> set[str]:
    rules = compile_model(seg.build()).fragment["resource"][RULES].values()
    return {f"{r['from_port']} {r.get('cidr_ipv4', 'group')}" for r in rules}


def test_a_range_holds_who_keeps_others_out_and_stops_where_nobody_does() -> None:
    assert egress_of(estate("ranges")) == {"5432 10.0.0.0/29", "5432 10.0.0.9/32", "514 10.0.0.0/29"}


def test_exact_egress_names_groups() -> None:
    assert egress_of(estate("exact")) == {"5432 group", "5432 10.0.0.9/32", "514 group"}


def test_who_does_not_decide_alone_is_not_covered() -> None:
    found = egress_of(estate("ranges", membership="shared"))
    assert "514 10.0.0.0/29" not in found and "514 10.0.0.2/32" in found


def test_a_range_is_a_residual_that_someone_accepts() -> None:
    model = estate("ranges").build()
    bare = tuple(replace(t, accepted=()) for t in model.targets)
    with pytest.raises(SegkitError, match="keeps others out by its own ingress"):
        compile_model(replace(model, targets=bare))


def test_a_wrong_word_says_which_there_are() -> None:
    model = estate("wide").build()
    assert all(isinstance(t, Target) for t in model.targets)
    with pytest.raises(SegkitError, match="egress is 'wide'"):
        compile_model(model)
