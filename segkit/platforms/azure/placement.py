"""Where an Azure target is: its virtual network, and how it emits. Validates what people give it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from segkit.errors import Problem
from segkit.model.model import Model, Target
from segkit.platforms.arguments import (
    NUMBERS,
    TEXT,
    TEXTS,
    Shape,
    check_known,
    check_provider,
    check_quotas,
    check_shapes,
    check_words,
    every,
    given,
    wrong,
)
from segkit.platforms.azure.limits import FIRST, LAST, QUOTAS
from segkit.platforms.azure.managing import GLOBAL_TIERS, NetworkManager, check_manager, fits, plain_region
from segkit.platforms.azure.naming import check_names
from segkit.sets import NOWHERE, Addresses

ENCODINGS = ("groups", "cells")
REFERENCES = ("output", "address")
TIERS = ("compiled", "bands", "auto")
LEAST = 50
"""The fewest priorities that are enough for the rules of one security group."""


@dataclass(frozen=True, slots=True)
class Existing:
    """A network security group that somebody else makes, into which rules are put: its name, its resource
    group, and the priorities that are left to segkit."""

    name: str
    resource_group: str
    priorities: tuple[int, int] = (FIRST, LAST)

    def same(self, other: Existing) -> bool:
        """Do both mean one security group?"""
        mine, theirs = ((one.resource_group.lower(), one.name.lower()) for one in (self, other))
        return mine == theirs


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet: its id or a reference, its ranges, and the security group that is on it already, if any."""

    id: str
    prefixes: Addresses
    security_group: Existing | None = None


@dataclass(frozen=True, slots=True)
class FlowLog:
    """Where a flow log of the virtual network goes: the network watcher and its resource group, a storage
    account, and for how many days records are kept."""

    network_watcher: str
    resource_group: str
    storage_account_id: str
    days: int = 90


@dataclass(frozen=True, slots=True)
class Adopted:
    """What an existing application security group keeps: its name, and its id when it is imported."""

    name: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class AzurePlacement:
    """The arguments of one Azure target.

    vnet_id: the id of a virtual network, or a Terraform reference to one. resource_group, location: where
    security groups are made. network: the name interfaces use for this network. provider: a provider alias
    (`azurerm.prod`). subnets: name -> `{"id": …, "prefixes": […]}`, the subnets that get a network security
    group each; `"security_group": {"name": …, "resource_group": …, "priorities": [low, high]}` puts rules
    into one that is there already. Left out: one network security group, on the interfaces themselves.
    references: how its rules name what a target of another stack owns: `output` (its group, which that stack
    publishes; an error where no group can be named) or `address`. Left out: `output` where it is possible.
    encoding: `groups` (one application security group per selector in use) or `cells` (one per set of
    selectors that some workload matches). tiers: `compiled` (allows only, denies subtracted) or `bands`
    (rules as they are written, each tier with a band of priorities for its denies and one for its allows),
    or `auto` (bands as long as every rule can stay as it is written; the report says which).
    global_tier: where the rules of the quarantine and global tiers are: `rules` (in security groups, with all
    others) or `admin` (as security admin rules too, which no security group can overrule). network_manager:
    where those go: the id of a network manager, or `{"subscription_ids": […]}` (or `management_group_ids`),
    the scope of one to make.
    flow_log: `{"network_watcher": …, "resource_group": …,
    "storage_account_id": …, "days": …}` for visibility mode. quotas: overrides of
    `segkit.platforms.azure.limits.QUOTAS` by name. adopt: group name -> what the existing application
    security group keeps. snapshot: `{"networkSecurityGroups": […]}`, answers of the Azure API.
    """

    vnet_id: str
    resource_group: str
    location: str
    network: str = ""
    provider: str = ""
    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    references: str = ""
    encoding: str = "groups"
    tiers: str = "compiled"
    global_tier: str = "rules"
    network_manager: NetworkManager | None = None
    flow_log: FlowLog | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    quotas: Mapping[str, int] = field(default_factory=dict)
    adopt: Mapping[str, Adopted] = field(default_factory=dict)
    snapshot: Mapping[str, Any] = field(default_factory=dict)

    def quota(self, name: str) -> int:
        """A quota by name, with this target's override."""
        return self.quotas.get(name, QUOTAS[name].default)

    def filter(self, subnet: str) -> str:
        """The subnet that stands for all with the same security group of somebody else: the first by name."""
        there = self.subnets[subnet].security_group
        same = (
            n for n, s in self.subnets.items() if there and s.security_group and s.security_group.same(there)
        )
        return min(same, default=subnet)

    @property
    def network_key(self) -> str:
        """What tells its virtual network from others: ids are compared without regard to case."""
        return _network_key(self.vnet_id)

    @property
    def shared(self) -> bool:
        """Do others put rules into a security group of its subnets?"""
        return any(subnet.security_group is not None for subnet in self.subnets.values())


def means_one(target: Target, other: Target, text: str) -> bool:
    """Does a text mean the same in the placements of two targets? A reference speaks of the stack that the
    target's groups are in."""
    return "${" not in text or target.home == other.home


def _network_key(vnet_id: str) -> str:
    return vnet_id.lower() if vnet_id.startswith("/") else vnet_id


def placement(target: Target) -> AzurePlacement:
    """The placement of a target that `check` found nothing wrong with."""
    found = given(target)
    found["subnets"] = {name: _subnet(raw) for name, raw in sorted(found.get("subnets", {}).items())}
    found["adopt"] = {name: Adopted(**raw) for name, raw in sorted(found.get("adopt", {}).items())}
    if "network_manager" in found:
        found["network_manager"] = NetworkManager.of(found["network_manager"])
    if "flow_log" in found:
        found["flow_log"] = FlowLog(**found["flow_log"])
    return AzurePlacement(**found)


def _subnet(raw: Mapping[str, Any]) -> Subnet:
    existing = raw.get("security_group")
    group = None
    if existing is not None:
        low, high = existing.get("priorities", (FIRST, LAST))
        group = Existing(existing["name"], existing["resource_group"], (low, high))
    return Subnet(raw["id"], Addresses.of(*raw["prefixes"]), group)


def check(model: Model, target: Target) -> Iterator[Problem]:
    """Everything wrong with a target's placement."""
    yield from check_known(target, (f.name for f in fields(AzurePlacement)))
    misshapen = list(check_shapes(target, _SHAPES))
    if misshapen:
        yield from misshapen
        return
    found = given(target)
    for name, fix in _NEEDED.items():
        if not found.get(name):
            yield wrong(target, name, f"{name} is missing", fix)
    yield from check_words(target, _WORDS)
    yield from check_provider(target)
    yield from check_quotas(target, QUOTAS)
    yield from _check_subnets(target)
    yield from check_names(model, target)
    yield from _check_claims(model, target)
    yield from _check_network(model, target)
    yield from check_manager(model, target)


_NEEDED = {
    "vnet_id": "pass the id of the virtual network, or a reference such as vnet.id",
    "resource_group": "pass the name of the resource group that security groups are made in",
    "location": "pass the region of the virtual network, e.g. 'westeurope'",
}
_WORDS = {"encoding": ENCODINGS, "references": REFERENCES, "tiers": TIERS, "global_tier": GLOBAL_TIERS}


def _record(needed: frozenset[str], more: frozenset[str] = frozenset()) -> Any:
    """Is a value a mapping with these keys, and at most these others?"""
    return lambda value: isinstance(value, Mapping) and needed <= set(value) <= needed | more


def _all(fits: Any) -> Any:
    return lambda value: isinstance(value, Mapping) and all(fits(one) for one in value.values())


def _texts(needed: frozenset[str], more: frozenset[str] = frozenset()) -> Any:
    """The same, with nothing but texts in it."""
    return lambda value: (
        _record(needed, more)(value) and all(isinstance(v, str) and v for v in value.values())
    )


def _listed(group: Any) -> bool:
    """Is something a security group as the API lists it?"""
    if not isinstance(group, Mapping) or not isinstance(group.get("id"), str):
        return False
    inner = group.get("properties", group)
    held = inner if isinstance(inner, Mapping) else {"securityRules": [None]}
    return all(every(held.get(name) or (), Mapping) for name in ("securityRules", "subnets"))


_SHAPES: Mapping[str, Shape] = {
    **dict.fromkeys(("vnet_id", "resource_group", "location", "network", "provider"), TEXT),
    "tags": TEXTS,
    "quotas": NUMBERS,
    "subnets": (
        "id, prefixes (and security_group) of each by name: {'app': {'id': …, 'prefixes': ['10.1.0.0/24']}}",
        _all(_record(frozenset(("id", "prefixes")), frozenset(("security_group",)))),
    ),
    "adopt": (
        "what each group keeps, e.g. {'web': {'name': 'asg-web'}}",
        _all(_texts(frozenset(), frozenset(f.name for f in fields(Adopted)))),
    ),
    "flow_log": (
        "network_watcher, resource_group, storage_account_id, and days (0 to 365) if you like",
        lambda value: (
            _texts(frozenset(("network_watcher", "resource_group", "storage_account_id")))(
                {k: v for k, v in value.items() if k != "days"} if isinstance(value, Mapping) else value
            )
            and type(days := value.get("days", 0)) is int
            and 0 <= days <= 365
        ),
    ),
    "network_manager": (
        "the id of a network manager, or the scope of one, e.g. {'subscription_ids': ['/subscriptions/…']}",
        fits,
    ),
    "snapshot": (
        "the parsed answers, e.g. {'networkSecurityGroups': [...]}",
        lambda value: (
            isinstance(value, Mapping)
            and set(value) <= {"networkSecurityGroups"}
            and every(value.values(), list | tuple)
            and all(_listed(group) for groups in value.values() for group in groups)
        ),
    ),
}
"""What the arguments are that hold more than one of a few words."""


def _check_subnets(target: Target) -> Iterator[Problem]:
    held: dict[str, Addresses] = {}
    ids: dict[str, str] = {}
    bands: dict[tuple[str, str], tuple[str, Any]] = {}
    found = given(target)
    if "subnets" in found and not found["subnets"]:
        fix = "leave it out for a security group on the interfaces"
        yield wrong(target, "subnets", "there are no subnets", fix)
    for name, raw in sorted(found.get("subnets", {}).items()):
        if not isinstance(raw["id"], str) or not raw["id"]:
            yield wrong(
                target, "subnets", f"id of subnet {name!r} is {raw['id']!r}", "pass its id, or a reference"
            )
        elif (other := ids.setdefault(raw["id"].lower(), name)) != name:
            fix = "a subnet has one network security group: name it once, with all its prefixes"
            yield wrong(target, "subnets", f"subnets {other!r} and {name!r} have one id", fix)
        prefixes, problem = _prefixes(raw["prefixes"])
        if problem:
            fix = "write CIDRs: which workloads are in a subnet has to be known before anything is applied"
            yield wrong(target, "subnets", f"prefixes of subnet {name!r}: {problem}", fix)
        for other, ranges in held.items():
            if ranges.overlaps(prefixes):
                fix = "subnets of one network do not overlap"
                yield wrong(
                    target, "subnets", f"subnets {other!r} and {name!r} share {ranges & prefixes}", fix
                )
        held[name] = prefixes
        problems = tuple(_check_existing(target, name, raw.get("security_group")))
        yield from problems
        if not problems:
            yield from _check_band(target, name, raw.get("security_group"), bands)


def _prefixes(raw: Any) -> tuple[Addresses, str]:
    """The ranges of a subnet, and what is wrong with them."""
    if not isinstance(raw, list | tuple) or not every(raw, str):
        return NOWHERE, f"{raw!r} is no list of ranges"
    token = next((text for text in raw if "${" in text), None)
    if token is not None:
        return NOWHERE, f"{token!r} is a reference, whose value only Terraform knows"
    try:
        return Addresses.of(*raw), "" if raw else "there are none"
    except ValueError as error:
        return NOWHERE, str(error)


def _check_existing(target: Target, subnet: str, raw: Any) -> Iterator[Problem]:
    if raw is None:
        return
    what = f"security_group of subnet {subnet!r} is {raw!r}"
    names = {k: v for k, v in raw.items() if k != "priorities"} if isinstance(raw, Mapping) else raw
    if not _texts(frozenset(("name", "resource_group")))(names):
        yield wrong(target, "subnets", what, "write its name and resource_group, and priorities if you like")
        return
    band = raw.get("priorities", (FIRST, LAST))
    if not (
        isinstance(band, list | tuple)
        and len(band) == 2
        and every(band, int)
        and FIRST <= band[0] <= band[1] - LEAST <= LAST - LEAST
    ):
        fix = f"write two numbers from {FIRST} to {LAST}, at least {LEAST} apart"
        yield wrong(target, "subnets", f"priorities of subnet {subnet!r} are {band!r}", fix)


def _check_band(
    target: Target, subnet: str, raw: Any, bands: dict[tuple[str, str], tuple[str, Any]]
) -> Iterator[Problem]:
    """Other priorities than a subnet with the same security group has."""
    if (place := _existing(raw)) is not None:
        band = tuple(raw.get("priorities", (FIRST, LAST)))
        other, first = bands.setdefault(place, (subnet, band))
        if band != first:
            what = f"subnets {other!r} and {subnet!r} have one security group, and other priorities in it"
            yield wrong(target, "subnets", what, "write the same priorities for both")


def _existing(raw: Any) -> tuple[str, str] | None:
    """Which security group of somebody else is on a subnet, if any."""
    if not isinstance(raw, Mapping):
        return None
    return str(raw.get("resource_group")).lower(), str(raw.get("name")).lower()


def _check_claims(model: Model, target: Target) -> Iterator[Problem]:
    """Subnets that another target has too, where a subnet has one security group; and security groups."""
    subnets = _mappings(given(target).get("subnets"))
    mine = {str(raw["id"]).lower(): name for name, raw in subnets.items()}
    groups = {_existing(raw.get("security_group")): name for name, raw in subnets.items()}
    for other in model.targets:
        if other.platform != target.platform or other.name >= target.name:
            continue
        for raw in _mappings(given(other).get("subnets")).values():
            if not means_one(target, other, f"{raw.get('id')}{raw.get('security_group')}"):
                continue
            if (subnet := str(raw.get("id")).lower()) in mine:
                what = f"subnet {mine[subnet]!r} is target {other.name}'s already"
                yield wrong(
                    target, "subnets", what, "a subnet has one network security group: let one have it"
                )
            elif (there := _existing(raw.get("security_group"))) is not None and there in groups:
                what = f"target {other.name} has rules in the security group of subnet {groups[there]!r}"
                yield wrong(target, "subnets", what, "let one target have all subnets of a security group")


def _check_network(model: Model, target: Target) -> Iterator[Problem]:
    """Targets of one virtual network in two regions, for groups are in the region of what they are put on;
    or in two realms, for a network has one range of addresses."""
    network, region = (given(target).get(name) or "" for name in ("vnet_id", "location"))
    for other in model.targets:
        if other.platform != target.platform or other.name >= target.name:
            continue
        there, elsewhere = (str(given(other).get(name) or "") for name in ("vnet_id", "location"))
        if not network or _network_key(there) != _network_key(network):
            continue
        if not means_one(target, other, network):
            continue
        apart = plain_region(elsewhere) != plain_region(region) and "${" not in region + elsewhere
        if region and elsewhere and apart:
            what = f"location is {region!r}, and target {other.name} has {elsewhere!r} for the same vnet_id"
            yield wrong(target, "location", what, "write the region of the virtual network for both")
        if other.realm != target.realm:
            what = f"target {other.name} has the same vnet_id in realm {other.realm!r}"
            yield wrong(target, "vnet_id", what, "write the same realm= for both: a network is in one")


def _mappings(raw: Any) -> dict[str, Mapping[str, Any]]:
    """The entries of a mapping that are mappings."""
    found = raw if isinstance(raw, Mapping) else {}
    return {name: one for name, one in found.items() if isinstance(one, Mapping)}
