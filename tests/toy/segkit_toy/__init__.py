"""Doors: a platform as small as one can be. Every interface has one, which opens to addresses only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from segkit.artifacts.bridge import Joins
from segkit.errors import Problem
from segkit.intent.engine import Intent
from segkit.model.model import Model, Target
from segkit.platforms.arguments import check_known
from segkit.platforms.base import Capabilities, Encoding, Lowered, QuotaReport, View
from segkit.platforms.lowering.crowding import both
from segkit.platforms.lowering.names import membership_local


class Doors:
    """The plane; see `segkit.platforms.base.Platform`."""

    name = "doors"
    capabilities = Capabilities(
        deny=False,
        priorities=False,
        icmp_types=True,
        dynamic_membership=False,
        ipv6=True,
        logging=False,
        stateless_replies=False,
        cross_boundary_reference="none: far ends are addresses",
        residuals={
            "snapshot": "rules hold the addresses of today's workloads",
            "interface-addresses": "a rule for some addresses of an interface stays closed there",
            "member-networks": "the networks of a class are treated as a whole",
        },
    )
    providers: Mapping[str, Mapping[str, str]] = {"toy": {"source": "example/toy", "version": ">= 1.0"}}
    identities = frozenset[str]()

    def check(self, model: Model, target: Target) -> Iterable[Problem]:
        """A target of this plane takes no arguments."""
        return check_known(target, ())

    def lower(self, intent: Intent, targets: Sequence[Target]) -> Sequence[Lowered]:
        """One resource for each interface."""
        from .lower import lower

        return lower(intent, targets)

    def bridge(
        self,
        targets: Sequence[Target],
        before: Mapping[str, Mapping[str, Any]],
        after: Mapping[str, Mapping[str, Any]],
    ) -> Mapping[str, Mapping[str, Any]]:
        """Both fragments of each, one beside the other."""
        return both(targets, before, after, Joins(), lambda *_: ())

    def asleep(self, target: Target, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """Doors only open."""
        return fragment

    def quotas(
        self,
        intent: Intent,
        targets: Sequence[Target],
        asked: Mapping[str, Encoding],
        only: str | None = None,
    ) -> Sequence[QuotaReport]:
        """There are none."""
        return ()

    def view(self, model: Model, targets: Sequence[Target], document: Mapping[str, Any]) -> View:
        """Doors as the document has them."""
        from .view import DoorsView

        return DoorsView(model, targets, document)

    def membership_local(self, target: str, workload: str, interface: str = "") -> str:
        """Named as on every platform; doors need no membership, so none is published."""
        return membership_local(target, workload, interface)


PLATFORM = Doors()
