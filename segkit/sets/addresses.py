"""Exact sets of IPv4 and IPv6 addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network

from segkit.sets.intervals import EMPTY, IntervalSet, Span

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# IANA IPv4 Special-Purpose Address Registry (RFC 6890), every block that is not globally reachable, and the
# blocks of 0.0.0.0/0 that are not unicast. Small globally reachable assignments inside a listed block
# (192.0.0.9/32, 192.0.0.10/32: anycast helpers) go with their block.
SPECIAL_V4: tuple[tuple[str, str, str], ...] = (
    ("0.0.0.0/8", "this network", "RFC 791"),
    ("10.0.0.0/8", "private use", "RFC 1918"),
    ("100.64.0.0/10", "shared address space (carrier NAT)", "RFC 6598"),
    ("127.0.0.0/8", "loopback", "RFC 1122"),
    ("169.254.0.0/16", "link local", "RFC 3927"),
    ("172.16.0.0/12", "private use", "RFC 1918"),
    ("192.0.0.0/24", "IETF protocol assignments", "RFC 6890"),
    ("192.0.2.0/24", "documentation (TEST-NET-1)", "RFC 5737"),
    ("192.88.99.0/24", "deprecated 6to4 relay anycast", "RFC 7526"),
    ("192.168.0.0/16", "private use", "RFC 1918"),
    ("198.18.0.0/15", "benchmarking", "RFC 2544"),
    ("198.51.100.0/24", "documentation (TEST-NET-2)", "RFC 5737"),
    ("203.0.113.0/24", "documentation (TEST-NET-3)", "RFC 5737"),
    ("224.0.0.0/4", "multicast", "RFC 5771"),
    ("240.0.0.0/4", "reserved, and limited broadcast", "RFC 1112, RFC 8190"),
)

# Global unicast IPv6 is what IANA allocates from: 2000::/3 (RFC 4291 section 2.4 and the IPv6 Global Unicast
# Address Assignments registry). Loopback, unique local (fc00::/7), link local, multicast, NAT64
# (64:ff9b::/96) and the rest lie outside it. These are the blocks of the IANA IPv6 Special-Purpose Address
# Registry inside it, by the same rule as above.
GLOBAL_V6 = "2000::/3"
SPECIAL_V6: tuple[tuple[str, str, str], ...] = (
    ("2001::/23", "IETF protocol assignments (Teredo, benchmarking, ORCHID and others)", "RFC 2928"),
    ("2001:db8::/32", "documentation", "RFC 3849"),
    ("2002::/16", "6to4: carries an IPv4 address, private ones included", "RFC 3056"),
    ("3fff::/20", "documentation", "RFC 9637"),
)

_V4_TEXT = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(?:/([0-9]{1,2}))?", re.ASCII)


class AddressError(ValueError):
    """An address or CIDR that cannot be read. The message says how to write it."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Addresses:
    """A set of addresses: `v4` and `v6` as intervals of integers. The form is unique, however it was built.

    >>> a = Addresses.of("10.0.0.0/25", "10.0.0.128/25", "2001:db8::/32")
    >>> print(a - Addresses.of("2001:db8::/32"))
    10.0.0.0/24
    """

    v4: IntervalSet = EMPTY
    v6: IntervalSet = EMPTY

    def __post_init__(self) -> None:
        for bits, line in ((32, self.v4), (128, self.v6)):
            if line and (line.spans[0][0] < 0 or line.spans[-1][1] >> bits):
                raise AddressError(f"the interval set {line} reaches outside the {bits}-bit address line")

    @staticmethod
    def of(*items: str | Network | Address) -> Addresses:
        """The set of these addresses and CIDRs of either family. AddressError, with the fix, on bad text.

        >>> str(Addresses.of("10.0.0.5", "10.0.0.4/32"))
        '10.0.0.4/31'
        """
        if len(items) == 1:
            return _read(items[0])
        return Addresses.union(map(_read, items))

    @staticmethod
    def union(sets: Iterable[Addresses]) -> Addresses:
        """The union of many sets at once."""
        every = list(sets)
        if len(every) == 1:
            return every[0]
        return _made(IntervalSet.union([a.v4 for a in every]), IntervalSet.union([a.v6 for a in every]))

    @staticmethod
    def parse(text: str) -> Addresses:
        """The set written as comma-separated addresses and CIDRs, or "none". AddressError on bad text."""
        if text.strip() == "none":
            return NOWHERE
        return Addresses.of(*(item.strip() for item in text.split(",")))

    def family(self, version: int) -> Addresses:
        """The part of the set in one address family, 4 or 6. ValueError on any other number."""
        if version == 4:
            return _made(self.v4, EMPTY) if self.v6 else self
        if version == 6:
            return _made(EMPTY, self.v6) if self.v4 else self
        raise ValueError(f"{version!r} is not an address family; write 4 or 6")

    def overlaps(self, other: Addresses) -> bool:
        """Whether the two sets share an address."""
        return self.v4.overlaps(other.v4) or self.v6.overlaps(other.v6)

    def cidrs(self) -> tuple[Network, ...]:
        """The fewest CIDRs that cover exactly this set, sorted, IPv4 first.

        >>> [str(cidr) for cidr in (Addresses.of("10.0.0.0/30") - Addresses.of("10.0.0.0")).cidrs()]
        ['10.0.0.1/32', '10.0.0.2/31']
        """
        v4 = [IPv4Network(block) for block in _blocks(self.v4, 32)]
        v6 = [IPv6Network(block) for block in _blocks(self.v6, 128)]
        return (*v4, *v6)

    def texts(self) -> tuple[str, ...]:
        """The texts of `cidrs`, many times faster.

        >>> Addresses.of("10.0.0.0/31", "2001:db8::").texts()
        ('10.0.0.0/31', '2001:db8::/128')
        """
        return _texts(self.v4, 32) + _texts(self.v6, 128)

    def __or__(self, other: Addresses) -> Addresses:
        return _same(self.v4 | other.v4, self.v6 | other.v6, self, other)

    def __and__(self, other: Addresses) -> Addresses:
        return _same(self.v4 & other.v4, self.v6 & other.v6, self, other)

    def __sub__(self, other: Addresses) -> Addresses:
        return _same(self.v4 - other.v4, self.v6 - other.v6, self, other)

    def __le__(self, other: Addresses) -> bool:
        return self.v4 <= other.v4 and self.v6 <= other.v6

    def __contains__(self, address: str | Address) -> bool:
        if isinstance(address, str):
            version, lo, hi = _parse_one(address)
            if lo != hi:
                raise AddressError(
                    f"{address} is a network; compare sets: Addresses.of({address!r}) <= this set"
                )
            return lo in (self.v4 if version == 4 else self.v6)
        return int(address) in (self.v4 if address.version == 4 else self.v6)

    def __bool__(self) -> bool:
        return bool(self.v4.spans or self.v6.spans)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Addresses):
            return NotImplemented
        return self.v4 == other.v4 and self.v6 == other.v6

    def __hash__(self) -> int:
        return hash((self.v4, self.v6))

    def __str__(self) -> str:
        return ", ".join(self.texts()) or "none"

    def __repr__(self) -> str:
        return f"Addresses.parse({str(self)!r})"


def _made(v4: IntervalSet, v6: IntervalSet) -> Addresses:
    made = object.__new__(Addresses)
    object.__setattr__(made, "v4", v4)
    object.__setattr__(made, "v6", v6)
    return made


def _same(v4: IntervalSet, v6: IntervalSet, a: Addresses, b: Addresses) -> Addresses:
    """The set of both lines; an operand itself where it is the result, so that hashes stay cached."""
    for known in (a, b):
        if v4 is known.v4 and v6 is known.v6:
            return known
    return _made(v4, v6)


def _read(item: str | Network | Address) -> Addresses:
    if isinstance(item, str):
        return _one(item)
    if isinstance(item, IPv4Network | IPv6Network):
        return _span(item.version, int(item.network_address), int(item.broadcast_address))
    if isinstance(item, IPv4Address | IPv6Address):
        return _span(item.version, int(item), int(item))
    raise AddressError(f"{item!r} is not an address; write text such as 10.0.0.0/8")


def _span(version: int, lo: int, hi: int) -> Addresses:
    one = IntervalSet.between(lo, hi)
    return _made(one, EMPTY) if version == 4 else _made(EMPTY, one)


# Estates repeat the same networks in rule after rule.
@lru_cache(maxsize=16384)
def _one(text: str) -> Addresses:
    return _span(*_parse_one(text))


def _parse_one(text: str) -> tuple[int, int, int]:
    """(family, first, last) of one address or CIDR."""
    found = _V4_TEXT.fullmatch(text)
    if found is None:
        return _parse_v6(text)
    *pieces, length = found.groups()
    octets = [*map(int, pieces)]
    if max(octets) > 255:
        raise AddressError(f"{text} is no IPv4 address; each of the four numbers goes from 0 to 255")
    if [*map(str, octets)] != pieces:
        plain = ".".join(map(str, octets)) + (f"/{length}" if length else "")
        raise AddressError(f"{text} has leading zeros, which some tools read as octal; write {plain}")
    at = octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3]
    return (4, at, at) if length is None else (4, *_block(text, at, length, 32))


def _parse_v6(text: str) -> tuple[int, int, int]:
    address, slash, length = text.partition("/")
    if slash and not (length.isascii() and length.isdigit() and len(length) <= 3):
        raise AddressError(
            f"{text!r}: {length!r} is no prefix length; write a number of bits, as in 10.0.0.0/8"
        )
    if ":" not in address:
        raise AddressError(f"{text!r} is not an address; write it as 10.0.0.5, 10.0.0.0/8 or 2001:db8::/32")
    if "%" in address:
        raise AddressError(f"{text!r} names an interface after '%'; write {address.partition('%')[0]}")
    try:
        at = int(IPv6Address(address))
    except AddressValueError as error:
        raise AddressError(f"{text!r} is no IPv6 address: {error}; write it as 2001:db8::/32") from None
    return 6, *_block(text, at, length if slash else None, 128)


def _block(text: str, at: int, length: str | None, bits: int) -> Span:
    prefix = bits if length is None else int(length)
    if prefix > bits:
        raise AddressError(f"{text}: /{prefix} is too long; the prefix length goes from 0 to {bits}")
    host = (1 << bits - prefix) - 1
    if at & host:
        base = IPv4Address(at & ~host) if bits == 32 else IPv6Address(at & ~host)
        raise AddressError(f"{text} has host bits set; write {base}/{prefix}")
    return at, at | host


# Rules name the same ranges again and again, and close to each other.
@lru_cache(maxsize=1024)
def _texts(line: IntervalSet, bits: int) -> tuple[str, ...]:
    """The CIDRs of one line, which is that of the family with so many bits."""
    if bits == 128:
        return tuple(f"{IPv6Address(at)}/{n}" for at, n in _blocks(line, bits))
    return tuple(
        f"{at >> 24}.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}/{n}" for at, n in _blocks(line, bits)
    )


def _blocks(line: IntervalSet, bits: int) -> Iterator[tuple[int, int]]:
    """(address, prefix length) of the fewest aligned blocks that cover the line."""
    for lo, hi in line.spans:
        while lo <= hi:
            free = (lo & -lo).bit_length() - 1 if lo else bits
            size = min(free, (hi - lo + 1).bit_length() - 1)
            yield lo, bits - size
            lo += 1 << size


EVERYWHERE = _made(IntervalSet.of((0, 2**32 - 1)), IntervalSet.of((0, 2**128 - 1)))
NOWHERE = _made(EMPTY, EMPTY)
INTERNET = (EVERYWHERE.family(4) | Addresses.of(GLOBAL_V6)) - Addresses.of(
    *(cidr for cidr, _name, _source in SPECIAL_V4 + SPECIAL_V6)
)
