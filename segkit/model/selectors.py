"""Every selector of a model, and the label schema that a model without one has."""

from __future__ import annotations

from collections.abc import Iterator

from segkit.errors import part
from segkit.model.model import Model
from segkit.model.policy import SIDES, Rule
from segkit.model.workloads import LabelKey, LabelSchema
from segkit.sets import Predicate


def selectors(model: Model) -> Iterator[tuple[str, str, Predicate]]:
    """What has a selector, where it was declared, and the selector; those written in rules included."""
    for zone in model.zones:
        yield f"zone {zone.name!r}", part(zone.where, "select"), zone.predicate
    for group in model.groups:
        yield f"group {group.name!r}", part(group.where, "select"), group.predicate
    for target in model.targets:
        yield f"target {target.name!r}", part(target.where, "select"), target.select
    for policy in model.policies:
        for rule in policy.rules:
            for where, predicate in _written(rule):
                yield f"rule {rule.id!r}", where, predicate


def predicates(model: Model) -> set[Predicate]:
    """Every selector of a model, once."""
    declared = {*(z.predicate for z in model.zones), *(g.predicate for g in model.groups)}
    sides = {side for policy in model.policies for rule in policy.rules for side in rule.sides}
    written = {end.predicate for side in sides for end in side if end.kind == "select"}
    return declared | written | {t.select for t in model.targets}


def _written(rule: Rule) -> Iterator[tuple[str, Predicate]]:
    for side, ends in zip(SIDES, rule.sides, strict=True):
        for end in ends:
            if end.kind == "select":
                yield part(rule.where, side, end), end.predicate


def open_schema_of(model: Model) -> LabelSchema:
    """The schema of a model that was given none: each key in use, with any value, never mandatory."""
    keys = {key for predicate in predicates(model) for key in predicate.keys()}  # noqa: SIM118 - a predicate is no mapping
    keys.update(key for labels in {w.labels for w in model.workloads} for key, _ in labels)
    return LabelSchema(tuple(LabelKey(key) for key in sorted(keys)))
