"""The endpoints of a model: every workload at every address it may have, and everything that is no
workload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from segkit.model.model import Model
from segkit.model.workloads import Interface, Workload
from segkit.sets import EVERYWHERE, NOWHERE, Addresses

FAMILIES = (4, 6)

# Not unicast, or never leaves the machine or the link: outside what a policy speaks of.
# Sources: RFC 1122 3.2.1.3 (loopback), RFC 3927 (link-local), RFC 5771 (multicast), RFC 919 (limited
# broadcast), RFC 4291 2.5.3, 2.5.6, 2.7 (the same for IPv6).
EXCLUDED = Addresses.of(
    "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32", "::1/128", "fe80::/10", "ff00::/8"
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A workload's interface in one address family.

    `addresses` are those it has, the networks a member may be in (`many`), or None when nothing is known.
    """

    workload: Workload
    interface: Interface
    family: int
    addresses: Addresses | None
    many: bool

    @property
    def realm(self) -> str:
        """The address space the endpoint lives in."""
        return self.interface.realm


def endpoints(model: Model, taken: Mapping[str, Addresses]) -> Iterator[Endpoint]:
    """Every workload endpoint, in the order of the model; `taken` is `taken_addresses` of the model.

    An unknown address stands for the networks of its workload's zone, and for no address set at all where
    those are unknown too. Whoever is known by networks only is at none of the addresses that others have.
    """
    for workload in model.workloads:
        for interface in workload.interfaces:
            yield from _of_interface(model, workload, interface, taken.get(interface.realm, NOWHERE))


def _of_interface(
    model: Model, workload: Workload, interface: Interface, taken: Addresses
) -> Iterator[Endpoint]:
    known = interface.addresses
    if known is None:
        zone = model.zone_of(workload.label_map)
        networks = zone.networks if zone is not None and zone.realm == interface.realm else NOWHERE
        for family in FAMILIES:
            inside = networks.family(family)
            if inside or not networks:
                yield Endpoint(workload, interface, family, (inside - taken) or inside or None, True)
        return
    for family, there in zip(FAMILIES, (known.v4, known.v6), strict=True):
        if there:
            inside = known.family(family)
            free = (inside - taken) or inside if workload.is_class else inside
            yield Endpoint(workload, interface, family, free, workload.is_class)


def no_workload(taken: Addresses) -> Addresses:
    """The addresses of a realm that an endpoint which is no workload can have."""
    return EVERYWHERE - EXCLUDED - taken


def taken_addresses(model: Model) -> dict[str, Addresses]:
    """The addresses that belong to one workload each, by realm."""
    found: dict[str, list[Addresses]] = {}
    for workload in model.workloads:
        for interface in () if workload.is_class else workload.interfaces:
            if interface.addresses is not None:
                found.setdefault(interface.realm, []).append(interface.addresses)
    return {realm: Addresses.union(held) for realm, held in found.items()}
