"""Mistakes that a compiler could make, put into a document on purpose.

`mutants` yields changed copies of a stack's Terraform JSON: the same ones in the same order for the same
document and seed, the kinds taken in turns so that a small limit still holds one of each.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator

from tests.oracles import mutants_azure_admin
from tests.oracles.mutants import Body, Change, Doc, Mutant, Named, chosen

NSG = "azurerm_network_security_group"
ASG = "azurerm_application_security_group"
JOINED = "azurerm_network_interface_application_security_group_association"
FILTERS = (
    "azurerm_subnet_network_security_group_association",
    "azurerm_network_interface_security_group_association",
)
ENDS = ("source", "destination")


def mutants(doc: Doc, seed: int, limit: int) -> Iterator[Mutant]:
    """At most `limit` mutants of a document, chosen and ordered by `seed` alone."""
    return chosen((*_KINDS, *mutants_azure_admin.KINDS), doc, seed, limit)


# Places


def _rules(doc: Doc) -> Iterator[tuple[str, int, Body]]:
    for key, body in sorted(doc["resource"].get(NSG, {}).items()):
        for number, rule in enumerate(body["security_rule"]):
            yield key, number, rule


def _with(key: str, number: int, values: Body) -> Change:
    def change(doc: Doc) -> None:
        doc["resource"][NSG][key]["security_rule"][number].update(values)

    return change


def _groups(doc: Doc) -> list[str]:
    return [f"${{{ASG}.{name}.id}}" for name in sorted(doc["resource"].get(ASG, {}))]


def _free(doc: Doc, key: str, direction: str, low: int, high: int) -> int | None:
    rules = doc["resource"][NSG][key]["security_rule"]
    taken = {rule["priority"] for rule in rules if rule["direction"] == direction}
    return next((n for n in range(low, high) if n not in taken), None)


# Kinds of change


def _dropped(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for key, number, rule in _rules(doc):

        def change(d: Doc, key: str = key, number: int = number) -> None:
            del d["resource"][NSG][key]["security_rule"][number]

        yield f"drop rule: {key} {rule['name']}", change


def _turned(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for key, number, rule in _rules(doc):
        other = "Deny" if rule["access"] == "Allow" else "Allow"
        yield f"{other} for {rule['access']}: {key} {rule['name']}", _with(key, number, {"access": other})


def _moved(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for key, number, rule in _rules(doc):
        for label, span in (("to the front", (100, 200)), ("to the end", (4090, 4096))):
            place = _free(doc, key, rule["direction"], *span)
            if place is not None:
                yield f"{label}: {key} {rule['name']}", _with(key, number, {"priority": place})


def _directions(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for key, number, rule in _rules(doc):
        other = "Outbound" if rule["direction"] == "Inbound" else "Inbound"
        place = _free(doc, key, other, rule["priority"], rule["priority"] + 200)
        values = {"direction": other, "priority": place}
        if place is not None and place <= 4096:
            yield f"swap direction: {key} {rule['name']}", _with(key, number, values)


def _protocols(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for key, number, rule in _rules(doc):
        if rule["protocol"] != "*":
            values: Body = {"protocol": "*", "destination_port_range": "*", "destination_port_ranges": None}
            yield f"all protocols: {key} {rule['name']}", _with(key, number, values)
        other = {"Tcp": "Udp", "Udp": "Tcp", "Icmp": "Esp", "Esp": "Ah", "Ah": "Icmp", "*": "Tcp"}
        values = {"protocol": other[rule["protocol"]]}
        yield f"other protocol: {key} {rule['name']}", _with(key, number, values)


def _ports(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for key, number, rule in _rules(doc):
        texts = list(rule["destination_port_ranges"] or [rule["destination_port_range"]])
        for position, text in enumerate(texts):
            if rule["protocol"] not in ("Tcp", "Udp") or text == "*":
                continue
            low, high = (int(part) for part in (text.split("-") * 2)[:2])
            wide = chance.randint(2, 100)
            for label, (first, last) in (
                ("widen port up", (low, high + wide)),
                ("one port more above", (low, high + 1)),
                ("one port more below", (low - 1, high)),
                ("one port less", (low + 1, high)),
                ("shift port", (low + 1, high + 1)),
            ):
                if 0 <= first <= last <= 65535:
                    ports = [*texts[:position], f"{first}-{last}", *texts[position + 1 :]]
                    values: Body = {"destination_port_range": None, "destination_port_ranges": ports}
                    yield f"{label}: {key} {rule['name']}", _with(key, number, values)
        if len(texts) > 1:
            values = {"destination_port_ranges": texts[1:]}
            yield f"drop ports: {key} {rule['name']}", _with(key, number, values)
        if texts != ["*"]:
            values = {"destination_port_range": "*", "destination_port_ranges": None}
            yield f"every port: {key} {rule['name']}", _with(key, number, values)


def _near(text: str) -> Iterator[tuple[str, str]]:
    """CIDRs that are nearly this one: half of it, twice it, the neighbour."""
    network = ipaddress.ip_network(text)
    if network.prefixlen < network.max_prefixlen:
        for half in network.subnets():
            yield "half the range", str(half)
    if network.prefixlen > 0:
        yield "twice the range", str(network.supernet())
        if int(network.broadcast_address) + 1 < 2**network.max_prefixlen:
            yield "the next range", f"{network.broadcast_address + 1}/{network.prefixlen}"


def _ranges(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for key, number, rule in _rules(doc):
        for end in ENDS:
            texts = list(rule[f"{end}_address_prefixes"] or [rule[f"{end}_address_prefix"]])
            for position, text in enumerate(texts):
                if text is None or "/" not in text:
                    continue
                for label, cidr in _near(text):
                    values = {
                        f"{end}_address_prefix": None,
                        f"{end}_address_prefixes": [*texts[:position], cidr, *texts[position + 1 :]],
                    }
                    yield f"{label}: {key} {rule['name']}", _with(key, number, values)
            if len(texts) > 1:
                values = {f"{end}_address_prefixes": texts[1:]}
                yield f"drop range: {key} {rule['name']}", _with(key, number, values)
            if texts[0] != "*":
                yield f"everyone at one end: {key} {rule['name']}", _with(key, number, _everyone(end))


def _everyone(end: str) -> Body:
    return {
        f"{end}_address_prefix": "*",
        f"{end}_address_prefixes": None,
        f"{end}_application_security_group_ids": None,
    }


def _ends(doc: Doc, chance: random.Random) -> Iterator[Named]:
    groups = _groups(doc)
    arguments = ("address_prefix", "address_prefixes", "application_security_group_ids")
    for key, number, rule in _rules(doc):
        swapped = {f"{a}_{n}": rule[f"{b}_{n}"] for a, b in (ENDS, ENDS[::-1]) for n in arguments}
        yield f"swap ends: {key} {rule['name']}", _with(key, number, swapped)
        for end in ENDS:
            argument = f"{end}_application_security_group_ids"
            if rule[argument]:
                wrong = [chance.choice(groups)]
                yield f"wrong group: {key} {rule['name']}", _with(key, number, {argument: wrong})
                more = [*rule[argument], chance.choice(groups)]
                yield f"one group more: {key} {rule['name']}", _with(key, number, {argument: more})


def _members(doc: Doc, chance: random.Random) -> Iterator[Named]:
    groups = _groups(doc)
    for name, value in sorted(doc.get("locals", {}).items()):
        held = value.get("groups") if isinstance(value, dict) else None
        for position in range(len(held or ())):
            yield f"remove group {position}: local.{name}", _local(name, position, None)
            yield f"wrong group {position}: local.{name}", _local(name, position, chance.choice(groups))
        if held is not None and groups:
            yield f"one membership more: local.{name}", _local(name, len(held), chance.choice(groups))
    for kind in (JOINED, *FILTERS):
        for name in sorted(doc["resource"].get(kind, {})):

            def drop(d: Doc, kind: str = kind, name: str = name) -> None:
                del d["resource"][kind][name]

            yield f"remove association: {kind}.{name}", drop
            if kind == JOINED:
                wrong = chance.choice(groups)

                def change(d: Doc, name: str = name, wrong: str = wrong) -> None:
                    d["resource"][JOINED][name]["application_security_group_id"] = wrong

                yield f"join the wrong group: {name}", change


def _local(name: str, position: int, group: str | None) -> Change:
    def change(doc: Doc) -> None:
        doc["locals"][name]["groups"][position : position + 1] = [] if group is None else [group]

    return change


def _added(doc: Doc, chance: random.Random) -> Iterator[Named]:
    """A rule more, inside and as a resource of its own."""
    for key, number, rule in _rules(doc):
        direction = rule["direction"]
        place = _free(doc, key, direction, 100, 4096)
        for label, values in (("an allow for everyone", "Allow"), ("a deny for everyone", "Deny")):
            body = {**rule, **_everyone("source"), **_everyone("destination")}
            body |= {"name": "mutant", "access": values, "priority": place}

            def inline(d: Doc, key: str = key, body: Body = body) -> None:
                d["resource"][NSG][key]["security_rule"].append(body)

            yield f"{label}: {key} like {rule['name']} {number}", inline
        group = doc["resource"][NSG][key]
        apart = {k: v for k, v in body.items() if v is not None}
        apart |= {"resource_group_name": group["resource_group_name"]}
        apart |= {"network_security_group_name": group["name"], "access": "Allow"}

        def beside(d: Doc, apart: Body = apart) -> None:
            d["resource"].setdefault("azurerm_network_security_rule", {})["mutant"] = apart

        yield f"a rule beside: {key} like {rule['name']}", beside


_KINDS = (
    _dropped,
    _turned,
    _moved,
    _directions,
    _protocols,
    _ports,
    _ranges,
    _ends,
    _members,
    _added,
)
