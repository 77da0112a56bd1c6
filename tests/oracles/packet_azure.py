"""Does Azure let this one packet through? Written naively and apart from segkit, to judge its answers.

It knows nothing but Terraform JSON and addresses. One packet at a time goes through every security group on
its way as Azure Virtual Network's documentation says (“Network security groups overview”, “How network
security groups filter network traffic”, “Application security groups”): rules by priority, the first match
decides, outbound at the source's interface and subnet, inbound at the destination's subnet and interface.
Before them come security admin rules (Azure Virtual Network Manager, “Security admin rules”), where they are
deployed to the virtual network and its region.
"""

from __future__ import annotations

import ipaddress
import json
from functools import cache
from typing import Any, NamedTuple

at, network = cache(ipaddress.ip_address), cache(ipaddress.ip_network)

Endpoints = dict[str, "Endpoint"]
NUMBERS = {"Icmp": 1, "Tcp": 6, "Udp": 17, "Esp": 50, "Ah": 51}
HOST = "168.63.129.16"


class Endpoint(NamedTuple):
    """What an interface is in: `place` is `local.NAME` for a published membership, or the interface's id.
    `subnet` is the subnet's id as the document writes it, None where nothing is on subnets. `published`: the
    machine made elsewhere has the security group that its local names. `network` is the virtual network, as
    the document writes it, and `region` where that is."""

    place: str
    address: str
    subnet: str | None = None
    network: str | None = None
    region: str = ""


class Packet(NamedTuple):
    """The first packet of a flow. An end without a name is outside. `port` is 0 where there is none."""

    src: str | None
    src_ip: str
    dst: str | None
    dst_ip: str
    protocol: int
    port: int = 0


class Oracle:
    """Everything one document says, as lists of rules."""

    def __init__(self, doc: dict[str, Any], endpoints: Endpoints) -> None:
        self.doc = json.loads(json.dumps(doc))
        self.rules = {name: self.rules_of(name, body) for name, body in self.blocks("network_security_group")}
        self.groups: dict[str, set[str]] = {}
        self.filters: dict[str, list[str]] = {}
        self.admin = {name: self.admin_rules(end) for name, end in endpoints.items()}
        for name, end in endpoints.items():
            self.groups[name] = self.groups_of(end.place)
            subnet = [
                self.name_of(body["network_security_group_id"])
                for _, body in self.blocks("subnet_network_security_group_association")
                if body["subnet_id"] == end.subnet
            ]
            self.filters[name] = subnet + self.own_filter(end.place)

    # Reading

    def blocks(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        return sorted(self.doc.get("resource", {}).get(f"azurerm_{kind}", {}).items())

    def resolve(self, text: str) -> str:
        """A reference, through locals; of `${[a, b][0]}` the first element."""
        inner = text.removeprefix("${").removesuffix("}")
        if inner.startswith("["):
            inner = inner[1:].split(",")[0].rstrip("][0").strip()
        if inner.startswith("local."):
            return self.resolve(self.doc["locals"][inner.split(".")[1]])
        return inner

    def name_of(self, text: str) -> str:
        found = self.resolve(text)
        return found.split(".")[1] if found.startswith("azurerm_") else found

    def groups_of(self, place: str) -> set[str]:
        kind, _, name = place.partition(".")
        if kind == "local":
            return {self.name_of(g) for g in self.doc.get("locals", {}).get(name, {}).get("groups", [])}
        return {
            self.name_of(body["application_security_group_id"])
            for _, body in self.blocks("network_interface_application_security_group_association")
            if body["network_interface_id"] == place
        }

    def own_filter(self, place: str) -> list[str]:
        kind, _, name = place.partition(".")
        if kind == "local":
            group = self.doc.get("locals", {}).get(name, {}).get("security_group")
            return [self.name_of(group)] if group else []
        return [
            self.name_of(body["network_security_group_id"])
            for _, body in self.blocks("network_interface_security_group_association")
            if body["network_interface_id"] == place
        ]

    def rules_of(self, group: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        rules = list(body.get("security_rule") or [])
        for _, rule in self.blocks("network_security_rule"):
            if self.resolve(rule["network_security_group_name"]).strip('"') == body["name"]:
                rules.append(rule)
        return sorted(rules, key=lambda rule: int(rule["priority"]))

    def admin_rules(self, end: Endpoint) -> list[dict[str, Any]]:
        """The admin rules that an interface is under, the first to be asked first."""
        kinds = ("static_member", "admin_rule_collection", "admin_rule", "deployment")
        members, collections, rules, commits = (
            self.blocks(f"network_manager_{kind}") if end.network else [] for kind in kinds
        )
        groups = {
            self.resolve(body["network_group_id"])
            for _, body in members
            if body["target_virtual_network_id"] == end.network
        }
        committed = {
            self.resolve(configuration)
            for _, body in commits
            if body["scope_access"] == "SecurityAdmin" and body["location"] == end.region
            for configuration in body["configuration_ids"]
        }
        here = {
            f"azurerm_network_manager_admin_rule_collection.{name}.id"
            for name, body in collections
            if groups & {self.resolve(group) for group in body["network_group_ids"]}
            and self.resolve(body["security_admin_configuration_id"]) in committed
        }
        found = [body for _, body in rules if self.resolve(body["admin_rule_collection_id"]) in here]
        return sorted(found, key=lambda rule: (int(rule["priority"]), rule["name"]))

    # Answering

    def allowed(self, packet: Packet) -> bool:
        """Whether Azure passes the packet at both ends."""
        version = ipaddress.ip_address(packet.src_ip).version
        if ipaddress.ip_address(packet.dst_ip).version != version:
            return False
        if packet.protocol == (58 if version == 4 else 1):
            return False  # there is no such packet
        for name, direction in ((packet.src or "", "Outbound"), (packet.dst or "", "Inbound")):
            decided = self.decided(name, direction, packet)
            groups = self.filters.get(name, [])
            if decided == "Deny":
                return False
            if decided != "AlwaysAllow" and not all(self.passes(g, direction, packet) for g in groups):
                return False
        return True

    def decided(self, name: str, direction: str, packet: Packet) -> str:
        """What the first admin rule says that matches; without one it is as good as an allow."""
        for rule in self.admin.get(name, []):
            ends = (("source", packet.src_ip), ("destination", packet.dst_ip))
            near = [(ip, [one["address_prefix"] for one in rule[end]]) for end, ip in ends]
            if (
                rule["direction"] == direction
                and all(self.inside(ip, ranges) for ip, ranges in near)
                and self.has_service(rule, packet)
            ):
                return str(rule["action"])
        return "Allow"

    def has_service(self, rule: dict[str, Any], packet: Packet) -> bool:
        ports = {"destination_port_ranges": rule["destination_port_ranges"]}
        protocol = "*" if rule["protocol"] == "Any" else rule["protocol"]
        return self.serves({"protocol": protocol, **ports}, packet)

    def passes(self, group: str, direction: str, packet: Packet) -> bool:
        """Whether one security group lets the packet pass."""
        for rule in self.rules.get(group, []):
            if rule["direction"] == direction and self.matches(rule, packet):
                return bool(rule["access"] == "Allow")
        # The rules that every group has: AllowVnet..., AllowAzureLoadBalancerInBound, AllowInternetOutBound.
        inside = [ipaddress.ip_address(ip).is_private for ip in (packet.src_ip, packet.dst_ip)]
        if direction == "Inbound":
            return all(inside) or packet.src_ip == HOST
        return all(inside) or not inside[1]

    def matches(self, rule: dict[str, Any], packet: Packet) -> bool:
        return (
            self.serves(rule, packet)
            and self.is_end(rule, "source", packet.src, packet.src_ip)
            and self.is_end(rule, "destination", packet.dst, packet.dst_ip)
        )

    def serves(self, rule: dict[str, Any], packet: Packet) -> bool:
        if rule["protocol"] != "*" and NUMBERS[rule["protocol"]] != packet.protocol:
            return False
        ports = listed(rule, "destination_port_range", "destination_port_ranges")
        if "*" in ports or rule["protocol"] not in ("Tcp", "Udp"):
            return True
        for text in ports:
            low, _, high = text.partition("-")
            if int(low) <= packet.port <= int(high or low):
                return True
        return False

    def is_end(self, rule: dict[str, Any], end: str, name: str | None, address: str) -> bool:
        groups = rule.get(f"{end}_application_security_group_ids") or []
        if groups:
            held = self.groups.get(name, set()) if name is not None else set()
            return any(self.name_of(group) in held for group in groups)
        ranges = listed(rule, f"{end}_address_prefix", f"{end}_address_prefixes")
        return self.inside(address, ranges)

    def inside(self, address: str, ranges: list[str]) -> bool:
        for text in ranges:
            if text == "*" or (text == "AzureLoadBalancer" and address == HOST):
                return True
            if "/" in text and at(address) in network(text):
                return True
        return False


def listed(rule: dict[str, Any], single: str, plural: str) -> list[str]:
    """What stands at an argument and at its plural; the provider takes what is empty for absent."""
    one = rule.get(single)
    return ([one] if one else []) + list(rule.get(plural) or [])
