"""From the protocols and ports of a rule to the services it speaks of.

Source: Compute Engine API, FirewallPolicyRuleMatcherLayer4Config and Firewall.allowed: a protocol by its IANA
number or one of the names tcp, udp, icmp, esp, ah, sctp, ipip, all; ports are decimal numbers or ranges, for
protocols that have ports; without them, all. ICMP types cannot be selected; `icmp` is that of IPv4.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from segkit.sets.services import ANY, ServiceParseError, ServiceSet, protocol, tcp, udp

NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "sctp": 132}


class UnclearError(ValueError):
    """What a rule speaks of cannot be told; the text says which part of it."""


def spoken(name: Any, ports: tuple[Any, ...]) -> ServiceSet:
    """The services of one entry. Raises UnclearError.

    >>> str(spoken("tcp", ("80", "8000-8100"))), str(spoken("58", ()))
    ('tcp/80,8000-8100', 'icmpv6')
    """
    if isinstance(name, str) and len(ports) == 1 and isinstance(ports[0], str):
        return _of_one_port(name, ports[0])
    return _spoken(name, ports)


def _spoken(name: Any, ports: tuple[Any, ...]) -> ServiceSet:
    text = str(name).strip().lower() if isinstance(name, str | int) and not isinstance(name, bool) else ""
    if text == "all":
        if ports:
            raise UnclearError("ports of every protocol")
        return ANY
    number = NUMBERS.get(text, int(text) if text.isascii() and text.isdigit() else -1)
    if not 0 <= number <= 255:
        raise UnclearError(f"the protocol is not known: {name!r}")
    if not ports:
        return protocol(number)
    if number not in (6, 17):
        # The API documents ports for tcp and udp; what they mean elsewhere is not written.
        raise UnclearError(f"ports of protocol {number}")
    try:
        return (tcp if number == 6 else udp)(*(str(port) for port in ports))
    except ServiceParseError as problem:
        raise UnclearError(str(problem)) from None


# Nearly every rule is about one port, and many about the same.
@lru_cache(maxsize=16384)
def _of_one_port(name: str, port: str) -> ServiceSet:
    return _spoken(name, (port,))
