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

Fragment = Mapping[str, Any]

Forms = tuple[Fragment, Fragment]
"""What is deployed and what will be, by the same names."""

Fragments = Mapping[str, Fragment]
"""What there is of targets, by their names."""


def both(
    targets: Iterable[Target],
    before: Fragments,
    after: Fragments,
    joins: Joins,
    refused: Callable[[Target, Forms, Fragment], Iterable[Problem]],
    shared: Callable[[Iterable[Target], Fragments], Iterable[Problem]] = lambda _targets, _fragments: (),
) -> dict[str, Fragment]:
    """The two forms of every target as one fragment; what was not there before is as it will be. `refused`
    says what speaks against going there from the one of a target, and on to the other, `shared` what speaks
    against all of it together. Raises SegkitError where they cannot be there together."""
    found: dict[str, Fragment] = {}
    problems: list[Problem] = []
    before = _by_writer(before, after)
    for target in targets:
        new = found[target.name] = after[target.name]
        if (old := before.get(target.name)) is None:
            continue
        try:
            there = found[target.name] = bridge(old, new, joins)
        except SegkitError as error:
            problems += error.problems
        else:
            problems += refused(target, (as_named_now(old, new), new), there)
    problems += shared(targets, found)
    if problems:
        raise SegkitError(problems)
    return found


def _by_writer(before: Fragments, after: Fragments) -> Fragments:
    """What is deployed, each resource with the target that will write it: what several share is written by
    one of them, and that may become another."""
    writers = {address: name for name, one in after.items() for address, _ in _resources(one)}
    moved: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in before}
    for name, one in before.items():
        for (kind, key), body in _resources(one):
            writer = writers.get((kind, key), name)
            moved.setdefault(writer, {}).setdefault(kind, {})[key] = body
    return {name: {**before.get(name, {}), "resource": held} for name, held in moved.items()}


def _resources(fragment: Fragment) -> Iterator[tuple[tuple[str, str], Any]]:
    for kind, named in fragment.get("resource", {}).items():
        yield from (((kind, key), body) for key, body in named.items())


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
