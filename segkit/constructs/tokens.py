"""Values that only Terraform will know: cdktf's tokens, made into plain references.

A token is a marker like `${TfToken[TOKEN.7]}`, numbered in the order of creation. In the model it would make
the digest change whenever an unrelated line of the program moved. So before compiling each token of a
placement or an interface is resolved to the reference it stands for, such as `${aws_vpc.main.id}`: stable,
and the text that the Terraform configuration holds. Resolving counts as preparing, so a reference to another
stack becomes an output there and a remote state here, as if the token had stood in the stack itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from segkit.model.model import Model, Target
from segkit.model.workloads import Interface, Workload

Resolve = Callable[[dict[str, Any]], dict[str, Any]]

_MARKER = "{TfToken["


def holds_token(value: object) -> bool:
    """Is there a cdktf token anywhere in a value?

    >>> holds_token({"tags": ["a", "${TfToken[TOKEN.1]}"]}), holds_token("${aws_vpc.main.id}")
    (True, False)
    """
    if isinstance(value, str):
        return _MARKER in value
    if isinstance(value, Mapping):
        return any(holds_token(k) or holds_token(v) for k, v in value.items())
    return isinstance(value, list | tuple) and any(map(holds_token, value))


def resolve_model(model: Model, resolve: Resolve) -> Model:
    """A model without tokens in its placements and interfaces. `resolve` is called at most twice."""
    targets = {str(n): plain(t.placement) for n, t in enumerate(model.targets) if holds_token(t.placement)}
    workloads = {
        str(n): [_interface_data(one) for one in w.interfaces]
        for n, w in enumerate(model.workloads)
        if holds_token([_interface_data(one) for one in w.interfaces])
    }
    if not targets and not workloads:
        return model
    placed = resolve(targets) if targets else {}
    found = resolve(workloads) if workloads else {}
    return replace(
        model,
        targets=tuple(_placed(t, placed.get(str(n))) for n, t in enumerate(model.targets)),
        workloads=tuple(_resolved(w, found.get(str(n))) for n, w in enumerate(model.workloads)),
    )


def plain(value: Any) -> Any:
    """A value as jsii can pass it on: mappings as dict, sequences as list, no None in mappings."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items() if v is not None}
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value


def _interface_data(one: Interface) -> dict[str, Any]:
    return {"name": one.name, "network": one.network, "id": one.id, "foreign": list(one.foreign or ())}


def _placed(target: Target, placement: Mapping[str, Any] | None) -> Target:
    return target if placement is None else replace(target, placement=dict(placement))


def _resolved(workload: Workload, found: list[dict[str, Any]] | None) -> Workload:
    if found is None:
        return workload
    interfaces = [
        replace(
            one,
            name=data["name"],
            network=data.get("network"),
            id=data.get("id"),
            # Sorted again: they were in the order of the tokens' numbers.
            foreign=None if one.foreign is None else tuple(sorted(data["foreign"])),
        )
        for one, data in zip(workload.interfaces, found, strict=True)
    ]
    return replace(workload, interfaces=tuple(sorted(interfaces, key=lambda one: one.name)))
