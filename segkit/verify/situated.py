"""A model whose references say which of several stacks they speak of."""

from __future__ import annotations

from dataclasses import replace

from segkit.artifacts import Joined
from segkit.model.model import Model, Target
from segkit.model.workloads import Interface, Workload


def situated(model: Model, joined: Joined) -> Model:
    """The model with references as they stand among the joined stacks.

    A placement speaks of the stack of the target's groups, an interface of the stack of the target that owns
    it. What `network` says is a name, only ever compared, and stays.
    """
    return replace(
        model,
        targets=tuple(_target(t, joined) for t in model.targets),
        workloads=tuple(_workload(w, model, joined) for w in model.workloads),
    )


def _target(target: Target, joined: Joined) -> Target:
    placement = joined.inside(target.home, dict(target.placement))
    if "network" in target.placement:
        placement["network"] = target.placement["network"]
    return replace(target, placement=placement)


def _workload(workload: Workload, model: Model, joined: Joined) -> Workload:
    if not any(_refers(one) for one in workload.interfaces):
        return workload
    return replace(
        workload, interfaces=tuple(_interface(one, workload, model, joined) for one in workload.interfaces)
    )


def _interface(one: Interface, workload: Workload, model: Model, joined: Joined) -> Interface:
    owner = next((t for t in model.targets if t.owns(workload.label_map, one.realm, one.network)), None)
    if owner is None or not _refers(one):
        return one
    foreign = None if one.foreign is None else tuple(joined.inside(owner.stack, list(one.foreign)))
    return replace(one, id=joined.inside(owner.stack, one.id), foreign=foreign)


def _refers(one: Interface) -> bool:
    return any("${" in text for text in (one.id or "", *(one.foreign or ())))
