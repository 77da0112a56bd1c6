"""Ends as conjunctions of conditions, and for a label map all the terms that hold it at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from segkit.intent.hygiene.flows import Spot
from segkit.intent.hygiene.sweep import Sweep
from segkit.model.ends import End
from segkit.sets import EVERYWHERE, NONE, Addresses
from segkit.sets.label_cover import Condition, cover

_MOST_VALUES = 32


@dataclass(frozen=True, slots=True)
class Term:
    """Workloads that meet every condition, at an address of `inside` in `realm` (None: in any)."""

    conditions: tuple[Condition, ...]
    inside: Addresses
    realm: str | None

    @property
    def by_label(self) -> bool:
        """Does it hold workloads whatever their address?"""
        return self.realm is None and self.inside == EVERYWHERE


@lru_cache(maxsize=16384)
def terms_of(end: End) -> tuple[Term, ...]:
    """The workloads of an end as terms."""
    if end.predicate is NONE or not end.inside:
        return ()
    return tuple(Term(term, end.inside, end.realm) for term in cover(end.predicate))


@dataclass(frozen=True, slots=True)
class _Column:
    """For one key, the terms that admit each value, a value nobody names, and no label."""

    values: Mapping[str, int]
    other: int
    missing: int


class Slot:
    """At most one term for each of many numbered rules, asked all at once. Bit n stands for rule n."""

    def __init__(self, terms: Mapping[int, Term]) -> None:
        self.all = sum_bits(terms)
        self._columns = _columns(terms, self.all)
        self._plain = sum_bits(n for n, term in terms.items() if term.by_label)
        placed = {n: term for n, term in terms.items() if not term.by_label}
        self._anywhere: dict[int, int] = {}
        self._sweeps: dict[int, Sweep] = {}
        for family in (4, 6) if placed else ():
            whole = EVERYWHERE.family(family)
            self._anywhere[family] = sum_bits(
                n for n, t in placed.items() if t.inside.family(family) == whole
            )
            self._sweeps[family] = Sweep((n, spans_of(t.inside, family)) for n, t in placed.items())
        self._any_realm = sum_bits(n for n, t in placed.items() if t.realm is None)
        self._of_realm: dict[str, int] = defaultdict(int)
        for n, term in placed.items():
            if term.realm is not None:
                self._of_realm[term.realm] |= 1 << n

    def holding(self, spot: Spot, labels: Mapping[str, str]) -> int:
        """The rules whose term holds a workload endpoint."""
        held = self.all
        for key, column in self._columns:
            value = labels.get(key)
            held &= column.missing if value is None else column.values.get(value, column.other)
            if not held:
                return 0
        if not self._sweeps:
            return held
        if spot.value is None:
            here = self._anywhere[spot.family]
        else:
            here = self._sweeps[spot.family].at(spot.value)
        return held & (self._plain | here & (self._any_realm | self._of_realm.get(spot.realm, 0)))

    def near(self, term: Term) -> int:
        """The rules whose term may share a workload with `term`; all that do are among them."""
        held = self.all
        columns = dict(self._columns)
        for condition in term.conditions:
            column = columns.get(condition.key)
            if column is None or condition.others or len(condition.values) > _MOST_VALUES:
                continue
            met = column.missing if condition.missing else 0
            for value in condition.values:
                met |= column.values.get(value, column.other)
            held &= met
        if self._sweeps and term.inside != EVERYWHERE:
            here = self._plain
            for family, sweep in self._sweeps.items():
                here |= sweep.meeting(spans_of(term.inside, family))
            held &= here
        return held


def sum_bits(numbers: Iterable[int]) -> int:
    """The bitset with these bits.

    >>> sum_bits([0, 3])
    9
    """
    held = bytearray()
    for n in numbers:
        if n >> 3 >= len(held):
            held.extend(bytes((n >> 3) + 1 - len(held)))
        held[n >> 3] |= 1 << (n & 7)
    return int.from_bytes(held, "little")


def spans_of(addresses: Addresses, family: int) -> tuple[tuple[int, int], ...]:
    """The spans of one address family."""
    return (addresses.v4 if family == 4 else addresses.v6).spans


def _columns(terms: Mapping[int, Term], everyone: int) -> tuple[tuple[str, _Column], ...]:
    """One column for each key, the most telling first."""
    asked: dict[str, list[tuple[int, Condition]]] = defaultdict(list)
    for number, term in terms.items():
        for condition in term.conditions:
            asked[condition.key].append((number, condition))
    ordered = sorted(asked.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple((key, _column(conditions, everyone)) for key, conditions in ordered)


def _column(conditions: list[tuple[int, Condition]], everyone: int) -> _Column:
    named: dict[str, list[int]] = defaultdict(list)
    left_out: dict[str, list[int]] = defaultdict(list)
    for number, condition in conditions:
        for value in condition.values:
            (left_out if condition.others else named)[value].append(number)
    free = everyone & ~sum_bits(n for n, _ in conditions)
    other = free | sum_bits(n for n, c in conditions if c.others)
    values = {
        value: other & ~sum_bits(left_out.get(value, ())) | sum_bits(named.get(value, ()))
        for value in {*named, *left_out}
    }
    return _Column(values, other, free | sum_bits(n for n, c in conditions if c.missing))
