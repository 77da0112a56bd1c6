"""Concrete flows between endpoints that exist or could: the witnesses of what lint finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from segkit.model.workloads import DEFAULT_REALM
from segkit.sets import Addresses, IntervalSet, L, Predicate, ServiceSet


@dataclass(frozen=True, slots=True)
class Spot:
    """One endpoint: a workload with `labels`, or (None) an address that no workload holds. `value` is its
    address as a number, None when it is not known."""

    realm: str
    family: int
    labels: Mapping[str, str] | None
    value: int | None

    @property
    def text(self) -> str:
        """The endpoint in label terms.

        >>> Spot("default", 4, {"app": "shop"}, None).text, Spot("default", 4, None, 2**24).text
        ('app == "shop"', '1.0.0.0 (no workload)')
        """
        address = ""
        if self.value is not None:
            address = str((IPv4Address if self.family == 4 else IPv6Address)(self.value))
        if self.labels is None:
            out = f"{address} (no workload)"
        else:
            out = _labels(self.labels) + (f" at {address}" if address else "")
        return out if self.realm == DEFAULT_REALM else f"{out} in realm {self.realm}"


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow between two endpoints, with one point of the service line."""

    source: Spot
    destination: Spot
    point: int

    @property
    def services(self) -> ServiceSet:
        """The one service of the flow."""
        return ServiceSet.from_line(IntervalSet.of((self.point, self.point)))

    @property
    def text(self) -> str:
        """The flow in one line."""
        return f"{self.source.text} -> {self.destination.text} {self.services}"


def first_address(addresses: Addresses, family: int) -> int | None:
    """The lowest address of one family, as a number."""
    line = addresses.v4 if family == 4 else addresses.v6
    return line.spans[0][0] if line else None


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return "a workload without labels"
    held: Predicate | None = None
    for key, value in sorted(labels.items()):
        held = L[key] == value if held is None else held & (L[key] == value)
    return str(held)
