"""The common refinement of address sets: parts that no set of a family of sets cuts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from segkit.sets.addresses import EVERYWHERE, Addresses
from segkit.sets.intervals import EMPTY, IntervalSet, Span

Part = tuple[Addresses | None, int]


class AddressAtoms:
    """Splits addresses by which of many sets hold them.

    >>> atoms = AddressAtoms([Addresses.of("10.0.0.0/8"), Addresses.of("10.1.0.0/16")])
    >>> [truth for _, truth in atoms.split(Addresses.of("10.0.0.0/8"), 4)]
    [1, 3]
    """

    def __init__(self, sets: Sequence[Addresses]) -> None:
        distinct: dict[Addresses, int] = {}
        for i, s in enumerate(sets):
            distinct[s] = distinct.get(s, 0) | 1 << i
        self._lines = {family: _Line(distinct, family) for family in (4, 6)}

    def split(self, addresses: Addresses | None, family: int) -> tuple[Part, ...]:
        """The parts of `addresses` with, for each, the sets that hold it; an unknown address is one part, in
        the sets that are the whole family."""
        return self._lines[family].split(addresses)


class _Line:
    """The addresses of one family, cut wherever a set begins or ends."""

    def __init__(self, distinct: dict[Addresses, int], family: int) -> None:
        self._family = family
        whole = EVERYWHERE.family(family)
        self._whole = sum(which for s, which in distinct.items() if s.family(family) == whole)
        turns = {0: 0}
        for s, which in distinct.items():
            for lo, hi in (s.v4 if family == 4 else s.v6).spans:
                turns[lo] = turns.get(lo, 0) ^ which
                turns[hi + 1] = turns.get(hi + 1, 0) ^ which
        self._starts = sorted(turns)
        self._truths: list[int] = []
        truth = 0
        for start in self._starts:
            truth ^= turns[start]
            self._truths.append(truth)

    def split(self, addresses: Addresses | None) -> tuple[Part, ...]:
        if addresses is None:
            return ((None, self._whole),)
        spans = (addresses.v4 if self._family == 4 else addresses.v6).spans
        found: dict[int, list[Span]] = {}
        for lo, hi in spans:
            at = bisect_right(self._starts, lo) - 1
            while lo <= hi:
                end = self._starts[at + 1] - 1 if at + 1 < len(self._starts) else hi
                found.setdefault(self._truths[at], []).append((lo, min(hi, end)))
                lo, at = end + 1, at + 1
        if len(found) == 1:
            return tuple((addresses, truth) for truth in found)
        return tuple((self._addresses(held), truth) for truth, held in sorted(found.items()))

    def _addresses(self, spans: list[Span]) -> Addresses:
        line = IntervalSet(tuple(spans))
        return Addresses(line, EMPTY) if self._family == 4 else Addresses(EMPTY, line)
