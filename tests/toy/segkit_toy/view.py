"""Doors read back from the Terraform alone: who reaches whom. Lowering and this share only the algebra."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from segkit.model.model import Model, Target
from segkit.model.workloads import Interface, Workload
from segkit.platforms.base import Membership, Spot
from segkit.sets import ANY, EVERYWHERE, NOWHERE, Addresses, ServiceSet
from segkit.sets.planes import Row, paint


class Opening(NamedTuple):
    """What a door lets pass, one way."""

    way: str
    addresses: Addresses
    services: ServiceSet


@dataclass(frozen=True, eq=False)
class Door:
    """A door of the document; an interface without one lets everything pass."""

    address: str
    openings: tuple[Opening, ...]

    def admits(self, way: str, far: Spot) -> Iterator[ServiceSet]:
        """The services that pass between it and a far end."""
        return (o.services for o in self.openings if o.way == way and _inside(far, o.addresses))


class DoorsView:
    """See `segkit.platforms.base.View`."""

    def __init__(self, model: Model, targets: Sequence[Target], document: Mapping[str, Any]) -> None:
        self._targets = targets
        self._doors: dict[tuple[str, str], Door] = {}
        for name, body in document.get("resource", {}).get("toy_door", {}).items():
            lines = (Opening(o["way"], _addresses(o), ServiceSet.parse(o["services"])) for o in body["open"])
            self._doors[body["workload"], body["interface"]] = Door(f"toy_door.{name}", tuple(lines))
        self._found: dict[Membership, None] = {}

    def cuts(self) -> Sequence[Addresses]:
        """Every address set that the rules mention."""
        return tuple(dict.fromkeys(o.addresses for d in self._doors.values() for o in d.openings))

    def profiles(self, workload: Workload, interface: Interface) -> tuple[Hashable, ...]:
        """The door of an interface that a target owns; `()` stands for owned and open."""
        for target in self._targets:
            if target.owns(workload.label_map, interface.realm, interface.network):
                door = self._doors.get((workload.name, interface.name))
                held = () if door is None else (door.address,)
                status = "seen" if held else "missing"
                self._found[Membership(target.name, workload.name, interface.name, status, "", held)] = None
                return (door or (),)
        return (None,)

    def rows(self, spots: Sequence[Spot]) -> DoorsRows:
        """Who sends where and who lets whom in."""
        return DoorsRows(spots)

    def memberships(self) -> Sequence[Membership]:
        """Every interface that a target owns, and its door."""
        return tuple(self._found)

    def resources(self, source: Spot, destination: Spot, services: ServiceSet) -> tuple[str, ...]:
        """The doors of both ends that let some of the services pass."""
        ends = ((source, "egress", destination), (destination, "ingress", source))
        return tuple(
            end.profile.address
            for end, way, far in ends
            if isinstance(end.profile, Door)
            and any(s.overlaps(services) for s in end.profile.admits(way, far))
        )

    def notes(self) -> Sequence[str]:
        """Everything can be made out."""
        return ()

    def exempt(self) -> Sequence[str]:
        """Doors filter every flow."""
        return ()

    def extents(self) -> Mapping[str, Addresses]:
        """Nothing tells the addresses of networks."""
        return {}

    def unfiltered(self) -> Addresses:
        """Doors have no addresses of their own."""
        return NOWHERE


class DoorsRows:
    """See `segkit.platforms.base.ViewRows`."""

    def __init__(self, spots: Sequence[Spot]) -> None:
        self._spots = spots

    def outgoing(self, source: int) -> Row:
        """Where the source's own door lets it send."""
        near = self._spots[source]
        return paint(
            [(s, 1 << n, True) for n, far in enumerate(self._spots) for s in _passes(near, "egress", far)]
        )

    def incoming(self, source: int) -> Row:
        """Whose doors let the source in."""
        far = self._spots[source]
        return paint(
            [(s, 1 << n, True) for n, near in enumerate(self._spots) for s in _passes(near, "ingress", far)]
        )


def _passes(near: Spot, way: str, far: Spot) -> Iterator[ServiceSet]:
    return near.profile.admits(way, far) if isinstance(near.profile, Door) else iter([ANY])


def _addresses(opening: Mapping[str, Any]) -> Addresses:
    return Addresses.of(*opening["addresses"])


def _inside(far: Spot, addresses: Addresses) -> bool:
    """Is a far end in a range? One whose address is not known only in a whole family."""
    known = EVERYWHERE.family(far.family) if far.addresses is None else far.addresses
    return known <= addresses
