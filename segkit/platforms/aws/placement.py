"""Where an AWS target is: its VPC and account, and how it emits. Validates what people give it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from segkit.errors import Problem
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
    given = target.placement
    for name in sorted(set(given) - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        yield _problem(
            target, f"unknown argument {name!r}", f"did you mean {near[0]!r}?" if near else "remove it"
        )
    if not isinstance(given.get("vpc_id"), str) or not given["vpc_id"]:
        yield _problem(target, "vpc_id is missing", "pass the id of the VPC, or a reference such as vpc.id")
    if given.get("membership", "shared") not in MEMBERSHIPS:
        fix = f"write one of {', '.join(MEMBERSHIPS)}"
        yield _problem(target, f"membership is {given['membership']!r}", fix)
    if given.get("egress") not in (None, *EGRESS):
        yield _problem(target, f"egress is {given['egress']!r}", f"write one of {', '.join(EGRESS)}")
    if given.get("references") not in (None, *REFERENCES):
        fix = f"write one of {', '.join(REFERENCES)}, or leave it out"
        yield _problem(target, f"references is {given['references']!r}", fix)
    yield from _check_encoding(target, given.get("encoding", "groups"))
    yield from _check_snapshot(target, given.get("snapshot", {}))
    yield from _check_names(model, target)
    for name, value in sorted(given.get("quotas", {}).items()):
        if name not in QUOTAS:
            yield _problem(target, f"unknown quota {name!r}", f"known quotas: {', '.join(sorted(QUOTAS))}")
        elif not isinstance(value, int) or not 0 < value <= QUOTAS[name].ceiling:
            yield _problem(target, f"quota {name} is {value!r}", f"write 1 to {QUOTAS[name].ceiling}")
    if str(given.get("flow_log_destination", "")).partition(":log-group:")[1] and not given.get(
        "flow_log_role"
    ):
        yield _problem(
            target,
            "a flow log to a log group has no role",
            "pass flow_log_role=, the role that may write to it",
        )


def _check_encoding(target: Target, encoding: Any) -> Iterator[Problem]:
    fix = f"write {' or '.join(map(repr, ENCODINGS))}, or blocks of group names as `segkit quota` prints them"
    if encoding == "auto":
        yield Problem(
            f"target {target.name}: encoding is 'auto'",
            where=target.where,
            why="an encoding is pinned: what is best today is not tomorrow, and a change moves every machine",
            fix=f"run `segkit quota --target {target.name} --encoding auto` and write what it finds",
        )
        return
    if isinstance(encoding, str):
        if encoding not in ENCODINGS:
            yield _problem(target, f"encoding is {encoding!r}", fix)
        return
    if not isinstance(encoding, list | tuple) or not all(
        isinstance(block, list | tuple) and all(isinstance(n, str) for n in block) for block in encoding
    ):
        yield _problem(target, f"encoding is {encoding!r}", fix)
        return
    names = [n for block in encoding for n in block]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield _problem(target, f"encoding has {name!r} in two blocks", "a group is in one block only")


def _check_snapshot(target: Target, snapshot: Any) -> Iterator[Problem]:
    if not isinstance(snapshot, Mapping):
        yield _problem(
            target, "snapshot is no mapping", "pass the parsed answers, e.g. {'SecurityGroups': [...]}"
        )
        return
    for key in sorted(set(snapshot) - set(SNAPSHOT_KEYS)):
        yield _problem(target, f"snapshot has {key!r}", f"known keys: {', '.join(SNAPSHOT_KEYS)}")


def _check_names(model: Model, target: Target) -> Iterator[Problem]:
    peers = {t.name for t in model.targets if t.platform == target.platform}
    for name in target.placement.get("peered_with", ()):
        if name not in peers or name == target.name:
            yield _problem(
                target, f"peered_with names {name!r}", f"known targets: {_listed(peers - {target.name})}"
            )
    sets = {s.name for s in model.address_sets}
    for name in target.placement.get("prefix_lists", ()):
        if name not in sets:
            yield _problem(target, f"prefix_lists names {name!r}", f"known address sets: {_listed(sets)}")


def _problem(target: Target, what: str, fix: str) -> Problem:
    return Problem(f"target {target.name}: {what}", where=target.where, fix=fix)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
