"""Names and Terraform addresses of everything in a plan."""

from __future__ import annotations

from segkit.model.model import Model
from segkit.platforms.aws.lower.plan import LineId, ListId, Plan
from segkit.platforms.aws.lower.shards import group_name
from segkit.platforms.lowering.encoding import GroupId
from segkit.platforms.lowering.names import GroupNames, resource_name

_WAY = {"ingress": "in", "egress": "out"}


class Namer:
    """Names and Terraform addresses of everything in a plan."""

    def __init__(self, model: Model, plan: Plan, before: bool = False) -> None:
        self._groups = GroupNames(model, plan.hints, before)
        self._memo: dict[GroupId, str] = {}
        self._keys: dict[GroupId, str] = {}

    def group(self, group: GroupId) -> str:
        """A security group's name."""
        if group not in self._memo:
            self._memo[group] = group_name(self._groups, group)
        return self._memo[group]

    def group_key(self, group: GroupId) -> str:
        """A security group's Terraform name."""
        if group not in self._keys:
            self._keys[group] = resource_name(group.target, self.group(group))
        return self._keys[group]

    def line_key(self, line: LineId) -> str:
        """A rule's Terraform name: what it does, so that rules with other effects never share one."""
        start = "" if line.start is None else str(line.start) if line.start >= 0 else "any"
        code = "" if line.code is None else str(line.code) if line.code >= 0 else "any"
        protocol = "all" if line.protocol == "-1" else line.protocol
        what = "-".join(p for p in (protocol, start, code) if p)
        return resource_name(
            line.group.target,
            self.group(line.group),
            _WAY[line.direction],
            what,
            self.peer(line.group.target, line),
        )

    def peer(self, target: str, line: LineId) -> str:
        """A far end as part of a name."""
        match line.peer:
            case GroupId() as group:
                return self.group(group) if group.target == target else f"{group.target}-{self.group(group)}"
            case ListId() as listed:
                return f"list-{listed.name}-v{listed.family}"
            case "0.0.0.0/0" | "::/0":
                return "any-ipv6" if line.peer == "::/0" else "any-ipv4"
            case cidr:
                return cidr.replace(".", "-").replace(":", "-").replace("/", "-")
