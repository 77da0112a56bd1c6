"""Azure network security groups: one folder, one platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from segkit.errors import Problem
from segkit.intent.engine import Intent
from segkit.model.model import Model, Target
from segkit.platforms.azure.capabilities import CAPABILITIES
from segkit.platforms.base import Capabilities, Encoding, Lowered, QuotaReport, View


class Azure:
    """The Azure plane: network and application security groups, their associations, flow logs."""

    name = "azure"
    capabilities: Capabilities = CAPABILITIES
    providers: Mapping[str, Mapping[str, str]] = MappingProxyType(
        {"azurerm": {"source": "hashicorp/azurerm", "version": ">= 4.0, < 6.0"}}
    )
    identities = frozenset({"azurerm_application_security_group"})

    def check(self, model: Model, target: Target) -> Iterable[Problem]:
        """What is wrong with a target's placement."""
        from segkit.platforms.azure.placement import check

        return check(model, target)

    def lower(self, intent: Intent, targets: Sequence[Target]) -> Sequence[Lowered]:
        """The targets as Terraform."""
        from segkit.platforms.azure.lower import lower

        return lower(intent, targets)

    def bridge(
        self,
        targets: Sequence[Target],
        before: Mapping[str, Mapping[str, Any]],
        after: Mapping[str, Mapping[str, Any]],
    ) -> Mapping[str, Mapping[str, Any]]:
        """What is deployed and what will be, at once."""
        from segkit.platforms.azure.joins import JOINS, crowding, refused
        from segkit.platforms.lowering.crowding import both

        return both(targets, before, after, JOINS, refused, crowding)

    def asleep(self, target: Target, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """Groups and memberships, with nothing in force."""
        from segkit.platforms.azure.joins import asleep

        return asleep(target, fragment)

    def quotas(
        self,
        intent: Intent,
        targets: Sequence[Target],
        asked: Mapping[str, Encoding],
        only: str | None = None,
    ) -> Sequence[QuotaReport]:
        """Quota use, and what the other encoding would cost."""
        from segkit.platforms.azure.lower import quotas

        return quotas(intent, targets, asked, only)

    def view(self, model: Model, targets: Sequence[Target], document: Mapping[str, Any]) -> View:
        """The reading model over a stack."""
        from segkit.platforms.azure.view import AzureView

        return AzureView(model, targets, document)

    def membership_local(self, target: str, workload: str, interface: str = "") -> str:
        """The Terraform local that publishes an interface's group ids."""
        from segkit.platforms.lowering.names import membership_local

        return membership_local(target, workload, interface)


PLATFORM = Azure()
