"""YAML as plain data with line numbers: one document, no aliases, no tags, no keys that are written twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from segkit.model.document import Document, Step
from segkit.model.findings import Findings

_TAG = "tag:yaml.org,2002:"
_DEEPEST = 100
_plain = yaml.constructor.SafeConstructor()


def parse_yaml(text: str, name: str, found: Findings) -> Document | None:
    """The document of a YAML text; None after findings.

    Dates stay text. Aliases, merge keys and tags are refused: a few lines of them can stand for gigabytes.
    """
    reader = _Reader(name, found)
    before = len(found.errors)
    alias = _first_alias(text, name, found)
    if len(found.errors) > before:
        return None
    if alias is not None:
        found.error(
            "YAML aliases are not read",
            f"{name}:{alias}",
            why="a few lines of them can stand for gigabytes",
            fix="write the value out",
        )
        return None
    root = yaml.compose(text, Loader=_loader())
    data = reader.read(root, 0) if root is not None else None
    return None if len(found.errors) > before else Document(name, data, YamlPlaces(root))


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _first_alias(text: str, name: str, found: Findings) -> int | None:
    """The line of the first alias. Looks at the event stream, which no nesting and no alias can blow up."""
    depth = documents = 0
    try:
        for event in yaml.parse(text, Loader=_loader()):
            line = _line(event)
            documents += isinstance(event, yaml.DocumentStartEvent)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                return line
            if depth > _DEEPEST:
                found.error("not usable YAML: nested too deeply", f"{name}:{line}", fix="flatten it")
                return None
            if documents > 1:
                found.error(
                    "the file holds more than one YAML document", f"{name}:{line}", fix="keep one per file"
                )
                return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}" if mark else name
        column = f" (column {mark.column + 1})" if mark else ""
        problem = error.problem or "cannot be read"
        tabs = "character '\\t'" in problem or "tab" in problem
        fix = "indent with spaces, not tabs" if tabs else "correct the syntax there"
        found.error(f"not valid YAML: {problem}{column}", place, fix=fix)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found.error(
            f"not valid YAML: a character that may not be there ({error.reason})",
            f"{name}:{line}",
            fix="remove it",
        )
    except RecursionError:
        found.error("not usable YAML: nested too deeply", name, fix="flatten it")
    return None


class _Reader:
    def __init__(self, name: str, found: Findings) -> None:
        self._name = name
        self._found = found

    def read(self, node: Any, depth: int) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, depth + 1) for item in node.value]
        return self._scalar(node)

    def _mapping(self, node: Any, depth: int) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        lines: dict[Any, int] = {}
        for key_node, value_node in node.value:
            line = _line(key_node)
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _TAG + "merge":
                self._error("a key is not plain text", line, "write plain keys; merge keys (<<) are not read")
                continue
            key = self._scalar(key_node)
            if not isinstance(key, str):
                self._error(
                    f"the key {key_node.value} is read as {_kind(key)}, not as text",
                    line,
                    f'quote it: "{key_node.value}"',
                )
                key = key_node.value
            if key in made:
                self._found.error(
                    f"the key {key!r} is written twice (first in line {lines[key]})",
                    f"{self._name}:{line}",
                    why="one of the two values would be lost",
                    fix="keep one of them",
                )
            made[key] = self.read(value_node, depth + 1)
            lines.setdefault(key, line)
        return made

    def _scalar(self, node: Any) -> Any:
        tag, text = node.tag.removeprefix(_TAG), node.value
        try:
            if tag in ("str", "timestamp"):
                return text
            if tag == "null":
                return None
            if tag == "bool":
                return _plain.construct_yaml_bool(node)
            if tag == "int":
                return _plain.construct_yaml_int(node)
            if tag == "float":
                return _plain.construct_yaml_float(node)
        except ValueError:
            pass
        self._error(f"the value {text!r} has the YAML type {node.tag}", _line(node), "write plain text")
        return text

    def _error(self, what: str, line: int, fix: str) -> None:
        self._found.error(what, f"{self._name}:{line}", fix=fix)


def _line(thing: Any) -> int:
    return int(thing.start_mark.line) + 1


def _kind(value: object) -> str:
    return {bool: "true or false", int: "a number", float: "a number"}.get(type(value), "nothing")


class YamlPlaces:
    """Finds lines in a tree of YAML nodes."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def line(self, location: Sequence[Step]) -> int:
        """The line of a value, counted from 1."""
        node = self._root
        line = node.start_mark.line if node is not None else 0
        for step in location:
            node = _child(node, step)
            if node is None:
                break
            line = node.start_mark.line
        return int(line) + 1

    def written(self, location: Sequence[Step]) -> str | None:
        """A plain value as it is written in the file."""
        node = self._root
        for step in location:
            node = _child(node, step)
        return node.value if isinstance(node, yaml.ScalarNode) else None


def _child(node: Any, step: Step) -> Any:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None
