"""Between two states of a platform: what the states on the way from one to the other do to flows.

A flow that passes before and after is not to be cut on the way, and one that passes neither before nor after
is not to be opened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from segkit.intent.enforcement import Passing
from segkit.intent.engine import Intent
from segkit.model.model import Model
from segkit.sets import NOTHING, ServiceSet
from segkit.verify.between import alike
from segkit.verify.compare import Comparison, Mismatch, Spotted
from segkit.verify.proof import views

Document = Mapping[str, Any]
Pair = tuple[str, str]
Flows = Mapping[Pair, ServiceSet]


def mismatches(model: Model, document: Document) -> list[Mismatch]:
    """Every flow that a document and a model disagree on, by the reading models alone."""
    comparison = Comparison(Passing(Intent(model)), views(model, document))
    found = list(comparison.mismatches())
    assert comparison.tally.pairs, "nothing was compared"
    return found


class Way:
    """From one state to another. `model` says who there is; what it allows is only what states are held
    against."""

    def __init__(self, model: Model, start: Document, end: Document, between: Sequence[Document]) -> None:
        passing = Passing(Intent(model))
        read = alike([views(model, document) for document in (start, end, *between)])
        (self._start, self._end, *self._between) = (_differences(Comparison(passing, one)) for one in read)

    def torn(self) -> Iterator[list[str]]:
        """For each state between, what it does to flows that it should have left alone."""
        for opens, closes in self._between:
            (opened, closed), (opened_after, closed_after) = self._start, self._end
            yield [
                *_lines("cuts", closes, closed, closed_after),
                *_lines("cuts", _both(opened, opened_after), opens),
                *_lines("opens", opens, opened, opened_after),
                *_lines("opens", _both(closed, closed_after), closes),
            ]


def _differences(comparison: Comparison) -> tuple[Flows, Flows]:
    """What a state opens and closes against the model, end by end."""
    opens: dict[Pair, ServiceSet] = defaultdict(lambda: NOTHING)
    closes: dict[Pair, ServiceSet] = defaultdict(lambda: NOTHING)
    for found in comparison.mismatches():
        for source in _ends(found.source):
            for destination in _ends(found.destination):
                if source == destination and found.source.member is not None:
                    continue  # a workload and itself are no pair
                opens[source, destination] |= found.opens
                closes[source, destination] |= found.closes
    return opens, closes


def _ends(spotted: Spotted) -> Sequence[str]:
    family = f" over IPv{spotted.cell.family}"
    return [f"{name}{family}" for name in spotted.names] or [str(spotted.addresses)]


def _both(one: Flows, other: Flows) -> Flows:
    return {pair: one[pair] & other[pair] for pair in one if pair in other}


def _lines(what: str, flows: Flows, *but: Flows) -> Iterator[str]:
    for (source, destination), services in sorted(flows.items(), key=lambda found: found[0]):
        left = services
        for other in but:
            left -= other.get((source, destination), NOTHING)
        if left:
            yield f"{what} {source} -> {destination}: {left}"
