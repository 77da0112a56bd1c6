"""A plan as VPC firewall rules: one resource a rule, network tags for groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from segkit.artifacts import literal
from segkit.errors import Problem
from segkit.platforms.google.lower.emit import Emitter, describe
from segkit.platforms.google.lower.names import name
from segkit.platforms.google.lower.plan import Line, enforced
from segkit.platforms.google.lower.services import said
from segkit.platforms.lowering.encoding import Carried, GroupId
from segkit.platforms.lowering.names import digest, resource_name
from segkit.sets import ANY, EVERYWHERE, Addresses, ServiceSet

FIREWALL = "google_compute_firewall"
OPENS, CLOSES = 100, 101
"""Priorities: before those that people give (1000 unless they say otherwise); nothing comes between them."""


class ClassicEmitter(Emitter):
    """Writes one target as VPC firewall rules, with network tags."""

    def _named(self, groups: Sequence[GroupId]) -> None:
        self._groups = groups

    def _rules(self) -> None:
        needed: dict[GroupId, list[str]] = defaultdict(list)
        for line in sorted(self.plan.lines[self.target.name], key=lambda one: one.now):
            key = self._line(line)
            for group in line.targets:
                needed[group].append(f"{FIREWALL}.{key}.id")
        for way in ("ingress", "egress"):
            for family in (4, 6):
                key = resource_name(self.target.name, "closed", way, f"v{family}")
                body = self._body(way, EVERYWHERE.family(family), (enforced(self.target.name),))
                body |= {
                    "name": name(self.model.name, self.target.name, "closed", way, f"v{family}"),
                    "priority": CLOSES,
                    "deny": self._services(ANY, None),
                    "description": "what no rule opens is closed",
                    **self._logged(self.here.logging),
                }
                self._resource(FIREWALL, key, key, body)
                needed[enforced(self.target.name)].append(f"{FIREWALL}.{key}.id")
        for group in self._groups:
            # Known once its rules are: a machine takes a tag only when all of them are there.
            called = ", ".join((f'"{self._tag(group)}"', *needed[group]))
            self.out.local(self._ready(group), f"${{[{called}][0]}}")

    def _line(self, line: Line) -> str:
        body = self._body(line.direction, line.ranges, line.targets)
        if line.sources:
            body["source_tags"] = sorted(map(self._tag, line.sources))
        told = digest(line.identity, 8)
        key, old = (
            resource_name(self.target.name, line.origin, line.direction, digest(identity, 8))
            for identity in (line.now, line.identity)
        )
        body |= {
            "name": name(self.model.name, self.target.name, line.origin, line.direction, told),
            "priority": OPENS,
            "allow": self._services(line.services, line.family),
            "description": literal(describe(line)),
            **self._logged(self.here.logging or line.origin == "visibility mode"),
        }
        self._resource(FIREWALL, key, old, body)
        return key

    def _body(self, way: str, ranges: Addresses, targets: Sequence[GroupId]) -> dict[str, Any]:
        side = "source_ranges" if way == "ingress" else "destination_ranges"
        return {
            "network": self.here.network_id,
            "direction": way.upper(),
            "target_tags": sorted(map(self._tag, targets)),
            # Machines have to let go of their tags before a rule goes, not after.
            "lifecycle": {"create_before_destroy": True},
            **({side: list(ranges.texts())} if ranges else {}),
            **self._project(),
        }

    def _services(self, services: ServiceSet, family: int | None) -> list[dict[str, Any]]:
        return [{"protocol": one.pop("ip_protocol"), **one} for one in said(services, family)]

    def _logged(self, wanted: bool) -> dict[str, Any]:
        return {"log_config": {"metadata": "INCLUDE_ALL_METADATA"}} if wanted else {}

    def _tag(self, group: GroupId) -> str:
        """The network tag of a group: unique among all of a project's, so that no other network's is it."""
        return name(self.model.name, self.target.name, *self.before.words(group))

    def _member(self, carried: Carried) -> None:
        groups = [*sorted(carried.groups, key=self.names.order), enforced(self.target.name)]
        if carried.interface.id is None:
            self._publish(carried, groups, {})
            return
        self.problems.append(
            Problem(
                f"network tags cannot be given to workload {carried.workload.name!r} by its interface id",
                where=carried.workload.where,
                why="they are an argument of the machine (google_compute_instance, tags)",
                fix="leave the id out and pass membership(…) as tags of the machine, or use secure tags",
            )
        )
