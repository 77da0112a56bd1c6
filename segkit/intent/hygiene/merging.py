"""Rules of one policy that could be written as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from segkit.intent.hygiene.ruleset import Ruleset
from segkit.model.ends import End
from segkit.model.policy import Rule
from segkit.sets.planes import bits

Difference = Literal["services", "source", "destination"]


@dataclass(frozen=True, slots=True)
class Mergeable:
    """Rules that differ in one thing only; one rule with all of it means the same."""

    numbers: tuple[int, ...]
    differ_in: Difference


def mergeable(ruleset: Ruleset, numbers: int) -> Iterator[Mergeable]:
    """Among the rules of a bitset, those of one policy with equal action and last day that differ only in
    their services, or only in the ends of one side.

    A rule is told of once: with those that differ in services first.
    """
    left = list(bits(numbers))
    for differ_in in ("services", "destination", "source"):
        groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for n in left:
            groups[_common(ruleset.rules[n], differ_in)].append(n)
        taken = set()
        for held in groups.values():
            if len(held) > 1:
                taken.update(held)
                yield Mergeable(tuple(held), differ_in)
        left = [n for n in left if n not in taken]


def _common(rule: Rule, differ_in: Difference) -> tuple[object, ...]:
    """What has to be equal. Exceptions are taken out of a whole side, so they have to be equal always."""
    source, destination, without, unless = (_keys(side) for side in rule.sides)
    always = (rule.policy, rule.action, rule.expires, without, unless)
    if differ_in == "services":
        return (*always, source, destination)
    return (*always, str(rule.services), destination if differ_in == "source" else source)


def _keys(ends: tuple[End, ...]) -> tuple[str, ...]:
    return tuple(sorted({end.key for end in ends}))
