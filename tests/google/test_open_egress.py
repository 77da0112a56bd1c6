"""Egress left to the destinations' ingress: what opens is only the way to those who keep nobody out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.verify import prove
from tests.conformance import google
from tests.conformance.planes import GOOGLE
from tests.conformance.test_meaning import sample
from tests.google.kit import mode_at
from tests.oracles.intent_oracle import Oracle
from tests.strategies import Features

OPEN = replace(GOOGLE, placement=partial(google.placement, egress="open"))


@pytest.mark.parametrize("encoding", OPEN.encodings)
@given(data=st.data(), seed=st.integers(0, 2**16))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_only_the_way_to_who_keeps_nobody_out_opens(encoding: str, data: st.DataObject, seed: int) -> None:
    features = Features(internet=False, odd_services=False)
    with OPEN.unlimited():
        model = data.draw(OPEN.models(encoding, features, ("egress-open", "snapshot")))
        try:
            done = compile_model(model)
        except SegkitError:
            assume(False)
            raise
    document = OPEN.stack(model, done.fragment)
    proof = prove(model, document, intent=done.intent, residuals=done.residuals)
    assert proof.status == "equal", proof.text()
    assert {(d.residual, d.kind) for d in proof.accepted} <= {("egress-open", "opens")}
    event("opens" if proof.accepted else "exact")
    oracle, passes = Oracle(model), OPEN.packets(model, document)
    wrong = [p for p in sample(oracle, seed) if passes(p) != oracle.passes(p)]
    assert not wrong or proof.accepted
    assert not [p for p in wrong if oracle.passes(p) or mode_at(model, p.destination) == "enforce"]
