"""How much of what an allow permits somebody stands behind today, counted in kinds of workloads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from segkit.intent.hygiene.flows import Spot
from segkit.intent.hygiene.ruleset import Ruleset
from segkit.intent.hygiene.sides import Ends, Sides
from segkit.model.policy import Rule
from segkit.model.workloads import DEFAULT_REALM
from segkit.sets import EVERYWHERE, NONE, KeyDomain, Predicate
from segkit.sets.planes import bits

LEAST_PAIRS = 20
LARGEST_SHARE = 0.1
LEAST_LABELLINGS = 5

Choices = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Breadth:
    """How broad an allow is.

    A *kind* of workload is one way to give values to the keys that a side of the rule asks for, as the schema
    permits. `pairs` is how many pairs of kinds the rule permits; behind `used` of them there is a workload at
    either end. `example` is a pair of kinds without.

    `everybody` says which ends hold every workload that the schema permits; `everybody_today` which hold
    every one there is.
    """

    number: int
    pairs: int
    used: int
    everybody: tuple[str, ...]
    everybody_today: tuple[str, ...]
    example: tuple[Spot, Spot] | None

    @property
    def mostly_unused(self) -> bool:
        """Is nobody behind nine pairs of ten, and somebody behind one?"""
        return self.pairs >= LEAST_PAIRS and 0 < self.used < self.pairs * LARGEST_SHARE


def breadths(ruleset: Ruleset) -> Iterator[Breadth]:
    """The breadth of every allow that is out of the ordinary."""
    kinds = _kinds(ruleset)
    domains = _closed(ruleset, kinds)
    source, destination = (_Side(s, ruleset, domains) for s in (ruleset.sources, ruleset.destinations))
    sides = {"source": source, "destination": destination}
    allows = sum(ruleset.allows.values())
    large = sum(1 << n for n in bits(allows) if source.size(n) * destination.size(n) >= LEAST_PAIRS)
    for side in sides.values():
        side.look(kinds, large)
    for n in bits(allows):
        everybody = tuple(name for name, side in sides.items() if side.everybody(n))
        today = tuple(name for name, side in sides.items() if side.everybody_today(n))
        found = Breadth(
            n,
            source.size(n) * destination.size(n),
            source.used(n) * destination.used(n),
            everybody,
            tuple(name for name in today if name not in everybody),
            None,
        )
        if large >> n & 1 and found.mostly_unused:
            yield replace(found, example=_example(n, source, destination))
        elif found.everybody_today or (everybody and not _on_purpose(ruleset.rules[n], everybody)):
            yield found


def _on_purpose(rule: Rule, everybody: tuple[str, ...]) -> bool:
    """Who writes `anywhere` for one end means it."""
    ends = {"source": rule.source, "destination": rule.destination}
    return len(everybody) == 1 and any(end.kind == "builtin" for end in ends[everybody[0]])


def _example(n: int, source: _Side, destination: _Side) -> tuple[Spot, Spot] | None:
    for pair in ((source.unused(n), destination.any(n)), (source.any(n), destination.unused(n))):
        if pair[0] is not None and pair[1] is not None:
            return pair[0], pair[1]
    return None


def _kinds(ruleset: Ruleset) -> list[dict[str, str]]:
    """The workloads there are, as far as any rule can tell them apart."""
    ends = {e for r in ruleset.rules for side in r.sides for e in side}
    keys = {key for e in ends for node in e.predicate.nodes() for key in (node.key,)}
    held = {tuple((k, v) for k, v in w.labels if k in keys) for w in ruleset.model.workloads}
    return [dict(labels) for labels in sorted(held)]


class _Side:
    """One side of every rule."""

    def __init__(self, sides: Sides, ruleset: Ruleset, domains: Mapping[str, Choices]) -> None:
        self._sides, self._domains, self._schema = sides, domains, ruleset.domains
        self._model = ruleset.model
        self._predicates = [_by_label(*side) for side in sides.sides]
        self._sizes = [None if p is None else self._count(p) for p in self._predicates]
        self._everybody: dict[Predicate, bool] = {}
        self._found: dict[int, set[Choices]] = defaultdict(set)
        self._today = ruleset.all

    def look(self, kinds: list[dict[str, str]], numbers: int) -> None:
        """See which kinds there are on the sides of some rules."""
        if len({w.labels for w in self._model.workloads}) < LEAST_LABELLINGS:
            self._today = 0
        keys = {n: self._keys(n) for n in bits(numbers)}
        for labels in kinds:
            held = self._sides.holding(Spot(DEFAULT_REALM, 4, labels, None))
            self._today &= held
            for n in bits(held & numbers):
                self._found[n].add(tuple(labels.get(key) for key in keys[n]))

    def size(self, n: int) -> int:
        """How many kinds the side permits; addresses count as one."""
        size = self._sizes[n]
        return 1 if size is None else size

    def used(self, n: int) -> int:
        """How many of them have a workload."""
        size = self._sizes[n]
        return len(self._found[n]) if size is not None and size > 1 else 1

    def everybody(self, n: int) -> bool:
        """Does the side hold every workload that the schema permits?"""
        predicate = self._predicates[n]
        if predicate is None:
            return False
        if predicate not in self._everybody:
            self._everybody[predicate] = not (~predicate).satisfiable(self._schema)
        return self._everybody[predicate]

    def everybody_today(self, n: int) -> bool:
        """Does it hold every workload there is?"""
        return self._predicates[n] is not None and bool(self._today >> n & 1)

    def unused(self, n: int) -> Spot | None:
        """A kind that the side permits and that has no workload."""
        if self._predicates[n] is None or self.size(n) == 1:
            return None
        return next((s for s in self._permitted(n) if self._values(n, s) not in self._found[n]), None)

    def any(self, n: int) -> Spot | None:
        """A kind that the side permits."""
        return None if self._predicates[n] is None else next(self._permitted(n), None)

    def _permitted(self, n: int) -> Iterator[Spot]:
        predicate = self._predicates[n]
        assert predicate is not None
        for labels in self._paths(predicate, self._keys(n)):
            yield Spot(DEFAULT_REALM, 4, labels, None)

    def _values(self, n: int, spot: Spot) -> Choices:
        assert spot.labels is not None
        return tuple(spot.labels.get(key) for key in self._keys(n))

    def _keys(self, n: int) -> tuple[str, ...]:
        predicate = self._predicates[n]
        return () if predicate is None else predicate.keys()

    def _paths(self, node: Predicate, keys: tuple[str, ...]) -> Iterator[dict[str, str]]:
        if node is NONE:
            return
        if not keys:
            yield {}
            return
        for value in self._domains.get(keys[0], (None,)):
            for rest in self._paths(_child(node, keys[0], value), keys[1:]):
                yield rest if value is None else {keys[0]: value, **rest}

    def _count(self, predicate: Predicate) -> int:
        memo: dict[tuple[Predicate, int], int] = {}
        keys = predicate.keys()

        def count(node: Predicate, at: int) -> int:
            if node is NONE:
                return 0
            if at == len(keys):
                return 1
            if (node, at) not in memo:
                values = self._domains.get(keys[at], (None,))
                if node.key != keys[at]:
                    memo[node, at] = len(values) * count(node, at + 1)
                else:
                    named = [child for value, child in node.arms if value in values]
                    others = len(values) - len(named) - (None in values)
                    total = sum(count(child, at + 1) for child in named)
                    total += others * count(node.present, at + 1) if others else 0
                    memo[node, at] = total + (count(node.missing, at + 1) if None in values else 0)
            return memo[node, at]

        return count(predicate, 0)


def _child(node: Predicate, key: str, value: str | None) -> Predicate:
    if node.key != key:
        return node
    if value is None:
        return node.missing
    return dict(node.arms).get(value, node.present)


def _by_label(ends: Ends, unless: Ends) -> Predicate | None:
    """The label maps of a side; None where it goes by address as well."""
    if any(
        e.inside != EVERYWHERE or e.realm is not None for e in (*ends, *unless) if e.predicate is not NONE
    ):
        return None
    held = Predicate.union(e.predicate for e in ends)
    left = held - Predicate.union(e.predicate for e in unless)
    return None if left is NONE else left


def _closed(ruleset: Ruleset, kinds: list[dict[str, str]]) -> Mapping[str, Choices]:
    """What a key may be: the values of the schema, or where it leaves them open the values in use."""
    in_use: dict[str, set[str]] = defaultdict(set)
    for labels in kinds:
        for key, value in labels.items():
            in_use[key].add(value)
    ends = {e for r in ruleset.rules for side in r.sides for e in side}
    for key, value in {mention for e in ends for mention in e.predicate.mentions()}:
        in_use[key].add(value)
    return {key: _choices(domain, in_use[key]) for key, domain in ruleset.domains.items()}


def _choices(domain: KeyDomain, in_use: set[str]) -> Choices:
    values = sorted(in_use if domain.values is None else domain.values)
    return tuple(values) if domain.required else (None, *values)
