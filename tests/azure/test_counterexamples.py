"""Models and stacks that were once read or written wrongly, each as small as it gets."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.compiler import compile_model
from segkit.model import Segmentation
from segkit.sets import L, tcp
from segkit.verify import Proof, prove
from tests.azure.kit import Document
from tests.conformance import azure
from tests.strategies import TODAY

PLACE: dict[str, Any] = {"vnet_id": "vnet", "resource_group": "rg", "location": "westeurope"}
SUBNETS: dict[str, Any] = {
    "front": {"id": "snet-front", "prefixes": ["10.0.1.0/24"]},
    "back": {"id": "snet-back", "prefixes": ["10.0.2.0/24"]},
}


def estate(**more: Any) -> Segmentation:
    """A web machine and a database, on subnets unless the placement says otherwise."""
    seg = Segmentation("shop", today=TODAY)
    web, db = seg.group("web", L.app == "web"), seg.group("db", L.app == "db")
    seg.workload("w", {"app": "web"}, ["10.0.1.4"], interface_id=azure.interface("w"))
    seg.workload("d", {"app": "db"}, ["10.0.2.4"], interface_id=azure.interface("d"))
    seg.policy("p", "application").allow(web, db, tcp(5432), id="orders")
    seg.target("az", "azure", placement={**PLACE, "subnets": SUBNETS, **more})
    return seg


def proved(seg: Segmentation, **beside: Document) -> Proof:
    """The proof of what is written, with resources of other people beside it."""
    model = seg.build()
    done = compile_model(model)
    document = {**done.fragment, "resource": dict(done.fragment["resource"])}
    for kind, bodies in beside.items():
        document["resource"][kind] = {**document["resource"].get(kind, {}), **bodies}
    return prove(model, document, intent=done.intent, residuals=done.residuals)


@pytest.mark.parametrize(
    ("name", "other"), [("zone-z", "10.2.0.0/16"), ("any", "0.0.0.0/0"), ("ANY", "0.0.0.0/0")]
)
def test_address_sets_that_are_called_like_others(name: str, other: str) -> None:
    """A zone's networks, or every address: rules about either would have gone by one name."""
    seg = estate()
    zone = seg.zone("z", L.app.exists(), networks=["10.1.0.0/16"])
    policy = seg.policy("q", "application")
    policy.allow(seg.address_set(name, ["192.0.2.0/24"]), L.app == "web", tcp(1), id="set")
    policy.allow(seg.address_set("other", [other]), L.app == "web", tcp(2), id="other")
    policy.allow(zone.network, L.app == "web", tcp(3), id="zone")
    assert proved(seg).ok and not list(azure.faults(compile_model(seg.build()).fragment))
