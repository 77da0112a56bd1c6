"""The ends of packets, for every packet oracle: where an interface is found, and at which address."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from segkit.model.model import Model, Target
from segkit.model.workloads import Interface, Workload
from segkit.platforms.base import platform
from tests.oracles import intent_oracle

Place = TypeVar("Place")

STAND_IN = {4: "203.0.113.77", 6: "2001:db8::77"}
"""Addresses for machines whose address nobody knows; the oracles take them for no address at all."""


@dataclass(frozen=True, slots=True)
class Owned:
    """An interface that a target owns: its name, its id or the local that publishes what it carries, and an
    address."""

    name: str
    place: str
    address: str
    target: Target
    workload: Workload
    interface: Interface


def owned(model: Model) -> Iterator[Owned]:
    """Every interface that some target owns."""
    for target in model.targets:
        for workload in model.workloads:
            for one in workload.interfaces:
                if target.owns(workload.label_map, one.realm, one.network):
                    local = platform(target.platform).membership_local(target.name, workload.name, one.name)
                    address = str(one.addresses.cidrs()[0][0]) if one.addresses else STAND_IN[4]
                    name = f"{workload.name}/{one.name}"
                    yield Owned(name, one.id or f"local.{local}", address, target, workload, one)


def located(spot: intent_oracle.Spot, known: Container[str]) -> tuple[str | None, str]:
    """The interface of an end, if it is one that is known, and its address."""
    name = None
    if spot.workload is not None and spot.interface is not None:
        name = f"{spot.workload.name}/{spot.interface.name}"
    address = STAND_IN[spot.family] if spot.address is None else str(spot.address)
    return (name if name in known else None), address


def by_realm(model: Model, places: Mapping[str, Place]) -> Iterator[tuple[str, dict[str, Place]]]:
    """The interfaces of each realm that has targets: no packet leaves its realm."""
    for realm in sorted({t.realm for t in model.targets}):
        near = {f"{w.name}/{one.name}" for w in model.workloads for one in w.interfaces if one.realm == realm}
        yield realm, {name: place for name, place in places.items() if name in near}
