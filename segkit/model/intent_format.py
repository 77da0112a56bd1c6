"""The format of intent files as pydantic models, for `segkit schema intent`.

`intent_file.py` writes and reads it without them, because it may hold a hundred thousand workloads.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from segkit.model.formats import Entry, Name
from segkit.model.policy import Action, Classification, Mode, Posture
from segkit.model.policy_format import Day

Selector = Annotated[str, Field(examples=['app == "shop" and role == "web"'])]
AddressText = Annotated[str, Field(examples=["10.0.0.0/8, 2001:db8::/32"])]
ServiceText = Annotated[str, Field(examples=["tcp/443,8000-8100; icmp/8", "any"])]
End = Annotated[
    str,
    Field(
        pattern="^(group|zone|network|addresses|select|builtin):",
        examples=["group:web", 'select:role == "api"', "builtin:anywhere"],
        description="What stands at one end of a rule, by kind and name.",
    ),
]


class LabelLine(Entry):
    """One key of the label schema."""

    name: Name
    """The key."""
    values: list[Name] | None = None
    """Its values; left out: any."""
    required: bool = False
    """Must every workload carry it?"""


class ZoneLine(Entry):
    """One zone."""

    name: Name
    """Its name."""
    select: Selector
    """Who is in it."""
    classification: Classification
    """How much it matters."""
    posture: Posture
    """What happens to flows inside it that no rule decides."""
    mode: Mode
    """What its end of a flow blocks."""
    networks: AddressText | None = None
    """Its CIDRs."""
    realm: Name | None = None
    """The address space of its networks; left out: default."""
    compliance: list[str] | None = None
    """Tags of the rules it is under."""
    moved_from: Name | None = None
    """The name it had before a rename."""


class GroupLine(Entry):
    """One group."""

    name: Name
    """Its name."""
    select: Selector
    """Who is in it."""
    moved_from: Name | None = None
    """The name it had before a rename."""


class AddressSetLine(Entry):
    """One address set."""

    name: Name
    """Its name."""
    addresses: AddressText
    """What it holds."""
    realm: Name | None = None
    """Its address space; left out: default."""


class ServiceLine(Entry):
    """One named service."""

    name: Name
    """Its name."""
    services: ServiceText
    """What it holds."""


class PolicyLine(Entry):
    """One policy; its rules stand under `rules`."""

    name: Name
    """Its name."""
    tier: Literal["quarantine", "global", "zone", "application"]
    """When it is evaluated."""
    owner: str | None = None
    """Who answers for it."""
    zone: Name | None = None
    """The zone of a policy in the tier zone."""


class RuleLine(Entry):
    """One rule."""

    id: Name
    """<policy>/<explicit id, or a hash of action and ends>."""
    policy: Name
    """The policy it is in."""
    action: Action
    """Does it allow or deny?"""
    source: list[End]
    """Who starts the connection."""
    destination: list[End]
    """Who takes it."""
    unless_source: list[End] | None = None
    """What is subtracted from the source."""
    unless_destination: list[End] | None = None
    """What is subtracted from the destination."""
    services: ServiceText
    """The services."""
    purpose: str | None = None
    """What it is for."""
    owner: str | None = None
    """Who answers for it."""
    ticket: str | None = None
    """Where it was asked for."""
    created: Day | None = None
    """The day it was first written."""
    updated: Day | None = None
    """The day it was last changed."""
    expires: Day | None = None
    """Its last valid day, UTC."""


class InterfaceLine(Entry):
    """One interface of a workload."""

    name: str | None = None
    """Its name, where there are several."""
    addresses: AddressText | None = None
    """Its addresses; left out: unknown."""
    realm: Name | None = None
    """Its address space; left out: default."""
    network: str | None = None
    """The VPC, VNet or segment it is placed in."""
    id: str | None = None
    """The platform's own id."""
    foreign: list[str] | None = None
    """Groups that others put on it; left out: unknown."""


class WorkloadLine(Entry):
    """One workload or workload class."""

    name: Name
    """Its name."""
    labels: list[Annotated[list[str], Field(min_length=2, max_length=2)]]
    """Its labels as pairs of key and value, sorted."""
    interfaces: list[InterfaceLine]
    """Its interfaces."""
    is_class: bool = False
    """Does it stand for any number of workloads?"""


class AcceptedLine(Entry):
    """One residual that a person accepts."""

    residual: Name
    """Its name."""
    owner: Name
    """Who answers for it."""
    reason: Name
    """Why."""
    expires: Day
    """The last day on which it is accepted."""


class TargetLine(Entry):
    """One target."""

    name: Name
    """Its name."""
    platform: Name
    """The platform."""
    select: Selector
    """The workloads it owns."""
    realm: Name | None = None
    """Its address space; left out: default."""
    placement: dict[str, Any] | None = None
    """The platform's own arguments."""
    accepted: list[AcceptedLine] | None = None
    """Differences from the intent that people accept."""
    stack: Name | None = None
    """The Terraform stack it is in; left out: the one stack there is."""
    identities: Name | None = None
    """The stack of its groups themselves; left out: with their rules."""


class ModelPart(Entry):
    """Everything declared, each kind sorted by name."""

    name: Name
    """The name of the segmentation."""
    today: Day
    """The day that expiry is judged by."""
    label_schema: list[LabelLine] = Field(alias="schema")
    """The label schema; empty where none was given."""
    zones: list[ZoneLine]
    """Zones."""
    groups: list[GroupLine]
    """Groups."""
    address_sets: list[AddressSetLine]
    """Address sets."""
    services: list[ServiceLine]
    """Named services."""
    policies: list[PolicyLine]
    """Policies."""
    rules: list[RuleLine]
    """The rules of all policies."""
    workloads: list[WorkloadLine]
    """Workloads and workload classes."""
    targets: list[TargetLine]
    """Targets."""


class IntentFile(Entry):
    """An intent file: a model with its digest, as every synth writes it."""

    format: Literal["segkit-intent"]
    """What this is."""
    version: Literal[1]
    """The version of the format."""
    digest: str = Field(pattern="^sha256:[0-9a-f]{64}$")
    """Of `model` as compact JSON with sorted keys. Equal digests mean equal declarations."""
    model: ModelPart
    """What is declared."""
    where: dict[str, str] = Field(
        default={}, examples=[{"rule:shop/orders": "policies/apps/shop/shop.yaml:6"}]
    )
    """Where each thing was declared, by kind and name. The digest does not cover it."""
