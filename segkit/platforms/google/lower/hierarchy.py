"""A plan as a network firewall policy, and what the tiers above decide as a hierarchical one too."""

from __future__ import annotations

from itertools import starmap
from typing import Any

from segkit.artifacts import reference
from segkit.platforms.google.limits import text
from segkit.platforms.google.lower.above import ADMIN
from segkit.platforms.google.lower.names import name
from segkit.platforms.google.lower.plan import Line
from segkit.platforms.google.lower.policy import NETWORK, REFERENCE, PolicyEmitter
from segkit.platforms.google.lower.priorities import in_bands
from segkit.platforms.lowering.encoding import GroupId

HIERARCHY = "google_compute_firewall_policy_with_rules"
ATTACHED = "google_compute_firewall_policy_association"
ADMIN_KEY = "admin"
"""The last word of the name of the only key that machines of a target have from a hierarchical policy."""

_URL = "https://www.googleapis.com/compute/v1"


class HierarchyEmitter(PolicyEmitter):
    """Writes one target as two policies: that of its network, which is whole, and one above it."""

    def _scope(self, group: GroupId) -> tuple[str, dict[str, str]]:
        if group.shard != ADMIN:
            return super()._scope(group)
        assert self.here.ancestors, "checked with the placement"
        return self.here.ancestors[0], {"organization": "auto"}

    def _short(self, group: GroupId) -> str:
        return self._whole_name(ADMIN_KEY) if group.shard == ADMIN else super()._short(group)

    def _whole_name(self, *more: str) -> str:
        """A name that is one of a whole organization's, in which projects may have targets of one name."""
        project = [] if "$" in self.here.project else [self.here.project]
        return name(self.model.name, *filter(None, project), self.target.name, *more)

    def _holding(self, group: GroupId) -> str:
        return f"{ATTACHED}.{self.own}" if group.shard == ADMIN else super()._holding(group)

    def _rules(self) -> None:
        super()._rules()
        lines = in_bands(self.plan.above[self.target.name])
        if not lines:
            return
        called = self._whole_name()
        policy = {
            "parent": self.here.global_at,
            "short_name": called,
            "description": text(f"segkit {self.model.name}: the tiers above target {self.target.name}"),
            "rule": [*starmap(self._above, lines)],
        }
        self._resource(HIERARCHY, self.own, self.own, policy)
        link = {
            "name": called,
            "attachment_target": self.here.global_at,
            "firewall_policy": reference(f"{HIERARCHY}.{self.own}", "id"),
        }
        self._resource(ATTACHED, self.own, self.own, link)

    def _above(self, priority: int, line: Line) -> dict[str, Any]:
        """A rule for machines of our network only, whoever else may hold a tag."""
        return {**self._rule(priority, line), "target_resources": [self._network()]}

    def _network(self) -> str:
        raw = self.here.network_id
        if found := REFERENCE.fullmatch(raw):
            return reference(found[1], "self_link")
        if found := NETWORK.fullmatch(raw):
            return f"{_URL}/projects/{found[1]}/global/networks/{found[2]}"
        return raw
