"""What is deployed, read back with boto3 and judged by the reading model: no Terraform in between."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import boto3

from segkit.intent import Intent, Passing
from segkit.model.model import Model
from segkit.model.workloads import Interface, Workload
from segkit.platforms.aws.evaluate import Enforcement
from segkit.platforms.aws.read_snapshot import read_snapshot
from segkit.platforms.aws.rows import Profile, Rows
from segkit.platforms.base import Membership, Spot
from segkit.sets import NOWHERE, Addresses, ServiceSet
from segkit.verify.compare import Comparison, Mismatch


def client(endpoint: str, service: str = "ec2", region: str = "eu-west-1", **credentials: str) -> Any:
    """A boto3 client for a server on this machine."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", **credentials}
    make: Any = boto3.client  # its overloads know service names only as literals
    return make(service, endpoint_url=endpoint, region_name=region, **keys)


def describe(ec2: Any) -> dict[str, Any]:
    """Every answer the reader knows."""

    def pages(operation: str, key: str) -> list[Any]:
        return [item for page in ec2.get_paginator(operation).paginate() for item in page[key]]

    lists = pages("describe_managed_prefix_lists", "PrefixLists")
    return {
        "SecurityGroups": pages("describe_security_groups", "SecurityGroups"),
        "SecurityGroupRules": pages("describe_security_group_rules", "SecurityGroupRules"),
        "NetworkInterfaces": pages("describe_network_interfaces", "NetworkInterfaces"),
        "PrefixListEntries": {
            found["PrefixListId"]: ec2.get_managed_prefix_list_entries(PrefixListId=found["PrefixListId"])[
                "Entries"
            ]
            for found in lists
            if found["OwnerId"] != "AWS"
        },
        "VpcPeeringConnections": pages("describe_vpc_peering_connections", "VpcPeeringConnections"),
    }


class DeployedView:
    """The reading model over what accounts answer; `groups` says what each workload carries."""

    def __init__(
        self, model: Model, answers: Sequence[dict[str, Any]], groups: Mapping[str, frozenset[str]]
    ) -> None:
        whole: dict[str, Any] = {}
        for answer in answers:
            for key, found in answer.items():
                whole[key] = (
                    {**whole.get(key, {}), **found} if isinstance(found, dict) else whole.get(key, []) + found
                )
        self._enforcement = Enforcement(read_snapshot(whole))
        self._groups = groups
        self._targets = model.targets

    def cuts(self) -> Sequence[Addresses]:
        return self._enforcement.cuts()

    def profiles(self, workload: Workload, interface: Interface) -> tuple[Hashable, ...]:
        if not any(t.owns(workload.label_map, interface.realm, interface.network) for t in self._targets):
            return (None,)
        return (Profile(self._groups[workload.name], filters=True),)

    def rows(self, spots: Sequence[Spot]) -> Rows:
        return Rows(self._enforcement, spots)

    def memberships(self) -> Sequence[Membership]:
        return ()

    def resources(self, source: Spot, destination: Spot, services: ServiceSet) -> tuple[str, ...]:
        return ()

    def notes(self) -> Sequence[str]:
        return ()

    def exempt(self) -> Sequence[str]:
        return ()

    def extents(self) -> Mapping[str, Addresses]:
        return {}

    def unfiltered(self) -> Addresses:
        return NOWHERE


def by_address(model: Model, *answers: dict[str, Any]) -> dict[str, frozenset[str]]:
    """The groups on each workload's interface, found by its private address."""
    found = {
        i["PrivateIpAddress"]: frozenset(g["GroupId"] for g in i["Groups"])
        for answer in answers
        for i in answer["NetworkInterfaces"]
    }
    out = {}
    for workload in model.workloads:
        (interface,) = workload.interfaces
        assert interface.addresses is not None
        out[workload.name] = found[str(interface.addresses.family(4).cidrs()[0].network_address)]
    return out


def by_name(ec2: Any) -> dict[str, frozenset[str]]:
    """The groups on each machine's interface, found by its Name tag."""
    reservations = ec2.get_paginator("describe_instances").paginate().build_full_result()["Reservations"]
    return {
        tag["Value"]: frozenset(g["GroupId"] for i in machine["NetworkInterfaces"] for g in i["Groups"])
        for reservation in reservations
        for machine in reservation["Instances"]
        if machine["State"]["Name"] == "running"
        for tag in machine["Tags"]
        if tag["Key"] == "Name"
    }


def mismatches(
    model: Model, *answers: dict[str, Any], groups: Mapping[str, frozenset[str]] | None = None
) -> list[Mismatch]:
    """Every flow that what is deployed and the intent disagree on."""
    view = DeployedView(model, answers, by_address(model, *answers) if groups is None else groups)
    comparison = Comparison(Passing(Intent(model)), [view])
    found = list(comparison.mismatches())
    assert comparison.tally.pairs, "nothing was compared"
    return found
