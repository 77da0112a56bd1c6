"""The format of policy files, as published by `segkit schema policy`.

Like `segkit.model.formats`, this module imports pydantic: import it only where a file is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Union

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag

from segkit.model.formats import TEXT, TEXTS, Also, ClassEntry, Entry, Keys, Name, WorkloadEntry
from segkit.model.policy import Classification, Mode, Posture
from segkit.model.workloads import DEFAULT_REALM


def _list(value: Any) -> Any:
    # A number becomes an item too: the finding then says to quote it.
    return value if value is None or isinstance(value, list | dict) else [value]


def _services(value: Any) -> Any:
    # A bare number goes on as text, to be refused with better advice than to quote it.
    listed = _list(value)
    if not isinstance(listed, list):
        return listed
    return [str(one) if isinstance(one, int) and not isinstance(one, bool) else one for one in listed]


def _select(value: Any) -> Any:
    return {"select": value} if isinstance(value, str) else value


def _addresses(value: Any) -> Any:
    return {"addresses": value} if isinstance(value, str | list) else value


Texts = Annotated[list[Name], BeforeValidator(_list), Also(TEXT)]
"""One text, or a list of them."""

Services = Annotated[list[Name], BeforeValidator(_services), Also(TEXT)]
"""Services as text: one, or a list of them."""

Day = Annotated[str, Field(json_schema_extra={"format": "date"}, examples=["2027-06-30"])]
"""A day of the calendar."""

SELECTOR = 'app == "shop" and role in ("web", "api")'


class ZoneEntry(Entry):
    """A named part of the estate: the workloads that a selector matches, now and later."""

    select: Name = Field(examples=['zone == "cde"'])
    """The selector that decides who is in it. Zones never overlap."""
    classification: Classification = "internal"
    """How much it matters."""
    posture: Posture = "deny"
    """What happens to flows inside the zone that no rule decides."""
    mode: Mode = "enforce"
    """What its end of a flow blocks: nothing, what an explicit deny decided, or whatever is denied."""
    networks: Texts = Field(default=[], examples=[["10.1.0.0/16"]])
    """The CIDRs that `network:<zone>` stands for. They do not decide membership."""
    realm: Name = DEFAULT_REALM
    """The address space of its networks."""
    compliance: Texts = Field(default=[], examples=[["pci-dss"]])
    """Tags of the rules it is under."""
    moved_from: Name | None = None
    """The name it had before a rename."""


class GroupEntry(Entry):
    """A named selector."""

    select: Name = Field(examples=[SELECTOR])
    """Who is in it. It may be empty today."""
    moved_from: Name | None = None
    """The name it had before a rename."""


class AddressSetEntry(Entry):
    """Named addresses and CIDRs, IPv4 and IPv6."""

    addresses: Texts = Field(examples=[["10.0.0.0/8", "2001:db8::/32"]])
    """The addresses and CIDRs."""
    realm: Name = DEFAULT_REALM
    """The address space they are in."""


class Ends(Entry):
    """Source and destination of a rule, each one end or a list.

    An end is the name of a group, zone or address set, `anywhere`, `internet`, `outside`, or a selector.
    Where a name means two things: `group:x`, `zone:x`, `addresses:x`. `network:x` is the CIDRs of a zone.
    """

    from_: Texts = Field(alias="from", examples=["web", ["zone:cde", 'role == "api"']])
    """Who starts the connection."""
    to: Texts = Field(examples=["db", ["internet"]])
    """Who takes it."""


def _form(value: Any) -> str:
    return "ends" if isinstance(value, dict) else "arrow"


Arrow = Annotated[
    str,
    Field(
        # Only for editors: segkit says itself what is wrong with one.
        json_schema_extra={"pattern": r"\S\s+->\s+\S"},
        examples=["web -> db", 'web, role == "api" -> zone:cde'],
        description="SOURCE -> DESTINATION, each one end or several with commas between them.",
    ),
]
Flow = Annotated[
    Union[Annotated[Arrow, Tag("arrow")], Annotated[Ends, Tag("ends")]],  # noqa: UP007
    Discriminator(_form),
]
"""Who may or may not reach whom."""


class RuleEntry(Entry):
    """One rule: `allow` or `deny` with its ends, the services, and who answers for it."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["allow"]}, {"required": ["deny"]}]})
    misplaced: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("from", "to", "source", "destination"),
        "write the ends under allow or deny: `allow: A -> B`, or `allow: {from: A, to: B}`",
    )

    id: Name | None = None
    """Names the rule for good inside its policy. Left out: named by its action and ends."""
    allow: Flow | None = None
    """Allow flows from any source to any destination."""
    deny: Flow | None = None
    """Deny flows. Inside a tier deny beats allow."""
    services: Services = Field(examples=["postgresql", ["https", "tcp/8000-8100", "icmp/8"], "any"])
    """Names of services, declared or well known, or text: tcp/443, icmp/8, protocol:47. `any` for all."""
    unless_source: Texts | None = None
    """Ends that are subtracted from the source."""
    unless_destination: Texts | None = None
    """Ends that are subtracted from the destination."""
    purpose: str = ""
    """What it is for."""
    owner: str = ""
    """Who answers for it, where that is not the owner of the policy."""
    ticket: str = ""
    """Where it was asked for."""
    created: Day | None = None
    """The day it was first written."""
    updated: Day | None = None
    """The day it was last changed."""
    expires: Day | None = None
    """Its last valid day, UTC."""


class PolicyEntry(Entry):
    """A named, owned set of rules in one tier."""

    tier: str | None = Field(
        default=None, json_schema_extra={"enum": ["quarantine", "global", "zone", "application", None]}
    )
    """Follows from the folder: quarantine/, global/, zones/<zone>/, apps/<app>/. Elsewhere it is needed."""
    owner: str = ""
    """Who answers for its rules."""
    zone: Name | None = None
    """The zone of a policy in the tier zone. Follows from the folder zones/<zone>/."""
    rules: list[RuleEntry] = Field(default=[])
    """Its rules. Their order means nothing."""


class ResidualEntry(Entry):
    """A named difference between intent and what a target can enforce, which a person accepts."""

    residual: Name = Field(examples=["snapshot"])
    """Its name."""
    owner: Name
    """Who answers for it."""
    reason: Name
    """Why it is right to accept it."""
    expires: Day
    """The last day on which it is accepted."""


class TargetEntry(Entry):
    """One enforcement plane, such as an AWS VPC."""

    platform: Name = Field(examples=["aws"])
    """The platform."""
    select: Name | None = Field(default=None, examples=['cloud == "aws"'])
    """The workloads it owns; left out: all."""
    realm: Name = DEFAULT_REALM
    """The address space it is in."""
    placement: dict[str, Any] = Field(
        default={}, examples=[{"vpc_id": "vpc-0a1b2c3d", "region": "eu-west-1"}]
    )
    """The platform's own arguments: where it is and how it emits."""
    accepted_residuals: list[ResidualEntry] = Field(default=[])
    """Differences from the intent that people accept."""
    stack: Name | None = Field(default=None, examples=["retail-prod-eu-west-1"])
    """The Terraform stack it is in; left out: the one stack there is."""
    identities: Name | None = None
    """The stack of its groups themselves; left out: with their rules."""


def _labels_form(value: Any) -> str:
    return "file" if isinstance(value, str) else "keys"


_Labels = Annotated[
    Union[Annotated[Name, Tag("file")], Annotated[Keys, Tag("keys")]],  # noqa: UP007
    Discriminator(_labels_form),
]
_Group = Annotated[GroupEntry, BeforeValidator(_select), Also(TEXT)]
_Zone = Annotated[ZoneEntry, BeforeValidator(_select), Also(TEXT)]
_AddressSet = Annotated[AddressSetEntry, BeforeValidator(_addresses), Also(TEXT, TEXTS)]


class PolicyFile(Entry):
    """Declarations of a segmentation: a whole one, or one file of a folder."""

    editor_schema: str | None = Field(default=None, alias="$schema")
    """For editors of JSON; segkit does not look at it."""
    segmentation: Name | None = None
    """The name of the segmentation. Left out: the name of the folder or file."""
    labels: _Labels | None = Field(default=None, examples=["labels.yaml", {"env": ["prod", "test"]}])
    """The label schema: its file, or the keys themselves."""
    inventory: Texts = Field(default=[], examples=["inventory.csv"])
    """Files of workloads in JSON, YAML or CSV."""
    zones: dict[Name, _Zone] = Field(default={}, examples=[{"edge": 'zone == "edge"'}])
    """Zones by name. A selector may stand in place of an entry."""
    groups: dict[Name, _Group] = Field(default={}, examples=[{"web": SELECTOR}])
    """Groups by name. A selector may stand in place of an entry."""
    address_sets: dict[Name, _AddressSet] = Field(default={}, examples=[{"corp": ["10.0.0.0/8"]}])
    """Address sets by name. The addresses may stand in place of an entry."""
    services: dict[Name, Services] = Field(default={}, examples=[{"web": ["https", "tcp/8080"]}])
    """Named services."""
    policies: dict[Name, PolicyEntry] = Field(default={})
    """Policies by name."""
    targets: dict[Name, TargetEntry] = Field(default={})
    """Targets by name."""
    workloads: list[WorkloadEntry] = Field(default=[])
    """Machines, pods and services, as in an inventory file."""
    classes: list[ClassEntry] = Field(default=[])
    """Workload classes, as in an inventory file."""
