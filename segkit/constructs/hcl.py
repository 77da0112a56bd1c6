"""A fragment as cdktf's HCL writer wants it (`cdktf synth --hcl`).

Four things about that writer, the same in cdktf 0.21 and cdktn 0.24 (`lib/hcl/render.js` of the jsii
packages): it takes the first resource of what an element returns and drops the rest; it writes untyped text
that begins with a bracket or a quote as raw HCL; it escapes neither backslashes nor newlines; and it writes
lists of blocks as lists of objects unless told that they are blocks. So every resource becomes an element of
its own, every text is given escaped already, and every attribute with its type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Blocks that stand alone; every other mapping is a map, and every list of mappings is a list of blocks.
_SINGLE_BLOCKS = frozenset({"lifecycle", "timeouts", "connection"})
_LISTS_OF_ADDRESSES = frozenset({"depends_on", "ignore_changes", "replace_triggered_by"})


def parts(fragment: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The blocks of which an element can carry only one, each with its address."""
    for block in ("resource", "data"):
        for kind, named in sorted(fragment.get(block, {}).items()):
            for name, body in sorted(named.items()):
                yield f"{block}.{kind}.{name}", {block: {kind: {name: attributes(body)}}}
    for name, body in sorted(fragment.get("output", {}).items()):
        yield f"output.{name}", {"output": {name: attributes(body)}}


def rest(fragment: Mapping[str, Any]) -> dict[str, Any]:
    """What is left when the parts are gone: locals and moves."""
    result: dict[str, Any] = {}
    if fragment.get("locals"):
        result["locals"] = {name: _any(value) for name, value in sorted(fragment["locals"].items())}
    if fragment.get("moved"):
        result["moved"] = [
            {name: _address(value) for name, value in move.items()} for move in fragment["moved"]
        ]
    return result


def attributes(body: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of one block, each with the type that makes the writer render it rightly.

    >>> attributes({"provider": "aws.west", "name": "web"})
    {'name': {'value': '"web"', 'type': 'any'}, 'provider': {'value': 'aws.west', 'type': 'reference'}}
    """
    given = {name: value for name, value in sorted(body.items()) if value is not None and name != "//"}
    return {name: _argument(name, value) for name, value in given.items()}


def _argument(name: str, value: Any) -> Any:
    if name == "provider" and isinstance(value, str):
        return _address(value)
    if name in _LISTS_OF_ADDRESSES and isinstance(value, list | tuple):
        return _address(f"[{', '.join(value)}]")
    if name in _SINGLE_BLOCKS and isinstance(value, Mapping):
        return {"value": attributes(value), "isBlock": True, "type": "struct"}
    if isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
        return {"value": [attributes(item) for item in value], "isBlock": True, "type": "list"}
    return _any(value)


def _address(text: str) -> dict[str, Any]:
    return {"value": text, "type": "reference"}


def _any(value: Any) -> dict[str, Any]:
    return {"value": _expression(value), "type": "any"}


def _expression(value: Any) -> Any:
    if isinstance(value, list | tuple | Mapping) and any(_stands_for_all(item) for item in value):
        return value
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "${null}"
    if isinstance(value, Mapping):
        given = {str(key): inner for key, inner in value.items() if inner is not None}
        return {_escaped(key): _expression(inner) for key, inner in sorted(given.items())}
    return [_expression(item) for item in value] if isinstance(value, list | tuple) else value


def _stands_for_all(item: object) -> bool:
    """Is this the one element of a list, or key of a mapping, that is a token for the whole of it?"""
    return isinstance(item, str) and item.startswith(("#{TfToken[", "&{TfToken["))


def _text(text: str) -> str:
    # The writer puts quotes around text with an interpolation, and leaves alone what begins with a quote.
    escaped = _escaped(text)
    return escaped if "${" in text else f'"{escaped}"'


def _escaped(text: str) -> str:
    """Text as it stands between the quotes of HCL; quotes inside an interpolation stay as they are."""
    out: list[str] = []
    depth = position = 0
    while position < len(text):
        if depth == 0 and text.startswith(("$${", "%%{"), position):
            out.append(text[position : position + 3])
            position += 3
            continue
        if text.startswith(("${", "%{"), position):
            depth, step = depth + 1, 2
            out.append(text[position : position + 2])
        else:
            step = 1
            character = text[position]
            if depth and character in "{}":
                depth += 1 if character == "{" else -1
            out.append(character if depth else _ESCAPES.get(character, character))
        position += step
    return "".join(out)


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
