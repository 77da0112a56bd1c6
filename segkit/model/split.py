"""An estate cut into parts by labels, so that each can have a Terraform stack, and a plan, of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from segkit.model.findings import Findings, nearest
from segkit.model.workloads import LabelSchema, Workload
from segkit.sets import ALL, L, Predicate

_FOREIGN = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class Part:
    """One part of an estate: the workloads with one combination of values of the keys it was split by.

    `name` fits a stack and a target; `part["account"]` is a value; `select` says who is in it.

    >>> part = Part("retail-prod", {"account": "prod"}, L.account == "prod")
    >>> part["account"], str(part.select)
    ('prod', 'account == "prod"')
    """

    name: str
    values: Mapping[str, str]
    select: Predicate

    def __getitem__(self, key: str) -> str:
        """The value of one of the keys. Raises KeyError for any other."""
        return self.values[key]


@dataclass(frozen=True)
class Split:
    """What was asked for: the keys, who is to be split, and the parts that this gave."""

    keys: tuple[str, ...]
    select: Predicate
    parts: tuple[Part, ...]
    where: str

    def check(self, workloads: Iterable[Workload], found: Findings) -> None:
        """Notes workloads that no part holds, by name."""
        known = {tuple(part.values.values()) for part in self.parts}
        lacking: dict[str, list[str]] = {}
        late: list[str] = []
        for one in workloads:
            labels = one.label_map
            if not self.select.matches(labels):
                continue
            missing = ", ".join(key for key in self.keys if key not in labels)
            if missing:
                lacking.setdefault(missing, []).append(one.name)
            elif tuple(labels[key] for key in self.keys) not in known:
                late.append(one.name)
        how = f"split_by({', '.join(map(repr, self.keys))})"
        for missing, names in sorted(lacking.items()):
            found.error(
                f"{_some(names)}: in no part of {how}, for want of the label {missing}",
                self.where,
                why="no stack would hold their rules",
                fix="give them the label, or leave them out: split_by(…, select=L.…)",
            )
        if late:
            found.error(
                f"{_some(late)}: in no part of {how}",
                self.where,
                why="the parts are made of the workloads that are known when it is called",
                fix="declare workloads first, or call split_by later",
            )


def split(
    name: str,
    keys: Sequence[str],
    select: Predicate,
    workloads: Iterable[Workload],
    schema: LabelSchema | None,
    where: str,
    found: Findings,
) -> Split:
    """The parts of an estate, sorted by their values, one for each combination that a workload has."""
    usable = tuple(dict.fromkeys(key for key in keys if _usable(key, schema, where, found)))
    if not keys:
        found.error("split_by() names no label key", where, fix='name one or more: split_by("account")')
    held = list(workloads)
    combinations: set[tuple[str, ...]] = set()
    if usable and len(usable) == len(set(keys)):
        for one in held:
            labels = one.label_map
            if select.matches(labels) and all(key in labels for key in usable):
                combinations.add(tuple(labels[key] for key in usable))
        if not combinations:
            found.error(
                f"split_by({', '.join(map(repr, keys))}) gives no part",
                where,
                why="no workload that is known by now has these labels",
                fix="give the segmentation its inventory first",
            )
    parts = tuple(_part(name, usable, values, select) for values in sorted(combinations))
    _clashes(parts, where, found)
    return Split(tuple(keys) if combinations else (), select if combinations else ~ALL, parts, where)


def _usable(key: object, schema: LabelSchema | None, where: str, found: Findings) -> bool:
    if not isinstance(key, str) or not key:
        found.error(f"split_by() takes label keys, not {key!r}", where, fix='write split_by("account")')
        return False
    known = [k.name for k in schema.keys] if schema is not None else []
    if known and key not in known:
        found.error(
            f"split_by() names the label {key!r}, which is not in the schema",
            where,
            fix=nearest(key, known, "labels"),
        )
        return False
    return True


def _part(name: str, keys: Sequence[str], values: Sequence[str], select: Predicate) -> Part:
    own = reduce(
        lambda so_far, pair: so_far & (L[pair[0]] == pair[1]), zip(keys, values, strict=True), select
    )
    full = "-".join([name, *(_FOREIGN.sub("-", value) for value in values)])
    return Part(full, dict(zip(keys, values, strict=True)), own)


def _clashes(parts: Sequence[Part], where: str, found: Findings) -> None:
    seen: dict[str, Part] = {}
    for part in parts:
        other = seen.setdefault(part.name.casefold(), part)
        if other is not part:
            told = [", ".join(f"{k}={v}" for k, v in one.values.items()) for one in (other, part)]
            found.error(
                f"the parts {' and '.join(told)} would both be called {part.name!r}",
                where,
                why="the name of a part names its stack and its state",
                fix="change a value, or the order of the keys",
            )


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    listed = ", ".join(repr(name) for name in sorted(names)[:most]) + more
    return f"workload{'s' if len(names) > 1 else ''} {listed}"
