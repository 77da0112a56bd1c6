"""Looks for blocks for one target, while every other target keeps its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from segkit.platforms.aws.lower.blocking.books import Books, Load
from segkit.platforms.aws.lower.blocking.demand import Demand, ones
from segkit.platforms.aws.lower.blocking.layout import Layout, Spared, Told

BROAD = 3
"""Selectors of more kinds than this are worth a block."""
MOST = 160
"""So many selectors are tried in other blocks, those first on which most rules hang."""
TRIED = 4
"""Of the layouts that promise to cost less, so many are looked at in all other targets too."""
SPARABLE = 6
"""Interfaces may be spared the groups of the first so many blocks: every set of those is tried."""

Near = tuple[tuple[int, int], tuple[list[int], list[int]]]
"""What a group receives and sends: rules that hang on no layout of this target, and the far ends that do."""


class Turn:
    """A target's turn: one selector after the other goes where it costs least.

    Other targets are told at prices, which say what a rule more costs them, and asked before anything is
    settled, unless `rough`.
    """

    def __init__(self, books: Books, name: str, rough: bool) -> None:
        self._books, self._rough = books, rough
        self._demand: Demand = books.demands[name]
        self._prices = books.prices(name)
        self._near: dict[int, Near] = {}
        self.layout = books.layouts[name]
        self._local = self._cost_here(self.layout)
        self._priced = self._local + self._cost_elsewhere(self.layout)

    def take(self) -> None:
        """Goes through all selectors, then through those of whoever would carry too many groups."""
        for selector in self._promising():
            self._choose(self._elsewhere(selector))
        self._books.keep(self.layout)
        for selector in self._crowded():
            self._choose(self._elsewhere(selector))
            self._choose(self._sparing(selector))
        self._books.keep(self.layout)

    # -- what to try

    def _promising(self) -> list[int]:
        demand, weights = self._demand, dict[int, float]()
        for number, who in enumerate(demand.who):
            if who.bit_count() > BROAD:
                named = len(demand.opened(1 << number).far)
                weights[number] = who.bit_count() * (3 * named + self._prices.get(who, 0.0) + 1)
        return sorted(weights, key=lambda number: (-weights[number], number))[:MOST]

    def _crowded(self) -> list[int]:
        """The small selectors of whoever would carry too many groups."""
        held = (self._demand.held[kind] for kind in self._books.over(self._demand.name))
        found = dict.fromkeys(selector for selectors in held for selector in ones(selectors))
        return [selector for selector in found if self._demand.who[selector].bit_count() <= BROAD]

    def _elsewhere(self, selector: int) -> Iterator[Layout]:
        """Every other place of a selector: the last block, any other, or any to tell of it and the first for
        its rules."""
        last, now = self.layout.blocks, self.layout.told.get(selector, ())
        places: list[tuple[int, ...]] = [(), *((block,) for block in range(last))]
        if self._demand.opening >> selector & 1:
            places += [(0, block) for block in range(1, last)]
        for told in places:
            if told != now:
                yield self._like({**self.layout.told, selector: told}, self.layout.spared)

    def _sparing(self, selector: int) -> Iterator[Layout]:
        """Every other set of blocks that the kinds of a selector may be spared."""
        every = range(min(self.layout.blocks, SPARABLE))
        sets = (frozenset(found) for n in range(len(every) + 1) for found in combinations(every, n))
        for spared in sets:
            if spared != self.layout.spared.get(selector, frozenset()):
                yield self._like(self.layout.told, {**self.layout.spared, selector: spared})

    def _like(self, told: Told, spared: Spared) -> Layout:
        return Layout(self._demand, told, spared, self.layout.blocks, before=self.layout)

    # -- what to take

    def _choose(self, layouts: Iterable[Layout]) -> None:
        """Takes the layout that costs least, if any costs less than what there is."""
        found = []
        for number, layout in enumerate(layouts):
            local = self._cost_here(layout)
            priced = local + self._cost_elsewhere(layout)
            if priced < self._priced - 1e-6:
                found.append((priced, number, local, layout))
        for priced, _, local, layout in sorted(found)[:TRIED]:
            moved = self._books.move(self.layout, layout)
            if self._rough or moved.cost + local - self._local < -1e-6:
                self._books.apply(moved)
                layout.settle()
                self.layout, self._local, self._priced = layout, local, priced
                return

    def _cost_here(self, layout: Layout) -> float:
        """Rules in the target's own groups, and interfaces over quota."""
        covers = layout.covers
        loads, rules = [], 0
        for kinds, selectors in layout.groups:
            counts, far = self._opened(selectors)
            received, sent = counts
            for one in far[0]:
                received += covers(one)
            for one in far[1]:
                sent += covers(one)
            loads.append(Load(kinds, received, sent))
            rules += received + sent
        return rules + self._books.crowding(self._demand.name, loads)

    def _cost_elsewhere(self, layout: Layout) -> float:
        return sum([price * layout.covers(far) for far, price in self._prices.items()])

    def _opened(self, selectors: int) -> Near:
        found = self._near.get(selectors)
        if found is None:
            opened, name = self._demand.opened(selectors), self._demand.name
            counts, far = list(opened.by_address()), (list[int](), list[int]())
            for (sends, _, target), who in opened.far.items():
                if target == name:
                    far[sends].append(who)
                else:
                    counts[sends] += self._books.layouts[target].covers(who)
            found = self._near[selectors] = (counts[0], counts[1]), far
        return found
