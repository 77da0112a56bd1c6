"""Workloads in places that nobody has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segkit.errors import Problem
from segkit.model.model import Model, Target


def elsewhere(model: Model, targets: Sequence[Target]) -> Iterator[Problem]:
    """Workloads that some targets select, and that name a network which no target has."""
    names = {t.name for t in model.targets}
    names |= {str(t.placement["network"]) for t in model.targets if t.placement.get("network")}
    for workload in model.workloads:
        for one in workload.interfaces:
            if one.network is None or one.network in names:
                continue
            if any(t.realm == one.realm and t.select.matches(workload.label_map) for t in targets):
                yield Problem(
                    f"workload {workload.name!r} is in network {one.network!r}, which no target has",
                    where=workload.where,
                    why="nothing would filter it, though a target selects its labels",
                    fix=f"known networks: {', '.join(sorted(names))}; or give a target this network=",
                )
