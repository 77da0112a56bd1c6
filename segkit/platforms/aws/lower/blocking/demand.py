"""What a search for blocks has to know of a target: who is in its selectors, and what each of them opens.

Interfaces that carry the same selectors are one *kind*, and whoever is meant is a bitset of kinds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from segkit.model.model import Target
from segkit.platforms.aws.lower.plan import Draft
from segkit.platforms.aws.lower.services import Range, ranges
from segkit.platforms.lowering.carrying import Key, held_keys

Place = tuple[bool, Range, str]
"""Whether a group sends, the range, and the target: far ends that agree in these are named together."""
Cidr = tuple[bool, int, Range, str]
"""A far end by address: whether the group sends, the family, the range and the CIDR."""


def ones(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set, the lowest first.

    >>> list(ones(0b1010))
    [1, 3]
    """
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


class Opened:
    """What some selectors open together: far ends in targets, and far ends by address."""

    __slots__ = ("cidrs", "far")

    def __init__(self, far: dict[Place, int], cidrs: frozenset[Cidr] = frozenset()) -> None:
        self.far, self.cidrs = far, cidrs

    def __bool__(self) -> bool:
        return bool(self.far or self.cidrs)

    def __add__(self, other: Opened) -> Opened:
        far = dict(self.far)
        for place, who in other.far.items():
            far[place] = far.get(place, 0) | who
        return Opened(far, self.cidrs | other.cidrs)

    def by_address(self) -> tuple[int, int]:
        """Rules by address, of the family with more: what is received, and what is sent."""
        counts = Counter((sends, family) for sends, family, _, _ in self.cidrs)
        return max(counts[False, 4], counts[False, 6]), max(counts[True, 4], counts[True, 6])


class Demand:
    """One target. Selectors that hold the same kinds count as one; those that hold more have higher
    numbers."""

    def __init__(self, draft: Draft, target: Target) -> None:
        self.name = target.name
        here = draft.placements[target.name]
        self.rules, self.groups = here.quota("rules_per_group"), here.quota("groups_per_interface")
        self.holds: dict[Key, int] = defaultdict(int)
        """The kinds that a key holds."""
        found = held_keys(draft.keys_of[target.name], target, draft.intent.population)
        kinds = dict.fromkeys(held for held, _ in found if held)
        for number, held in enumerate(kinds):
            for key in held:
                self.holds[key] |= 1 << number
        alike: dict[int, list[Key]] = defaultdict(list)
        for key, who in self.holds.items():
            alike[who].append(key)
        self.who = sorted(alike, key=lambda kinds: (kinds.bit_count(), kinds))
        """The kinds in each selector."""
        self.keys = [alike[kinds] for kinds in self.who]
        """The keys that each selector stands for."""
        self.held = [0] * len(kinds)
        """The selectors that hold each kind, as a bitset."""
        for number, who in enumerate(self.who):
            for kind in ones(who):
                self.held[kind] |= 1 << number
        self._opened: list[Opened] = []
        self._together: dict[int, Opened] = {}

    @property
    def kinds(self) -> int:
        """How many kinds there are."""
        return len(self.held)

    def read(self, draft: Draft, demands: Mapping[str, Demand]) -> None:
        """Takes in what the draft opens for the target, when everybody knows whom their selectors hold."""
        number = {key: n for n, keys in enumerate(self.keys) for key in keys}
        far: list[dict[Place, int]] = [{} for _ in self.who]
        cidrs: list[set[Cidr]] = [set() for _ in self.who]
        for rule, peers in draft.by_target[self.name]:
            own = number.get(Key(self.name, rule.own))
            if own is None:
                continue  # nobody is in it today
            sends = rule.direction == "egress"
            for piece in ranges(rule.services):
                for key in peers.references:
                    place = sends, piece, key.target
                    far[own][place] = far[own].get(place, 0) | demands[key.target].holds.get(key, 0)
                for family in rule.families if peers.addresses else ():
                    if piece.family in (None, family):
                        texts = peers.addresses.family(family).texts()
                        cidrs[own].update((sends, family, piece, cidr) for cidr in texts)
        self._opened = [Opened(f, frozenset(c)) for f, c in zip(far, cidrs, strict=True)]
        self.opening = sum(1 << n for n, opened in enumerate(self._opened) if opened)
        """The selectors that open anything, as a bitset."""
        self.forget()

    def opened(self, selectors: int) -> Opened:
        """What a set of selectors opens."""
        left, new = selectors, list[int]()
        while left not in self._together:
            new.append(left.bit_length() - 1)
            left ^= 1 << new[-1]
        found = self._together[left]
        for number in reversed(new):
            left |= 1 << number
            found = self._together[left] = found + self._opened[number]
        return found

    def forget(self) -> None:
        """Drops what sets of selectors open: a search looks at very many."""
        self._together = {0: Opened({})}
