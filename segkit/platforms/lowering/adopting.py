"""Groups that keep what somebody gave them before: whether there are such groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from segkit.errors import Problem, part
from segkit.model.findings import nearest
from segkit.model.model import Model, Target


def unknown_adopted(
    model: Model, target: Target, adopted: Iterable[str], made: Iterable[str]
) -> Iterator[Problem]:
    """Names of groups to adopt that the target does not make, and that no group or zone has.

    A group or zone whose rules are yet to come makes none today, and may be named all the same.
    """
    wanted = sorted(adopted)
    if not wanted:
        return
    known = {*made, *(group.name for group in model.groups), *(f"zone-{zone.name}" for zone in model.zones)}
    for name in wanted:
        if name not in known:
            yield Problem(
                f"target {target.name}: adopt names {name!r}, and there is no such group",
                where=part(target.where, "placement", "adopt"),
                why="nothing would be adopted, and the group that is meant would be made a second time",
                fix=nearest(name, known, "groups"),
            )
