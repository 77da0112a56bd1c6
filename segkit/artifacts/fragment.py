"""Parts of a Terraform configuration as plain data, and how several become one without hiding each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from segkit.errors import Problem, SegkitError

# Blocks whose first labels make an address, with the number of labels.
_LABELS = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "module": 1,
    "output": 1,
    "variable": 1,
    "locals": 1,
    "check": 1,
}
_PREFIX = {"resource": "", "locals": "local.", "variable": "var."}


@dataclass
class Fragment:
    """A part of a configuration, built block by block. `where` is what a clash is blamed on.

    >>> part = Fragment("example")
    >>> part.resource("aws_security_group", "web", {"name": "web"})
    '${aws_security_group.web}'
    >>> part.to_dict()
    {'resource': {'aws_security_group': {'web': {'name': 'web'}}}}
    """

    where: str = ""
    _blocks: dict[str, Any] = field(default_factory=dict)
    _problems: list[Problem] = field(default_factory=list)

    def resource(self, kind: str, name: str, body: Mapping[str, Any]) -> str:
        """Add a resource; gives a reference to the whole of it."""
        table = self._blocks.setdefault("resource", {}).setdefault(kind, {})
        if name in table:
            self._problems.append(_clash(f"{kind}.{name}", [self.where, self.where]))
        table[name] = dict(body)
        return f"${{{kind}.{name}}}"

    def data(self, kind: str, name: str, body: Mapping[str, Any]) -> str:
        """Add a data source; gives a reference to the whole of it."""
        return self._add("data", (kind, name), dict(body))

    def local(self, name: str, value: Any) -> str:
        """Add a local value; gives a reference to it."""
        return self._add("locals", (name,), value)

    def output(self, name: str, body: Mapping[str, Any]) -> None:
        """Add an output."""
        self._add("output", (name,), dict(body))

    def moved(self, source: str, target: str) -> None:
        """Say that the object at address `source` is now at `target`."""
        self._blocks.setdefault("moved", []).append({"from": source, "to": target})

    def to_dict(self) -> dict[str, Any]:
        """The fragment as Terraform JSON. Raises SegkitError when one address was added twice."""
        if self._problems:
            raise SegkitError(self._problems)
        return prune(self._blocks)

    def _add(self, block: str, labels: tuple[str, ...], value: Any) -> str:
        table = self._blocks.setdefault(block, {})
        for label in labels[:-1]:
            table = table.setdefault(label, {})
        address = _address(block, labels)
        if labels[-1] in table:
            self._problems.append(_clash(address, [self.where, self.where]))
        table[labels[-1]] = value
        return f"${{{address}}}"


def merge(*fragments: Fragment | Mapping[str, Any], where: tuple[str, ...] = ()) -> dict[str, Any]:
    """One configuration out of several: blocks side by side, settings (`terraform`, `//`) merged key by key.

    `where` names the fragments for messages; a `Fragment` brings its own name. Raises SegkitError with every
    address (resource, data source, output, local …) that two of them define and every setting that they
    disagree on.

    >>> merge({"locals": {"a": 1}}, {"locals": {"b": 2}, "resource": {}})
    {'locals': {'a': 1, 'b': 2}}
    """
    result: dict[str, Any] = {}
    problems: list[Problem] = []
    owners: dict[str, str] = {}
    for number, fragment in enumerate(fragments):
        name = where[number] if number < len(where) else f"fragment {number + 1}"
        if isinstance(fragment, Fragment):
            name = fragment.where or name
            fragment = fragment.to_dict()
        for address in addresses(fragment) if len(fragments) > 1 else ():
            if address in owners:
                problems.append(_clash(address, [owners[address], name]))
            owners.setdefault(address, name)
        for block, value in fragment.items():
            _merge_into(result, block, value, block, name, problems)
    if problems:
        raise SegkitError(problems)
    return prune(result)


def addresses(configuration: Mapping[str, Any]) -> Iterator[str]:
    """Every address that a configuration defines, in its own order.

    >>> list(addresses({"resource": {"aws_vpc": {"a": {}}}, "locals": {"x": 1}}))
    ['aws_vpc.a', 'local.x']
    """
    for block, value in configuration.items():
        depth = _LABELS.get(block)
        if depth and isinstance(value, Mapping):
            for first, inner in value.items():
                names = [(first,)] if depth == 1 else [(first, name) for name in inner]
                yield from (_address(block, labels) for labels in names)


def prune(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without blocks that hold nothing: Terraform refuses `{"resource": {}}`.

    >>> prune({"resource": {"aws_vpc": {}}, "output": {}, "locals": {"empty": {}}, "moved": []})
    {'locals': {'empty': {}}}
    """
    result: dict[str, Any] = {}
    for block, value in configuration.items():
        if _LABELS.get(block) == 2 and isinstance(value, Mapping):
            value = {kind: dict(named) for kind, named in value.items() if named}
        if value or block not in {*_LABELS, "moved", "removed", "import", "provider", "terraform"}:
            result[block] = value
    return result


def _address(block: str, labels: tuple[str, ...]) -> str:
    return _PREFIX.get(block, f"{block}.") + ".".join(labels)


def _merge_into(
    into: dict[str, Any], key: str, value: Any, path: str, name: str, problems: list[Problem], level: int = 0
) -> None:
    """`level` is how many labels `key` lies under."""
    old, labels = into.get(key), _LABELS.get(path.split(".")[0], 0)
    if key not in into:
        into[key] = _copy(value, labels - level if labels else -1)
    elif path in ("moved", "removed", "import") or (path.startswith("provider.") and path.count(".") == 1):
        # One block or a list of them; providers of one kind differ by their alias only.
        into[key] = [*_listed(old), *_listed(value)]
    elif labels and level == labels:
        return  # one address twice, which is told as a clash
    elif isinstance(old, dict) and isinstance(value, Mapping):
        for inner_key, inner in value.items():
            _merge_into(old, inner_key, inner, f"{path}.{inner_key}", name, problems, level + 1)
    elif old != value:
        problems.append(
            Problem(f"{path} is set to {old!r} and to {value!r}", name, fix="keep one of the two settings")
        )


def _copy(value: Any, depth: int) -> Any:
    """A copy of so many levels (-1: all of them): what has an address is taken as it is, for nothing is ever
    merged into it."""
    if isinstance(value, Mapping) and depth:
        return dict(value) if depth == 1 else {key: _copy(inner, depth - 1) for key, inner in value.items()}
    return list(value) if isinstance(value, list | tuple) and depth else value


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _clash(address: str, owners: list[str]) -> Problem:
    return Problem(
        f"{address} is defined twice",
        " and ".join(dict.fromkeys(o for o in owners if o)),
        why="Terraform would keep one of them and lose the other",
        fix="give one of the two another name",
    )
