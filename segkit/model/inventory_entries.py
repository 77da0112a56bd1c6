"""Workloads from the entries of a file, checked one at a time.

This module imports pydantic, which is slow to load: import it only where a file is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from segkit.model.document import Document, Step
from segkit.model.findings import Findings
from segkit.model.formats import ClassEntry, InterfaceEntry, InventoryFile, WorkloadEntry, read_shape
from segkit.model.interfaces import read_interfaces
from segkit.model.shared import Shared, SharedLabels
from segkit.model.values import read_addresses, read_name
from segkit.model.workloads import DEFAULT_REALM, Interface, Workload
from segkit.sets import AddressError, Addresses


def workloads(entries: Iterable[Document], found: Findings, places: bool = False) -> Iterator[Workload]:
    """The workloads and classes in the entries of a file, which stand under `workloads` and `classes`.

    What stands under nothing is the top level itself. With `places` a workload can tell the column of each of
    its parts; it then keeps its entry in memory.
    """
    reader = _Reader(found, places)
    for entry in entries:
        section = entry.under[0] if entry.under else ""
        made: Workload | None = None
        if section == "workloads":
            made = reader.workload(entry)
        elif section == "classes":
            made = reader.workload_class(entry)
        elif not entry.under:
            read_shape(InventoryFile, entry, found)
        if made is not None:
            yield made


class _Reader:
    """Makes workloads that share what is equal in them."""

    def __init__(self, found: Findings, places: bool) -> None:
        self._found, self._places = found, places
        self._shared = Shared()
        self._labels = SharedLabels()

    def workload(self, document: Document) -> Workload | None:
        """A workload; None after findings."""
        entry = read_shape(WorkloadEntry, document, self._found)
        if entry is None or read_name(entry.name, "workload", document.at(), self._found) is None:
            return None
        what = f"workload {entry.name!r}"
        if entry.interfaces is None:
            held: tuple[Interface, ...] = (
                Interface(
                    "",
                    self._addresses(entry.addresses, what, ("addresses",), document),
                    self._shared(entry.realm or DEFAULT_REALM),
                    self._shared(entry.network),
                    entry.interface_id,
                    self._foreign(entry.foreign),
                ),
            )
        else:
            held = self._interfaces(entry, entry.interfaces, what, document)
        return Workload(entry.name, self._labels(entry.labels.items()), held, False, self._where(document))

    def workload_class(self, document: Document) -> Workload | None:
        """A workload class; None after findings."""
        entry = read_shape(ClassEntry, document, self._found)
        if entry is None or read_name(entry.name, "workload class", document.at(), self._found) is None:
            return None
        what = f"workload class {entry.name!r}"
        networks = self._addresses(entry.networks, what, ("networks",), document)
        one = Interface("", networks, self._shared(entry.realm), self._shared(entry.network))
        return Workload(entry.name, self._labels(entry.labels.items()), (one,), True, self._where(document))

    def _where(self, document: Document) -> str:
        line = document.line_of(())
        return line if self._places else str(line)

    def _interfaces(
        self, entry: WorkloadEntry, parts: Iterable[InterfaceEntry], what: str, document: Document
    ) -> tuple[Interface, ...]:
        if (entry.addresses, entry.network, entry.interface_id, entry.foreign) != (None, None, None, None):
            self._found.error(
                f"{what} has both 'interfaces' and the keys of a single interface",
                document.at(),
                fix="move addresses, network, interface_id and foreign into 'interfaces'",
            )
        held = [
            Interface(
                part.name,
                self._addresses(part.addresses, what, ("interfaces", at, "addresses"), document),
                self._shared(part.realm if "realm" in part.model_fields_set else entry.realm or part.realm),
                self._shared(part.network),
                part.id,
                self._foreign(part.foreign),
            )
            for at, part in enumerate(parts)
        ]
        return read_interfaces(held, DEFAULT_REALM, what, document.at(), self._found)

    def _addresses(
        self, texts: list[str] | None, what: str, location: tuple[Step, ...], document: Document
    ) -> Addresses | None:
        if texts is None:
            return None
        parts = []
        for at, text in enumerate(texts):
            try:
                parts.append(Addresses.of(text))
            except AddressError:
                # Only a bad address is worth looking up its line.
                place = document.at((*location, at))
                parts.append(read_addresses(text, f"addresses of {what}", place, self._found))
        return parts[0] if len(parts) == 1 else Addresses.union(parts)

    def _foreign(self, groups: list[str] | None) -> tuple[str, ...] | None:
        return None if groups is None else self._shared(tuple(sorted(set(groups))))
