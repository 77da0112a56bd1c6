"""The published JSON schemas of the files people and programs write, made from the shapes that read them."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

_SHAPES = {
    "policy": ("segkit.model.policy_format", "PolicyFile"),
    "labels": ("segkit.model.formats", "SchemaFile"),
    "inventory": ("segkit.model.formats", "InventoryFile"),
    "intent": ("segkit.model.intent_format", "IntentFile"),
}
KINDS = tuple(_SHAPES)
"""What there is a schema of."""


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of one kind of file; raises KeyError for an unknown kind.

    >>> json_schema("labels")["required"]
    ['labels']
    """
    module, name = _SHAPES[kind]
    body: dict[str, Any] = getattr(import_module(module), name).model_json_schema()
    body = _tidy(body)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:segkit:schema:{kind}:1",
        "title": f"segkit {kind} file",
    }
    return head | {key: value for key, value in body.items() if key != "title"}


def schema_text(kind: str) -> str:
    """The same as the text of a file: the same every time."""
    return json.dumps(json_schema(kind), indent=2, ensure_ascii=False) + "\n"


def _tidy(value: Any, named: bool = False) -> Any:
    """Without the titles that repeat a key and what says nothing, with descriptions in one line, and in an
    order that does not hang on the version of pydantic. `named`: the keys are names of properties, not words
    of JSON schema."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    if named:
        return {key: _tidy(inside) for key, inside in value.items()}
    kept = {}
    for key, inside in sorted(value.items()):
        if key == "title" or (key == "default" and inside in (None, "", [], {})):
            continue
        if key == "additionalProperties" and inside is True:
            continue
        if key == "description" and isinstance(inside, str):
            kept[key] = " ".join(inside.split())
        elif key in ("examples", "default", "enum", "const"):
            kept[key] = inside
        else:
            kept[key] = _tidy(inside, key in ("properties", "$defs"))
    return kept
