"""A plan as a network firewall policy: tags, one policy with all its rules, its association, bindings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import starmap
from typing import Any

from segkit.artifacts import literal, reference
from segkit.errors import Problem, part
from segkit.platforms.google.limits import text
from segkit.platforms.google.lower.emit import Emitter, describe
from segkit.platforms.google.lower.namer import MEMBER, place
from segkit.platforms.google.lower.names import name
from segkit.platforms.google.lower.plan import Line, enforced
from segkit.platforms.google.lower.priorities import FIRST_DENY, prioritised
from segkit.platforms.google.lower.services import said
from segkit.platforms.lowering.encoding import Carried, GroupId
from segkit.platforms.lowering.names import readable, resource_name
from segkit.sets import ANY, EVERYWHERE

POLICY = "google_compute_network_firewall_policy_with_rules"
ASSOCIATION = "google_compute_network_firewall_policy_association"
KEY, VALUE, BINDING = "google_tags_tag_key", "google_tags_tag_value", "google_tags_location_tag_binding"

# Numbers, not names: the provider compares the parent of a binding with what the API answers, as it stands.
_NUMBER = r"(?:[0-9]+|[^/]*\$\{[^}]+\}[^/]*)"
_ZONE = re.compile(rf"//compute\.googleapis\.com/projects/{_NUMBER}/zones/([^/]+)/instances/{_NUMBER}")
NETWORK = re.compile(r"(?:.*/)?projects/([^/]+)/global/networks/([^/]+)")
REFERENCE = re.compile(r"\$\{((?:data\.)?google_compute_network\.[\w-]+(?:\[[^\]]+\])?)\.(?:id|self_link)\}")


class PolicyEmitter(Emitter):
    """Writes one target as a policy, with secure tags."""

    def _named(self, groups: Sequence[GroupId]) -> None:
        for group in {self.names.key_key(g): g for g in reversed(groups)}.values():
            self._key(group)
        for group in groups:
            self._value(group)
            if self._kept(group).key and self.names.tag(group)[1] != MEMBER:
                self._shared_key(group)

    def _shared_key(self, group: GroupId) -> None:
        what = f"adopt gives {self.names.group(group)!r} a key, which others have too"
        self.problems.append(
            Problem(
                f"target {self.target.name}: {what}",
                where=part(self.target.where, "placement", "adopt"),
                why="in this encoding one tag key stands for several groups",
                fix='adopt its value alone, or write encoding="groups"',
            )
        )

    # -- tags

    def _key(self, group: GroupId) -> None:
        key, kept = self.names.key_key(group), self._kept(group)
        parent, purpose = self._scope(group)
        body = {
            "parent": parent,
            "short_name": kept.key or self._short(group),
            "description": text(f"segkit {self.model.name}: {self.before.tag(group)[0]}"),
            "purpose": "GCE_FIREWALL",
            "purpose_data": purpose,
        }
        self._resource(KEY, key, self.before.key_key(group), body)
        self._import(KEY, key, kept.key_id)

    def _value(self, group: GroupId) -> None:
        select, kept = " and ".join(sorted(readable(p.predicate) for p in group.pieces)), self._kept(group)
        body = {
            "parent": reference(f"{KEY}.{self.names.key_key(group)}", "id"),
            "short_name": kept.value or self.before.value_name(group),
            "description": literal(text(select or "what no rule opens is closed")),
            # A policy has to let go of a value before it can be deleted, not after.
            "lifecycle": {"create_before_destroy": True},
        }
        key = self.names.value_key(group)
        self._resource(VALUE, key, self.before.value_key(group), body)
        self._import(VALUE, key, kept.value_id)
        # Known once the policy holds: a machine takes a tag only when all its rules are there.
        ready = f"{VALUE}.{key}.id, {self._holding(group)}.id"
        self.out.local(self._ready(group), f"${{[{ready}][0]}}")

    def _import(self, kind: str, key: str, id_: str | None) -> None:
        if id_:
            self._imports.append({"to": f"${{{kind}.{key}}}", "id": id_})

    def _short(self, group: GroupId) -> str:
        """The short name of a key."""
        return self.before.key_name(group)

    def _scope(self, _group: GroupId) -> tuple[str, dict[str, str]]:
        """Where a key is made, and what it is for."""
        parent = self.here.tags_parent or f"projects/{self.here.project}"
        return parent, {"network": self._tags_network()}

    def _holding(self, _group: GroupId) -> str:
        """The address of what puts the rules for a group in force."""
        return f"{ASSOCIATION}.{self.own}"

    def _tags_network(self) -> str:
        """The network as tag keys want it (Resource Manager API, TagKey, purpose data): PROJECT/NAME."""
        raw = self.here.network_id
        if self.here.tags_network:
            return self.here.tags_network
        if found := NETWORK.fullmatch(raw):
            return f"{found[1]}/{found[2]}"
        if found := REFERENCE.fullmatch(raw):
            return f"{reference(found[1], 'project')}/{reference(found[1], 'name')}"
        self.problems.append(
            Problem(
                f"target {self.target.name}: tag keys cannot name the network {raw}",
                where=self.target.where,
                why="they want PROJECT/NAME",
                fix="pass tags_network=, or network_id as projects/P/global/networks/N",
            )
        )
        return raw

    # -- rules

    def _rules(self) -> None:
        called = name(self.model.name, self.target.name)
        lines = prioritised(self.plan.lines[self.target.name])
        body = {
            "name": called,
            "description": text(f"segkit {self.model.name}: target {self.target.name}"),
            "rule": [*starmap(self._rule, lines), *self._closing()],
        }
        self._resource(POLICY, self.own, self.own, {**body, **self._project()})
        link = {
            "name": called,
            "attachment_target": self.here.network_id,
            "firewall_policy": reference(f"{POLICY}.{self.own}", "id"),
        }
        self._resource(ASSOCIATION, self.own, self.own, {**link, **self._project()})

    def _rule(self, priority: int, line: Line) -> dict[str, Any]:
        side = "src" if line.direction == "ingress" else "dest"
        match: dict[str, Any] = {"layer4_config": said(line.services, line.family)}
        if line.sources:
            match["src_secure_tag"] = self._tags(line.sources)
        else:
            match[f"{side}_ip_ranges"] = list(line.ranges.texts())
        return {
            "priority": priority,
            "action": line.action,
            "direction": line.direction.upper(),
            "description": literal(describe(line)),
            "enable_logging": self.here.logging or line.origin == "visibility mode",
            "match": match,
            "target_secure_tag": self._tags(line.targets),
        }

    def _closing(self) -> Iterator[dict[str, Any]]:
        """What no rule opens is closed, for our interfaces only: others keep what they have."""
        ways = [(way, family) for way in ("ingress", "egress") for family in (4, 6)]
        for number, (way, family) in enumerate(ways):
            ranges = EVERYWHERE.family(family)
            yield {
                "priority": FIRST_DENY + number,
                "action": "deny",
                "direction": way.upper(),
                "description": "what no rule opens is closed",
                "enable_logging": self.here.logging,
                "match": {
                    "layer4_config": said(ANY),
                    f"{'src' if way == 'ingress' else 'dest'}_ip_ranges": list(ranges.texts()),
                },
                "target_secure_tag": self._tags((enforced(self.target.name),)),
            }

    def _tags(self, groups: tuple[GroupId, ...]) -> list[dict[str, str]]:
        keys = sorted([self.names.value_key(group) for group in groups])
        return [{"name": reference(f"{VALUE}.{key}", "id")} for key in keys]

    # -- machines

    def _member(self, carried: Carried) -> None:
        groups = sorted(carried.groups, key=lambda one: (not one.pieces, self.names.order(one)))
        workload, interface = carried.workload, carried.interface
        if interface.id is None:
            keys = [reference(f"{KEY}.{self.names.key_key(group)}", "id") for group in groups]
            self._publish(carried, groups, {"keys": keys})
            return
        parts = [workload.name, *([interface.name] if interface.name else [])]
        zone = _ZONE.fullmatch(interface.id)
        if zone is None:
            self.problems.append(_no_machine(carried))
            return
        bound: list[str] = []
        for group in groups:
            key, old = (
                resource_name(self.target.name, *parts, *(place(group) or names.words(group)))
                for names in (self.names, self.before)
            )
            body = {
                "parent": interface.id,
                "tag_value": reference(f"local.{self._ready(group)}"),
                "location": zone[1],
            }
            # The tag that closes comes last and goes first: meanwhile nothing that is allowed is cut.
            more = {"depends_on": list(bound)} if bound and not group.pieces else {}
            self._resource(BINDING, key, old, {**body, **more})
            bound.append(f"{BINDING}.{key}")

    def _say(self) -> None:
        if not self.here.order:
            self.warnings.append(
                Problem(
                    f"target {self.target.name}: VPC firewall rules of the network may decide before the "
                    "policy",
                    where=self.target.where,
                    why="that is the default order (Cloud NGFW, “Evaluation order”), and rules that the "
                    "stack does not show cannot be proved",
                    fix='set network_firewall_policy_enforcement_order = "BEFORE_CLASSIC_FIREWALL" on the '
                    'network and pass order="BEFORE_CLASSIC_FIREWALL", or pass the other order',
                )
            )


def _no_machine(carried: Carried) -> Problem:
    return Problem(
        f"the interface id of workload {carried.workload.name!r} is {carried.interface.id!r}",
        where=carried.workload.where,
        why="tags are bound to a machine by its full resource name, with the numbers of project and instance",
        fix="write //compute.googleapis.com/projects/P/zones/Z/instances/${….instance_id}, or leave the id "
        "out and pass the tags when the machine is made",
    )
