"""Exact sets of whole numbers, kept as sorted spans. Services and addresses are built on this."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter

Span = tuple[int, int]

_HI = itemgetter(1)
_LO = itemgetter(0)
_SPAN_TEXT = re.compile(r"\s*(-?[0-9]+)\s*(?:-\s*(-?[0-9]+)\s*)?", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class IntervalSet:
    """A set of integers: sorted, disjoint, non-adjacent spans, both ends included.

    The form is unique, so equal sets have equal spans, hashes and texts. Spans may be given in any order and
    may overlap. A span whose first number is larger than its last raises ValueError.

    >>> IntervalSet.of((1, 5), (6, 9)) - IntervalSet.of((4, 4))
    IntervalSet.of((1, 3), (5, 9))
    """

    spans: tuple[Span, ...] = ()
    _hash: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "spans", _normal(self.spans))

    @staticmethod
    def of(*spans: Span) -> IntervalSet:
        """The set that covers all `spans`, each (first, last) with both ends included."""
        return IntervalSet(spans)

    @staticmethod
    def between(lo: int, hi: int) -> IntervalSet:
        """The set of one span, with `lo` at most `hi`: what `of` gives, without looking at it."""
        return _made(((lo, hi),))

    @staticmethod
    def union(sets: Iterable[IntervalSet]) -> IntervalSet:
        """The union of many sets in one sort; cheaper than folding with `|`."""
        held = [one for one in sets if one.spans]
        if len(held) < 2:
            return held[0] if held else EMPTY
        return _made(_coalesce(sorted([span for one in held for span in one.spans])))

    @staticmethod
    def parse(text: str) -> IntervalSet:
        """The set written as comma-separated numbers and ranges, or "none". ValueError on anything else.

        >>> str(IntervalSet.parse("7, 1-3, 4"))
        '1-4,7'
        """
        if text.strip() == "none":
            return EMPTY
        spans = []
        for item in text.split(","):
            found = _SPAN_TEXT.fullmatch(item)
            if found is None:
                raise ValueError(f"{item.strip()!r} is not a number or a range such as 8000-8100")
            lo = int(found[1])
            spans.append((lo, lo if found[2] is None else int(found[2])))
        return IntervalSet(tuple(spans))

    @property
    def size(self) -> int:
        """How many integers are in the set."""
        return sum(hi - lo + 1 for lo, hi in self.spans)

    def overlaps(self, other: IntervalSet) -> bool:
        """Whether the two sets share a number; the same as `bool(self & other)` without building it."""
        few, many = _by_length(self.spans, other.spans)
        if not few:
            return False
        if len(many) <= 8 * len(few):
            return _overlap(few, many)
        for lo, hi in few:
            at = bisect_left(many, lo, key=_HI)
            if at < len(many) and many[at][0] <= hi:
                return True
        return False

    def __or__(self, other: IntervalSet) -> IntervalSet:
        a, b = self.spans, other.spans
        if self is other or not b:
            return self
        if not a:
            return other
        if a[-1][1] < b[0][0] - 1:
            return _made(a + b)
        if b[-1][1] < a[0][0] - 1:
            return _made(b + a)
        if len(a) == 1 and a[0][0] <= b[0][0] and b[-1][1] <= a[0][1]:
            return self
        if len(b) == 1 and b[0][0] <= a[0][0] and a[-1][1] <= b[0][1]:
            return other
        # Two sorted runs: sorting them is a linear merge.
        return _made(_coalesce(sorted(a + b)))

    def __and__(self, other: IntervalSet) -> IntervalSet:
        a, b = self.spans, other.spans
        if self is other or not a:
            return self
        if not b:
            return other
        if len(a) == 1:
            return _clip(other, *a[0], whole=self)
        if len(b) == 1:
            return _clip(self, *b[0], whole=other)
        return _made(_meet(a, b))

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        a, b = self.spans, other.spans
        if self is other:
            return EMPTY
        if not a or not b or a[-1][1] < b[0][0] or b[-1][1] < a[0][0]:
            return self
        return _made(_minus(a, b))

    def __le__(self, other: IntervalSet) -> bool:
        a, b = self.spans, other.spans
        if self is other or not a:
            return True
        if not b or a[0][0] < b[0][0] or a[-1][1] > b[-1][1]:
            return False
        if len(b) == 1:
            return True
        start = 0
        for lo, hi in a:
            start = bisect_left(b, lo, start, key=_HI)
            if b[start][0] > lo or b[start][1] < hi:
                return False
        return True

    def __contains__(self, number: int) -> bool:
        at = bisect_left(self.spans, number, key=_HI)
        return at < len(self.spans) and self.spans[at][0] <= number

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return self.spans == other.spans if isinstance(other, IntervalSet) else NotImplemented

    def __hash__(self) -> int:
        if not self._hash:
            object.__setattr__(self, "_hash", hash(self.spans))
        return self._hash

    def __str__(self) -> str:
        return ",".join(f"{lo}" if lo == hi else f"{lo}-{hi}" for lo, hi in self.spans) or "none"

    def __repr__(self) -> str:
        return f"IntervalSet.of({', '.join(map(str, self.spans))})"


def _made(spans: tuple[Span, ...]) -> IntervalSet:
    """A set from spans that are known to be in normal form; skips the check."""
    if not spans:
        return EMPTY
    made = object.__new__(IntervalSet)
    object.__setattr__(made, "spans", spans)
    object.__setattr__(made, "_hash", 0)
    return made


def _normal(spans: Iterable[Span]) -> tuple[Span, ...]:
    ordered = sorted((int(lo), int(hi)) for lo, hi in spans)
    for lo, hi in ordered:
        if lo > hi:
            raise ValueError(f"the range {lo}-{hi} is reversed; write {hi}-{lo}")
    return _coalesce(ordered)


def _coalesce(ordered: list[Span]) -> tuple[Span, ...]:
    """Sorted spans with overlapping and adjacent ones joined."""
    if len(ordered) < 2:
        return tuple(ordered)
    out: list[Span] = []
    start, end = ordered[0]
    for lo, hi in ordered:
        if lo > end + 1:
            out.append((start, end))
            start, end = lo, hi
        elif hi > end:
            end = hi
    out.append((start, end))
    return tuple(out)


def _clip(many: IntervalSet, lo: int, hi: int, whole: IntervalSet) -> IntervalSet:
    """`many` & the single span (lo, hi); `whole` is that span as a set, given back when nothing is cut."""
    spans = many.spans
    if lo <= spans[0][0] and spans[-1][1] <= hi:
        return many
    first = bisect_left(spans, lo, key=_HI)
    last = bisect_right(spans, hi, key=_LO)
    if first >= last:
        return EMPTY
    if first + 1 == last and spans[first][0] <= lo and hi <= spans[first][1]:
        return whole
    cut = list(spans[first:last])
    cut[0] = (max(lo, cut[0][0]), cut[0][1])
    cut[-1] = (cut[-1][0], min(hi, cut[-1][1]))
    return _made(tuple(cut))


def _meet(a: tuple[Span, ...], b: tuple[Span, ...]) -> tuple[Span, ...]:
    out: list[Span] = []
    i, j = bisect_left(a, b[0][0], key=_HI), bisect_left(b, a[0][0], key=_HI)
    while i < len(a) and j < len(b):
        a_lo, a_hi = a[i]
        b_lo, b_hi = b[j]
        # Not max() and min(): a call each would double the time of this loop.
        lo = a_lo if a_lo > b_lo else b_lo  # noqa: FURB136
        hi = a_hi if a_hi < b_hi else b_hi  # noqa: FURB136
        if lo <= hi:
            out.append((lo, hi))
        if a_hi < b_hi:
            i += 1
        else:
            j += 1
    return tuple(out)


def _minus(a: tuple[Span, ...], b: tuple[Span, ...]) -> tuple[Span, ...]:
    first = bisect_left(a, b[0][0], key=_HI)
    out: list[Span] = list(a[:first])
    j = bisect_left(b, a[0][0], key=_HI)
    for i in range(first, len(a)):
        lo, hi = a[i]
        while j < len(b) and b[j][1] < lo:
            j += 1
        if j == len(b):
            out.extend(a[i:])
            break
        k = j
        while k < len(b) and b[k][0] <= hi and lo <= hi:
            if b[k][0] > lo:
                out.append((lo, b[k][0] - 1))
            lo = b[k][1] + 1
            k += 1
        if lo <= hi:
            out.append((lo, hi))
        j = max(j, k - 1)
    return tuple(out)


def _overlap(a: tuple[Span, ...], b: tuple[Span, ...]) -> bool:
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i][1] < b[j][0]:
            i += 1
        elif b[j][1] < a[i][0]:
            j += 1
        else:
            return True
    return False


def _by_length(a: tuple[Span, ...], b: tuple[Span, ...]) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    return (a, b) if len(a) <= len(b) else (b, a)


EMPTY = IntervalSet()
