"""Targets on AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from segkit.constructs.segmentation import Segmentation
from segkit.constructs.targets import Target
from segkit.model.workloads import DEFAULT_REALM
from segkit.sets import ALL, Predicate


class AwsSecurityGroups(Target):
    """The security groups of one AWS VPC.

    `vpc_id` is an id or a reference. `region` and `account` say where it is; `provider` is an aliased
    provider construct or its address ("aws.prod"). `network` is the name that interfaces use for
    this VPC, `vpc_id` by default. `stack` and `identities` say which stacks it is in (see `Target`), and
    `references` how its rules name what a target of another stack owns: by "output" or by "address".
    `peered_with` lists targets, or names of targets, whose VPCs are peered with this one. `encoding` is
    "groups" (one security group per selector in use), "cells" (one per combination of selectors), or blocks
    of group names or parts, as `segkit quota` prints them. Further arguments are those of
    `segkit.platforms.aws.placement.AwsPlacement`.
    """

    def __init__(
        self,
        seg: Segmentation,
        name: str,
        *,
        vpc_id: str,
        region: str,
        select: Predicate = ALL,
        realm: str = DEFAULT_REALM,
        stack: Any = None,
        identities: Any = None,
        references: str | None = None,
        account: str | None = None,
        provider: Any = None,
        network: str | None = None,
        peered_with: Iterable[Target | str] = (),
        encoding: str | Sequence[Sequence[str]] | Mapping[str, Any] = "groups",
        tags: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        peers = sorted(peer if isinstance(peer, str) else peer.name for peer in peered_with)
        super().__init__(
            seg,
            name,
            platform="aws",
            select=select,
            realm=realm,
            stack=stack,
            identities=identities,
            references=references,
            vpc_id=vpc_id,
            region=region,
            account=account,
            provider=provider if provider is None or isinstance(provider, str) else provider.fqn,
            network=vpc_id if network is None else network,
            peered_with=peers or None,
            # Left out where it is the default, so that the digest of an intent does not hang on it.
            encoding=None if encoding == "groups" else encoding,
            tags=dict(tags) if tags else None,
            **more,
        )
