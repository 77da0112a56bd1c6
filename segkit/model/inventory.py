"""Workloads from files: JSON, YAML and CSV.

    {"workloads": [
        {"name": "web-1", "labels": {"app": "shop"}, "addresses": ["10.0.1.5"], "interface_id": "eni-1"},
        {"name": "db-1", "labels": {}, "interfaces": [{"name": "eth0", "addresses": ["10.0.2.5"]}]}],
     "classes": [
        {"name": "asg", "labels": {"app": "shop"}, "networks": ["10.0.1.0/24"]}]}

For CSV see `segkit.model.inventory_csv`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from segkit.errors import SegkitError
from segkit.model.caller import shown_path
from segkit.model.document import Document, Step, decode, open_document, read_bytes
from segkit.model.findings import Findings
from segkit.model.interfaces import read_interfaces
from segkit.model.values import read_addresses, read_name
from segkit.model.workloads import DEFAULT_REALM, Interface, Workload
from segkit.sets import AddressError, Addresses

if TYPE_CHECKING:
    from segkit.model.formats import ClassEntry, WorkloadEntry


@dataclass(frozen=True, slots=True)
class Inventory:
    """The workloads and workload classes of one file, in the order of the file."""

    workloads: tuple[Workload, ...] = ()


Source = str | os.PathLike[str] | Inventory


def load_inventory(path: str | os.PathLike[str]) -> Inventory:
    """The workloads in a JSON, YAML or CSV file. Raises `SegkitError` with every problem of the file."""
    found = Findings()
    held = read_inventories(path, "", found)
    if found.errors:
        raise SegkitError(found.errors)
    return Inventory(tuple(held))


def read_inventories(sources: object, where: str, found: Findings) -> list[Workload]:
    """The workloads of one source or several; what is wrong with them becomes findings."""
    held: list[Workload] = []
    for source in sources if isinstance(sources, list | tuple) else [sources]:
        if isinstance(source, Inventory):
            held += source.workloads
        elif isinstance(source, str | os.PathLike):
            held += _file(source, where, found)
        else:
            found.error(f"{source!r} is no inventory", where, fix='name a file: inventory="inventory.json"')
    return held


def _file(path: str | os.PathLike[str], where: str, found: Findings) -> Iterable[Workload]:
    suffix = Path(path).suffix.lower()
    if suffix == ".csv":
        from segkit.model.inventory_csv import parse_csv

        name = shown_path(os.fspath(path))
        raw = read_bytes(path, "inventory", where, found)
        text = None if raw is None else decode(raw, name, found)
        return () if text is None else parse_csv(text, name, found)
    if suffix not in (".json", ".yaml", ".yml"):
        name = shown_path(os.fspath(path))
        found.error(
            f"the inventory file {name} has an unknown format {suffix!r}",
            where,
            fix="use .json, .yaml, .yml or .csv",
        )
        return ()
    document = open_document(path, "inventory", where, found)
    return () if document is None else workloads_of(document, found)


def workloads_of(document: Document, found: Findings) -> Iterable[Workload]:
    """The workloads in a document."""
    from segkit.model.formats import InventoryFile, read_shape

    shape = read_shape(InventoryFile, document, found)
    if shape is None:
        return
    for at, entry in enumerate(shape.workloads):
        made = _workload(entry, ("workloads", at), document, found)
        if made is not None:
            yield made
    for at, member in enumerate(shape.classes):
        made = _class(member, ("classes", at), document, found)
        if made is not None:
            yield made


def _workload(
    entry: WorkloadEntry, location: tuple[Step, ...], document: Document, found: Findings
) -> Workload | None:
    here = document.at(location)
    what = f"workload {entry.name!r}"
    if read_name(entry.name, "workload", here, found) is None:
        return None
    if entry.interfaces is None:
        addresses = _addresses(entry.addresses, what, (*location, "addresses"), document, found)
        one = Interface(
            "",
            addresses,
            entry.realm or DEFAULT_REALM,
            entry.network,
            entry.interface_id,
            _sorted(entry.foreign),
        )
        return Workload(entry.name, _labels(entry.labels), (one,), False, here)
    if (entry.addresses, entry.network, entry.interface_id, entry.foreign) != (None, None, None, None):
        found.error(
            f"{what} has both 'interfaces' and the keys of a single interface",
            here,
            fix="move addresses, network, interface_id and foreign into 'interfaces'",
        )
    held = []
    for at, part in enumerate(entry.interfaces):
        spot = (*location, "interfaces", at, "addresses")
        one = Interface(
            part.name,
            _addresses(part.addresses, what, spot, document, found),
            part.realm,
            part.network,
            part.id,
            _sorted(part.foreign),
        )
        held.append(
            replace(one, realm=entry.realm) if entry.realm and "realm" not in part.model_fields_set else one
        )
    return Workload(
        entry.name,
        _labels(entry.labels),
        read_interfaces(held, DEFAULT_REALM, what, here, found),
        False,
        here,
    )


def _class(
    entry: ClassEntry, location: tuple[Step, ...], document: Document, found: Findings
) -> Workload | None:
    here = document.at(location)
    if read_name(entry.name, "workload class", here, found) is None:
        return None
    what = f"workload class {entry.name!r}"
    networks = _addresses(entry.networks, what, (*location, "networks"), document, found)
    one = Interface("", networks, entry.realm, entry.network)
    return Workload(entry.name, _labels(entry.labels), (one,), True, here)


def _addresses(
    texts: list[str] | None, what: str, location: tuple[Step, ...], document: Document, found: Findings
) -> Addresses | None:
    if texts is None:
        return None
    parts = []
    for at, text in enumerate(texts):
        try:
            parts.append(Addresses.of(text))
        except AddressError:
            # Only a bad address is worth looking up its line.
            parts.append(read_addresses(text, f"addresses of {what}", document.at((*location, at)), found))
    return parts[0] if len(parts) == 1 else Addresses.union(parts)


def _labels(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def _sorted(items: list[str] | None) -> tuple[str, ...] | None:
    return None if items is None else tuple(sorted(set(items)))
