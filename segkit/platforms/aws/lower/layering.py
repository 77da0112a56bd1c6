"""Which layers of label keys suit a target, and which of its groups to cut.

From what is pinned, or one layer of every label, another is added as long as that helps: of all sets of
labels that selectors ask for, those that a count by selectors finds best are tried in earnest. The count
knows how many groups say who a selector is and how many rules each would have, but not which rules are one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from segkit.model.model import Target
from segkit.platforms.aws.lower.covering import Cover
from segkit.platforms.aws.lower.fit import rule_counts
from segkit.platforms.aws.lower.opening import own_plan
from segkit.platforms.aws.lower.plan import Draft, Plan
from segkit.platforms.aws.lower.services import ranges
from segkit.platforms.aws.lower.shards import cut_to_fit, group_name
from segkit.platforms.lowering.carrying import Key, held_keys
from segkit.platforms.lowering.encoding import Encoding, GroupId, Groups
from segkit.platforms.lowering.layers import Asked, layered

Layers = tuple[tuple[str, ...], ...]
Cost = tuple[int, int]
"""How far over quota, then how many rules."""

Opened = tuple[bool, int, tuple[int, ...]]
"""What a selector opens for one range: whether it sends, how many rules hang on no layer of the target, and
the far ends that do."""

TRIED, WIDELY = 4, 40
"""How many sets of labels are tried in earnest before one is chosen; and how many, where none of the first
helps and what is known is over a quota."""


class Layering:
    """Looks for layers of one target, while every other target keeps its encoding."""

    def __init__(self, draft: Draft, target: Target, now: Mapping[str, Encoding]) -> None:
        self._draft, self._target, self._pinned = draft, target, now[target.name]
        here = draft.placements[target.name]
        self._rules, self._groups = here.quota("rules_per_group"), here.quota("groups_per_interface")
        keys = draft.keys_of[target.name]
        self._keys = keys
        others = [t for t in draft.targets if t != target]
        self._elsewhere = {t.name: draft.groups(t, now[t.name]) for t in others}
        self._covers = {t.name: Cover(draft, t, self._elsewhere[t.name], now[t.name]) for t in others}
        asked = Asked(target, draft.intent.model.domains)
        self._asked = asked.by_piece(key.piece for key in keys)
        place = {key: n for n, key in enumerate(keys)}
        held = held_keys(keys, target, draft.intent.population)
        self._kinds = [(tuple(place[key] for key in found), len(places)) for found, places in held]
        self._opened = self._opened_by_key(place)
        self._referred = [draft.referred[key] for key in keys]
        self._every = frozenset[str]().union(*self._asked.values())
        self._memo: dict[Layers, tuple[Cost, Encoding]] = {}

    def best(self) -> Encoding | None:
        """The encoding with the best layers that the search finds, its fullest groups cut; None where no
        selector asks for labels."""
        if not self._every:
            return None
        layers = _ordered([*map(frozenset, self._pinned.layers), self._every])
        while better := self._better(layers):
            layers = better
        return self._tried(layers)[1]

    def _better(self, layers: Layers) -> Layers | None:
        """Layers beside some that cost less."""
        now = self._tried(layers)[0]
        promising = sorted(self._neighbours(layers), key=lambda other: (self._guess(other), other))
        for others in (promising[:TRIED], promising[TRIED:WIDELY] if now[0] else []):
            best = min((self._tried(other) for other in others), key=_cost, default=None)
            if best is not None and best[0] < now:
                return best[1].layers
        return None

    def again(self) -> tuple[Encoding, bool]:
        """What is pinned, with the groups cut that have to be now, and whether that fits."""
        cost, found = self._judged(replace(self._pinned, shards=()))
        return found, cost[0] == 0

    def _neighbours(self, layers: Layers) -> Iterator[Layers]:
        """One layer more, fewer or other; that of every label stays."""
        sets = sorted({*self._asked.values()}, key=sorted)
        wider = {one | other for one, other in combinations(sets, 2)} | set(sets)
        kept = [frozenset(layer) for layer in layers]
        more = [one for one in sorted(wider, key=sorted) if one not in kept]
        for one in more if len(kept) < self._groups else ():
            yield _ordered([*kept, one])
        for at in (n for n, one in enumerate(kept) if one != self._every):
            rest = [*kept[:at], *kept[at + 1 :]]
            yield _ordered(rest)
            for one in more:
                yield _ordered([*rest, one])

    # -- by selectors

    def _opened_by_key(self, place: Mapping[Key, int]) -> list[list[Opened]]:
        """What each selector opens."""
        out: list[list[Opened]] = [[] for _ in self._keys]
        for owner, rule, peers in self._draft.written:
            if owner.name != self._target.name:
                continue
            far = (key for key in peers.references if key.target != owner.name)
            fixed = len(peers.addresses.cidrs()) + sum(len(self._elsewhere[k.target].of(k)) for k in far)
            mine = tuple(place[key] for key in peers.references if key.target == owner.name)
            for _ in ranges(rule.services):
                out[place[Key(owner.name, rule.own)]].append((rule.direction == "egress", fixed, mine))
        return out

    def _guess(self, layers: Layers) -> Cost:
        """What layers cost, by counting selectors; a rule that several of them share counts for each."""
        wanted = [frozenset(layer) for layer in layers]
        home = [next(n for n, one in enumerate(wanted) if self._asked[k.piece] <= one) for k in self._keys]
        cells: dict[tuple[int, tuple[int, ...]], int] = {}
        wearing: list[tuple[list[tuple[int, tuple[int, ...]]], int]] = []
        for held, count in self._kinds:
            by_layer: dict[int, list[int]] = defaultdict(list)
            for key in held:
                by_layer[home[key]].append(key)
            worn = [(n, tuple(keys)) for n, keys in by_layer.items()]
            cells.update(dict.fromkeys(worn, 1))
            wearing.append((worn, count))
        named = [0] * len(self._keys)
        for _, keys in cells:
            for key in keys:
                named[key] += 1
        opened = [[0, 0] for _ in self._keys]
        for load, found in zip(opened, self._opened, strict=True):
            for sends, fixed, mine in found:
                load[sends] += fixed + sum([named[far] for far in mine])
        rules = sum(number * times for number, times in zip(self._referred, named, strict=True))
        for cell in cells:
            ingress, egress = (sum([opened[key][way] for key in cell[1]]) for way in (0, 1))
            rules += ingress + egress
            cells[cell] = max(1, -(-max(ingress, egress) // self._rules))
        over = sum(
            max(0, sum([cells[cell] for cell in worn]) - self._groups) * count for worn, count in wearing
        )
        return over, rules

    # -- in earnest

    def _tried(self, layers: Layers) -> tuple[Cost, Encoding]:
        if layers not in self._memo:
            self._memo[layers] = self._judged(layered(layers, self._asked))
        return self._memo[layers]

    def _judged(self, plain: Encoding) -> tuple[Cost, Encoding]:
        """What an encoding costs whose groups are not cut, and the same with those cut that have to be."""
        here = self._target.name
        groups = Groups(
            self._draft.intent.population, (self._target,), self._draft.grounds, {here: plain}, self._keys
        )
        covers = {**self._covers, here: Cover(self._draft, self._target, groups, plain)}
        plan = own_plan(self._draft, self._target, {**self._elsewhere, here: groups}, covers)
        found = cut_to_fit(plain, plan, self._draft.names, here, self._rules, self._groups)
        rules = len(plan.lines)
        rules += sum(n * len(groups.of(key)) for key, n in zip(self._keys, self._referred, strict=True))
        return (self._over(plan, dict(found.shards)), rules), found

    def _over(self, plan: Plan, shards: Mapping[str, int]) -> int:
        """Groups that interfaces carry beyond their quota, and rules that no cutting helps with."""
        over, names = 0, self._draft.names
        parts: dict[GroupId, int] = {}
        fullest: Counter[GroupId] = Counter()
        for (group, _, _), count in rule_counts(plan, self._target.name).items():
            fullest[group] = max(fullest[group], count)
        for carried in plan.carried[self._target.name]:
            for group in carried.groups:
                if group not in parts:
                    parts[group] = shards.get(group_name(names, group), 1)
                    over += max(0, fullest[group] - self._rules) if parts[group] == 1 else 0
            over += max(0, sum(parts[group] for group in carried.groups) - self._groups)
        return over


def _ordered(layers: Sequence[frozenset[str]]) -> Layers:
    """Those with few labels first: a selector belongs to the first that has all of its own."""
    return tuple(sorted((tuple(sorted(one)) for one in set(layers)), key=lambda one: (len(one), one)))


def _cost(found: tuple[Cost, Encoding]) -> tuple[Cost, Layers]:
    return found[0], found[1].layers
