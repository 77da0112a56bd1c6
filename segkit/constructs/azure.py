"""Targets on Azure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from segkit.constructs.segmentation import Segmentation
from segkit.constructs.targets import Member, Target
from segkit.model.workloads import DEFAULT_REALM
from segkit.sets import ALL, Predicate


def _plain(manager: str | Mapping[str, Sequence[str]] | None) -> str | dict[str, list[str]] | None:
    """A network manager as JSON data."""
    if manager is None or isinstance(manager, str):
        return manager
    return {scope: list(ids) for scope, ids in manager.items()}


class AzureNetworkSecurityGroups(Target):
    """The network security groups of one Azure virtual network.

    `vnet_id` is an id or a reference; `resource_group` and `location` say where security groups are made.
    `subnets` names the subnets that get a security group each, with the id and the prefixes of each; left
    out, one security group is put on the interfaces themselves. `network` is the name that interfaces use for
    this network, `vnet_id` by default. `provider` is an aliased provider construct or its address
    ("azurerm.prod"). `stack` and `identities` say which stacks it is in (see `Target`), and `references` how
    its rules name what a target of another stack owns: by "output" or by "address". `encoding` is "groups"
    (one application security group per selector in use) or "cells" (one per combination of selectors).
    `global_tier` is "rules" (all rules in security groups) or "admin" (what the quarantine and global tiers
    decide as security admin rules too, of `network_manager`: its id, or the scope of one to make).
    Further arguments are those of `segkit.platforms.azure.placement.AzurePlacement`.
    """

    def __init__(
        self,
        seg: Segmentation,
        name: str,
        *,
        vnet_id: str,
        resource_group: str,
        location: str,
        subnets: Mapping[str, Mapping[str, Any]] | None = None,
        select: Predicate = ALL,
        realm: str = DEFAULT_REALM,
        stack: Any = None,
        identities: Any = None,
        references: str | None = None,
        provider: Any = None,
        network: str | None = None,
        encoding: str = "groups",
        global_tier: str = "rules",
        network_manager: str | Mapping[str, Sequence[str]] | None = None,
        tags: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self._on_subnets = subnets is not None
        super().__init__(
            seg,
            name,
            platform="azure",
            select=select,
            realm=realm,
            stack=stack,
            identities=identities,
            references=references,
            vnet_id=vnet_id,
            resource_group=resource_group,
            location=location,
            subnets={key: dict(subnet) for key, subnet in subnets.items()} if subnets is not None else None,
            provider=provider if provider is None or isinstance(provider, str) else provider.fqn,
            network=vnet_id if network is None else network,
            # Left out where it is the default, so that the digest of an intent does not hang on it.
            encoding=None if encoding == "groups" else encoding,
            global_tier=None if global_tier == "rules" else global_tier,
            network_manager=_plain(network_manager),
            tags=dict(tags) if tags else None,
            **more,
        )

    def security_group(self, workload: Member, interface: str = "", scope: Any = None) -> str:
        """The network security group that an interface of a workload or workload class must have, as a token:
        for a target without subnets, where it goes beside the groups of `membership`.

        A scale set takes it as `network_security_group_id` of its network interface.
        """
        if self._on_subnets:
            self._seg._problem(
                f"target {self.name!r} has no security group for interfaces: it has subnets",
                self._seg._where(self.name),
                "the security group of its subnet filters an interface",
                "leave network_security_group_id out; or leave subnets out",
            )
            return ""
        name, local = self._local(workload, interface, scope)
        return self._seg._published(self.name, name, interface, local, self._outlet, "security_group") or ""
