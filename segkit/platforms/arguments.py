"""The arguments of targets: what people may write in a placement, checked alike on every platform."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segkit.errors import Problem, part
from segkit.model.model import Target

_PROVIDER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)?")

Shape = tuple[str, Callable[[Any], bool]]
"""What an argument is, in words, and how to tell."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota: the platform's default, the most it can be raised to, what is counted, and where that is
    written."""

    default: int
    ceiling: int
    counts: str
    source: str


def every(values: Iterable[Any], kind: Any) -> bool:
    """Is everything of a type?"""
    return all(isinstance(value, kind) for value in values)


def texts_by_name(known: Collection[str]) -> Callable[[Any], bool]:
    """Is something texts under known keys, by name?"""
    return lambda value: (
        isinstance(value, Mapping)
        and all(
            isinstance(one, Mapping) and set(one) <= set(known) and every(one.values(), str)
            for one in value.values()
        )
    )


TEXT: Shape = ("text", lambda value: isinstance(value, str))
NAMES: Shape = ("a list of names", lambda value: isinstance(value, list | tuple) and every(value, str))
TEXTS: Shape = ("keys and texts", lambda value: isinstance(value, Mapping) and every(value.values(), str))
NUMBERS: Shape = ("names of quotas and numbers", lambda value: isinstance(value, Mapping))


def wrong(target: Target, argument: str, what: str, fix: str) -> Problem:
    """What is wrong with an argument of a target, at its place."""
    return Problem(f"target {target.name}: {what}", where=part(target.where, "placement", argument), fix=fix)


def listed(names: Iterable[str]) -> str:
    """Names to choose from."""
    return ", ".join(sorted(names)) or "none"


def given(target: Target) -> dict[str, Any]:
    """The arguments that were given."""
    return {name: value for name, value in target.placement.items() if value is not None}


def check_known(target: Target, known: Iterable[str]) -> Iterator[Problem]:
    """Arguments that the platform does not have."""
    known = tuple(known)
    for name in sorted(set(given(target)) - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        fix = f"did you mean {near[0]!r}?" if near else "remove it"
        yield wrong(target, name, f"unknown argument {name!r}", fix)


def check_shapes(target: Target, shapes: Mapping[str, Shape]) -> Iterator[Problem]:
    """Arguments that are not what they should be."""
    found = given(target)
    for name, (wanted, fits) in shapes.items():
        if name in found and not fits(found[name]):
            yield wrong(target, name, f"{name} is {reprlib.repr(found[name])}", f"write {wanted}")


def check_words(target: Target, words: Mapping[str, Iterable[str]]) -> Iterator[Problem]:
    """Arguments that are one of a few words, and are not."""
    found = given(target)
    for name, allowed in words.items():
        if name in found and found[name] not in tuple(allowed):
            fix = f"write one of {', '.join(allowed)}, or leave it out"
            yield wrong(target, name, f"{name} is {found[name]!r}", fix)


def check_provider(target: Target) -> Iterator[Problem]:
    """A provider that is neither a provider's name nor one with an alias."""
    provider = given(target).get("provider", "")
    if provider and not _PROVIDER.fullmatch(provider):
        fix = "write its name and its alias, e.g. 'aws.prod'"
        yield wrong(target, "provider", f"provider is {provider!r}", fix)


def check_quotas(target: Target, quotas: Mapping[str, Quota]) -> Iterator[Problem]:
    """Overrides of quotas that are unknown, or beyond what the platform grants."""
    for name, value in sorted(given(target).get("quotas", {}).items()):
        if name not in quotas:
            yield wrong(target, "quotas", f"unknown quota {name!r}", f"known quotas: {listed(quotas)}")
        elif not isinstance(value, int) or value is True or not 0 < value <= quotas[name].ceiling:
            fix = f"write 1 to {quotas[name].ceiling}"
            yield wrong(target, "quotas", f"quota {name} is {value!r}", fix)


def check_encoding(target: Target, words: Iterable[str], encoding: Any) -> Iterator[Problem]:
    """An encoding that is none."""
    fix = f"write {' or '.join(map(repr, words))}, or blocks of group names as `segkit quota` prints them"
    if encoding == "auto":
        yield Problem(
            f"target {target.name}: encoding is 'auto'",
            where=part(target.where, "placement", "encoding"),
            why="an encoding is pinned: what is best today is not tomorrow, and a change moves every machine",
            fix=f"run `segkit quota --target {target.name} --encoding auto` and write what it finds",
        )
        return
    if isinstance(encoding, str):
        if encoding not in tuple(words):
            yield wrong(target, "encoding", f"encoding is {encoding!r}", fix)
        return
    if not isinstance(encoding, list | tuple) or not all(
        isinstance(block, list | tuple) and every(block, str) for block in encoding
    ):
        yield wrong(target, "encoding", f"encoding is {encoding!r}", fix)
        return
    names = [n for block in encoding for n in block]
    for name in sorted({n for n in names if names.count(n) > 1}):
        what = f"encoding has {name!r} in two blocks"
        yield wrong(target, "encoding", what, "a group is in one block only")
