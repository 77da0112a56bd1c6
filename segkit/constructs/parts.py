"""Zones, groups, address sets, services, workloads and policies, declared inside a stack.

They are plain objects that record into the model: a rule costs no call to Node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from segkit.constructs.segmentation import Segmentation
from segkit.model.ends import End
from segkit.model.operands import EndLike, ServiceLike
from segkit.model.policy import Rule
from segkit.model.values import AddressLike
from segkit.model.workloads import DEFAULT_REALM, Interface
from segkit.sets import Predicate, ServiceSet

AddressLikes = AddressLike | Iterable[AddressLike]


class Zone:
    """A named part of the estate; see `segkit.model.Segmentation.zone`.

    As an end of a rule it stands for its workloads; `network` stands for its CIDRs.
    """

    def __init__(
        self,
        seg: Segmentation,
        name: str,
        *,
        select: Predicate,
        classification: str = "internal",
        posture: str = "deny",
        mode: str = "enforce",
        networks: AddressLikes = (),
        realm: str = DEFAULT_REALM,
        compliance: Iterable[str] = (),
        moved_from: str | None = None,
    ) -> None:
        self._made = seg._record().zone(
            name,
            select,
            classification,
            posture,
            mode,
            networks,
            realm,
            compliance,
            moved_from,
            where=seg._where(name),
        )

    @property
    def name(self) -> str:
        """Its name."""
        return self._made.name

    @property
    def end(self) -> End:
        """Its workloads, as an end of a rule."""
        return self._made.end

    @property
    def network(self) -> End:
        """Its CIDRs, as an end of a rule."""
        return self._made.network


class Group:
    """A named selector; see `segkit.model.Segmentation.group`."""

    def __init__(
        self, seg: Segmentation, name: str, *, select: Predicate, moved_from: str | None = None
    ) -> None:
        self._made = seg._record().group(name, select, moved_from, where=seg._where(name))

    @property
    def name(self) -> str:
        """Its name."""
        return self._made.name

    @property
    def end(self) -> End:
        """Its workloads, as an end of a rule."""
        return self._made.end


class AddressSet:
    """Named addresses and CIDRs in one realm; see `segkit.model.Segmentation.address_set`."""

    def __init__(
        self, seg: Segmentation, name: str, addresses: AddressLikes, *, realm: str = DEFAULT_REALM
    ) -> None:
        self._made = seg._record().address_set(name, addresses, realm, where=seg._where(name))

    @property
    def name(self) -> str:
        """Its name."""
        return self._made.name

    @property
    def end(self) -> End:
        """Every endpoint at one of the addresses, as an end of a rule."""
        return self._made.end


class Service:
    """A named set of services; see `segkit.model.Segmentation.service`."""

    def __init__(self, seg: Segmentation, name: str, *services: AnyService) -> None:
        self._made = seg._record().service(name, *_pure(services), where=seg._where(name))

    @property
    def name(self) -> str:
        """Its name."""
        return self._made.name

    @property
    def services(self) -> ServiceSet:
        """What it holds."""
        return self._made.services


AnyService = ServiceLike | Service


def _pure(services: Iterable[AnyService]) -> list[ServiceLike]:
    return [one._made if isinstance(one, Service) else one for one in services]


class Workload:
    """A machine, pod or service; see `segkit.model.Segmentation.workload`.

    `network`, `interface_id` and `foreign` may be Terraform references (`vpc.id`); addresses may not, because
    they must be known at synth.
    """

    def __init__(
        self,
        seg: Segmentation,
        name: str,
        labels: Mapping[str, str],
        *,
        addresses: AddressLikes | None = None,
        realm: str = DEFAULT_REALM,
        network: str | None = None,
        interface_id: str | None = None,
        foreign: Iterable[str] | None = None,
        interfaces: Iterable[Interface | Mapping[str, Any]] | None = None,
    ) -> None:
        made = seg._record().workload(
            name,
            labels,
            addresses,
            realm,
            network,
            interface_id,
            foreign,
            interfaces,
            where=seg._where(name),
        )
        self._made = seg._declared(made)

    @property
    def name(self) -> str:
        """Its name."""
        return self._made.name


class WorkloadClass:
    """Any number of workloads with the same labels; see `segkit.model.Segmentation.workload_class`."""

    def __init__(
        self,
        seg: Segmentation,
        name: str,
        labels: Mapping[str, str],
        *,
        networks: AddressLikes | None = None,
        realm: str = DEFAULT_REALM,
        network: str | None = None,
    ) -> None:
        made = seg._record().workload_class(name, labels, networks, realm, network, where=seg._where(name))
        self._made = seg._declared(made)

    @property
    def name(self) -> str:
        """Its name."""
        return self._made.name


class LabelPolicy:
    """A named, owned set of rules in one tier: quarantine, global, zone or application.

    A policy in the tier `zone` names its zone, and every rule of it touches that zone.
    """

    def __init__(
        self, seg: Segmentation, name: str, *, tier: str, owner: str = "", zone: Zone | str | None = None
    ) -> None:
        of_zone = zone.name if isinstance(zone, Zone) else zone
        self._seg = seg
        self._made = seg._record().policy(name, tier, owner, of_zone, where=seg._where(name))

    @property
    def name(self) -> str:
        """Its name."""
        return self._made.name

    def allow(
        self,
        source: EndLike,
        destination: EndLike,
        *services: AnyService,
        id: str | None = None,  # noqa: A002
        unless_source: EndLike | None = None,
        unless_destination: EndLike | None = None,
        purpose: str = "",
        owner: str = "",
        ticket: str = "",
        created: date | str | None = None,
        updated: date | str | None = None,
        expires: date | str | None = None,
    ) -> Rule:
        """Allow flows; the arguments are those of `segkit.model.PolicyBuilder.allow`."""
        self._seg._record()
        return self._made.allow(
            source,
            destination,
            *_pure(services),
            id=id,
            unless_source=unless_source,
            unless_destination=unless_destination,
            purpose=purpose,
            owner=owner,
            ticket=ticket,
            created=created,
            updated=updated,
            expires=expires,
            where=self._seg._where(self._made.name),
        )

    def deny(
        self,
        source: EndLike,
        destination: EndLike,
        *services: AnyService,
        id: str | None = None,  # noqa: A002
        unless_source: EndLike | None = None,
        unless_destination: EndLike | None = None,
        purpose: str = "",
        owner: str = "",
        ticket: str = "",
        created: date | str | None = None,
        updated: date | str | None = None,
        expires: date | str | None = None,
    ) -> Rule:
        """Deny flows; inside a tier deny beats allow."""
        self._seg._record()
        return self._made.deny(
            source,
            destination,
            *_pure(services),
            id=id,
            unless_source=unless_source,
            unless_destination=unless_destination,
            purpose=purpose,
            owner=owner,
            ticket=ticket,
            created=created,
            updated=updated,
            expires=expires,
            where=self._seg._where(self._made.name),
        )
