"""Google Cloud network firewall policies: one folder, one platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from segkit.errors import Problem
from segkit.intent.engine import Intent
from segkit.model.model import Model, Target
from segkit.platforms.base import Capabilities, Encoding, Lowered, QuotaReport, View
from segkit.platforms.google.capabilities import CAPABILITIES


class Google:
    """The Google Cloud plane: a network firewall policy for each network, and secure tags."""

    name = "google"
    capabilities: Capabilities = CAPABILITIES
    # Policies with their rules inside left google-beta in 6.37; 6.45 has tags in hierarchical ones.
    providers: Mapping[str, Mapping[str, str]] = MappingProxyType(
        {"google": {"source": "hashicorp/google", "version": ">= 6.45, < 8.0"}}
    )

    # An association names the network, as tag keys do: so only one stack of the two need know it.
    identities = frozenset({"google_tags_tag_key", "google_tags_tag_value"})

    def check(self, model: Model, target: Target) -> Iterable[Problem]:
        """What is wrong with a target's placement."""
        from segkit.platforms.google.placement import check

        return check(model, target)

    def lower(self, intent: Intent, targets: Sequence[Target]) -> Sequence[Lowered]:
        """The targets as Terraform."""
        from segkit.platforms.google.lower import lower

        return lower(intent, targets)

    def bridge(
        self,
        targets: Sequence[Target],
        before: Mapping[str, Mapping[str, Any]],
        after: Mapping[str, Mapping[str, Any]],
    ) -> Mapping[str, Mapping[str, Any]]:
        """What is deployed and what will be, at once."""
        from segkit.platforms.google.joins import JOINS, refused
        from segkit.platforms.lowering.crowding import both

        return both(targets, before, after, JOINS, refused)

    def asleep(self, target: Target, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """Groups and memberships, with nothing in force."""
        from segkit.platforms.google.joins import asleep

        return asleep(target, fragment)

    def quotas(
        self,
        intent: Intent,
        targets: Sequence[Target],
        asked: Mapping[str, Encoding],
        only: str | None = None,
    ) -> Sequence[QuotaReport]:
        """Quota use, and what other encodings would cost."""
        from segkit.platforms.google.lower import quotas

        return quotas(intent, targets, asked, only)

    def view(self, model: Model, targets: Sequence[Target], document: Mapping[str, Any]) -> View:
        """The reading model over a stack."""
        from segkit.platforms.google.view import GoogleView

        return GoogleView(model, targets, document)

    def membership_local(self, target: str, workload: str, interface: str = "") -> str:
        """The Terraform local that publishes an interface's tags."""
        from segkit.platforms.lowering.names import membership_local

        return membership_local(target, workload, interface)


PLATFORM = Google()
