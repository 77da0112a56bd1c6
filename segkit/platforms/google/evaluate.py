"""Who reaches whom, from the enforcement state alone.

Platform facts used here, with their sources:
- Policies and VPC rules are walked one after the other: hierarchical policies, then VPC firewall rules, then
  the network's policies, or these two the other way round where the network's enforcement order says so
  ([ORDER]). What nobody decides, an implied rule does: ingress is denied, egress allowed ([VPC] “Implied
  rules”).
- Inside a policy the lowest priority that matches decides: allow and deny end everything, `goto_next` goes
  on with what comes after the policy ([RULES] “Action on match”). Among VPC rules of one priority a deny
  beats an allow, and all of them are one stage ([VPC] “Priority”).
- A flow needs the egress of its source and the ingress of its destination; replies pass ([VPC]
  “Specifications”).
- A rule holds for the interfaces of its network that its targets name, for all of them where it names none
  ([RULES] “Targets”). Tags, network tags and accounts as a source are the machines of the same network that
  hold one; secure tags also those of a peered network ([TAGS] “Specifications”). They stand for the main
  IPv4 address of an interface and not for alias ranges ([RULES] “Sources”).
- Ranges speak of the family they are written in: 0.0.0.0/0 is no IPv6 ([RULES] “IP address ranges”).
- ICMP belongs to IPv4 and ICMPv6 to IPv6 (RFC 792, RFC 4443).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from segkit.platforms.google.state import (
    AFTER,
    BEFORE,
    Direction,
    Holders,
    Network,
    Order,
    Rule,
    Stage,
    State,
    called,
)
from segkit.sets.addresses import EVERYWHERE, Addresses
from segkit.sets.planes import Row, merge
from segkit.sets.services import ANY, LINE_END


@dataclass(frozen=True, slots=True)
class Profile:
    """An interface as the firewall sees it: its network, and what its machine holds. `alias`: at an IPv4
    address for which nothing of that stands, should the interface send from it. What does not `filters` is
    no part of the answer at its own end: everything passes there."""

    network: str
    held: Holders
    alias: bool = False
    filters: bool = True


class Enforcement:
    """Answers for one state. `orders` are the enforcement orders of networks that the state does not know;
    `apart` are networks that are not the same whatever they are called; `ancestors` are the organization and
    the folders of a network's project, first to last, where they are told."""

    def __init__(
        self,
        state: State,
        orders: Mapping[str, Order] | None = None,
        apart: frozenset[str] = frozenset(),
        ancestors: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.state, self._apart, self._ancestors = state, apart, ancestors or {}
        self._orders = orders or {}
        self._stages: dict[str, tuple[Stage, ...]] = {}
        self._peers: dict[str, tuple[str, ...]] = {}
        self._applying: dict[tuple[Profile, Direction], tuple[tuple[Rule, ...], ...]] = {}
        self._targeting: dict[int, _Targeting] = {}

    def order(self, network: str) -> Order:
        """When VPC firewall rules are walked: after the network's policies, or (the default) before them."""
        found = self.state.networks.get(network)
        return (found and found.order) or self._orders.get(network, AFTER)

    def may_be(self, one: str, other: str) -> bool:
        """May two networks be the same, by what is known of their names?"""
        if one == other or {one, other} <= self._apart:
            return one == other
        return _may_be(self._network(one), self._network(other))

    def _network(self, key: str) -> Network:
        return self.state.networks.get(key) or Network(key, None, False, *called(key))

    def stages(self, network: str) -> tuple[Stage, ...]:
        """What decides about the interfaces of a network, first to last."""
        if network not in self._stages:
            found = self._network(network)
            above, strays, below = (self.state.doubts.get(k, ()) for k in ("above", "classic", "below"))
            for other in self.state.networks.values():
                if other.key != network and self.may_be(other.key, network):
                    doubt = f"{other.key} may be {network}: say in which project it is"
                    above += (doubt,) if other.policies or other.doubts else ()
                    strays += (doubt,) if other.classic else ()
            made = found.classic or Stage("VPC firewall rules", ())
            classic = (Stage(made.where, made.rules, (*made.doubts, *strays)),)
            both = (found.policies, classic) if self.order(network) == BEFORE else (classic, found.policies)
            # Regional policies come right behind the global one, of which there is one at most.
            last = Stage("regional policies", (), below)
            behind = (*both[0], last, *both[1]) if both[0] is found.policies else (*both[0], *both[1], last)
            self._stages[network] = (*self._above(network), Stage("policies above", (), above), *behind)
        return self._stages[network]

    def _above(self, network: str) -> Iterator[Stage]:
        """The hierarchical policies of a network, the organization's first ([ORDER])."""
        told = self._ancestors.get(network)
        for place, stages in self.state.hierarchy.items():
            if told is None or not _PLACE.fullmatch(place):
                doubt = (
                    f"{stages[0].where} is attached to {place}, which may be above {network}: see ancestors"
                )
                yield Stage(place, (), (doubt,))
        for place in told or ():
            for stage in self.state.hierarchy.get(place, ()):
                yield self._limited(stage, network)

    def _limited(self, stage: Stage, network: str) -> Stage:
        """A hierarchical policy as it holds for one network: rules may name those that they are for."""
        rules, doubts = [], list(stage.doubts)
        for rule in stage.rules:
            if rule.networks is None or network in rule.networks:
                rules.append(rule)
            elif any(self.may_be(other, network) for other in rule.networks):
                doubts.append(f"{rule.where}: whether it is for {network} is not known")
        return Stage(stage.where, tuple(rules), tuple(doubts))

    def applying(self, own: Profile, direction: Direction) -> tuple[tuple[Rule, ...], ...]:
        """The rules of each stage that hold for an interface, the most important first."""
        asked = own, direction
        if asked not in self._applying:
            self._applying[asked] = tuple(
                tuple(sorted((r for r in self._of(stage, own) if r.direction is direction), key=_importance))
                for stage in self.stages(own.network)
            )
        return self._applying[asked]

    def matches(
        self, rule: Rule, own: Profile, peer: Profile | None, at: Addresses | None, family: int
    ) -> bool:
        """Is somebody the far end of a rule that holds for `own`?

        An unknown address is in a range only if that is its whole family. Raises ValueError where a range
        holds `at` in part.
        """
        if peer is not None and not (peer.alias and family == 4) and self._named(rule, own, peer):
            return True
        if at is None:
            return rule.ranges.family(family) == EVERYWHERE.family(family)
        if at <= rule.ranges:
            return True
        if at.overlaps(rule.ranges):
            raise ValueError(f"the addresses {at} are partly inside {rule.ranges}; refine them by cuts()")
        return False

    def peers_of(self, network: str) -> tuple[str, ...]:
        """The networks whose secure tags a rule of a network may name as a source, beside its own."""
        if network not in self._peers:
            pairs = sorted(pair for pair in self.state.peerings if network in pair)
            self._peers[network] = tuple(two if one == network else one for one, two in pairs)
        return self._peers[network]

    def cuts(self) -> list[Addresses]:
        """Every range that a rule names, each once, sorted by text."""
        found = {
            rule.ranges
            for network in dict.fromkeys((*self.state.networks, *self._ancestors))
            for stage in self.stages(network)
            for rule in stage.rules
            if rule.ranges
        }
        return sorted(found, key=str)

    def doubts(self, own: Profile) -> Iterator[str]:
        """Why an interface may be treated otherwise than is said here."""
        network = self.state.networks.get(own.network)
        yield from network.doubts if network else ()
        for stage in self.stages(own.network):
            yield from stage.doubts
            held = list(self._of(stage, own))
            yield from (f"{rule.where}: {rule.unknown}" for rule in held if rule.unknown)
            if _ends(held):
                return  # nothing of what comes after it is ever asked

    def _of(self, stage: Stage, own: Profile) -> Iterator[Rule]:
        """The rules of a stage that hold for an interface."""
        if id(stage) not in self._targeting:
            self._targeting[id(stage)] = _Targeting(stage)
        return self._targeting[id(stage)].of(own)

    def _named(self, rule: Rule, own: Profile, peer: Profile) -> bool:
        if not rule.peers:
            return False
        if peer.network == own.network:
            return rule.peers.meets(peer.held)
        near = peer.network in self.peers_of(own.network)
        return near and not rule.peers.tags.isdisjoint(peer.held.tags)


_PLACE = re.compile(r"(?:organizations|folders)/[0-9]+")


def _may_be(one: Network, other: Network) -> bool:
    """Two that the stack makes are two."""
    known = (one.name, other.name), (one.project, other.project)
    return not (one.made and other.made) and all(a == b or not (a and b) for a, b in known)


class _Targeting:
    """The rules of a stage by whom they hold for; most of a policy hold for few."""

    def __init__(self, stage: Stage) -> None:
        self._rules = stage.rules
        self._everybody = [n for n, rule in enumerate(stage.rules) if rule.targets is None]
        self._named: dict[tuple[str, str], list[int]] = defaultdict(list)
        for n, rule in enumerate(stage.rules):
            for name in rule.targets.names if rule.targets else ():
                self._named[name].append(n)

    def of(self, own: Profile) -> Iterator[Rule]:
        """The rules that hold for an interface, in the order of the stage."""
        found = {n for name in own.held.names for n in self._named.get(name, ())}
        return (self._rules[n] for n in sorted(found.union(self._everybody)))


def _ends(rules: Sequence[Rule]) -> bool:
    """Do the rules of a stage decide whatever is left to it, in both directions and families?"""
    if any(rule.action == "goto_next" or rule.unknown for rule in rules):
        return False
    whole = [rule for rule in rules if rule.services == ANY]
    reached = (Addresses.union(r.ranges for r in whole if r.direction is way) for way in Direction)
    return all(ranges == EVERYWHERE for ranges in reached)


def _importance(rule: Rule) -> tuple[int, bool, str]:
    return rule.priority, rule.action != "deny", rule.where


Layer = tuple[Rule, int]
"""A rule, and whom it speaks of (a bitset)."""


def decided(stages: Sequence[Sequence[Layer]], implied: int, everyone: int) -> Row:
    """What passes after all stages, as a row; `implied` are those whom the implied rule lets pass.

    >>> from segkit.sets import tcp
    >>> deny = Rule(1, "deny", Direction.EGRESS, tcp(22), "a")
    >>> skip = Rule(0, "goto_next", Direction.EGRESS, tcp(22), "b")
    >>> [held for _, _, held in decided([[(skip, 0b01), (deny, 0b11)]], 0b11, 0b11)]
    [3, 1, 3]
    """
    spans = {id(rule): rule.services.line.spans for stage in stages for rule, _ in stage}
    cuts = sorted({0, LINE_END, *(e for found in spans.values() for lo, hi in found for e in (lo, hi + 1))})
    place = {cut: n for n, cut in enumerate(cuts)}
    after = [implied & everyone] * (len(cuts) - 1)
    for stage in reversed(stages):
        here = list(after)
        for rule, held in reversed(stage):
            for lo, hi in spans[id(rule)] if held else ():
                for n in range(place[lo], place[hi + 1]):
                    match rule.action:
                        case "allow":
                            here[n] |= held
                        case "deny":
                            here[n] &= ~held
                        case _:
                            here[n] = here[n] & ~held | after[n] & held
        after = here
    return merge((lo, hi - 1, plane) for (lo, hi), plane in zip(pairwise(cuts), after, strict=True))
