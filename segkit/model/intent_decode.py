"""From the `model` part of an intent file back to a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, cast

from segkit.model.ends import End
from segkit.model.model import Accepted, Model, Target
from segkit.model.policy import AddressSet, Group, LabelPolicy, Rule, Service, Tier, Zone
from segkit.model.workloads import DEFAULT_REALM, Interface, LabelKey, LabelSchema, Workload
from segkit.sets import NOWHERE, Addresses, Predicate, ServiceSet

Where = Callable[[str, str], str]

# Rules repeat the same few selectors and services.
_predicate = lru_cache(maxsize=65536)(Predicate.parse)
_services = lru_cache(maxsize=65536)(ServiceSet.parse)


def decode_model(body: Mapping[str, Any], places: Mapping[str, str]) -> Model:
    """The model; raises KeyError, TypeError, ValueError or AttributeError on data that is none."""

    def where(kind: str, name: str) -> str:
        return places.get(f"{kind}:{name}", "")

    zones = tuple(_zone(z, where) for z in body["zones"])
    groups = tuple(
        Group(g["name"], _predicate(g["select"]), g.get("moved_from"), where("group", g["name"]))
        for g in body["groups"]
    )
    sets = tuple(
        AddressSet(
            a["name"],
            Addresses.parse(a["addresses"]),
            a.get("realm", DEFAULT_REALM),
            where("addresses", a["name"]),
        )
        for a in body["address_sets"]
    )
    ends = {zone.end.key: zone.end for zone in zones} | {zone.network.key: zone.network for zone in zones}
    ends |= {group.end.key: group.end for group in groups} | {one.end.key: one.end for one in sets}
    return Model(
        name=body["name"],
        today=date.fromisoformat(body["today"]),
        schema=LabelSchema(tuple(_key(k, where) for k in body["schema"])),
        zones=zones,
        groups=groups,
        address_sets=sets,
        services=tuple(
            Service(s["name"], _services(s["services"]), where("service", s["name"]))
            for s in body["services"]
        ),
        policies=_policies(body, ends, where),
        workloads=tuple(_workload(w, where) for w in body["workloads"]),
        targets=tuple(_target(t, where) for t in body["targets"]),
    )


def _key(data: Mapping[str, Any], where: Where) -> LabelKey:
    values = data.get("values")
    here = where("label", data["name"])
    return LabelKey(
        data["name"], None if values is None else tuple(values), data.get("required", False), here
    )


def _zone(data: Mapping[str, Any], where: Where) -> Zone:
    return Zone(
        data["name"],
        _predicate(data["select"]),
        data["classification"],
        data["posture"],
        data["mode"],
        Addresses.parse(data["networks"]) if "networks" in data else NOWHERE,
        data.get("realm", DEFAULT_REALM),
        tuple(data.get("compliance", ())),
        data.get("moved_from"),
        where("zone", data["name"]),
    )


def _policies(body: Mapping[str, Any], ends: dict[str, End], where: Where) -> tuple[LabelPolicy, ...]:
    tiers = {p["name"]: Tier.parse(p["tier"]) for p in body["policies"]}
    rules: dict[str, list[Rule]] = {name: [] for name in tiers}
    for data in body["rules"]:
        rules[data["policy"]].append(_rule(data, tiers[data["policy"]], ends, where))
    return tuple(
        LabelPolicy(
            p["name"],
            tiers[p["name"]],
            p.get("owner", ""),
            p.get("zone"),
            tuple(rules[p["name"]]),
            where("policy", p["name"]),
        )
        for p in body["policies"]
    )


def _rule(data: Mapping[str, Any], tier: Tier, ends: dict[str, End], where: Where) -> Rule:
    def side(name: str) -> tuple[End, ...]:
        return tuple(_end(key, ends) for key in data.get(name, ()))

    def day(name: str) -> date | None:
        return date.fromisoformat(data[name]) if name in data else None

    return Rule(
        id=data["id"],
        policy=data["policy"],
        tier=tier,
        action=data["action"],
        source=side("source"),
        destination=side("destination"),
        services=_services(data["services"]),
        unless_source=side("unless_source"),
        unless_destination=side("unless_destination"),
        purpose=data.get("purpose", ""),
        owner=data.get("owner", ""),
        ticket=data.get("ticket", ""),
        created=day("created"),
        updated=day("updated"),
        expires=day("expires"),
        where=where("rule", data["id"]),
    )


def _end(key: str, ends: dict[str, End]) -> End:
    if key not in ends:
        kind, _, name = key.partition(":")
        if kind == "select":
            ends[key] = End.select(_predicate(name))
        elif kind == "builtin":
            ends[key] = End.builtin(name)
    return ends[key]


def _workload(data: Mapping[str, Any], where: Where) -> Workload:
    labels = tuple((key, value) for key, value in data["labels"])
    interfaces = tuple(_interface(one) for one in data["interfaces"])
    return Workload(
        data["name"], labels, interfaces, data.get("is_class", False), where("workload", data["name"])
    )


def _interface(data: Mapping[str, Any]) -> Interface:
    foreign = data.get("foreign")
    return Interface(
        data.get("name", ""),
        Addresses.parse(data["addresses"]) if "addresses" in data else None,
        data.get("realm", DEFAULT_REALM),
        data.get("network"),
        data.get("id"),
        None if foreign is None else tuple(foreign),
    )


def _target(data: Mapping[str, Any], where: Where) -> Target:
    accepted = tuple(
        Accepted(
            a["residual"],
            a["owner"],
            a["reason"],
            date.fromisoformat(a["expires"]),
            where("accepted", f"{data['name']}:{at}"),
        )
        for at, a in enumerate(data.get("accepted", ()))
    )
    return Target(
        data["name"],
        data["platform"],
        _predicate(data["select"]),
        data.get("realm", DEFAULT_REALM),
        cast(Mapping[str, Any], data.get("placement", {})),
        accepted,
        where("target", data["name"]),
        data.get("stack", ""),
        data.get("identities", ""),
    )
