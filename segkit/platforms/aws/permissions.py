"""From what a rule says (protocol text, two numbers) to the services it admits.

Source: Amazon EC2 API reference, IpPermission (IpProtocol, FromPort, ToPort):
- `-1` is every protocol; ports mean nothing then. The Terraform provider also reads `all` so.
- tcp and udp need a port range. For icmp and icmpv6 the two numbers are type and code, -1 being any; if the
  type is -1 the code is too. icmpv6 without numbers is every message.
- Any other protocol number admits all its ports, whatever range is given. Names other than tcp, udp, icmp and
  icmpv6 are not among the accepted values.
"""

from __future__ import annotations

from typing import Any

from segkit.sets.services import ANY, ServiceSet, icmp, icmpv6, protocol, tcp, udp

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
_NAMES = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMPV6}


class UnclearError(ValueError):
    """What a rule admits cannot be told; the text says which part of it."""


def admitted(name: Any, low: Any, high: Any) -> tuple[int | None, ServiceSet]:
    """The protocol number (None for all) and the services of one rule. Raises UnclearError.

    >>> str(admitted("tcp", 80, 81)[1]), str(admitted("icmp", 8, -1)[1]), str(admitted("47", 1, 2)[1])
    ('tcp/80-81', 'icmp/8', '47')
    """
    number = protocol_number(name)
    if number is None:
        return None, ANY
    if number in (TCP, UDP):
        first, last = _number(low, "from_port"), _number(high, "to_port")
        if not 0 <= first <= last <= 65535:
            raise UnclearError(f"no port range: {first} to {last}")
        return number, (tcp if number == TCP else udp)((first, last))
    if number in (ICMP, ICMPV6):
        return number, _messages(number, low, high)
    return number, protocol(number)


def protocol_number(name: Any) -> int | None:
    """The IANA number of a protocol text, None for all of them. Raises UnclearError."""
    if isinstance(name, float) and name.is_integer():
        name = int(name)
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise UnclearError("the protocol is not known")
    text = str(name).strip().lower()
    if text in ("-1", "all"):
        return None
    if text in _NAMES:
        return _NAMES[text]
    if text.isascii() and text.isdigit() and int(text) <= 255:
        return int(text)
    raise UnclearError(f"no protocol: {text!r}")


def _messages(number: int, low: Any, high: Any) -> ServiceSet:
    make = icmp if number == ICMP else icmpv6
    if number == ICMPV6 and low is None and high is None:
        return make()
    kind, code = _number(low, "the ICMP type"), _number(high, "the ICMP code")
    if kind == -1 and code == -1:
        return make()
    if not 0 <= kind <= 255 or not -1 <= code <= 255:
        raise UnclearError(f"no ICMP type and code: {kind} and {code}")
    return make(kind) if code == -1 else make(kind, code)


def _number(value: Any, what: str) -> int:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            raise UnclearError(f"{what} is not a number: {value!r}") from None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnclearError(f"{what} is not known")
    return value
