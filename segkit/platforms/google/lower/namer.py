"""Names and Terraform addresses of everything in a plan."""

from __future__ import annotations

from segkit.model.model import Model
from segkit.platforms.google.lower.above import ADMIN
from segkit.platforms.google.lower.names import name
from segkit.platforms.google.lower.plan import Plan
from segkit.platforms.lowering.encoding import GroupId
from segkit.platforms.lowering.names import GroupNames, digest, resource_name

ENFORCED = "enforced"
MEMBER = "member"
"""The only value of a key that stands for one group."""


class Namer:
    """Names of keys, values and their resources."""

    def __init__(self, model: Model, plan: Plan, before: bool = False) -> None:
        self._model, self._plan = model, plan
        hints = {0: plan.hints, ADMIN: plan.hints_above}
        self._groups = {shard: GroupNames(model, found, before) for shard, found in hints.items()}
        self._memo: dict[GroupId, tuple[str, str]] = {}
        self._values: dict[GroupId, str] = {}

    def group(self, group: GroupId) -> str:
        """A group in one word."""
        key, value = self.tag(group)
        return key if value == MEMBER else value

    def tag(self, group: GroupId) -> tuple[str, str]:
        """The key and the value that stand for a group."""
        if group not in self._memo:
            self._memo[group] = self._tag(group)
        return self._memo[group]

    def _tag(self, group: GroupId) -> tuple[str, str]:
        if not group.pieces:
            return ENFORCED, MEMBER
        groups = self._groups[group.shard]
        names = sorted(groups.name(p) for p in group.pieces)
        if not group.cell:
            return (names[0] if names[0] != ENFORCED else f"{ENFORCED}-{digest(ENFORCED)}"), MEMBER
        value = names[0] if len(names) == 1 else f"cell-{digest(' '.join(names), 10)}"
        encoding = self._plan.encodings[group.target]
        if encoding.whole or group.shard == ADMIN:
            return "cells", value
        block = next(b for b in encoding.blocks if group.pieces[0] in b)
        return f"block-{digest(' '.join(sorted(map(groups.name, block))), 10)}", value

    def order(self, group: GroupId) -> tuple[str, str, int]:
        """A key that sorts groups."""
        return *self.tag(group), group.shard

    def words(self, group: GroupId) -> tuple[str, ...]:
        """The words that name a group where there is only one level of names."""
        key, value = self.tag(group)
        return (key,) if value == MEMBER else (key, value)

    def key_key(self, group: GroupId) -> str:
        """The Terraform name of a tag key."""
        return resource_name(group.target, *place(group), self.tag(group)[0])

    def value_key(self, group: GroupId) -> str:
        """The Terraform name of a tag value."""
        if group not in self._values:
            self._values[group] = resource_name(group.target, *place(group), *self.words(group))
        return self._values[group]

    def key_name(self, group: GroupId) -> str:
        """The short name of a key: unique among all of a project's."""
        return name(self._model.name, group.target, self.tag(group)[0])

    def value_name(self, group: GroupId) -> str:
        """The short name of a value."""
        return name(self.tag(group)[1])


def place(group: GroupId) -> tuple[str, ...]:
    """What tells the tags of hierarchical policies from those of a network's."""
    return ("admin",) if group.shard == ADMIN else ()
