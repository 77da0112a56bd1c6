"""One argument of a target's placement, set in the text of a YAML policy file; all else stays as written."""

from __future__ import annotations

import copy
import json
from typing import Any

import yaml

from segkit.model.yaml_places import yaml_data


def with_argument(text: str, target: str, name: str, value: Any) -> str:
    """The text with one argument of a target's placement, changed where it stands or added behind the last.

    Raises ValueError when the text has no such placement, or would not be exactly the same data but for that.

    >>> print(with_argument("targets: {a: {placement: {vpc_id: v}}}", "a", "encoding", "cells"))
    targets: {a: {placement: {vpc_id: v, encoding: "cells"}}}
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    placement = _value(_value(_value(root, "targets"), target), "placement")
    if not isinstance(placement, yaml.MappingNode) or not placement.value:
        raise ValueError(f"target {target!r} has no placement in this file")
    start, end, put = _change(text, placement, name, json.dumps(value, ensure_ascii=False))
    made = text[:start] + put + text[end:]
    if yaml_data(made) != _expected(text, target, name, value):
        raise ValueError(f"{name} cannot be set in the text without changing more")
    return made


def _change(text: str, placement: Any, name: str, written: str) -> tuple[int, int, str]:
    """What to put in place of which characters."""
    for key, value in placement.value:
        if key.value == name:
            return _replaced(text, key, value, written)
    key, last = placement.value[-1]
    end = _end(text, last)
    if placement.flow_style:
        return end, end, f", {name}: {written}"
    row = text.find("\n", end)  # behind a comment that stands there
    end = len(text) if row < 0 else row - text[:row].endswith("\r")
    return end, end, f"{_line_end(text)}{' ' * key.start_mark.column}{name}: {written}"


def _replaced(text: str, key: Any, value: Any, written: str) -> tuple[int, int, str]:
    colon, end = text.index(":", key.end_mark.index) + 1, max(_end(text, value), value.start_mark.index)
    beside, _, below = text[colon : value.start_mark.index].partition("\n")
    if "#" in below or "#" in text[value.start_mark.index : end]:
        raise ValueError("a comment would be lost")
    behind = ""
    if "#" in beside and text[end:].partition("\n")[0].strip():
        # What is on the line of the value would be in a comment of the line above.
        behind = _line_end(text) + " " * value.start_mark.column
    return colon, end, f" {written}{beside.rstrip()}{behind}"


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _end(text: str, node: Any) -> int:
    """Where the last word of a node ends: block nodes themselves end where the next one begins."""
    while not isinstance(node, yaml.ScalarNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return len(text[: node.end_mark.index].rstrip())


def _value(node: Any, wanted: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in pairs if key.value == wanted), None)


def _expected(text: str, target: str, name: str, value: Any) -> Any:
    data = copy.deepcopy(yaml_data(text))
    data["targets"][target]["placement"][name] = value
    return data
