"""A predicate as an `or` of `and`s with few terms, for people to read.

The method is Minato and Morreale's for irredundant sums of products, carried over to keys with many values:
between a lower and an upper bound, cover first what needs a condition on the top key, then the rest without
one. It depends on the diagram only, so equal predicates get equal covers.
"""

from __future__ import annotations

from dataclasses import dataclass

from segkit.sets.labels import ALL, NONE, Predicate, _node


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one key: one of `values`, or with `others` any value but those; or also no label."""

    key: str
    values: tuple[str, ...]
    others: bool
    missing: bool

    def predicate(self) -> Predicate:
        """The label maps that meet it."""
        inside, outside = (NONE, ALL) if self.others else (ALL, NONE)
        return _node(self.key, [(v, inside) for v in self.values], outside, ALL if self.missing else NONE)

    def negated(self) -> Condition:
        """The complement, on the same key."""
        return Condition(self.key, self.values, not self.others, not self.missing)


Term = tuple[Condition, ...]
Cover = tuple[Predicate, tuple[Term, ...]]
_Memo = dict[tuple[Predicate, Predicate], Cover]


def cover(predicate: Predicate) -> tuple[Term, ...]:
    """Terms whose union is exactly the predicate; a term is a conjunction of conditions on keys in order."""
    return _cover(predicate, predicate, {})[1]


def conjunction(term: Term) -> Predicate:
    """The label maps that meet every condition of a term."""
    met = ALL
    for condition in term:
        met &= condition.predicate()
    return met


@dataclass(slots=True, eq=False)
class _Branch:
    """The ways out of the top key that have the same bounds below."""

    lower: Predicate
    upper: Predicate
    values: list[str]
    others: bool = False
    missing: bool = False


def _cover(lower: Predicate, upper: Predicate, memo: _Memo) -> Cover:
    """Some set between the bounds, and the terms it is the union of."""
    if lower is NONE:
        return NONE, ()
    if upper is ALL:
        return ALL, ((),)
    found = memo.get((lower, upper))
    if found is None:
        found = memo[lower, upper] = _split(lower, upper, memo)
    return found


def _split(lower: Predicate, upper: Predicate, memo: _Memo) -> Cover:
    key = min(lower.key, upper.key)
    branches = _branches(key, lower, upper)
    named = sorted(value for branch in branches for value in branch.values)
    common = ALL
    for branch in branches:
        common &= branch.upper
    made = NONE
    shared: dict[Term, list[_Branch]] = {}
    for branch in branches:
        below, sub = _cover(branch.lower - common, branch.upper, memo)
        branch.lower -= below
        made |= _condition(key, [branch], named).predicate() & below
        for term in sub:
            shared.setdefault(term, []).append(branch)
    # A term that several branches need is written once, for all of them.
    terms = [(_condition(key, joined, named), *term) for term, joined in shared.items()]
    rest = Predicate.union(branch.lower for branch in branches)
    below, sub = _cover(rest, common, memo)
    return made | below, (*terms, *sub)


def _branches(key: str, lower: Predicate, upper: Predicate) -> list[_Branch]:
    """The branches of the two bounds on their top key, in order of the first value."""
    low = lower if lower.key == key else None
    high = upper if upper.key == key else None
    groups: dict[tuple[Predicate, Predicate], _Branch] = {}

    def group(below: Predicate, above: Predicate) -> _Branch:
        return groups.setdefault((below, above), _Branch(below, above, []))

    for value in sorted({v for node in (low, high) if node is not None for v, _child in node.arms}):
        below = low._child.get(value, low.present) if low is not None else lower
        above = high._child.get(value, high.present) if high is not None else upper
        group(below, above).values.append(value)
    other = group(low.present if low is not None else lower, high.present if high is not None else upper)
    other.others = True
    none = group(low.missing if low is not None else lower, high.missing if high is not None else upper)
    none.missing = True
    return list(groups.values())


def _condition(key: str, joined: list[_Branch], named: list[str]) -> Condition:
    """To leave by one of the joined branches; `named` are all the values that any branch names."""
    inside = {value for branch in joined for value in branch.values}
    others = any(branch.others for branch in joined)
    values = tuple(value for value in named if (value in inside) is not others)
    return Condition(key, values, others, any(branch.missing for branch in joined))
