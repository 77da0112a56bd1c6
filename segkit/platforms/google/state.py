"""What Google Cloud enforces on the interfaces of a VPC network, as data.

This is one half of a proof, so it is written from the platform's documentation alone. Sources: [RULES] Cloud
NGFW, “Firewall policy rules”; [ORDER] Cloud NGFW, “Evaluation order for firewall policies and rules”; [VPC]
“VPC firewall rules”; [TAGS] Cloud NGFW, “Secure tags for firewalls”; [API] Compute Engine API,
FirewallPolicy and Firewall.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from segkit.errors import Problem
from segkit.sets.addresses import NOWHERE, Addresses
from segkit.sets.services import ServiceSet

Action = Literal["allow", "deny", "goto_next"]
Order = Literal["AFTER_CLASSIC_FIREWALL", "BEFORE_CLASSIC_FIREWALL"]

AFTER: Order = "AFTER_CLASSIC_FIREWALL"
BEFORE: Order = "BEFORE_CLASSIC_FIREWALL"
NOBODY: frozenset[str] = frozenset()


class Direction(Enum):
    """The side of an interface that a rule decides about."""

    INGRESS = "INGRESS"
    EGRESS = "EGRESS"


@dataclass(frozen=True, slots=True)
class Holders:
    """Whoever holds one of these: values of secure tags, network tags, or service accounts ([TAGS], [VPC]).
    Kinds add up, as their members do."""

    tags: frozenset[str] = NOBODY
    network_tags: frozenset[str] = NOBODY
    accounts: frozenset[str] = NOBODY

    def __bool__(self) -> bool:
        return bool(self.tags or self.network_tags or self.accounts)

    @property
    def names(self) -> Iterator[tuple[str, str]]:
        """Everything in it, with its kind."""
        for kind, held in (
            ("tag", self.tags),
            ("network tag", self.network_tags),
            ("account", self.accounts),
        ):
            yield from ((kind, name) for name in held)

    def meets(self, other: Holders) -> bool:
        """Does somebody who holds all of `other` hold one of these?"""
        return not (
            self.tags.isdisjoint(other.tags)
            and self.network_tags.isdisjoint(other.network_tags)
            and self.accounts.isdisjoint(other.accounts)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy, or one VPC firewall rule.

    `targets` None is every interface of the network. A far end is inside `ranges` or one of `peers`: several
    source parameters add up ([RULES]). `unknown` says what of the rule cannot be told; the rest is what it
    does at least. `networks` are those that a rule of a hierarchical policy is limited to, None for all.
    """

    priority: int
    action: Action
    direction: Direction
    services: ServiceSet
    where: str
    targets: Holders | None = None
    ranges: Addresses = NOWHERE
    peers: Holders = field(default_factory=Holders)
    unknown: str = ""
    networks: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """Rules that are walked together: a policy, or all VPC firewall rules of a network. `doubts` say why
    these may not be all."""

    where: str
    rules: tuple[Rule, ...]
    doubts: tuple[str, ...] = ()


PATH = re.compile(r"(?:.*/)?projects/([^/]+)/global/networks/([^/]+)")
NAME = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")


def called(key: str) -> tuple[str, str]:
    """The name and the project that the key of a network tells, "" for what it does not.

    >>> called("projects/p/global/networks/n"), called("n"), called("var.network")
    (('n', 'p'), ('n', ''), ('', ''))
    """
    if (found := PATH.fullmatch(key)) is not None:
        return found[2], found[1]
    return key if NAME.fullmatch(key) else "", ""


@dataclass(frozen=True, slots=True)
class Network:
    """A VPC network: what decides about its interfaces.

    `key` is the resource address of the network (with an index, where there are several), or
    `projects/…/networks/…`, or a name, or an expression. `order` is the enforcement order where the stack
    says it, `made` whether the stack makes the network; `name` and `project` are "" where they are not known.
    `policies` are those of the network itself, `classic` are its VPC firewall rules.
    """

    key: str
    order: Order | None = None
    made: bool = False
    name: str = ""
    project: str = ""
    classic: Stage | None = None
    policies: tuple[Stage, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tag:
    """A value of a secure tag: its key, and the network that the key is for ("" for a whole organization,
    None where that is not known). `purpose` is whether firewalls may use it."""

    name: str
    key: str
    network: str | None = None
    purpose: bool = True


class Origin(Enum):
    """How a carrier was seen."""

    RESOURCE = "resource"  # the stack creates it
    BOUND = "bound"  # it lives elsewhere; the stack binds tags to it


@dataclass(frozen=True, slots=True)
class Carrier:
    """Something that holds tags: an instance, or a template that makes instances.

    `address` is the resource address, or the full resource name that tags are bound to. `workload` and
    `interface` name whom a published membership gave the tags to. `networks` are those it has interfaces in,
    None where that is not told.
    """

    address: str
    held: Holders
    workload: str | None
    interface: str | None
    complete: bool
    where: str
    origin: Origin = Origin.RESOURCE
    networks: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A membership that the stack offers to whoever creates the machine; `carriers` use it in this stack."""

    name: str
    workload: str
    interface: str
    target: str
    held: Holders
    complete: bool
    carriers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Everything that was read. `peerings` are pairs of networks (sorted) that are peered. `tags` are the tag
    values that the stack makes. `doubts` are about every network, by what they concern: "above" (policies
    that come first), "classic" (VPC firewall rules) or "below" (policies that come last). `hierarchy` are the
    policies of organizations and folders."""

    networks: Mapping[str, Network] = field(default_factory=dict)
    tags: Mapping[str, Tag] = field(default_factory=dict)
    carriers: tuple[Carrier, ...] = ()
    memberships: tuple[Published, ...] = ()
    peerings: frozenset[tuple[str, str]] = frozenset()
    notes: tuple[Problem, ...] = ()
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hierarchy: Mapping[str, tuple[Stage, ...]] = field(default_factory=dict)
