"""The ends of a rule: which endpoints a group, a zone, a selector or an address set stands for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from segkit.sets import ALL, EVERYWHERE, INTERNET, NONE, NOWHERE, Addresses, Predicate

EndKind = Literal["group", "zone", "network", "addresses", "select", "builtin"]


@dataclass(frozen=True, slots=True)
class End:
    """A set of endpoints: workloads that match `predicate` at an address of `inside`, and everything that is
    no workload at an address of `outside`.

    A workload whose address is unknown is inside a set only where that set holds its whole address family.
    `realm` limits the end to one address space; None means every realm. `kind` and `name` are how it was
    written.

    >>> End.builtin("outside").predicate == NONE
    True
    """

    kind: EndKind
    name: str
    predicate: Predicate
    inside: Addresses
    outside: Addresses
    realm: str | None = None

    def __hash__(self) -> int:
        # Ends are looked up by the ten thousand, and hardly two of them have one name.
        return hash((self.kind, self.name))

    @staticmethod
    @lru_cache(maxsize=16384)
    def select(predicate: Predicate) -> End:
        """Every workload that matches a selector; one end for each, however often it is written."""
        return End("select", str(predicate), predicate, EVERYWHERE, NOWHERE)

    @staticmethod
    def group(name: str, predicate: Predicate) -> End:
        """The workloads of a named group."""
        return End("group", name, predicate, EVERYWHERE, NOWHERE)

    @staticmethod
    def zone(name: str, predicate: Predicate) -> End:
        """The workloads of a zone."""
        return End("zone", name, predicate, EVERYWHERE, NOWHERE)

    @staticmethod
    def network(zone: str, networks: Addresses, realm: str) -> End:
        """Every endpoint whose address is in the networks of a zone."""
        return End("network", zone, ALL, networks, networks, realm)

    @staticmethod
    def addresses(name: str, addresses: Addresses, realm: str) -> End:
        """Every endpoint of `realm` whose address is in a set, managed workloads included."""
        return End("addresses", name, ALL, addresses, addresses, realm)

    @staticmethod
    def builtin(name: str) -> End:
        """`anywhere`, `internet` or `outside`; raises KeyError for any other name."""
        predicate, inside, outside = _BUILTINS[name]
        return End("builtin", name, predicate, inside, outside)

    @property
    def text(self) -> str:
        """How the end reads in a report: `web`, `zone cde`, `network of cde`, `app == "x"`, `internet`."""
        prefix = {"zone": "zone ", "network": "network of "}.get(self.kind, "")
        return prefix + self.name

    @property
    def key(self) -> str:
        """A text that names the end uniquely, whatever it holds."""
        return f"{self.kind}:{self.name}"


_BUILTINS = {
    "anywhere": (ALL, EVERYWHERE, EVERYWHERE),
    "internet": (ALL, INTERNET, INTERNET),
    "outside": (NONE, NOWHERE, EVERYWHERE),
}

anywhere = End.builtin("anywhere")
internet = End.builtin("internet")
outside = End.builtin("outside")
