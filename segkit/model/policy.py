"""Zones, groups, address sets, rules and the policies that hold them, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Literal

from segkit.model.ends import End
from segkit.model.workloads import DEFAULT_REALM
from segkit.sets import NOWHERE, Addresses, Predicate, ServiceSet

Action = Literal["allow", "deny"]
Classification = Literal["public", "internal", "sensitive", "critical"]
Mode = Literal["visibility", "selective", "enforce"]
Posture = Literal["deny", "allow"]


SIDES = ("source", "destination", "unless_source", "unless_destination")
"""What has ends in a rule: its sources and destinations, and what each leaves out."""


class Tier(IntEnum):
    """Tiers in the order they are evaluated; the first with a verdict decides."""

    quarantine = 0
    glob = 1
    zone = 2
    application = 3

    @property
    def label(self) -> str:
        """The tier as people write it."""
        return "global" if self is Tier.glob else self.name

    @staticmethod
    def parse(text: str) -> Tier:
        """A tier by its name; raises KeyError for an unknown one."""
        return {t.label: t for t in Tier}[text]


@dataclass(frozen=True, slots=True)
class Group:
    """A named selector. `moved_from` is the name it had before a rename."""

    name: str
    predicate: Predicate
    moved_from: str | None = None
    where: str = field(default="", compare=False)

    @property
    def end(self) -> End:
        """The group as an end of a rule."""
        return End.group(self.name, self.predicate)


@dataclass(frozen=True, slots=True)
class Zone:
    """A named part of the estate. Workloads are in it by `predicate` alone; `networks` are its CIDRs."""

    name: str
    predicate: Predicate
    classification: Classification = "internal"
    posture: Posture = "deny"
    mode: Mode = "enforce"
    networks: Addresses = NOWHERE
    realm: str = DEFAULT_REALM
    compliance: tuple[str, ...] = ()
    moved_from: str | None = None
    where: str = field(default="", compare=False)

    @property
    def end(self) -> End:
        """The zone's workloads as an end of a rule."""
        return End.zone(self.name, self.predicate)

    @property
    def network(self) -> End:
        """The zone's CIDRs as an end of a rule."""
        return End.network(self.name, self.networks, self.realm)


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Named CIDRs in a realm."""

    name: str
    addresses: Addresses
    realm: str = DEFAULT_REALM
    where: str = field(default="", compare=False)

    @property
    def end(self) -> End:
        """The set as an end of a rule."""
        return End.addresses(self.name, self.addresses, self.realm)


@dataclass(frozen=True, slots=True)
class Service:
    """A named set of services."""

    name: str
    services: ServiceSet
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """An action for flows from any of `source` to any of `destination` with a service of `services`.

    `unless_source` and `unless_destination` subtract from that end only. `id` is unique in the model:
    `<policy>/<explicit id or hash of action and ends>`.
    """

    id: str
    policy: str
    tier: Tier
    action: Action
    source: tuple[End, ...]
    destination: tuple[End, ...]
    services: ServiceSet
    unless_source: tuple[End, ...] = ()
    unless_destination: tuple[End, ...] = ()
    purpose: str = ""
    owner: str = ""
    ticket: str = ""
    created: date | None = None
    updated: date | None = None
    expires: date | None = None
    where: str = field(default="", compare=False)

    @property
    def sides(self) -> tuple[tuple[End, ...], ...]:
        """Every end it names, in the order of `SIDES`."""
        return self.source, self.destination, self.unless_source, self.unless_destination

    @property
    def text(self) -> str:
        """The rule in one line, as a report shows it."""
        source, destination = (
            _ends(self.source, self.unless_source),
            _ends(self.destination, self.unless_destination),
        )
        return f"{self.action} {source} -> {destination} {self.services}"

    def expired(self, today: date) -> bool:
        """True past the last valid day."""
        return self.expires is not None and self.expires < today


@dataclass(frozen=True, slots=True)
class LabelPolicy:
    """A named, owned set of rules in one tier. A zone-tier policy names its zone."""

    name: str
    tier: Tier
    owner: str = ""
    zone: str | None = None
    rules: tuple[Rule, ...] = ()
    where: str = field(default="", compare=False)


def _ends(ends: tuple[End, ...], unless: tuple[End, ...]) -> str:
    text = " or ".join(e.text for e in ends)
    return f"({text} unless {' or '.join(e.text for e in unless)})" if unless else text
