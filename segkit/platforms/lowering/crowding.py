"""Two forms of one target at once: what is deployed and what will be, and whether there is room for both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from segkit.artifacts import literal
from segkit.artifacts.bridge import Joins, as_named_now, bridge
from segkit.errors import Problem, SegkitError
from segkit.model.model import Target

Count = tuple[str, str, int]
"""The name of a quota, what is counted, and how many there are."""

Forms = tuple[Mapping[str, Any], Mapping[str, Any]]
"""What is deployed and what will be, by the same names."""


def both(
    target: Target,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    joins: Joins,
    refused: Callable[[Target, Forms, Mapping[str, Any]], Iterable[Problem]],
) -> dict[str, Any]:
    """A target's two forms as one fragment. `refused` says what speaks against going there from the
    one, and on to the other. Raises SegkitError where they cannot be there together."""
    fragment = bridge(before, after, joins)
    if problems := list(refused(target, (as_named_now(before, after), after), fragment)):
        raise SegkitError(problems)
    return fragment


def crowded(target: Target, quota: Callable[[str], int], counts: Iterable[Count]) -> Iterator[Problem]:
    """Every count that is over its quota."""
    for name, what, used in counts:
        if used > quota(name):
            yield Problem(
                f"target {target.name}: between the two applies {what} {used}; the quota is {quota(name)}",
                where=target.where,
                why=f"what is deployed and what will be are there together, and {name} counts both",
                fix="change less at once, in several transitions; or, where it can be raised, raise it and "
                f'pass quotas={{"{name}": …}}',
            )


def some(who: Sequence[str]) -> str:
    """Who it is, where one is enough to go and look.

    >>> some(["web-1", "web-2"])
    'web-1 and 1 more'
    """
    return who[0] + (f" and {len(who) - 1} more" if len(who) > 1 else "")


def members(
    fragment: Mapping[str, Any], target: str, kind: str, holder: str, group: str
) -> dict[str, list[str]]:
    """The groups of everybody: by resources of a kind, and as they are published for use elsewhere."""
    found: dict[str, list[str]] = {}
    for body in fragment.get("resource", {}).get(kind, {}).values():
        found.setdefault(str(body[holder]), []).append(str(body[group]))
    for value in fragment.get("locals", {}).values():
        if isinstance(value, Mapping) and value.get("target") == literal(target):
            found[f"workload {value['workload']!r}"] = list(value["groups"])
    return found
