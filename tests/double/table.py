"""The form in which a platform's rules are written down: tables of data, with a function where data ends."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.double.store import Body, State, Thing
from tests.double.wire import UNKNOWN

Limit = Callable[[Any], str]
"""What is wrong with a value; empty when nothing is."""
Limits = Mapping[str, Sequence[Limit]]
"""Limits by dotted path; a path goes through every block and every element of a list."""
Check = Callable[[State, Thing], Iterator[str]]
"""What the platform finds wrong with an object, in the state that it would lead to."""
Store = Callable[[State, Thing | None, Thing], tuple[Thing, Sequence[Thing]]]
"""From an object before and after: what is kept of it, and what others go."""


@dataclass(frozen=True, slots=True)
class Ref:
    """An argument that names another object, of one of some kinds. `holds`: that one cannot go meanwhile."""

    kinds: tuple[str, ...]
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """Of some arguments of a block at `path` exactly one is given; or at most one when not `needed`."""

    names: tuple[str, ...]
    path: str = ""
    needed: bool = True


@dataclass(frozen=True)
class Table:
    """All that is known of a platform apart from its schema.

    `account` gives from the provider's configuration what templates may name, or says what is wrong with it.
    `ids` and `fills` are templates, for the id and for other arguments that the platform fills in.
    `validated` and `choices` are what the provider refuses before it calls; `limits` and `checks` what the
    platform refuses. `resolve` turns what an argument names into an id. `complete` fills in what templates
    cannot, `shown` adds what only reading back tells, `stores` says what a call that writes one object does.
    `replaces` names arguments that force a new object depending on their values.
    """

    account: Callable[[Body], Mapping[str, str] | str]
    ids: Mapping[str, str]
    resolve: Callable[[State, str, Thing], str]
    fills: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    references: Mapping[str, Mapping[str, Ref]] = field(default_factory=dict)
    validated: Mapping[str, Limits] = field(default_factory=dict)
    choices: Mapping[str, Sequence[Choice]] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)
    checks: Mapping[str, Sequence[Check]] = field(default_factory=dict)
    complete: Mapping[str, Callable[[State, Body], None]] = field(default_factory=dict)
    shown: Mapping[str, Callable[[State, Thing], Body]] = field(default_factory=dict)
    stores: Mapping[str, Store] = field(default_factory=dict)
    replaces: Mapping[str, Callable[[Body, Body], Iterator[str]]] = field(default_factory=dict)


def values(path: str, value: Any) -> Iterator[Any]:
    """Everything given at a dotted path, through blocks, lists and sets.

    >>> list(values("rule.ports", {"rule": [{"ports": ["80"]}, {"ports": None}, {"ports": ["443", "22"]}]}))
    ['80', '443', '22']
    """
    if isinstance(value, list):
        for one in value:
            yield from values(path, one)
    elif path and isinstance(value, dict):
        first, _, rest = path.partition(".")
        yield from values(rest, value.get(first))
    elif not path and value not in (None, "", UNKNOWN):  # providers take empty text for none
        yield value


def blocks(path: str, body: Body) -> Iterator[Body]:
    """Every block at a dotted path; the body itself for none."""
    return (one for one in values(path, body) if isinstance(one, dict))


def broken(limits: Limits, body: Body) -> Iterator[str]:
    """Everything in a body that breaks its limits."""
    for path, rules in limits.items():
        for value in values(path, body):
            yield from (f"{path} = {value!r}: {fault}" for rule in rules if (fault := rule(value)))


def unmade(choice: Choice, body: Body) -> Iterator[str]:
    """What is wrong where exactly one of some arguments is to be given."""
    for block in blocks(choice.path, body):
        given = [name for name in choice.names if block.get(name) not in (None, "", [])]
        if len(given) > 1:
            yield f"{choice.path or 'body'}: only one of {', '.join(choice.names)} can be given, not {given}"
        if choice.needed and not given:
            yield f"{choice.path or 'body'}: one of {', '.join(choice.names)} is needed"


def filled(template: str, named: Callable[[str], str]) -> str:
    """A template with its names filled in; `{policy:last}` is what follows the last slash, `{parent:quoted}`
    is safe inside a path.

    >>> filled("{policy:last}/rules/{priority}", {"policy": "projects/p/policies/main", "priority": "7"}.get)
    'main/rules/7'
    """

    def one(found: re.Match[str]) -> str:
        text = named(found[1])
        return {None: text, "last": text.rsplit("/", 1)[-1], "quoted": quote(text, safe="")}[found[2]]

    return re.sub(r"\{(\w+)(?::(\w+))?\}", one, template)


def below(path: str, limits: Limits) -> Limits:
    """The same limits for what is in blocks."""
    return {f"{path}.{name}": rules for name, rules in limits.items()}


def matches(pattern: str, meaning: str) -> Limit:
    """Text of a form."""
    return lambda value: "" if re.fullmatch(pattern, str(value)) else meaning


def among(*words: str) -> Limit:
    """One of some words, in this very spelling."""
    return lambda value: "" if value in words else f"not one of {', '.join(words)}"


def between(low: int, high: int) -> Limit:
    """A whole number in a range."""
    return lambda value: "" if int(value) == value and low <= value <= high else f"not in {low} to {high}"


def at_most(characters: int) -> Limit:
    """Text of some length."""
    return lambda value: "" if len(value) <= characters else f"longer than {characters} characters"


def network(text: str) -> str:
    """What is wrong with an address or a range.

    >>> network("10.0.0.1/24")
    'has bits set beyond its prefix, 10.0.0.0/24 is meant'
    """
    try:
        loose = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return "neither an address nor a range"
    if "/" in text and str(loose.network_address) != str(ipaddress.ip_address(text.split("/")[0])):
        return f"has bits set beyond its prefix, {loose} is meant"
    return ""


def port_range(text: str) -> str:
    """What is wrong with a port or a range of ports."""
    ends = text.split("-")
    if len(ends) > 2 or not all(end.isdigit() and int(end) <= 65535 for end in ends):
        return "neither a port nor a range of ports"
    return "" if int(ends[0]) <= int(ends[-1]) else "ends before it begins"


def families(texts: Sequence[str]) -> set[int]:
    """The IP versions of ranges; what is no range has none."""
    return {ipaddress.ip_network(text, strict=False).version for text in texts if not network(text)}
