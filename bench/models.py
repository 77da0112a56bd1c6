"""Estates as segkit models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from ipaddress import IPv4Address

from bench.estates import ACCOUNTS, SIZES, Estate, Line, Selector, Service
from segkit.model.ends import End
from segkit.model.model import Accepted, Model, Target
from segkit.model.policy import LabelPolicy, Rule, Tier
from segkit.model.workloads import Interface, LabelKey, LabelSchema, Workload
from segkit.sets import ALL, NOTHING, Addresses, L, Predicate, ServiceSet, tcp, udp

TODAY = date(2026, 1, 1)
LARGEST = 8
"""The zone with most workloads in the realistic estate of full size."""
FIRST_ADDRESS = int(IPv4Address("10.0.0.0"))


def model_of(estate: Estate, targets: tuple[Target, ...] = ()) -> Model:
    """An estate as a model: closed label schema, one IPv4 address a workload, one policy a tier.

    Every workload has every label. Those with equal labels have neighbouring addresses, as subnets give them.
    """
    keys = {**SIZES, "app": max(SIZES["app"], estate.applications), "account": ACCOUNTS}
    schema = LabelSchema(
        tuple(LabelKey(k, tuple(_value(k, n) for n in range(keys[k])), True) for k in sorted(keys))
    )
    return Model(
        estate.name,
        TODAY,
        schema,
        policies=policies_of(estate.rules),
        workloads=tuple(_workloads(estate)),
        targets=targets,
    )


def policies_of(lines: Sequence[Line]) -> tuple[LabelPolicy, ...]:
    """Rules as policies. The tier `zone` belongs to zones, so its rules go to the last tier in estates that
    never deny there; elsewhere tiers stay what they are."""
    late_denies = any(line.tier >= Tier.zone and not line.allows for line in lines)
    by_tier: dict[Tier, list[Rule]] = {}
    for number, line in enumerate(lines):
        tier = Tier(line.tier if late_denies or line.tier < Tier.zone else Tier.application)
        by_tier.setdefault(tier, []).append(rule_of(line, f"{tier.label}-rules", tier, number))
    return tuple(
        LabelPolicy(f"{tier.label}-rules", tier, "bench", None, tuple(sorted(rules, key=lambda r: r.id)))
        for tier, rules in sorted(by_tier.items(), key=lambda item: item[0].label)
    )


def rule_of(line: Line, policy: str, tier: Tier, number: int) -> Rule:
    """One rule of an estate."""
    return Rule(
        f"{policy}/r{number:06}",
        policy,
        tier,
        "allow" if line.allows else "deny",
        (end_of(line.source),),
        (end_of(line.destination),),
        services_of(line.services),
        purpose="bench",
        owner="bench",
    )


@cache
def end_of(selector: Selector) -> End:
    """A selector as an end of a rule."""
    out: Predicate = ALL
    for term in selector:
        held = L[term.key].in_(*(_value(term.key, v) for v in term.values))
        out &= ~held if term.negated else held
    return End.select(out)


@cache
def services_of(services: tuple[Service, ...]) -> ServiceSet:
    """Protocols and ports as a set."""
    out = NOTHING
    for protocol, lo, hi in services:
        out |= (tcp if protocol == "tcp" else udp)((lo, hi))
    return out


def accounts(peered: bool = True) -> tuple[Target, ...]:
    """25 account-regions of one region, peered with each other or not: one for each zone and half of the
    environments, and one more for the last environment of the largest zone.

    So a machine's account says its zone, which most broad rules ask for: whom a zone rule speaks of is in two
    accounts, not in all of them, and a reference to a group is cheap. Addresses have no gaps, so egress is
    written by range and leans on the ingress of whoever else is inside. The label `account` of the estate is
    who pays; no rule asks for it.
    """
    halves = [(zone, half) for zone in range(SIZES["zone"]) for half in ((0, 1), (2, 3))]
    places = [*(p for p in halves if p != (LARGEST, (2, 3))), (LARGEST, (2,)), (LARGEST, (3,))]
    names = [f"account-{n:02}" for n in range(len(places))]
    accepted = (Accepted("snapshot", "bench", "addresses of other accounts", date(2030, 1, 1)),)
    return tuple(
        Target(
            name,
            "aws",
            (L["zone"] == _value("zone", zone)) & L["env"].in_(*(_value("env", e) for e in environments)),
            placement={
                "vpc_id": f"vpc-{n:08}",
                "region": "eu-west-1",
                "account": f"{n:012}",
                "egress": "open",
                "peered_with": [o for o in names if o != name] if peered else [],
            },
            accepted=accepted,
        )
        for n, (name, (zone, environments)) in enumerate(zip(names, places, strict=True))
    )


def _workloads(estate: Estate) -> Iterator[Workload]:
    ordered = sorted(estate.workloads, key=lambda labels: tuple(labels.values()))
    for number, labels in enumerate(ordered):
        held = tuple(sorted((k, _value(k, v)) for k, v in labels.items()))
        address = Addresses.of(str(IPv4Address(FIRST_ADDRESS + number)))
        yield Workload(f"w{number:06}", held, (Interface(addresses=address),))


def _value(key: str, number: int) -> str:
    return f"{key}-{number}"
