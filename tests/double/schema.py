"""A provider's schema from what `terraform providers schema -json` prints, and what follows from it alone:
the form it has in Terraform's plugin protocol, the planned state of a change, what forces a replacement."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tf.gen import tfplugin_pb2 as pb

from tests.derived_schemas import REPLACING, with_derived
from tests.double.wire import UNKNOWN

Body = dict[str, Any]
Block = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kinds:
    """The provider's own block, every kind of resource, and the paths whose change replaces one."""

    provider: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]]
    force_new: Mapping[str, Sequence[str]]


def load(folder: Path, name: str) -> Kinds:
    """The schema of one provider, from the folder of schema files."""
    (found,) = json.loads((folder / f"{name}.json").read_bytes())["provider_schemas"].values()
    force_new = json.loads((folder / "force_new.json").read_bytes())
    return Kinds(found["provider"], with_derived(found["resource_schemas"]), {**force_new, **REPLACING})


def message(schema: Mapping[str, Any]) -> Any:
    """A schema as the protocol sends it."""
    return pb.Schema(version=schema.get("version", 0), block=_block(schema["block"]))


def _block(block: Block) -> Any:
    return pb.Schema.Block(
        attributes=[
            pb.Schema.Attribute(
                name=name,
                type=json.dumps(attribute["type"]).encode(),
                **{
                    flag: attribute.get(flag, False)
                    for flag in ("required", "optional", "computed", "sensitive")
                },
            )
            for name, attribute in attributes(block)
        ],
        block_types=[
            pb.Schema.NestedBlock(
                type_name=name,
                block=_block(inner["block"]),
                nesting=inner["nesting_mode"].upper(),
                min_items=inner.get("min_items", 0),
                max_items=inner.get("max_items", 0),
            )
            for name, inner in block.get("block_types", {}).items()
        ],
    )


def attributes(block: Block) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A block's attributes. Write-only ones are left out: the protocol's stubs are older than they are, so
    Terraform refuses a stack that uses one."""
    return ((n, a) for n, a in block.get("attributes", {}).items() if not a.get("write_only"))


def planned(block: Block, proposed: Body, prior: Body | None) -> Body:
    """What a change leads to: Terraform's proposal, with everything that only the platform can fill in marked
    unknown. Blocks that were there before keep what the platform filled in."""
    out = dict(proposed)
    for name, attribute in attributes(block):
        if attribute.get("computed") and out.get(name) is None and prior is None:
            out[name] = UNKNOWN
    for name, inner in block.get("block_types", {}).items():
        held = out.get(name)
        if isinstance(held, list):
            before = (prior or {}).get(name) or []
            out[name] = [
                planned(inner["block"], one, _earlier(one, before, index, inner["nesting_mode"]))
                for index, one in enumerate(held)
            ]
    return out


def _earlier(one: Body, before: Sequence[Body], index: int, nesting: str) -> Body | None:
    if nesting == "list" and index < len(before):
        return before[index]
    return one if one in before else None


def replacing(paths: Sequence[str], prior: Body, planned: Body) -> Iterator[str]:
    """The arguments whose change replaces the resource. Terraform drops those that did not change, so a
    whole argument is named without a look; a path into blocks is looked at."""
    for path in paths:
        first, _, rest = path.partition(".")
        if not rest or _at(path, prior) != _at(path, planned):
            yield first


def _at(path: str, value: Any) -> list[Any]:
    """Everything at a dotted path, in all blocks on the way."""
    if not path:
        return [value]
    if isinstance(value, list):
        return [found for one in value for found in _at(path, one)]
    first, _, rest = path.partition(".")
    return _at(rest, value[first]) if isinstance(value, dict) and value.get(first) is not None else []


def whole(block: Block, body: Body) -> Body:
    """A body with every attribute and block of its schema: objects that somebody else made may lack some.

    >>> whole({"attributes": {"id": {}, "name": {}}}, {"id": "7"})
    {'id': '7', 'name': None}
    """
    out = {name: body.get(name) for name, _ in attributes(block)}
    for name, inner in block.get("block_types", {}).items():
        held = body.get(name)
        if inner["nesting_mode"] == "single":
            out[name] = held
        else:
            out[name] = [whole(inner["block"], one) for one in held or []]
    return out
