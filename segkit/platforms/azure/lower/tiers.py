"""Which targets keep tiers as bands of priorities: those that say so, and those that leave it open and lose
nothing by it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from segkit.platforms.azure.lower.banded import unbandable
from segkit.platforms.azure.placement import AzurePlacement
from segkit.platforms.lowering.draft import Draft

Drafting = Callable[[Collection[str]], Draft]
"""The draft with the rules of some targets as people wrote them."""


def choose(
    make: Drafting, placements: Mapping[str, AzurePlacement]
) -> tuple[Draft, dict[str, AzurePlacement], dict[str, str]]:
    """The draft, the placements with `auto` replaced by what was chosen, and why tiers of a target that left
    it open are compiled away.

    Bands are chosen where every rule can stand in them as it was written: nothing is refused, and nothing
    needs a residual or an address that it does not need compiled. Quotas play no part: crossing one rewrites
    nothing.
    """
    pinned = {name for name, here in placements.items() if here.tiers == "bands"}
    left = {name for name, here in placements.items() if here.tiers == "auto"}
    why: dict[str, str] = {}
    draft = plain = make(pinned)
    while left:
        draft = make(pinned | left)
        chosen = _settled(placements, left, "bands")
        lost: dict[str, str] = {}
        for name, reason in _worse(draft, plain, chosen, left):
            lost.setdefault(name, reason)
        if not lost:
            break
        why |= lost
        left -= lost.keys()
        draft = plain
    return draft, _settled(_settled(placements, left, "bands"), why, "compiled"), why


def _settled(
    placements: Mapping[str, AzurePlacement], names: Collection[str], tiers: str
) -> dict[str, AzurePlacement]:
    return {n: replace(here, tiers=tiers) if n in names else here for n, here in placements.items()}


def _worse(
    banded: Draft, plain: Draft, placements: Mapping[str, AzurePlacement], left: Collection[str]
) -> Iterator[tuple[str, str]]:
    """The targets among those left whose rules are not as people wrote them in bands, and why."""
    for name, problem in unbandable(banded, placements):
        if name in left:
            yield name, f"{problem.what.partition(' cannot say ')[2]}: {problem.why}"
    known = {(r.target, r.name, r.rules) for r in plain.residuals}
    for residual in sorted(banded.residuals):
        if residual.target in left and (residual.target, residual.name, residual.rules) not in known:
            yield residual.target, f"{residual.extent}: it would need {residual.name!r}"
    for problem in sorted(banded.problems - plain.problems, key=str):
        yield from ((name, problem.what) for name in sorted(left))
