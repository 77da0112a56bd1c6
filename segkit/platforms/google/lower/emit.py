"""A plan as Terraform: what both ways of writing rules share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from segkit.artifacts import Fragment, literal, reference
from segkit.errors import Problem
from segkit.model.model import Model, Target
from segkit.platforms.google.adopting import Adopted
from segkit.platforms.google.limits import text
from segkit.platforms.google.lower.namer import Namer, place
from segkit.platforms.google.lower.plan import Line, Plan
from segkit.platforms.google.placement import GooglePlacement
from segkit.platforms.lowering.encoding import Carried, GroupId
from segkit.platforms.lowering.names import membership_local, resource_name


class Emitter:
    """Writes one target's part of a plan."""

    def __init__(
        self, model: Model, plan: Plan, target: Target, here: GooglePlacement, names: Namer, before: Namer
    ) -> None:
        self.model, self.plan, self.target, self.here = model, plan, target, here
        self.names, self.before = names, before
        self.out = Fragment(f"target {target.name}")
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.own = resource_name(target.name)
        self._called: dict[GroupId, str] = {}
        self._imports: list[dict[str, str]] = []

    def fragment(self) -> dict[str, Any]:
        """The target as Terraform JSON."""
        groups = sorted(self.plan.groups[self.target.name], key=self.names.order)
        if not groups:
            return {}
        self._named(groups)
        self._rules()
        for carried in self.plan.carried[self.target.name]:
            self._member(carried)
        self._say()
        done = self.out.to_dict()
        return {**done, "import": self._imports} if self._imports else done

    def _named(self, groups: Sequence[GroupId]) -> None:
        """What groups are called."""
        raise NotImplementedError

    def _rules(self) -> None:
        """What opens and what closes."""
        raise NotImplementedError

    def _member(self, carried: Carried) -> None:
        """What a machine carries."""
        raise NotImplementedError

    def _say(self) -> None:
        """What people should know."""

    def _publish(self, carried: Carried, groups: Sequence[GroupId], more: Mapping[str, Any]) -> None:
        """Leaves it to whoever makes the machine."""
        workload, interface = carried.workload, carried.interface
        body = {
            "workload": literal(workload.name),
            "interface": literal(interface.name),
            "target": literal(self.target.name),
            "groups": [reference(f"local.{self._ready(group)}") for group in groups],
        }
        self.out.local(membership_local(self.target.name, workload.name, interface.name), {**body, **more})

    def _kept(self, group: GroupId) -> Adopted:
        """What the tag of a group keeps that was there before. Those of hierarchical policies are ours."""
        return Adopted() if place(group) else self.here.adopt.get(self.names.group(group), Adopted())

    def _ready(self, group: GroupId) -> str:
        return "segkit-tag_" + self.names.value_key(group)

    def _project(self) -> dict[str, str]:
        return {"project": self.here.project} if self.here.project else {}

    def _resource(self, kind: str, key: str, old: str, body: Mapping[str, Any]) -> None:
        whole = {**body, "provider": self.here.provider} if self.here.provider else body
        self.out.resource(kind, key, whole)
        if old != key:
            self.out.moved(f"{kind}.{old}", f"{kind}.{key}")


def describe(line: Line) -> str:
    """The rule that a line serves, with owner and ticket."""
    notes = [n for n in (line.rule.owner, line.rule.ticket) if n] if line.rule else []
    return text(f"{line.origin} ({', '.join(notes)})" if notes else line.origin)
