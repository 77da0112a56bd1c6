"""Every representation of a set beside its naive model: a Python set of sample points.

The points of a representation tell apart all sets that its strategy can build, so two sets must be equal
exactly when their models are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network
from itertools import product
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from segkit.sets import (
    ALL,
    ANY,
    EMPTY,
    EVERYWHERE,
    NONE,
    NOTHING,
    NOWHERE,
    Addresses,
    IntervalSet,
    L,
    Predicate,
    ServiceSet,
    icmp,
    icmpv6,
    protocol,
    sctp,
    tcp,
    udp,
)

quick = settings(derandomize=True, database=None, deadline=None, max_examples=60)

Modelled = tuple[Any, frozenset[Any]]


@dataclass(frozen=True)
class Representation:
    """What the law suite needs to know of one kind of set."""

    name: str
    empty: Any
    universe: Any
    parse: Callable[[str], Any]
    points: tuple[Any, ...]
    contains: Callable[[Any, Any], bool]
    atoms: st.SearchStrategy[Modelled]

    def sets(self) -> st.SearchStrategy[Modelled]:
        """Sets built by a few operations, each with the model built by the same operations on Python sets."""
        return st.recursive(
            self.atoms,
            lambda inner: st.tuples(inner, st.sampled_from("|&-"), inner).map(_apply),
            max_leaves=6,
        )

    def members(self, one: Any) -> frozenset[Any]:
        """The sample points that the set says it contains."""
        return frozenset(index for index, point in enumerate(self.points) if self.contains(one, point))


def _apply(node: tuple[Modelled, str, Modelled]) -> Modelled:
    (a, in_a), operator, (b, in_b) = node
    if operator == "|":
        return a | b, in_a | in_b
    if operator == "&":
        return a & b, in_a & in_b
    return a - b, in_a - in_b


def _model(points: tuple[Any, ...], holds: Callable[[Any], bool]) -> frozenset[int]:
    return frozenset(index for index, point in enumerate(points) if holds(point))


# Intervals: every integer of a small line.

_LINE = tuple(range(-3, 120))


def _intervals() -> st.SearchStrategy[Modelled]:
    span = st.tuples(st.integers(-3, 119), st.integers(0, 6)).map(lambda s: (s[0], min(119, s[0] + s[1])))
    return st.lists(span, max_size=10).map(
        lambda spans: (
            IntervalSet.of(*spans),
            _model(_LINE, lambda x: any(lo <= x <= hi for lo, hi in spans)),
        )
    )


# Services: the ends of every range the atoms use, and their neighbours.

_PORTS = (0, 1, 22, 80, 443, 65534, 65535)
_CODES = (0, 1, 4, 5, 254, 255)
_TYPES = (0, 1, 2, 3, 4, 8, 9, 254, 255)
_PLAIN = (0, 2, 5, 7, 47, 255, 3, 4, 131, 133)
_SERVICE_POINTS = (
    *(
        (n, x)
        for n in (6, 17, 132)
        for x in sorted({p + d for p in _PORTS for d in (-1, 0, 1)} & set(range(65536)))
    ),
    *((n, t << 8 | c) for n in (1, 58) for t in _TYPES for c in _CODES),
    *((n, 0) for n in range(256) if n not in (1, 6, 17, 58, 132)),
)


def _services() -> st.SearchStrategy[Modelled]:
    def ported(number: int, make: Callable[..., ServiceSet]) -> st.SearchStrategy[Modelled]:
        ends = st.tuples(st.sampled_from(_PORTS), st.sampled_from(_PORTS)).map(sorted)
        return ends.map(
            lambda r: (
                make(f"{r[0]}-{r[1]}"),
                _model(_SERVICE_POINTS, lambda p: p[0] == number and r[0] <= p[1] <= r[1]),
            )
        )

    def typed(number: int, make: Callable[..., ServiceSet]) -> st.SearchStrategy[Modelled]:
        type_and_code = st.tuples(
            st.sampled_from((None, 0, 3, 8, 255)), st.sampled_from((None, 0, 4, 255))
        ).map(lambda r: (r[0], None if r[0] is None else r[1]))
        return type_and_code.map(
            lambda r: (
                make(*r),
                _model(
                    _SERVICE_POINTS,
                    lambda p: p[0] == number and r[0] in (None, p[1] >> 8) and r[1] in (None, p[1] & 255),
                ),
            )
        )

    whole = st.sampled_from((0, 2, 5, 7, 47, 255, 1, 6, 17, 58, 132)).map(
        lambda n: (protocol(n), _model(_SERVICE_POINTS, lambda p: p[0] == n))
    )
    constants = st.sampled_from(((ANY, _model(_SERVICE_POINTS, lambda _: True)), (NOTHING, frozenset())))
    return st.one_of(
        ported(6, tcp),
        ported(17, udp),
        ported(132, sctp),
        typed(1, icmp),
        typed(58, icmpv6),
        whole,
        constants,
    )


# Addresses: two small blocks in full, and what lies just outside of the networks around them.

_OUTSIDE = (
    "0.0.0.0",
    "9.255.255.255",
    "10.0.0.32",
    "10.0.1.0",
    "10.255.255.255",
    "11.0.0.0",
    "255.255.255.255",
)
_OUTSIDE_V6 = ("::", "2001:db7:ffff::", "2001:db8::20", "2001:db8:ffff::", "2001:db9::", "ffff::")
_ADDRESSES = tuple(
    ip_address(text)
    for text in (
        *(f"10.0.0.{n}" for n in range(32)),
        *(f"2001:db8::{n:x}" for n in range(32)),
        *_OUTSIDE,
        *_OUTSIDE_V6,
    )
)
_NETWORKS = (
    *tuple(
        str(ip_network(f"{base}{n if base == '10.0.0.' else format(n, 'x')}/{top - bits}", strict=False))
        for base, top in (("10.0.0.", 32), ("2001:db8::", 128))
        for bits in range(6)
        for n in range(0, 32, 1 << bits)
    ),
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/24",
    "::/0",
    "2001:db8::/32",
)


@cache
def _network_model(text: str) -> frozenset[int]:
    network = ip_network(text)
    return _model(_ADDRESSES, lambda address: address in network)


def _addresses() -> st.SearchStrategy[Modelled]:
    return st.lists(st.sampled_from(_NETWORKS), max_size=4).map(
        lambda texts: (
            Addresses.of(*texts),
            frozenset().union(*(_network_model(text) for text in texts)),
        )
    )


# Predicates: every label map over three keys, where "q" stands for all values that nobody names.

LABEL_KEYS = ("a", "b b", "in")
LABEL_VALUES = ("", "x", 'say "no"')
LABEL_MAPS: tuple[dict[str, str], ...] = tuple(
    {key: value for key, value in zip(LABEL_KEYS, values, strict=True) if value is not None}
    for values in product((None, *LABEL_VALUES, "q"), repeat=len(LABEL_KEYS))
)


def _predicates() -> st.SearchStrategy[Modelled]:
    keys = st.sampled_from(LABEL_KEYS)
    values = st.sampled_from(LABEL_VALUES)

    def modelled(made: Predicate, holds: Callable[[dict[str, str]], bool]) -> Modelled:
        return made, _model(LABEL_MAPS, holds)

    equal = st.builds(lambda k, v: modelled(L[k] == v, lambda m: m.get(k) == v), keys, values)
    unequal = st.builds(lambda k, v: modelled(L[k] != v, lambda m: m.get(k) != v), keys, values)
    listed = st.builds(
        lambda k, vs: modelled(L[k].in_(*vs), lambda m: m.get(k) in vs), keys, st.lists(values, max_size=3)
    )
    exists = keys.map(lambda k: modelled(L[k].exists(), lambda m: k in m))
    absent = keys.map(lambda k: modelled(~L[k].exists(), lambda m: k not in m))
    return st.one_of(equal, unequal, listed, exists, absent)


REPRESENTATIONS = (
    Representation(
        "intervals",
        EMPTY,
        IntervalSet.of((-3, 119)),
        IntervalSet.parse,
        _LINE,
        lambda s, x: x in s,
        _intervals(),
    ),
    Representation(
        "services", NOTHING, ANY, ServiceSet.parse, _SERVICE_POINTS, lambda s, p: s.contains(*p), _services()
    ),
    Representation(
        "addresses", NOWHERE, EVERYWHERE, Addresses.parse, _ADDRESSES, lambda s, a: a in s, _addresses()
    ),
    Representation(
        "predicates", NONE, ALL, Predicate.parse, LABEL_MAPS, lambda s, m: s.matches(m), _predicates()
    ),
)
