"""Mistakes that a compiler could make, put into a document on purpose, and the packet that shows each one.

`mutants` yields changed copies of a stack's Terraform JSON: the same ones in the same order for the same
document and seed, the kinds taken in turns so that a small limit still holds one of each. `judge` looks for a
packet on which original and mutant differ, with the packet oracle; None means that this mutant changes
nothing for the endpoints given.
"""

from __future__ import annotations

import ipaddress
import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.oracles.judge_aws import judge
from tests.oracles.mutants import Body, Change, Doc, Mutant, Named, chosen
from tests.oracles.packet_aws import ARGUMENTS

__all__ = ["Mutant", "judge", "mutants"]

At = Callable[[Doc], list[Any]]

_RULES = ("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")
_ATTACHMENT = "aws_network_interface_sg_attachment"
_FOREIGN = "mutant_foreign"


def mutants(doc: Doc, seed: int, limit: int) -> Iterator[Mutant]:
    """At most `limit` mutants of a document, chosen and ordered by `seed` alone."""
    return chosen(_KINDS, doc, seed, limit)


# Places


def _rules(doc: Doc) -> Iterator[tuple[str, str, Body]]:
    for kind in _RULES:
        for name, body in sorted(doc.get("resource", {}).get(kind, {}).items()):
            yield kind, name, body


def _at(doc: Doc, kind: str, name: str) -> Body:
    body: Body = doc["resource"][kind][name]
    return body


def _groups(doc: Doc) -> list[str]:
    return [
        f"${{aws_security_group.{name}.id}}" for name in sorted(doc["resource"].get("aws_security_group", {}))
    ]


def _holders(doc: Doc) -> Iterator[tuple[str, At]]:
    """Lists of groups that somebody holds: published memberships, and lists at carriers."""
    for name, value in sorted(doc.get("locals", {}).items()):
        if isinstance(value, dict) and isinstance(value.get("groups"), list):
            yield f"local.{name}", partial(_found, path=("locals", name, "groups"))
    for kind, bodies in sorted(doc.get("resource", {}).items()):
        if not kind.startswith("aws_security_group"):
            for name, body in sorted(bodies.items()):
                for key in ARGUMENTS:
                    if isinstance(body.get(key), list):
                        yield f"{kind}.{name}", partial(_found, path=("resource", kind, name, key))


def _found(doc: Doc, path: tuple[str, ...]) -> Any:
    found: Any = doc
    for key in path:
        found = found[key]
    return found


def _pop(kind: str, name: str) -> Change:
    def change(doc: Doc) -> None:
        del doc["resource"][kind][name]

    return change


def _add(kind: str, name: str, body: Body) -> Change:
    def change(doc: Doc) -> None:
        doc["resource"].setdefault(kind, {})[name] = body

    return change


def _held(at: At, edit: Callable[[list[Any]], object]) -> Change:
    def change(doc: Doc) -> None:
        edit(at(doc))

    return change


def _replaced(number: int, group: str) -> Callable[[list[Any]], object]:
    def edit(groups: list[Any]) -> None:
        groups[number] = group

    return edit


def _set(kind: str, name: str, values: Body) -> Change:
    def change(doc: Doc) -> None:
        body = _at(doc, kind, name)
        body.update(values)
        for key in [key for key in values if values[key] is None]:
            del body[key]

    return change


# Kinds of change


def _dropped(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for kind, name, _ in _rules(doc):
        yield f"drop rule: {kind}.{name}", _pop(kind, name)


def _ports(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for kind, name, body in _rules(doc):
        if str(body["ip_protocol"]) not in ("tcp", "udp", "6", "17"):
            continue
        low, high = int(body["from_port"]), int(body["to_port"])
        wide = chance.randint(2, 100)
        for label, new in (
            ("widen port up", (low, high + wide)),
            ("widen port down", (low - wide, high)),
            ("one port more above", (low, high + 1)),
            ("one port more below", (low - 1, high)),
            ("one port less above", (low, high - 1)),
            ("one port less below", (low + 1, high)),
            ("shift port", (low + 1, high + 1)),
            ("first port only", (low, low)),
        ):
            if 0 <= new[0] <= new[1] <= 65535:
                yield f"{label}: {kind}.{name}", _set(kind, name, {"from_port": new[0], "to_port": new[1]})


def _protocols(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for kind, name, body in _rules(doc):
        if str(body["ip_protocol"]) != "-1":
            values: Body = {"ip_protocol": "-1", "from_port": None, "to_port": None}
            yield f"all protocols: {kind}.{name}", _set(kind, name, values)
        other = {"tcp": "udp", "udp": "tcp", "icmp": "icmpv6", "icmpv6": "icmp"}.get(str(body["ip_protocol"]))
        if other is not None:
            yield f"other protocol: {kind}.{name}", _set(kind, name, {"ip_protocol": other})


def _messages(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for kind, name, body in _rules(doc):
        if str(body["ip_protocol"]) in ("icmp", "icmpv6") and body.get("from_port") is not None:
            number, code = int(body["from_port"]), int(body["to_port"])
            for new in (
                (number + 1, code),
                (-1, -1),
                (max(number, 0), -1 if code >= 0 else 0),
                (number, code + 1),
            ):
                yield f"icmp {new}: {kind}.{name}", _set(kind, name, {"from_port": new[0], "to_port": new[1]})


def _near(text: str) -> Iterator[tuple[str, str]]:
    """CIDRs that are nearly this one: half of it, twice it, the neighbour, the other family's everything."""
    network = ipaddress.ip_network(text)
    if network.prefixlen < network.max_prefixlen:
        for half in network.subnets():
            yield "half the range", str(half)
    if network.prefixlen > 0:
        yield "twice the range", str(network.supernet())
        after = int(network.broadcast_address) + 1
        if after < 2**network.max_prefixlen:
            yield "the next range", f"{network.broadcast_address + 1}/{network.prefixlen}"


def _ranges(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for kind, name, body in _rules(doc):
        for key, other in (("cidr_ipv4", "cidr_ipv6"), ("cidr_ipv6", "cidr_ipv4")):
            if body.get(key) is None:
                continue
            for label, cidr in _near(body[key]):
                yield f"{label}: {kind}.{name}", _set(kind, name, {key: cidr})
            everyone = "::/0" if key == "cidr_ipv4" else "0.0.0.0/0"
            yield f"open the other family: {kind}.{name}", _set(kind, name, {key: None, other: everyone})
            yield (
                f"open to everyone: {kind}.{name}",
                _set(kind, name, {key: "0.0.0.0/0" if "4" in key else "::/0"}),
            )


def _entries(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for name, body in sorted(doc["resource"].get("aws_ec2_managed_prefix_list", {}).items()):
        entries = body.get("entry")
        place = f"aws_ec2_managed_prefix_list.{name}"
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            fewer = [e for e in entries if e is not entry]
            yield f"drop entry {number}: {place}", _set("aws_ec2_managed_prefix_list", name, {"entry": fewer})
            for label, cidr in _near(entry["cidr"]):
                changed = [{**e, "cidr": cidr} if e is entry else e for e in entries]
                yield (
                    f"{label}, entry {number}: {place}",
                    _set("aws_ec2_managed_prefix_list", name, {"entry": changed}),
                )


def _directions(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for kind, name, _ in _rules(doc):
        other = _RULES[1 - _RULES.index(kind)]

        def change(d: Doc, kind: str = kind, name: str = name, other: str = other) -> None:
            d["resource"].setdefault(other, {})[f"{name}_mutant"] = d["resource"][kind].pop(name)

        yield f"swap direction: {kind}.{name}", change


def _ends(doc: Doc, chance: random.Random) -> Iterator[Named]:
    groups = _groups(doc)
    for kind, name, body in _rules(doc):
        own, peer = body["security_group_id"], body.get("referenced_security_group_id")
        if peer is not None:
            values = {"security_group_id": peer, "referenced_security_group_id": own}
            yield f"swap ends: {kind}.{name}", _set(kind, name, values)
            wrong = chance.choice(groups)
            yield (
                f"wrong peer group: {kind}.{name}",
                _set(kind, name, {"referenced_security_group_id": wrong}),
            )
            opened = {"referenced_security_group_id": None, "cidr_ipv4": "0.0.0.0/0"}
            yield f"everyone for a group: {kind}.{name}", _set(kind, name, opened)
        wrong = chance.choice(groups)
        yield f"move rule to another group: {kind}.{name}", _set(kind, name, {"security_group_id": wrong})
        copied = {**body, "security_group_id": chance.choice(groups)}
        yield f"repeat rule on another group: {kind}.{name}", _add(kind, f"{name}_mutant", copied)


def _members(doc: Doc, chance: random.Random) -> Iterator[Named]:
    groups = _groups(doc)
    for place, at in _holders(doc):
        for number in range(len(at(doc))):
            yield f"remove group {number}: {place}", _held(at, partial(_without, number=number))
            yield f"wrong group {number}: {place}", _held(at, _replaced(number, chance.choice(groups)))
        yield f"one group more: {place}", _held(at, partial(_with, group=chance.choice(groups)))
    for name in sorted(doc["resource"].get(_ATTACHMENT, {})):
        yield f"remove attachment: {name}", _pop(_ATTACHMENT, name)
        wrong = chance.choice(groups)
        yield f"attach the wrong group: {name}", _set(_ATTACHMENT, name, {"security_group_id": wrong})


def _without(groups: list[Any], number: int) -> None:
    del groups[number]


def _with(groups: list[Any], group: str) -> None:
    groups.append(group)


def _foreign(doc: Doc, chance: random.Random) -> Iterator[Named]:
    """Somebody else's group, with rules, on an interface that is ours."""
    bodies = doc["resource"].get("aws_security_group", {})
    vpcs = sorted({json.dumps(body.get("vpc_id")) for body in bodies.values()})
    group = f"${{aws_security_group.{_FOREIGN}.id}}"
    places = [(place, _held(at, partial(_with, group=group))) for place, at in _holders(doc)]
    for name, body in sorted(doc["resource"].get(_ATTACHMENT, {}).items()):
        places.append((name, _add(_ATTACHMENT, _FOREIGN, {**body, "security_group_id": group})))
    for place, attach in places:

        def change(d: Doc, attach: Change = attach, vpc: str = chance.choice(vpcs)) -> None:
            d["resource"]["aws_security_group"][_FOREIGN] = {"vpc_id": json.loads(vpc)}
            for kind in _RULES:
                _opening(kind, group)(d)
            attach(d)

        yield f"foreign group added: {place}", change


def _opened(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for group in _groups(doc):
        for kind in _RULES:
            yield f"add 0.0.0.0/0: {kind} of {group}", _opening(kind, group)


def _opening(kind: str, group: str) -> Change:
    rule = {"security_group_id": group, "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"}
    return _add(kind, "mutant_open", rule)


_KINDS = (
    _dropped,
    _ports,
    _protocols,
    _messages,
    _ranges,
    _entries,
    _directions,
    _ends,
    _members,
    _foreign,
    _opened,
)
