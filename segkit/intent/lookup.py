"""Names that people type, resolved to cells: groups, zones, workloads, address sets, addresses and
selectors."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Callable

from segkit.errors import Problem, SegkitError
from segkit.intent.cells import Cells
from segkit.model.ends import End
from segkit.model.model import Model
from segkit.sets import EVERYWHERE, AddressError, Addresses, LabelParseError, Predicate

KINDS = ("group", "zone", "workload", "addresses", "select", "network")


def cells_of(text: str, model: Model, cells: Cells) -> int:
    """The cells that a reference touches, as a bitset.

    A reference is the name of a group, zone, workload or address set, `anywhere`, `internet`, `outside`, an
    address or CIDR, or a selector such as `app == "shop"`; `group:web` says which kind is meant.

    Raises SegkitError for a name that is unknown (with the nearest known ones) or means two things.
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
    selected = _selector(text, cells)
    if selected is None:
        raise SegkitError(_unknown(text, model))
    return selected


def _by_kind(model: Model, cells: Cells) -> dict[str, Callable[[str], int | None]]:
    def named(things: tuple, pick: Callable) -> Callable[[str], int | None]:  # type: ignore[type-arg]
        return lambda name: next((_of_end(pick(t), cells) for t in things if t.name == name), None)

    return {
        "group": named(model.groups, lambda g: g.end),
        "zone": named(model.zones, lambda z: z.end),
        "network": named(model.zones, lambda z: z.network),
        "workload": lambda name: _of_workload(name, cells),
        "addresses": lambda name: _addresses(name, model, cells),
        "select": lambda text: _selector(text, cells),
    }


def _addresses(text: str, model: Model, cells: Cells) -> int | None:
    for known in model.address_sets:
        if known.name == text:
            return _of_end(known.end, cells)
    if text in ("anywhere", "internet", "outside"):
        return _of_end(End.builtin(text), cells)
    try:
        wanted = Addresses.of(str(ipaddress.ip_network(text, strict=True)))
    except (ValueError, AddressError):
        return None
    return _touching(wanted, cells)


def _of_workload(name: str, cells: Cells) -> int | None:
    held = sum(
        1 << c.index for c in cells if any(name in (m.endpoint.workload.name, m.name) for m in c.members)
    )
    return held or None


def _selector(text: str, cells: Cells) -> int | None:
    try:
        predicate = Predicate.parse(text)
    except LabelParseError:
        return None
    return _of_end(End.select(predicate), cells)


def _of_end(end: End, cells: Cells) -> int:
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
    names = sorted(
        {
            t.name
            for things in (model.groups, model.zones, model.workloads, model.address_sets)
            for t in things
        }
    )
    near = difflib.get_close_matches(text.partition(":")[2] or text, names, n=3)
    hint = (
        f"did you mean {' or '.join(repr(n) for n in near)}?"
        if near
        else "list them with `segkit show groups`"
    )
    return Problem(
        f"{text!r} is no group, zone, workload, address set, address, CIDR or selector",
        fix=hint,
    )
