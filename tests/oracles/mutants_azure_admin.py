"""Mistakes that a compiler could make with security admin rules: see `mutants_azure`."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator

from tests.oracles.mutants import Body, Change, Doc, Named

MANAGER = "azurerm_network_manager"
RULE = f"{MANAGER}_admin_rule"
ENDS = ("source", "destination")


def _rules(doc: Doc) -> Iterator[tuple[str, Body]]:
    yield from sorted(doc["resource"].get(RULE, {}).items())


def _with(key: str, values: Body) -> Change:
    def change(doc: Doc) -> None:
        doc["resource"][RULE][key].update(values)

    return change


def _without(kind: str, key: str) -> Change:
    def change(doc: Doc) -> None:
        del doc["resource"][kind][key]

    return change


def _dropped(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for kind in (RULE, f"{MANAGER}_static_member", f"{MANAGER}_deployment"):
        for key in sorted(doc["resource"].get(kind, {})):
            yield f"drop {kind.removeprefix(MANAGER)[1:]}: {key}", _without(kind, key)


def _turned(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for key, rule in _rules(doc):
        for action in ("Allow", "AlwaysAllow", "Deny"):
            if action != rule["action"]:
                yield f"{action} for {rule['action']}: {key}", _with(key, {"action": action})
        other = "Outbound" if rule["direction"] == "Inbound" else "Inbound"
        yield f"swap direction of admin rule: {key}", _with(key, {"direction": other})


def _services(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for key, rule in _rules(doc):
        ports = rule["destination_port_ranges"]
        if rule["protocol"] != "Any":
            whole = {"protocol": "Any", "destination_port_ranges": ["*"]}
            yield f"any protocol: {key}", _with(key, whole)
        if rule["protocol"] in ("Tcp", "Udp"):
            other = "Udp" if rule["protocol"] == "Tcp" else "Tcp"
            yield f"other protocol of admin rule: {key}", _with(key, {"protocol": other})
        if ports != ["*"]:
            yield f"every port of admin rule: {key}", _with(key, {"destination_port_ranges": ["*"]})
            low, high = (int(part) for part in (ports[0].split("-") * 2)[:2])
            for label, text in (
                ("wider", f"{low}-{min(high + 9, 65535)}"),
                ("shifted", f"{low + 1}-{high + 1}"),
            ):
                if high < 65535:
                    changed = {"destination_port_ranges": [text, *ports[1:]]}
                    yield f"{label} ports of admin rule: {key}", _with(key, changed)


def _ranges(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for key, rule in _rules(doc):
        swapped = {"source": rule["destination"], "destination": rule["source"]}
        yield f"swap ends of admin rule: {key}", _with(key, swapped)
        for end in ENDS:
            held = rule[end]
            if held != [_prefix("*")]:
                yield f"everyone at one end of admin rule: {key}", _with(key, {end: [_prefix("*")]})
            if len(held) > 1:
                yield f"drop range of admin rule: {key}", _with(key, {end: held[1:]})
            network = ipaddress.ip_network(held[0]["address_prefix"]) if "/" in str(held[0]) else None
            if network is None or network.prefixlen == 0:
                continue
            wider = [_prefix(str(network.supernet())), *held[1:]]
            yield f"twice the range of admin rule: {key}", _with(key, {end: wider})
            if network.prefixlen < network.max_prefixlen:
                half = [_prefix(str(next(network.subnets()))), *held[1:]]
                yield f"half the range of admin rule: {key}", _with(key, {end: half})


def _prefix(text: str) -> Body:
    return {"address_prefix": text, "address_prefix_type": "IPPrefix"}


def _placed(doc: Doc, chance: random.Random) -> Iterator[Named]:
    """Deployed elsewhere, for others, or with a rule more."""

    def change(doc: Doc, kind: str, key: str, values: Body) -> None:
        doc["resource"][kind][key].update(values)

    for kind, values in (
        (f"{MANAGER}_deployment", {"location": "northeurope"}),
        (f"{MANAGER}_deployment", {"scope_access": "Connectivity"}),
        (f"{MANAGER}_deployment", {"configuration_ids": []}),
        (f"{MANAGER}_static_member", {"target_virtual_network_id": "elsewhere"}),
        (f"{MANAGER}_admin_rule_collection", {"network_group_ids": []}),
    ):
        for key in sorted(doc["resource"].get(kind, {})):

            def put(d: Doc, kind: str = kind, key: str = key, values: Body = values) -> None:
                change(d, kind, key, values)

            yield f"{next(iter(values))} of {kind.removeprefix(MANAGER)[1:]}: {key}", put
    for key, rule in _rules(doc):
        for action in ("AlwaysAllow", "Deny"):
            body = {**rule, "name": "mutant", "action": action, "priority": 1, "protocol": "Any"}
            body |= {"destination_port_ranges": ["*"]}

            def add(d: Doc, body: Body = body) -> None:
                d["resource"][RULE]["mutant"] = body
                for commit in d["resource"].get(f"{MANAGER}_deployment", {}).values():
                    commit.setdefault("depends_on", []).append(f"{RULE}.mutant")

            yield f"an admin rule more, {action}: like {key}", add


KINDS = (_dropped, _turned, _services, _ranges, _placed)
