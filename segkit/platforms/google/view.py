"""The reading model for the proof: which tags the interfaces of a model carry, and what the firewalls of
their networks let pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from segkit.artifacts.blocks import read_scope
from segkit.artifacts.scope import spelled
from segkit.model.model import Model, Target
from segkit.model.workloads import Interface, Workload
from segkit.platforms.base import Membership, Spot, in_order
from segkit.platforms.google.evaluate import Enforcement, Profile
from segkit.platforms.google.limits import EXEMPT, EXEMPT_ADDRESSES
from segkit.platforms.google.placement import placement
from segkit.platforms.google.read import read_terraform, with_peerings
from segkit.platforms.google.reading import Reading
from segkit.platforms.google.rows import Rows
from segkit.platforms.google.state import (
    AFTER,
    BEFORE,
    Carrier,
    Direction,
    Holders,
    Order,
    Origin,
    Rule,
    State,
)
from segkit.sets import Addresses, ServiceSet


class GoogleView:
    """Reads one stack's Terraform JSON for the Google Cloud targets of a model. See
    `segkit.platforms.base.View`."""

    def __init__(self, model: Model, targets: Sequence[Target], document: Mapping[str, Any]) -> None:
        self._model, self._targets = model, tuple(targets)
        self._placements = {t.name: placement(t) for t in targets}
        self._notes: list[str] = []
        self._contrary: dict[str, str] = {}
        self._reading = Reading(read_scope(document))
        self._networks = {t.name: self._network(t.name) for t in targets}
        self._for_tags = dict(self._called_by_tags())
        state = read_terraform(document, scope=self._reading.scope)
        self._state = with_peerings(state, self._declared_peerings(state))
        # Targets claim one network each: see `placement.check`.
        apart = frozenset(self._networks.values())
        self._enforcement = Enforcement(self._state, dict(self._orders()), apart, dict(self._above()))
        self._published = {(p.target, p.workload, p.interface): p for p in self._state.memberships}
        self._carriers: dict[str, list[Carrier]] = defaultdict(list)
        for carrier in self._state.carriers:
            self._carriers[carrier.address].append(carrier)
        self._profiles: dict[tuple[str, str], tuple[Hashable, ...]] = {}
        self._memberships: list[tuple[Membership, Profile]] = []
        self._placed: set[str] = set()  # carriers that are machines of the model
        for workload in model.workloads:
            for interface in workload.interfaces:
                found = dict.fromkeys(self._find(workload, interface))
                if _several(workload, interface):  # which of them is the main one no model says
                    found |= dict.fromkeys(replace(own, alias=True) for own in tuple(found))
                self._profiles[workload.name, interface.name] = tuple(found) or (None,)
        self._held = {tag for _, own in self._memberships for tag in _all(own.held)}
        self._strangers = dict(self._held_by_others())
        self._doubts: dict[Profile, tuple[str, ...]] = {}

    # -- what the proof asks

    def cuts(self) -> Sequence[Addresses]:
        """Every address set that the rules mention."""
        return [*self._enforcement.cuts(), EXEMPT_ADDRESSES]

    def profiles(self, workload: Workload, interface: Interface) -> tuple[Hashable, ...]:
        """The distinct ways in which an interface was found."""
        return self._profiles[workload.name, interface.name]

    def rows(self, spots: Sequence[Spot]) -> Rows:
        """Who sends where and who lets whom in, for a list of spots."""
        return Rows(self._enforcement, spots)

    def memberships(self) -> Sequence[Membership]:
        """Every owned interface, sorted."""
        doubted = ((one, self._unclear(own) if own.filters else ()) for one, own in self._memberships)
        found = (replace(one, unknown=one.unknown + why) if why else one for one, why in doubted)
        return sorted(found, key=in_order)

    def resources(self, source: Spot, destination: Spot, services: ServiceSet) -> tuple[str, ...]:
        """The rules that let some of these services pass."""
        ends = (Direction.EGRESS, source, destination), (Direction.INGRESS, destination, source)
        found = {
            rule.where
            for direction, own, peer in ends
            if isinstance(own.profile, Profile) and own.profile.filters
            for stage in self._enforcement.applying(own.profile, direction)
            for rule in stage
            if rule.action == "allow" and rule.services.overlaps(services)
            if self._matches(rule, own.profile, peer)
        }
        return tuple(sorted(found))

    def notes(self) -> Sequence[str]:
        """What the reader noted, and what it assumed."""
        return sorted({note.text() for note in self._state.notes} | set(self._notes))

    def exempt(self) -> Sequence[str]:
        """Flows that firewalls never filter."""
        return EXEMPT

    def extents(self) -> Mapping[str, Addresses]:
        """Nothing tells the addresses of networks."""
        return {}

    def unfiltered(self) -> Addresses:
        """Where the metadata server is."""
        return EXEMPT_ADDRESSES

    def _matches(self, rule: Rule, own: Profile, peer: Spot) -> bool:
        there = peer.profile if isinstance(peer.profile, Profile) else None
        return self._enforcement.matches(rule, own, there, peer.addresses, peer.family)

    # -- where targets are

    def _network(self, target: str) -> str:
        raw = self._placements[target].network_id
        return self._reading.network(raw) or spelled(self._reading.scope.value(raw))

    def _above(self) -> Iterator[tuple[str, Sequence[str]]]:
        """The organization and folders of networks, where targets tell them."""
        for name, network in self._networks.items():
            if (told := self._placements[name].ancestors) is not None:
                yield network, told

    def _called_by_tags(self) -> Iterator[tuple[str, str | None]]:
        """What tag keys call the networks of targets, where that is declared."""
        for name, network in self._networks.items():
            if declared := self._placements[name].tags_network:
                meant = self._reading.purpose(declared)
                if meant != network:
                    self._notes.append(f"assumed: {declared} is the network {network}, as declared")
                yield network, meant

    def _orders(self) -> Iterator[tuple[str, Order]]:
        """The enforcement orders that placements state, for networks that the stack does not make."""
        for name, network in self._networks.items():
            made = self._state.networks.get(network)
            known = made.order if made else None
            wanted = self._placements[name].order
            if known is None:
                yield network, BEFORE if wanted == BEFORE else AFTER
                how = f"{wanted}, as declared" if wanted else f"{AFTER}, the platform's default"
                self._notes.append(f"assumed: the enforcement order of network {network} is {how}")
            elif wanted and wanted != known:
                text = f"target {name} declares {wanted}, and the stack makes its network {known}"
                self._notes.append(text)
                if wanted == BEFORE:  # VPC firewall rules come first after all, also those that nobody showed
                    self._contrary[network] = f"{text}: set network_firewall_policy_enforcement_order there"
            unseen = ["no hierarchical firewall policy"]
            if (known or wanted or AFTER) != AFTER:
                unseen += [] if made and made.policies else ["no firewall policy of its own"]
            elif not (made and made.made):
                unseen.append("no VPC firewall rules")
            self._notes.append(
                f"assumed: network {network} has {' and '.join(unseen)} but those of the stack, "
                "which would come first"
            )

    def _declared_peerings(self, state: State) -> frozenset[tuple[str, str]]:
        """Peerings that targets declare; one that the stack does not show is an assumption, and noted."""
        out = set()
        for name, here in self._placements.items():
            for other in here.peered_with:
                one, two = sorted((self._networks[name], self._networks.get(other, "")))
                if one and one != two:
                    out.add((one, two))
                    if (one, two) not in state.peerings:
                        text = f"the networks of targets {name} and {other} are peered, as declared"
                        self._notes.append(f"assumed: {text}")
        return frozenset(out)

    # -- finding memberships

    def _find(self, workload: Workload, interface: Interface) -> Iterator[Profile]:
        labels = workload.label_map
        for target in self._targets:
            if target.owns(labels, interface.realm, interface.network):
                if interface.id is not None:
                    yield from self._bound(target, workload, interface)
                else:
                    yield from self._from_published(target, workload, interface)

    def _bound(self, target: Target, workload: Workload, interface: Interface) -> Iterator[Profile]:
        name = spelled(self._reading.scope.value(interface.id))
        carriers = self._carriers.get(name, [])
        self._placed.update(c.address for c in carriers)
        for carrier in carriers[:1]:
            self._placed |= self._reading.scope.mentions(interface.id)
            yield self._profile(target, workload, interface, carrier.held, "seen", carrier.where, carrier)
        if not carriers:
            self._notes.append(f"nothing binds tags to {name}")
            yield self._profile(target, workload, interface, Holders(), "missing", "")

    def _from_published(self, target: Target, workload: Workload, interface: Interface) -> Iterator[Profile]:
        published = self._published.get((target.name, workload.name, interface.name))
        if published is None:
            why = "no tag is bound or published for it"
            yield self._profile(target, workload, interface, Holders(), "missing", "", why=why)
            return
        carriers = [c for a in published.carriers for c in self._carriers[a]]
        self._placed.update(c.address for c in carriers)
        if not carriers:
            where = f"local.{published.name}"
            why = "" if published.complete else "a tag that it publishes is not known"
            yield self._profile(target, workload, interface, published.held, "assumed", where, why=why)
        for carrier in carriers:
            yield self._profile(target, workload, interface, carrier.held, "seen", carrier.where, carrier)

    def _profile(
        self,
        target: Target,
        workload: Workload,
        interface: Interface,
        held: Holders,
        status: str,
        where: str,
        carrier: Carrier | None = None,
        why: str = "",
    ) -> Profile:
        network = self._networks[target.name]
        # Visibility beside others: their rules keep deciding, so this end is no part of the proof.
        alone = self._placements[target.name].membership == "exclusive"
        filters = alone or self._model.mode_of(workload.label_map) != "visibility"
        own = Profile(network, self._effective(held, network), filters=filters)
        contrary = self._contrary.get(own.network, "")
        unknown = tuple(t for t in (why, contrary, *self._conflicts(own.held)) if t)
        if carrier is not None and not carrier.complete:
            unknown += (f"{carrier.address}: not every tag is known",)
        places = None if carrier is None else carrier.networks
        if places is not None and not any(self._enforcement.may_be(p, own.network) for p in places):
            unknown += (f"{where} has no interface in {own.network}",)
        if carrier is not None and carrier.origin is Origin.BOUND:
            self._notes.append(
                f"assumed: {carrier.address} holds no tags but those that the stack binds to it"
            )
        groups = tuple(sorted(_all(own.held)))
        unknown = unknown if filters else ()
        known = Membership(target.name, workload.name, interface.name, status, where, groups, unknown)
        self._memberships.append((known, own))
        return own

    def _effective(self, held: Holders, network: str) -> Holders:
        """What a machine holds, without tags that say nothing on a network: those of a key for another one,
        or for no firewall ([TAGS])."""
        return replace(held, tags=frozenset(t for t in held.tags if self._speaks(t, network)))

    def _speaks(self, name: str, network: str) -> bool:
        tag = self._state.tags.get(name)
        called = network, self._for_tags.get(network, network), "", None
        return tag is None or (tag.purpose and tag.network in called)

    def _conflicts(self, held: Holders) -> Iterator[str]:
        """A machine is bound to one value of a key ([TAGS]); of two, nobody knows which."""
        keys: dict[str, list[str]] = defaultdict(list)
        for name in sorted(held.tags & self._state.tags.keys()):
            keys[self._state.tags[name].key].append(name)
        for key, names in sorted(keys.items()):
            if len(names) > 1:
                yield f"{', '.join(names)} are values of one key, {key}"

    # -- what is not known

    def _held_by_others(self) -> Iterator[tuple[str, str]]:
        """Tags that something holds that is no machine of the model, and what that is."""
        for carrier in self._state.carriers:
            if carrier.workload is None and carrier.address not in self._placed:
                for name in sorted(_all(carrier.held)):
                    yield name, carrier.where

    def _unclear(self, own: Profile) -> tuple[str, ...]:
        """Why an interface may be treated otherwise than the rules say; many are treated alike."""
        if own not in self._doubts:
            found = [*self._enforcement.doubts(own), *self._for_whom(own), *self._admits_strangers(own)]
            self._doubts[own] = tuple(dict.fromkeys(found))
        return self._doubts[own]

    def _for_whom(self, own: Profile) -> Iterator[str]:
        """Tags that rules name, and that may say nothing on this network."""
        vague = {t for t in own.held.tags & self._state.tags.keys() if self._state.tags[t].network is None}
        if vague:
            stages = self._enforcement.stages(own.network)
            named = {t for s in stages for r in s.rules for h in (r.targets, r.peers) if h for t in h.tags}
            for name in sorted(vague & named):
                yield f"{name}: for which network firewalls may use it is not known"

    def _admits_strangers(self, own: Profile) -> Iterator[str]:
        """Whom a rule admits by name that the model may not have."""
        for stage in self._enforcement.applying(own, Direction.INGRESS):
            for rule in stage:
                for name in sorted(_all(rule.peers)):
                    if name not in self._held:
                        yield f"{rule.where}: it names {name}, which no workload holds"
                    elif name in self._strangers:
                        yield f"{rule.where}: {self._strangers[name]} holds {name} too, and is no workload"


def _several(workload: Workload, interface: Interface) -> bool:
    """Has an interface more than one IPv4 address?"""
    if workload.is_class or interface.addresses is None:
        return False
    return sum(high - low + 1 for low, high in interface.addresses.v4.spans) > 1


def _all(held: Holders) -> frozenset[str]:
    return held.tags | held.network_tags | held.accounts
