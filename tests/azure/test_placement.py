"""What people may give an Azure target: one clear message for each mistake, before anything is written."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.artifacts import join, link
from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.platforms.azure.limits import NAME_LIMIT, RESERVED_SUBNETS, description, name
from segkit.sets import L, tcp
from segkit.verify import prove
from tests.conformance import azure
from tests.strategies import TODAY

PLACE: dict[str, Any] = {"vnet_id": "vnet", "resource_group": "rg", "location": "westeurope"}
ASG = "/subscriptions/s/resourceGroups/{}/providers/Microsoft.Network/applicationSecurityGroups/{}"
VNET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/{}"
FRONT = {"id": "snet", "prefixes": ["10.0.1.0/24"]}


def estate(*places: dict[str, Any]) -> Segmentation:
    seg = Segmentation("m", today=TODAY)
    seg.workload("w", {"app": "w"}, ["10.0.1.4"])
    seg.policy("p", "application").allow(L.app == "w", L.app == "w", tcp(443), id="r")
    for number, more in enumerate(places):
        select = L.app == "w" if number == 0 else L.app == str(number)
        seg.target(f"t{number}", "azure", select=select, placement={**PLACE, **more})
    return seg


def refused(seg: Segmentation) -> str:
    with pytest.raises(SegkitError) as raised:
        compile_model(seg.build())
    assert all(problem.fix for problem in raised.value.problems)
    return str(raised.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"vnet_id": ""}, "vnet_id is missing"),
        ({"resource_group": None}, "resource_group is missing"),
        ({"location": None}, "location is missing"),
        ({"vnet": "x"}, "unknown argument 'vnet'"),
        ({"vnet_id": 7}, "vnet_id is 7"),
        ({"encoding": "blocks"}, "encoding is 'blocks'"),
        ({"references": "both"}, "references is 'both'"),
        ({"quotas": {"rules": 1}}, "unknown quota 'rules'"),
        ({"quotas": {"rules_per_security_group": 2000}}, "write 1 to 1000"),
        ({"subnets": {"a": {"id": "x"}}}, "subnets is"),
        ({"subnets": {"a": {**FRONT, "nsg": "n"}}}, "write id, prefixes (and security_group) of each"),
        ({"subnets": {"a": {**FRONT, "prefixes": "10.0.0.0/8"}}}, "is no list of ranges"),
        ({"subnets": {"a": {**FRONT, "prefixes": []}}}, "there are none"),
        ({"subnets": {"a": {**FRONT, "prefixes": ["10.0.0.1/8"]}}}, "host bits"),
        (
            {"subnets": {"a": {**FRONT, "prefixes": ["${azurerm_subnet.a.address_prefixes[0]}"]}}},
            "is a reference, whose value only Terraform knows",
        ),
        (
            {"subnets": {"a": FRONT, "b": {"id": "other", "prefixes": ["10.0.1.128/25"]}}},
            "subnets 'a' and 'b' share 10.0.1.128/25",
        ),
        ({"subnets": {"a": {**FRONT, "security_group": "nsg"}}}, "security_group of subnet 'a' is 'nsg'"),
        (
            {
                "subnets": {
                    "a": {
                        **FRONT,
                        "security_group": {"name": "n", "resource_group": "r", "priorities": [100, 120]},
                    }
                }
            },
            "priorities of subnet 'a' are [100, 120]",
        ),
        (
            {"vnet_id": VNET.format("a"), "subnets": {"a": {**FRONT, "id": VNET.format("b") + "/subnets/x"}}},
            f"subnet 'a' is one of {VNET.format('b')}, and vnet_id is {VNET.format('a')}",
        ),
        ({"location": "West Europe!"}, "location is 'West Europe!', which is no region"),
        ({"tags": {"cost/centre": "7"}}, "the tag 'cost/centre' has a name that Azure refuses"),
        ({"tags": {"note": "x" * 257}}, "the tag 'note' has a value of 257 letters"),
        ({"tags": {f"t{n}": "" for n in range(49)}}, "49 tags, and 2 of segkit's"),
        ({"global_tier": "admin", "network_manager": "hub"}, "network_manager is 'hub'"),
        ({"subnets": {}}, "there are no subnets"),
        ({"subnets": {"a": {**FRONT, "id": ["snet"]}}}, "id of subnet 'a' is ['snet']"),
        ({"subnets": {"a": {**FRONT, "id": ""}}}, "id of subnet 'a' is ''"),
        (
            {"subnets": {"a": FRONT, "b": {"id": "SNET", "prefixes": ["10.0.2.0/24"]}}},
            "subnets 'a' and 'b' have one id",
        ),
        (
            {"subnets": {"a": {**FRONT, "security_group": {"name": 7, "resource_group": "r"}}}},
            "security_group of subnet 'a' is",
        ),
        ({"flow_log": {"network_watcher": "w"}}, "flow_log is"),
        (
            {
                "flow_log": {
                    **dict.fromkeys(("network_watcher", "resource_group"), "w"),
                    "storage_account_id": 1,
                }
            },
            "flow_log is",
        ),
        (
            {
                "flow_log": {
                    **dict.fromkeys(("network_watcher", "resource_group", "storage_account_id"), "w"),
                    "days": 366,
                }
            },
            "days (0 to 365)",
        ),
        ({"adopt": {"web": {"description": "x"}}}, "adopt is"),
        ({"adopt": {"web": {"name": 7}}}, "adopt is"),
        ({"adopt": {"web": {"name": "web/1"}}}, "name of 'web' is 'web/1', which is no name at Azure"),
        ({"adopt": {"web": {"name": "x" * 81}}}, "which is no name at Azure"),
        ({"adopt": {"web": {"id": "asg-1"}}}, "id of 'web' is 'asg-1', which is none of its kind"),
        (
            {"adopt": {"web": {"id": ASG.format("rg", "w")}}},
            "write name='w': with another, it would be replaced",
        ),
        ({"adopt": {"web": {"id": ASG.format("rg", "w"), "name": "v"}}}, "ends in 'w', and its name is 'v'"),
        (
            {"adopt": {"web": {"id": ASG.format("other", "w"), "name": "w"}}},
            "'web' is in resource group 'other', and the target's is 'rg'",
        ),
        ({"resource_group": "/subscriptions/s/resourceGroups/rg"}, "which is no name at Azure"),
        (
            {"subnets": {"a": {**FRONT, "security_group": {"name": "a/b", "resource_group": "r"}}}},
            "the security_group of subnet 'a' is called 'a/b', which is no name at Azure",
        ),
        (
            {"subnets": {"a": {**FRONT, "security_group": {"name": "n", "resource_group": "r/s"}}}},
            "the resource_group of the security_group of subnet 'a' is 'r/s', which is no name at Azure",
        ),
        *(
            ({"subnets": {"a": {**FRONT, "id": f"/x/subnets/{reserved}"}}}, f"subnet 'a' is {reserved}")
            for reserved in RESERVED_SUBNETS
        ),
        ({"subnets": {"gatewaysubnet": FRONT}}, "supports no network security group on it"),
        ({"snapshot": {"SecurityGroups": []}}, "snapshot is"),
        ({"snapshot": {"networkSecurityGroups": ["nsg"]}}, "snapshot is"),
        ({"snapshot": {"networkSecurityGroups": [{"id": "x", "securityRules": ["rule"]}]}}, "snapshot is"),
    ],
)
def test_a_wrong_argument(more: dict[str, Any], said: str) -> None:
    assert said in refused(estate(more))


def test_two_targets_that_claim_one_subnet() -> None:
    two = estate({"subnets": {"a": FRONT}}, {"subnets": {"b": {**FRONT, "id": "SNET"}}})
    assert "target t1: subnet 'b' is target t0's already" in refused(two)


def test_one_interface_in_different_spellings() -> None:
    seg = estate({})
    for workload, spelled in (("one", azure.interface("nic")), ("two", azure.interface("NIC"))):
        seg.workload(workload, {"app": "w"}, interface_id=spelled)
    assert "of workload 'two' is that of 'one'" in refused(seg)


def test_an_interface_by_another_name_than_its_id() -> None:
    seg = estate({})
    seg.workload("one", {"app": "w"}, interface_id="nic-1")
    seg.workload("nobodys", {"app": "x"}, interface_id="eni-1")
    text = refused(seg)
    assert "the interface id of workload 'one' is 'nic-1'" in text and "eni-1" not in text


def test_references_are_names_that_are_not_looked_into() -> None:
    there = {"name": "${azurerm_network_security_group.n.name}", "resource_group": "${var.group}"}
    seg = estate(
        {
            "resource_group": "${azurerm_resource_group.g.name}",
            "adopt": {"app-w-220c72": {"name": "asg", "id": ASG.format("RG", "ASG")}},
            "subnets": {"a": {**FRONT, "security_group": there}},
        }
    )
    assert compile_model(seg.build()).fragment["resource"]


def test_the_name_of_a_tag_may_be_a_reference() -> None:
    tag = '${var.old ? "cost" : "cost-centre"}'
    fragment = compile_model(estate({"tags": {tag: "7"}}).build()).fragment
    groups = fragment["resource"]["azurerm_application_security_group"].values()
    assert groups and all(body["tags"][tag] == "7" for body in groups)


def test_references_of_two_stacks_are_two_things() -> None:
    """Stacks that are made alike call their networks and subnets alike; an id means one wherever it is."""

    def two(network: str, subnet: str) -> Segmentation:
        seg = Segmentation("m", today=TODAY)
        for number, side in enumerate(("blue", "green")):
            seg.workload(side, {"side": side}, [f"10.0.{number}.4"])
            front = {"id": subnet, "prefixes": [f"10.0.{number}.0/24"]}
            place = {**PLACE, "vnet_id": network, "subnets": {"a": front}}
            made = seg.target(side, "azure", select=L.side == side, stack=side, placement=place)
            made.accept_residual("snapshot", owner="me", reason="a test", expires="2999-01-01")
        seg.policy("p", "application").allow(L.side == "blue", L.side == "green", tcp(443), id="r")
        return seg

    apart = two("${azurerm_virtual_network.main.id}", "${azurerm_subnet.a.id}").build()
    done = compile_model(apart)
    assert {residual.name for residual in done.residuals} == {"snapshot"}, "their groups are of two networks"
    assert not done.divided.crossings
    made: dict[str, Any] = {"azurerm_subnet": {"a": {"name": "a"}}, "azurerm_virtual_network": {"main": {}}}
    whole = join(link(done.divided, {stack: {"resource": made} for stack in apart.stacks}), apart.stacks)
    assert prove(apart, whole).ok
    assert "subnet 'a' is target blue's already" in refused(two("/x/vnet", "/x/vnet/subnets/a"))


def test_one_network_in_two_realms() -> None:
    """It has one range of addresses: rules about them would speak of both."""
    seg = estate({})
    seg.target("u", "azure", realm="far", placement={**PLACE, "vnet_id": "vnet"})
    assert "target u: target t0 has the same vnet_id in realm 'default'" in refused(seg)


def test_two_targets_that_need_one_name() -> None:
    """Targets whose names meet in what Azure takes of them."""
    seg = Segmentation("m", today=TODAY)
    for target in ("a-b", "a"):
        seg.group("b-web" if target == "a" else "web", L.app == target)
        seg.workload(target, {"app": target})
        seg.target(target, "azure", select=L.app == target, placement=PLACE)
    policy = seg.policy("p", "application")
    for group in seg.build().groups:
        policy.allow(group, group, tcp(1), id=group.name)
    assert "two resources would be named 'm-a-b-web'" in refused(seg)


def test_over_quota_names_the_subnet_and_ways_out() -> None:
    text = refused(estate({"subnets": {"a": FRONT}, "quotas": {"rules_per_security_group": 4}}))
    assert "the security group of a needs 5 rules; the quota is 4" in text and "split the subnet" in text


def test_too_few_priorities() -> None:
    """In somebody else's security group, rules have what priorities they are left."""
    there = {"name": "n", "resource_group": "r", "priorities": [1000, 1050]}
    seg = estate({"subnets": {"a": {**FRONT, "security_group": there}}})
    sets = [seg.address_set(f"s{n}", [f"192.0.2.{n}"]) for n in range(45)]
    for number, one in enumerate(sets):
        seg.policy(f"p{number}", "application").allow(one, L.app == "w", tcp(1), id="x")
    assert "ingress rules of a have 37 priorities" in refused(seg)


def test_names_and_descriptions() -> None:
    assert name("web") == "web"
    for raw in ("web tier", "ü" * 9 + "x", "x" * 81, "-a-", "Grün/Blau", "a" * 79 + "."):
        found = name(raw)
        assert found != raw and len(found) <= NAME_LIMIT and found[0].isalnum() and found[-1].isalnum()
        assert found == name(raw) and found != name(raw + "x")
    assert description("a\n b  c") == "a b c" and len(description("x" * 200)) == 140
