"""The reading model for the proof: which groups the interfaces of a model are in, and what filters them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from segkit.artifacts.blocks import read_scope
from segkit.model.model import Model, Target
from segkit.model.workloads import Interface, Workload
from segkit.platforms.azure.evaluate import HOST, End, Enforcement, matches
from segkit.platforms.azure.limits import EXEMPT, mark
from segkit.platforms.azure.placement import AzurePlacement, placement
from segkit.platforms.azure.read import NAMED, name_all, read_terraform
from segkit.platforms.azure.read_carriers import PARTLY
from segkit.platforms.azure.read_snapshot import read_snapshot, told_apart
from segkit.platforms.azure.reading import Reading
from segkit.platforms.azure.rows import Profile, Rows, profile_of
from segkit.platforms.azure.state import Carrier, Direction, Members, Published, Range
from segkit.platforms.base import Membership, Spot
from segkit.sets import NOWHERE, Addresses, ServiceSet


class AzureView:
    """Reads one stack's Terraform JSON for the Azure targets of a model. See `segkit.platforms.base.View`."""

    def __init__(self, model: Model, targets: Sequence[Target], document: Mapping[str, Any]) -> None:
        self._model, self._targets = model, tuple(targets)
        self._placements = {t.name: placement(t) for t in targets}
        listed = [g for p in self._placements.values() for g in p.snapshot.get("networkSecurityGroups", ())]
        recorded, written = told_apart(listed, self._ours)
        networks = {here.vnet_id: here.location for here in self._placements.values()}
        scope = read_scope(document)
        self._state = read_terraform(
            document, snapshot=read_snapshot(recorded), networks=networks, scope=scope
        )
        self._reading = Reading(scope)
        name_all(self._reading)
        self._said = dict(self._declared())
        self._enforcement = Enforcement(self._state)
        ours = {self._reading_key(s.id) for here in self._placements.values() for s in here.subnets.values()}
        made = {self._reading_key(one.id) for w in model.workloads for one in w.interfaces}
        self._roaming = tuple(where for key, where in self._state.loose_filters if key not in made)
        self._loose = tuple(where for subnet, where in self._state.loose if subnet not in ours)
        self._published: dict[tuple[str, str, str], list[Published]] = defaultdict(list)
        for one in self._state.memberships:
            self._published[one.target, one.workload, one.interface].append(one)
        self._by_address: dict[str, list[Carrier]] = defaultdict(list)
        for carrier in self._state.carriers:
            self._by_address[carrier.address].append(carrier)
        self._notes: set[str] = set(self._gone(written))
        self._held: set[str] = set()
        self._loosely: dict[str, tuple[str, ...]] = {}
        self._named: dict[str, frozenset[str]] = {}
        self._placed: set[Carrier] = set()  # interfaces of the model
        self._memberships: list[tuple[Membership, Profile]] = []
        self._profiles: dict[tuple[str, str], tuple[Hashable, ...]] = {}
        for workload in model.workloads:
            for interface in workload.interfaces:
                found = tuple(dict.fromkeys(self._find(workload, interface)))
                self._profiles[workload.name, interface.name] = found or (None,)
        self._strangers = self._held_by_others()

    # -- what the proof asks

    def cuts(self) -> Sequence[Addresses]:
        """Every address set that the rules mention."""
        return self._enforcement.cuts()

    def profiles(self, workload: Workload, interface: Interface) -> tuple[Hashable, ...]:
        """The distinct ways in which an interface was found to be filtered."""
        return self._profiles[workload.name, interface.name]

    def rows(self, spots: Sequence[Spot]) -> Rows:
        """Who sends where and who lets whom in, for a list of spots."""
        return Rows(self._enforcement, spots)

    def memberships(self) -> Sequence[Membership]:
        """Every owned interface, sorted."""
        return sorted(
            replace(one, unknown=one.unknown + self._unclear(profile)) for one, profile in self._memberships
        )

    def resources(self, source: Spot, destination: Spot, services: ServiceSet) -> tuple[str, ...]:
        """The rules that let some of these services pass."""
        src, dst = (_end(spot) for spot in (source, destination))
        ways = ((profile_of(source), Direction.OUTBOUND), (profile_of(destination), Direction.INBOUND))
        rules = [
            rule
            for profile, direction in ways
            for key in profile.filters
            for rule in (() if key is None else self._enforcement.rules(key, direction))
        ]
        rules += [rule for profile, way in ways for rule in self._enforcement.admin(profile.network, way)]
        found = {
            rule.where
            for rule in rules
            if rule.allow
            and rule.services.overlaps(services)
            and matches(rule.source, src)
            and matches(rule.destination, dst)
        }
        return tuple(sorted(found))

    def notes(self) -> Sequence[str]:
        """What the reader noted and assumed."""
        return sorted({n.text() for n in self._state.notes} | self._notes)

    def exempt(self) -> Sequence[str]:
        """Flows that security groups never filter."""
        return EXEMPT

    def extents(self) -> Mapping[str, Addresses]:
        """The subnets of targets that name them."""
        held = {name: [s.prefixes for s in here.subnets.values()] for name, here in self._placements.items()}
        return {name: Addresses.union(prefixes) for name, prefixes in held.items() if prefixes}

    def unfiltered(self) -> Addresses:
        """The host's address."""
        return HOST

    # -- finding memberships

    def _find(self, workload: Workload, interface: Interface) -> Iterator[Profile]:
        for target in self._targets:
            if target.owns(workload.label_map, interface.realm, interface.network):
                here = self._placements[target.name]
                if interface.id is not None:
                    yield from self._attached(target, here, workload, interface)
                else:
                    yield from self._from_published(target, here, workload, interface)

    def _attached(
        self, target: Target, here: AzurePlacement, workload: Workload, interface: Interface
    ) -> Iterator[Profile]:
        """An interface that is known by its id."""
        carriers = self._by_address.get(self._reading_key(interface.id), [])
        self._placed.update(carriers)
        groups = frozenset(group for c in carriers for group in c.groups)
        own = next((c.security_group for c in carriers if c.security_group is not None), None)
        made = [c for c in carriers if c.resource]
        unknown = tuple(f"{c.address}: {why}" for c in carriers for why in c.doubts)
        unknown += tuple(f"{where}: it may put another security group on it" for where in self._roaming)
        subnet = next((c.subnet for c in made if c.subnet is not None), None)
        subnets = [subnet] if subnet is not None else self._subnets(here, workload, interface)
        status = "seen" if carriers or here.subnets else "missing"
        where = ", ".join(sorted({c.where for c in carriers}))
        if not made:
            self._notes.add(f"assumed: {interface.id} has no network security group but those seen here")
        yield from self._known(target, workload, interface, groups, subnets, own, status, where, unknown)

    def _from_published(
        self, target: Target, here: AzurePlacement, workload: Workload, interface: Interface
    ) -> Iterator[Profile]:
        """An interface that takes its groups from a local."""
        subnets = self._subnets(here, workload, interface)
        found = self._published.get((target.name, workload.name, interface.name), ())
        if not found:
            nobody = ("no group is attached or published for it",)
            none: frozenset[str] = frozenset()
            yield from self._known(target, workload, interface, none, subnets, None, "missing", "", nobody)
        for published in found:
            unknown = () if published.complete else (PARTLY,)
            if not published.carriers:
                where, own = f"local.{published.name}", published.security_group
                yield from self._known(
                    target, workload, interface, published.groups, subnets, own, "assumed", where, unknown
                )
        for c in (c for one in found for address in one.carriers for c in self._by_address[address]):
            if (c.workload, c.interface) == (workload.name, interface.name):
                self._placed.add(c)
            why = tuple(f"{c.address}: {doubt}" for doubt in c.doubts)
            placed = subnets if c.subnet is None else [c.subnet]
            yield from self._known(
                target, workload, interface, c.groups, placed, c.security_group, "seen", c.where, why
            )

    def _subnets(
        self, here: AzurePlacement, workload: Workload, interface: Interface
    ) -> Sequence[str | None]:
        """The keys of the subnets in which an interface is, or may be, by its addresses."""
        if not here.subnets:
            self._notes.add(
                "assumed: no network security group is on the subnets of interfaces made elsewhere"
            )
            return [None]
        known = self._addresses(workload, interface)
        if not known <= Addresses.union(s.prefixes for s in here.subnets.values()):
            self._notes.add(f"assumed: {workload.name} is in the subnets of its target, at no other address")
        found = [s for s in here.subnets.values() if s.prefixes.overlaps(known)]
        return [self._reading_key(s.id) for s in found or here.subnets.values()]

    def _addresses(self, workload: Workload, interface: Interface) -> Addresses:
        if interface.addresses is not None:
            return interface.addresses
        zone = self._model.zone_of(workload.label_map)
        return zone.networks if zone is not None and zone.realm == interface.realm else NOWHERE

    def _declared(self) -> Iterator[tuple[str, str]]:
        """Subnets, and the security groups of somebody else that are said to be on them."""
        for here in self._placements.values():
            for subnet in here.subnets.values():
                if (there := subnet.security_group) is not None:
                    names = {"resource_group_name": there.resource_group, "name": there.name}
                    yield (
                        self._reading_key(subnet.id),
                        self._reading.named(NAMED["azurerm_network_security_group"], names, "name"),
                    )

    def _reading_key(self, raw: str | None) -> str:
        """A subnet or an interface as the reader names it."""
        return self._reading.key(raw) or ""

    def _known(
        self,
        target: Target,
        workload: Workload,
        interface: Interface,
        groups: frozenset[str],
        subnets: Sequence[str | None],
        own: str | None,
        status: str,
        where: str,
        unknown: tuple[str, ...],
    ) -> Iterator[Profile]:
        self._held |= groups
        here = self._placements[target.name]
        watched = here.shared and self._model.mode_of(workload.label_map) == "visibility"
        known = self._addresses(workload, interface)
        six = not known or bool(known.family(6))
        for subnet in subnets:
            unsure = () if here.subnets else self._unseen(subnet)
            network = here.vnet_id if here.vnet_id in self._state.admin else None
            if watched or where.startswith("azurerm_private_endpoint."):
                network = None
            if network is not None:
                self._notes.add(f"assumed: {network} is under no security admin rules but those seen here")
            if network is not None and subnet in self._state.spared:
                unsure += (f"it is in {subnet}, where admin rules are not applied because of a service",)
            # Visibility beside others: their rules keep deciding, so this end is no part of the proof.
            level = None if subnet is None or watched else self._on(subnet)
            profile = Profile(groups, level, None if watched else own, network)
            unsure += self._vague(profile) if six else ()
            line = Membership(
                target.name,
                workload.name,
                interface.name,
                status,
                where,
                tuple(sorted(groups)),
                () if watched else unknown + unsure,
            )
            self._memberships.append((line, profile))
            yield profile

    def _on(self, subnet: str) -> str | None:
        """The security group that is on a subnet: the one that is seen there, or that its target names."""
        seen, said = self._state.subnets.get(subnet), self._said.get(subnet)
        if seen is None and said is not None:
            self._notes.add(f"assumed: {said} is on {subnet}, as declared")
        return seen or said

    def _unseen(self, subnet: str | None) -> tuple[str, ...]:
        """Why the stack may put a security group on a subnet that seems to have none."""
        if subnet in self._state.subnets:
            return ()
        if subnet is not None and not subnet.startswith("azurerm_subnet."):
            self._notes.add(f"assumed: no network security group is on {subnet} but those seen here")
        if subnet in self._state.untold and self._state.subnets:
            return (f"it is in {subnet}, which may be one that has a security group",)
        return tuple(f"{where}: it may put a security group on its subnet" for where in self._loose)

    # -- what was recorded

    def _ours(self, rule: str, described: str) -> bool:
        """Did a target of this model write a recorded rule?"""
        return any(described.startswith(mark(self._model.name, t.name, rule)) for t in self._targets)

    def _gone(self, written: Sequence[tuple[str, str]]) -> Iterator[str]:
        """Recorded rules of ours that the stack has no more."""
        for id_, name in written:
            group = self._state.groups.get(self._reading_key(id_))
            if group is not None and name not in {rule.name for rule in group.rules}:
                yield f"assumed: {name}, which segkit wrote into {id_}, goes with this apply"

    # -- what is not certain

    def _held_by_others(self) -> dict[str, str]:
        """Groups that something in the stack is in that is no interface of the model, and what that is."""
        others = (c for c in self._state.carriers if c not in self._placed)
        return {group: carrier.where for carrier in others for group in carrier.groups}

    def _unclear(self, profile: Profile) -> tuple[str, ...]:
        """Why it is not certain what filters an interface, or whom that lets in."""
        keys = [key for key in profile.filters if key is not None]
        return self._enforcement.why_admin(profile.network) + tuple(
            f"{key}: {why}" for key in keys for why in (*self._enforcement.why(key), *self._whom(key))
        )

    def _vague(self, profile: Profile) -> tuple[str, ...]:
        """Why it is not certain what filters IPv6."""
        for key in profile.filters:
            if key is not None and key not in self._loosely:
                rules = (rule for direction in Direction for rule in self._enforcement.rules(key, direction))
                self._loosely[key] = tuple(
                    f"{rule.where}: whether 0.0.0.0/0 holds IPv6 is not certain"
                    for rule in rules
                    if any(isinstance(side, Range) and side.vague for side in (rule.source, rule.destination))
                )
        return tuple(why for key in profile.filters if key is not None for why in self._loosely[key])

    def _whom(self, key: str) -> Iterator[str]:
        """Why it is not known whom a security group's rules admit by group: the members of a group are all
        that are in it, and the model may not have them."""
        named = self._names(key)
        for group in sorted(named - self._held):
            yield f"a rule names {group}, which no workload is in"
        for group in sorted(named & self._held & self._strangers.keys()):
            yield f"a rule names {group}, which {self._strangers[group]} is in too, and that is no workload"

    def _names(self, key: str) -> frozenset[str]:
        """The groups that a security group's rules name."""
        if key not in self._named:
            self._named[key] = frozenset(
                group
                for direction in Direction
                for rule in self._enforcement.rules(key, direction)
                for side in (rule.source, rule.destination)
                if isinstance(side, Members)
                for group in side.groups
            )
        return self._named[key]


def _end(spot: Spot) -> End:
    profile = profile_of(spot)
    return End(profile.groups, (), spot.family, spot.addresses)
