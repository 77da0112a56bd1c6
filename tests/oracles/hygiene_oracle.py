"""What the removal of rules changes, by trying: every kind of endpoint that the label schema permits, every
kind of service, with and without each rule, whichever of the rules that end some day are still there.

Endpoints are tried by what tells them apart: label maps by the selectors that match, addresses by the sets
that hold them. Nothing of `segkit.intent`; ends are judged by the oracle of the policies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from itertools import combinations, product

from segkit.model.model import Model
from segkit.model.policy import Rule, Tier
from segkit.model.workloads import Interface, Workload
from segkit.sets import INTERNET
from tests.oracles.intent_oracle import Address, Oracle, Spot

Kind = tuple[frozenset[str], str | None, bool, bool]
"""Rules that match, the zone of both ends, does its posture allow, is an end in selective mode."""


class Removal:
    """Answers for the live rules of a model, without quarantine."""

    def __init__(self, model: Model) -> None:
        self.model, self.oracle = model, Oracle(model)
        self.rules = {r.id: r for r in self.oracle.rules if r.tier != Tier.quarantine}
        passing = [r.id for r in self.rules.values() if r.action == "allow" and r.expires is not None]
        self.absent = [frozenset(c) for n in range(len(passing) + 1) for c in combinations(passing, n)]
        self.kinds = sorted(self._kinds(), key=str)

    def outcome(self, kind: Kind, gone: Iterable[str]) -> tuple[bool, bool]:
        """Is a flow of this kind allowed, and is it denied by a rule?"""
        matching, _, posture, _ = kind
        held = [self.rules[name] for name in matching if name not in gone]
        if not held:
            return posture, False
        first = min(r.tier for r in held)
        denied = any(r.action == "deny" for r in held if r.tier == first)
        return not denied, denied

    def worth(self, name: str) -> str:
        """`needed`, `idle` or `redundant`."""
        worth = "redundant"
        for kind in self.kinds:
            if name not in kind[0]:
                continue
            for absent in self.absent:
                if name in absent:
                    continue
                before, after = self.outcome(kind, absent), self.outcome(kind, {*absent, name})
                if before[0] != after[0] or (before != after and kind[3]):
                    return "needed"
                if before != after:
                    worth = "idle"
        return worth

    def decides(self, name: str) -> bool:
        """Is there a flow that the rule decides?"""
        rule = self.rules[name]
        for kind in self.kinds:
            if name not in kind[0]:
                continue
            for absent in self.absent:
                others = [self.rules[n] for n in kind[0] if n not in absent]
                first = [r for r in others if r.tier < rule.tier]
                beaten = [r for r in others if r.tier == rule.tier and r.action == "deny" != rule.action]
                if not first and not beaten:
                    return True
        return False

    def same_without(self, names: Iterable[str]) -> bool:
        """Does nothing at all change when these rules go, what is denied by a rule included?"""
        gone = set(names)
        return all(
            self.outcome(kind, absent) == self.outcome(kind, absent | gone)
            for kind in self.kinds
            if kind[0] & gone
            for absent in self.absent
        )

    # Kinds of flows

    def _kinds(self) -> set[Kind]:
        sources, destinations = set(), set()
        for spot in self.spots():
            zone = self.oracle.zone(spot)
            place = (spot.realm, spot.family, spot.workload is None, zone)
            sides: list[frozenset[str]] = []
            for ends, unless in (("source", "unless_source"), ("destination", "unless_destination")):
                held = (
                    n
                    for n, r in self.rules.items()
                    if self.oracle.side(getattr(r, ends), getattr(r, unless), spot)
                )
                sides.append(frozenset(held))
            sources.add((place, sides[0]))
            destinations.add((place, sides[1]))
        found: set[Kind] = set()
        for (here, out), (there, into) in product(sources, destinations):
            if here[:2] != there[:2] or (here[2] and there[2]):
                continue
            both = here[3] if here[3] is not None and here[3] == there[3] else None
            posture = both.name if both is not None else None
            selective = any(z is not None and z.mode == "selective" for z in (here[3], there[3]))
            for protocol, x in self.oracle.services(here[1]):
                matching = frozenset(n for n in out & into if self.rules[n].services.contains(protocol, x))
                found.add((matching, posture, both is not None and both.posture == "allow", selective))
        return found

    def spots(self) -> Iterator[Spot]:
        """One endpoint of each kind."""
        realms = sorted({"default", *self._realms()})
        addresses = list(self._addresses())
        for realm in realms:
            for labels in self._labels():
                workload = Workload("any", tuple(labels.items()), (Interface("", None, realm),))
                for family in (4, 6):
                    yield Spot(realm, family, None, workload, workload.interfaces[0])
                for one in addresses:
                    yield Spot(realm, one.version, one, workload, workload.interfaces[0])
            for one in addresses:
                if not _unusable(one):
                    yield Spot(realm, one.version, one)

    def _realms(self) -> Iterator[str]:
        for rule in self.model.rules:
            for end in (e for side in rule.sides for e in side):
                if end.realm is not None:
                    yield end.realm
        yield from (t.realm for t in self.model.targets)
        yield from (i.realm for w in self.model.workloads for i in w.interfaces)

    def _labels(self) -> Iterator[Mapping[str, str]]:
        ends = [e.predicate for r in self.rules.values() for side in r.sides for e in side]
        predicates = [*ends, *(z.predicate for z in self.model.zones)]
        choices: dict[str, list[str | None]] = {}
        for key in self.model.schema.keys:
            none: list[str | None] = [] if key.required else [None]
            choices[key.name] = none + list(key.values or ("a", "b", "c", "d", "p", "q", "w", "else"))
        if not choices:
            choices = {
                k: [None, *v, "else"]
                for k, v in (("app", ("a", "b", "c")), ("env", ("p", "q")), ("role", ("w", "d")))
            }
        seen = set()
        for values in product(*choices.values()):
            labels = {k: v for k, v in zip(choices, values, strict=True) if v is not None}
            truth = tuple(p.matches(labels) for p in predicates)
            if truth not in seen:
                seen.add(truth)
                yield labels

    def _addresses(self) -> Iterator[Address]:
        sets = [s.addresses for s in self.model.address_sets] + [z.networks for z in self.model.zones]
        edges = self.oracle.edges([INTERNET]) | {ip_address("10.0.0.0"), ip_address("::2")}
        seen = set()
        for one in sorted(edges, key=lambda a: (a.version, int(a))):
            truth = (one.version, _unusable(one), one in INTERNET, *(one in s for s in sets))
            if truth not in seen:
                seen.add(truth)
                yield one


def _unusable(address: Address) -> bool:
    broadcast = address.version == 4 and int(address) == 2**32 - 1
    return address.is_loopback or address.is_link_local or address.is_multicast or broadcast


def rule_of(model: Model, name: str) -> Rule:
    """A rule by its id."""
    return next(r for r in model.rules if r.id == name)
