"""Models that were once written wrongly, each as small as it gets; `test_beside` has the stacks."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.ends import outside
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


# What is there already


def test_beside_rules_of_others_nobody_is_kept_out_by_his_own() -> None:
    """0.0.0.0/0 is enough for the outside while the machines inside cannot send there: which is so as long as
    nobody else lets them."""
    there = {"name": "theirs", "resource_group": "net"}
    for others in (False, True):
        more = {"security_group": there} if others else {}
        seg = estate(subnets={name: {**subnet, **more} for name, subnet in SUBNETS.items()})
        seg.policy("o", "application").allow(outside, L.app == "web", tcp(443), id="front")
        if others:
            with pytest.raises(SegkitError, match=r"addresses of d, w are left out of 0.0.0.0/0"):
                compile_model(seg.build())
        else:
            assert proved(seg).ok


def beside_others(*more: str, **of_back: Any) -> Segmentation:
    """Both subnets, and maybe more, have one security group of somebody else, which is empty so far."""
    there = {"name": "theirs", "resource_group": "net", "priorities": [1000, 2000]}
    path = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/networkSecurityGroups/theirs"
    on = [{"id": name} for name in ("snet-front", "snet-back", *more)]
    recorded = {"id": path, "name": "theirs", "properties": {"securityRules": [], "subnets": on}}
    subnets = {
        "front": {**SUBNETS["front"], "security_group": there},
        "back": {**SUBNETS["back"], "security_group": {**there, **of_back}},
    }
    return estate(subnets=subnets, snapshot={"networkSecurityGroups": [recorded]})


def test_one_security_group_on_two_subnets() -> None:
    """Its rules are there once, and the same whichever subnets have it."""
    seg = beside_others(name="THEIRS")
    written = compile_model(seg.build()).fragment["resource"]["azurerm_network_security_rule"]
    names = [(body["direction"], body["name"]) for body in written.values()]
    assert len(set(names)) == len(names) == 5 and all(key.startswith("az_") for key in written)
    assert proved(seg).ok


def test_a_security_group_that_is_elsewhere_too() -> None:
    """Its other subnets are closed by what we add; who has recorded it is told."""
    assert not compile_model(beside_others().build()).warnings
    (warning,) = compile_model(beside_others("snet-x").build()).warnings
    assert "theirs is on snet-x too" in warning.what


def test_one_security_group_of_two_targets() -> None:
    seg = beside_others()
    place = {**SUBNETS["front"], "id": "x", "prefixes": ["10.0.9.0/24"]}
    there = {"name": "theirs", "resource_group": "NET"}
    subnets = {"x": {**place, "security_group": there}}
    seg.target("bz", "azure", select=L.app == "other", placement={**PLACE, "subnets": subnets})
    with pytest.raises(SegkitError, match="target az has rules in the security group of subnet 'x'"):
        compile_model(seg.build())


def test_one_security_group_with_other_priorities() -> None:
    with pytest.raises(SegkitError, match="'back' and 'front' have one security group, and other priorities"):
        compile_model(beside_others(priorities=[2000, 3000]).build())


# Where targets are


def apart(*places: Document) -> Segmentation:
    """Two machines of unknown address, each of a target of its own."""
    seg = Segmentation("shop", today=TODAY)
    for name, more in zip("wd", places, strict=True):
        seg.workload(name, {"app": name})
        seg.target(name, "azure", select=L.app == name, placement={**PLACE, **more})
    seg.policy("p", "application").allow(L.app == "w", L.app == "d", tcp(5432), id="orders")
    return seg


def test_ids_of_a_virtual_network_differ_in_case() -> None:
    networks = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks"
    assert proved(apart({"vnet_id": f"{networks}/Hub"}, {"vnet_id": f"{networks}/hub"})).ok
    with pytest.raises(SegkitError, match="only be written by address"):
        compile_model(apart({"vnet_id": f"{networks}/hub"}, {"vnet_id": f"{networks}/spoke"}).build())


def test_a_virtual_network_is_in_one_region() -> None:
    compile_model(apart({"location": "West Europe"}, {"location": "westeurope"}).build())
    with pytest.raises(SegkitError, match="location is 'northeurope', and target d has 'westeurope'"):
        compile_model(apart({"location": "northeurope"}, {}).build())


def test_a_class_that_may_be_outside_of_its_subnets_is_assumed_to_be_inside() -> None:
    seg = estate()
    seg.workload_class("fleet", {"app": "web"}, networks=["10.0.0.0/16"])
    assert any("fleet is in the subnets of its target" in note for note in proved(seg).notes)
