from __future__ import annotations

from collections.abc import Callable

import pytest

from segkit.sets import (
    ANY,
    NOTHING,
    IntervalSet,
    Part,
    ServiceParseError,
    ServiceSet,
    icmp,
    icmpv6,
    protocol,
    sctp,
    tcp,
    udp,
)


@pytest.mark.parametrize(
    ("services", "text"),
    [
        (ANY, "any"),
        (NOTHING, "none"),
        (tcp(), "tcp"),
        (tcp(443, "8000-8100", (22, 23)), "tcp/22-23,443,8000-8100"),
        (udp(53) | tcp(53) | icmp(8), "tcp/53; udp/53; icmp/8"),
        (icmp(3, 4) | icmp(5) | icmp(6), "icmp/3:4,5-6"),
        (icmpv6(128) | icmpv6(129, 0), "icmpv6/128,129:0"),
        (protocol(50) | protocol(51) | protocol(47) | sctp(), "sctp; 47; 50-51"),
        (protocol(5) | protocol(7) | tcp(0), "tcp/0; 5; 7"),
        (ANY - tcp(22), "any except tcp/22"),
        (ANY - tcp() - icmp(8), "any except tcp; icmp/8"),
        (
            ANY - protocol(47) - protocol(0),
            "tcp; udp; sctp; icmp; icmpv6; 2-5; 7-16; 18-46; 48-57; 59-131; 133-255",
        ),
    ],
)
def test_text(services: ServiceSet, text: str) -> None:
    assert str(services) == text
    assert ServiceSet.parse(text) == services


@pytest.mark.parametrize(
    ("text", "services"),
    [
        ("tcp/443,8000-8100; icmp/8; udp; 47", tcp(443, "8000-8100") | icmp(8) | udp() | protocol(47)),
        ("tcp/443,8000-8100; icmp/8; udp; 47; any", ANY),
        (" tcp / 80 , 81 ;udp/1 - 2", tcp("80-81") | udp("1-2")),
        ("6/443", tcp(443)),
        ("0-255", ANY),
        ("1", icmp()),
        ("any except tcp/22; udp", ANY - tcp(22) - udp()),
        ("icmp/0-2,3:0-1", icmp(0) | icmp(1) | icmp(2) | icmp(3, 0) | icmp(3, 1)),
    ],
)
def test_other_spellings(text: str, services: ServiceSet) -> None:
    assert ServiceSet.parse(text) == services


def test_the_line() -> None:
    # Protocols follow each other without a gap: icmp takes 65,536 points, most take one.
    assert protocol(0).line == IntervalSet.of((0, 0))
    assert icmp(3, 4).line == IntervalSet.of((1 + (3 << 8 | 4),) * 2)
    assert protocol(2).line == IntervalSet.of((1 + 65536,) * 2)
    assert ANY.line.spans == ((0, 5 * 65536 + 251 - 1),)
    assert protocol(6) == tcp()
    assert ANY.line.size == 5 * 65536 + 251
    assert ServiceSet.from_line(tcp(1).line) == tcp(1)
    with pytest.raises(ServiceParseError, match="point 327931 is no service; the line ends at 327930"):
        ServiceSet.from_line(IntervalSet.of((327931, 327931)))


def test_parts_never_cross_a_protocol() -> None:
    assert (tcp("65000-65535") | protocol(7)).parts() == (Part(6, 65000, 65535), Part(7, 0, 0))
    assert (icmp() | protocol(2)).parts() == (Part(1, 0, 65535), Part(2, 0, 0))
    assert [part.protocol for part in ANY.parts()] == list(range(256))
    assert NOTHING.parts() == ()


def test_restrict_and_contains() -> None:
    mixed = tcp(80) | udp(53) | protocol(47)
    assert mixed.restrict([6, 47]) == tcp(80) | protocol(47)
    assert mixed.restrict([]) == NOTHING
    assert mixed.contains(6, 80)
    assert not mixed.contains(17, 80)
    assert mixed.contains(47)
    assert not NOTHING.contains(0)


NO_SERVICE = "is not a service; write any, none, a protocol number, or one of tcp, udp, sctp, icmp, icmpv6"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tcp(70000), "70000 is not a port; it must be from 0 to 65535"),
        (lambda: tcp(-1), "-1 is not a port; it must be from 0 to 65535"),
        (lambda: tcp("1-70000"), "70000 is not a port; it must be from 0 to 65535"),
        (lambda: tcp("9-3"), "the range 9-3 is reversed; write 3-9"),
        (lambda: udp((9, 3)), "the range 9-3 is reversed; write 3-9"),
        (
            lambda: tcp("https"),
            "'https' is not a port or a range of them; write a number from 0 to 65535, or lo-hi",
        ),
        (lambda: tcp(True), "True is not a port; write a number from 0 to 65535"),
        (lambda: icmp(256), "256 is not an icmp type; it must be from 0 to 255"),
        (lambda: icmp(3, 256), "256 is not an icmp code; it must be from 0 to 255"),
        (lambda: icmp(code=4), "icmp code 4 without a type; give the type too"),
        (lambda: protocol(256), "256 is not a protocol number; it must be from 0 to 255"),
        (
            lambda: ServiceSet.parse("gre"),
            f"'gre' {NO_SERVICE}",
        ),
        (
            lambda: ServiceSet.parse(""),
            f"'' {NO_SERVICE}",
        ),
        (lambda: ServiceSet.parse("47/80"), "'47/80': protocol 47 has no ports; write 47 alone"),
        (lambda: ServiceSet.parse("icmp/3/4"), "'icmp/3/4' has two slashes; write icmp/3:4"),
        (
            lambda: ServiceSet.parse("icmp/3-4:1"),
            "'icmp/3-4:1' gives codes for many types; write one type before ':'",
        ),
        (
            lambda: ServiceSet.parse("tcp/" + "9" * 5000),
            f"'{'9' * 5000}' is not a port or a range of them; write a number from 0 to 65535, or lo-hi",
        ),
    ],
)
def test_messages(make: Callable[[], ServiceSet], message: str) -> None:
    with pytest.raises(ServiceParseError) as caught:
        make()
    assert str(caught.value) == message
