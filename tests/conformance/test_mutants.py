"""Every mistake put into real output that changes what passes is caught by the proof.

The packet oracle is the judge: a mutant counts when it has a packet that shows the difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from segkit.model import Segmentation
from segkit.verify import prove
from tests.conformance.compiling import compile_model
from tests.conformance.estates import modes, ranges, shop, tiers, two_networks
from tests.conformance.planes import ENCODINGS, IDS, Plane

EACH = {shop: (400, 130), ranges: (300, 100), modes: (10, 10), two_networks: (300, 100), tiers: (15, 120)}
"""Mutants of each estate in each encoding, and in each other form that rules can have; few for `modes`, where
all but one port is hundreds of rules, and for `tiers` where they are compiled away into many."""


@pytest.mark.usefixtures("no_quotas")
@pytest.mark.parametrize("make", EACH, ids=lambda make: str(make.__name__))
@pytest.mark.parametrize(("plane", "encoding"), ENCODINGS, ids=IDS)
def test_every_mutant_with_a_witness_is_caught(
    plane: Plane, encoding: str, make: Callable[..., Segmentation]
) -> None:
    model = make(plane, encoding).build()
    done = compile_model(model)
    document = plane.stack(model, done.fragment)
    proof = prove(model, document, intent=done.intent, residuals=done.residuals)
    assert proof.status == "equal" and not proof.accepted, proof.text()
    kinds: Counter[str] = Counter()
    most = EACH[make][encoding not in ("groups", "cells")]
    for name, mutant in plane.mutants(document, 7, most):
        witness = plane.judge(model, document, mutant)
        if witness is None:
            continue
        kinds[name.partition(":")[0]] += 1
        proof = prove(model, mutant, intent=done.intent, residuals=done.residuals)
        assert not proof.ok, f"{name} was called equal; it differs for {witness}"
    assert sum(kinds.values()) > most // 6, kinds
