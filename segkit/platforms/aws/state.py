"""What AWS enforces with security groups, as data: groups with their permissions, and what holds them.

This is one half of a proof, so it is written from the platform's documentation alone:
- Amazon VPC User Guide, "Security group rules": allow rules only; the rules of all groups on an interface are
  added up; a group without inbound (outbound) rules admits nothing in that direction; a referenced group
  stands for the private addresses of the interfaces that hold it, in the same VPC or a peered one.
- Amazon EC2 API reference, IpPermission and SecurityGroupRule: protocols, port ranges, ICMP types and codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from segkit.errors import Problem
from segkit.sets.addresses import Addresses
from segkit.sets.services import ServiceSet


class Direction(Enum):
    """The side of a group that a permission belongs to."""

    INGRESS = "ingress"
    EGRESS = "egress"


@dataclass(frozen=True, slots=True)
class Range:
    """A peer given by address: a CIDR, or the entries of a prefix list, whose id or address is then `via`."""

    addresses: Addresses
    via: str = ""


@dataclass(frozen=True, slots=True)
class Holders:
    """A peer given by group: every interface that holds it."""

    group: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """A peer that cannot be told from what was read, with its text."""

    text: str


Peer = Range | Holders | Opaque


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing a group admits. `protocol` is None for all; `where` is a resource address or rule id."""

    protocol: int | None
    services: ServiceSet
    peer: Peer
    where: str


@dataclass(frozen=True, slots=True)
class Group:
    """A security group.

    `key` is its resource address in the stack, or its id (`sg-...`) for one that lives elsewhere. `vpc` is
    the VPC's id or the text of the expression that gives it, None where it cannot be told. `known` says
    whether the rules listed are all it has; `why` says why they are not. `name` is the group's name where one
    is written down. `vpcs` are further VPCs the group is associated with.
    """

    key: str
    name: str = ""
    vpc: str | None = None
    ingress: tuple[Permission, ...] = ()
    egress: tuple[Permission, ...] = ()
    known: bool = True
    why: str = ""
    vpcs: tuple[str, ...] = ()

    def permissions(self, direction: Direction) -> tuple[Permission, ...]:
        """The permissions of one direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress


class Origin(Enum):
    """How a carrier was seen."""

    RESOURCE = "resource"  # the stack creates it
    ATTACHED = (
        "attached"  # it lives elsewhere; the stack attaches groups to it, and may not see others it holds
    )
    MODULE = "module"  # a module is given the groups; what it does with them is not read
    SNAPSHOT = "snapshot"  # a recorded answer of the platform


@dataclass(frozen=True, slots=True)
class Carrier:
    """Something that holds groups: a network interface, or a resource that makes such interfaces.

    `address` is the resource address or the interface id. `workload` and `interface` name whom a published
    membership gave the groups to, None where they did not come from one. `complete` says whether `groups` is
    everything it holds.
    """

    address: str
    groups: tuple[str, ...]
    workload: str | None
    interface: str | None
    complete: bool
    where: str
    origin: Origin = Origin.RESOURCE
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """A membership that the stack offers to whoever creates the machine.

    `carriers` are the addresses of what uses it in this stack: with none, that the workload holds the groups
    is assumed.
    """

    name: str
    workload: str
    interface: str
    target: str
    groups: tuple[str, ...]
    complete: bool
    carriers: tuple[str, ...] = ()

    @property
    def seen(self) -> bool:
        """Whether something in the stack carries it."""
        return bool(self.carriers)


@dataclass(frozen=True, slots=True)
class State:
    """Everything that was read. `peerings` are pairs of VPCs (sorted) between which group references work.

    `notes` lists every place that was read leniently or not at all, with its resource address.
    """

    groups: Mapping[str, Group] = field(default_factory=dict)
    carriers: tuple[Carrier, ...] = ()
    memberships: tuple[Published, ...] = ()
    peerings: frozenset[tuple[str, str]] = frozenset()
    notes: tuple[Problem, ...] = ()
    prefix_lists: Mapping[str, Addresses] = field(default_factory=dict)
