"""Workload endpoints grouped by what they have in common, indexed by label for selectors to find."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from segkit.intent.endpoints import Endpoint, endpoints, taken_addresses
from segkit.intent.label_index import LabelIndex, Positions
from segkit.model.model import Model, Target
from segkit.model.policy import Zone
from segkit.sets import Addresses, Predicate

Family = tuple[tuple[tuple[str, str], ...], str, str | None, int]
"""Labels, realm, network and address family: what kin have in common."""


@dataclass(frozen=True, eq=False, slots=True)
class Kin:
    """Endpoints with equal labels in one place: what owns one owns all.

    `known` is every address they have; `unknown` says whether some have none that is known.
    """

    labels: Mapping[str, str]
    realm: str
    family: int
    zone: Zone | None
    owners: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    known: Addresses
    unknown: bool

    def names(self, inside: Addresses | None = None) -> set[str]:
        """The workloads, or those with an address in a set."""
        return {
            e.workload.name
            for e in self.endpoints
            if inside is None or (e.addresses is not None and e.addresses.overlaps(inside))
        }


class Population:
    """Every workload endpoint of a model. `taken` is the addresses of one workload each, by realm; `owned`
    the positions in `kin` of what each target owns."""

    def __init__(self, model: Model) -> None:
        self.taken = taken_addresses(model)
        grouped: dict[Family, list[Endpoint]] = defaultdict(list)
        for endpoint in endpoints(model, self.taken):
            interface = endpoint.interface
            place = endpoint.workload.labels, interface.realm, interface.network, endpoint.family
            grouped[place].append(endpoint)
        families = tuple(grouped)
        maps: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
        labels = [maps.setdefault(family[0], dict(family[0])) for family in families]
        self._index = LabelIndex(labels)
        self._memo: dict[Predicate, tuple[int, ...]] = {}
        self.owned = {t.name: self._owned(t, families) for t in model.targets}
        owners: dict[int, list[str]] = defaultdict(list)
        for name, positions in self.owned.items():
            for position in positions:
                owners[position].append(name)
        zones = self._zones(model)
        self.kin = tuple(
            _kin(family, label_map, zones.get(n), tuple(owners.get(n, ())), grouped[family])
            for n, (family, label_map) in enumerate(zip(families, labels, strict=True))
        )

    def positions(self, predicate: Predicate) -> tuple[int, ...]:
        """The positions in `kin` that a selector matches, in order."""
        if predicate not in self._memo:
            self._memo[predicate] = tuple(self.holding(predicate).tolist())
        return self._memo[predicate]

    def holding(self, predicate: Predicate) -> Positions:
        """The same as an array."""
        return self._index.holding(predicate)

    def matching(self, predicate: Predicate) -> Iterator[Kin]:
        """The kin that a selector matches, in order."""
        return (self.kin[p] for p in self.positions(predicate))

    def _zones(self, model: Model) -> dict[int, Zone]:
        """The zone at each position: the first by name that matches, should two."""
        return {p: zone for zone in reversed(model.zones) for p in self.positions(zone.predicate)}

    def _owned(self, target: Target, families: Sequence[Family]) -> tuple[int, ...]:
        found = self.positions(target.select)
        return tuple(p for p in found if target.reaches(families[p][1], families[p][2]))


def _kin(
    family: Family,
    labels: Mapping[str, str],
    zone: Zone | None,
    owners: tuple[str, ...],
    held: list[Endpoint],
) -> Kin:
    _, realm, _, version = family
    known = Addresses.union(e.addresses for e in held if e.addresses is not None)
    unknown = any(e.addresses is None for e in held)
    return Kin(labels, realm, version, zone, owners, tuple(held), known, unknown)
