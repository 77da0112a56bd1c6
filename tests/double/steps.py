"""Between two models: what the states on the way from one to the other do to flows.

A flow that both models let pass is not to be cut on the way, and one that both deny is not to be opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from segkit.intent.enforcement import Passing
from segkit.intent.engine import Intent
from segkit.model.model import Model
from segkit.platforms.base import platform
from segkit.sets import ServiceSet
from segkit.verify.compare import Comparison, Mismatch, Spotted


def mismatches(model: Model, document: Mapping[str, Any]) -> list[Mismatch]:
    """Every flow that a document and a model disagree on, by the reading models alone."""
    planes = sorted({target.platform for target in model.targets})
    views = [
        platform(name).view(model, [t for t in model.targets if t.platform == name], document)
        for name in planes
    ]
    comparison = Comparison(Passing(Intent(model)), views)
    found = list(comparison.mismatches())
    assert comparison.tally.pairs, "nothing was compared"
    return found


def torn(before: Model | None, after: Model | None, document: Mapping[str, Any]) -> list[str]:
    """What is wrong with a state on the way from one model to another, one line for each flow.

    None is a platform without any segmentation, before the first deployment or after the last: everything
    passes there, so nothing can be opened, and what the other model allows is not to be cut.
    """
    if before is None or after is None:
        only = before or after
        assert only is not None
        return [
            _line("cuts", m.source, m.destination, m.closes) for m in mismatches(only, document) if m.closes
        ]
    return list(_both(mismatches(before, document), mismatches(after, document)))


def _both(before: Sequence[Mismatch], after: Sequence[Mismatch]) -> Iterator[str]:
    for one in before:
        for other in after:
            if _meet(one.source, other.source) and _meet(one.destination, other.destination):
                if cut := one.closes & other.closes:
                    yield _line("cuts", other.source, other.destination, cut)
                if opened := one.opens & other.opens:
                    yield _line("opens", other.source, other.destination, opened)


def _meet(one: Spotted, other: Spotted) -> bool:
    """Whether two classes of two comparisons have anybody in common."""
    if one.names or other.names:
        return bool(set(one.names) & set(other.names))
    assert one.addresses is not None
    assert other.addresses is not None
    return one.addresses.overlaps(other.addresses)


def _line(what: str, source: Spotted, destination: Spotted, services: ServiceSet) -> str:
    return f"{what} {source.text} -> {destination.text}: {services}"
