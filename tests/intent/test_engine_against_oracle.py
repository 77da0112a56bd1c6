"""The engine and the naive oracle say the same of every packet, by each of the engine's ways."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.intent import Intent, Passing
from segkit.intent.cells import Cells
from segkit.intent.engine import POSSIBLE
from segkit.model.model import Model
from segkit.sets import IntervalSet, ServiceSet
from segkit.sets.planes import bits
from tests.oracles.intent_oracle import Oracle, Packet, Spot
from tests.strategies import Features, models

Row = tuple[tuple[int, int, int], ...]

NO_INTERNET = Features(internet=False)


def cell_of(cells: Cells, spot: Spot) -> int:
    """The one cell that a concrete endpoint is in."""
    hits = []
    for cell in cells:
        if (cell.realm, cell.family) != (spot.realm, spot.family):
            continue
        if spot.workload is None and not cell.members:
            hits += [cell.index] * (spot.address in cell.addresses)  # type: ignore[operator]
        for member in cell.members:
            if (member.endpoint.workload, member.endpoint.interface) == (spot.workload, spot.interface):
                held = member.addresses
                same = held is None if spot.address is None else held is not None and spot.address in held
                hits += [cell.index] * same
    assert len(hits) == 1, f"{spot} is in the cells {hits}"
    return hits[0]


def pairs(spots: list[Spot], seed: int, most: int) -> list[tuple[Spot, Spot]]:
    """Some pairs that a flow can join, at least one of them a workload."""
    space: dict[tuple[str, int], list[Spot]] = {}
    for spot in spots:
        space.setdefault((spot.realm, spot.family), []).append(spot)
    found = [
        (a, b)
        for held in space.values()
        for a in held
        for b in held
        if a != b and (a.workload is not None or b.workload is not None)
    ]
    return random.Random(seed).sample(found, min(most, len(found)))


def at(row: Row, destination: int) -> ServiceSet:
    """What a row says of one destination."""
    return ServiceSet.from_line(
        IntervalSet.of(*((lo, hi) for lo, hi, held in row if held >> destination & 1))
    )


@given(models(), st.integers(0, 2**16))
def test_verdict_and_passing_of_every_packet(model: Model, seed: int) -> None:
    oracle, intent = Oracle(model), Intent(model)
    passing = Passing(intent)
    for source, destination in pairs(list(oracle.spots()), seed, 25):
        s, d = cell_of(intent.cells, source), cell_of(intent.cells, destination)
        allowed, passes = intent.services(s, d), passing.services(s, d)
        for protocol, x in oracle.services(source.family):
            packet = Packet(source, destination, protocol, x)
            assert allowed.contains(protocol, x) == oracle.allowed(packet), f"{packet}: {allowed}"
            assert passes.contains(protocol, x) == oracle.passes(packet), f"{packet}: {passes}"


@given(models(features=NO_INTERNET))
def test_governed_is_an_end_with_a_target(model: Model) -> None:
    oracle, intent = Oracle(model), Intent(model)
    passing = Passing(intent)
    for source, destination in pairs(list(oracle.spots()), 0, 20):
        if source.workload == destination.workload:
            continue
        s, d = cell_of(intent.cells, source), cell_of(intent.cells, destination)
        assert passing.governed(s, d) == oracle.governed(Packet(source, destination, 6))


@given(models(features=NO_INTERNET))
def test_rows_and_pairs_agree(model: Model) -> None:
    intent = Intent(model)
    passing = Passing(intent)
    for s in range(len(intent.cells)):
        allowed, denied, passes = intent.row(s), intent.denied_row(s), passing.row(s)
        for d in bits(intent.cells.all):
            assert at(allowed, d) == intent.services(s, d)
            assert at(passes, d) == passing.services(s, d)
            if intent.cells.peers[s] >> d & 1:
                possible = POSSIBLE[intent.cells[s].family]
                assert at(denied, d) == intent.verdict(s, d).denied & possible


@given(models(features=NO_INTERNET), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_order_of_declaration_means_nothing(model: Model, chance: random.Random) -> None:
    def shuffled(items: tuple) -> tuple:  # type: ignore[type-arg]
        return tuple(chance.sample(items, len(items)))

    policies = tuple(replace(p, rules=shuffled(p.rules)) for p in shuffled(model.policies))
    other = Intent(replace(model, policies=policies))
    intent = Intent(model)
    assert [c.text for c in intent.cells] == [c.text for c in other.cells]
    assert [intent.row(s) for s in range(len(intent.cells))] == [
        other.row(s) for s in range(len(other.cells))
    ]


@given(models(features=NO_INTERNET))
def test_each_cell_is_one_class(model: Model) -> None:
    """Every endpoint of a cell is held by the same ends, as the oracle sees it."""
    oracle, intent = Oracle(model), Intent(model)
    truths: dict[int, set[tuple[bool, ...]]] = {}
    for spot in oracle.spots():
        truth = tuple(oracle.holds(end, spot) for end in intent.cells.ends)
        truths.setdefault(cell_of(intent.cells, spot), set()).add(truth)
    assert all(len(held) == 1 for held in truths.values())
