"""Where an AWS target is: its VPC and account, and how it emits. Validates what people give it."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from segkit.errors import Problem
from segkit.model.model import Model, Target
from segkit.platforms.arguments import (
    NAMES,
    NUMBERS,
    TEXT,
    TEXTS,
    Shape,
    check_encoding,
    check_known,
    check_provider,
    check_quotas,
    check_shapes,
    check_words,
    every,
    given,
    listed,
    texts_by_name,
    wrong,
)
from segkit.platforms.aws.limits import QUOTAS, text

ENCODINGS = ("groups", "cells")
MEMBERSHIPS = ("exclusive", "shared")
REFERENCES = ("output", "address")
EGRESS = ("exact", "ranges", "open")
MOST_SHARDS = QUOTAS["groups_per_interface"].ceiling
"""An interface carries all the groups that one is cut into."""
SNAPSHOT_KEYS = (
    "NetworkInterfaces",
    "PrefixListEntries",
    "PrefixLists",
    "SecurityGroupRules",
    "SecurityGroups",
    "VpcPeeringConnections",
)


@dataclass(frozen=True, slots=True)
class Adopted:
    """What an existing security group keeps: its physical name and description, and its id when it is
    imported."""

    name: str | None = None
    description: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """An encoding by its parts: `blocks` of group names, `layers` of label keys for the selectors in none of
    them (with neither, every selector has its group), and `shards`: the groups that are cut into several with
    the same members, by name, and into how many.

    `apart` are groups whose members are spared the groups of some blocks, by number from 1 on; their group of
    the last layer stands for those too, and may be cut into so many more."""

    blocks: tuple[tuple[str, ...], ...] = ()
    layers: tuple[tuple[str, ...], ...] = ()
    shards: tuple[tuple[str, int], ...] = ()
    apart: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class AwsPlacement:
    """The arguments of one AWS target.

    vpc_id: a VPC id or a Terraform reference to one. region, account: where it is; targets refer to each
    other's groups only within one region. network: the name interfaces use for this VPC. provider: a provider
    alias (`aws.prod`). peered_with: names of targets whose VPCs are peered with this one.
    references: how its rules name what a target of another stack owns: `output` (its group, which that stack
    publishes; an error where no group can be named) or `address`. Left out: `output` where it is possible.
    encoding: `groups` (one security group per selector in use), `cells` (one per set of selectors that some
    workload matches), blocks of group names, or its parts by name (see `Parts`).
    membership: `exclusive` (interfaces carry our groups only) or `shared`.
    egress: `exact`, or `ranges`, which may hold workloads that keep others out by their own ingress: fewer
    rules, but of today's addresses; or `open`, where all that it owns may send anything to such workloads.
    prefix_lists: names of address sets to emit as managed prefix lists. flow_log_destination: ARN of an S3
    bucket or log group for visibility mode; flow_log_role: the role that writes to a log group. quotas:
    overrides of `segkit.platforms.aws.limits.QUOTAS` by name. adopt: group name -> what the existing group
    keeps. resolver: addresses of the VPC resolver, which security groups never filter.
    """

    vpc_id: str
    region: str = ""
    account: str = ""
    network: str = ""
    provider: str = ""
    peered_with: tuple[str, ...] = ()
    references: str = ""
    encoding: str | tuple[tuple[str, ...], ...] | Parts = "groups"
    membership: str = "exclusive"
    egress: str = "exact"
    prefix_lists: tuple[str, ...] = ()
    flow_log_destination: str = ""
    flow_log_role: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    quotas: Mapping[str, int] = field(default_factory=dict)
    snapshot: Mapping[str, Any] = field(default_factory=dict)
    adopt: Mapping[str, Adopted] = field(default_factory=dict)

    def quota(self, name: str) -> int:
        """A quota by name, with this target's override."""
        return self.quotas.get(name, QUOTAS[name].default)


def placement(target: Target) -> AwsPlacement:
    """The placement of a target that `check` found nothing wrong with."""
    found = given(target)
    for name in ("peered_with", "prefix_lists"):
        found[name] = tuple(sorted(found.get(name, ())))
    if "encoding" in found:
        found["encoding"] = encoding_of(found["encoding"])
    found["adopt"] = {k: Adopted(**v) for k, v in sorted(found.get("adopt", {}).items())}
    return AwsPlacement(**found)


def encoding_of(given: Any) -> str | tuple[tuple[str, ...], ...] | Parts:
    """What a placement, or somebody who asks, says of an encoding, in order."""
    if isinstance(given, str):
        return given
    if not isinstance(given, Mapping):
        return tuple(sorted(tuple(sorted(block)) for block in given))
    layers = tuple(tuple(sorted(layer)) for layer in given.get("layers", ()))
    found = [tuple(sorted(block)) for block in given.get("blocks", ())]
    blocks = tuple(found if layers else sorted(found))
    apart = tuple((name, tuple(sorted(blocks))) for name, blocks in sorted(given.get("apart", {}).items()))
    return Parts(blocks, layers, tuple(sorted(given.get("shards", {}).items())), apart)


def check(model: Model, target: Target) -> Iterator[Problem]:
    """Everything wrong with a target's placement."""
    yield from check_known(target, (f.name for f in fields(AwsPlacement)))
    misshapen = list(check_shapes(target, _SHAPES))
    if misshapen:
        yield from misshapen
        return
    found = given(target)
    if not found.get("vpc_id"):
        fix = "pass the id of the VPC, or a reference such as vpc.id"
        yield wrong(target, "vpc_id", "vpc_id is missing", fix)
    yield from check_words(target, _WORDS)
    yield from _check_encoding(model, target, found.get("encoding", "groups"))
    for key in sorted(set(found.get("snapshot", {})) - set(SNAPSHOT_KEYS)):
        yield wrong(target, "snapshot", f"snapshot has {key!r}", f"known keys: {', '.join(SNAPSHOT_KEYS)}")
    yield from _check_names(model, target)
    yield from _check_adopted(target)
    yield from check_provider(target)
    yield from check_quotas(target, QUOTAS)
    to_group = ":log-group:" in found.get("flow_log_destination", "")
    if to_group and not found.get("flow_log_role"):
        fix = "pass flow_log_role=, the role that may write to it"
        yield wrong(target, "flow_log_destination", "a flow log to a log group has no role", fix)


_WORDS = {"membership": MEMBERSHIPS, "egress": EGRESS, "references": REFERENCES}
_KEPT = {f.name for f in fields(Adopted)}
_SHAPES: Mapping[str, Shape] = {
    **dict.fromkeys(
        ("vpc_id", "region", "account", "network", "provider", "flow_log_destination", "flow_log_role"), TEXT
    ),
    **dict.fromkeys(("peered_with", "prefix_lists"), NAMES),
    "tags": TEXTS,
    "quotas": NUMBERS,
    "snapshot": (
        "the parsed answers, e.g. {'SecurityGroups': [...]}",
        lambda value: isinstance(value, Mapping) and every(value.values(), list | tuple),
    ),
    "adopt": (
        "what each group keeps, e.g. {'web': {'name': 'web-servers'}}",
        texts_by_name(_KEPT),
    ),
}
"""What the arguments are that hold more than one of a few words."""


def _check_encoding(model: Model, target: Target, encoding: Any) -> Iterator[Problem]:
    if not isinstance(encoding, Mapping):
        yield from check_encoding(target, ENCODINGS, encoding)
        return
    shapes: Mapping[str, Shape] = {
        "blocks": ("blocks of group names", _lists_of_names),
        "layers": ("lists of label keys, those with few keys first", _lists_of_names),
        "shards": (
            f"numbers from 2 to {MOST_SHARDS} by the name of the group",
            lambda value: (
                isinstance(value, Mapping)
                and every(value, str)
                and all(type(n) is int and 1 < n <= MOST_SHARDS for n in value.values())
            ),
        ),
        "apart": ("numbers of blocks, from 1 on, by the name of a group", _lists_of_numbers),
    }
    for name in sorted(set(map(str, encoding)) - set(shapes)):
        fix = f"an encoding has {listed(shapes)}"
        yield wrong(target, "encoding", f"encoding has {name!r}", fix)
    bad = [name for name, (_, fits) in shapes.items() if name in encoding and not fits(encoding[name])]
    for name in bad:
        what = f"{name} of the encoding is {reprlib.repr(encoding[name])}"
        yield wrong(target, "encoding", what, f"write {shapes[name][0]}")
    if not bad:
        if not encoding.get("layers"):
            yield from check_encoding(target, ENCODINGS, encoding.get("blocks", ()))
        yield from _check_apart(target, encoding)
        known = {key.name for key in model.schema.keys}
        for key in sorted({k for layer in encoding.get("layers", ()) for k in layer if known} - known):
            fix = f"known label keys: {listed(known)}"
            yield wrong(target, "encoding", f"a layer of the encoding has {key!r}", fix)


def _check_apart(target: Target, encoding: Mapping[str, Any]) -> Iterator[Problem]:
    if not encoding.get("apart"):
        return
    if not encoding.get("layers"):
        fix = "add layers, the last with every label: its groups stand for those that members are spared"
        yield wrong(target, "encoding", "encoding has apart, but no layers", fix)
    blocks = len(encoding.get("blocks", ()))
    for name, numbers in sorted(encoding["apart"].items()):
        for number in sorted({n for n in numbers if n > blocks}):
            fix = f"the encoding has {blocks} blocks"
            yield wrong(target, "encoding", f"apart spares {name!r} block {number}", fix)


def _lists_of_numbers(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and every(value, str)
        and all(
            isinstance(one, list | tuple) and all(type(n) is int and n > 0 for n in one)
            for one in value.values()
        )
    )


def _lists_of_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(one, list | tuple) and every(one, str) for one in value
    )


def _check_adopted(target: Target) -> Iterator[Problem]:
    """Names, descriptions and ids of groups that AWS cannot have ([API] CreateSecurityGroup)."""
    for group, kept in sorted(given(target).get("adopt", {}).items()):
        for argument in ("name", "description"):
            found = kept.get(argument)
            if found is not None and "${" not in found and (not found or text(found) != found):
                fix = f"write the {argument} that the security group has"
                what = f"{argument} of {group!r} is {found!r}, which AWS cannot have"
                yield wrong(target, "adopt", what, fix)
        if kept.get("name", "").lower().startswith("sg-"):
            what = f"name of {group!r} is {kept['name']!r}, which looks like an id"
            yield wrong(target, "adopt", what, "write its name; id= is for the id")
        if "${" not in kept.get("id", "sg-") and not kept.get("id", "sg-").startswith("sg-"):
            what = f"id of {group!r} is {kept['id']!r}"
            yield wrong(target, "adopt", what, "write the id of a security group, sg-…")


def _check_names(model: Model, target: Target) -> Iterator[Problem]:
    peers = {t.name for t in model.targets if t.platform == target.platform}
    for name in target.placement.get("peered_with") or ():
        if name not in peers or name == target.name:
            fix = f"known targets: {listed(peers - {target.name})}"
            yield wrong(target, "peered_with", f"peered_with names {name!r}", fix)
    sets = {s.name for s in model.address_sets}
    for name in target.placement.get("prefix_lists") or ():
        if name not in sets:
            fix = f"known address sets: {listed(sets)}"
            yield wrong(target, "prefix_lists", f"prefix_lists names {name!r}", fix)
