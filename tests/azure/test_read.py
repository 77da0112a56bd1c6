"""What a stack says of security groups, in the ways people write it; what it leaves open stays open."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.errors import SegkitError
from segkit.platforms.azure.evaluate import Enforcement
from segkit.platforms.azure.read import read_terraform
from segkit.platforms.azure.read_snapshot import read_snapshot
from segkit.platforms.azure.state import Carrier, Members, State
from tests.azure.kit import Document, asg, place, rule, stack

NSG = "azurerm_network_security_group.nsg"
WEB = "azurerm_application_security_group.web"
ENDS = [rule(f"end-{way}", 4096, way, "Deny", "*") for way in ("Inbound", "Outbound")]
PATH = "/subscriptions/s/resourceGroups/RG/providers/Microsoft.Network"


def standalone(**more: Any) -> dict[str, Any]:
    """A rule as a resource of its own."""
    body = {k: v for k, v in rule("apart", 200, ports="443").items() if v is not None}
    return {**body, "resource_group_name": "rg", "network_security_group_name": "nsg", **more}


def without_inline(*rules: dict[str, Any], **group: Any) -> Document:
    """The stack with its rules as resources."""
    document = stack()
    body = document["resource"]["azurerm_network_security_group"]["nsg"]
    del body["security_rule"]
    body.update(group)
    document["resource"]["azurerm_network_security_rule"] = {f"r{n}": r for n, r in enumerate(rules)}
    return document


def names(state: State, key: str = NSG) -> list[str]:
    return [r.name for r in state.groups[key].rules]


def doubts(state: State, key: str = NSG) -> str:
    return "; ".join(Enforcement(state).why(key))


def carrier(state: State, address: str) -> Carrier:
    (found,) = [c for c in state.carriers if c.address == address]
    return found


def test_rules_inline_are_all_rules() -> None:
    state = read_terraform(stack(*ENDS))
    assert names(state) == ["end-Inbound", "end-Outbound"] and not doubts(state)
    assert state.subnets == {"snet": NSG}


@pytest.mark.parametrize(
    "group",
    [
        {},
        {"network_security_group_name": "${azurerm_network_security_group.nsg.name}"},
        {"network_security_group_name": "NSG", "resource_group_name": "Rg"},
        {"resource_group_name": "${azurerm_network_security_group.nsg.resource_group_name}"},
    ],
)
def test_rules_as_resources_find_their_group(group: dict[str, str]) -> None:
    ends = [standalone(**{k: v for k, v in end.items() if v is not None}) for end in ENDS]
    state = read_terraform(without_inline(standalone(**group), *ends))
    assert names(state) == ["apart", "end-Inbound", "end-Outbound"] and not doubts(state)


def test_a_rule_whose_group_has_a_name_that_nobody_knows() -> None:
    """One group is mentioned: it is its rule. None is: any may have it."""
    name = "${azurerm_network_security_group.nsg.name}"
    state = read_terraform(without_inline(standalone(network_security_group_name=name), name="${var.name}"))
    assert names(state) == ["apart"]
    state = read_terraform(without_inline(standalone(network_security_group_name="${var.name}")))
    assert "it may have this rule" in doubts(state)


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ({"count": 2}, "several of it"),
        ({"dynamic": {"security_rule": {}}}, "dynamic blocks"),
        (
            {"lifecycle": {"ignore_changes": ["security_rule"]}},
            "of its arguments are ignored",
        ),
        ({"security_rule": "${var.rules}"}, "rules that are not known"),
    ],
)
def test_a_group_that_is_not_wholly_written_down(group: dict[str, Any], said: str) -> None:
    document = stack(*ENDS)
    document["resource"]["azurerm_network_security_group"]["nsg"].update(group)
    assert said in doubts(read_terraform(document))


def test_rules_in_both_ways_overwrite_each_other() -> None:
    document = stack(*ENDS, azurerm_network_security_rule={"r": standalone()})
    assert "inline and as resources" in doubts(read_terraform(document))


def test_a_group_that_is_imported_keeps_what_it_has() -> None:
    document = without_inline()
    document["import"] = [{"to": f"${{{NSG}}}", "id": f"{PATH}/networkSecurityGroups/nsg"}]
    assert "imported" in doubts(read_terraform(document))
    before = read_snapshot([answer("nsg")])
    assert names(read_terraform(document, snapshot=before)) == ["https"]


def answer(name: str) -> dict[str, Any]:
    """A network security group as the API lists it."""
    properties = {
        "priority": 300,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "TCP",
        "sourcePortRange": "*",
        "destinationPortRange": "",
        "destinationPortRanges": ["443", "8443"],
        "sourceAddressPrefix": "",
        "sourceApplicationSecurityGroups": [{"id": f"{PATH}/applicationSecurityGroups/Web"}],
        "destinationAddressPrefix": "*",
    }
    return {
        "id": f"{PATH}/networkSecurityGroups/{name}",
        "name": name,
        "properties": {
            "securityRules": [{"name": "https", "properties": properties}],
            "subnets": [{"id": f"{PATH}/virtualNetworks/v/subnets/Front"}],
        },
    }


def test_recorded_answers_are_of_the_same_groups() -> None:
    """Ids are compared without regard to case, and a resource is what its names say."""
    state = read_terraform(stack(*ENDS), snapshot=read_snapshot([answer("Other")]))
    (key,) = set(state.groups) - {NSG}
    (https,) = state.groups[key].rules
    assert key == "rg/providers/microsoft.network/networksecuritygroups/other"
    assert str(https.services) == "tcp/443,8443" and https.source == Members(frozenset({WEB}))
    assert state.subnets["rg/providers/microsoft.network/virtualnetworks/v/subnets/front"] == key


def test_data_sources_are_what_they_look_up() -> None:
    document = stack(*ENDS)
    document["data"] = {"azurerm_network_security_group": {"d": {"name": "NSG", "resource_group_name": "rg"}}}
    joined = document["resource"]["azurerm_subnet_network_security_group_association"]["a"]
    joined["network_security_group_id"] = "${data.azurerm_network_security_group.d.id}"
    assert read_terraform(document).subnets == {"snet": NSG}


def test_a_group_elsewhere_is_in_doubt() -> None:
    document = stack(*ENDS)
    joined = document["resource"]["azurerm_subnet_network_security_group_association"]["a"]
    joined["network_security_group_id"] = f"{PATH}/networkSecurityGroups/far"
    state = read_terraform(document)
    (key,) = state.subnets.values()
    assert "lives elsewhere" in doubts(state, key)


def test_two_groups_on_one_subnet_cannot_be() -> None:
    document = stack(*ENDS)
    joined = document["resource"]["azurerm_subnet_network_security_group_association"]
    joined["b"] = {"subnet_id": "snet", "network_security_group_id": "elsewhere"}
    state = read_terraform(document)
    assert "another security group is on snet" in "; ".join(
        doubts(state, key) for key in state.subnets.values()
    )


def test_subnets_that_a_network_makes_by_itself() -> None:
    network = {
        **place("v"),
        "subnet": [{"name": "Front", "security_group": "${azurerm_network_security_group.nsg.id}"}],
    }
    state = read_terraform(stack(*ENDS, azurerm_virtual_network={"v": network}))
    assert state.subnets["rg/providers/microsoft.network/virtualnetworks/v/subnets/front"] == NSG


def test_interfaces_and_their_associations() -> None:
    nic = {**place("nic"), "ip_configuration": {"subnet_id": "${azurerm_subnet.s.id}"}}
    own = {"network_interface_id": "${azurerm_network_interface.nic.id}"}
    other = {"network_interface_id": f"{PATH}/networkInterfaces/nic2"}
    state = read_terraform(
        stack(
            *ENDS,
            azurerm_network_interface={"nic": nic},
            azurerm_network_interface_application_security_group_association={
                "a": {**own, "application_security_group_id": asg("web")},
                "b": {**other, "application_security_group_id": "${var.group}"},
            },
            azurerm_network_interface_security_group_association={
                "a": {**own, "network_security_group_id": "${azurerm_network_security_group.nsg.id}"}
            },
        )
    )
    found = carrier(state, "azurerm_network_interface.nic")
    assert (found.groups, found.subnet, found.security_group) == (frozenset({WEB}), "azurerm_subnet.s", NSG)
    assert found.complete and found.resource
    far = carrier(state, "rg/providers/microsoft.network/networkinterfaces/nic2")
    assert not far.complete and not far.resource


def test_scale_sets_take_what_is_published() -> None:
    published = {"workload": "fleet", "interface": "", "target": "az", "groups": [asg("web")]}
    published["security_group"] = "${azurerm_network_security_group.nsg.id}"
    scale_set = {
        "network_interface": [
            {
                "network_security_group_id": "${local.fleet.security_group}",
                "ip_configuration": [
                    {"subnet_id": "snet", "application_security_group_ids": "${local.fleet.groups}"}
                ],
            }
        ]
    }
    document = stack(*ENDS, azurerm_linux_virtual_machine_scale_set={"s": scale_set})
    document["locals"] = {"fleet": published}
    state = read_terraform(document)
    (membership,) = state.memberships
    found = carrier(state, "azurerm_linux_virtual_machine_scale_set.s.network_interface[0]")
    assert membership.carriers == (found.address,) and membership.security_group == NSG
    assert (found.workload, found.groups) == ("fleet", frozenset({WEB}))
    assert (found.subnet, found.security_group) == ("snet", NSG)


def test_a_module_that_is_given_a_group_may_change_it() -> None:
    document = stack(*ENDS)
    document["module"] = {"more": {"source": "./more", "group": "${azurerm_network_security_group.nsg.name}"}}
    assert "it is handed on" in doubts(read_terraform(document))


def test_what_is_no_stack_is_refused() -> None:
    with pytest.raises(SegkitError, match="a stack is an object"):
        read_terraform([])  # type: ignore[arg-type]
