"""Allows that a deny takes a part of back, and denies that an allow of an earlier tier overrides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from segkit.intent.boxes import Box
from segkit.intent.hygiene.flows import Flow
from segkit.intent.hygiene.judge import MOST_LOOKS, Judge
from segkit.intent.hygiene.search import Step, TooManyError
from segkit.sets.planes import bits


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rule `loser` says of some flows what each of `winners`, of the same or an earlier tier, says otherwise;
    `flow` is one that the first of them wins."""

    loser: int
    winners: tuple[int, ...]
    flow: Flow


def conflicts(judge: Judge) -> Iterator[Conflict]:
    """Every rule that loses flows to rules of the other action.

    A rule wins a flow only where nothing that lasts decides before it.
    """
    rules = judge.ruleset
    denies = sum(rules.denies.values())
    winners: dict[int, list[int]] = defaultdict(list)
    for deny in bits(denies):
        for allow in bits(rules.near(deny) & ~denies):
            overrides = rules.rules[allow].tier < rules.rules[deny].tier
            winner, loser = (allow, deny) if overrides else (deny, allow)
            if _wins(judge, winner, loser) is not None:
                winners[loser].append(winner)
    for loser, held in sorted(winners.items()):
        box, realm = _wins(judge, min(held), loser) or (None, "")
        flow = judge.search.flow(box, realm) if box is not None else None
        if flow is not None:
            yield Conflict(loser, tuple(sorted(held)), flow)


def _wins(judge: Judge, winner: int, loser: int) -> tuple[Box, str] | None:
    """A part of what two rules share that the first decides."""
    rules = judge.ruleset
    before = rules.near(winner) & rules.before(winner) & rules.lasting
    if before:
        before &= rules.near(loser)
    for realm in judge.realms(winner, 1 << loser | before):
        for box in _shared(judge, winner, loser, realm):
            if not before:
                return box, realm
            steps = [Step("covered", n, b) for n in bits(before) for b in judge.boxes(n, realm)]
            try:
                rest, _ = judge.search.rest([box], steps, MOST_LOOKS)
            except TooManyError:
                continue
            if rest is not None:
                return rest.box, realm
    return None


def _shared(judge: Judge, winner: int, loser: int, realm: str) -> Iterator[Box]:
    for one in judge.boxes(winner, realm):
        for other in judge.boxes(loser, realm):
            box = judge.search.meet(one, other)
            if box is not None:
                yield box
