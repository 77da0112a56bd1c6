"""What a random model says is what its Terraform lets pass: by the proof, and packet by packet without it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from segkit.compiler import Compilation
from segkit.errors import SegkitError
from segkit.model.model import Model
from segkit.verify import prove
from tests.conformance.compiling import compile_model
from tests.conformance.planes import ENCODINGS, IDS, Plane
from tests.oracles.intent_oracle import Oracle, Packet
from tests.strategies import EVERYTHING, LABELS_ONLY, Features

MOST = settings().max_examples  # of the profile in use
SOME = settings(
    max_examples=MOST // 2, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
FEW = settings(SOME, max_examples=MOST // 6)
SMALL = Features(internet=False)

pytestmark = pytest.mark.usefixtures("no_quotas")
planes = pytest.mark.parametrize(("plane", "encoding"), ENCODINGS, ids=IDS)


def compiled(model: Model) -> Compilation:
    """The model compiled; a refusal counts as an answer only when it says clearly what is missing."""
    try:
        return compile_model(model)
    except SegkitError as error:
        for problem in error.problems:
            assert "address" in problem.what and "is not known" in problem.what, problem
            assert problem.fix and problem.why
        event("refused: an address is not known")
        assume(False)
        raise


def draw(
    data: st.DataObject, plane: Plane, encoding: str, features: Features, accept: Sequence[str]
) -> Model:
    return data.draw(plane.models(encoding, features, accept))


@planes
@given(data=st.data())
@SOME
def test_equal_with_every_residual_accepted(plane: Plane, encoding: str, data: st.DataObject) -> None:
    model = draw(data, plane, encoding, SMALL, plane.all)
    done = compiled(model)
    proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
    assert proof.status == "equal", proof.text()
    for difference in proof.accepted:
        event(f"accepted: {difference.residual}")


@planes
@given(data=st.data())
@FEW
def test_equal_with_the_internet(plane: Plane, encoding: str, data: st.DataObject) -> None:
    model = draw(data, plane, encoding, EVERYTHING, plane.all)
    done = compiled(model)
    proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
    assert proof.status == "equal", proof.text()


@planes
@given(data=st.data())
@SOME
def test_labels_alone_need_nothing_accepted(plane: Plane, encoding: str, data: st.DataObject) -> None:
    """Selectors, zones, tiers and denies are exact for members yet to come: no residual, or a snapshot
    only where machines outside the target's reach are spoken of."""
    features = Features(**{**vars(LABELS_ONLY), "realms": ("default",), "odd_services": False})
    model = draw(data, plane, encoding, features, plane.exact)
    done = compiled(model)
    proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
    assert proof.status == "equal" and not proof.accepted, proof.text()
    assert {r.name for r in done.residuals} <= set(plane.exact)


@planes
@given(data=st.data(), seed=st.integers(0, 2**16))
@SOME
def test_packets_pass_as_the_policies_say(
    plane: Plane, encoding: str, data: st.DataObject, seed: int
) -> None:
    """Neither the engine nor the reading model takes part: the intent oracle against the packet oracle."""
    model = draw(data, plane, encoding, SMALL, plane.all)
    done = compiled(model)
    document = plane.stack(model, done.fragment)
    oracle, passes = Oracle(model), plane.packets(model, document)
    proof = prove(model, document, intent=done.intent, residuals=done.residuals)
    assert proof.status == "equal", proof.text()
    assume(not proof.accepted)  # an accepted residual lets packets differ; too few others fail the test
    packets = list(sample(oracle, seed))
    assume(packets)
    wrong = [p for p in packets if passes(p) != oracle.passes(p)]
    assert not wrong, f"{len(wrong)} packets, first {wrong[0]}: policies say {oracle.passes(wrong[0])}"


@planes
@given(data=st.data(), seed=st.integers(0, 2**16))
@FEW
def test_a_wrong_document_is_never_called_equal(
    plane: Plane, encoding: str, data: st.DataObject, seed: int
) -> None:
    """Change one thing; where a sampled packet now passes wrongly, the proof says so."""
    features = Features(**{**vars(SMALL), "odd_services": False, "modes": ("enforce", "visibility")})
    model = draw(data, plane, encoding, features, plane.exact)
    done = compiled_exactly(model)
    document, oracle = plane.stack(model, done.fragment), Oracle(model)
    packets = list(sample(oracle, seed))
    for name, changed in plane.mutants(document, seed, 6):
        passes = plane.packets(model, changed)
        if any(passes(p) != oracle.passes(p) for p in packets):
            event(name.partition(":")[0])
            proof = prove(model, changed, intent=done.intent, residuals=done.residuals)
            assert not proof.ok, name


def compiled_exactly(model: Model) -> Compilation:
    """The model compiled, where nothing but exact residuals is needed."""
    try:
        return compile_model(model)
    except SegkitError:
        assume(False)
        raise


def sample(oracle: Oracle, seed: int, pairs: int = 60, services: int = 6) -> Iterator[Packet]:
    """Governed packets at the edges of what the model mentions."""
    chance = random.Random(seed)
    spaces: dict[tuple[str, int], list[object]] = {}
    for spot in oracle.spots():
        spaces.setdefault(spot[:2], []).append(spot)
    found = [(a, b) for held in spaces.values() for a in held for b in held if a != b]
    asked = {family: oracle.services(family) for family in (4, 6)}
    for a, b in chance.sample(found, min(pairs * 4, len(found))):
        if pairs and oracle.governed(Packet(a, b, 6)):  # type: ignore[arg-type]
            pairs -= 1
            for protocol, x in chance.sample(asked[a.family], min(services, len(asked[a.family]))):  # type: ignore[attr-defined]
                yield Packet(a, b, protocol, x)  # type: ignore[arg-type]
