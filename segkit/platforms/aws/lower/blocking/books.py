"""How many rules every group of every target has, and what a rule more or an interface over quota costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from segkit.platforms.aws.lower.blocking.demand import Demand, ones
from segkit.platforms.aws.lower.blocking.layout import Layout

OVER = 300
"""A kind of interfaces with a group more than its quota costs as much as so many rules."""
HEAVIEST = 2048
"""What stays over quota counts twice as much with every round, up to so many times."""
CLOSE = 4
"""Groups with room for fewer rules than this take one more at a higher price."""


Users = dict[int, list[tuple[int, bool]]]
"""For a far end, the groups that name it, and whether they send."""


class Load(NamedTuple):
    """The kinds in a group, and how many rules it has for what they receive and send."""

    kinds: int
    received: int
    sent: int

    def groups(self, limit: int) -> int:
        """Into how many groups it has to be cut."""
        return max(1, -(-max(self.received, self.sent) // limit))


class Books:
    """Keeps count while layouts change, one target at a time."""

    def __init__(self, demands: Mapping[str, Demand]) -> None:
        self.demands = demands
        self.layouts: dict[str, Layout] = {}
        self._room = 0.0
        self._loads: dict[str, list[Load]] = {}
        self._crowding: dict[str, float] = {}
        self._users: dict[str, dict[str, Users]] = {n: {} for n in demands}
        """Who names far ends of a target, by the target that they are in themselves."""
        self._weights: dict[str, dict[int, int]] = {n: {} for n in demands}

    def start(self, layouts: Mapping[str, Layout]) -> None:
        """Begins with a layout for each target."""
        self.layouts = dict(layouts)
        for name in layouts:
            self._enter(name)

    def keep(self, layout: Layout) -> None:
        """Takes a target's layout for good, when what it changes elsewhere has been applied."""
        self.layouts[layout.demand.name] = layout
        self._enter(layout.demand.name)

    def _enter(self, name: str) -> None:
        layout, demand = self.layouts[name], self.demands[name]
        loads = self._loads[name] = []
        users: dict[str, Users] = {other: defaultdict(list) for other in self.demands}
        for number, group in enumerate(layout.groups):
            opened = demand.opened(group.selectors)
            counts = list(opened.by_address())
            for (sends, _, target), far in opened.far.items():
                counts[sends] += self.layouts[target].covers(far)
                users[target][far].append((number, sends))
            loads.append(Load(group.kinds, *counts))
        for target, found in users.items():
            self._users[target][name] = found
        self._crowding[name] = self.crowding(name, loads)
        demand.forget()

    # -- what it costs

    def crowding(self, name: str, loads: Iterable[Load]) -> float:
        """How far kinds of interfaces are over their quota of groups, in rules. Half of the last group counts
        as much as there are rules to lose before it goes, so that a step in the right direction is seen."""
        demand, weights, limit = self.demands[name], self._weights[name], self._limit(name)
        carried, excess = [0] * demand.kinds, [limit] * demand.kinds
        for load in loads:
            number = load.groups(limit)
            over = max(load.received, load.sent) - (number - 1) * limit if number > 1 else limit
            for kind in ones(load.kinds):
                carried[kind] += number
                if over < excess[kind]:
                    excess[kind] = over
        quota, out = demand.groups, 0.0
        for kind, number in enumerate(carried):
            if number > quota:
                out += (number - quota - (1 - excess[kind] / limit) / 2) * weights.get(kind, 1)
        return OVER * out

    def loads(self, name: str) -> list[Load]:
        """How much each group of a target has."""
        return self._loads[name]

    def missing(self, names: Iterable[str]) -> int:
        """How many kinds of some targets would carry too many groups, with groups filled to the last rule."""
        room, self._room = self._room, 0.0
        found = sum(len(self.over(name)) for name in names)
        self._room = room
        return found

    def over(self, name: str) -> list[int]:
        """The kinds of a target that would carry too many groups."""
        quota = self.demands[name].groups
        return [kind for kind, number in enumerate(self._carried(name)) if number > quota]

    def _carried(self, name: str) -> Sequence[int]:
        """How many groups each kind of a target carries."""
        limit, carried = self._limit(name), [0] * self.demands[name].kinds
        for load in self._loads[name]:
            number = load.groups(limit)
            for kind in ones(load.kinds):
                carried[kind] += number
        return carried

    def _limit(self, name: str) -> int:
        """The rules of a group that counts as full."""
        rules = self.demands[name].rules
        return rules - int(self._room * rules)

    def weigh(self, room: float) -> None:
        """Makes heavier what is over quota: who is left out by every single step is worth several. From now
        on a group counts as full where only this share of its rules is free."""
        for name, weights in self._weights.items():
            for kind in self.over(name):
                weights[kind] = min(HEAVIEST, 2 * weights.get(kind, 1))
        self._room = room
        for name, loads in self._loads.items():
            self._crowding[name] = self.crowding(name, loads)

    def prices(self, name: str) -> dict[int, float]:
        """What groups elsewhere would pay for a rule more, for each far end that they name in a target."""
        out: dict[int, float] = defaultdict(float)
        for other, users in self._users[name].items():
            prices = self._prices_in(other) if other != name and users else []
            for far, groups in users.items() if prices else ():
                out[far] += sum([prices[group] for group, _ in groups])
        return dict(out)

    def _prices_in(self, name: str) -> list[float]:
        """What each group of a target would pay for a rule more."""
        demand, weights, limit = self.demands[name], self._weights[name], self._limit(name)
        carried = self._carried(name)
        over = sum(1 << kind for kind, number in enumerate(carried) if number > demand.groups)
        full = sum(1 << kind for kind, number in enumerate(carried) if number == demand.groups)
        out = []
        for load in self._loads[name]:
            price, number = 1.0, load.groups(limit)
            if number > 1 and load.kinds & over:
                weight = sum(weights.get(kind, 1) for kind in ones(load.kinds & over))
                price += OVER * weight / limit
            room = number * limit - max(load.received, load.sent)
            if room < CLOSE and load.kinds & full:
                price += OVER * (load.kinds & full).bit_count() / (room + 1) / CLOSE
            out.append(price)
        return out

    # -- when a layout changes

    def move(self, now: Layout, then: Layout) -> Moved:
        """What another layout of a target would change in the others."""
        name = now.demand.name
        loads: dict[str, list[Load]] = {}
        more = _Difference(now, then)
        cost = 0.0
        for other, users in self._users[name].items():
            changed = {far: more[far] for far in users if more[far]} if other != name else {}
            for far, number in changed.items():
                held = loads.setdefault(other, list(self._loads[other]))
                for group, sends in users[far]:
                    kinds, received, sent = held[group]
                    held[group] = Load(kinds, received + number * (not sends), sent + number * sends)
                    cost += number
        crowding = {other: self.crowding(other, held) for other, held in loads.items()}
        cost += sum(found - self._crowding[other] for other, found in crowding.items())
        return Moved(cost, loads, crowding)

    def apply(self, moved: Moved) -> None:
        """Enters what has moved."""
        self._loads.update(moved.loads)
        self._crowding.update(moved.crowding)


class _Difference(dict[int, int]):
    """How many groups more name a far end in one layout than in another."""

    def __init__(self, now: Layout, then: Layout) -> None:
        super().__init__()
        self._now, self._then = now, then

    def __missing__(self, far: int) -> int:
        found = self[far] = self._then.covers(far) - self._now.covers(far)
        return found


class Moved(NamedTuple):
    """What other targets would have to pay, and their books then."""

    cost: float
    loads: dict[str, list[Load]]
    crowding: dict[str, float]
