"""Does AWS let this one packet through? Written naively and apart from segkit, to judge its answers.

It knows nothing but Terraform JSON and addresses. One packet at a time is matched against every rule of every
group on both ends, as the Amazon VPC User Guide ("Security group rules") says: allow rules only, all groups
of an interface added up, outbound rules of the source and inbound rules of the destination must both admit
the first packet.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any, NamedTuple

Endpoints = dict[str, tuple[Any, str]]
"""Endpoint name -> (what it holds, its address). What it holds is a list of group resource names, or a
place in the document to read them from: a resource address (`aws_instance.web`), an interface id (`eni-1`,
for its attachments), or `local.NAME`."""

NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58, "all": -1}
ARGUMENTS = ("vpc_security_group_ids", "security_groups", "security_group_ids")


class Packet(NamedTuple):
    """The first packet of a flow. An end without a name is outside. `low` is a port or an ICMP type."""

    src: str | None
    src_ip: str
    dst: str | None
    dst_ip: str
    protocol: int
    low: int = 0
    code: int = 0


class Rule(NamedTuple):
    """One source or destination of one rule: `peer` is ("cidr", text) or ("group", resource name or id)."""

    group: str
    direction: str
    protocol: int
    low: int | None
    high: int | None
    peer: tuple[str, str]


class Oracle:
    """Everything one document says, as a flat list of rules."""

    def __init__(self, doc: dict[str, Any], endpoints: Endpoints) -> None:
        self.doc = json.loads(json.dumps(doc))
        self.lists = self.prefix_lists()
        self.vpcs = {name: body.get("vpc_id") for name, body in self.blocks("aws_security_group")}
        self.peered = self.peerings()
        self.rules: dict[str, list[Rule]] = {}
        for rule in self.all_rules():
            self.rules.setdefault(rule.group, []).append(rule)
        self.holds = {name: self.groups_at(place) for name, (place, _) in endpoints.items()}

    # Reading

    def blocks(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        found = self.doc.get("resource", {}).get(kind, {})
        return [(name, body[0] if isinstance(body, list) else body) for name, body in sorted(found.items())]

    def words(self, text: str) -> list[str]:
        """The references in an expression; of `${[a, b][0]}` the first element only."""
        if text.startswith("${[") and text.endswith("][0]}"):
            text = text[3:].split(",")[0]
        kept = "".join(c if c.isalnum() or c in "_.-" else " " for c in text)
        return kept.split()

    def groups_of(self, value: Any) -> list[str]:
        """Group names and ids in a value, through locals."""
        if value is None:
            return []
        if isinstance(value, list):
            return [group for item in value for group in self.groups_of(item)]
        if isinstance(value, dict):
            return self.groups_of(value.get("groups"))
        found = []
        for word in self.words(str(value)):
            if word.startswith("aws_security_group.") and word.endswith(".id"):
                found.append(word.split(".")[1])
            elif word.startswith("sg-"):
                found.append(word)
            elif word.startswith("local."):
                found += self.groups_of(self.local(word.split(".")[1]))
        return found

    def local(self, name: str) -> Any:
        return self.doc.get("locals", {}).get(name)

    def groups_at(self, place: Any) -> set[str]:
        if isinstance(place, list):
            return set(place)
        kind, _, name = place.partition(".")
        if kind == "local":
            return set(self.groups_of(self.local(name)))
        found = []
        if name:
            body = dict(self.blocks(kind)).get(name, {})
            found = [group for key in ARGUMENTS for group in self.groups_of(body.get(key))]
        for _, body in self.blocks("aws_network_interface_sg_attachment"):
            if place in (body["network_interface_id"], *self.addresses_in(body["network_interface_id"])):
                found += self.groups_of(body["security_group_id"])
        return set(found)

    def addresses_in(self, text: str) -> list[str]:
        return [".".join(word.split(".")[:2]) for word in self.words(text)]

    def prefix_lists(self) -> dict[str, list[str]]:
        found = {}
        for name, body in self.blocks("aws_ec2_managed_prefix_list"):
            entries = body.get("entry") or []
            found[name] = [e["cidr"] for e in (entries if isinstance(entries, list) else [entries])]
        for _, body in self.blocks("aws_ec2_managed_prefix_list_entry"):
            found[body["prefix_list_id"].split(".")[1]].append(body["cidr"])
        return found

    def peerings(self) -> list[set[str]]:
        accepted = json.dumps([body for _, body in self.blocks("aws_vpc_peering_connection_accepter")])
        return [
            {body["vpc_id"], body["peer_vpc_id"]}
            for name, body in self.blocks("aws_vpc_peering_connection")
            if body.get("auto_accept") is True or f"aws_vpc_peering_connection.{name}.id" in accepted
        ]

    def all_rules(self) -> list[Rule]:
        found = []
        for direction in ("ingress", "egress"):
            for _, body in self.blocks(f"aws_vpc_security_group_{direction}_rule"):
                found += self.rule(direction, body["security_group_id"], body["ip_protocol"], body)
            for name, body in self.blocks("aws_security_group"):
                for inline in body.get(direction) or []:
                    found += self.rule(direction, f"aws_security_group.{name}.id", inline["protocol"], inline)
        for _, body in self.blocks("aws_security_group_rule"):
            found += self.rule(body["type"], body["security_group_id"], body["protocol"], body)
        return found

    def rule(self, direction: str, owner: str, protocol: Any, body: dict[str, Any]) -> list[Rule]:
        groups = self.groups_of(owner)
        peers = []
        for key in ("cidr_ipv4", "cidr_ipv6", "cidr_blocks", "ipv6_cidr_blocks"):
            value = body.get(key) or []
            peers += [("cidr", cidr) for cidr in (value if isinstance(value, list) else [value])]
        for key in ("prefix_list_id", "prefix_list_ids"):
            for word in self.words(json.dumps(body.get(key))):
                if word.startswith("aws_ec2_managed_prefix_list."):
                    peers += [("cidr", cidr) for cidr in self.lists[word.split(".")[1]]]
        for key in ("referenced_security_group_id", "security_groups", "source_security_group_id"):
            peers += [("group", group) for group in self.groups_of(body.get(key))]
        if body.get("self") is True:
            peers += [("group", group) for group in groups]
        number = NUMBERS[protocol] if protocol in NUMBERS else int(protocol)
        ports = [None if body.get(key) is None else int(body[key]) for key in ("from_port", "to_port")]
        return [
            Rule(group, direction, number, ports[0], ports[1], peer) for group in groups for peer in peers
        ]

    # Answering

    def allowed(self, packet: Packet) -> bool:
        """Whether AWS passes the packet at both ends."""
        if ipaddress.ip_address(packet.src_ip).version != ipaddress.ip_address(packet.dst_ip).version:
            return False
        version = ipaddress.ip_address(packet.src_ip).version
        if packet.protocol == (58 if version == 4 else 1):
            return False  # there is no such packet
        ends = (
            (packet.src, "egress", packet.dst, packet.dst_ip),
            (packet.dst, "ingress", packet.src, packet.src_ip),
        )
        for own, direction, peer, peer_ip in ends:
            if own is not None and not any(
                self.admits(rule, packet) for rule in self.matching(own, direction, peer, peer_ip)
            ):
                return False
        return True

    def matching(self, own: str, direction: str, peer: str | None, peer_ip: str) -> list[Rule]:
        """The rules of one end's groups whose peer the other end is."""
        rules = [rule for group in sorted(self.holds[own]) for rule in self.rules.get(group, [])]
        return [rule for rule in rules if rule.direction == direction and self.is_peer(rule, peer, peer_ip)]

    def is_peer(self, rule: Rule, peer: str | None, peer_ip: str) -> bool:
        kind, value = rule.peer
        if kind == "group":
            return peer is not None and value in self.holds[peer] and self.connected(rule.group, value)
        return ipaddress.ip_address(peer_ip) in ipaddress.ip_network(value)

    def connected(self, group: str, other: str) -> bool:
        """Group references work inside a VPC and across an accepted peering."""
        if group not in self.vpcs or other not in self.vpcs:
            return True
        pair = {self.vpcs[group], self.vpcs[other]}
        return len(pair) == 1 or pair in self.peered

    def admits(self, rule: Rule, packet: Packet) -> bool:
        """Whether protocol and port (or ICMP type and code) of the packet are those of the rule."""
        if rule.protocol == -1:
            return True
        if rule.protocol != packet.protocol:
            return False
        if packet.protocol in (1, 58):
            return rule.low in (None, -1, packet.low) and rule.high in (None, -1, packet.code)
        if packet.protocol not in (6, 17):
            return True
        return rule.low is not None and rule.high is not None and rule.low <= packet.low <= rule.high
