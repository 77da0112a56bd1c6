"""Two configurations at once: what is deployed and what will be, so that nothing has to go before what takes
its place is there.

Every resource of either is in the result. Where both have one, the new form counts, but for what `Joins` says
of its kind: there both forms are kept. Whether the result means what it should is for a proof to say.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from segkit.artifacts.fragment import prune
from segkit.artifacts.traversals import Rename, renamed, renamed_expression
from segkit.errors import Problem, SegkitError

Body = Mapping[str, Any]

_BY_ITSELF = "make this change in a step of its own, with the rest as it is deployed"

WORDS = frozenset(
    ("depends_on", "description", "enable_logging", "lifecycle", "log_config", "provider", "tags")
)
"""Arguments that say nothing of who reaches whom."""


@dataclass(frozen=True, slots=True)
class Apart:
    """What tells things of one kind apart: a text of their own (`name`, at most `longest` letters), and a
    `number` that no two of equal `scope` share. Empty where there is none."""

    name: str = ""
    number: str = ""
    scope: tuple[str, ...] = ()
    longest: int = 60

    def former(self, name: str) -> str:
        """Another name for what has this one and was there before."""
        if len(name) + len("-since") > self.longest:
            mark = hashlib.sha256(name.encode()).hexdigest()[:6]
            name = f"{name[: self.longest - 13]}-{mark}"
        return f"{name}-since"

    def order(self, body: Body) -> tuple[Any, ...]:
        """Where an item stands among others."""
        return (*(body.get(one) for one in self.scope), body.get(self.number or self.name))


@dataclass(frozen=True, slots=True)
class Joins:
    """How two forms of one resource go together on a platform, by kind.

    beside: both are kept, the former under another name. numbered: what there was alone gets a number of its
    own. items: those of a list argument are kept in this way; where the argument after it is named, it tells
    how many there are. widest: the larger value of a number counts. fixed: none of these arguments can be
    another without a gap.
    """

    beside: Mapping[str, Apart] = field(default_factory=lambda: MappingProxyType({}))
    numbered: Mapping[str, Apart] = field(default_factory=lambda: MappingProxyType({}))
    items: Mapping[str, tuple[str, Apart, str]] = field(default_factory=lambda: MappingProxyType({}))
    widest: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fixed: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


def bridge(before: Body, after: Body, joins: Joins) -> dict[str, Any]:
    """One configuration that holds what two say of the same thing. `after` may say what it calls otherwise
    (`moved`).

    Raises SegkitError with everything that can be in one form only.

    >>> old = {"locals": {"m": {"groups": ["${a.x.id}"]}}, "resource": {"a": {"x": {}}}}
    >>> new = {"locals": {"m": {"groups": ["${a.y.id}"]}}, "resource": {"a": {"y": {}}}}
    >>> bridge(old, new, Joins())["locals"]
    {'m': {'groups': ['${a.y.id}', '${a.x.id}']}}
    """
    before = as_named_now(before, after)
    problems: list[Problem] = []
    out: dict[str, Any] = {**after}
    values = {**before.get("locals", {}), **after.get("locals", {})}
    for block in ("resource", "data"):
        old, new = before.get(block, {}), after.get(block, {})
        out[block] = {
            kind: dict(_resources(kind, old.get(kind, {}), new.get(kind, {}), joins, values, problems))
            for kind in sorted({*old, *new})
        }
    out["locals"] = dict(_locals(before.get("locals", {}), after.get("locals", {}), problems))
    if problems:
        raise SegkitError(problems)
    return prune(out)


# -- resources


def _resources(
    kind: str,
    old: Mapping[str, Body],
    new: Mapping[str, Body],
    joins: Joins,
    values: Body,
    problems: list[Problem],
) -> Iterator[tuple[str, Any]]:
    apart = joins.beside.get(kind)
    kept = {key: dict(body) for key, body in old.items() if key not in new}
    out = {key: dict(body) for key, body in new.items()}
    for key in sorted(new.keys() & old.keys()):
        if _meaning(old[key]) == _meaning(new[key]):
            _wait(out[key], old[key].get("depends_on", ()))
        elif apart is not None:
            kept[f"{key}_since"] = dict(old[key])
            _wait(out[key], [f"{kind}.{key}_since"])
        else:
            out[key] |= _joined(kind, old[key], new[key], joins)
            problems += _gaps(f"{kind}.{key}", old[key], new[key], joins.fixed.get(kind, ()))
    if numbered := apart or joins.numbered.get(kind):
        # The former comes first, while what it is kept beside is still as it was.
        now = {f"{key} now": body for key, body in old.items() if key in new}
        room = _Room(numbered, {**now, **out}, values)
        for key, body in sorted(kept.items()):
            holder = room.give(key, body)
            if holder is not None and holder in new:
                _wait(out[holder], [f"{kind}.{key}"])
        for key, holder in room.handed(old, new) if numbered.number else ():
            _wait(out[key], [f"{kind}.{holder}"])
    yield from sorted({**out, **kept}.items())


def _meaning(body: Body, but: str = "") -> str:
    """All that a body says of who reaches whom."""
    said = {k: v for k, v in body.items() if k not in WORDS and k != but}
    return json.dumps(said, sort_keys=True)


def _wait(body: dict[str, Any], more: Sequence[str]) -> None:
    """Makes a resource wait for others too."""
    if more:
        body["depends_on"] = list(dict.fromkeys((*body.get("depends_on", ()), *more)))


def _joined(kind: str, old: Body, new: Body, joins: Joins) -> dict[str, Any]:
    """The arguments that hold both forms."""
    found = dict(new)
    _wait(found, old.get("depends_on", ()))
    if kind in joins.items:
        argument, apart, count = joins.items[kind]
        found[argument] = _items(old.get(argument, ()), new.get(argument, ()), apart)
        if count:
            found[count] = len(found[argument])
    if (widest := joins.widest.get(kind)) and widest in old and widest in new:
        found[widest] = max(old[widest], new[widest])
    return found


def _items(old: Sequence[Body], new: Sequence[Body], apart: Apart) -> list[Body]:
    """The items of two lists, those of the new one as they are."""
    said = {_meaning(item, apart.number) for item in new}
    kept = [dict(item) for item in old if _meaning(item, apart.number) not in said]
    room = _Room(apart, {str(place): item for place, item in enumerate(new)})
    for item in kept:
        room.give("", item)
    return sorted([*new, *kept], key=apart.order)


class _Room:
    """Names and numbers that are taken. `values` are locals, by which things may say where they are."""

    def __init__(self, apart: Apart, taken: Mapping[str, Body], values: Body = MappingProxyType({})) -> None:
        self._apart, self._values = apart, values
        self._names = {self._place(body, apart.name) for body in taken.values() if apart.name}
        self._numbers = {self._place(body, apart.number): k for k, body in taken.items() if apart.number}

    def give(self, key: str, body: dict[str, Any]) -> str | None:
        """Gives what is kept a name and a number that no other has; tells who took its own number."""
        apart, holder = self._apart, None
        if apart.name:
            if self._place(body, apart.name) in self._names:
                body[apart.name] = apart.former(body[apart.name])
            self._names.add(self._place(body, apart.name))
        if apart.number:
            holder = self._numbers.get(self._place(body, apart.number))
            while self._place(body, apart.number) in self._numbers:
                body[apart.number] += 1
            self._numbers[self._place(body, apart.number)] = key
        return holder

    def handed(self, old: Mapping[str, Body], new: Mapping[str, Body]) -> Iterator[tuple[str, str]]:
        """Who takes a number that another of both forms leaves, and that other."""
        number = self._apart.number
        left = {self._place(old[key], number): key for key in old.keys() & new.keys()}
        for key, body in sorted(new.items()):
            holder = left.get(self._place(body, number), key)
            if holder != key:
                yield key, holder

    def _place(self, body: Body, argument: str) -> str:
        scope = (itself(body.get(name), self._values) for name in self._apart.scope)
        return json.dumps([body.get(argument), *scope])


def _gaps(address: str, old: Body, new: Body, fixed: Sequence[str]) -> Iterator[Problem]:
    for name in fixed:
        if old.get(name) != new.get(name):
            yield Problem(
                f"{address} cannot be in both forms: {name} is {old.get(name)} and will be {new.get(name)}",
                why="Terraform would take the one away before the other is there",
                fix=_BY_ITSELF,
            )


# -- locals

_LOCAL = re.compile(r"\$\{local\.([^{}.\[\]]+)\}")
_FIRST = re.compile(r"\$\{\[(.+)\]\[0\]\}")
_ONE = re.compile(r"\$\{([^{}]+)\}")


def _locals(old: Body, new: Body, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    for name in sorted({*old, *new}):
        if name not in new or name not in old or old[name] == new[name]:
            yield name, new.get(name, old.get(name))
            continue
        joined = _both(old[name], new[name])
        if joined is None:
            what = f"local.{name} cannot be {old[name]} and {new[name]}"
            problems.append(Problem(what, fix=_BY_ITSELF))
        yield name, joined


def _both(old: Any, new: Any) -> Any:
    """A value that holds two: one that waits for what either waits for, or lists side by side."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        plain = [{k: v for k, v in one.items() if not isinstance(v, list)} for one in (old, new)]
        columns = sorted(new.keys() - plain[1].keys())
        if plain[0] != plain[1] or columns != sorted(old.keys() - plain[0].keys()):
            return None
        found = (zip(*(one[name] for name in columns), strict=True) for one in (new, old))
        rows = dict.fromkeys(row for one in found for row in one)
        return {**new, **{name: [row[at] for row in rows] for at, name in enumerate(columns)}}
    ways = [_needs(value) for value in (new, old)]
    if not all(ways) or ways[0][0] != ways[1][0]:
        return None
    return f"${{[{', '.join(dict.fromkeys(need for way in ways for need in way))}][0]}}"


def _needs(value: Any) -> list[str]:
    """An expression that is known once others are, taken apart: itself first."""
    if not isinstance(value, str):
        return []
    if found := _FIRST.fullmatch(value):
        return found[1].split(", ")
    one = _ONE.fullmatch(value)
    return [one[1]] if one else [f'"{value}"']


def itself(value: Any, values: Body) -> Any:
    """What a value is, without what it waits for."""
    while isinstance(value, str) and (found := _LOCAL.fullmatch(value)) and found[1] in values:
        value = values[found[1]]
    needs = _needs(value)
    if not needs:
        return value
    return needs[0].strip('"') if needs[0].startswith('"') else f"${{{needs[0]}}}"


# -- names


def as_named_now(before: Body, after: Body) -> dict[str, Any]:
    """What is deployed, by the names it will have. Moves and imports of its own are done."""
    moves = {one["from"]: one["to"] for one in after.get("moved", ())}
    kept = {block: value for block, value in before.items() if block not in ("moved", "import")}
    if not moves:
        return kept
    keys = {old.partition(".")[2]: new.partition(".")[2] for old, new in moves.items()}

    def local(name: str) -> str:
        prefix, _, key = name.partition("_")
        return f"{prefix}_{keys[key]}" if prefix.startswith("segkit-") and key in keys else name

    def rename(words: tuple[str, ...]) -> tuple[int, str] | None:
        if words[0] == "local" and len(words) > 1:
            return 2, f"local.{local(words[1])}"
        found = moves.get(".".join(words[:2]))
        return None if found is None else (2, found)

    named = _leaves(kept, rename)
    for block in ("resource", "data"):
        for kind, held in named.get(block, {}).items():
            named[block][kind] = {
                moves.get(f"{kind}.{key}", f"{kind}.{key}").partition(".")[2]: body
                for key, body in held.items()
            }
    named["locals"] = {local(name): value for name, value in named.get("locals", {}).items()}
    return prune(named)


def _leaves(value: Any, rename: Rename, expression: bool = False) -> Any:
    if isinstance(value, str):
        return renamed_expression(value, rename) if expression else renamed(value, rename)
    if isinstance(value, Mapping):
        return {k: _leaves(v, rename, k in ("depends_on", "provider")) for k, v in value.items()}
    return [_leaves(v, rename, expression) for v in value] if isinstance(value, list | tuple) else value
