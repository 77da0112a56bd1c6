"""Reads recorded answers of the EC2 API (as boto3 gives them) into the enforcement state.

Source: Amazon EC2 API reference: SecurityGroup, IpPermission, UserIdGroupPair, SecurityGroupRule,
ReferencedSecurityGroup, NetworkInterface, PrefixListEntry.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from segkit.errors import Problem, SegkitError
from segkit.platforms.aws.permissions import UnclearError, admitted
from segkit.platforms.aws.reading import union
from segkit.platforms.aws.state import (
    Carrier,
    Direction,
    Group,
    Holders,
    Opaque,
    Origin,
    Peer,
    Permission,
    Range,
    State,
)
from segkit.sets.addresses import Addresses
from segkit.sets.services import ServiceSet

_KINDS = (
    "SecurityGroups",
    "SecurityGroupRules",
    "NetworkInterfaces",
    "PrefixLists",
    "PrefixListEntries",
    "VpcPeeringConnections",
)


def read_snapshot(describe: Mapping[str, Any]) -> State:
    """The enforcement state in a dict of answers, each under the key that the API uses for it.

    - `SecurityGroups`: describe_security_groups
    - `SecurityGroupRules`: describe_security_group_rules. Where it lists rules of a group, they stand for the
      group's permissions, because they have ids.
    - `NetworkInterfaces`: describe_network_interfaces
    - `PrefixListEntries`: prefix list id -> the `Entries` of get_managed_prefix_list_entries. `PrefixLists`
      (of describe_managed_prefix_lists) may carry `Entries` inside each list instead.
    - `VpcPeeringConnections`: describe_vpc_peering_connections

    Keys that are absent were not read. Raises SegkitError where an entry is no list.

    >>> state = read_snapshot({"SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1"}]})
    >>> state.groups["sg-1"].known
    True
    """
    reader = _Snapshot(describe)
    reader.read()
    return State(
        groups=dict(sorted(reader.groups.items())),
        carriers=tuple(sorted(reader.carriers, key=lambda carrier: carrier.address)),
        peerings=frozenset(reader.peerings),
        notes=tuple(sorted(set(reader.notes))),
        prefix_lists=dict(sorted(reader.lists.items())),
    )


class _Snapshot:
    def __init__(self, describe: Mapping[str, Any]) -> None:
        self.describe = describe
        self.groups: dict[str, Group] = {}
        self.carriers: list[Carrier] = []
        self.lists: dict[str, Addresses] = {}
        self.peerings: set[tuple[str, str]] = set()
        self.notes: list[Problem] = []
        self.vpcs: dict[str, str] = {}  # of groups that rules name but that were not described

    def read(self) -> None:
        problems = [
            Problem(f"a list is needed under {key}", where=key, fix=f'give answer["{key}"] of the API')
            for key in _KINDS
            if key != "PrefixListEntries" and not isinstance(self.describe.get(key, []), list)
        ]
        if problems:
            raise SegkitError(problems)
        self._prefix_lists()
        for connection in self._items("VpcPeeringConnections"):
            self._connection(connection)
        for body in self._items("SecurityGroups"):
            self._group(body)
        self._rules()
        for key in sorted(self.vpcs.keys() - self.groups.keys()):
            self.groups[key] = Group(
                key, vpc=self.vpcs[key] or None, known=False, why="its rules were not read"
            )
        for body in self._items("NetworkInterfaces"):
            self._interface(body)

    def _items(self, key: str) -> Iterator[Mapping[str, Any]]:
        yield from self.describe.get(key) or ()

    def _prefix_lists(self) -> None:
        entries: dict[str, Sequence[Mapping[str, Any]]] = dict(self.describe.get("PrefixListEntries") or {})
        for body in self._items("PrefixLists"):
            if "Entries" in body:
                entries[body["PrefixListId"]] = body["Entries"]
        for key, found in entries.items():
            self.lists[key] = union([_network(entry["Cidr"]) for entry in found])

    def _connection(self, body: Mapping[str, Any]) -> None:
        ends = [body.get("RequesterVpcInfo") or {}, body.get("AccepterVpcInfo") or {}]
        one, other = sorted(str(end.get("VpcId")) for end in ends)
        where = str(body.get("VpcPeeringConnectionId", ""))
        if (body.get("Status") or {}).get("Code") != "active":
            self.notes.append(Problem("the peering connection is not active", where=where))
        elif ends[0].get("Region") != ends[1].get("Region"):
            self.notes.append(
                Problem("a peering to another region; groups cannot be referenced across it", where=where)
            )
        else:
            self.peerings.add((one, other))

    def _group(self, body: Mapping[str, Any]) -> None:
        key, vpc = body["GroupId"], body.get("VpcId") or None
        rules = {
            Direction.INGRESS: body.get("IpPermissions"),
            Direction.EGRESS: body.get("IpPermissionsEgress"),
        }
        why: list[str] = []
        found: dict[Direction, tuple[Permission, ...]] = {}
        for direction, permissions in rules.items():
            read = [rule for p in permissions or () for rule in self._permissions(key, vpc, p, why)]
            found[direction] = tuple(sorted(read, key=lambda rule: (str(rule.peer), str(rule.services))))
        self.groups[key] = Group(
            key=key,
            name=body.get("GroupName") or "",
            vpc=vpc,
            ingress=found[Direction.INGRESS],
            egress=found[Direction.EGRESS],
            known=not why,
            why="; ".join(sorted(set(why))),
        )

    def _permissions(
        self, key: str, vpc: str | None, body: Mapping[str, Any], why: list[str]
    ) -> Iterator[Permission]:
        services = self._services(key, body, why)
        if services is None:
            return
        peers: list[Peer] = [Range(_network(r["CidrIp"])) for r in body.get("IpRanges") or ()]
        peers += [Range(_network(r["CidrIpv6"])) for r in body.get("Ipv6Ranges") or ()]
        peers += [self._list(r["PrefixListId"], key) for r in body.get("PrefixListIds") or ()]
        peers += [self._holders(pair, vpc, key) for pair in body.get("UserIdGroupPairs") or ()]
        for peer in peers:
            yield Permission(*services, peer, key)

    def _services(
        self, where: str, body: Mapping[str, Any], why: list[str]
    ) -> tuple[int | None, ServiceSet] | None:
        try:
            return admitted(body.get("IpProtocol"), body.get("FromPort"), body.get("ToPort"))
        except UnclearError as problem:
            why.append(f"what a rule admits is not known: {problem} ({where})")
            self.notes.append(Problem(f"what a rule admits is not known: {problem}", where=where))
            return None

    def _rules(self) -> None:
        """Rules with ids. They replace what describe_security_groups said of the same group."""
        found: dict[str, dict[Direction, list[Permission]]] = {}
        why: dict[str, list[str]] = {}
        for body in self._items("SecurityGroupRules"):
            key, where = body["GroupId"], body.get("SecurityGroupRuleId") or body["GroupId"]
            sides = found.setdefault(key, {direction: [] for direction in Direction})
            services = self._services(where, body, why.setdefault(key, []))
            if services is None:
                continue
            peer = self._one_peer(body, key, where)
            sides[Direction.EGRESS if body.get("IsEgress") else Direction.INGRESS].append(
                Permission(*services, peer, where)
            )
        for key, sides in found.items():
            group = self.groups.get(key) or Group(key)
            self.groups[key] = replace(
                group,
                ingress=tuple(sorted(sides[Direction.INGRESS], key=lambda rule: rule.where)),
                egress=tuple(sorted(sides[Direction.EGRESS], key=lambda rule: rule.where)),
                known=not why[key],
                why="; ".join(sorted(set(why[key]))),
            )

    def _one_peer(self, body: Mapping[str, Any], key: str, where: str) -> Peer:
        for name in ("CidrIpv4", "CidrIpv6"):
            if body.get(name):
                return Range(_network(body[name]))
        if body.get("PrefixListId"):
            return self._list(body["PrefixListId"], where)
        if body.get("ReferencedGroupInfo"):
            group = self.groups.get(key)
            return self._holders(body["ReferencedGroupInfo"], group.vpc if group else None, where)
        self.notes.append(Problem("a rule with no peer", where=where))
        return Opaque("no peer")

    def _list(self, key: str, where: str) -> Peer:
        if key in self.lists:
            return Range(self.lists[key], via=key)
        self.notes.append(Problem(f"a prefix list whose entries were not read: {key}", where=where))
        return Opaque(key)

    def _holders(self, body: Mapping[str, Any], vpc: str | None, where: str) -> Peer:
        """A referenced group. For one in another VPC the answer tells which, and if the peering is active."""
        key = str(body.get("GroupId") or "").rpartition("/")[2]
        if not key:
            self.notes.append(Problem("a rule names a group by name only", where=where))
            return Opaque(str(body.get("GroupName") or "a group"))
        self.vpcs.setdefault(key, body.get("VpcId") or "")
        if body.get("VpcId") and vpc and body["VpcId"] != vpc and body.get("PeeringStatus") == "active":
            self.peerings.add((min(vpc, body["VpcId"]), max(vpc, body["VpcId"])))
        return Holders(key)

    def _interface(self, body: Mapping[str, Any]) -> None:
        addresses = [
            a["PrivateIpAddress"] for a in body.get("PrivateIpAddresses") or () if a.get("PrivateIpAddress")
        ]
        if not addresses and body.get("PrivateIpAddress"):
            addresses = [body["PrivateIpAddress"]]
        addresses += [a["Ipv6Address"] for a in body.get("Ipv6Addresses") or () if a.get("Ipv6Address")]
        self.carriers.append(
            Carrier(
                address=body["NetworkInterfaceId"],
                groups=tuple(sorted(group["GroupId"] for group in body.get("Groups") or ())),
                workload=None,
                interface=None,
                complete=True,
                where=body["NetworkInterfaceId"],
                origin=Origin.SNAPSHOT,
                addresses=tuple(addresses),
            )
        )


def _network(text: str) -> Addresses:
    return Addresses.of(ipaddress.ip_network(text, strict=False))
