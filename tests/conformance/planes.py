"""Every enforcement plane that the conformance suite is turned on for. A new platform adds one entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from segkit.model.model import Model
from segkit.platforms.base import platform
from segkit.sets import ServiceSet, icmp, icmpv6
from tests.conformance import aws, azure, google
from tests.oracles import mutants_aws, mutants_azure, mutants_google
from tests.oracles.intent_oracle import Packet
from tests.strategies import Features, models

Document = dict[str, Any]


def resources(fragment: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """Resource address -> its body."""
    return {
        (kind, key): body
        for kind, bodies in fragment.get("resource", {}).items()
        for key, body in bodies.items()
    }


@dataclass(frozen=True, repr=False)
class Plane:
    """What the suite needs to know of a platform, apart from the platform's own code.

    `placement(encoding)` makes the placement of a target from its name, the names of all targets and a number
    whose bits choose between arguments. `stack` adds what a document needs from others to be a whole stack.
    `packets` is the packet oracle over a document. `exact` are residuals that change nothing for the
    inventory of today, `all` are all but those that give up the proof. `unlimited` lifts every quota;
    `tight` is a placement with a quota that any rule overflows, and how much would be needed. `rules` and
    `members` are the kinds of resources (or parts) that hold rules and memberships. `faults` lists what is
    wrong with names and texts. `mutants` and `judge` are as in `tests.oracles.mutants_aws`. `interface` makes
    the platform's own id of an interface. `close` takes everything out of a document that opens.
    `sources_only` tells of a plane whose rules name groups as sources only; `dynamic` is a placement in which
    nothing hangs on today's addresses, and `always` are the residuals that it or any other then has. `parts`
    takes a fragment apart into what comes and goes by itself. `features` narrows the random models to what
    the platform has. `pings` are echo requests by family, or the least that holds them and can be said;
    `edited` are arguments of a rule that another rule may change, where one holds the ports of several.
    `schema` is the file of the provider's schema. `seldom` are estates with placements under which resources
    and arguments are written that nothing else writes, and the provider's version that knows them all if it
    is not the oldest that is asked for. `foreign` is what others may have made beside target `t` and
    interface 1, by kind, and what that makes of the proof; `beside` are arguments of a target that allow it.
    `force` are kinds of resources whose being there puts rules in force; empty where nobody waits for them.
    `adopted` is what a group keeps that was there before; empty where groups are nothing that could be.
    """

    name: str
    encodings: Sequence[str]
    placement: Callable[[str], Callable[[str, Sequence[str], int], Mapping[str, Any]]]
    stack: Callable[[Model, Document], Document]
    packets: Callable[[Model, Document], Callable[[Packet], bool]]
    unlimited: Callable[[], AbstractContextManager[None]]
    tight: tuple[Mapping[str, Any], str]
    rules: Sequence[str]
    members: Sequence[str]
    faults: Callable[[Document], Iterator[str]]
    mutants: Callable[[Document, int, int], Iterator[Any]]
    judge: Callable[[Model, Document, Document], Any]
    interface: Callable[[str], str | None]
    close: Callable[[Document], None]
    sources_only: bool = False
    named: bool = False
    dynamic: Mapping[str, Any] = field(default_factory=dict)
    always: Sequence[str] = ()
    parts: Callable[[Document], dict[tuple[str, str], Any]] = resources
    features: Mapping[str, Any] = field(default_factory=dict)
    pings: tuple[ServiceSet, ...] = (icmp(8), icmpv6(128))
    edited: Sequence[str] = ()
    schema: str = ""
    seldom: Sequence[tuple[str, Mapping[str, Any], str]] = ()
    foreign: Sequence[tuple[Mapping[str, Any], str]] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)
    adopted: Mapping[str, str] = field(default_factory=dict)
    force: Sequence[str] = ()
    exact: Sequence[str] = ("snapshot",)

    @property
    def all(self) -> tuple[str, ...]:
        """The residuals that random models accept."""
        return tuple(sorted(set(platform(self.name).capabilities.residuals) - {"unproved"}))

    def models(self, encoding: str, features: Features, accept: Sequence[str]) -> st.SearchStrategy[Model]:
        """Random models of this plane, accepting the named residuals."""
        narrowed = replace(features, **self.features)
        return models(self.name, self.placement(encoding), narrowed, accept, self.interface)

    def __repr__(self) -> str:
        return self.name


AWS = Plane(
    name="aws",
    encodings=("groups", "cells"),
    placement=aws.placement,
    stack=aws.stack,
    packets=aws.packets,
    unlimited=aws.unlimited,
    tight=({"quotas": {"rules_per_group": 1}}, "3"),
    rules=("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"),
    members=("aws_network_interface_sg_attachment",),
    faults=aws.faults,
    mutants=mutants_aws.mutants,
    judge=aws.judge,
    interface="eni-{}".format,
    close=aws.close,
    seldom=aws.SELDOM,
    foreign=aws.FOREIGN,
    adopted=aws.ADOPTED,
    force=("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"),
    beside={"membership": "shared"},
)

GOOGLE = Plane(
    name="google",
    encodings=("groups", "cells"),
    placement=google.placement,
    stack=google.stack,
    packets=google.packets,
    unlimited=google.unlimited,
    tight=({"quotas": {"attributes_per_policy": 1}, "egress": "open"}, "30"),
    rules=("rule",),
    members=("google_tags_location_tag_binding",),
    faults=google.faults,
    mutants=mutants_google.mutants,
    judge=google.judge,
    interface=google.interface,
    close=google.close,
    seldom=google.SELDOM,
    foreign=google.FOREIGN,
    adopted=google.ADOPTED,
    force=("google_compute_network_firewall_policy_association",),
    sources_only=True,
    dynamic={"egress": "open"},
    always=("egress-open", "snapshot"),
    parts=google.parts,
    features={"apart": True},
    pings=(icmp(), icmpv6()),
)

AZURE = Plane(
    name="azure",
    encodings=("groups", "cells"),
    placement=azure.placement,
    stack=azure.stack,
    packets=azure.packets,
    unlimited=azure.unlimited,
    tight=({"quotas": {"rules_per_security_group": 1}}, "5"),
    rules=(azure.RULES,),
    members=(azure.JOINED, azure.ON_INTERFACE),
    faults=azure.faults,
    mutants=mutants_azure.mutants,
    judge=azure.judge,
    interface=azure.interface,
    close=azure.close,
    seldom=azure.SELDOM,
    foreign=azure.FOREIGN,
    adopted=azure.ADOPTED,
    force=(azure.NSG,),
    parts=azure.parts,
    pings=(icmp(),),
    edited=("destination_port_range", "destination_port_ranges"),
    schema="azurerm",
)

AZURE_WITH_ADMIN = replace(
    AZURE,
    encodings=("admin",),
    placement=azure.with_admin,
    rules=(azure.RULES, azure.ADMIN_RULE),
    dynamic={"global_tier": "rules", "network_manager": None},
    always=("snapshot",),
)

AZURE_BY_BANDS = replace(AZURE, encodings=("bands",), placement=azure.by_bands)

GOOGLE_BY_NETWORK_TAGS = replace(
    GOOGLE,
    encodings=("network-tags",),
    placement=google.by_network_tags,
    tight=({"quotas": {"rules_per_project": 1}, "egress": "open"}, "7"),
    rules=("google_compute_firewall",),
    members=(),
    adopted={"value": "legacy"},
    force=("google_compute_firewall",),
    interface=lambda _: None,
)

GOOGLE_BY_ACCOUNTS = replace(
    GOOGLE_BY_NETWORK_TAGS,
    encodings=("accounts",),
    adopted={},
    force=(),
    placement=google.by_accounts,
    named=True,
)

GOOGLE_WITH_ADMIN = replace(
    GOOGLE,
    encodings=("admin",),
    placement=google.with_admin,
)

PLANES = (
    AWS,
    AZURE,
    AZURE_BY_BANDS,
    AZURE_WITH_ADMIN,
    GOOGLE,
    GOOGLE_WITH_ADMIN,
    GOOGLE_BY_NETWORK_TAGS,
    GOOGLE_BY_ACCOUNTS,
)
ENCODINGS = tuple((plane, encoding) for plane in PLANES for encoding in plane.encodings)
IDS = tuple(f"{plane.name}-{encoding}" for plane, encoding in ENCODINGS)
