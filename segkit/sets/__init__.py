"""The exact set algebra: services, addresses and label predicates.

Every representation keeps one contract: empty, union, intersection, difference, subset, equality, hash, one
canonical form, and a text that reads back to the same set. Names are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segkit.sets.addresses import EVERYWHERE, INTERNET, NOWHERE, AddressError, Addresses
    from segkit.sets.intervals import EMPTY, IntervalSet
    from segkit.sets.labels import ALL, NONE, Domains, Key, KeyDomain, L, LabelParseError, Predicate
    from segkit.sets.services import (
        ANY,
        NOTHING,
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

_HOME = {
    "segkit.sets.addresses": "EVERYWHERE INTERNET NOWHERE AddressError Addresses",
    "segkit.sets.intervals": "EMPTY IntervalSet",
    "segkit.sets.labels": "ALL NONE Domains Key KeyDomain L LabelParseError Predicate",
    "segkit.sets.services": "ANY NOTHING Part ServiceParseError ServiceSet icmp icmpv6 protocol sctp tcp udp",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "ALL",
    "ANY",
    "EMPTY",
    "EVERYWHERE",
    "INTERNET",
    "NONE",
    "NOTHING",
    "NOWHERE",
    "AddressError",
    "Addresses",
    "Domains",
    "IntervalSet",
    "Key",
    "KeyDomain",
    "L",
    "LabelParseError",
    "Part",
    "Predicate",
    "ServiceParseError",
    "ServiceSet",
    "icmp",
    "icmpv6",
    "protocol",
    "sctp",
    "tcp",
    "udp",
]


def __getattr__(name: str) -> object:
    home = _MODULE_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value
