"""Values that only Terraform will know: cdktf's tokens, made into plain references.

A token is a marker like `${TfToken[TOKEN.7]}`, numbered in the order of creation. In the model it would make
the digest change whenever an unrelated line of the program moved. So before compiling each token of a
placement or an interface is resolved to the reference it stands for, such as `${aws_vpc.main.id}`: stable,
and the text that the Terraform configuration holds. Resolving counts as preparing, so a reference to another
stack becomes an output there and a remote state here, as if the token had stood in the stack itself.
"""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from operator import is_
from typing import Any

from segkit.errors import Problem, SegkitError
from segkit.model.model import Model, Target
from segkit.model.workloads import Interface, Workload

Resolve = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Resolves data as it stands in a stack, by name; "" is the stack that the segmentation itself is in."""

_MARKER = "{TfToken["
_TOKEN = re.compile(r"[$#]\{TfToken\[[^\]]*\]\}")
_ATOMS = (str, int, float)
_KINDS = frozenset((str, int, float, bool))


def holds_token(value: object) -> bool:
    """Is there a cdktf token anywhere in a value?

    >>> holds_token({"tags": ["a", "${TfToken[TOKEN.1]}"]}), holds_token("${aws_vpc.main.id}")
    (True, False)
    """
    if isinstance(value, str):
        return _MARKER in value
    if isinstance(value, list | tuple):
        return any(map(holds_token, value))
    return isinstance(value, Mapping) and any(holds_token(k) or holds_token(v) for k, v in value.items())


def with_tokens(value: Any) -> Any:
    """The entries of a mapping that hold tokens, or anything else as it is if it does; else None.

    >>> with_tokens({"a": "${aws_vpc.main.id}", "b": ["${TfToken[TOKEN.1]}"]})
    {'b': ['${TfToken[TOKEN.1]}']}
    """
    if not _somewhere(value):
        return None
    if isinstance(value, Mapping):
        return {key: inner for key, inner in value.items() if holds_token(inner)}
    return value


def _somewhere(value: Any) -> bool:
    """Is the marker in a value? One look at the whole is many times faster than one at each part."""
    try:
        return _MARKER.encode() in marshal.dumps(value)
    except ValueError:  # no plain data
        return _MARKER in json.dumps(value, default=str)


def resolve_model(model: Model, resolve: Resolve) -> Model:
    """A model without tokens in its placements and interfaces. `resolve` is called at most once for a stack.

    A placement is resolved in the stack of the target's groups, which are what is in the VPC; an interface in
    the stack that attaches groups to it. Raises SegkitError where that may be one of several.
    """
    asked: dict[str, dict[str, Any]] = {}
    for n, target in enumerate(model.targets):
        if holds_token(target.placement):
            asked.setdefault(target.home, {})[f"target {n}"] = plain(target.placement)
    problems = []
    for n, workload in enumerate(model.workloads):
        for m, one in enumerate(workload.interfaces):
            if holds_token(_interface_data(one)):
                homes = sorted(_homes(model, workload, one))
                if len(homes) > 1:
                    problems.append(_ambiguous(workload, [stack for _, stack in homes]))
                home, stack = homes[0]
                asked.setdefault(home, {})[f"network {n} {m}"] = {"network": one.network}
                asked.setdefault(stack, {})[f"interface {n} {m}"] = {**_interface_data(one), "network": None}
    if problems:
        raise SegkitError(problems)
    if not asked:
        return model
    found: dict[str, Any] = {}
    for stack, data in sorted(asked.items()):
        found.update(resolve(stack, data))
    return replace(
        model,
        targets=tuple(_placed(t, found.get(f"target {n}")) for n, t in enumerate(model.targets)),
        workloads=tuple(_resolved(w, n, found) for n, w in enumerate(model.workloads)),
    )


def _homes(model: Model, workload: Workload, one: Interface) -> set[tuple[str, str]]:
    """Where the groups and the rules of whoever may own an interface are. Its network is not known yet."""
    labels = workload.label_map
    homes = {(t.home, t.stack) for t in model.targets if t.owns(labels, one.realm, None)}
    return homes or {("", "")}


def _ambiguous(workload: Workload, stacks: list[str]) -> Problem:
    return Problem(
        f"workload {workload.name!r} has an interface that targets of several stacks may own",
        workload.where,
        why=f"its network or id is a reference, which is written otherwise in each of {', '.join(stacks)}",
        fix="narrow select= of the targets (part.select), so that its labels say whose it is",
    )


def readable(problems: Iterable[Problem], resolve: Resolve) -> list[Problem]:
    """Problems that tell the references that tokens stand for: `${aws_vpc.main.id}`, and no number."""
    kept = list(problems)
    tokens = sorted({token for problem in kept for token in _TOKEN.findall(problem.text())})
    if not tokens:
        return kept
    # A token for a list, `#{...}`, is resolved in one.
    asked = {str(n): [token] if token.startswith("#") else token for n, token in enumerate(tokens)}
    found = resolve("", asked)
    told = {t: text if isinstance(text := found.get(str(n)), str) else t for n, t in enumerate(tokens)}

    def shown(text: str) -> str:
        return _TOKEN.sub(lambda token: told[token[0]], text)

    return [Problem(shown(p.what), shown(p.where), shown(p.why), shown(p.fix)) for p in kept]


def plain(value: Any) -> Any:
    """A value as jsii can pass it on: mappings as dict, sequences as list, no None in mappings. What is so
    already is not copied."""
    kind = type(value)
    if kind is str or isinstance(value, _ATOMS):
        return value
    if kind is list or isinstance(value, list | tuple):
        copied = [plain(v) for v in value]
        return value if kind is list and all(map(is_, copied, value)) else copied
    if kind is dict and _KINDS.issuperset(map(type, value.values())) and {*map(type, value)} == {str}:
        return value  # most of a large fragment
    if kind is dict or isinstance(value, Mapping):
        made = {str(k): plain(v) for k, v in value.items() if v is not None}
        if kind is dict and len(made) == len(value) and all(map(is_, made, value)):
            return value if all(map(is_, made.values(), value.values())) else made
        return made
    return value


def _interface_data(one: Interface) -> dict[str, Any]:
    return {"name": one.name, "network": one.network, "id": one.id, "foreign": list(one.foreign or ())}


def _placed(target: Target, placement: Mapping[str, Any] | None) -> Target:
    return target if placement is None else replace(target, placement=dict(placement))


def _resolved(workload: Workload, number: int, found: Mapping[str, Any]) -> Workload:
    interfaces = [
        _interface(one, found[f"interface {number} {m}"], found[f"network {number} {m}"])
        if f"interface {number} {m}" in found
        else one
        for m, one in enumerate(workload.interfaces)
    ]
    if interfaces == list(workload.interfaces):
        return workload
    return replace(workload, interfaces=tuple(sorted(interfaces, key=lambda one: one.name)))


def _interface(one: Interface, data: Mapping[str, Any], place: Mapping[str, Any]) -> Interface:
    # What nobody owns belongs to no stack, and its references to none.
    network, identity = (None if holds_token(v) else v for v in (place.get("network"), data.get("id")))
    # Sorted again: they were in the order of the tokens' numbers.
    foreign = None if one.foreign is None else tuple(sorted(data["foreign"]))
    return replace(one, name=data["name"], network=network, id=identity, foreign=foreign)
