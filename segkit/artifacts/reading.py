"""One pass over one stack: its blocks by kind, its published memberships, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from segkit.artifacts.scope import Block, Mapped, Scope
from segkit.errors import Problem


@dataclass(slots=True)
class Reading:
    """What the parts of a reader share."""

    scope: Scope
    notes: list[Problem] = field(default_factory=list)

    def of(self, *kinds: str) -> Iterator[Block]:
        """The stack's resources of these types, sorted by address."""
        return (block for block in self.scope.blocks.values() if block.kind in kinds and not block.data)

    def data(self, *kinds: str) -> Iterator[Block]:
        """The stack's data sources of these types, sorted by address."""
        return (block for block in self.scope.blocks.values() if block.kind in kinds and block.data)

    def note(self, where: str, what: str, why: str = "") -> None:
        """Records something that was read leniently or could not be read."""
        self.notes.append(Problem(what, where=where, why=why))

    def copies(self, block: Block) -> int | None:
        """How many of the block there are: 1 as a rule, None if `count` or `for_each` does not tell."""
        if not block.repeated:
            return 1
        count = self.scope.value(block.body.get("count"))
        if isinstance(count, int) and not isinstance(count, bool) and block.body.get("for_each") is None:
            return count
        self.note(
            block.address,
            "count or for_each decides how many of it there are",
            "the configuration does not say how many",
        )
        return None

    def published(self) -> Iterator[tuple[str, Mapped]]:
        """The memberships that the stack's locals publish, with the path of each, sorted."""
        for name in sorted(self.scope.locals):
            yield from _published(self.scope.locals[name], name)


def _published(raw: Any, path: str) -> Iterator[tuple[str, Mapped]]:
    if isinstance(raw, list):
        for number, item in enumerate(raw):
            yield from _published(item, f"{path}[{number}]")
    elif isinstance(raw, Mapping):
        if Mapped(raw).published:
            yield path, Mapped(raw)
        else:
            for key in sorted(raw):
                yield from _published(raw[key], f"{path}.{key}")


_NO_INPUT = frozenset({"//", "source", "version", "providers", "depends_on", "lifecycle"})


def inputs(body: Any) -> Iterator[str]:
    """Every text that a module, or whatever else is not read, is given.

    >>> list(inputs({"source": "./m", "ids": ["${a.b.id}"], "more": {"name": "n"}}))
    ['${a.b.id}', 'n']
    """
    if isinstance(body, Mapping):
        for key in sorted(body):
            if key not in _NO_INPUT:
                yield from inputs(body[key])
    elif isinstance(body, list):
        for item in body:
            yield from inputs(item)
    elif isinstance(body, str):
        yield body
