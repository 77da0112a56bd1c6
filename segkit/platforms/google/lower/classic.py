"""A plan as VPC firewall rules: one resource a rule, network tags for groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from segkit.artifacts import literal
from segkit.errors import Problem
from segkit.platforms.google.lower.emit import Emitter, describe
from segkit.platforms.google.lower.names import name
from segkit.platforms.google.lower.plan import Line, enforced
from segkit.platforms.google.lower.services import said
from segkit.platforms.lowering.encoding import Carried, GroupId
from segkit.platforms.lowering.names import digest, resource_name
from segkit.sets import ANY, EVERYWHERE, Addresses

FIREWALL = "google_compute_firewall"
OPENS, CLOSES = 100, 101
"""Priorities: before those that people give (1000 unless they say otherwise); nothing comes between them."""


class ClassicEmitter(Emitter):
    """Writes one target as VPC firewall rules, with network tags."""

    targets, sources = "target_tags", "source_tags"

    def _named(self, groups: Sequence[GroupId]) -> None:
        self._marks = {self._ready(group): self._tag(group) for group in groups}

    def _each(self, groups: Sequence[GroupId]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
        """The targets of each rule that is written for some groups, and what tells it from the others."""
        yield (), self._held(groups)

    def _held(self, groups: Sequence[GroupId]) -> list[str]:
        """What the machines of some groups hold."""
        return sorted(map(self._tag, groups))

    def _rules(self) -> None:
        needed: dict[str, list[str]] = defaultdict(list)
        lines = sorted(self.plan.lines[self.target.name], key=lambda one: one.now)
        for line in lines:
            sources = self._held(line.sources)
            if line.sources and not sources:
                continue  # without sources it would speak of everybody
            for part, targets in self._each(line.targets):
                key = self._line(line, part, targets, sources)
                for mark in targets:
                    needed[mark].append(f"{FIREWALL}.{key}.id")
        for part, targets in self._each((enforced(self.target.name),)):
            for way, family in ((way, family) for way in ("ingress", "egress") for family in (4, 6)):
                key = self._closed(way, family, part, targets)
                for mark in targets:
                    needed[mark].append(f"{FIREWALL}.{key}.id")
        for ready, mark in self._marks.items():
            # Known once its rules are: a machine takes it only when all of them are there.
            called = ", ".join((f'"{mark}"', *needed[mark]))
            self.out.local(ready, f"${{[{called}][0]}}")

    def _closed(self, way: str, family: int, part: tuple[str, ...], targets: Sequence[str]) -> str:
        key = resource_name(self.target.name, "closed", way, f"v{family}", *part)
        body = self._body(way, EVERYWHERE.family(family), targets)
        body |= {
            "name": name(self.model.name, self.target.name, "closed", way, f"v{family}", *part),
            "priority": CLOSES,
            "deny": said(ANY, word="protocol"),
            "description": "what no rule opens is closed",
            **self._logged(self.here.logging),
        }
        self._resource(FIREWALL, key, key, body)
        return key

    def _line(self, line: Line, part: tuple[str, ...], targets: Sequence[str], sources: Sequence[str]) -> str:
        body = self._body(line.direction, line.ranges, targets)
        if sources:
            body[self.sources] = list(sources)
        told = digest("|".join((line.identity, *part)), 8)
        key = old = resource_name(self.target.name, line.origin, line.direction, told)
        if line.now != line.identity:
            now = digest("|".join((line.now, *part)), 8)
            key = resource_name(self.target.name, line.origin, line.direction, now)
        body |= {
            "name": name(self.model.name, self.target.name, line.origin, line.direction, told),
            "priority": OPENS,
            "allow": said(line.services, line.family, "protocol"),
            "description": literal(describe(line)),
            **self._logged(self.here.logging or line.origin == "visibility mode"),
        }
        self._resource(FIREWALL, key, old, body)
        return key

    def _body(self, way: str, ranges: Addresses, targets: Sequence[str]) -> dict[str, Any]:
        side = "source_ranges" if way == "ingress" else "destination_ranges"
        return {
            "network": self.here.network_id,
            "direction": way.upper(),
            self.targets: list(targets),
            # Machines have to let go of what it names before a rule goes, not after.
            "lifecycle": {"create_before_destroy": True},
            **({side: list(ranges.texts())} if ranges else {}),
            **self._project(),
        }

    def _logged(self, wanted: bool) -> dict[str, Any]:
        return {"log_config": {"metadata": "INCLUDE_ALL_METADATA"}} if wanted else {}

    def _tag(self, group: GroupId) -> str:
        """The network tag of a group: unique among all of a project's, so that no other network's is it."""
        found = self._called.get(group)
        if found is None:
            made = name(self.model.name, self.target.name, *self.before.words(group))
            found = self._called[group] = self._kept(group).value or made
        return found

    def _member(self, carried: Carried) -> None:
        groups = sorted(carried.groups, key=lambda one: (not one.pieces, self.names.order(one)))
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
