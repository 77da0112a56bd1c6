"""Values of expressions inside one Terraform stack: what the configuration alone tells, and what it does not.

A reference to an argument that the configuration itself sets has the configured value: Terraform holds
providers to that ("Resource Instance Change Lifecycle" in Terraform's documentation: a planned value must
match a configured one).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from segkit.artifacts.expressions import (
    Call,
    Literal,
    Node,
    Object,
    Opaque,
    Root,
    Step,
    Template,
    Tuple,
    parse,
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_OPEN_ROOTS = frozenset({"var", "each", "count", "self", "path", "terraform", "module", "ephemeral"})
_DEPTH = 64
_PUBLISHED = frozenset({"workload", "interface", "target", "groups"})


@dataclass(frozen=True, slots=True)
class Ref:
    """An attribute known only after apply: `address` is `type.name` or `data.type.name`, `path` the rest."""

    address: str
    path: tuple[str | int, ...] = ()

    @property
    def text(self) -> str:
        """The reference as Terraform writes it: one text for one reference, however it was spelled."""
        return self.address + "".join(_step_text(step) for step in self.path)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that the configuration does not tell, with the text of its expression."""

    text: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """An object or map. Its entries are read one by one, so that only what is used counts as used."""

    entries: Mapping[str, Any]

    @property
    def published(self) -> bool:
        """Whether this object publishes the groups of a workload for whoever creates the machine."""
        return self.entries.keys() >= _PUBLISHED


Value = Any  # str | int | float | bool | None | tuple[Value, ...] | Mapped | Ref | Unknown
Trail = list[Mapped]


@dataclass(frozen=True, slots=True)
class Block:
    """One resource or data block of the stack."""

    kind: str
    name: str
    body: Mapping[str, Any]
    data: bool = False

    @property
    def address(self) -> str:
        """`type.name`, with `data.` in front of a data source."""
        return f"{'data.' if self.data else ''}{self.kind}.{self.name}"

    @property
    def repeated(self) -> bool:
        """Whether `count` or `for_each` decides how many of it there are."""
        return any(self.body.get(key) is not None for key in ("count", "for_each"))


@dataclass(slots=True)
class Scope:
    """A stack's blocks (by address) and locals, and the values of expressions among them."""

    blocks: Mapping[str, Block]
    locals: Mapping[str, Any]
    _busy: list[str] = field(default_factory=list)
    _known: dict[str, tuple[Value, tuple[Mapped, ...]]] = field(default_factory=dict)
    _texts: dict[str, Value] = field(default_factory=dict)
    _cut: int = 0

    def value(self, raw: Any, trail: Trail | None = None) -> Value:
        """The value of a piece of Terraform JSON; `trail` collects memberships that it was read through."""
        # Nearly everything is a plain value: no abstract class is asked what it is.
        kind = type(raw)
        if raw is None or kind is int or kind is bool or (kind is str and "{" not in raw):
            return raw
        used: Trail = [] if trail is None else trail
        if isinstance(raw, str):
            return self._text_value(raw, used)
        if kind is dict or isinstance(raw, Mapping):
            return Mapped(raw)
        if kind is list or isinstance(raw, Sequence):
            if _all_of(str, raw) and "{" not in "".join(raw):
                return tuple(raw)
            return tuple([self.value(item, used) for item in raw])
        if isinstance(raw, Node):
            return self._settle(self._eval(raw, used), used)
        return raw

    def _text_value(self, raw: str, trail: Trail) -> Value:
        """The value of a text; kept where nothing but the text decides it."""
        if "{" not in raw:
            return raw
        if raw not in self._texts:
            passed, cut = len(trail), self._cut
            value = self._settle(self._eval(parse(raw), trail), trail)
            if len(trail) != passed or self._cut != cut:
                return value
            self._texts[raw] = value
        return self._texts[raw]

    def items(self, raw: Any, trail: Trail | None = None) -> tuple[Value, ...]:
        """The value as elements of a list: null is none, a lone value is one, inner lists are flattened."""
        if raw is None:
            return ()
        value = self.value(raw, trail)
        if type(value) is tuple and tuple not in map(type, value):
            return value
        return () if value is None else tuple(_flat((value,)))

    def mentions(self, raw: Any) -> frozenset[str]:
        """Addresses of the stack's blocks that a piece of configuration names, directly or through locals."""
        found: set[str] = set()
        todo, seen = [json.dumps(raw, default=str)], set[str]()
        while todo:
            text = todo.pop()
            found |= {
                name
                for name in re.findall(r"(?:data\.)?[a-z][a-z0-9_]*\.[A-Za-z_][\w-]*", text)
                if name in self.blocks
            }
            for name in re.findall(r"\blocal\.([A-Za-z_][\w-]*)", text):
                if name in self.locals and name not in seen:
                    seen.add(name)
                    todo.append(json.dumps(self.locals[name], default=str))
        return frozenset(found)

    def _settle(self, value: Value, trail: Trail) -> Value:
        """Replaces a reference to an argument that the configuration sets by what it sets."""
        if isinstance(value, tuple):
            return tuple(self._settle(item, trail) for item in value)
        if not isinstance(value, Ref) or len(value.path) != 1 or not isinstance(value.path[0], str):
            return value
        block, name = self.blocks.get(value.address), value.path[0]
        if block is None or block.repeated or (name in ("id", "arn") and not block.data):
            return value
        raw = block.body.get(name)
        return (
            value if raw is None or isinstance(raw, Mapping) else self._guarded(value.text, value, raw, trail)
        )

    def _guarded(self, name: str, otherwise: Value, raw: Any, trail: Trail) -> Value:
        """The value of `raw`, or `otherwise` where `name` turns out to depend on itself.

        Kept, unless such a dependence cut it short: then it depends on who asked.
        """
        if name not in self._known:
            used: Trail = []
            before = self._cut
            value = self._inside(name, otherwise, raw, used)
            if self._cut != before:
                trail += used
                return value
            self._known[name] = value, tuple(used)
        value, passed = self._known[name]
        trail += passed
        return value

    def _inside(self, name: str, otherwise: Value, raw: Any, trail: Trail) -> Value:
        """The value of `raw` as a part of `name`, or `otherwise` where that goes round in a circle."""
        if name in self._busy or len(self._busy) > _DEPTH:
            self._cut += 1
            return otherwise
        self._busy.append(name)
        try:
            return self.value(raw, trail)
        finally:
            self._busy.pop()

    def _eval(self, node: Node, trail: Trail) -> Value:
        match node:
            case Literal(value):
                return value
            case Opaque(text) | Root(text):
                return Unknown(text)
            case Tuple(items):
                return tuple(self._eval(item, trail) for item in items)
            case Object(pairs):
                return Mapped(dict(pairs))
            case Template(parts):
                return _joined([self._settle(self._eval(part, trail), trail) for part in parts])
            case Call(name, arguments):
                return _called(
                    name, [self._settle(self._eval(argument, trail), trail) for argument in arguments]
                )
            case Step(of, key):
                return self._step(of, self._eval(key, trail), trail)

    def _step(self, of: Node, key: Value, trail: Trail) -> Value:
        if isinstance(of, Tuple) and isinstance(
            key, int
        ):  # the other elements are there as dependencies only
            return self._eval(of.items[key], trail) if 0 <= key < len(of.items) else Unknown(f"[...][{key}]")
        if isinstance(of, Root) and isinstance(key, str):
            if of.name == "local":
                unknown = Unknown(f"local.{key}")
                return (
                    self._guarded(unknown.text, unknown, self.locals[key], trail)
                    if key in self.locals
                    else unknown
                )
            if of.name not in _OPEN_ROOTS:
                return Ref(f"{of.name}.{key}")
        base = self._eval(of, trail)
        if isinstance(base, Ref) and isinstance(key, str | int):
            if base.address.startswith("data.") and base.address.count(".") == 1 and isinstance(key, str):
                return Ref(f"{base.address}.{key}")
            return Ref(base.address, (*base.path, key))
        base = self._settle(base, trail)
        if isinstance(base, Mapped) and isinstance(key, str) and key in base.entries:
            if key == "groups" and base.published:
                trail.append(base)
            return self._inside(f"{id(base.entries)} {key}", Unknown(key), base.entries[key], trail)
        if isinstance(base, tuple) and isinstance(key, int) and 0 <= key < len(base):
            return base[key]
        return Unknown(
            spelled(base) + (_step_text(key) if isinstance(key, str | int) else f"[{spelled(key)}]")
        )


def _all_of(kind: type, values: Iterable[Any]) -> bool:
    """Are all values of just this kind, and is there one?"""
    return {*map(type, values)} == {kind}


def bodies(raw: Any) -> bool:
    """Is it a list of blocks, written out?"""
    return type(raw) is list and _all_of(dict, raw)


def _step_text(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _NAME.fullmatch(step) else f"[{json.dumps(step)}]"


def spelled(value: Value) -> str:
    """A value as text for people and for comparing tokens: two values with one text are the same value."""
    match value:
        case Ref() | Unknown():
            return value.text
        case tuple():
            return f"[{', '.join(spelled(item) for item in value)}]"
        case Mapped():
            return "{...}"
        case str():
            return value
        case _:
            return json.dumps(value)


def _joined(values: list[Value]) -> Value:
    if all(isinstance(value, str | int | float) for value in values):
        return "".join(spelled(value) for value in values)
    return Unknown("".join(value if isinstance(value, str) else f"${{{spelled(value)}}}" for value in values))


def _called(name: str, values: list[Value]) -> Value:
    only = values[0] if len(values) == 1 else None
    if name in (
        "concat",
        "setunion",
    ):  # an argument that is no known list stays inside, as an unknown element
        merged = tuple(_flat((v,), 1) if isinstance(v, tuple) else (Unknown(spelled(v)),) for v in values)
        elements = tuple(item for part in merged for item in part)
        return _unique(elements) if name == "setunion" else elements
    if isinstance(only, tuple):
        if name in ("tolist", "sort"):
            return only
        if name in ("toset", "distinct"):
            return _unique(only)
        if name == "compact":
            return tuple(item for item in only if item is not None and item != "")
        if name == "flatten":
            return tuple(_flat(only))
    if name == "zipmap" and len(values) == 2 and all(isinstance(v, tuple) for v in values):
        return Mapped({spelled(key): value for key, value in zip(*values, strict=False)})
    if name == "merge" and all(isinstance(v, Mapped) for v in values):
        return Mapped({key: raw for v in values for key, raw in v.entries.items()})
    if name == "element" and len(values) == 2 and isinstance(values[0], tuple) and values[0]:
        return values[0][values[1] % len(values[0])] if isinstance(values[1], int) else Unknown("element()")
    if name == "tostring" and isinstance(only, str | Ref):
        return only
    return Unknown(f"{name}({', '.join(spelled(value) for value in values)})")


def _flat(values: Iterable[Value], depth: int = _DEPTH) -> Iterator[Value]:
    for value in values:
        if isinstance(value, tuple) and depth > 0:
            yield from _flat(value, depth - 1)
        else:
            yield value


def _unique(values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple({(type(value).__name__, spelled(value)): value for value in values}.values())
