"""What a provider's schema says of a resource, checked without the provider."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.derived_schemas import with_derived

META = frozenset(("//", "provider", "depends_on", "lifecycle", "count", "for_each"))


@cache
def schemas(file: Path) -> Mapping[str, Any]:
    """Resource type -> block schema, from what `terraform providers schema -json` prints."""
    (provider,) = json.loads(file.read_bytes())["provider_schemas"].values()
    return {kind: found["block"] for kind, found in with_derived(provider["resource_schemas"]).items()}


def faults(document: Mapping[str, Any], file: Path) -> Iterator[str]:
    """Everything in a document's resources that the schema refuses."""
    known = schemas(file)
    for kind, named in document.get("resource", {}).items():
        if kind not in known:
            yield f"{kind}: no such resource"
            continue
        for name, body in named.items():
            given = {k: v for k, v in body.items() if k not in META}
            yield from _block(f"{kind}.{name}", given, known[kind])


def _block(where: str, body: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    attributes, blocks = schema.get("attributes", {}), schema.get("block_types", {})
    for key in sorted(set(body) - set(attributes) - set(blocks)):
        yield f"{where}: no argument {key}"
    for key, attribute in sorted(attributes.items()):
        if key in body:
            if not attribute.get("optional") and not attribute.get("required"):
                yield f"{where}: {key} can only be read"
            if not _fits(body[key], attribute["type"]):
                yield f"{where}: {key} is {body[key]!r}, not {attribute['type']}"
        elif attribute.get("required"):
            yield f"{where}: {key} is missing"
    for key, block in blocks.items():
        held = body.get(key, [])
        inner = held if isinstance(held, list) else [held]
        if not block.get("min_items", 0) <= len(inner) <= block.get("max_items", len(inner)):
            yield f"{where}: {len(inner)} of {key}"
        for one in inner:
            yield from _block(f"{where}.{key}", one, block["block"])


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(value, str) and "${" in value:
        return True
    match wanted:
        case "string":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "bool":
            return isinstance(value, bool)
        case ["map", inner]:
            return isinstance(value, dict) and all(_fits(v, inner) for v in value.values())
        case ["list" | "set", inner]:
            return isinstance(value, list) and all(_fits(v, inner) for v in value)
        case ["object", inner]:  # an attribute written like blocks: every key has to be there
            given = value if isinstance(value, dict) else {}
            return given.keys() == inner.keys() and all(
                v is None or _fits(v, inner[k]) for k, v in given.items()
            )
    return True
