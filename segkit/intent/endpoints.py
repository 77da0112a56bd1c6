"""The endpoints of a model: every workload at every address it may have, and everything that is no
workload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from segkit.model.model import Model
from segkit.model.workloads import Interface, Workload
from segkit.sets import EVERYWHERE, NOWHERE, Addresses

FAMILIES = (4, 6)
_ADDRESS: dict[int, type[IPv4Address] | type[IPv6Address]] = {4: IPv4Address, 6: IPv6Address}

# Not unicast, or never leaves the machine or the link: outside what a policy speaks of.
# Sources: RFC 1122 3.2.1.3 (loopback), RFC 3927 (link-local), RFC 5771 (multicast), RFC 919 (limited
# broadcast), RFC 4291 2.5.3, 2.5.6, 2.7 (the same for IPv6).
EXCLUDED = Addresses.of(
    "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32", "::1/128", "fe80::/10", "ff00::/8"
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A workload's interface in one address family.

    `addresses` is one address, the networks a member may be in, or None when nothing is known of it.
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


def endpoints(model: Model) -> Iterator[Endpoint]:
    """Every workload endpoint, in the order of the model.

    An unknown address stands for the networks of its workload's zone, and for no address set at all where
    those are unknown too.
    """
    for workload in model.workloads:
        for interface in workload.interfaces:
            yield from _of_interface(model, workload, interface)


def _of_interface(model: Model, workload: Workload, interface: Interface) -> Iterator[Endpoint]:
    known = interface.addresses
    if known is None:
        zone = model.zone_of(workload.label_map)
        networks = zone.networks if zone is not None and zone.realm == interface.realm else NOWHERE
        for family in FAMILIES:
            inside = networks.family(family)
            if inside or not networks:
                yield Endpoint(workload, interface, family, inside or None, True)
        return
    for family in FAMILIES:
        inside = known.family(family)
        if not inside:
            continue
        if workload.is_class:
            yield Endpoint(workload, interface, family, inside, True)
        else:
            for lo, hi in (inside.v4 if family == 4 else inside.v6).spans:
                for address in range(lo, hi + 1):
                    one = Addresses.of(_ADDRESS[family](address))
                    yield Endpoint(workload, interface, family, one, False)


def no_workload(model: Model, realm: str) -> Addresses:
    """The addresses of a realm that an endpoint which is no workload can have."""
    taken = [
        i.addresses
        for w in model.workloads
        if not w.is_class
        for i in w.interfaces
        if i.realm == realm and i.addresses is not None
    ]
    return EVERYWHERE - EXCLUDED - Addresses.union(taken)
