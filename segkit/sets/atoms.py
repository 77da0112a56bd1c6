"""The common refinement of address sets: parts that no set of a family of sets cuts."""

from __future__ import annotations

from collections.abc import Sequence

from segkit.sets.addresses import EVERYWHERE, Addresses


class AddressAtoms:
    """Splits addresses by which of many sets hold them.

    >>> atoms = AddressAtoms([Addresses.of("10.0.0.0/8"), Addresses.of("10.1.0.0/16")])
    >>> [truth for _, truth in atoms.split(Addresses.of("10.0.0.0/8"), 4)]
    [1, 3]
    """

    def __init__(self, sets: Sequence[Addresses]) -> None:
        self._distinct: dict[Addresses, int] = {}
        for i, s in enumerate(sets):
            self._distinct[s] = self._distinct.get(s, 0) | 1 << i
        self._memo: dict[tuple[Addresses | None, int], tuple[tuple[Addresses | None, int], ...]] = {}

    def split(self, addresses: Addresses | None, family: int) -> tuple[tuple[Addresses | None, int], ...]:
        """The parts of `addresses` with, for each, the sets that hold it; an unknown address is one part."""
        key = (addresses, family)
        if key not in self._memo:
            self._memo[key] = self._split(addresses, family)
        return self._memo[key]

    def _split(self, addresses: Addresses | None, family: int) -> tuple[tuple[Addresses | None, int], ...]:
        if addresses is None:
            whole = EVERYWHERE.family(family)
            truth = sum(which for s, which in self._distinct.items() if s.family(family) == whole)
            return ((None, truth),)
        parts: dict[int, Addresses] = {0: addresses} if addresses else {}
        for s, which in self._distinct.items():
            if not s.overlaps(addresses):
                continue
            refined: dict[int, Addresses] = {}
            for truth, part in parts.items():
                for t, p in ((truth | which, part & s), (truth, part - s)):
                    if p:
                        refined[t] = refined[t] | p if t in refined else p
            parts = refined
        return tuple((part, truth) for truth, part in sorted(parts.items()))
