"""Short ways to say what a bad input should say back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segkit.errors import Problem, SegkitError
from segkit.model import Segmentation
from segkit.sets import L

WEB, DB = L.role == "web", L.role == "db"
SCHEMA = {
    "app": {"values": ["shop", "crm"], "required": True},
    "role": ["web", "db", "cache"],
    "zone": ["edge", "core"],
    "note": None,
}
TODAY = "2027-01-31"


def seg(name: str = "retail", **options: Any) -> Segmentation:
    """A segmentation with a small schema, on a fixed day."""
    given: dict[str, Any] = {"schema": SCHEMA, "today": TODAY, **options}
    return Segmentation(name, where="main.py:1", **given)


def refused(declare: Callable[[Any], object], **options: Any) -> tuple[Problem, ...]:
    """The problems of a segmentation that `declare` makes bad."""
    one = seg(**options)
    declare(one)
    with pytest.raises(SegkitError) as caught:
        one.build()
    return caught.value.problems


def text(problems: tuple[Problem, ...]) -> str:
    """All problems as people read them, one after the other."""
    return "\n".join(problem.text() for problem in problems)


def zones(s: Any) -> object:
    s.zone("core", L.zone == "core", networks=["10.1.0.0/16"], where="z.py:1")
    return s.zone("edge", L.zone == "edge", where="z.py:2")


def workload(s: Any, name: str, **options: Any) -> object:
    return s.workload(name, {"app": "shop"}, where=f"{name}.py:1", **options)


def rules(*given: tuple[Any, ...], tiers: str = "application") -> Callable[[Any], None]:
    """Rules of one policy each, in the given tiers: (action, source, destination, services, options)."""

    def declare(s: Any) -> None:
        zones(s)
        for at, (tier, (action, source, destination, services, *rest)) in enumerate(
            zip(tiers.split(), given, strict=True)
        ):
            policy = s.policy(f"p{at}", tier, zone="core" if tier == "zone" else None, where="p.py:1")
            options = {} if not rest else rest[0]
            getattr(policy, str(action))(
                source, destination, services, id="r", where=f"p.py:{at + 2}", **options
            )

    return declare
