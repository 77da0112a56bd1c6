"""Workloads, their interfaces, and the label schema they conform to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from segkit.sets import Addresses, KeyDomain

DEFAULT_REALM = "default"


@dataclass(frozen=True, slots=True)
class LabelKey:
    """One key of a label schema. `values` None admits any value."""

    name: str
    values: tuple[str, ...] | None = None
    required: bool = False
    where: str = field(default="", compare=False)


@dataclass(frozen=True)
class LabelSchema:
    """The keys that workloads may carry; a key that is not listed is never present."""

    keys: tuple[LabelKey, ...] = ()

    @cached_property
    def domains(self) -> Mapping[str, KeyDomain]:
        """The schema as the label algebra wants it."""
        return {
            k.name: KeyDomain(None if k.values is None else frozenset(k.values), k.required)
            for k in self.keys
        }


@dataclass(frozen=True, slots=True)
class Interface:
    """Where a workload meets the network.

    `addresses` None means unknown. `network` says where it is placed (a VPC, VNet or segment, by id or name),
    None when that does not matter. `id` is the platform's own id (`eni-…`), which lets a target attach groups
    to it. `foreign` names the groups that others have put on it; None when nobody looked.
    """

    name: str = ""
    addresses: Addresses | None = None
    realm: str = DEFAULT_REALM
    network: str | None = None
    id: str | None = None
    foreign: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """A machine, pod or service with labels, or (`is_class`) a class of workloads with any number of members,
    whose interface then holds the networks its members live in."""

    name: str
    labels: tuple[tuple[str, str], ...]
    interfaces: tuple[Interface, ...] = (Interface(),)
    is_class: bool = False
    where: str = field(default="", compare=False)

    @property
    def label_map(self) -> dict[str, str]:
        """The labels as a mapping."""
        return dict(self.labels)
