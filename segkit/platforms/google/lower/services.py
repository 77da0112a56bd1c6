"""Services as rules of a firewall policy can say them: protocols, and ports of those that have some.

Source: Compute Engine API, FirewallPolicyRuleMatcherLayer4Config: ports for tcp and udp; every other protocol
is matched as a whole, ICMP with all its types.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from segkit.sets import ANY, NOTHING, ServiceSet

TCP, UDP, ICMP, ICMPV6, SCTP = 6, 17, 1, 58, 132
_NAMES = {TCP: "tcp", UDP: "udp", ICMP: "icmp", SCTP: "sctp", 50: "esp", 51: "ah"}
WHOLE = {ICMP: "icmp-types", ICMPV6: "icmp-types", SCTP: "sctp-ports"}
"""Protocols that only pass as a whole, with the residual of a rule for a part of one."""
COMMON = frozenset((TCP, UDP, ICMP, ICMPV6, SCTP, 47, 50, 51))
"""Protocols that stay when `other-protocols` is accepted: besides those with names, GRE."""
_OF_FAMILY = {4: ANY - ANY.restrict((ICMPV6,)), 6: ANY - ANY.restrict((ICMP,))}


def said(services: ServiceSet, family: int | None = None, word: str = "ip_protocol") -> list[dict[str, Any]]:
    """The services as `layer4_config` blocks, sorted; those of one address family, if one is given. `word`
    is what a protocol is called there.

    >>> from segkit.sets import tcp
    >>> said(tcp(443, "8000-8100"))
    [{'ip_protocol': 'tcp', 'ports': ['443', '8000-8100']}]
    """
    return [
        {word: name, "ports": list(ports)} if ports else {word: name}
        for name, ports in _protocols(services, family)
    ]


def sayable(services: ServiceSet, family: int | None = None) -> bool:
    """Is there something to say?"""
    return bool(_protocols(services, family))


@lru_cache(maxsize=4096)
def _protocols(services: ServiceSet, family: int | None = None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Protocols with their ports; without any, the whole protocol."""
    if services == ANY:
        return (("all", ()),)
    ports: dict[int, list[str]] = defaultdict(list)
    for part in (services if family is None else services & _OF_FAMILY[family]).parts():
        whole = part.protocol not in (TCP, UDP) or (part.lo, part.hi) == (0, 0xFFFF)
        span = str(part.lo) if part.lo == part.hi else f"{part.lo}-{part.hi}"
        ports[part.protocol] += [] if whole else [span]
    return tuple((_NAMES.get(number, str(number)), tuple(ports[number])) for number in sorted(ports))


@lru_cache(maxsize=4096)
def cost(services: ServiceSet) -> int:
    """How many protocols and ports a rule names."""
    return sum(max(1, len(ports)) for _, ports in _protocols(services))


@lru_cache(maxsize=4096)
def spelled(services: ServiceSet) -> int:
    """How many words a rule has for its services: its protocols, and their ports."""
    return sum(1 + len(ports) for _, ports in _protocols(services))


@lru_cache(maxsize=4096)
def partial(services: ServiceSet) -> Mapping[str, ServiceSet]:
    """By residual: what passes beside some services, because protocols pass as a whole."""
    out: dict[str, ServiceSet] = {}
    for number, residual in WHOLE.items():
        held, every = services.restrict((number,)), ANY.restrict((number,))
        if held and held != every:
            out[residual] = out.get(residual, NOTHING) | every
    return out


@lru_cache(maxsize=4096)
def whole(services: ServiceSet) -> ServiceSet:
    """Some services without those protocols of which they hold a part that cannot be said.

    >>> from segkit.sets import icmp, tcp
    >>> str(whole(tcp(22) | icmp(8)))
    'tcp/22'
    """
    split = [n for n in WHOLE if services.restrict((n,)) not in (NOTHING, ANY.restrict((n,)))]
    return services - services.restrict(split) if split else services


@lru_cache(maxsize=4096)
def rare(services: ServiceSet) -> ServiceSet:
    """The services of protocols outside `COMMON`, unless every protocol is allowed."""
    return NOTHING if services == ANY else services - services.restrict(COMMON)
