"""Selectors and workload labels against the label schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from segkit.errors import part
from segkit.model.findings import Findings, nearest
from segkit.model.model import Model
from segkit.model.selectors import predicates, selectors
from segkit.model.workloads import LabelKey
from segkit.sets import NONE, Predicate

Labels = tuple[tuple[str, str], ...]


def check_selectors(model: Model, found: Findings) -> frozenset[Predicate]:
    """Keys and values that the schema does not know, and selectors that nothing conforming could match.

    Returns the selectors that are at fault, so that later checks leave out what follows from them.
    """
    keys, domains = {key.name: key for key in model.schema.keys}, model.schema.domains
    faults: dict[Predicate, list[tuple[str, str]]] = {}
    for predicate in predicates(model):
        if texts := list(faults_of(predicate, keys)):
            faults[predicate] = texts
        elif not predicate.satisfiable(domains):
            faults[predicate] = [(_never(predicate), "correct the selector or the label schema")]
    for what, where, predicate in selectors(model) if faults else ():
        for text, fix in faults.get(predicate, ()):
            found.error(f"{what}: {text}", where, fix=fix)
    return frozenset(faults)


def _never(predicate: Predicate) -> str:
    if predicate is NONE:
        return "its selector contradicts itself, so that nothing could ever match"
    return f"no workload that conforms to the label schema could ever match {predicate}"


def faults_of(predicate: Predicate, keys: Mapping[str, LabelKey]) -> Iterable[tuple[str, str]]:
    """Keys and values that a schema does not know: what is wrong, and the fix."""
    for key in predicate.keys():  # noqa: SIM118 - a predicate is no mapping
        if key not in keys:
            yield f"unknown label key {key!r}", nearest(key, keys, "label keys")
    for key, value in predicate.mentions():
        values = keys[key].values if key in keys else None
        if values is not None and value not in values:
            yield f"unknown value {value!r} of label {key!r}", nearest(value, values, "values")


def check_zones(model: Model, faulty: frozenset[Predicate], found: Findings) -> None:
    """Zones that could share a workload, with the labels of one."""
    domains = model.schema.domains
    zones = [zone for zone in model.zones if zone.predicate not in faulty]
    for at, zone in enumerate(zones):
        for other in zones[at + 1 :]:
            both = zone.predicate & other.predicate
            if both is NONE or zone.name == other.name:
                continue
            labels = both.witness(domains)
            if labels is not None:
                shown = ", ".join(f"{key}={value}" for key, value in labels.items()) or "no labels"
                found.error(
                    f"the zones {zone.name!r} and {other.name!r} overlap: {shown} would be in both",
                    part(other.where, "select"),
                    why="zones are disjoint"
                    + (f"; the other is declared at {zone.where}" if zone.where else ""),
                    fix="narrow one of the selectors",
                )


def check_workload_labels(model: Model, found: Findings) -> None:
    """Labels that break the schema, and workloads that no zone takes in."""
    keys = {key.name: key for key in model.schema.keys}
    faults: dict[Labels, list[tuple[str, str, str]]] = {}
    homeless: dict[Labels, bool] = {}
    telling = keys_of(zone.predicate for zone in model.zones)
    for workload in model.workloads:
        labels = workload.labels
        if labels not in faults:
            faults[labels] = list(_breaches(labels, keys))
        kind = "workload class" if workload.is_class else "workload"
        for key, text, fix in faults[labels]:
            where = part(workload.where, "labels", key)
            found.error(f"{kind} {workload.name!r}: {text}", where, fix=fix)
        if faults[labels] or not model.zones:
            continue
        told = tuple(pair for pair in labels if pair[0] in telling)
        if told not in homeless:
            homeless[told] = model.zone_of(dict(told)) is None
        if homeless[told]:
            found.warn(
                f"{kind} {workload.name!r} is in no zone",
                part(workload.where, "labels"),
                why="outside zones everything is denied that no rule allows",
                fix="label it so that a zone takes it in, or widen a zone",
            )


def keys_of(predicates: Iterable[Predicate]) -> frozenset[str]:
    """The label keys these selectors look at: workloads that differ in no other are all alike to them."""
    return frozenset(key for one in predicates for key in one.keys())  # noqa: SIM118 - a predicate is no mapping


def _breaches(labels: Labels, keys: Mapping[str, LabelKey]) -> Iterable[tuple[str, str, str]]:
    """The key of the label, what is wrong, and the fix."""
    given: dict[str, str] = {}
    for key, value in labels:
        if key in given and given[key] != value:
            yield key, f"two values for label {key!r}: {given[key]!r} and {value!r}", "keep one"
        given[key] = value
        if key not in keys:
            yield key, f"unknown label key {key!r}", nearest(key, keys, "label keys")
            continue
        values = keys[key].values
        if values is not None and value not in values:
            yield key, f"unknown value {value!r} of label {key!r}", nearest(value, values, "values")
    for name, key_ in keys.items():
        if key_.required and name not in given:
            allowed = "any value" if key_.values is None else ", ".join(key_.values[:12])
            yield name, f"the mandatory label {name!r} is missing", f"add it ({allowed})"
