"""Stacks of other people that were once read wrongly, each as small as it gets."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.compiler import compile_model
from segkit.model import Segmentation
from segkit.platforms.azure.evaluate import Enforcement
from segkit.platforms.azure.read import read_terraform
from segkit.sets import L, tcp
from segkit.verify import Proof, prove
from tests.azure.kit import Document, asg, place, rule, stack
from tests.azure.test_counterexamples import PLACE, SUBNETS, estate, proved
from tests.conformance import azure
from tests.strategies import TODAY

NSG = "azurerm_network_security_group"
ON_SUBNET = "azurerm_subnet_network_security_group_association"
ON_INTERFACE = "azurerm_network_interface_security_group_association"
CLOSED = {**place("closed"), "security_rule": [rule("x", 100, access="Deny", protocol="*")]}
CLOSED_ID = f"${{{NSG}.closed.id}}"


def on_interfaces(subnet: str | None = "${azurerm_subnet.s.id}") -> tuple[Segmentation, Document]:
    """Machines whose interfaces the stack makes in one subnet, with the security group on the interfaces, and
    somebody else's security group that nothing is in yet."""
    seg = Segmentation("shop", today=TODAY)
    for name, address in (("w", "10.0.1.4"), ("d", "10.0.2.4")):
        reference = f"${{azurerm_network_interface.{name}.id}}"
        seg.workload(name, {"app": name}, [address], interface_id=reference)
    seg.policy("p", "application").allow(L.app == "w", L.app == "d", tcp(5432), id="orders")
    seg.target("az", "azure", placement=PLACE)
    inside = [{"name": "four", "subnet_id": subnet}, {"name": "six", "private_ip_address_version": "IPv6"}]
    made = {name: {**place(name), "ip_configuration": inside} for name in "wd"}
    network = {"resource_group_name": "rg", "virtual_network_name": "v"}
    return seg, {
        "azurerm_network_interface": made,
        "azurerm_subnet": {name: {**network, "name": name} for name in "st"},
        NSG: {"closed": CLOSED},
    }


def test_a_security_group_on_the_subnet_of_an_interface() -> None:
    seg, beside = on_interfaces()
    assert proved(seg, **beside).ok
    beside[ON_SUBNET] = {"x": {"subnet_id": "${azurerm_subnet.s.id}", "network_security_group_id": CLOSED_ID}}
    assert {d.kind for d in proved(seg, **beside).differences} == {"closes"}


@pytest.mark.parametrize(
    "association",
    [
        {"subnet_id": "${var.subnet}"},
        {"subnet_id": "${each.value}", "for_each": {"s": "${azurerm_subnet.s.id}"}},
        {"subnet_id": "${azurerm_subnet.t.id}", "lifecycle": {"ignore_changes": ["subnet_id"]}},
    ],
)
def test_a_security_group_on_a_subnet_that_is_not_told(association: Document) -> None:
    seg, beside = on_interfaces()
    beside[ON_SUBNET] = {"x": {**association, "network_security_group_id": CLOSED_ID}}
    proof = proved(seg, **beside)
    assert proof.status == "unproved" and "may put a security group on its subnet" in proof.text()


def test_an_interface_in_a_subnet_that_is_not_told() -> None:
    seg, beside = on_interfaces("${var.subnet}")
    assert proved(seg, **beside).ok, "nothing is on subnets here; that there is nothing elsewhere is a note"
    beside[ON_SUBNET] = {"x": {"subnet_id": "${azurerm_subnet.s.id}", "network_security_group_id": CLOSED_ID}}
    proof = proved(seg, **beside)
    assert proof.status == "unproved" and "it is in var.subnet" in proof.text()


def test_a_second_security_group_on_an_interface() -> None:
    """There can be one; which one it is depends on who comes last."""
    seg, beside = on_interfaces()
    interface = {"network_interface_id": "${azurerm_network_interface.d.id}"}
    beside[ON_INTERFACE] = {"aa": {**interface, "network_security_group_id": CLOSED_ID}}
    proof = proved(seg, **beside)
    assert proof.status == "unproved" and "several security groups are put on it" in proof.text()


def test_changes_of_a_rule_that_are_not_applied() -> None:
    body = {k: v for k, v in rule("x", 4000, access="Deny").items() if v is not None}
    body |= {"resource_group_name": "rg", "network_security_group_name": "nsg"}
    body["lifecycle"] = {"ignore_changes": ["access"]}
    document = stack(azurerm_network_security_rule={"x": body})
    del document["resource"][NSG]["nsg"]["security_rule"]
    assert any("are ignored" in why for why in Enforcement(read_terraform(document)).why(f"{NSG}.nsg"))


def published(policies: Document) -> Proof:
    """The proof where the database is a private endpoint in a subnet with these arguments."""
    seg = estate(subnets={**SUBNETS, "back": {**SUBNETS["back"], "id": "${azurerm_subnet.back.id}"}})
    seg.workload("pe", {"app": "db"}, ["10.0.2.5"])
    joined = {
        "private_endpoint_id": "${azurerm_private_endpoint.pe.id}",
        "application_security_group_id": "${local.segkit_az_pe.groups[0]}",
    }
    return proved(
        seg,
        azurerm_subnet={"back": {"name": "back", "resource_group_name": "rg", **policies}},
        azurerm_private_endpoint={"pe": {**place("pe"), "subnet_id": "${azurerm_subnet.back.id}"}},
        azurerm_private_endpoint_application_security_group_association={"pe": joined},
    )


def test_private_endpoints_are_filtered_only_where_their_subnet_says_so() -> None:
    assert published({"private_endpoint_network_policies": "Enabled"}).ok
    assert published({"private_endpoint_network_policies": "NetworkSecurityGroupEnabled"}).ok
    for policies in ({}, {"private_endpoint_network_policies": "RouteTableEnabled"}):
        proof = published(policies)
        assert proof.status == "unproved" and "network policies of its subnet" in proof.text()


@pytest.mark.parametrize("workload", ["ghost", "d"])
def test_a_membership_that_somebody_wrote_by_hand(workload: str) -> None:
    """Of nobody in the model: a stranger in the group. Of somebody: one more of him."""
    model = estate().build()
    done = compile_model(model)
    document: Document = {**done.fragment, "resource": dict(done.fragment["resource"])}
    made = {"workload": workload, "interface": "", "target": "az", "groups": [asg("az_db")]}
    document["locals"] = {**document["locals"], "more": made}
    inside = {"subnet_id": "elsewhere", "application_security_group_ids": "${local.more.groups}"}
    document["resource"]["azurerm_linux_virtual_machine_scale_set"] = {
        "x": {"network_interface": [{"name": "x", "ip_configuration": [inside]}]}
    }
    proof = prove(model, document, intent=done.intent, residuals=done.residuals)
    assert proof.status == "unproved" and "that is no workload" in proof.text()


WEB = "${azurerm_application_security_group.az_web.id}"
FRONT = "${azurerm_network_security_group.az_front.id}"
MACHINE = azure.interface("w")


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("azapi_resource", {"type": "Microsoft.Network/x/securityRules@1", "parent_id": FRONT}, "handed on"),
        ("azapi_update_resource", {"resource_id": FRONT, "body": {}}, "handed on"),
        ("azapi_update_resource", {"type": "Microsoft.Network/y@1", "resource_id": MACHINE}, "may change it"),
        ("azapi_resource", {"type": "Microsoft.Compute/z@1", "body": {"asgs": [{"id": WEB}]}}, "no workload"),
        ("azurerm_resource_group_template_deployment", {"parameters_content": WEB}, "no workload"),
        ("azapi_resource", {"type": "Microsoft.Insights/logs@1", "parent_id": FRONT}, ""),
    ],
)
def test_resources_that_say_by_the_api_what_they_are(kind: str, body: Document, said: str) -> None:
    proof = proved(estate(), **{kind: {"x": body}})
    assert (proof.status == "unproved" and said in proof.text()) if said else proof.ok


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("${local.segkit_az_more.groups}", ""),
        ("${local.segkit_az_more}", ""),
        (WEB, "which module.x is in too"),
        ("${concat(local.segkit_az_more.groups, [azurerm_application_security_group.az_web.id])}", "az_web"),
        (FRONT, "it is handed on"),
    ],
)
def test_modules_are_given_memberships_and_nothing_else(given: str, said: str) -> None:
    """What is published is there to be handed on; a group of any kind by itself is not."""
    seg = estate()
    seg.workload("more", {"app": "db"}, ["10.0.2.5"])
    model = seg.build()
    done = compile_model(model)
    document = {**done.fragment, "module": {"x": {"source": "./x", "machine": {"groups": given}}}}
    proof = prove(model, document, intent=done.intent, residuals=done.residuals)
    assert (proof.status == "unproved" and said in proof.text()) if said else proof.ok


@pytest.mark.parametrize(
    ("group", "names", "status"),
    [
        ("rg", "shop-az-front", "unproved"),
        ("rg", "other", "equal"),
        ("${var.group}", "shop-az-front", "different"),
        ("${var.group}", "other", "equal"),
        ("${azurerm_network_security_group.closed.resource_group_name}", "shop-az-front", "unproved"),
    ],
)
def test_a_rule_for_a_group_of_whose_names_one_is_not_known(group: str, names: str, status: str) -> None:
    """What is spelled alike is alike; what is known and differs is another."""
    body = {k: v for k, v in rule("x", 100, protocol="*").items() if v is not None}
    body |= {"resource_group_name": group, "network_security_group_name": names}
    other = {**CLOSED, "resource_group_name": "${var.other}"}
    beside = {"azurerm_network_security_rule": {"x": body}, NSG: {"closed": other}}
    assert proved(estate(resource_group="${var.group}"), **beside).status == status


@pytest.mark.parametrize(
    ("addresses", "ranges", "status"),
    [
        (["10.0.1.9"], "0.0.0.0/0", "equal"),
        (["10.0.1.9", "fd00::9"], "0.0.0.0/0", "unproved"),
        ([], "0.0.0.0/0", "unproved"),
        (["10.0.1.9", "fd00::9"], ["0.0.0.0/1", "128.0.0.0/1"], "equal"),
    ],
)
def test_whether_all_of_ipv4_is_everybody_is_not_certain(
    addresses: list[str], ranges: str | list[str], status: str
) -> None:
    """A deny of others that may hold for IPv6, too, where IPv6 is opened."""
    seg = estate(subnets={**SUBNETS, "front": {"id": "snet-front", "prefixes": ["10.0.1.0/24", "fd00::/64"]}})
    seg.workload("six", {"app": "six"}, addresses or None, interface_id=azure.interface("six"))
    partner = seg.address_set("partner", ["192.0.2.0/24", "2001:db8::/48"])
    seg.policy("q", "application").allow(partner, L.app == "six", tcp(443), id="six")
    own = [rule("deny", 100, access="Deny", ports="22", source=ranges)]
    own += [rule(way, 4000, way, protocol="*") for way in ("Inbound", "Outbound")]
    on = {"network_interface_id": azure.interface("six"), "network_security_group_id": CLOSED_ID}
    beside: Document = {NSG: {"closed": {**place("closed"), "security_rule": own}}, ON_INTERFACE: {"six": on}}
    proof = proved(seg, **beside)
    assert proof.status == status, proof.text()
    assert (status == "equal") != ("whether 0.0.0.0/0 holds IPv6 is not certain" in proof.text())


# Repeated and dynamic blocks


def test_interfaces_that_one_block_makes_are_in_its_subnet() -> None:
    seg = Segmentation("shop", today=TODAY)
    for name, address in (("w", "10.0.1.4"), ("d", "10.0.2.4")):
        one = f'${{azurerm_network_interface.all["{name}"].id}}'
        seg.workload(name, {"app": name}, [address], interface_id=one)
    seg.policy("p", "application").allow(L.app == "w", L.app == "d", tcp(5432), id="orders")
    seg.target("az", "azure", placement=PLACE)
    inside = [{"name": "one", "subnet_id": "${azurerm_subnet.s.id}"}]
    beside: Document = {
        "azurerm_network_interface": {
            "all": {**place("${each.key}"), "for_each": ["w", "d"], "ip_configuration": inside}
        },
        NSG: {"closed": CLOSED},
    }
    assert proved(seg, **beside).ok
    beside[ON_SUBNET] = {"x": {"subnet_id": "${azurerm_subnet.s.id}", "network_security_group_id": CLOSED_ID}}
    assert {d.kind for d in proved(seg, **beside).differences} == {"closes"}


@pytest.mark.parametrize("outer", [True, False])
def test_dynamic_blocks_of_a_scale_set(outer: bool) -> None:
    inside = {"subnet_id": "elsewhere", "application_security_group_ids": [WEB]}
    interface: Document = {"name": "x", "dynamic": {"ip_configuration": {"content": [inside]}}}
    plain: Document = {"name": "x", "ip_configuration": [inside]}
    body = (
        {"dynamic": {"network_interface": {"content": [plain]}}}
        if outer
        else {"network_interface": [interface]}
    )
    proof = proved(estate(), azurerm_linux_virtual_machine_scale_set={"x": body})
    assert proof.status == "unproved" and "that is no workload" in proof.text()


@pytest.mark.parametrize(
    ("kind", "group", "said"),
    [
        (ON_INTERFACE, "network_security_group_id", "may put another security group on it"),
        (
            f"{ON_INTERFACE[:26]}application_security_group_association",
            "application_security_group_id",
            "web",
        ),
    ],
)
def test_associations_that_are_repeated(kind: str, group: str, said: str) -> None:
    each = {"${azurerm_network_interface.x.id}": WEB if said == "web" else CLOSED_ID}
    body = {"for_each": each, "network_interface_id": "${each.key}", group: "${each.value}"}
    beside: Document = {kind: {"x": body}, NSG: {"closed": CLOSED}}
    proof = proved(estate(), **beside)
    assert proof.status == "unproved" and said in proof.text()


@pytest.mark.parametrize("more", [{"count": "${var.on}"}, {"lifecycle": {"ignore_changes": "all"}}])
def test_a_subnet_that_may_have_no_security_group(more: Document) -> None:
    model = estate().build()
    done = compile_model(model)
    document: Document = {**done.fragment, "resource": dict(done.fragment["resource"])}
    on = document["resource"][ON_SUBNET]
    document["resource"][ON_SUBNET] = {**on, "az_back": {**on["az_back"], **more}}
    proof = prove(model, document, intent=done.intent, residuals=done.residuals)
    assert proof.status == "unproved" and "whether it is put on a subnet" in proof.text()


def machine(*inside: Document, **more: Any) -> Proof:
    """The proof where a scale set takes the groups of a third machine, at each of these addresses."""
    seg = estate()
    seg.workload("more", {"app": "db"}, ["10.0.2.5"])
    interface = {
        "name": "x",
        "ip_configuration": [{"subnet_id": "snet-back", **one} for one in inside],
        **more,
    }
    return proved(seg, azurerm_linux_virtual_machine_scale_set={"x": {"network_interface": [interface]}})


def test_a_security_group_that_nobody_has_seen() -> None:
    """It leaves the proof open; the rules that every group has are part of it all the same."""
    taken = {"application_security_group_ids": "${local.segkit_az_more.groups}"}
    assert machine(taken, taken).ok
    assert "lives elsewhere" in machine(taken, network_security_group_id="${var.nsg}").text()
    there = {"name": "theirs", "resource_group": "net"}
    subnets = {name: {**one, "security_group": there} for name, one in SUBNETS.items()}
    on = {name: {"subnet_id": one["id"], "network_security_group_id": "far"} for name, one in SUBNETS.items()}
    assert "lives elsewhere" in proved(estate(subnets=subnets), **{ON_SUBNET: on}).text()


def test_addresses_of_one_interface_in_different_groups() -> None:
    proof = machine({"application_security_group_ids": "${local.segkit_az_more.groups}"}, {})
    assert proof.status == "unproved" and "in different groups" in proof.text()
