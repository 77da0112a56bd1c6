"""What the conformance suite needs to know of AWS: placements, quotas, names, and the packet oracle."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from unittest import mock

from segkit.model.model import Model
from segkit.platforms.aws.limits import QUOTAS
from tests.conformance.spots import STAND_IN, by_realm, located, owned
from tests.oracles import intent_oracle, mutants_aws, packet_aws

Document = dict[str, Any]

MOST = 10**6

_ALIAS = {"provider": "aws.prod", "tags": {"team": "netsec"}}
ADOPTED = {"name": "legacy", "description": "made by hand", "id": "sg-1"}
SELDOM = (
    ("modes", {**_ALIAS, "flow_log_destination": "arn:aws:s3:::logs"}, ""),
    ("modes", {"flow_log_destination": "arn:aws:logs:eu-west-1:1:log-group:g", "flow_log_role": "arn"}, ""),
    ("shop", {**_ALIAS, "membership": "shared"}, ""),
    ("shop", {"adopt": {"web": ADOPTED}}, ""),
)

_GROUP = {
    "aws_security_group": {"vpc_id": "vpc-t", "name": "theirs"},
    "aws_network_interface_sg_attachment": {
        "network_interface_id": "eni-1",
        "security_group_id": "${aws_security_group.theirs.id}",
    },
}
_OPEN = {
    "security_group_id": "${aws_security_group.theirs.id}",
    "ip_protocol": "-1",
    "cidr_ipv4": "0.0.0.0/0",
}
_FAR = {"network_interface_id": "eni-1", "security_group_id": "sg-elsewhere"}
FOREIGN = (
    (_GROUP, "equal"),
    ({**_GROUP, "aws_vpc_security_group_ingress_rule": _OPEN}, "different"),
    ({"aws_network_interface_sg_attachment": _FAR}, "unproved"),
)

_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=;{}!$*]{1,255}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def placement(encoding: str) -> Callable[[str, Sequence[str], int], Mapping[str, Any]]:
    """Placements with every quota out of the way; bit 0 peers the first two VPCs, bit 1 uses prefix lists."""

    def make(name: str, names: Sequence[str], choice: int) -> Mapping[str, Any]:
        peer = [n for n in names[:2] if n != name] if choice & 1 and name in names[:2] else []
        return {
            "vpc_id": f"vpc-{name}",
            "region": "eu-west-1",
            "encoding": encoding,
            "peered_with": peer,
            "prefix_lists": ["s0"] if choice & 2 else [],
            "quotas": {"rules_per_group": MOST, "groups_per_interface": MOST, "rules_per_interface": MOST**2},
        }

    return make


@contextmanager
def unlimited() -> Iterator[None]:
    """Quotas that AWS would never grant, so that random models are judged by what they mean."""
    raised = {name: replace(quota, ceiling=MOST**2) for name, quota in QUOTAS.items()}
    with mock.patch.dict(QUOTAS, raised):
        yield


def stack(model: Model, document: Document) -> Document:
    """The document beside the peerings that its targets count on, which are somebody else's to make."""
    whole: Document = json.loads(json.dumps(document))
    pairs = {tuple(sorted((t.name, o))) for t in model.targets for o in t.placement.get("peered_with", ())}
    for one, two in sorted(pairs):
        body = {"vpc_id": f"vpc-{one}", "peer_vpc_id": f"vpc-{two}", "auto_accept": True}
        whole.setdefault("resource", {}).setdefault("aws_vpc_peering_connection", {})[f"{one}-{two}"] = body
    return whole


class Oracle(packet_aws.Oracle):
    """The packet oracle, for which a stand-in address is in no range but those that hold everything."""

    def is_peer(self, rule: packet_aws.Rule, peer: str | None, peer_ip: str) -> bool:
        kind, value = rule.peer
        if kind == "cidr" and peer is not None and peer_ip in STAND_IN.values():
            version = 6 if ":" in peer_ip else 4
            return ip_network(value).prefixlen == 0 and ip_network(value).version == version
        return super().is_peer(rule, peer, peer_ip)


def packets(model: Model, document: Document) -> Callable[[intent_oracle.Packet], bool]:
    """Does AWS pass a packet, going by the document alone?"""
    oracle = Oracle(document, endpoints(model))

    def passes(packet: intent_oracle.Packet) -> bool:
        x, port = packet.x, packet.protocol not in (1, 58)
        low, code = (x, 0) if port else (x >> 8, x & 0xFF)
        source, destination = located(packet.source, oracle.holds), located(packet.destination, oracle.holds)
        return oracle.allowed(packet_aws.Packet(*source, *destination, packet.protocol, low, code))

    return passes


def endpoints(model: Model) -> packet_aws.Endpoints:
    """Where to read the groups of each interface that an AWS target owns."""
    return {one.name: (one.place, one.address) for one in owned(model)}


def faults(document: Document) -> Iterator[str]:
    """Names and texts that AWS or Terraform would refuse."""
    names: set[tuple[str, str]] = set()
    for kind, bodies in document.get("resource", {}).items():
        for key, body in bodies.items():
            if not _KEY.fullmatch(key) or len(key) > 128:
                yield f"{kind}.{key}: no Terraform name"
            for field in ("name", "description"):
                value = body.get(field)
                if value is not None and (not _TEXT.fullmatch(value) or value.strip() != value):
                    yield f"{kind}.{key}: {field} {value!r}"
            if kind == "aws_security_group":
                if body["name"].lower().startswith("sg-"):
                    yield f"{kind}.{key}: name begins with sg-"
                name = (body["vpc_id"], body["name"].lower())
                if name in names:
                    yield f"{kind}.{key}: a second group called {body['name']!r}"
                names.add(name)
            for tag, value in (body.get("tags") or {}).items():
                if len(tag) > 127 or tag.lower().startswith("aws:") or len(value) > 256:
                    yield f"{kind}.{key}: tag {tag!r}"


def close(document: Document) -> None:
    """Takes away every rule of one direction."""
    document["resource"].pop("aws_vpc_security_group_ingress_rule")


def judge(model: Model, original: Document, mutant: Document) -> packet_aws.Packet | None:
    """A packet that shows the difference of two documents."""
    for _, held in by_realm(model, endpoints(model)):
        found = mutants_aws.judge(original, mutant, held)
        if found is not None:
            return found
    return None
