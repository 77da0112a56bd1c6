"""What people get wrong, on every platform: one clear message each with a fix, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.sets import L, tcp
from tests.conformance.estates import ranges, shop, target, tiers
from tests.conformance.planes import ENCODINGS, IDS, PLANES, Plane
from tests.strategies import TODAY

planes = pytest.mark.parametrize(("plane", "encoding"), ENCODINGS, ids=IDS)
Build = Callable[[Segmentation, Plane, str], object]


def small(seg: Segmentation, plane: Plane, encoding: str, place: dict[str, Any] | None = None) -> None:
    """A target for the small segmentation that every mistake is made in."""
    target(seg, plane, encoding, "t", ["t"], place=place)


def placed(**place: Any) -> Build:
    """A mistake in the arguments of a target."""
    return lambda seg, plane, encoding: small(seg, plane, encoding, place)


def in_no_network(seg: Segmentation, plane: Plane, encoding: str) -> None:
    seg.workload("c", {"app": "c"}, ["10.0.0.3"], network="nowhere")
    small(seg, plane, encoding)


def one_address_twice(seg: Segmentation, plane: Plane, encoding: str) -> None:
    seg.workload("c", {"app": "c"}, ["10.0.0.1"])
    small(seg, plane, encoding)


def token_for_a_workload(seg: Segmentation, plane: Plane, encoding: str) -> None:
    seg.workload("c", {"app": "c"}, ["${x.y.private_ip}"])
    small(seg, plane, encoding)


def token_in_a_set(seg: Segmentation, plane: Plane, encoding: str) -> None:
    seg.policy("q", "application").allow(seg.address_set("s", ["${var.x}"]), L.app == "a", tcp(2))
    small(seg, plane, encoding)


def token_for_a_zone(seg: Segmentation, plane: Plane, encoding: str) -> None:
    seg.zone("z", L.app == "a", networks=["${var.x}"])
    small(seg, plane, encoding)


def host_bits(seg: Segmentation, plane: Plane, encoding: str) -> None:
    seg.policy("q", "application").allow(seg.address_set("s", ["10.0.0.1/8"]), L.app == "a", tcp(2))
    small(seg, plane, encoding)


def token_for_a_name(seg: Segmentation, plane: Plane, encoding: str) -> None:
    seg.group("g ${var.x}", L.app == "a")
    small(seg, plane, encoding)


def two_owners(seg: Segmentation, plane: Plane, encoding: str) -> None:
    small(seg, plane, encoding)
    target(seg, plane, encoding, "u", ["u"])


MISTAKES: dict[str, tuple[Build, str]] = {
    "no network": (in_no_network, "workload 'c' is in network 'nowhere', which no target has"),
    "one address twice": (one_address_twice, "both have the address 10.0.0.1"),
    "token for a workload": (token_for_a_workload, "is a Terraform reference where an address is needed"),
    "token in a set": (token_in_a_set, "is a Terraform reference where an address is needed"),
    "token for a zone": (token_for_a_zone, "is a Terraform reference where an address is needed"),
    "token for a name": (token_for_a_name, "the name of a group is a Terraform reference"),
    "host bits": (host_bits, "10.0.0.1/8 has host bits set"),
    "two owners": (two_owners, "the targets 't' and 'u' both own an interface of 'a'"),
    "no argument": (placed(colour="red"), "unknown argument 'colour'"),
    "no encoding": (placed(encoding="best"), "encoding is 'best'"),
    "no quota": (placed(quotas={"rules": 1}), "unknown quota 'rules'"),
    "no number": (placed(quotas="many"), "quotas is 'many'"),
    "no provider": (placed(provider="my provider"), "provider is 'my provider'"),
    "no text": (placed(network=7), "network is 7"),
}


def messages(model: Model) -> list[str]:
    """What is wrong with a model; everything has a fix and a place."""
    with pytest.raises(SegkitError) as raised:
        compile_model(model)
    assert all(problem.fix and problem.where for problem in raised.value.problems)
    return [problem.what for problem in raised.value.problems]


@planes
@pytest.mark.parametrize(("build", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake(plane: Plane, encoding: str, build: Build, said: str) -> None:
    seg = Segmentation("m", today=TODAY)
    seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    seg.workload("b", {"app": "b"}, ["10.0.0.2"])
    seg.policy("p", "application").allow(L.app == "a", L.app == "b", tcp(1), id="r")
    with plane.unlimited(), pytest.raises(SegkitError) as raised:
        build(seg, plane, encoding)
        compile_model(seg.build())
    assert [said in problem.what for problem in raised.value.problems].count(True) == 1
    assert all(problem.fix and problem.where for problem in raised.value.problems)


def crowd(plane: Plane, encoding: str) -> Segmentation:
    """Several machines at either end of a rule, in two subnets where there are some, and as many tags as can
    be where they are network tags."""
    places: dict[str, dict[str, Any]] = {
        "azure-groups": {
            "subnets": {f"s{n}": {"id": f"s{n}", "prefixes": [f"10.0.{n}.0/24"]} for n in (0, 1)}
        },
        "google-network-tags": {"encoding": "cells"},
    }
    seg = Segmentation("crowd", today=TODAY)
    for n, app in enumerate(("web", "api", "db")):
        seg.workload(app, {"app": app}, [f"10.0.{n % 2}.{n + 4}"])
    rules = seg.policy("p", "application")
    rules.allow(L.app.in_("web", "api"), L.app == "db", tcp(1), id="in")
    rules.allow(L.app == "web", L.app.in_("api", "db"), tcp(2), id="out")
    target(seg, plane, encoding, place=places.get(f"{plane}-{encoding}"), accept=("snapshot",))
    return seg


@pytest.mark.parametrize("name", dict.fromkeys(plane.name for plane in PLANES))
def test_every_quota_is_kept(name: str) -> None:
    """Each quota lowered to one less than what an estate uses is an error with both numbers and a way out."""
    known = import_module(f"segkit.platforms.{name}.limits").QUOTAS
    kept: set[str] = set()
    for plane, encoding in ENCODINGS:
        for make in (shop, ranges, tiers, crowd) if plane.name == name else ():
            with plane.unlimited():
                model = make(plane, encoding).build()
                quotas = compile_model(model).report["main"]["quotas"]
                for quota in quotas.keys() - kept:
                    most = quotas[quota]["used"]
                    if most > 1:
                        text = " ".join(messages(lowered(model, quota, most - 1)))
                        assert f"{most}" in text and f"quota is {most - 1}" in text, text
                        kept.add(quota)
    assert kept == known.keys()


def lowered(model: Model, quota: str, value: int) -> Model:
    """A model with one quota of its target set by hand."""
    (target,) = model.targets
    quotas = {**target.placement["quotas"], quota: value}
    return replace(model, targets=(replace(target, placement={**target.placement, "quotas": quotas}),))
