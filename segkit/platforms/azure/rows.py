"""Who reaches whom for a whole estate at once: the rules of every security group as layers of bitsets.

The facts are those of `segkit.platforms.azure.evaluate`; this module only asks them for many ends together,
and tests hold the two to each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from segkit.platforms.azure.evaluate import Enforcement
from segkit.platforms.azure.state import Direction, Members, Range, Rule, Side
from segkit.platforms.base import Spot
from segkit.sets import Addresses, ServiceSet
from segkit.sets.atoms import AddressAtoms
from segkit.sets.bitmatrix import transpose
from segkit.sets.planes import Kept, Row, merge, paint, together

Layer = tuple[ServiceSet, int, bool]
"""Services, the spots that they are decided for, and whether they pass."""

LEVELS = ("subnet", "interface")


@dataclass(frozen=True, slots=True)
class Profile:
    """An interface: its application security groups, the security groups of its subnet and of itself, and
    the virtual network whose security admin rules it is under, if any."""

    groups: frozenset[str]
    subnet: str | None = None
    interface: str | None = None
    network: str | None = None

    @property
    def filters(self) -> tuple[str | None, str | None]:
        """The security group at each level."""
        return self.subnet, self.interface


_NOTHING = Profile(frozenset())


class Rows:
    """Answers for a fixed list of spots; bit i of a row stands for the spot at position i."""

    def __init__(self, enforcement: Enforcement, spots: Sequence[Spot]) -> None:
        self._enforcement = enforcement
        self._profiles = [profile_of(spot) for spot in spots]
        self._everyone = (1 << len(spots)) - 1
        cuts = enforcement.cuts()
        atoms = AddressAtoms(cuts)
        self._ranges = [truth for s in spots for _, truth in atoms.split(s.addresses, s.family)]
        self._inside = dict(zip(cuts, transpose(self._ranges, len(cuts)), strict=True))
        self._place = {cut: position for position, cut in enumerate(cuts)}
        self._members: dict[str, int] = defaultdict(int)
        self._under: dict[str, int] = defaultdict(int)
        self._filtered: tuple[dict[str, int], dict[str, int]] = (defaultdict(int), defaultdict(int))
        for position, profile in enumerate(self._profiles):
            for group in profile.groups:
                self._members[group] |= 1 << position
            for level, key in enumerate(profile.filters):
                if key is not None:
                    self._filtered[level][key] |= 1 << position
            if profile.network is not None:
                self._under[profile.network] |= 1 << position
        self._open = [self._everyone & ~sum(held.values()) for held in self._filtered]
        self._received = [_Asked(self._inbound(level), self._place) for level in self._filtered]
        self._sending: dict[str, _Asked] = {}
        self._first = [
            (rule, self._named(rule.destination) & held)
            for network, held in sorted(self._under.items())
            for rule in reversed(enforcement.admin(network, Direction.INBOUND))
        ]
        self._sent: Kept[tuple[Profile, int]] = Kept(len(spots))
        self._let_in: Kept[tuple[frozenset[str], int]] = Kept(len(spots))

    def outgoing(self, source: int) -> Row:
        """Where the source's own security groups let it send."""
        profile, truth = self._profiles[source], self._ranges[source]

        def make() -> Row:
            rows = [
                paint(self._from(key).of(profile.groups, truth)) for key in profile.filters if key is not None
            ]
            first = [
                (rule, self._named(rule.destination))
                for rule in reversed(self._enforcement.admin(profile.network, Direction.OUTBOUND))
            ]
            return self._unless(first, profile.groups, truth, rows)

        return self._sent.row((profile, truth), make)

    def incoming(self, source: int) -> Row:
        """Whose security groups let the source in."""
        groups, truth = self._profiles[source].groups, self._ranges[source]

        def make() -> Row:
            levels = zip(self._received, self._open, strict=True)
            rows = [paint(asked.of(groups, truth), open_to) for asked, open_to in levels]
            return self._unless(self._first, groups, truth, rows)

        return self._let_in.row((groups, truth), make)

    def _from(self, key: str) -> _Asked:
        """The outbound rules of a security group, the last to be asked first."""
        if key not in self._sending:
            rules = reversed(self._enforcement.rules(key, Direction.OUTBOUND))
            layers = [(r.source, (r.services, self._named(r.destination), r.allow)) for r in rules]
            self._sending[key] = _Asked(layers, self._place)
        return self._sending[key]

    def _unless(
        self, first: Sequence[tuple[Rule, int]], groups: frozenset[str], truth: int, rows: Sequence[Row]
    ) -> Row:
        """What passes security groups, unless admin rules have decided: those come with the spots that they
        are about, the last to be asked first."""
        asked = [(rule, held) for rule, held in first if self._matches(rule.source, groups, truth)]
        if not asked:
            return _both([paint([], self._everyone), *rows])
        always = paint([(rule.services, held, rule.allow and rule.final) for rule, held in asked])
        left = paint([(rule.services, held, not rule.final) for rule, held in asked], self._everyone)
        passed = together([always, _both([left, *rows])])
        return merge((lo, hi, held[0] | held[1]) for lo, hi, held in passed)

    def _inbound(self, filtered: Mapping[str, int]) -> list[tuple[Side, Layer]]:
        """The inbound rules of all security groups of a level, the last to be asked first in each: what one
        of them filters, no other does."""
        return [
            (rule.source, (rule.services, self._named(rule.destination) & held, rule.allow))
            for key, held in sorted(filtered.items())
            for rule in reversed(self._enforcement.rules(key, Direction.INBOUND))
        ]

    def _named(self, side: Side) -> int:
        """The spots that an end of a rule names."""
        if isinstance(side, Range):
            return self._inside[side.addresses]
        named = 0
        for group in side.groups:
            named |= self._members.get(group, 0)
        return named

    def _matches(self, side: Side, groups: frozenset[str], truth: int) -> bool:
        if isinstance(side, Members):
            return not side.groups.isdisjoint(groups)
        return bool(truth >> self._place[side.addresses] & 1)


class _Asked:
    """Layers by the sources that they are about, of which most name few."""

    def __init__(self, layers: Iterable[tuple[Side, Layer]], place: Mapping[Addresses, int]) -> None:
        self._layers: list[Layer] = []
        self._groups: dict[str, list[int]] = defaultdict(list)
        self._ranges: dict[int, list[int]] = defaultdict(list)
        for number, (side, layer) in enumerate(layers):
            self._layers.append(layer)
            if isinstance(side, Range):
                self._ranges[place[side.addresses]].append(number)
            else:
                for group in side.groups:
                    self._groups[group].append(number)

    def of(self, groups: frozenset[str], truth: int) -> list[Layer]:
        """Those that speak of who is in some groups and ranges, in their order."""
        found = {number for group in groups for number in self._groups.get(group, ())}
        for place, numbers in self._ranges.items():
            if truth >> place & 1:
                found.update(numbers)
        return [self._layers[number] for number in sorted(found)]


def _both(rows: Sequence[Row]) -> Row:
    """What passes all of some rows."""
    return merge((lo, hi, _all(held)) for lo, hi, held in together(rows))


def _all(held: Sequence[int]) -> int:
    out = held[0]
    for one in held[1:]:
        out &= one
    return out


def profile_of(spot: Spot) -> Profile:
    """How a spot is filtered: not at all where no target owns it."""
    return spot.profile if isinstance(spot.profile, Profile) else _NOTHING
