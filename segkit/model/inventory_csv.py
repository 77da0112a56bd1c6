"""Workloads from a CSV file.

The first row names the columns: `name` and any of `address`, `realm`, `network`, `interface_id`, `interface`,
and one column per label, `label:app` or `labels.app`. A cell may hold several addresses with blanks or
semicolons between them. Rows with one name are one workload: each row is an interface, rows with one
interface_id are one interface, and their labels must agree. An empty cell means unknown; for a label, that
the workload does not have it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from segkit.model.findings import Findings, nearest
from segkit.model.interfaces import read_interfaces
from segkit.model.shared import Shared, SharedLabels
from segkit.model.text_stream import TextStream
from segkit.model.values import read_addresses, read_name
from segkit.model.workloads import DEFAULT_REALM, Interface, Workload
from segkit.sets import AddressError, Addresses

_COLUMNS = ("name", "address", "realm", "network", "interface_id", "interface")
_LABEL = re.compile(r"(?:label:|labels\.)(.*)")
_CELL = re.compile(r'(?:"(?:[^"]|"")*"|[^",\r\n]*),')


@dataclass(slots=True)
class _Row:
    """A row, and its text as it stands in the file."""

    file: str
    line: int
    cells: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)

    def place(self, cell: int = 0) -> str:
        """`file:line:column` of a cell."""
        if not cell:
            return f"{self.file}:{self.line}:1"
        text, at = "".join(self.raw), 0
        for _ in range(cell):
            before = _CELL.match(text, at)
            at = at if before is None else before.end()
        line, column = self.line + text.count("\n", 0, at), at - text.rfind("\n", 0, at)
        return f"{self.file}:{line}:{column}"


def read_csv(stream: TextStream, found: Findings) -> Iterable[Workload]:
    """The workloads of a CSV text, in the order of their first rows; what is wrong becomes findings.

    Raises Unreadable after a finding for what is no text.
    """
    rows = _rows(stream, found)
    header = next(rows, None)
    if header is None:
        fix = "write a header: name,address,label:app"
        found.error("the inventory file is empty", f"{stream.name}:1:1", fix=fix)
        return ()
    columns = _header(header, found)
    if columns is None:
        return ()
    table = _Table(columns, found)
    for row in rows:
        if any(map(str.strip, row.cells)):
            table.add(row)
    return table.workloads()


def _rows(stream: TextStream, found: Findings) -> Iterator[_Row]:
    row = _Row(stream.name, 1)

    def lines() -> Iterator[str]:
        for line in stream.lines():
            row.raw.append(line)
            yield line

    reader = csv.reader(lines(), strict=True)
    try:
        for row.cells in reader:
            yield row
            row = _Row(stream.name, reader.line_num + 1)
    except csv.Error as error:
        found.error(f"not valid CSV: {error}", row.place(), fix="close the quotes of that row")


def _header(row: _Row, found: Findings) -> list[str] | None:
    columns = [cell.strip() for cell in row.cells]
    if len(columns) == 1 and re.search("[;\t]", columns[0]):
        what = "the columns are not separated by commas"
        found.error(what, row.place(), fix="save the file with commas")
        return None
    known: list[str] = []
    for at, column in enumerate(columns):
        label = _LABEL.fullmatch(column)
        plain = f"label:{label[1].strip()}" if label else column
        if plain in known:
            what, why = f"the column {column!r} is there twice", "one of its values would be lost"
            found.error(what, row.place(at), why, "keep one")
        elif plain == "label:" or (not label and plain not in _COLUMNS):
            fix = nearest(column, _COLUMNS, "columns")
            if not fix.startswith("did you"):
                fix = f"for a label write label:{column or 'app'}; {fix}"
            found.error(f"unknown column {column!r}", row.place(at), fix=fix)
        known.append(plain)
    if "name" not in known:
        fix = "name the columns in the first row: name,address,label:app"
        found.error("there is no column 'name'", row.place(), fix=fix)
        return None
    return known


class _Table:
    """The workloads of the rows so far."""

    def __init__(self, columns: Sequence[str], found: Findings) -> None:
        self._found = found
        self._width = len(columns)
        self._labels = sorted(
            (column.removeprefix("label:"), at)
            for at, column in enumerate(columns)
            if column.startswith("label:")
        )
        # A column that is not there reads as an empty cell behind the last.
        self._at = {c: columns.index(c) if c in columns else self._width for c in _COLUMNS}
        self._made: dict[str, Workload] = {}
        # The interfaces of workloads with several rows, in the order of the rows.
        self._several: dict[str, list[Interface]] = {}
        self._shared, self._same = Shared(), SharedLabels()

    def workloads(self) -> Iterable[Workload]:
        """Them all, in the order of their first rows."""
        for name, held in self._several.items():
            # Sorted, so that the names that unnamed interfaces get do not hang on the order of the rows.
            ordered = sorted(held, key=lambda one: (one.name, one.id or "", str(one.addresses)))
            first, what = self._made[name], f"workload {name!r}"
            read = read_interfaces(ordered, DEFAULT_REALM, what, first.where, self._found)
            self._made[name] = replace(first, interfaces=read)
        return self._made.values()

    def add(self, row: _Row) -> None:
        """Take in a row."""
        if len(row.cells) != self._width:
            what = f"the row has {len(row.cells)} cells, the header {self._width}"
            fix = "quote cells that hold commas, and fill up short rows"
            self._found.error(what, row.place(), fix=fix)
            return
        cells, at, shared = [*map(str.strip, row.cells), ""], self._at, self._shared
        name = cells[at["name"]]
        first, what = self._made.get(name), f"workload {name!r}"
        if first is None and read_name(name, "workload", row.place(at["name"]), self._found) is None:
            return
        labels = self._same((key, cells[n]) for key, n in self._labels if cells[n])
        texts = cells[at["address"]].replace(";", " ").split()
        one = Interface(
            cells[at["interface"]],
            self._addresses(texts, what, row),
            shared(cells[at["realm"]] or DEFAULT_REALM),
            shared(cells[at["network"]] or None),
            cells[at["interface_id"]] or None,
        )
        if first is None:
            self._made[name] = Workload(name, labels, (one,), False, f"{row.file}:{row.line}")
            return
        if first.labels != labels:
            differ = sorted({key for key, _ in set(first.labels) ^ set(labels)})
            spot = next(n for key, n in self._labels if key == differ[0])
            self._found.error(
                f"{what} has two values for label {', '.join(differ)}",
                row.place(spot),
                why=f"rows with one name are one workload, and the row at {first.where} says otherwise",
                fix="make the labels of its rows agree",
            )
        held = self._several.setdefault(name, list(first.interfaces))
        self._join(held, one, what, row)

    def _addresses(self, texts: list[str], what: str, row: _Row) -> Addresses | None:
        if not texts:
            return None
        try:
            return Addresses.of(*texts)
        except AddressError:
            # Only a bad address is worth looking up its place.
            return read_addresses(texts, f"addresses of {what}", row.place(self._at["address"]), self._found)

    def _join(self, held: list[Interface], one: Interface, what: str, row: _Row) -> None:
        """Joins `one` to the interface that has its id, else adds it."""
        for at, other in enumerate(held):
            if one.id is None or other.id != one.id:
                continue
            if (other.realm, other.network) != (one.realm, one.network):
                self._found.error(
                    f"interface {one.id!r} of {what} is in two realms or networks",
                    row.place(self._at["interface_id"]),
                    fix="make its rows agree",
                )
            known = [a for a in (other.addresses, one.addresses) if a is not None]
            both = known[0] | known[-1] if known else None
            held[at] = replace(other, name=other.name or one.name, addresses=both)
            return
        held.append(one)
