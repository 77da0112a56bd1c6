"""Where a Google Cloud target is: its network and project, and how it emits. Validates what people give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from segkit.errors import Problem
from segkit.model.model import Model, Target
from segkit.model.workloads import Workload
from segkit.platforms.arguments import (
    NAMES,
    NUMBERS,
    TEXT,
    Shape,
    check_encoding,
    check_known,
    check_provider,
    check_quotas,
    check_shapes,
    check_words,
    given,
    listed,
    wrong,
)
from segkit.platforms.google.adopting import SHAPE, Adopted, check_adopted
from segkit.platforms.google.limits import QUOTAS
from segkit.platforms.google.state import AFTER, BEFORE, NAME, PATH

_FIELD = re.compile(r"\{([^{}]+)\}")
_ANCESTOR = re.compile(r"(?:organizations|folders)/[0-9]+")
ENCODINGS = ("groups", "cells")
EGRESS = ("exact", "ranges", "open")
ORDERS = (AFTER, BEFORE)
REFERENCES = ("output", "address")
TAGS = ("secure", "network", "service-accounts")
GLOBAL_TIERS = ("rules", "admin")
MEMBERSHIPS = ("exclusive", "shared")


@dataclass(frozen=True, slots=True)
class GooglePlacement:
    """The arguments of one Google Cloud target: one VPC network of a project.

    network_id: the network, as `projects/P/global/networks/N` or a Terraform reference to one (`vpc.id`).
    project: the project of the network, where the policy is made; by default the one in network_id.
    network: the name interfaces use for this network. provider: a provider alias (`google.prod`).
    peered_with: names of targets whose networks are peered with this one.
    references: how its rules name what a target of another stack owns: `output` (its tags, which that stack
    publishes; an error where no tag can be named) or `address`. Left out: `output` where it is possible.
    tags: `secure` (a network firewall policy with secure tags), `network` (VPC firewall rules with network
    tags, which anybody who may edit a machine can change) or `service-accounts` (VPC firewall rules with the
    accounts that machines have). accounts: how those accounts are called, from label keys and `{workload}`:
    `"{app}-{role}@shop.iam.gserviceaccount.com"`.
    tags_parent: where the tag keys are made, `projects/NUMBER` or `organizations/ID`; by default the project.
    tags_network: the network as tag keys want it, `PROJECT/NAME`; by default network_id.
    ancestors: the organization and the folders of the project, from the top (`organizations/1`, `folders/2`):
    their firewall policies come first. Left out: not known.
    global_tier: where the rules of the quarantine and global tiers are: `rules` (with all others, in the
    policy of the network) or `admin` (in a hierarchical firewall policy too, attached to `global_at`: one of
    the ancestors, which nobody below can overrule).
    order: the network's enforcement order, where this stack does not make the network.
    membership: `exclusive` (our rules alone protect our machines), or `shared`: others protect them too, and
    for zones in visibility mode nothing is added and nothing closed.
    encoding: `groups` (one tag key per selector in use) or `cells` (one key, one value per set of selectors
    that some workload matches), or blocks of group names.
    egress: `exact` (to workloads by their addresses), `ranges` (the fewest ranges that hold them and others
    who keep out by themselves), or `open` (left to their ingress).
    logging: log what the rules decide. quotas: overrides of `segkit.platforms.google.limits.QUOTAS` by name.
    adopt: group name -> what the existing tag keeps (see `Adopted`).
    """

    network_id: str
    project: str = ""
    network: str = ""
    provider: str = ""
    peered_with: tuple[str, ...] = ()
    references: str = ""
    tags: str = "secure"
    accounts: str = ""
    tags_parent: str = ""
    tags_network: str = ""
    ancestors: tuple[str, ...] | None = None
    global_tier: str = "rules"
    global_at: str = ""
    order: str = ""
    membership: str = "exclusive"
    encoding: str | tuple[tuple[str, ...], ...] = "groups"
    egress: str = "exact"
    logging: bool = False
    quotas: Mapping[str, int] = field(default_factory=dict)
    adopt: Mapping[str, Adopted] = field(default_factory=dict)

    def quota(self, name: str) -> int:
        """A quota by name, with this target's override."""
        return self.quotas.get(name, QUOTAS[name].default)


def placement(target: Target) -> GooglePlacement:
    """The placement of a target that `check` found nothing wrong with."""
    found = _given(target)
    found["peered_with"] = tuple(sorted(found.get("peered_with", ())))
    if "ancestors" in found:
        found["ancestors"] = tuple(found["ancestors"])
    if not isinstance(found.get("encoding", ""), str):
        found["encoding"] = tuple(sorted(tuple(sorted(block)) for block in found["encoding"]))
    found["adopt"] = {name: Adopted(**raw) for name, raw in sorted(found.get("adopt", {}).items())}
    return GooglePlacement(**found)


def _given(target: Target) -> dict[str, Any]:
    """The arguments, with the project of the network where none is given."""
    found = given(target)
    within = PATH.fullmatch(found.get("network_id", ""))
    if within and "$" not in within[1]:
        found.setdefault("project", within[1])
    return found


def check(model: Model, target: Target) -> Iterator[Problem]:
    """Everything wrong with a target's placement."""
    yield from check_known(target, (f.name for f in fields(GooglePlacement)))
    misshapen = list(check_shapes(target, _SHAPES))
    if misshapen:
        yield from misshapen
        return
    found = _given(target)
    if not found.get("network_id"):
        fix = "pass projects/P/global/networks/N, or a reference such as vpc.id"
        yield wrong(target, "network_id", "network_id is missing", fix)
    yield from _check_texts(target)
    yield from check_words(target, _WORDS)
    yield from check_encoding(target, ENCODINGS, found.get("encoding", "groups"))
    yield from check_provider(target)
    yield from check_adopted(target)
    yield from check_quotas(target, QUOTAS)
    secure = found.get("tags", "secure") == "secure"
    if secure and not (found.get("tags_parent") or found.get("project")):
        fix = "pass tags_parent='projects/NUMBER' (or 'organizations/ID'), or project="
        yield wrong(target, "tags_parent", "nothing says where tag keys are made", fix)
    yield from _check_accounts(target)
    for place in found.get("ancestors", ()):
        if not _ANCESTOR.fullmatch(place):
            fix = "write organizations/NUMBER and folders/NUMBER, the organization first"
            yield wrong(target, "ancestors", f"ancestors has {place!r}", fix)
    places = found.get("ancestors", ())
    kinds = [place.partition("/")[0] for place in places]
    if kinds[:1] == ["folders"] or "organizations" in kinds[1:] or len(set(places)) < len(places):
        fix = "write the organization first, which every folder is in, and then every folder on the way down"
        yield wrong(target, "ancestors", f"ancestors are {', '.join(places)}", fix)
    yield from _check_hierarchy(model, target)
    peers = {t.name for t in model.targets if t.platform == target.platform}
    for name in found.get("peered_with", ()):
        if name not in peers or name == target.name:
            fix = f"known targets: {listed(peers - {target.name})}"
            yield wrong(target, "peered_with", f"peered_with names {name!r}", fix)
    within, project = PATH.fullmatch(found.get("network_id", "")), found.get("project", "")
    if within and within[1] != project and not any("$" in p or p.isdigit() for p in (within[1], project)):
        what = f"project is {project!r}, and the network is one of {within[1]!r}"
        fix = "leave project out; tags_parent says in which project the tag keys are made"
        yield wrong(target, "project", what, fix)
    for other in model.targets:
        if other.platform == target.platform and other.name < target.name and _claims(other, target):
            yield Problem(
                f"target {target.name}: target {other.name} claims the same network",
                where=target.where,
                why="a network has one global firewall policy (Compute Engine API, addAssociation)",
                fix="make one target of the two",
            )
    yield from _check_interfaces(model, target)


_TEXTS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "network_id": (
        re.compile(f"{PATH.pattern}|{NAME.pattern}"),
        "write projects/P/global/networks/N, or a reference such as vpc.id",
    ),
    "project": (re.compile(r"[a-z0-9][-a-z0-9.:]*"), "write the id of the project"),
    "tags_parent": (
        re.compile(r"projects/[-a-z0-9.:]+|organizations/[0-9]+"),
        "write projects/NUMBER or organizations/ID",
    ),
    "tags_network": (re.compile(rf"[-a-z0-9.:]+/[-a-z0-9]+|{PATH.pattern}"), "write PROJECT/NAME"),
}
"""What arguments look like that are no references, and what to write."""


def _check_texts(target: Target) -> Iterator[Problem]:
    found = given(target)
    for argument, (wanted, fix) in _TEXTS.items():
        text = found.get(argument, "")
        if text and "${" not in text and not wanted.fullmatch(text):
            yield wrong(target, argument, f"{argument} is {text!r}", fix)
    within, called = PATH.fullmatch(found.get("network_id", "")), found.get("tags_network", "")
    other = within and re.fullmatch(r"[^/$]+/([^/$]+)", called)
    named = within and other and "$" not in within[2] and not within[2].isdigit() and not other[1].isdigit()
    if within and other and named and within[2] != other[1]:
        what = f"tags_network is {called!r}, and network_id ends in {within[2]!r}"
        yield wrong(target, "tags_network", what, "leave it out: network_id says it")


def account_of(here: GooglePlacement, workload: Workload) -> str:
    """The service account of a workload; a label that it has not stays in braces.

    >>> from segkit.model.workloads import Workload
    >>> web = Workload("web-1", (("app", "web"),))
    >>> account_of(GooglePlacement("vpc", accounts="{app}@p.iam.gserviceaccount.com"), web)
    'web@p.iam.gserviceaccount.com'
    """
    labels = {"workload": workload.name, **workload.label_map}
    return _FIELD.sub(lambda field: labels.get(field[1], field[0]), here.accounts)


def _check_accounts(target: Target) -> Iterator[Problem]:
    found = _given(target)
    accounts, tags = found.get("accounts", ""), found.get("tags", "secure")
    if (tags == "service-accounts") is not bool(accounts):
        what = f"tags is {tags!r}, and accounts is {accounts!r}"
        fix = (
            'write both, tags="service-accounts" and how accounts are called, or neither: '
            'accounts="{app}@shop.iam.gserviceaccount.com"'
        )
        yield wrong(target, "accounts", what, fix)
    encoding = found.get("encoding", "groups")
    if tags == "service-accounts" and (encoding == "cells" or not isinstance(encoding, str)):
        fix = "leave it out: a machine has one service account, whatever it is part of"
        yield wrong(target, "encoding", "service accounts have no encodings", fix)


def _check_hierarchy(model: Model, target: Target) -> Iterator[Problem]:
    """Where the policy of the global tier is attached, and whether it can be."""
    found = _given(target)
    place, places = found.get("global_at", ""), tuple(found.get("ancestors", ()))
    if found.get("global_tier", "rules") != "admin":
        if place:
            fix = 'write global_tier="admin" too, or leave it out'
            yield wrong(target, "global_at", f"global_at is {place!r}, and nothing is attached there", fix)
        return
    if found.get("tags", "secure") != "secure":
        what = f"global_tier is 'admin', and tags is {found['tags']!r}"
        fix = "leave tags out: hierarchical policies name machines by secure tags of their own"
        yield wrong(target, "global_tier", what, fix)
    if not places or place not in places:
        what = f"global_at is {place!r}, and ancestors are {listed(places)}"
        fix = (
            "list the organization and every folder of the project in ancestors, and name one of them in "
            'global_at: ancestors=["organizations/1", "folders/2"], global_at="folders/2"'
        )
        yield wrong(target, "global_at", what, fix)
    for other in model.targets:
        same = place and given(other).get("global_at") == place
        if same and other.platform == target.platform and other.name < target.name:
            what = f"target {other.name} attaches a firewall policy to {place} already"
            fix = "a folder has one firewall policy: attach them to different folders"
            yield wrong(target, "global_at", what, fix)


def _claims(one: Target, other: Target) -> bool:
    """Do two targets name one network? A reference speaks of its own stack."""
    texts = [str(target.placement.get("network_id") or "") for target in (one, other)]
    same = len({PATH.sub(r"\1/\2", text) for text in texts}) == 1
    return same and bool(texts[0]) and ("${" not in texts[0] or one.home == other.home)


def _check_interfaces(model: Model, target: Target) -> Iterator[Problem]:
    """A machine has at most one interface in a network (Compute Engine, “Multiple network interfaces”), and
    its tags are the machine's."""
    for workload in model.workloads:
        held = [i for i in workload.interfaces if target.owns(workload.label_map, i.realm, i.network)]
        if len(held) > 1:
            names = ", ".join(i.name for i in held)
            yield Problem(
                f"target {target.name}: workload {workload.name!r} has interfaces {names} in one network",
                where=workload.where,
                why="a machine has at most one interface in a network, and tags are the machine's",
                fix="give network= to each interface, or list the addresses on one interface",
            )


_WORDS = {
    "egress": EGRESS,
    "global_tier": GLOBAL_TIERS,
    "membership": MEMBERSHIPS,
    "order": ORDERS,
    "references": REFERENCES,
    "tags": TAGS,
}
_SHAPES: Mapping[str, Shape] = {
    **dict.fromkeys(
        (
            "network_id",
            "project",
            "network",
            "provider",
            "tags_parent",
            "tags_network",
            "global_at",
            "accounts",
        ),
        TEXT,
    ),
    **dict.fromkeys(("ancestors", "peered_with"), NAMES),
    "quotas": NUMBERS,
    "adopt": SHAPE,
    "logging": ("True or False", lambda value: isinstance(value, bool)),
}
"""What the arguments are that hold more than one of a few words."""
