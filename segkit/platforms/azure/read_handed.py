"""What a stack hands on to where this reader does not look: modules, templates, resources of `azapi`.

A module that is given a security group may add rules to it, and a machine in it may join a group whose id it
got; so may whatever `azapi` or a template makes, which say by the Azure API what they are about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segkit.artifacts.reading import inputs
from segkit.artifacts.scope import Block, Mapped, Trail
from segkit.platforms.azure.reading import Reading

_OFFERED = re.compile(r"\$\{local\.([\w-]+)[\w.\[\]]*\}")
_GROUP = "azurerm_network_security_group."
_NETWORK = "microsoft.network/"


@dataclass(frozen=True, slots=True)
class Handed:
    """A resource, by its key, that is handed on at `where`. `changed`: it may be another afterwards."""

    key: str
    where: str
    changed: bool


def handed(reading: Reading, modules: Mapping[str, Mapping[str, Any]]) -> Iterator[Handed]:
    """Everything that is handed on but published memberships, which are there for that."""
    for name in sorted(modules):
        for key in _keys(reading, modules[name]):
            yield Handed(key, f"module.{name}", changed=key.startswith(_GROUP))
    for block in reading.scope.blocks.values():
        if not block.data and (block.kind.startswith("azapi_") or "template_deployment" in block.kind):
            network = _about_networks(reading, block)
            for key in _keys(reading, block.body):
                yield Handed(key, block.address, changed=network)


def _about_networks(reading: Reading, block: Block) -> bool:
    """May a resource be one of networking?"""
    kind = reading.scope.value(block.body.get("type"))
    return not isinstance(kind, str) or kind.lower().startswith(_NETWORK)


def _keys(reading: Reading, body: Mapping[str, Any]) -> list[str]:
    return sorted({key for leaf in inputs(body) for key in _named(reading, leaf)})


def _named(reading: Reading, leaf: str) -> set[str]:
    scope = reading.scope
    offered = _OFFERED.fullmatch(leaf)
    local = scope.locals.get(offered.group(1)) if offered else None
    if isinstance(local, Mapping) and Mapped(local).published:
        return set()
    trail: Trail = []
    found = {reading.key_of(value) for value in scope.items(leaf, trail)}
    if not trail:
        return {key for key in found if key} | scope.mentions(leaf)
    known = {reading.key_of(value) for one in trail for value in scope.items(one.entries["groups"])}
    return {key for key in found - known if key}
