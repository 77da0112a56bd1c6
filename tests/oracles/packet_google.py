"""Does Google Cloud let this one packet through? Written naively and apart from segkit, to judge its answers.

It knows nothing but Terraform JSON and addresses. One packet at a time walks down the rules of both ends, as
Cloud NGFW's “Evaluation order for firewall policies and rules” says: hierarchical policies from the
organization down, VPC firewall rules, then the network's policy (or the other way round), then the implied
rules: egress passes, ingress does not.
"""

from __future__ import annotations

import ipaddress
import json
from functools import cache
from typing import Any, NamedTuple

Endpoints = dict[str, tuple[str, str, str]]
"""Endpoint name -> (where its tags are: `local.NAME`, or the full resource name that they are bound to; its
address; its network, as policies are attached to it)."""

NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1, "esp": 50, "ah": 51, "sctp": 132}
WAYS = ("INGRESS", "EGRESS")
POLICY = "google_compute_network_firewall_policy_with_rules"
HIERARCHY = "google_compute_firewall_policy_with_rules"


class Packet(NamedTuple):
    """The first packet of a flow. An end without a name is outside."""

    src: str | None
    src_ip: str
    dst: str | None
    dst_ip: str
    protocol: int
    port: int = 0


class Rule(NamedTuple):
    """One rule that holds for one end. `services` are (protocol or -1, first port, last port)."""

    stage: int
    priority: int
    action: str
    services: tuple[tuple[int, int, int], ...]
    ranges: tuple[str, ...]
    tags: tuple[str, ...]
    afar: bool  # do its tags speak of peered networks too?


@cache
def network_of(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text)


class Oracle:
    """Everything one document says. `first` are the networks whose policy comes before VPC firewall rules;
    `above` are the organization and the folders of networks, from the top."""

    def __init__(
        self, doc: dict[str, Any], endpoints: Endpoints, first: set[str], above: dict[str, list[str]]
    ) -> None:
        self.doc: dict[str, Any] = json.loads(json.dumps(doc))
        self.first, self.above = first, above
        self.networks = {name: network for name, (_, _, network) in endpoints.items()}
        self.peered = {
            (b["network"], b["peer_network"]) for b in self.blocks("google_compute_network_peering").values()
        }
        self.holds = {
            name: {t for t in self.tags_at(place) if self.speaks(t, network)}
            for name, (place, _, network) in endpoints.items()
        }
        self.rules = {
            (name, way): sorted(self.rules_for(name, way))
            for name in endpoints
            for way in ("INGRESS", "EGRESS")
        }

    # Reading

    def blocks(self, kind: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.doc.get("resource", {}).get(kind, {})
        return found

    def tag(self, text: str) -> str:
        """The tag value in an expression, through locals."""
        inner = text.removeprefix("${").removesuffix("}").removeprefix("[").split(",")[0].split("]")[0]
        if inner.startswith('"'):
            return inner.strip('"')  # a network tag
        if inner.startswith("local."):
            return self.tag(self.doc["locals"][inner.removeprefix("local.")])
        return inner.removeprefix("google_tags_tag_value.").removesuffix(".id")

    def tags_at(self, place: str) -> set[str]:
        if place.startswith("local."):
            held = self.doc.get("locals", {}).get(place.removeprefix("local."), {})
            return {self.tag(text) for text in held.get("groups", ())}
        bound = self.blocks("google_tags_location_tag_binding").values()
        return {self.tag(body["tag_value"]) for body in bound if body["parent"] == place}

    def speaks(self, tag: str, network: str) -> bool:
        """A tag is for the network of its key, if firewalls may use it."""
        body = self.blocks("google_tags_tag_value").get(tag)
        if body is None:
            return True
        key = body["parent"].removeprefix("${google_tags_tag_key.").removesuffix(".id}")
        made = self.blocks("google_tags_tag_key")[key]
        if made["purpose_data"].get("organization") == "auto":
            return bool(made["purpose"] == "GCE_FIREWALL")
        name = made["purpose_data"]["network"].split("/")
        return (
            made["purpose"] == "GCE_FIREWALL" and network == f"projects/{name[0]}/global/networks/{name[1]}"
        )

    def rules_for(self, name: str, way: str) -> list[Rule]:
        found, network = [], self.networks[name]
        policy_first = network in self.first
        places = self.above.get(network, [])
        for link in self.blocks("google_compute_firewall_policy_association").values():
            if link["attachment_target"] in places:
                stage = places.index(link["attachment_target"]) - len(places)
                policy = link["firewall_policy"].removeprefix(f"${{{HIERARCHY}.").removesuffix(".id}")
                for body in self.blocks(HIERARCHY)[policy]["rule"]:
                    limits = body.get("target_resources") or [network]
                    if any(text.endswith(f"/{network}") or text == network for text in limits):
                        found += self.policy_rule(body, name, way, stage)
        for link in self.blocks("google_compute_network_firewall_policy_association").values():
            if link["attachment_target"] == network:
                policy = link["firewall_policy"].removeprefix(f"${{{POLICY}.").removesuffix(".id}")
                for body in self.blocks(POLICY)[policy]["rule"]:
                    found += self.policy_rule(body, name, way, 0 if policy_first else 1)
        for body in self.blocks("google_compute_firewall").values():
            targets = {t for key in ("target_tags", "target_service_accounts") for t in body.get(key) or ()}
            here = body["network"] == network and not body.get("disabled")
            if (
                here
                and body.get("direction", "INGRESS") == way
                and (not targets or targets & self.holds[name])
            ):
                found += self.classic_rule(body, way, 1 if policy_first else 0)
        return found

    def policy_rule(self, body: dict[str, Any], name: str, way: str, stage: int) -> list[Rule]:
        targets = {self.tag(one["name"]) for one in body.get("target_secure_tag", ())}
        if body.get("disabled") or body.get("direction", "INGRESS") != way:
            return []
        if targets and not targets & self.holds[name]:
            return []
        match = body["match"]
        ranges = match.get("src_ip_ranges" if way == "INGRESS" else "dest_ip_ranges", ())
        tags = [self.tag(one["name"]) for one in match.get("src_secure_tag", ())]
        services = self.services(match["layer4_config"], "ip_protocol")
        return [Rule(stage, body["priority"], body["action"], services, tuple(ranges), tuple(tags), True)]

    def classic_rule(self, body: dict[str, Any], way: str, stage: int) -> list[Rule]:
        ranges = tuple(body.get("source_ranges" if way == "INGRESS" else "destination_ranges", ()))
        tags = tuple(t for key in ("source_tags", "source_service_accounts") for t in body.get(key) or ())
        return [
            # A deny of the same priority comes first.
            Rule(
                stage, body.get("priority", 1000) * 2 + (kind == "allow"), kind, services, ranges, tags, False
            )
            for kind in ("allow", "deny")
            if kind in body and (services := self.services(body[kind], "protocol"))
        ]

    def services(self, blocks: list[dict[str, Any]], key: str) -> tuple[tuple[int, int, int], ...]:
        found = []
        for one in blocks:
            name = one[key]
            number = -1 if name == "all" else NUMBERS[name] if name in NUMBERS else int(name)
            for span in one.get("ports") or ["0-65535"]:
                low, _, high = span.partition("-")
                found.append((number, int(low), int(high or low)))
        return tuple(found)

    # Answering

    def allowed(self, packet: Packet) -> bool:
        """Whether both ends pass the packet."""
        version = 6 if ":" in packet.src_ip else 4
        if (":" in packet.dst_ip) != (version == 6) or packet.protocol == (58 if version == 4 else 1):
            return False
        out = packet.src is None or self.passes(packet.src, "EGRESS", packet.dst, packet.dst_ip, packet)
        return out and (
            packet.dst is None or self.passes(packet.dst, "INGRESS", packet.src, packet.src_ip, packet)
        )

    def passes(self, own: str, way: str, peer: str | None, peer_ip: str, packet: Packet) -> bool:
        left = None  # the stage that a goto_next has left
        for rule in self.rules[own, way]:
            if rule.stage != left and self.is_peer(rule, own, peer, peer_ip) and self.speaks_of(rule, packet):
                if rule.action != "goto_next":
                    return rule.action == "allow"
                left = rule.stage
        return way == "EGRESS"

    def speaks_of(self, rule: Rule, packet: Packet) -> bool:
        port = packet.port if packet.protocol in (6, 17) else 0
        return any(n in (-1, packet.protocol) and low <= port <= high for n, low, high in rule.services)

    def is_peer(self, rule: Rule, own: str, peer: str | None, peer_ip: str) -> bool:
        near = peer is not None and self.near(self.networks[own], self.networks[peer], rule.afar)
        if near and peer is not None and self.holds[peer].intersection(rule.tags):
            return True
        return self.inside(rule.ranges, peer, peer_ip)

    def inside(self, ranges: tuple[str, ...], peer: str | None, peer_ip: str) -> bool:
        address = ipaddress.ip_address(peer_ip)
        return any(address in network_of(text) for text in ranges)

    def near(self, own: str, other: str, afar: bool) -> bool:
        return own == other or (afar and {(own, other), (other, own)} <= self.peered)
