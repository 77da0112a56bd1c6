"""Names and Terraform addresses of everything in a plan."""

from __future__ import annotations

from segkit.model.model import Model
from segkit.platforms.azure.limits import name
from segkit.platforms.azure.lower.plan import At, LineId, Plan
from segkit.platforms.lowering.as_written import RANKS
from segkit.platforms.lowering.encoding import GroupId
from segkit.platforms.lowering.names import GroupNames, digest, resource_name, slug

_WAY = {"ingress": "in", "egress": "out"}
RESERVED = "segkit-"
"""How the names of rules begin that every security group of ours has, and no other."""


class Namer:
    """Names and Terraform addresses of everything in a plan."""

    def __init__(self, model: Model, plan: Plan, before: bool = False) -> None:
        self._groups = GroupNames(model, plan.hints, before)
        self._memo: dict[GroupId, str] = {}
        self._keys: dict[GroupId, str] = {}
        self._slugs: dict[GroupId, str] = {}

    def group(self, group: GroupId) -> str:
        """An application security group's name."""
        if group not in self._memo:
            names = sorted(self._groups.name(p) for p in group.pieces)
            self._memo[group] = names[0] if len(names) == 1 else f"cell-{digest(' '.join(names), 10)}"
        return self._memo[group]

    def group_key(self, group: GroupId) -> str:
        """An application security group's Terraform name."""
        if group not in self._keys:
            self._keys[group] = resource_name(group.target, self.group(group))
        return self._keys[group]

    def _slug(self, group: GroupId) -> str:
        if group not in self._slugs:
            self._slugs[group] = slug(self.group(group))
        return self._slugs[group]

    def line(self, line: LineId) -> str:
        """A rule's name at Azure, used once in a security group: what it does."""
        own = self._slug(line.own)
        return name(".".join((*_rank(line), _WAY[line.direction], own, _protocol(line), *self.peer(line))))

    def line_key(self, line: LineId, subnet: str) -> str:
        """A rule's Terraform name, where it is a resource of its own."""
        own, way = self.group(line.own), _WAY[line.direction]
        rest = (own, way, _protocol(line), *self.peer(line))
        return resource_name(line.own.target, subnet, *_rank(line), *rest)

    def peer(self, line: LineId) -> tuple[str, ...]:
        """A far end as parts of a name."""
        match line.peer:
            case At(where, family):
                return "at", slug(where), f"ipv{family}" if family else "ip"
            case group:
                found = self._slug(group)
                return (found,) if group.target == line.own.target else (slug(group.target), found)


def _rank(line: LineId) -> tuple[str, ...]:
    """Where rules have an order, the band that a rule is in."""
    return () if line.rank is None else (RANKS[line.rank],)


def _protocol(line: LineId) -> str:
    return {"*": "all"}.get(line.protocol, line.protocol.lower())
