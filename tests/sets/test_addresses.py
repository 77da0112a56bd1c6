from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.sets import EVERYWHERE, INTERNET, NOWHERE, AddressError, Addresses, IntervalSet
from segkit.sets.addresses import SPECIAL_V4, SPECIAL_V6

from .kit import quick


@quick
@given(v4=st.sets(st.integers(0, 63), max_size=64), v6=st.sets(st.integers(0, 31), max_size=32))
def test_cidrs_are_minimal_and_exact(v4: set[int], v6: set[int]) -> None:
    start, start6 = int(ip_address("10.0.0.0")), int(ip_address("2001:db8::"))
    made = Addresses(
        IntervalSet.of(*((start + n, start + n) for n in v4)),
        IntervalSet.of(*((start6 + n, start6 + n) for n in v6)),
    )
    fewest = [
        *collapse_addresses(IPv4Network(start + n) for n in sorted(v4)),
        *collapse_addresses(IPv6Network(start6 + n) for n in sorted(v6)),
    ]
    assert list(made.cidrs()) == fewest
    assert Addresses.of(*made.cidrs()) == made


@quick
@given(ends=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)).map(sorted))
def test_cidrs_of_any_span(ends: list[int]) -> None:
    made = Addresses(IntervalSet.of((ends[0], ends[1])))
    assert Addresses.of(*made.cidrs()) == made
    assert list(made.cidrs()) == list(collapse_addresses(IPv4Network(cidr) for cidr in made.cidrs()))
    assert Addresses.parse(str(made)) == made


@quick
@given(number=st.integers(0, 2**128 - 1), prefix=st.integers(0, 128), small=st.booleans())
def test_reading_agrees_with_ipaddress(number: int, prefix: int, small: bool) -> None:
    if small:
        network: IPv4Network | IPv6Network = IPv4Network((number >> 96, prefix % 33), strict=False)
    else:
        network = IPv6Network((number, prefix), strict=False)
    made = Addresses.of(str(network))
    assert made == Addresses.of(network)
    assert made.cidrs() == (network,)
    assert network[0] in made
    assert str(network[-1]) in made


def test_families() -> None:
    both = Addresses.of("10.0.0.0/8", "2001:db8::/32")
    assert both.family(4) == Addresses.of("10.0.0.0/8")
    assert both.family(6) == Addresses.of("2001:db8::/32")
    assert both.family(4).family(6) == NOWHERE
    assert str(both) == "10.0.0.0/8, 2001:db8::/32"
    assert str(EVERYWHERE) == "0.0.0.0/0, ::/0"
    assert str(NOWHERE) == "none"
    assert not both.family(4).overlaps(both.family(6))
    with pytest.raises(ValueError, match="5 is not an address family; write 4 or 6"):
        both.family(5)


def test_ipv4_and_ipv6_never_mix() -> None:
    assert "::a00:1" not in Addresses.of("10.0.0.0/8")
    assert "::ffff:10.0.0.1" not in Addresses.of("10.0.0.0/8")
    assert IPv4Address("10.0.0.1") in Addresses.of("10.0.0.0/8")


def test_internet_is_what_is_left_of_global_unicast() -> None:
    special = Addresses.of(*(cidr for cidr, _name, _source in SPECIAL_V4 + SPECIAL_V6))
    assert not INTERNET.overlaps(special)
    assert (INTERNET | special).family(4) == EVERYWHERE.family(4)
    assert (INTERNET | special).family(6) == Addresses.of("2000::/3")
    for address in ("1.1.1.1", "8.8.8.8", "100.128.0.1", "172.32.0.1", "223.255.255.255", "2606:4700::1111"):
        assert address in INTERNET
    for address in (
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.31.0.1",
        "192.168.1.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "64:ff9b::808:808",
        "2001::1",
        "2001:db8::1",
        "2002:a00:1::",
        "3fff::1",
        "fc00::1",
        "fe80::1",
        "ff02::1",
    ):
        assert address not in INTERNET, address


@pytest.mark.parametrize(("cidr", "name", "source"), SPECIAL_V4 + SPECIAL_V6)
def test_every_special_range_has_a_source(cidr: str, name: str, source: str) -> None:
    assert str(ip_network(cidr)) == cidr
    assert name
    assert source.startswith("RFC ")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Addresses.of("10.0.0.1/8"), "10.0.0.1/8 has host bits set; write 10.0.0.0/8"),
        (lambda: Addresses.of("2001:db8::1/32"), "2001:db8::1/32 has host bits set; write 2001:db8::/32"),
        (
            lambda: Addresses.of("10.0.0.256"),
            "10.0.0.256 is no IPv4 address; each of the four numbers goes from 0 to 255",
        ),
        (
            lambda: Addresses.of("10.0.0.0/33"),
            "10.0.0.0/33: /33 is too long; the prefix length goes from 0 to 32",
        ),
        (lambda: Addresses.of("::/129"), "::/129: /129 is too long; the prefix length goes from 0 to 128"),
        (
            lambda: Addresses.of("010.0.0.0/8"),
            "010.0.0.0/8 has leading zeros, which some tools read as octal; write 10.0.0.0/8",
        ),
        (lambda: Addresses.of("fe80::1%eth0"), "'fe80::1%eth0' names an interface after '%'; write fe80::1"),
        (
            lambda: Addresses.of("web-1"),
            "'web-1' is not an address; write it as 10.0.0.5, 10.0.0.0/8 or 2001:db8::/32",
        ),
        (
            lambda: Addresses.parse("10.0.0.0/8,"),
            "'' is not an address; write it as 10.0.0.5, 10.0.0.0/8 or 2001:db8::/32",
        ),
        (
            lambda: Addresses.of("10.0.0.0/255.0.0.0"),
            "'10.0.0.0/255.0.0.0': '255.0.0.0' is no prefix length; write a number of bits, as in 10.0.0.0/8",
        ),
        (
            lambda: "10.0.0.0/8" in EVERYWHERE,
            "10.0.0.0/8 is a network; compare sets: Addresses.of('10.0.0.0/8') <= this set",
        ),
        (lambda: Addresses.of(5), "5 is not an address; write text such as 10.0.0.0/8"),  # type: ignore[arg-type]
        (
            lambda: Addresses(IntervalSet.of((0, 2**32))),
            "the interval set 0-4294967296 reaches outside the 32-bit address line",
        ),
    ],
)
def test_messages(make: Callable[[], object], message: str) -> None:
    with pytest.raises(AddressError) as caught:
        make()
    assert str(caught.value) == message


def test_a_bad_ipv6_address_says_why() -> None:
    with pytest.raises(AddressError, match=r"'1::2::3' is no IPv6 address: .*; write it as 2001:db8::/32"):
        Addresses.of("1::2::3")
