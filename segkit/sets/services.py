"""Exact sets of services, all on one line of integers.

Protocols lie one after the other, by number, without a gap, so that everything is one span. tcp (6), udp (17)
and sctp (132) have a point for each destination port, icmp (1) and icmpv6 (58) one for each `type << 8 |
code`, every other protocol a single one. Protocol numbers are those of the IANA "Assigned Internet Protocol
Numbers" registry.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from segkit.sets.intervals import EMPTY, IntervalSet, Span

ICMP, TCP, UDP, ICMPV6, SCTP = 1, 6, 17, 58, 132
WITH_PORTS = (TCP, UDP, SCTP)
WITH_TYPES = (ICMP, ICMPV6)
NAMES = {TCP: "tcp", UDP: "udp", SCTP: "sctp", ICMP: "icmp", ICMPV6: "icmpv6"}

PortSpec = int | str | tuple[int, int]

_WIDTHS = [0x10000 if n in NAMES else 1 for n in range(256)]
_BASE = tuple(accumulate(_WIDTHS, initial=0))
LINE_END = _BASE[256]
"""One past the last point of the line."""

_NUMBERS = {name: number for number, name in NAMES.items()}
_PLAIN = tuple(n for n in range(256) if n not in NAMES)


class ServiceParseError(ValueError):
    """A port, protocol or service text that means nothing. The message says how to write it."""


@dataclass(frozen=True, order=True, slots=True)
class Part:
    """One contiguous span inside one protocol. `lo` to `hi` are ports, or `type << 8 | code`, or 0."""

    protocol: int
    lo: int
    hi: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ServiceSet:
    """A set of (protocol, port) and (icmp type, code) points, exact and in one canonical form.

    Build it with `tcp`, `udp`, `sctp`, `icmp`, `icmpv6`, `protocol`, `ANY`, `NOTHING` or `ServiceSet.parse`.
    A line with points that no service has raises ServiceParseError.

    >>> print((tcp(443, "8000-8100") | icmp(8)) - tcp(8080))
    tcp/443,8000-8079,8081-8100; icmp/8
    """

    line: IntervalSet

    def __post_init__(self) -> None:
        if not self.line <= _ANY_LINE:
            stray = (self.line - _ANY_LINE).spans[0][0]
            raise ServiceParseError(f"point {stray} is no service; the line ends at {LINE_END - 1}")

    @staticmethod
    def from_line(line: IntervalSet) -> ServiceSet:
        """The services at these points of the line. ServiceParseError for points that no service has."""
        return ServiceSet(line)

    @staticmethod
    def union(sets: Iterable[ServiceSet]) -> ServiceSet:
        """The union of many sets at once."""
        return _made(IntervalSet.union(one.line for one in sets))

    @staticmethod
    def parse(text: str) -> ServiceSet:
        """The services written in `text`. ServiceParseError, with the fix, on anything else.

        Items are separated by ";": `any`, `none`, a protocol name or number, a range of protocol numbers, and
        for protocols that have them a list after "/": ports (`tcp/443,8000-8100`), ICMP types (`icmp/8`,
        `icmp/0-5`) or a type with its codes (`icmp/3:4`, `icmp/3:0-5`). `any except ...` is everything but
        the rest.

        >>> ServiceSet.parse("tcp/443; icmp/8; 47") == tcp(443) | icmp(8) | protocol(47)
        True
        """
        words = text.split(None, 2)
        if words[:2] == ["any", "except"]:
            return ANY - ServiceSet.parse(words[2] if len(words) > 2 else "")
        return ServiceSet.union([_parse_item(item.strip()) for item in text.split(";")])

    def contains(self, protocol: int, x: int = 0) -> bool:
        """Whether the point is in the set; `x` is a port, `type << 8 | code`, or 0."""
        return 0 <= x < _WIDTHS[protocol] and _BASE[protocol] + x in self.line

    def overlaps(self, other: ServiceSet) -> bool:
        """Whether the two sets share a service."""
        return self.line.overlaps(other.line)

    def restrict(self, protocols: Iterable[int]) -> ServiceSet:
        """The part of the set that lies in these protocol numbers."""
        return _made(self.line & IntervalSet.of(*(_full(number) for number in protocols)))

    def parts(self) -> tuple[Part, ...]:
        """The set as contiguous spans, none across two protocols, sorted by protocol and start.

        >>> tcp("80-81", 443).parts()
        (Part(protocol=6, lo=80, hi=81), Part(protocol=6, lo=443, hi=443))
        """
        out = []
        for lo, hi in self.line.spans:
            number = bisect_right(_BASE, lo) - 1
            while lo <= hi:
                base, after = _BASE[number], _BASE[number + 1]
                out.append(Part(number, lo - base, min(hi, after - 1) - base))
                lo, number = after, number + 1
        return tuple(out)

    def __or__(self, other: ServiceSet) -> ServiceSet:
        return _same(self.line | other.line, self, other)

    def __and__(self, other: ServiceSet) -> ServiceSet:
        if other is ANY:
            return self
        if self is ANY:
            return other
        return _same(self.line & other.line, self, other)

    def __sub__(self, other: ServiceSet) -> ServiceSet:
        return _same(self.line - other.line, self, other)

    def __le__(self, other: ServiceSet) -> bool:
        return other is ANY or self.line <= other.line

    def __bool__(self) -> bool:
        return bool(self.line.spans)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return self.line == other.line if isinstance(other, ServiceSet) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.line)

    def __str__(self) -> str:
        return _text(self)

    def __repr__(self) -> str:
        return f"ServiceSet.parse({str(self)!r})"


def tcp(*ports: PortSpec) -> ServiceSet:
    """TCP to these destination ports: numbers, "8000-8100" or (8000, 8100). All ports when none is given."""
    return _ports(TCP, ports)


def udp(*ports: PortSpec) -> ServiceSet:
    """UDP to these destination ports, written as for `tcp`."""
    return _ports(UDP, ports)


def sctp(*ports: PortSpec) -> ServiceSet:
    """SCTP to these destination ports, written as for `tcp`."""
    return _ports(SCTP, ports)


def icmp(type: int | None = None, code: int | None = None) -> ServiceSet:  # noqa: A002 - its name in the RFC
    """ICMP for IPv4: every message, one type, or one type and code (0 to 255 each).

    >>> str(icmp(8)), str(icmp(3, 4))
    ('icmp/8', 'icmp/3:4')
    """
    return _types(ICMP, type, code)


def icmpv6(type: int | None = None, code: int | None = None) -> ServiceSet:  # noqa: A002 - as above
    """ICMP for IPv6, written as for `icmp`."""
    return _types(ICMPV6, type, code)


def protocol(number: int) -> ServiceSet:
    """A whole IP protocol by its IANA number, with every port or type it has.

    >>> protocol(6) == tcp()
    True
    """
    return _made(IntervalSet.of(_full(_in_range(number, 255, "a protocol number"))))


def _made(line: IntervalSet) -> ServiceSet:
    made = object.__new__(ServiceSet)
    object.__setattr__(made, "line", line)
    return made


def _same(line: IntervalSet, a: ServiceSet, b: ServiceSet) -> ServiceSet:
    """The set on `line`; an operand itself where it is the result, so that hashes stay cached."""
    return a if line is a.line else b if line is b.line else _made(line)


def _full(number: int) -> Span:
    return _BASE[number], _BASE[number + 1] - 1


def _in_range(number: object, top: int, what: str) -> int:
    if not isinstance(number, int) or isinstance(number, bool):
        raise ServiceParseError(f"{number!r} is not {what}; write a number from 0 to {top}")
    if not 0 <= number <= top:
        raise ServiceParseError(f"{number} is not {what}; it must be from 0 to {top}")
    return number


def _span(lo: int, hi: int, top: int, what: str) -> Span:
    _in_range(lo, top, what)
    _in_range(hi, top, what)
    if lo > hi:
        raise ServiceParseError(f"the range {lo}-{hi} is reversed; write {hi}-{lo}")
    return lo, hi


def _read_span(text: str, top: int, what: str) -> Span:
    lo, dash, hi = (piece.strip() for piece in text.partition("-"))
    for piece in (lo, hi) if dash else (lo,):
        if not (piece.isascii() and piece.isdigit() and len(piece) < 10):
            raise ServiceParseError(
                f"{text.strip()!r} is not {what} or a range of them; write a number from 0 to {top}, or lo-hi"
            )
    return _span(int(lo), int(hi) if dash else int(lo), top, what)


def _ports(number: int, ports: tuple[PortSpec, ...]) -> ServiceSet:
    if not ports:
        return _WHOLE[number]
    if len(ports) == 1 and type(ports[0]) in (int, str):
        return _one(number, ports[0])
    return _many(number, ports)


# Nearly every rule is about one port, and many about the same; a number that is True is none.
@lru_cache(maxsize=16384)
def _one(number: int, port: PortSpec) -> ServiceSet:
    return _many(number, (port,))


def _many(number: int, ports: tuple[PortSpec, ...]) -> ServiceSet:
    spans: list[Span] = []
    for port in ports:
        if isinstance(port, str):
            spans.extend(_read_span(item, 65535, "a port") for item in port.split(","))
        elif isinstance(port, tuple) and len(port) == 2:
            spans.append(_span(*port, 65535, "a port"))
        else:
            spans.append((_in_range(port, 65535, "a port"), port))
    return _placed(number, spans)


def _types(number: int, kind: int | None, code: int | None) -> ServiceSet:
    if kind is None:
        if code is not None:
            raise ServiceParseError(f"{NAMES[number]} code {code} without a type; give the type too")
        return _WHOLE[number]
    first = _in_range(kind, 255, f"an {NAMES[number]} type") << 8
    if code is None:
        return _placed(number, [(first, first | 0xFF)])
    at = first | _in_range(code, 255, f"an {NAMES[number]} code")
    return _placed(number, [(at, at)])


def _placed(number: int, spans: Iterable[Span]) -> ServiceSet:
    """Spans of ports or types of one protocol, at their place on the line."""
    base = _BASE[number]
    return _made(IntervalSet.of(*((base + lo, base + hi) for lo, hi in spans)))


@lru_cache(maxsize=4096)
def _parse_item(item: str) -> ServiceSet:
    if item == "any":
        return ANY
    if item == "none":
        return NOTHING
    name, slash, rest = (piece.strip() for piece in item.partition("/"))
    if name[:1].isdigit():
        lo, hi = _read_span(name, 255, "a protocol number")
    elif name in _NUMBERS:
        lo = hi = _NUMBERS[name]
    else:
        known = ", ".join(_NUMBERS)
        raise ServiceParseError(
            f"{item!r} is not a service; write any, none, a protocol number, or one of {known}"
        )
    if not slash:
        return _made(IntervalSet.of(*(_full(number) for number in range(lo, hi + 1))))
    if lo == hi and lo in WITH_PORTS:
        return _ports(lo, (rest,))
    if lo == hi and lo in WITH_TYPES:
        return _placed(lo, [_read_types(NAMES[lo], entry) for entry in rest.split(",")])
    raise ServiceParseError(f"{item!r}: protocol {name} has no ports; write {name} alone")


def _read_types(name: str, entry: str) -> Span:
    kind, colon, codes = entry.partition(":")
    if "/" in entry:
        raise ServiceParseError(f"'{name}/{entry}' has two slashes; write {name}/{entry.replace('/', ':')}")
    lo, hi = _read_span(kind, 255, f"an {name} type")
    if not colon:
        return lo << 8, hi << 8 | 0xFF
    if lo != hi:
        raise ServiceParseError(
            f"'{name}/{entry.strip()}' gives codes for many types; write one type before ':'"
        )
    first, last = _read_span(codes, 255, f"an {name} code")
    return lo << 8 | first, lo << 8 | last


@lru_cache(maxsize=4096)
def _text(services: ServiceSet) -> str:
    if not services:
        return "none"
    if services.line >= _PLAIN_LINE:
        rest = ANY - services
        return f"any except {rest}" if rest else "any"
    by_protocol: dict[int, list[Part]] = {}
    for part in services.parts():
        by_protocol.setdefault(part.protocol, []).append(part)
    items = [_part_text(number, by_protocol[number]) for number in NAMES if number in by_protocol]
    plain = IntervalSet.of(*((number, number) for number in by_protocol if number not in NAMES))
    return "; ".join(items + (str(plain).split(",") if plain else []))


def _part_text(number: int, parts: list[Part]) -> str:
    name = NAMES[number]
    if parts[0].lo == 0 and parts[0].hi == 0xFFFF:
        return name
    if number in WITH_PORTS:
        return f"{name}/{IntervalSet.of(*((part.lo, part.hi) for part in parts))}"
    return f"{name}/" + ",".join(text for part in parts for text in _type_texts(part.lo, part.hi))


def _type_texts(lo: int, hi: int) -> Iterable[str]:
    """One span of `type << 8 | code`: whole types where it covers them, type:codes at its ragged ends."""
    while lo <= hi:
        if lo & 0xFF or hi < lo | 0xFF:
            end = min(hi, lo | 0xFF)
            codes = f"{lo & 0xFF}" if lo == end else f"{lo & 0xFF}-{end & 0xFF}"
            yield f"{lo >> 8}:{codes}"
        else:
            end = (hi + 1 & ~0xFF) - 1
            yield f"{lo >> 8}" if lo >> 8 == end >> 8 else f"{lo >> 8}-{end >> 8}"
        lo = end + 1


_ANY_LINE = IntervalSet.of(*(_full(number) for number in range(256)))
_PLAIN_LINE = IntervalSet.of(*(_full(number) for number in _PLAIN))
_WHOLE = {number: _made(IntervalSet.of(_full(number))) for number in NAMES}

ANY = _made(_ANY_LINE)
NOTHING = _made(EMPTY)
