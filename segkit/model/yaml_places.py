"""YAML as plain data with line numbers: one document, no aliases, no tags, no keys that are written twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from segkit.model.document import Document, Step
from segkit.model.findings import Findings

_TAG = "tag:yaml.org,2002:"
_DEEPEST = 100
_WRITE_OUT = "write the value out"
_plain = yaml.constructor.SafeConstructor()


def parse_yaml(text: str, name: str, found: Findings, columns: bool = False) -> Document | None:
    """The document of a YAML text; None after findings.

    Dates stay text. Aliases, merge keys and tags are refused: a few lines of them can stand for gigabytes.
    With `columns` anchors that nothing refers to and tags that change nothing are refused too.
    """
    reader = _Reader(name, found, columns)
    before = len(found.errors)
    alias = _first_alias(text, reader)
    if len(found.errors) > before:
        return None
    if alias is not None:
        found.error(
            "YAML aliases are not read",
            alias,
            why="a few lines of them can stand for gigabytes",
            fix=_WRITE_OUT,
        )
        return None
    root = yaml.compose(text, Loader=_loader())
    data = reader.read(root, 0) if root is not None else None
    return None if len(found.errors) > before else Document(name, data, YamlPlaces(root), columns)


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _first_alias(text: str, reader: _Reader) -> str | None:
    """The place of the first alias. Looks at the event stream, which no nesting and no alias can blow up."""
    depth = documents = 0
    name, found = reader.name, reader.found
    try:
        for event in yaml.parse(text, Loader=_loader()):
            documents += isinstance(event, yaml.DocumentStartEvent)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                return reader.place(event.start_mark)
            if depth > _DEEPEST:
                place = reader.place(event.start_mark)
                found.error("not usable YAML: nested too deeply", place, fix="flatten it")
                return None
            if documents > 1:
                place = reader.place(event.start_mark)
                found.error("the file holds more than one YAML document", place, fix="keep one per file")
                return None
            if reader.columns and isinstance(event, yaml.NodeEvent):
                _refuse_marks(event, reader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        column = f" (column {mark.column + 1})" if mark and not reader.columns else ""
        problem = error.problem or "cannot be read"
        tabs = "character '\\t'" in problem or "tab" in problem
        fix = "indent with spaces, not tabs" if tabs else "correct the syntax there"
        found.error(f"not valid YAML: {problem}{column}", reader.place(mark) if mark else name, fix=fix)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = f":{error.position - text.rfind(chr(10), 0, error.position)}" if reader.columns else ""
        found.error(
            f"not valid YAML: a character that may not be there ({error.reason})",
            f"{name}:{line}{column}",
            fix="remove it",
        )
    except RecursionError:
        found.error("not usable YAML: nested too deeply", name, fix="flatten it")
    return None


def _refuse_marks(event: Any, reader: _Reader) -> None:
    """Anchors and tags do not belong into a file that people review; most YAML tools hide what they do."""
    place = reader.place(event.start_mark)
    if event.anchor is not None:
        reader.found.error(f"YAML anchors are not read: &{event.anchor}", place, fix=_WRITE_OUT)
    tag = getattr(event, "tag", None)
    if tag is not None:
        fix = "write plain text, in quotes where it could be read as a number"
        reader.found.error(f"YAML tags are not read: {tag}", place, fix=fix)


class _Reader:
    def __init__(self, name: str, found: Findings, columns: bool) -> None:
        self.name = name
        self.found = found
        self.columns = columns

    def place(self, mark: Any) -> str:
        """`file:line`, with the column where they are told."""
        column = f":{mark.column + 1}" if self.columns else ""
        return f"{self.name}:{mark.line + 1}{column}"

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
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _TAG + "merge":
                fix = "write plain keys; merge keys (<<) are not read"
                self._error("a key is not plain text", key_node, fix)
                continue
            key = self._scalar(key_node)
            if not isinstance(key, str):
                self._error(
                    f"the key {key_node.value} is read as {_kind(key)}, not as text",
                    key_node,
                    f'quote it: "{key_node.value}"',
                )
                key = key_node.value
            if key in made:
                self.found.error(
                    f"the key {key!r} is written twice (first in line {lines[key]})",
                    self.place(key_node.start_mark),
                    why="one of the two values would be lost",
                    fix="keep one of them",
                )
            made[key] = self.read(value_node, depth + 1)
            lines.setdefault(key, key_node.start_mark.line + 1)
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
        self._error(f"the value {text!r} has the YAML type {node.tag}", node, "write plain text")
        return text

    def _error(self, what: str, node: Any, fix: str) -> None:
        self.found.error(what, self.place(node.start_mark), fix=fix)


def _kind(value: object) -> str:
    return {bool: "true or false", int: "a number", float: "a number"}.get(type(value), "nothing")


class YamlPlaces:
    """Finds lines in a tree of YAML nodes."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._children: dict[int, dict[Step, tuple[Any, Any]]] = {}

    def line(self, location: Sequence[Step]) -> int:
        """The line of a value, counted from 1."""
        return self.spot(location)[0]

    def spot(self, location: Sequence[Step], key: bool = False) -> tuple[int, int]:
        """Line and column of a value, or of its key, both counted from 1."""
        node = named = self._root
        for step in location:
            named, inside = self._child(node, step)
            if inside is None:
                named = node
                break
            node = inside
        mark = (named if key else node).start_mark if node is not None else None
        return (1, 1) if mark is None else (int(mark.line) + 1, int(mark.column) + 1)

    def written(self, location: Sequence[Step]) -> str | None:
        """A plain value as it is written in the file."""
        node = self._root
        for step in location:
            node = self._child(node, step)[1]
        return node.value if isinstance(node, yaml.ScalarNode) else None

    def _child(self, node: Any, step: Step) -> tuple[Any, Any]:
        """What a value stands under (its key; in a list itself), and the value; None where there is none."""
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            return node.value[step], node.value[step]
        if not isinstance(node, yaml.MappingNode):
            return None, None
        if id(node) not in self._children:
            self._children[id(node)] = {key.value: (key, value) for key, value in reversed(node.value)}
        return self._children[id(node)].get(step, (None, None))
