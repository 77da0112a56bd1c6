"""Workloads from files: JSON, YAML and CSV, read a piece at a time.

    {"workloads": [
        {"name": "web-1", "labels": {"app": "shop"}, "addresses": ["10.0.1.5"], "interface_id": "eni-1"},
        {"name": "db-1", "labels": {}, "interfaces": [{"name": "eth0", "addresses": ["10.0.2.5"]}]}],
     "classes": [
        {"name": "asg", "labels": {"app": "shop"}, "networks": ["10.0.1.0/24"]}]}

For CSV see `segkit.model.inventory_csv`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from segkit.errors import SegkitError
from segkit.model.caller import shown_path
from segkit.model.document import Document, attempt
from segkit.model.findings import Findings, FirstFindings
from segkit.model.text_stream import TextStream, Unreadable
from segkit.model.workloads import Workload
from segkit.progress import step


@dataclass(frozen=True, slots=True)
class Inventory:
    """The workloads and workload classes of one file, in the order of the file."""

    workloads: tuple[Workload, ...] = ()


Source = str | os.PathLike[str] | Inventory
_Reader = Callable[[TextStream, Findings], Iterable[Workload]]


def load_inventory(path: str | os.PathLike[str]) -> Inventory:
    """The workloads in a JSON, YAML or CSV file.

    The file is read a piece at a time: beside the workloads there is never more of it in memory than the
    largest of them. Raises `SegkitError` with the problems of the file: the first hundred, and how many more.
    """
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
            first = FirstFindings()
            held += _file(source, where, first)
            first.pass_on(found)
        else:
            found.error(f"{source!r} is no inventory", where, fix='name a file: inventory="inventory.json"')
    return held


def workloads_of(document: Document, found: Findings) -> Iterator[Workload]:
    """The workloads that a document has among other things."""
    from segkit.model.inventory_entries import workloads

    sections = (key for key in ("workloads", "classes") if isinstance(document.data.get(key), list))
    entries = (document.inside(key, at) for key in sections for at in range(len(document.data[key])))
    return workloads(entries, found, places=True)


def _file(path: str | os.PathLike[str], where: str, found: Findings) -> Iterator[Workload]:
    name, suffix = shown_path(os.fspath(path)), Path(path).suffix.lower()
    reader = _READERS.get(suffix)
    if reader is None:
        what = f"the inventory file {name} has an unknown format {suffix!r}"
        found.error(what, where, fix="use .json, .yaml, .yml or .csv")
        return
    file = attempt(partial(_open, path), path, "inventory", where, found)
    if file is None:
        return
    size = os.fstat(file.fileno()).st_size or None
    with file, step(f"Reading {name}", size) as tell, suppress(Unreadable):

        def more(size: int) -> bytes | None:
            return attempt(partial(file.read, size), path, "inventory", where, found)

        yield from reader(TextStream(more, name, found, tell), found)


def _open(path: str | os.PathLike[str]) -> BinaryIO:
    return Path(path).open("rb")


def _json(stream: TextStream, found: Findings) -> Iterator[Workload]:
    from segkit.model.inventory_entries import workloads
    from segkit.model.json_stream import json_entries

    return workloads(json_entries(stream, found), found)


def _yaml(stream: TextStream, found: Findings) -> Iterator[Workload]:
    from segkit.model.inventory_entries import workloads
    from segkit.model.yaml_stream import yaml_entries

    return workloads(yaml_entries(stream, found), found)


def _csv(stream: TextStream, found: Findings) -> Iterable[Workload]:
    from segkit.model.inventory_csv import read_csv

    return read_csv(stream, found)


_READERS: dict[str, _Reader] = {".json": _json, ".yaml": _yaml, ".yml": _yaml, ".csv": _csv}
