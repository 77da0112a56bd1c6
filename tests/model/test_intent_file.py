"""The intent file: it holds the whole model, in one form, and notices when it was changed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.errors import SegkitError
from segkit.model import Model, Segmentation, anywhere, dump_intent, internet, load_intent, outside
from segkit.model.intent_file import digest, model_digest
from segkit.sets import ANY, L, icmp, tcp, udp
from tests.model.kit import SCHEMA, seg, text
from tests.strategies import models


def _things(one: Segmentation) -> list[tuple[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]]]:
    """One of everything that has a name, as calls."""
    zone = {"posture": "allow", "mode": "selective", "realm": "b", "compliance": ["pci"], "moved_from": "old"}
    parts = [{"name": "a"}, {"name": "b", "foreign": []}]
    return [
        ("core", one.zone, ("core", L.zone == "core", "critical"), {**zone, "networks": ["10.0.0.0/8"]}),
        ("edge", one.zone, ("edge", L.zone == "edge"), {}),
        ("web", one.group, ("web", L.role == "web"), {"moved_from": "www"}),
        ("db", one.group, ('d"b\u00e9', L.role.in_("db", "cache") & ~L.note.exists()), {}),
        ("corp", one.address_set, ("corp", ["192.168.0.0/16", "fd00::/8"]), {}),
        ("pg", one.service, ("pg", "postgresql"), {}),
        (
            "w1",
            one.workload,
            ("w-1", {"app": "shop"}, ["10.0.0.1"], "b", "vpc-1", "eni-1", ["sg-2", "sg-1"]),
            {},
        ),
        ("w2", one.workload, ("w-2", {"app": "crm", "note": "\u2713"}), {"interfaces": parts}),
        ("asg", one.workload_class, ("asg", {"app": "crm"}, ["10.9.0.0/16", "2001:db8::/32"]), {}),
        ("app", one.policy, ("app", "application"), {"owner": "shop"}),
        ("inner", one.policy, ("core", "zone"), {"zone": "core"}),
        (
            "aws",
            one.target,
            ("aws", "aws", L.zone == "core", "b", {"vpc_id": "v", "n": [1, {"a": None}]}),
            {},
        ),
    ]


def _uses(made: dict[str, Any]) -> list[tuple[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]]]:
    """Rules and acceptances over the things, as calls."""
    days = {"created": "2026-01-01", "updated": "2026-02-01", "expires": "2028-01-01"}
    unless = {"unless_source": [internet, L.role == "web"], "unless_destination": L.app == "crm"}
    accept = {"owner": "o", "reason": "r", "expires": "2029-01-01"}
    app, inner, aws = made["app"], made["inner"], made["aws"]
    about = {"purpose": "orders", "owner": "x", "ticket": "N-1"}
    return [
        ("", app.allow, ([made["web"], made["corp"]], made["db"], tcp(5432), "https"), {**days, **about}),
        ("", app.deny, ([anywhere, outside], made["web"], ANY), {**unless, "id": "ban"}),
        ("", inner.allow, (made["core"].network, internet, icmp(8), udp(53, "100-200")), {}),
        ("", aws.accept_residual, ("snapshot",), accept),
        ("", aws.accept_residual, ("icmp-types",), accept),
    ]


def declare(order: random.Random | None = None) -> Segmentation:
    """One of everything, in the order written or in another."""
    one = seg(schema=SCHEMA)
    made: dict[str, Any] = {}
    for calls in (_things, _uses):
        todo = list(enumerate(_things(one) if calls is _things else _uses(made)))
        if order is not None:
            order.shuffle(todo)
        for number, (name, method, arguments, options) in todo:
            made[name] = method(*arguments, **options, where=f"{calls.__name__}:{number}")
    return one


def test_the_file_holds_the_whole_model() -> None:
    model = declare().build()
    again = load_intent(dump_intent(model))
    assert again == model
    assert dump_intent(again) == dump_intent(model)
    assert [rule.where for rule in again.rules] == [rule.where for rule in model.rules]
    assert again.targets[0].accepted[1].where == "_uses:3"


@given(st.randoms(use_true_random=False))
def test_the_order_of_calls_leaves_no_trace(order: random.Random) -> None:
    assert dump_intent(declare(order).build()) == dump_intent(declare().build())


@given(models())
def test_any_model_reads_back(model: Model) -> None:
    again = load_intent(dump_intent(model))
    assert {name: getattr(again, name) for name in Model.__dataclass_fields__} == {
        name: getattr(model, name) for name in Model.__dataclass_fields__
    }


def test_one_thing_more_is_one_line_more() -> None:
    one = declare()
    before = dump_intent(one.build()).splitlines()
    one.policy("beta", "application", where="18")
    after = dump_intent(one.build()).splitlines()
    added = [line for line in after if line not in before]
    assert len(added) == 3, added  # the digest, the policy, where it is


def test_moving_a_declaration_changes_no_digest() -> None:
    first, second = seg(), seg()
    first.group("web", L.role == "web", where="a.py:1")
    second.group("web", L.role == "web", where="b.py:9")
    assert model_digest(first.build()) == model_digest(second.build())
    assert first.build() == second.build()


def test_it_reads_a_path_too(here: Path) -> None:
    model = declare().build()
    (here / "retail.intent.json").write_bytes(dump_intent(model))
    assert load_intent("retail.intent.json") == load_intent(here / "retail.intent.json") == model


def _said(source: bytes | str) -> str:
    with pytest.raises(SegkitError) as caught:
        load_intent(source)
    return text(caught.value.problems)


def _changed(**values: Any) -> bytes:
    data = json.loads(dump_intent(declare().build()))
    return json.dumps({**data, **values}).encode()


def test_what_it_says_of_other_files(here: Path) -> None:
    again = "\n  fix: run the synth that writes it again"
    assert _said(b"{") == (
        "intent file:1: not valid JSON: Expecting property name enclosed in double quotes (column 2)" + again
    )
    assert _said(b"[" * 100_000).startswith("intent file: not valid JSON: maximum recursion depth")
    assert (
        _said(b"\xff")
        == "intent file:1: the file is not UTF-8: byte 0xff at offset 0\n  fix: save it as UTF-8"
    )
    for other in (b"{}", b"[]", b'{"format": "segkit-intent"}', _changed(format="x"), _changed(model=[])):
        assert _said(other) == (
            "intent file: this is not an intent file\n  fix: give the <name>.intent.json that a synth wrote"
        )
    assert _said("x/retail.intent.json") == (
        "there is no intent file x/retail.intent.json\n  fix: create it, or correct the path (looked in x)"
    )
    assert _said(_changed(version=2)) == (
        "intent file: the intent file has version 2; this segkit reads up to 1\n  fix: upgrade segkit"
    )
    assert _said(_changed(version="1")) == "intent file: the intent file has no usable version: '1'" + again
    assert _said(_changed(digest="sha256:0")) == (
        "intent file: the digest does not match the model\n  why: the file was changed after it was written"
        + again
    )
    (here / "old.json").write_bytes(_changed(model={"name": "x"}, digest=digest({"name": "x"})))
    assert _said("old.json").startswith("old.json: the intent file does not hold a model (KeyError: ")
