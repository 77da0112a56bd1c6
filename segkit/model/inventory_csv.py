"""Workloads from a CSV file.

The first row names the columns: `name` and any of `address`, `realm`, `network`, `interface_id`, `interface`,
and one column per label, `label:app` or `labels.app`. A cell may hold several addresses with blanks or
semicolons between them. Rows with one name are one workload: each row is an interface, rows with one
interface_id are one interface, and their labels must agree. An empty cell means unknown; for a label, that
the workload does not have it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from segkit.model.findings import Findings, nearest
from segkit.model.interfaces import read_interfaces
from segkit.model.values import read_addresses, read_name
from segkit.model.workloads import DEFAULT_REALM, Interface, Workload

_COLUMNS = ("name", "address", "realm", "network", "interface_id", "interface")
_LABEL = re.compile(r"(?:label:|labels\.)(.*)")


@dataclass(slots=True)
class _Draft:
    labels: tuple[tuple[str, str], ...]
    where: str
    interfaces: list[Interface] = field(default_factory=list)


def parse_csv(text: str, name: str, found: Findings) -> list[Workload]:
    """The workloads of a CSV text, in the order of their first rows; what is wrong becomes findings."""
    rows = _rows(text, name, found)
    header = next(rows, None)
    if header is None:
        found.error("the inventory file is empty", f"{name}:1", fix="write a header: name,address,label:app")
        return []
    columns = _header(header[1], header[0], found)
    if columns is None:
        return []
    drafts: dict[str, _Draft] = {}
    for where, cells in rows:
        if any(cell.strip() for cell in cells):
            _row(cells, columns, where, drafts, found)
    return [_workload(who, draft, found) for who, draft in drafts.items()]


def _rows(text: str, name: str, found: Findings) -> Iterator[tuple[str, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            yield f"{name}:{line}", cells
            line = reader.line_num + 1
    except csv.Error as error:
        found.error(f"not valid CSV: {error}", f"{name}:{line}", fix="close the quotes of that row")


def _header(cells: list[str], where: str, found: Findings) -> list[str] | None:
    columns = [cell.strip() for cell in cells]
    if len(columns) == 1 and re.search("[;\t]", columns[0]):
        found.error("the columns are not separated by commas", where, fix="save the file with commas")
        return None
    known: list[str] = []
    for column in columns:
        label = _LABEL.fullmatch(column)
        plain = f"label:{label[1].strip()}" if label else column
        if plain in known:
            found.error(
                f"the column {column!r} is there twice",
                where,
                why="one of its values would be lost",
                fix="keep one",
            )
        elif plain == "label:" or (not label and plain not in _COLUMNS):
            close = nearest(column, _COLUMNS, "columns")
            fix = (
                close
                if close.startswith("did you")
                else f"for a label write label:{column or 'app'}; {close}"
            )
            found.error(f"unknown column {column!r}", where, fix=fix)
        known.append(plain)
    if "name" not in known:
        found.error(
            "there is no column 'name'",
            where,
            fix="name the columns in the first row: name,address,label:app",
        )
        return None
    return known


def _row(
    cells: list[str], columns: list[str], where: str, drafts: dict[str, _Draft], found: Findings
) -> None:
    if len(cells) != len(columns):
        found.error(
            f"the row has {len(cells)} cells, the header {len(columns)}",
            where,
            fix="quote cells that hold commas, and fill up short rows",
        )
        return
    row = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    who = row["name"]
    if read_name(who, "workload", where, found) is None:
        return
    what = f"workload {who!r}"
    labels = tuple(
        sorted((c.removeprefix("label:"), v) for c, v in row.items() if c.startswith("label:") and v)
    )
    draft = drafts.setdefault(who, _Draft(labels, where))
    if draft.labels != labels:
        differ = sorted({key for key, _ in set(draft.labels) ^ set(labels)})
        found.error(
            f"{what} has two values for label {', '.join(differ)}",
            where,
            why=f"rows with one name are one workload, and the row at {draft.where} says otherwise",
            fix="make the labels of its rows agree",
        )
    texts = [text for text in re.split(r"[;\s]+", row.get("address", "")) if text]
    addresses = read_addresses(texts, f"addresses of {what}", where, found) if texts else None
    one = Interface(
        row.get("interface", ""),
        addresses,
        row.get("realm") or DEFAULT_REALM,
        row.get("network") or None,
        row.get("interface_id") or None,
    )
    draft.interfaces = _merged(draft.interfaces, one, what, where, found)


def _merged(held: list[Interface], one: Interface, what: str, where: str, found: Findings) -> list[Interface]:
    """`one` joined to the interface that has its id, else added."""
    for at, other in enumerate(held):
        if one.id is None or other.id != one.id:
            continue
        if (other.realm, other.network) != (one.realm, one.network):
            found.error(
                f"interface {one.id!r} of {what} is in two realms or networks",
                where,
                fix="make its rows agree",
            )
        known = [a for a in (other.addresses, one.addresses) if a is not None]
        both = known[0] | known[-1] if known else None
        return [*held[:at], replace(other, name=other.name or one.name, addresses=both), *held[at + 1 :]]
    return [*held, one]


def _workload(who: str, draft: _Draft, found: Findings) -> Workload:
    # Sorted, so that the names that unnamed interfaces get do not hang on the order of the rows.
    ordered = sorted(draft.interfaces, key=lambda one: (one.name, one.id or "", str(one.addresses)))
    held = read_interfaces(ordered, DEFAULT_REALM, f"workload {who!r}", draft.where, found)
    return Workload(who, draft.labels, held, False, draft.where)
