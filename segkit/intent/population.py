"""Workload endpoints grouped by what they have in common, indexed by label for selectors to find."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from segkit.intent.endpoints import Endpoint, endpoints
from segkit.model.model import Model
from segkit.model.policy import Zone
from segkit.sets import NONE, Addresses, Predicate

Labels = tuple[tuple[str, str], ...]


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
    """Every workload endpoint of a model."""

    def __init__(self, model: Model) -> None:
        self.kin = tuple(_families(model))
        self._by_label: dict[tuple[str, str], set[int]] = defaultdict(set)
        for position, kin in enumerate(self.kin):
            for label in kin.labels.items():
                self._by_label[label].add(position)
        self._memo: dict[Predicate, tuple[int, ...]] = {}

    def positions(self, predicate: Predicate) -> tuple[int, ...]:
        """The positions in `kin` that a selector matches, in order."""
        if predicate not in self._memo:
            near = self._candidates(predicate)
            self._memo[predicate] = tuple(p for p in near if predicate.matches(self.kin[p].labels))
        return self._memo[predicate]

    def matching(self, predicate: Predicate) -> Iterator[Kin]:
        """The kin that a selector matches, in order."""
        return (self.kin[p] for p in self.positions(predicate))

    def _candidates(self, predicate: Predicate) -> Iterator[int] | list[int]:
        """A selector that needs one of some values of a key can only match endpoints with such a label."""
        if predicate.key and predicate.present is NONE and predicate.missing is NONE:
            wanted = (self._by_label.get((predicate.key, value), set()) for value, _ in predicate.arms)
            return sorted(set().union(*wanted))
        return iter(range(len(self.kin)))


def _families(model: Model) -> Iterator[Kin]:
    grouped: dict[tuple[Labels, str, str | None, int], list[Endpoint]] = defaultdict(list)
    for endpoint in endpoints(model):
        interface = endpoint.interface
        grouped[endpoint.workload.labels, interface.realm, interface.network, endpoint.family].append(
            endpoint
        )
    for (labels, realm, network, family), members in grouped.items():
        label_map = dict(labels)
        owners = tuple(t.name for t in model.targets if t.owns(label_map, realm, network))
        known = Addresses.union(e.addresses for e in members if e.addresses is not None)
        unknown = any(e.addresses is None for e in members)
        zone = model.zone_of(label_map)
        yield Kin(label_map, realm, family, zone, owners, tuple(members), known, unknown)
