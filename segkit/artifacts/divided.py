"""One configuration cut into stacks: each block where it belongs, and what crosses a border as an output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segkit.artifacts.fragment import addresses, merge
from segkit.artifacts.traversals import renamed
from segkit.errors import Problem, SegkitError

Document = Mapping[str, Any]


@dataclass(frozen=True, order=True, slots=True)
class Crossing:
    """A reference from one stack (`reader`) to an attribute of a resource of another (`owner`)."""

    reader: str
    owner: str
    address: str
    attribute: str

    @property
    def local(self) -> str:
        """The local of the reading stack that holds the value."""
        return f"segkit-from_{self.address}_{self.attribute}".replace(".", "_")

    @property
    def identifier(self) -> str:
        """What is referred to, as Terraform writes it in the stack that has it."""
        return f"{self.address}.{self.attribute}"


Refer = Callable[[Crossing], str]
"""How a stack reads what a crossing refers to: a Terraform expression for the reading stack."""


@dataclass(frozen=True, slots=True)
class Divided:
    """Fragments by stack, complete but for the values that cross borders."""

    fragments: Mapping[str, Document]
    crossings: tuple[Crossing, ...]

    def stacks(self, refer: Refer) -> dict[str, dict[str, Any]]:
        """The fragments, with a local in each for what it reads from another."""
        out = {name: dict(fragment) for name, fragment in self.fragments.items()}
        for crossing in self.crossings:
            here = out[crossing.reader]
            here["locals"] = {**here.get("locals", {}), crossing.local: refer(crossing)}
        return out

    @property
    def dependencies(self) -> dict[str, tuple[str, ...]]:
        """The stacks that must be applied before each."""
        out: dict[str, set[str]] = {name: set() for name in self.fragments}
        for crossing in self.crossings:
            out[crossing.reader].add(crossing.owner)
        return {name: tuple(sorted(found)) for name, found in sorted(out.items())}


def divide(fragments: Mapping[str, Document]) -> Divided:
    """Fragments by stack that refer to each other's resources, told apart.

    Raises SegkitError where two stacks define one address, or a stack would have to be applied before itself.

    >>> web = {"locals": {"peer": "${aws_security_group.db.id}"}}
    >>> db = {"resource": {"aws_security_group": {"db": {}}}}
    >>> done = divide({"web": web, "db": db})
    >>> done.dependencies
    {'db': (), 'web': ('db',)}
    >>> done.stacks(lambda crossing: "sg-1")["web"]["locals"]
    {'peer': '${local.segkit-from_aws_security_group_db_id}', 'segkit-from_aws_security_group_db_id': 'sg-1'}
    """
    homes: dict[str, str] = {}
    for name, fragment in fragments.items():
        for address in addresses(fragment):
            if homes.setdefault(address, name) != name:
                merge(*fragments.values(), where=tuple(f"stack {name}" for name in fragments))  # raises
    found: set[Crossing] = set()
    out = {name: _cut(fragment, name, homes, found) for name, fragment in sorted(fragments.items())}
    divided = Divided(out, tuple(sorted(found)))
    if problems := list(_circles(divided)):
        raise SegkitError(problems)
    return divided


def _cut(value: Any, reader: str, homes: Mapping[str, str], found: set[Crossing]) -> Any:
    def rename(words: tuple[str, ...]) -> tuple[int, str] | None:
        address = ".".join(words[:2])
        owner = homes.get(address)
        if owner is None or owner == reader or len(words) < 3:
            return None
        crossing = Crossing(reader, owner, address, words[2])
        found.add(crossing)
        return 3, f"local.{crossing.local}"

    def leaves(value: Any) -> Any:
        if isinstance(value, str):
            return renamed(value, rename)
        if isinstance(value, Mapping):
            return {key: leaves(inner) for key, inner in value.items()}
        return [leaves(inner) for inner in value] if isinstance(value, list | tuple) else value

    return leaves(value)


def _circles(divided: Divided) -> Iterator[Problem]:
    """Stacks that wait for each other."""
    needs = divided.dependencies
    told: set[str] = set()
    for start in needs:
        path = _circle(start, needs)
        if path is None or told.intersection(path):
            continue
        told.update(path)
        examples = [
            next(c for c in divided.crossings if (c.reader, c.owner) == pair)
            for pair in zip(path, [*path[1:], path[0]], strict=True)
        ]
        yield Problem(
            f"the stacks {', '.join(sorted(path))} read each other's groups, so none can be applied first",
            why="; ".join(f"{c.reader} refers to {c.address} of {c.owner}" for c in examples),
            fix="give their targets identities=, a stack that holds the groups themselves and is applied "
            'first; or write addresses on one side: references="address"',
        )


def _circle(start: str, needs: Mapping[str, Iterable[str]]) -> list[str] | None:
    """The shortest way from a stack back to itself."""
    ways = [[start]]
    seen: set[str] = set()
    for way in ways:
        for other in needs[way[-1]]:
            if other == start:
                return way
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return None
