"""AWS security groups: one folder, one platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from segkit.errors import Problem
from segkit.intent.engine import Intent
from segkit.model.model import Model, Target
from segkit.platforms.aws.capabilities import CAPABILITIES
from segkit.platforms.base import Capabilities, Encoding, Lowered, QuotaReport, View


class Aws:
    """The AWS plane: security groups and their rules, prefix lists, attachments, flow logs."""

    name = "aws"
    capabilities: Capabilities = CAPABILITIES
    providers: Mapping[str, Mapping[str, str]] = MappingProxyType(
        {"aws": {"source": "hashicorp/aws", "version": ">= 5.60, < 7.0"}}
    )

    # A flow log names the VPC, as a group does: so only one stack of the two need know it.
    identities = frozenset({"aws_security_group", "aws_flow_log"})

    def check(self, model: Model, target: Target) -> Iterable[Problem]:
        """What is wrong with a target's placement."""
        from segkit.platforms.aws.placement import check

        return check(model, target)

    def lower(self, intent: Intent, targets: Sequence[Target]) -> Sequence[Lowered]:
        """The targets as Terraform."""
        from segkit.platforms.aws.lower import lower

        return lower(intent, targets)

    def bridge(
        self,
        targets: Sequence[Target],
        before: Mapping[str, Mapping[str, Any]],
        after: Mapping[str, Mapping[str, Any]],
    ) -> Mapping[str, Mapping[str, Any]]:
        """What is deployed and what will be, at once."""
        from segkit.platforms.aws.joins import JOINS, refused
        from segkit.platforms.lowering.crowding import both

        return both(targets, before, after, JOINS, refused)

    def asleep(self, target: Target, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """Groups and memberships, with nothing in force."""
        from segkit.platforms.aws.joins import asleep

        return asleep(target, fragment)

    def quotas(
        self,
        intent: Intent,
        targets: Sequence[Target],
        asked: Mapping[str, Encoding],
        only: str | None = None,
    ) -> Sequence[QuotaReport]:
        """Quota use, and what other encodings would cost."""
        from segkit.platforms.aws.lower import quotas

        return quotas(intent, targets, asked, only)

    def view(self, model: Model, targets: Sequence[Target], document: Mapping[str, Any]) -> View:
        """The reading model over a stack."""
        from segkit.platforms.aws.view import AwsView

        return AwsView(model, targets, document)

    def membership_local(self, target: str, workload: str, interface: str = "") -> str:
        """The Terraform local that publishes an interface's group ids."""
        from segkit.platforms.lowering.names import membership_local

        return membership_local(target, workload, interface)


PLATFORM = Aws()
membership_local = PLATFORM.membership_local
