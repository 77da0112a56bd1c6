"""Names and Terraform addresses of everything in a plan."""

from __future__ import annotations

from functools import lru_cache

from segkit.platforms.aws.lower.plan import LineId, ListId
from segkit.platforms.aws.lower.shards import group_name
from segkit.platforms.lowering.encoding import GroupId
from segkit.platforms.lowering.names import GroupNames, name_part, resource_name

_WAY = {"ingress": "in", "egress": "out"}


class Namer:
    """Names and Terraform addresses of everything in a plan."""

    def __init__(self, names: GroupNames) -> None:
        self._groups = names
        self._memo: dict[GroupId, str] = {}
        self._keys: dict[GroupId, str] = {}
        self._heads: dict[tuple[GroupId, str], str] = {}

    def group(self, group: GroupId) -> str:
        """A security group's name."""
        found = self._memo.get(group)
        if found is None:
            found = self._memo[group] = group_name(self._groups, group)
        return found

    def group_key(self, group: GroupId) -> str:
        """A security group's Terraform name."""
        if group not in self._keys:
            self._keys[group] = resource_name(group.target, self.group(group))
        return self._keys[group]

    def line_key(self, line: LineId) -> str:
        """A rule's Terraform name: what it does, so that rules with other effects never share one."""
        group, place = line.group, (line.group, line.direction)
        head = self._heads.get(place)
        if head is None:
            parts = map(name_part, (group.target, self.group(group), _WAY[line.direction]))
            head = self._heads[place] = "_".join(parts)
        what = _what(line.protocol, line.start, line.code)
        return resource_name(head, what, self.peer(group.target, line))

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


@lru_cache(maxsize=4096)
def _what(protocol: str, start: int | None, code: int | None) -> str:
    """The services of a rule as a part of its name."""
    numbers = ("any" if n < 0 else str(n) for n in (start, code) if n is not None)
    return "-".join(("all" if protocol == "-1" else protocol, *numbers))
