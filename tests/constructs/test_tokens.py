"""Tokens become the references they stand for, before anything is compiled."""

from __future__ import annotations

from datetime import date
from typing import Any

from segkit.constructs.tokens import holds_token, plain, readable, resolve_model
from segkit.errors import Problem
from segkit.model import Interface, Model, Target, Workload

_REFERENCES = {
    "${TfToken[TOKEN.1]}": "${aws_security_group.zebra.id}",
    "${TfToken[TOKEN.2]}": "${aws_security_group.ant.id}",
    "${TfToken[TOKEN.3]}": "${aws_network_interface.a.id}",
    "${TfToken[TOKEN.4]}": "${aws_vpc.main.id}",
}


def _resolve(stack: str, data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _resolve(stack, value) for key, value in data.items() if value is not None}
    if isinstance(data, list):
        return [_resolve(stack, item) for item in data]
    return _REFERENCES.get(data, data)


def test_placements_and_interfaces_are_resolved_and_sorted_again() -> None:
    one, two, interface, vpc = _REFERENCES
    model = Model(
        "m",
        date(2026, 6, 1),
        targets=(
            Target("aws", "aws", placement={"vpc_id": vpc, "tags": {"k": "v"}}),
            Target("b", "aws", placement={"vpc_id": "vpc-1"}),
        ),
        workloads=(
            Workload("plain", ()),
            Workload("w", (), (Interface(id=interface, network=vpc, foreign=(one, two)),)),
        ),
    )
    done = resolve_model(model, _resolve)
    assert [t.placement["vpc_id"] for t in done.targets] == ["${aws_vpc.main.id}", "vpc-1"]
    assert done.workloads[0] is model.workloads[0]
    assert done.workloads[1].interfaces == (
        Interface(
            id="${aws_network_interface.a.id}",
            network="${aws_vpc.main.id}",
            foreign=("${aws_security_group.ant.id}", "${aws_security_group.zebra.id}"),
        ),
    )
    assert not holds_token([dict(t.placement) for t in done.targets])


def test_a_model_without_tokens_stays_as_it_is() -> None:
    def never(stack: str, data: dict[str, Any]) -> dict[str, Any]:
        raise AssertionError(data)

    model = Model("m", date(2026, 6, 1), targets=(Target("aws", "aws", placement={"vpc_id": "${var.vpc}"}),))
    assert resolve_model(model, never) is model


def test_plain_values_are_what_jsii_passes_on() -> None:
    assert plain({"a": ({"b": None, "c": (1, None)},)}) == {"a": [{"c": [1, None]}]}


def test_problems_tell_references() -> None:
    one, *_, vpc = _REFERENCES
    problem = Problem(f"{one} and #{{TfToken[TOKEN.9]}} are references", f"net/{vpc}", fix="write them")
    asked = {"#{TfToken[TOKEN.9]}": "${aws_vpc.main.cidrs}"}

    def resolve(stack: str, data: Any) -> Any:
        return {k: asked[v[0]] if isinstance(v, list) else _resolve(stack, v) for k, v in data.items()}

    (told,) = readable([problem], resolve)
    assert told.text() == (
        "net/${aws_vpc.main.id}: ${aws_security_group.zebra.id} and ${aws_vpc.main.cidrs} are references\n"
        "  fix: write them"
    )
    assert readable([problem], lambda _, data: data)[0].where == problem.where, "in no stack, as it is"
