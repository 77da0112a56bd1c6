"""Targets on Google Cloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from segkit.constructs.segmentation import Segmentation
from segkit.constructs.targets import Member, Target
from segkit.model.workloads import DEFAULT_REALM
from segkit.sets import ALL, Predicate


class GoogleNetworkFirewall(Target):
    """The network firewall policy of one VPC network, with a secure tag for each group.

    `network_id` is `projects/P/global/networks/N` or a reference (`vpc.id`). `project` is that of the
    network; the policy is made there, and the tag keys in `tags_parent`: `projects/NUMBER` or
    `organizations/ID`, by default the project. `network` is the name that interfaces use for this network,
    `network_id` by default. `provider` is an aliased provider construct or its address ("google.prod").
    `stack` and `identities` say which stacks it is in (see `Target`), and `references` how its rules name
    what a target of another stack owns: by "output" or by "address". `peered_with` lists targets, or names of
    targets, whose networks are peered with this one. `order` is the network's enforcement order, where this
    app does not make the network. `encoding` is "groups" (one tag key per selector in use), "cells" (one per
    combination of selectors), or blocks of group names. `egress` says how egress to workloads is written:
    "exact", "ranges" or "open". `tags` is "secure", or for VPC firewall rules "network" (network tags) or
    "service-accounts" (named by `accounts`). `global_tier` "admin" repeats what the tiers above decide in a
    hierarchical policy at `global_at`. `membership` "shared" says that others protect these machines too.
    Further arguments are those of
    `segkit.platforms.google.placement.GooglePlacement`.
    """

    def __init__(
        self,
        seg: Segmentation,
        name: str,
        *,
        network_id: str,
        project: str | None = None,
        tags_parent: str | None = None,
        select: Predicate = ALL,
        realm: str = DEFAULT_REALM,
        stack: Any = None,
        identities: Any = None,
        references: str | None = None,
        provider: Any = None,
        network: str | None = None,
        peered_with: Iterable[Target | str] = (),
        order: str | None = None,
        encoding: str | Sequence[Sequence[str]] = "groups",
        egress: str = "exact",
        tags: str = "secure",
        **more: Any,
    ) -> None:
        self._tags = tags
        peers = sorted(peer if isinstance(peer, str) else peer.name for peer in peered_with)
        super().__init__(
            seg,
            name,
            platform="google",
            select=select,
            realm=realm,
            stack=stack,
            identities=identities,
            references=references,
            network_id=network_id,
            project=project,
            tags_parent=tags_parent,
            provider=provider if provider is None or isinstance(provider, str) else provider.fqn,
            network=network_id if network is None else network,
            peered_with=peers or None,
            order=order,
            # Left out where it is the default, so that the digest of an intent does not hang on it.
            encoding=None if encoding == "groups" else encoding,
            egress=None if egress == "exact" else egress,
            tags=None if tags == "secure" else tags,
            **more,
        )

    def resource_manager_tags(
        self, workload: Member, interface: str = "", extra: Mapping[str, str] | None = None, scope: Any = None
    ) -> Mapping[str, str]:
        """The tags that a machine of a workload or workload class must carry, from key to value, as a token
        for `params.resource_manager_tags` of an instance or `resource_manager_tags` of a template.

        A machine takes them when it is made; one that exists already has its tags bound by its full resource
        name, the interface's id. `extra` are further tags. `scope` is as for `membership`, which gives the
        values alone.
        """
        name, local = self._local(workload, interface, scope)
        if self._tags != "secure":
            tags = self._tags == "network"
            self._seg._problem(
                f"target {self.name!r} has no resource manager tags: tags is {self._tags!r}",
                self._seg._where(self.name),
                f"a machine takes its {'network tags' if tags else 'account'} as an argument",
                "pass membership(…) as tags" if tags else "pass service_account(…) as email",
            )
            return {}
        library = self._seg._stage.library
        values = self._seg._membership(self.name, name, interface, local, self._outlet)
        reference = self._seg._published(self.name, name, interface, local, self._outlet, "keys")
        if reference is None:
            return {}
        tags = library.Fn.zipmap(library.Token.as_list(reference), values)
        made: Mapping[str, str] = library.Token.as_string_map(
            library.Fn.merge([tags, dict(extra)]) if extra else tags
        )
        return made

    def service_account(self, workload: Member, interface: str = "", scope: Any = None) -> str:
        """The email of the service account that the machine of a workload or workload class must have, as a
        token for `service_account` of an instance or template: known once all its rules are there. For
        targets with `tags="service-accounts"`; `scope` is as for `membership`.
        """
        if self._tags != "service-accounts":
            self._seg._problem(
                f"target {self.name!r} gives machines no service account: tags is {self._tags!r}",
                self._seg._where(self.name),
                "its rules name machines by tags",
                'pass tags="service-accounts" and accounts= to the target',
            )
            return ""
        library = self._seg._stage.library
        held = self.membership(workload, interface, scope=scope)
        email: str = library.Token.as_string(library.Fn.element(held, 0))
        return email
