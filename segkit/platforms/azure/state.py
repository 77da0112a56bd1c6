"""What Azure enforces with network security groups, as data: groups with their rules, and what they filter.

This is one half of a proof, so it is written from the platform's documentation alone: [NSG] Azure Virtual
Network, “Network security groups overview”; [WORKS] “How network security groups filter network traffic”;
[ASG] “Application security groups”; [ADMIN] Azure Virtual Network Manager, “Security admin rules”.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from segkit.errors import Problem
from segkit.sets.addresses import Addresses
from segkit.sets.services import ServiceSet


class Direction(Enum):
    """The side of an interface that a rule decides about, as Azure writes it."""

    INBOUND = "Inbound"
    OUTBOUND = "Outbound"


@dataclass(frozen=True, slots=True)
class Range:
    """An end given by address. `vague`: it may hold every address of IPv6, too."""

    addresses: Addresses
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Members:
    """An end given by application security groups: every interface in one of them ([ASG])."""

    groups: frozenset[str]


Side = Range | Members


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a security group, or a security admin rule. `where` is a resource address or the rule's id.

    `doubt` says what of it cannot be told; the rest is then what it does at least, or at most. `final` is
    False for an admin rule that leaves what it lets pass to the security groups ([ADMIN] “Action”).
    """

    name: str
    priority: int
    direction: Direction
    allow: bool
    services: ServiceSet
    source: Side
    destination: Side
    where: str
    doubt: str = ""
    final: bool = True

    @property
    def order(self) -> tuple[int, str]:
        """What sorts rules: the lowest priority first."""
        return self.priority, self.name


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A network security group without the rules that every one has.

    `key` is its resource address in the stack, or its id for one that lives elsewhere. `doubts` say why its
    rules may not be all it has.
    """

    key: str
    name: str = ""
    rules: tuple[Rule, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admin:
    """The security admin rules that are deployed to a virtual network. `doubts` say why they may not be all,
    or not be there."""

    rules: tuple[Rule, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Carrier:
    """An interface, or a resource that makes interfaces: a scale set, a private endpoint.

    `groups` are the application security groups it is in; `subnet` is the key of its subnet, None where it is
    not known; `security_group` is that of the interface itself. `doubts` say why these may not be all, or not
    filter it. `resource`: the stack makes it. `workload` and `interface` name whom a published membership
    gave the groups to.
    """

    address: str
    groups: frozenset[str]
    subnet: str | None
    security_group: str | None
    doubts: tuple[str, ...]
    where: str
    resource: bool = True
    workload: str | None = None
    interface: str | None = None

    @property
    def complete(self) -> bool:
        """Is all that filters it known?"""
        return not self.doubts


@dataclass(frozen=True, slots=True)
class Published:
    """A membership that the stack offers to whoever creates the machine; `carriers` use it in this stack."""

    name: str
    workload: str
    interface: str
    target: str
    groups: frozenset[str]
    security_group: str | None
    complete: bool
    carriers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Everything that was read. `subnets` has the security group of each subnet that has one; `loose` are
    resources that put one on a subnet that cannot be told, by what they call it, and `loose_filters` those
    that put one on such an interface. `untold` are the keys that do not tell what they mean. `admin` has the
    virtual networks that were asked for, if rules are deployed to them or may be; `spared` are the subnets
    that such rules leave out."""

    groups: Mapping[str, SecurityGroup] = field(default_factory=dict)
    subnets: Mapping[str, str] = field(default_factory=dict)
    loose: tuple[tuple[str, str], ...] = ()
    loose_filters: tuple[tuple[str, str], ...] = ()
    untold: frozenset[str] = frozenset()
    carriers: tuple[Carrier, ...] = ()
    memberships: tuple[Published, ...] = ()
    notes: tuple[Problem, ...] = ()
    admin: Mapping[str, Admin] = field(default_factory=dict)
    spared: frozenset[str] = frozenset()
