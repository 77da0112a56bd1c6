"""Names: unique in their kind, apart by more than case, not those of built-in ends; sensible renames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Protocol
from unicodedata import normalize

from segkit.errors import part
from segkit.model.findings import Findings
from segkit.model.model import Model
from segkit.model.operands import rule_hash
from segkit.model.policy import Rule

_RESERVED = ("anywhere", "internet", "outside")


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def where(self) -> str: ...


def check_names(model: Model, found: Findings) -> None:
    """Duplicate names of one kind, names that differ by case alone, reserved names, renames, rule ids."""
    kinds: tuple[tuple[str, tuple[_Named, ...]], ...] = (
        ("zone", model.zones),
        ("group", model.groups),
        ("address set", model.address_sets),
        ("service", model.services),
        ("policy", model.policies),
        ("target", model.targets),
    )
    for kind, items in kinds:
        _unique(kind, items, found)
        _case(kind, items, found)
    _unique("workload", model.workloads, found)
    for kind, items in kinds[:3]:
        for item in items:
            if item.name in _RESERVED:
                found.error(
                    f"the {kind} name {item.name!r} is that of a built-in end",
                    item.where,
                    fix="choose another name",
                )
    _renames("zone", model.zones, found)
    _renames("group", model.groups, found)
    _rule_ids(model, found)


def _unique(kind: str, items: Iterable[_Named], found: Findings) -> None:
    first: dict[str, _Named] = {}
    for item in items:
        other = first.setdefault(item.name, item)
        if other is not item:
            also = f"it is declared at {other.where} too" if other.where else ""
            found.error(
                f"two {_plural(kind)} are called {item.name!r}",
                item.where,
                why=also,
                fix="rename one of them",
            )


def _case(kind: str, items: Iterable[_Named], found: Findings) -> None:
    spellings: dict[str, dict[str, _Named]] = defaultdict(dict)
    for item in items:
        spellings[normalize("NFKC", item.name).casefold()].setdefault(item.name, item)
    for same in spellings.values():
        names = sorted(same)
        for name in names[1:]:
            case = names[0].casefold() == name.casefold()
            found.error(
                f"the {_plural(kind)} {names[0]!r} and {name!r} "
                + ("differ only by case" if case else "are written alike"),
                same[name].where,
                why="several platforms do not tell such names apart",
                fix="rename one of them",
            )


def _renames(kind: str, items: Iterable[Any], found: Findings) -> None:
    names = {item.name for item in items}
    taken: dict[str, str] = {}
    for item in items:
        old, where = item.moved_from, part(item.where, "moved_from")
        if old is None:
            continue
        if not isinstance(old, str) or not old:
            found.error(
                f"moved_from of {kind} {item.name!r} is no name: {old!r}", where, fix="give its old name"
            )
        elif old in names:
            found.error(
                f"{kind} {item.name!r} says it was moved from {old!r}, which still exists",
                where,
                fix="remove moved_from, or the old one",
            )
        elif old in taken:
            found.error(
                f"the {_plural(kind)} {taken[old]!r} and {item.name!r} were both moved from {old!r}",
                where,
                fix="keep moved_from on one of them",
            )
        else:
            taken[old] = item.name


def _rule_ids(model: Model, found: Findings) -> None:
    first: dict[str, Rule] = {}
    for policy in model.policies:
        for rule in policy.rules:
            other = first.setdefault(rule.id, rule)
            if other is rule:
                continue
            sides = (rule.source, rule.destination, rule.unless_source, rule.unless_destination)
            others = (other.source, other.destination, other.unless_source, other.unless_destination)
            also = f"the other one is at {other.where}" if other.where else ""
            if rule.id.partition("/")[2] != rule_hash(rule.action, *sides):
                where = part(rule.where, "id")
                found.error(f"two rules have the id {rule.id!r}", where, why=also, fix="change one id=")
            elif sides == others and rule.action == other.action:
                found.error(
                    f"two rules of policy {rule.policy!r} have the same action and ends: {rule.text}",
                    part(rule.where, rule.action),
                    why=also,
                    fix="merge their services into one rule, or give each an id=",
                )
            else:
                found.error(
                    f"two rules of policy {rule.policy!r} happen to get the same id {rule.id!r}",
                    rule.where,
                    why=also,
                    fix="give one of them an id=",
                )


def _plural(kind: str) -> str:
    return kind[:-1] + "ies" if kind.endswith("y") else kind + "s"
