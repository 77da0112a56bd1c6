"""The whole of what people declared: frozen, sorted, ready to compile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from segkit.model.policy import AddressSet, Group, LabelPolicy, Mode, Rule, Service, Zone
from segkit.model.workloads import DEFAULT_REALM, LabelSchema, Workload
from segkit.sets import ALL, Domains, Predicate


@dataclass(frozen=True, slots=True)
class Accepted:
    """A residual that a person accepts by name on one target, until `expires`."""

    residual: str
    owner: str
    reason: str
    expires: date
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Target:
    """One instance of an enforcement plane. It enforces the interfaces of the workloads that `select` matches
    and that lie in its realm (and, where an interface names its network, in that network).

    `placement` holds the platform's own arguments as JSON data; the platform validates them. `stack` is the
    Terraform stack that it is written into, empty where there is one stack for all. `identities` is the stack
    of its groups themselves, empty where they are with their rules.
    """

    name: str
    platform: str
    select: Predicate = ALL
    realm: str = DEFAULT_REALM
    placement: Mapping[str, Any] = field(default_factory=dict)
    accepted: tuple[Accepted, ...] = ()
    where: str = field(default="", compare=False)
    stack: str = ""
    identities: str = ""

    @property
    def home(self) -> str:
        """The stack that its groups are in."""
        return self.identities or self.stack

    def owns(self, labels: Mapping[str, str], realm: str, network: str | None) -> bool:
        """Does this target enforce an interface of a workload with these labels, placed there?"""
        return self.reaches(realm, network) and self.select.matches(labels)

    def reaches(self, realm: str, network: str | None) -> bool:
        """Are interfaces that are placed there this target's, if it selects their workload?"""
        here = network is None or network in (self.name, self.placement.get("network"))
        return here and realm == self.realm


@dataclass(frozen=True)
class Model:
    """Everything declared, with each kind sorted by name, so that the order of declaration is gone.

    `today` is the date that expiry is judged by.
    """

    name: str
    today: date
    schema: LabelSchema = field(default_factory=LabelSchema)
    zones: tuple[Zone, ...] = ()
    groups: tuple[Group, ...] = ()
    address_sets: tuple[AddressSet, ...] = ()
    services: tuple[Service, ...] = ()
    policies: tuple[LabelPolicy, ...] = ()
    workloads: tuple[Workload, ...] = ()
    targets: tuple[Target, ...] = ()

    @property
    def domains(self) -> Domains | None:
        """What labels a workload can have; None when no schema was given and anything goes."""
        return self.schema.domains if self.schema.keys else None

    @cached_property
    def stacks(self) -> tuple[str, ...]:
        """The stacks that targets name, sorted; none where there is one for all."""
        return tuple(sorted({name for t in self.targets for name in (t.stack, t.identities) if name}))

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule of every policy, sorted by id."""
        return tuple(sorted((r for p in self.policies for r in p.rules), key=lambda r: r.id))

    @cached_property
    def live_rules(self) -> tuple[Rule, ...]:
        """The rules that count today: an allow past its last day is left out, a deny never is."""
        return tuple(r for r in self.rules if r.action == "deny" or not r.expired(self.today))

    def zone_of(self, labels: Mapping[str, str]) -> Zone | None:
        """The zone a workload with these labels is in."""
        return next((z for z in self.zones if z.predicate.matches(labels)), None)

    def mode_of(self, labels: Mapping[str, str]) -> Mode:
        """How rules hold at a workload with these labels: the mode of its zone, `enforce` without one."""
        zone = self.zone_of(labels)
        return zone.mode if zone else "enforce"
