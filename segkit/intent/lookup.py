"""Names that people type, resolved to cells: groups, zones, workloads, address sets, addresses and
selectors."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable

from segkit.errors import Problem, SegkitError
from segkit.intent.cells import Cells
from segkit.model.checks.labels import faults_of
from segkit.model.ends import End
from segkit.model.findings import nearest
from segkit.model.model import Model
from segkit.sets import EVERYWHERE, AddressError, Addresses, LabelParseError, Predicate

KINDS = ("group", "zone", "workload", "addresses", "select", "network")
BUILTINS = ("anywhere", "internet", "outside")
# How it looks when somebody meant an address, or a selector.
ADDRESS_LIKE = re.compile(r"\d+\.[\d.]+(/\d*)?|[0-9a-fA-F.]*:[0-9a-fA-F:.]*(/\d*)?")
SELECTOR_LIKE = re.compile(r"""[=!()"'<>]|\s""")


def cells_of(text: str, model: Model, cells: Cells) -> int:
    """The cells that a reference touches, as a bitset.

    A reference is the name of a group, zone, workload or address set, `anywhere`, `internet`, `outside`, an
    address or CIDR, or a selector such as `app == "shop"`; `group:web` says which kind is meant.

    Raises SegkitError for a name that is unknown (with the nearest known ones) or means two things, for what
    looks like an address or a selector and is none, and for labels that the schema does not know.
    """
    kind, _, rest = text.partition(":")
    if kind in KINDS:
        found = _by_kind(model, cells)[kind](rest)
        if found is not None:
            return found
        raise SegkitError(_unknown(text, model))
    meanings = {k: f(text) for k, f in _by_kind(model, cells).items() if k not in ("select", "network")}
    hits = {k: v for k, v in meanings.items() if v is not None}
    if len(set(hits.values())) > 1:
        kinds = sorted(hits)
        raise SegkitError(
            Problem(
                f"{text!r} is the name of a {' and of a '.join(kinds)}",
                fix=f"write {' or '.join(f'{k}:{text}' for k in kinds)}",
            )
        )
    if hits:
        return next(iter(hits.values()))
    selected = _selector(text, model, cells)
    if selected is None:
        raise SegkitError(_unknown(text, model))
    return selected


def named_addresses(text: str, model: Model) -> Addresses | None:
    """The addresses that a reference names, where it names any: what reports show of the cells it touches."""
    kind, _, name = text.partition(":") if text.partition(":")[0] in KINDS else ("", "", text)
    if kind == "network":
        return next((z.network.outside for z in model.zones if z.name == name), None)
    if kind not in ("", "addresses"):
        return None
    for known in model.address_sets:
        if known.name == name:
            return known.end.outside
    return End.builtin(name).outside if name in BUILTINS else _literal(name)


def _by_kind(model: Model, cells: Cells) -> dict[str, Callable[[str], int | None]]:
    def named(things: tuple, pick: Callable) -> Callable[[str], int | None]:  # type: ignore[type-arg]
        return lambda name: next((cells_of_end(pick(t), cells) for t in things if t.name == name), None)

    return {
        "group": named(model.groups, lambda g: g.end),
        "zone": named(model.zones, lambda z: z.end),
        "network": named(model.zones, lambda z: z.network),
        "workload": lambda name: _of_workload(name, cells),
        "addresses": lambda name: _addresses(name, model, cells),
        "select": lambda text: _selector(text, model, cells),
    }


def _addresses(text: str, model: Model, cells: Cells) -> int | None:
    for known in model.address_sets:
        if known.name == text:
            return cells_of_end(known.end, cells)
    if text in BUILTINS:
        return cells_of_end(End.builtin(text), cells)
    wanted = _literal(text)
    return None if wanted is None else _touching(wanted, cells)


def _literal(text: str) -> Addresses | None:
    try:
        return Addresses.of(str(ipaddress.ip_network(text, strict=True)))
    except (ValueError, AddressError):
        return None


def _of_workload(name: str, cells: Cells) -> int | None:
    held = sum(
        1 << c.index for c in cells if any(name in (m.endpoint.workload.name, m.name) for m in c.members)
    )
    return held or None


def _selector(text: str, model: Model, cells: Cells) -> int | None:
    try:
        predicate = Predicate.parse(text)
    except LabelParseError:
        return None
    # A misspelt label matches nobody, and "nobody" reads as "denied".
    wrong = (
        () if model.domains is None else faults_of(predicate, {key.name: key for key in model.schema.keys})
    )
    if problems := [Problem(f"selector {text!r}: {what}", fix=fix) for what, fix in wrong]:
        raise SegkitError(problems)
    return cells_of_end(End.select(predicate), cells)


def cells_of_end(end: End, cells: Cells) -> int:
    """An end's cells, also for an end no rule uses: a cell it cuts counts as touched."""
    held = 0
    for cell in cells:
        if end.realm not in (None, cell.realm):
            continue
        if cell.is_workload:
            inside, whole = end.inside, end.inside.family(cell.family) == EVERYWHERE.family(cell.family)
            touched = any(
                end.predicate.matches(m.endpoint.workload.label_map)
                and (whole if m.addresses is None else m.addresses.overlaps(inside))
                for m in cell.members
            )
        else:
            touched = cell.addresses.overlaps(end.outside)
        held |= touched << cell.index
    return held


def _touching(wanted: Addresses, cells: Cells) -> int:
    held = 0
    for cell in cells:
        extent = [m.addresses for m in cell.members if m.addresses is not None] or [cell.addresses]
        held |= any(a.overlaps(wanted) for a in extent) << cell.index
    return held


def _unknown(text: str, model: Model) -> Problem:
    kind, _, name = text.partition(":") if text.partition(":")[0] in KINDS else ("", "", text)
    names = sorted(
        {
            t.name
            for things in (model.groups, model.zones, model.workloads, model.address_sets)
            for t in things
        }
    )
    if near := difflib.get_close_matches(name, names, n=3):
        fix = f"did you mean {' or '.join(repr(n) for n in near)}?"
    elif refused := _refusal(kind, name):
        return refused
    else:
        fix = nearest(name, names, "names")
    return Problem(f"{text!r} is no group, zone, workload, address set, address, CIDR or selector", fix=fix)


def _refusal(kind: str, name: str) -> Problem | None:
    """What is wrong with a text that was meant as an address or as a selector."""
    try:
        if kind in ("", "addresses") and ADDRESS_LIKE.fullmatch(name):
            Addresses.of(name)
        elif kind == "select" or (not kind and SELECTOR_LIKE.search(name)):
            Predicate.parse(name)
    except AddressError as error:
        what, _, fix = str(error).partition("; ")
        return Problem(what, fix=fix)
    except LabelParseError as error:
        what, _, fix = str(error).partition("; ")
        return Problem(f"selector {name!r}: {what}", fix=fix)
    return None
