"""Services as security group rules can say them: one protocol and one contiguous range each.

Facts: EC2 API Reference, AuthorizeSecurityGroupIngress and IpPermission: ports for tcp and udp, type and code
for icmp and icmpv6 with -1 for any, `-1` for all protocols; every other protocol number covers all ports
whatever range is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from segkit.sets import ANY, ServiceSet

TCP, UDP, ICMP, ICMPV6, SCTP = 6, 17, 1, 58, 132
_NAMES = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmpv6"}
COMMON = frozenset((TCP, UDP, ICMP, ICMPV6, SCTP, 47, 50, 51))
"""Protocols that stay when `other-protocols` is accepted: besides those with rules of their own, GRE, ESP and
AH."""


@dataclass(frozen=True, order=True, slots=True)
class Range:
    """One rule's protocol and range. `start` and `end` are None where the protocol has none."""

    protocol: str
    start: int | None = None
    end: int | None = None

    @property
    def family(self) -> int | None:
        """The only address family it can speak of, if there is one."""
        return {"icmp": 4, "icmpv6": 6}.get(self.protocol)


@lru_cache(maxsize=4096)
def ranges(services: ServiceSet) -> tuple[Range, ...]:
    """The services as ranges, in order. SCTP comes out as the whole protocol: check `sctp_ports` first.

    >>> from segkit.sets import tcp
    >>> ranges(tcp(443, "8000-8100"))
    (Range(protocol='tcp', start=443, end=443), Range(protocol='tcp', start=8000, end=8100))
    """
    return tuple(_ranges(services))


def _ranges(services: ServiceSet) -> Iterator[Range]:
    if services == ANY:
        yield Range("-1")
        return
    seen_sctp = False
    for part in services.parts():
        if part.protocol in (TCP, UDP):
            yield Range(_NAMES[part.protocol], part.lo, part.hi)
        elif part.protocol in (ICMP, ICMPV6):
            yield from _icmp(_NAMES[part.protocol], part.lo, part.hi)
        elif part.protocol != SCTP or not seen_sctp:
            seen_sctp = seen_sctp or part.protocol == SCTP
            yield Range(str(part.protocol))


def _icmp(name: str, lo: int, hi: int) -> Iterator[Range]:
    if (lo, hi) == (0, 0xFFFF):
        yield Range(name, -1, -1)
        return
    while lo <= hi:
        kind, code = lo >> 8, lo & 0xFF
        if code == 0 and lo + 0xFF <= hi:
            yield Range(name, kind, -1)
            lo += 0x100
        else:
            yield Range(name, kind, code)
            lo += 1


@lru_cache(maxsize=1024)
def sctp_ports(services: ServiceSet) -> bool:
    """Does the set hold some SCTP ports but not all, which no rule can say?"""
    held = services.restrict((SCTP,))
    return bool(held) and held != ANY.restrict((SCTP,))


def without_rare(services: ServiceSet) -> ServiceSet:
    """The services of protocols in `COMMON` only, unless every protocol is allowed."""
    return services if services == ANY else services.restrict(COMMON)


def rare_count(services: ServiceSet) -> int:
    """How many rules the protocols outside `COMMON` would take."""
    return 0 if services == ANY else len(services.parts()) - len(services.restrict(COMMON).parts())
