"""What the conformance suite needs to know of Google Cloud: placements, quotas, names, the packet oracle."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from unittest import mock
from zlib import crc32

from segkit.model.model import Model
from segkit.platforms.google.limits import QUOTAS
from tests.conformance.spots import STAND_IN, by_realm, located, owned
from tests.oracles import intent_oracle, judge_google, packet_google
from tests.oracles.packet_google import HIERARCHY, POLICY

Document = dict[str, Any]

MOST = 10**6

ADOPTED = {"key": "legacy", "key_id": "tagKeys/1", "value": "yes", "value_id": "tagValues/2"}
SELDOM = (
    ("modes", {"provider": "google.prod", "logging": True}, ""),
    ("shop", {"adopt": {"web": ADOPTED}}, ""),
    ("shop", {"tags_parent": "organizations/1", "tags_network": "p/main"}, ""),
    (
        "modes",
        {
            "provider": "google.prod",
            "logging": True,
            "ancestors": ["organizations/1"],
            "global_tier": "admin",
            "global_at": "organizations/1",
        },
        "",
    ),
)

_RULE = {
    "name": "theirs",
    "network": "projects/p/global/networks/t",
    "allow": [{"protocol": "tcp", "ports": ["22"]}],
}
FOREIGN = (
    (
        {"google_compute_firewall": {**_RULE, "source_ranges": ["0.0.0.0/0"], "target_tags": ["legacy"]}},
        "equal",
    ),
    ({"google_compute_firewall": {**_RULE, "source_ranges": ["0.0.0.0/0"], "priority": 0}}, "different"),
    ({"google_compute_firewall": {**_RULE, "source_ranges": ["${var.where}"], "priority": 0}}, "unproved"),
)

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LINK = "google_compute_network_firewall_policy_association"
_NAMED = ("google_tags_tag_key", "google_tags_tag_value", POLICY, _LINK, "google_compute_firewall")


def placement(encoding: str, **more: Any) -> Callable[[str, Sequence[str], int], Mapping[str, Any]]:
    """Placements with every quota out of the way, and some arguments; bit 0 peers the first two networks, bit
    1 writes egress by range."""

    def make(name: str, names: Sequence[str], choice: int) -> Mapping[str, Any]:
        peer = [n for n in names[:2] if n != name] if choice & 1 and name in names[:2] else []
        return {
            "network_id": network(name),
            "project": "p",
            "encoding": encoding,
            "peered_with": peer,
            "egress": "ranges" if choice & 2 else "exact",
            "order": "BEFORE_CLASSIC_FIREWALL" if choice & 2 else "AFTER_CLASSIC_FIREWALL",
            "quotas": dict.fromkeys(QUOTAS, MOST),
            **more,
        }

    return make


def by_network_tags(encoding: str) -> Callable[[str, Sequence[str], int], Mapping[str, Any]]:
    """Placements whose rules are VPC firewall rules."""
    return placement("groups", tags="network")


def by_accounts(encoding: str) -> Callable[[str, Sequence[str], int], Mapping[str, Any]]:
    """Placements whose rules are VPC firewall rules, and every workload has an account of its own."""
    accounts = "{workload}@p.iam.gserviceaccount.com"
    return placement("groups", tags="service-accounts", accounts=accounts)


def with_admin(encoding: str) -> Callable[[str, Sequence[str], int], Mapping[str, Any]]:
    """Placements whose global tier is in a hierarchical policy too, each in a folder of its own."""
    make = placement("groups")

    def above(name: str, names: Sequence[str], choice: int) -> Mapping[str, Any]:
        folder = f"folders/{crc32(name.encode())}"
        more = {"ancestors": ["organizations/1", folder], "global_tier": "admin", "global_at": folder}
        return {**make(name, names, choice), **more}

    return above


def network(target: str) -> str:
    """The network of a target."""
    return f"projects/p/global/networks/{target}"


def interface(name: str) -> str:
    """A machine by its full resource name."""
    return f"//compute.googleapis.com/projects/1/zones/europe-west1-b/instances/{crc32(name.encode())}"


@contextmanager
def unlimited() -> Iterator[None]:
    """Quotas that Google would never grant, so that random models are judged by what they mean."""
    raised = {name: replace(quota, ceiling=MOST) for name, quota in QUOTAS.items()}
    with mock.patch.dict(QUOTAS, raised):
        yield


def stack(model: Model, document: Document) -> Document:
    """The document beside the peerings that its targets count on, which are somebody else's to make."""
    whole: Document = json.loads(json.dumps(document))
    pairs = {tuple(sorted((t.name, o))) for t in model.targets for o in t.placement.get("peered_with", ())}
    made = whole.setdefault("resource", {}).setdefault("google_compute_network_peering", {}) if pairs else {}
    for one, two in sorted(pairs):
        for near, far in ((one, two), (two, one)):
            made[f"{near}-{far}"] = {"name": near, "network": network(near), "peer_network": network(far)}
    return whole


class Oracle(packet_google.Oracle):
    """The packet oracle, for which a stand-in address is in no range but those that hold everything."""

    def inside(self, ranges: tuple[str, ...], peer: str | None, peer_ip: str) -> bool:
        if peer is not None and peer_ip in STAND_IN.values():
            version = 6 if ":" in peer_ip else 4
            whole = ranges if sum(2.0 ** -ip_network(r).prefixlen for r in ranges) == 1 else ()
            return any(ip_network(text).version == version for text in whole)
        return super().inside(ranges, peer, peer_ip)


def packets(model: Model, document: Document) -> Callable[[intent_oracle.Packet], bool]:
    """Does Google Cloud pass a packet, going by the document alone?"""
    oracle = Oracle(document, endpoints(model), first(model), above(model))

    def passes(packet: intent_oracle.Packet) -> bool:
        source, destination = located(packet.source, oracle.holds), located(packet.destination, oracle.holds)
        return oracle.allowed(packet_google.Packet(*source, *destination, packet.protocol, packet.x))

    return passes


def first(model: Model) -> set[str]:
    """The networks whose policy comes before VPC firewall rules."""
    return {network(t.name) for t in model.targets if t.placement["order"].startswith("BEFORE")}


def above(model: Model) -> dict[str, list[str]]:
    """The organization and the folders of networks."""
    return {network(t.name): list(t.placement.get("ancestors", ())) for t in model.targets}


def endpoints(model: Model) -> packet_google.Endpoints:
    """Where to read the tags of each interface that a Google Cloud target owns."""
    return {one.name: (one.place, one.address, network(one.target.name)) for one in owned(model)}


def taken(model: Model, realm: str) -> Iterator[str]:
    """The addresses of machines, whoever manages them."""
    for workload in model.workloads:
        for one in workload.interfaces:
            if one.realm == realm and one.addresses and not workload.is_class:
                yield from (str(cidr.network_address) for cidr in one.addresses.cidrs())


def parts(fragment: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """What comes and goes by itself: a rule of a policy as much as a resource."""
    out: dict[tuple[str, str], Any] = {}
    for kind, bodies in fragment.get("resource", {}).items():
        for key, body in bodies.items():
            classic = kind == "google_compute_firewall"
            whole = {k: v for k, v in body.items() if k != "rule"}
            out["closing" if classic and "deny" in body else kind, key] = whole
            for rule in body.get("rule", ()):
                opens = "rule" if rule["action"] == "allow" else "closing"
                out[opens, f"{key}/{rule['priority']}"] = rule
    return out


def close(document: Document) -> None:
    """Takes away every rule that opens."""
    for kind in (POLICY, HIERARCHY):
        for body in document["resource"].get(kind, {}).values():
            body["rule"] = [rule for rule in body["rule"] if rule["action"] == "deny"]
    for name, body in [*document["resource"].get("google_compute_firewall", {}).items()]:
        if "allow" in body:
            del document["resource"]["google_compute_firewall"][name]


def faults(document: Document) -> Iterator[str]:
    """Names, texts and rules that Google Cloud or Terraform would refuse."""
    names: set[tuple[str, str, str]] = set()
    for kind, bodies in document.get("resource", {}).items():
        for key, body in bodies.items():
            if not _KEY.fullmatch(key) or len(key) > 128:
                yield f"{kind}.{key}: no Terraform name"
            name = body.get("short_name", body.get("name"))
            if kind in _NAMED and not (_NAME.fullmatch(name) and not name.startswith("goog")):
                yield f"{kind}.{key}: name {name!r}"
            if (kind, body.get("parent", ""), name) in names and name:
                yield f"{kind}.{key}: a second one called {name!r}"
            names.add((kind, body.get("parent", ""), name))
            yield from (
                f"{kind}.{key}: tag {t!r}" for t in body.get("target_tags", ()) if not _NAME.fullmatch(t)
            )
            texts = [body.get("description", ""), *(rule["description"] for rule in body.get("rule", ()))]
            yield from (f"{kind}.{key}: description {t!r}" for t in texts if len(t) > 256 or t.strip() != t)
            yield from (f"{kind}.{key}: {fault}" for fault in _odd_rules(body.get("rule", ())))


def _odd_rules(rules: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    priorities = [rule["priority"] for rule in rules]
    if priorities != sorted(set(priorities)) or not all(0 <= p <= 2147483547 for p in priorities):
        yield "priorities are no ascending list"
    for rule in rules:
        match = rule["match"]
        ranges = [*match.get("src_ip_ranges", ()), *match.get("dest_ip_ranges", ())]
        if len({":" in text for text in ranges}) > 1:
            yield "ranges of two families"
        if not rule["target_secure_tag"] or not (ranges or match.get("src_secure_tag")):
            yield "a rule for everybody"
        if not match["layer4_config"]:
            yield "a rule for no service"


def judge(model: Model, original: Document, mutant: Document) -> packet_google.Packet | None:
    """A packet that shows the difference of two documents."""
    for realm, held in by_realm(model, endpoints(model)):
        found = judge_google.judge(
            original, mutant, held, first(model), above(model), set(taken(model, realm))
        )
        if found is not None:
            return found
    return None
