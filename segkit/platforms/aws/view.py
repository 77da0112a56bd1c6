"""The reading model for the proof: which groups the interfaces of a model carry, and what those let pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from segkit.artifacts.blocks import read_scope
from segkit.artifacts.scope import spelled
from segkit.model.model import Model, Target
from segkit.model.workloads import Interface, Workload
from segkit.platforms.aws.evaluate import Enforcement
from segkit.platforms.aws.limits import EXEMPT
from segkit.platforms.aws.placement import AwsPlacement, placement
from segkit.platforms.aws.read import read_terraform
from segkit.platforms.aws.read_snapshot import read_snapshot
from segkit.platforms.aws.rows import Profile, Rows, groups_of
from segkit.platforms.aws.state import (
    Carrier,
    Direction,
    Holders,
    Origin,
    Permission,
    Published,
    Range,
    State,
)
from segkit.platforms.base import Membership, Spot, in_order
from segkit.sets import NOWHERE, Addresses, ServiceSet

Labels = tuple[tuple[str, str], ...]

_NONE: frozenset[str] = frozenset()


class AwsView:
    """Reads one stack's Terraform JSON for the AWS targets of a model. See `segkit.platforms.base.View`."""

    def __init__(self, model: Model, targets: Sequence[Target], document: Mapping[str, Any]) -> None:
        self._model = model
        self._targets = tuple(targets)
        self._placements = {t.name: placement(t) for t in targets}
        self._notes: list[str] = []
        self._scope = read_scope(document)
        state = read_terraform(document, snapshot=read_snapshot(self._recorded()), scope=self._scope)
        self._state = replace(state, peerings=state.peerings | self._declared_peerings(state))
        self._enforcement = Enforcement(self._state)
        self._published = {(p.target, p.workload, p.interface): p for p in self._state.memberships}
        self._by_address: dict[str, list[Carrier]] = defaultdict(list)
        for carrier in self._state.carriers:
            self._by_address[carrier.address].append(carrier)
        self._profiles: dict[tuple[str, str], tuple[Hashable, ...]] = {}
        self._memberships: list[tuple[Membership, bool]] = []  # with whether groups filter it
        self._held: set[str] = set()
        self._kinds: dict[tuple[frozenset[str], bool], tuple[tuple[str, ...], Profile]] = {}
        self._placed: set[str] = set()  # carriers that are interfaces of the model
        self._owning: dict[tuple[Labels, str, str | None], tuple[Target, ...]] = {}
        self._seen_only: dict[Labels, bool] = {}
        self._doubts: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._doubt_of: dict[str, str] = {}
        self._alone: dict[tuple[str, ...], frozenset[str]] = {}
        self._asked: dict[tuple[str, Direction, ServiceSet], Sequence[Permission]] = {}
        for workload in model.workloads:
            for interface in workload.interfaces:
                found = tuple(self._find(workload, interface))
                self._profiles[workload.name, interface.name] = found or (None,)
        self._strangers = self._held_by_others()

    def _recorded(self) -> dict[str, Any]:
        """The snapshots of all targets as one."""
        out: dict[str, Any] = {}
        for here in self._placements.values():
            for key, found in here.snapshot.items():
                if isinstance(found, Mapping):
                    out[key] = {**out.get(key, {}), **found}
                else:
                    out[key] = [*out.get(key, []), *found]
        return out

    # -- what the proof asks
    # -------------------------------------------------------------------------------------

    def cuts(self) -> Sequence[Addresses]:
        """Every address set that the rules mention."""
        return self._enforcement.cuts()

    def profiles(self, workload: Workload, interface: Interface) -> tuple[Hashable, ...]:
        """The distinct sets of groups an interface was found with."""
        return self._profiles[workload.name, interface.name]

    def rows(self, spots: Sequence[Spot]) -> Rows:
        """Who sends where and who lets whom in, for a list of spots."""
        return Rows(self._enforcement, spots)

    def memberships(self) -> Sequence[Membership]:
        """Every owned interface, sorted."""
        doubted = ((one, self._unclear(one.groups) if filters else ()) for one, filters in self._memberships)
        found = (replace(one, unknown=one.unknown + why) if why else one for one, why in doubted)
        return sorted(found, key=in_order)

    def resources(self, source: Spot, destination: Spot, services: ServiceSet) -> tuple[str, ...]:
        """The rule resources that let some of these services pass."""
        found = {
            p.where
            for direction, own, peer in (
                (Direction.EGRESS, source, destination),
                (Direction.INGRESS, destination, source),
            )
            for group in groups_of(own)
            for p in self._about(group, direction, services)
            if _matches(p, peer)
        }
        return tuple(sorted(found))

    def _about(self, group: str, direction: Direction, services: ServiceSet) -> Sequence[Permission]:
        """The rules of a group about some of these services; thousands of pairs may ask for the same."""
        asked = group, direction, services
        if asked not in self._asked:
            known = self._state.groups.get(group)
            held = known.permissions(direction) if known else ()
            self._asked[asked] = [p for p in held if p.services.overlaps(services)]
        return self._asked[asked]

    def notes(self) -> Sequence[str]:
        """What the reader and the evaluation noted."""
        noted = {n.text() for n in (*self._state.notes, *self._enforcement.notes)}
        return sorted(noted | set(self._notes))

    def exempt(self) -> Sequence[str]:
        """Flows that security groups never filter."""
        return EXEMPT

    def extents(self) -> Mapping[str, Addresses]:
        """Nothing tells the addresses of networks."""
        return {}

    def unfiltered(self) -> Addresses:
        """Nothing: the platform's own addresses are link-local, and no part of any proof."""
        return NOWHERE

    # -- finding memberships
    # -------------------------------------------------------------------------------------

    def _declared_peerings(self, state: State) -> frozenset[tuple[str, str]]:
        """Peerings that targets declare; one that the stack does not show is an assumption, and noted."""
        out = set()
        vpcs = {
            t.name: self._text(p.vpc_id)
            for t, p in zip(self._targets, self._placements.values(), strict=True)
        }
        for name, here in self._placements.items():
            for other in here.peered_with:
                if other in vpcs and self._placements[other].region == here.region:
                    pair = (min(vpcs[name], vpcs[other]), max(vpcs[name], vpcs[other]))
                    out.add(pair)
                    if pair not in state.peerings:
                        self._notes.append(
                            f"assumed: the VPCs of targets {name} and {other} are peered, as declared"
                        )
        return frozenset(out)

    def _text(self, raw: str) -> str:
        """A VPC or an interface as the reader names it: an id, or what a reference comes to."""
        return spelled(self._scope.value(raw))

    def _find(self, workload: Workload, interface: Interface) -> Iterator[Profile]:
        for target in self._owners(workload.labels, interface.realm, interface.network):
            here = self._placements[target.name]
            if interface.id is not None:
                found = self._attached(target, here, workload, interface)
            else:
                found = self._from_published(target, here, workload, interface)
            yield from dict.fromkeys(found)

    def _owners(self, labels: Labels, realm: str, network: str | None) -> tuple[Target, ...]:
        """The targets that own an interface; most interfaces share labels and place with many others."""
        place = labels, realm, network
        if place not in self._owning:
            given = dict(labels)
            self._owning[place] = tuple(t for t in self._targets if t.owns(given, realm, network))
        return self._owning[place]

    def _visible(self, labels: Labels) -> bool:
        """Is a workload with these labels in a zone in visibility mode?"""
        if labels not in self._seen_only:
            self._seen_only[labels] = self._model.mode_of(dict(labels)) == "visibility"
        return self._seen_only[labels]

    def _attached(
        self, target: Target, here: AwsPlacement, workload: Workload, interface: Interface
    ) -> Iterator[Profile]:
        name = self._text(str(interface.id))
        carriers = self._by_address.get(name) or self._by_address.get(name.removesuffix(".id"), [])
        groups = frozenset(g for c in carriers for g in c.groups)
        self._placed.update(c.address for c in carriers)
        unknown: tuple[str, ...] = ()
        if any(c.origin is Origin.ATTACHED and not c.complete for c in carriers) or not carriers:
            more, unknown = self._others(here, interface)
            groups |= more
        unknown += tuple(f"{c.address}: not every group is known" for c in carriers if not _readable(c))
        status = "seen" if carriers else "missing"
        where = ", ".join(sorted({c.where for c in carriers}))
        yield self._profile(target, here, workload, interface, groups, status, where, unknown)

    def _others(self, here: AwsPlacement, interface: Interface) -> tuple[frozenset[str], tuple[str, ...]]:
        """What others have put on an interface that the stack does not make."""
        if interface.foreign is not None:
            return frozenset(interface.foreign), ()
        if here.membership == "exclusive":
            self._notes.append(f"assumed: {interface.id} carries no groups but ours (exclusive membership)")
            return _NONE, ()
        return _NONE, (f"the other groups on {interface.id} are not known",)

    def _from_published(
        self, target: Target, here: AwsPlacement, workload: Workload, interface: Interface
    ) -> Iterator[Profile]:
        published = self._published.get((target.name, workload.name, interface.name))
        if published is None:
            nobody = ("no group is attached or published for it",)
            yield self._profile(target, here, workload, interface, _NONE, "missing", "", nobody)
            return
        carriers = [c for a in published.carriers for c in self._by_address[a]]
        if not carriers:
            yield self._assumed(target, here, workload, interface, published)
        for carrier in carriers:
            unknown = tuple(f"{c.address}: not every group is known" for c in (carrier,) if not c.complete)
            groups = frozenset(carrier.groups)
            yield self._profile(target, here, workload, interface, groups, "seen", carrier.where, unknown)

    def _assumed(
        self,
        target: Target,
        here: AwsPlacement,
        workload: Workload,
        interface: Interface,
        published: Published,
    ) -> Profile:
        if published.groups not in self._alone:
            self._alone[published.groups] = frozenset(published.groups)
        groups = self._alone[published.groups]
        unknown: tuple[str, ...] = ()
        if here.membership == "shared":
            if interface.foreign is None:
                unknown = ("the groups that others put on it are not known",)
            else:
                groups |= frozenset(interface.foreign)
        where = f"local.{published.name}"
        return self._profile(target, here, workload, interface, groups, "assumed", where, unknown)

    def _profile(
        self,
        target: Target,
        here: AwsPlacement,
        workload: Workload,
        interface: Interface,
        groups: frozenset[str],
        status: str,
        where: str,
        unknown: tuple[str, ...],
    ) -> Profile:
        # Visibility beside others: their groups keep deciding, so this end is no part of the proof.
        filters = not (here.membership == "shared" and self._visible(workload.labels))
        names, profile = self._alike(groups, filters)
        known = Membership(
            target.name, workload.name, interface.name, status, where, names, unknown if filters else ()
        )
        self._memberships.append((known, filters))
        return profile

    def _alike(self, groups: frozenset[str], filters: bool) -> tuple[tuple[str, ...], Profile]:
        """The groups in order, and the profile of all interfaces that carry just these."""
        kind = groups, filters
        if kind not in self._kinds:
            self._held |= groups
            self._kinds[kind] = tuple(sorted(groups)), Profile(groups, filters)
        return self._kinds[kind]

    def _held_by_others(self) -> dict[str, str]:
        """Groups that something in the stack holds that is no interface of the model, and what that is."""
        others = (
            c
            for c in self._state.carriers
            if c.workload is None and c.origin is not Origin.SNAPSHOT and c.address not in self._placed
        )
        return {group: carrier.where for carrier in others for group in carrier.groups}

    def _unclear(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Which groups may admit more than is known, and why; many interfaces carry the same groups."""
        if names not in self._doubts:
            for name in names:
                if name not in self._doubt_of:
                    self._doubt_of[name] = self._enforcement.why(name) or self._admits_strangers(name)
            found = ((name, self._doubt_of[name]) for name in names)
            self._doubts[names] = tuple(f"{name}: {why}" for name, why in found if why)
        return self._doubts[names]

    def _admits_strangers(self, name: str) -> str:
        """Why it is not known whom a group's rules admit by reference: the holders of a group are all that
        hold it, and the model may not have them."""
        named = {group for side in Direction for group in self._enforcement.admits(name, side)[0]}
        told = [f"a rule names {group}, which no workload holds" for group in sorted(named - self._held)]
        told += [
            f"a rule names {group}, which {self._strangers[group]} holds too, and that is no workload"
            for group in sorted(named & self._held & self._strangers.keys())
        ]
        return "; ".join(told)


def _matches(permission: Permission, peer: Spot) -> bool:
    match permission.peer:
        case Holders(group):
            return group in groups_of(peer)
        case Range(addresses):
            return peer.addresses is None or peer.addresses <= addresses
        case _:
            return True


def _readable(carrier: Carrier) -> bool:
    return carrier.complete or carrier.origin is Origin.ATTACHED
