"""Where an AWS target is: its VPC and account, and how it emits. Validates what people give it."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from segkit.errors import Problem, part
from segkit.model.model import Model, Target
from segkit.platforms.aws.limits import QUOTAS

ENCODINGS = ("groups", "cells")
MEMBERSHIPS = ("exclusive", "shared")
REFERENCES = ("output", "address")
EGRESS = ("exact", "ranges")
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
class AwsPlacement:
    """The arguments of one AWS target.

    vpc_id: a VPC id or a Terraform reference to one. region, account: where it is; targets refer to each
    other's groups only within one region. network: the name interfaces use for this VPC. provider: a provider
    alias (`aws.prod`). peered_with: names of targets whose VPCs are peered with this one.
    references: how its rules name what a target of another stack owns: `output` (its group, which that stack
    publishes; an error where no group can be named) or `address`. Left out: `output` where it is possible.
    encoding: `groups` (one security group per selector in use) or `cells` (one per set of selectors that some
    workload matches). membership: `exclusive` (interfaces carry our groups only) or `shared`.
    egress: `exact`, or `ranges`, which may hold workloads that keep others out by their own ingress: fewer
    rules, but of today's addresses.
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
    encoding: str | tuple[tuple[str, ...], ...] = "groups"
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
    given = {k: v for k, v in target.placement.items() if v is not None}
    for name in ("peered_with", "prefix_lists"):
        given[name] = tuple(sorted(given.get(name, ())))
    if not isinstance(given.get("encoding", ""), str):
        given["encoding"] = tuple(sorted(tuple(sorted(block)) for block in given["encoding"]))
    given["adopt"] = {k: Adopted(**v) for k, v in sorted(given.get("adopt", {}).items())}
    return AwsPlacement(**given)


def check(model: Model, target: Target) -> Iterator[Problem]:
    """Everything wrong with a target's placement."""
    known = {f.name: f for f in fields(AwsPlacement)}
    given = {name: value for name, value in target.placement.items() if value is not None}
    for name in sorted(set(given) - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        yield _problem(
            target, name, f"unknown argument {name!r}", f"did you mean {near[0]!r}?" if near else "remove it"
        )
    misshapen = list(_check_shapes(target, given))
    if misshapen:
        yield from misshapen
        return
    if not isinstance(given.get("vpc_id"), str) or not given["vpc_id"]:
        fix = "pass the id of the VPC, or a reference such as vpc.id"
        yield _problem(target, "vpc_id", "vpc_id is missing", fix)
    if given.get("membership", "shared") not in MEMBERSHIPS:
        fix = f"write one of {', '.join(MEMBERSHIPS)}"
        yield _problem(target, "membership", f"membership is {given['membership']!r}", fix)
    if given.get("egress") not in (None, *EGRESS):
        fix = f"write one of {', '.join(EGRESS)}"
        yield _problem(target, "egress", f"egress is {given['egress']!r}", fix)
    if given.get("references") not in (None, *REFERENCES):
        fix = f"write one of {', '.join(REFERENCES)}, or leave it out"
        yield _problem(target, "references", f"references is {given['references']!r}", fix)
    yield from _check_encoding(target, given.get("encoding", "groups"))
    yield from _check_snapshot(target, given.get("snapshot", {}))
    yield from _check_names(model, target)
    for name, value in sorted(given.get("quotas", {}).items()):
        if name not in QUOTAS:
            fix = f"known quotas: {', '.join(sorted(QUOTAS))}"
            yield _problem(target, "quotas", f"unknown quota {name!r}", fix)
        elif not isinstance(value, int) or value is True or not 0 < value <= QUOTAS[name].ceiling:
            fix = f"write 1 to {QUOTAS[name].ceiling}"
            yield _problem(target, "quotas", f"quota {name} is {value!r}", fix)
    if str(given.get("flow_log_destination", "")).partition(":log-group:")[1] and not given.get(
        "flow_log_role"
    ):
        yield _problem(
            target,
            "flow_log_destination",
            "a flow log to a log group has no role",
            "pass flow_log_role=, the role that may write to it",
        )


_KEPT = {f.name for f in fields(Adopted)}
_SHAPES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(
        ("vpc_id", "region", "account", "network", "provider", "flow_log_destination", "flow_log_role"),
        ("text", lambda value: isinstance(value, str)),
    ),
    **dict.fromkeys(
        ("peered_with", "prefix_lists"),
        ("a list of names", lambda value: isinstance(value, list | tuple) and _all(value, str)),
    ),
    "tags": ("keys and texts", lambda value: isinstance(value, Mapping) and _all(value.values(), str)),
    "quotas": ("names of quotas and numbers", lambda value: isinstance(value, Mapping)),
    "snapshot": (
        "the parsed answers, e.g. {'SecurityGroups': [...]}",
        lambda value: isinstance(value, Mapping) and _all(value.values(), list | tuple),
    ),
    "adopt": (
        "what each group keeps, e.g. {'web': {'name': 'sg-web'}}",
        lambda value: (
            isinstance(value, Mapping)
            and all(isinstance(one, Mapping) and set(one) <= _KEPT for one in value.values())
        ),
    ),
}
"""What the arguments are that hold more than one of a few words, and how to tell."""


def _all(values: Iterable[Any], kind: Any) -> bool:
    return all(isinstance(value, kind) for value in values)


def _check_shapes(target: Target, given: Mapping[str, Any]) -> Iterator[Problem]:
    for name, (wanted, fits) in _SHAPES.items():
        if name in given and not fits(given[name]):
            yield _problem(target, name, f"{name} is {reprlib.repr(given[name])}", f"write {wanted}")


def _check_encoding(target: Target, encoding: Any) -> Iterator[Problem]:
    fix = f"write {' or '.join(map(repr, ENCODINGS))}, or blocks of group names as `segkit quota` prints them"
    if encoding == "auto":
        yield Problem(
            f"target {target.name}: encoding is 'auto'",
            where=part(target.where, "placement", "encoding"),
            why="an encoding is pinned: what is best today is not tomorrow, and a change moves every machine",
            fix=f"run `segkit quota --target {target.name} --encoding auto` and write what it finds",
        )
        return
    if isinstance(encoding, str):
        if encoding not in ENCODINGS:
            yield _problem(target, "encoding", f"encoding is {encoding!r}", fix)
        return
    if not isinstance(encoding, list | tuple) or not all(
        isinstance(block, list | tuple) and all(isinstance(n, str) for n in block) for block in encoding
    ):
        yield _problem(target, "encoding", f"encoding is {encoding!r}", fix)
        return
    names = [n for block in encoding for n in block]
    for name in sorted({n for n in names if names.count(n) > 1}):
        what = f"encoding has {name!r} in two blocks"
        yield _problem(target, "encoding", what, "a group is in one block only")


def _check_snapshot(target: Target, snapshot: Any) -> Iterator[Problem]:
    for key in sorted(set(snapshot) - set(SNAPSHOT_KEYS)):
        yield _problem(target, "snapshot", f"snapshot has {key!r}", f"known keys: {', '.join(SNAPSHOT_KEYS)}")


def _check_names(model: Model, target: Target) -> Iterator[Problem]:
    peers = {t.name for t in model.targets if t.platform == target.platform}
    for name in target.placement.get("peered_with") or ():
        if name not in peers or name == target.name:
            fix = f"known targets: {_listed(peers - {target.name})}"
            yield _problem(target, "peered_with", f"peered_with names {name!r}", fix)
    sets = {s.name for s in model.address_sets}
    for name in target.placement.get("prefix_lists") or ():
        if name not in sets:
            fix = f"known address sets: {_listed(sets)}"
            yield _problem(target, "prefix_lists", f"prefix_lists names {name!r}", fix)


def _problem(target: Target, argument: str, what: str, fix: str) -> Problem:
    return Problem(f"target {target.name}: {what}", where=part(target.where, "placement", argument), fix=fix)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
