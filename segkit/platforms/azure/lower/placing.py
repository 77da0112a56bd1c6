"""Which network security groups filter an interface: that of its subnet, or the one on interfaces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from segkit.errors import Problem
from segkit.intent.endpoints import Endpoint
from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.model.workloads import Interface, Workload
from segkit.platforms.azure.placement import AzurePlacement
from segkit.platforms.lowering.elsewhere import elsewhere
from segkit.sets import NOWHERE, Addresses

ON_INTERFACES = "interfaces"
"""The name of the security group of a target without subnets."""


class Placing:
    """Where the interfaces of all targets are. `problems` are workloads that are where they cannot be.
    `untouched` are the subnets, by target, whose security group stays as others have it: everybody in them is
    in visibility mode."""

    def __init__(
        self, intent: Intent, targets: Sequence[Target], placements: Mapping[str, AzurePlacement]
    ) -> None:
        self._placements = placements
        self._held: dict[tuple[str, str], list[Endpoint]] = {}
        for kin in intent.population.kin:
            for endpoint in kin.endpoints:
                self._held.setdefault(_key(endpoint.workload, endpoint.interface), []).append(endpoint)
        self.problems: list[Problem] = []
        self.untouched: dict[str, frozenset[str]] = {}
        self.problems += elsewhere(intent.model, targets)
        for target in targets:
            here = placements[target.name]
            if here.subnets:
                self.problems += self._strangers(intent, target)
            if here.shared:
                self.problems += self._watched(intent, target)

    def of(self, target: str, workload: Workload, interface: Interface) -> tuple[str, ...]:
        """The names of the subnets that an interface of a target is in, or may be in; one for all that have
        the same security group."""
        here = self._placements[target]
        if not here.subnets:
            return (ON_INTERFACES,)
        held = self._held.get(_key(workload, interface), [])
        known = _known(held)
        found = tuple(name for name, subnet in here.subnets.items() if subnet.prefixes.overlaps(known))
        sure = bool(held) and all(e.addresses is not None for e in held)
        return tuple(dict.fromkeys(here.filter(n) for n in (found if sure and found else here.subnets)))

    def _strangers(self, intent: Intent, target: Target) -> Iterator[Problem]:
        """Workloads that are in no subnet, in several, or in one without being this target's."""
        here = self._placements[target.name]
        whole = Addresses.union(subnet.prefixes for subnet in here.subnets.values())
        for workload in intent.model.workloads:
            for one in workload.interfaces:
                known = _known(self._held.get(_key(workload, one), []))
                owned = target.owns(workload.label_map, one.realm, one.network)
                if owned:
                    yield from _misplaced(target, here, workload, one, known)
                    continue
                inside = NOWHERE if workload.is_class else (one.addresses or NOWHERE) & whole
                if inside and target.reaches(one.realm, one.network):
                    yield _closed(target, workload, inside)

    def _watched(self, intent: Intent, target: Target) -> Iterator[Problem]:
        """Workloads in visibility mode that a deny at the end of our rules would cut off: beside rules of
        others nothing is opened for them."""
        modes: dict[str, set[bool]] = defaultdict(set)
        watched: dict[Workload, set[str]] = defaultdict(set)
        for workload in intent.model.workloads:
            passive = intent.model.mode_of(workload.label_map) == "visibility"
            for one in workload.interfaces:
                if target.owns(workload.label_map, one.realm, one.network):
                    places = self.of(target.name, workload, one)
                    for subnet in places:
                        modes[subnet].add(passive)
                    if passive:
                        watched[workload].update(places)
        subnets = self._placements[target.name].subnets
        untouched = {n for n, seen in modes.items() if seen == {True} and subnets[n].security_group}
        self.untouched[target.name] = frozenset(untouched)
        for workload, found in watched.items():
            if closed := sorted(found - untouched):
                yield _cut_off(target, workload, closed)


def _key(workload: Workload, interface: Interface) -> tuple[str, str]:
    return workload.name, interface.name


def _known(held: Sequence[Endpoint]) -> Addresses:
    return Addresses.union(e.addresses or NOWHERE for e in held)


def _misplaced(
    target: Target, here: AzurePlacement, workload: Workload, interface: Interface, known: Addresses
) -> Iterator[Problem]:
    found = [name for name, subnet in here.subnets.items() if subnet.prefixes.overlaps(known)]
    many = workload.is_class or interface.addresses is None
    what = f"target {target.name}: workload {workload.name!r} is at {known}"
    if known and not found:
        yield Problem(
            f"{what}, in no subnet of the target",
            where=workload.where,
            why="its network security group would filter nobody there",
            fix="add the subnet to subnets, or place the interface with network=",
        )
    elif len(found) > 1 and not many:
        yield Problem(
            f"{what}, in subnets {' and '.join(found)}",
            where=workload.where,
            why="an interface is in one subnet",
            fix="declare its interfaces one by one",
        )


def _closed(target: Target, workload: Workload, inside: Addresses) -> Problem:
    return Problem(
        f"target {target.name}: workload {workload.name!r} is inside a subnet, at {inside}, and not its own",
        where=workload.where,
        why="a security group on a subnet filters every interface there: this one would be cut off",
        fix="let select= match it, or leave subnets out so that the group is on interfaces",
    )


def _cut_off(target: Target, workload: Workload, closed: Sequence[str]) -> Problem:
    return Problem(
        f"target {target.name}: workload {workload.name!r} is in visibility mode in {', '.join(closed)}",
        where=workload.where,
        why="others have rules in a security group of this target, so visibility opens nothing, and the deny "
        "behind our rules would cut the workload off",
        fix="let everybody in a subnet with a security_group of others be in visibility mode, or nobody; "
        "give other subnets a target of their own",
    )
