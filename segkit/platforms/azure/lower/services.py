"""Services as the rules of security groups can say them.

Facts: Azure REST API, SecurityRule: protocols Tcp, Udp, Icmp, Esp, Ah and `*`; ports for Tcp and Udp, as many
ranges as one likes; no types of ICMP.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from segkit.model.model import Target
from segkit.platforms.base import Residual
from segkit.platforms.lowering.as_written import denies
from segkit.platforms.lowering.sides import SideRule
from segkit.sets import ANY, NOTHING, IntervalSet, ServiceSet, icmp, icmpv6, protocol, tcp, udp
from segkit.sets.intervals import EMPTY

Protocol = Literal["Tcp", "Udp", "Icmp", "Esp", "Ah", "*", "rest"]
"""What a line is about. `rest` is every protocol but the named ones: written `*`, behind a deny of those."""

NAMED: dict[Protocol, ServiceSet] = {
    "Tcp": tcp(),
    "Udp": udp(),
    "Icmp": icmp(),
    "Esp": protocol(50),
    "Ah": protocol(51),
}
REST = ANY - ServiceSet.union(NAMED.values())
_REST = {4: REST - icmpv6(), 6: REST}


@dataclass(frozen=True, slots=True)
class Part:
    """What one line says of the services of a rule; ports for `Tcp` and `Udp` only."""

    protocol: Protocol
    ports: IntervalSet = EMPTY


@lru_cache(maxsize=4096)
def parts(services: ServiceSet, families: frozenset[int]) -> tuple[Part, ...]:
    """Services that `express` has gone over, as lines.

    >>> [p.protocol for p in parts(ANY - tcp(22), frozenset((4, 6)))]
    ['Tcp', 'Udp', 'Icmp', 'Esp', 'Ah', 'rest']
    """
    return tuple(_parts(services, families))


def _parts(services: ServiceSet, families: frozenset[int]) -> Iterator[Part]:
    if services == ANY:
        yield Part("*")
        return
    for name, whole in NAMED.items():
        held = services & whole
        if name in ("Tcp", "Udp"):
            if held:
                yield Part(name, IntervalSet.of(*((part.lo, part.hi) for part in held.parts())))
        elif held == whole:
            yield Part(name)
    if _wanted(families) <= services:
        yield Part("rest")


@lru_cache(maxsize=4)
def _wanted(families: frozenset[int]) -> ServiceSet:
    """The unnamed protocols that there are in some families."""
    return ServiceSet.union(_REST[family] for family in sorted(families))


def express(target: Target, rule: SideRule) -> tuple[SideRule, list[Residual]]:
    """The rule with the services that this target will write, and what a residual changes. Denies stay as
    they are: see `banded`."""
    if denies(rule):
        return rule, []
    services, residuals = rule.services, []
    every = NAMED["Icmp"]
    if 4 in rule.families and services.overlaps(every) and not every <= services:
        extent = "security groups know no ICMP types, so every ICMP message passes"
        residuals.append(rule.residual(target.name, "icmp-types", extent, "opens", services=every))
        services |= every
    some = services & REST if services.overlaps(REST) else NOTHING
    if some and not _wanted(rule.families) <= some:
        extent = f"security groups allow {some} only with every protocol that they cannot name: closed"
        residuals.append(rule.residual(target.name, "other-protocols", extent, "closes", services=some))
        services -= some
    return (rule if services is rule.services else replace(rule, services=services)), residuals
