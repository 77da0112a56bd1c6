"""What the azurerm double's platform refuses, call by call; no Terraform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.double import rules_azure
from tests.double.api import Api, RefusedError
from tests.double.azure_parts import rule
from tests.double.bench import api
from tests.double.manager_azure import in_force
from tests.double.store import Store

NETWORK = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network"
PLACE = {"resource_group_name": "rg", "location": "westeurope"}
NSG, RULE, ASG = (
    f"azurerm_{kind}"
    for kind in ("network_security_group", "network_security_rule", "application_security_group")
)
NIC_ASG = "azurerm_network_interface_application_security_group_association"
NIC_NSG = "azurerm_network_interface_security_group_association"
ADMIN = "azurerm_network_manager_security_admin_configuration"


@pytest.fixture
def azure(schemas: Path, tmp_path: Path) -> Api:
    made = api(schemas, tmp_path, "azurerm", rules_azure.TABLE)
    made.create("azurerm_resource_group", {"name": "rg", "location": "westeurope"})
    for net, number in (("one", 1), ("two", 2)):
        made.create(
            "azurerm_virtual_network", {**PLACE, "name": net, "address_space": [f"10.{number}.0.0/16"]}
        )
        made.create("azurerm_subnet", _subnet(net, "main", f"10.{number}.1.0/24"))
        made.create("azurerm_network_interface", _nic(f"nic-{net}", net))
        made.create(ASG, {**PLACE, "name": f"asg-{net}"})
        made.create(NIC_ASG, _joins(f"nic-{net}", f"asg-{net}"))
    made.create(NSG, _group("main"))
    return made


def _subnet(net: str, name: str, prefix: str) -> dict[str, Any]:
    return {
        "name": name,
        "resource_group_name": "rg",
        "virtual_network_name": net,
        "address_prefixes": [prefix],
    }


def _nic(name: str, net: str, **more: Any) -> dict[str, Any]:
    subnet = f"{NETWORK}/virtualNetworks/{net}/subnets/main"
    given = {"name": "main", "subnet_id": subnet, "private_ip_address_allocation": "Dynamic", **more}
    return {**PLACE, "name": name, "ip_configuration": [given]}


def _asg(name: str) -> str:
    return f"{NETWORK}/applicationSecurityGroups/{name}"


def _joins(nic: str, asg: str) -> dict[str, str]:
    return {
        "network_interface_id": f"{NETWORK}/networkInterfaces/{nic}",
        "application_security_group_id": _asg(asg),
    }


def _group(name: str, *rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**PLACE, "name": name, "security_rule": list(rules), **more}


def _lone(name: str, priority: int, **more: Any) -> dict[str, Any]:
    return rule(name, priority, **more) | {"resource_group_name": "rg", "network_security_group_name": "main"}


def _many(count: int) -> list[dict[str, Any]]:
    directions = ("Inbound", "Outbound")
    return [rule(f"rule-{n}", 100 + n // 2, direction=directions[n % 2]) for n in range(count)]


def _addresses(count: int) -> list[str]:
    return [f"10.{n // 65536}.{n // 256 % 256}.{n % 256}/32" for n in range(count)]


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "one priority twice": (NSG, _group("g", rule("a", 100), rule("b", 100)), "a, b share the priority 100"),
    "one name twice": (NSG, _group("g", rule("a", 100), rule("A", 101)), "rule a is there 2 times"),
    "too many rules": (NSG, _group("g", *_many(1001)), "1001 rules in one group, 1000 can be"),
    "too many addresses": (
        NSG,
        _group("g", rule("a", 100, source_address_prefixes=_addresses(4001))),
        "4001 source addresses in one group, 4000 can be",
    ),
    "host bits": (
        NSG,
        _group("g", rule("a", 100, source_address_prefixes=["10.0.0.1/24"])),
        "'10.0.0.1/24': has bits set beyond its prefix, 10.0.0.0/24 is meant",
    ),
    "a tag among many": (
        NSG,
        _group("g", rule("a", 100, source_address_prefixes=["Internet"])),
        "neither an address nor a range",
    ),
    "both families": (
        NSG,
        _group("g", rule("a", 100, source_address_prefixes=["10.0.0.0/8", "2001:db8::/32"])),
        "rule a mixes IPv4 and IPv6",
    ),
    "a port beyond": (NSG, _group("g", rule("a", 100, destination_port_range="80-70000")), "neither a port"),
    "a reversed range": (NSG, _group("g", rule("a", 100, destination_port_range="90-80")), "ends before"),
    "a long description": (NSG, _group("g", rule("a", 100, description="x" * 141)), "longer than 140"),
    "an odd rule name": (NSG, _group("g", rule("a rule", 100)), "names have 1 to 80"),
    "an odd group name": (NSG, _group("-g"), "names have 1 to 80"),
    "no resource group": (NSG, _group("g", resource_group_name="other"), "other does not exist"),
    "an unknown group": (
        NSG,
        _group("g", rule("a", 100, source_application_security_group_ids=[_asg("none")])),
        "/none does not exist",
    ),
    "groups of two networks": (
        NSG,
        _group(
            "g",
            rule(
                "a",
                100,
                source_application_security_group_ids=[_asg("asg-one")],
                destination_application_security_group_ids=[_asg("asg-two")],
            ),
        ),
        "rule a has groups of several virtual networks",
    ),
    "an interface of another network": (NIC_ASG, _joins("nic-two", "asg-one"), "are in several virtual"),
    "a group twice": (NSG, _group("main"), "already exists"),
    "a rule without its group": (
        RULE,
        _lone("a", 100) | {"network_security_group_name": "none"},
        "not exist",
    ),
    "an address elsewhere": (
        "azurerm_network_interface",
        _nic("nic", "one", private_ip_address="10.9.0.9"),
        "10.9.0.9 is outside of",
    ),
    "a subnet outside": ("azurerm_subnet", _subnet("one", "more", "10.7.0.0/24"), "outside of the address"),
    "a subnet over another": ("azurerm_subnet", _subnet("one", "more", "10.1.0.0/23"), "overlaps"),
    "a manager's rule without a home": (
        "azurerm_network_manager_admin_rule",
        {"name": "r", "priority": 1, "direction": "Inbound", "admin_rule_collection_id": f"{NETWORK}/none"},
        "none does not exist",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(azure: Api, case: str) -> None:
    kind, body, told = REFUSED[case]
    with pytest.raises(RefusedError, match=told):
        azure.create(kind, body)


def test_a_group_of_one_place_is_none_of_another(azure: Api) -> None:
    azure.create(ASG, {**PLACE, "location": "northeurope", "name": "far"})
    with pytest.raises(RefusedError, match="different regions: northeurope, westeurope"):
        azure.create(NIC_ASG, _joins("nic-one", "far"))


def test_a_subnet_and_an_interface_have_one_group(azure: Api) -> None:
    azure.create(NSG, _group("other"))
    subnet = {"subnet_id": f"{NETWORK}/virtualNetworks/one/subnets/main"}
    nic = {"network_interface_id": f"{NETWORK}/networkInterfaces/nic-one"}
    for kind, end, told in (
        ("azurerm_subnet_network_security_group_association", subnet, "imported"),
        (NIC_NSG, nic, "already"),
    ):
        for name in ("main", "other"):
            link = {**end, "network_security_group_id": f"{NETWORK}/networkSecurityGroups/{name}"}
            if name == "main":
                azure.create(kind, link)
                continue
            with pytest.raises(RefusedError, match=told):
                azure.create(kind, link)


def test_what_is_in_use_stays(azure: Api) -> None:
    named = rule("a", 100, source_application_security_group_ids=[_asg("asg-one")])
    azure.create(NSG, _group("g", named))
    for kind, name, user in (
        (ASG, "applicationSecurityGroups/asg-one", "networkSecurityGroups/g"),
        (ASG, "applicationSecurityGroups/asg-two", "networkInterfaces/nic-two"),
        ("azurerm_subnet", "virtualNetworks/one/subnets/main", "networkInterfaces/nic-one"),
        ("azurerm_virtual_network", "virtualNetworks/one", "subnets/main"),
    ):
        with pytest.raises(RefusedError, match=f"is in use by .*{user}"):
            azure.delete(kind, f"{NETWORK}/{name}")


def test_an_interface_is_in_twenty_groups_at_most(azure: Api) -> None:
    for number in range(20):
        azure.create(ASG, {**PLACE, "name": f"more-{number}"})
        if number < 19:
            azure.create(NIC_ASG, _joins("nic-one", f"more-{number}"))
    with pytest.raises(RefusedError, match="is in 21 groups, 20 can be"):
        azure.create(NIC_ASG, _joins("nic-one", "more-19"))


def test_a_rule_has_ten_groups_and_all_rules_a_hundred(azure: Api) -> None:
    for number in range(101):
        azure.create(ASG, {**PLACE, "name": f"more-{number}"})
    groups = [_asg(f"more-{number}") for number in range(101)]
    rules = [
        rule(f"r{n}", 100 + n, source_application_security_group_ids=groups[n : n + 10])
        for n in range(0, 101, 10)
    ]
    with pytest.raises(RefusedError, match="101 application security groups"):
        azure.create(NSG, _group("g", *rules))
    with pytest.raises(RefusedError, match="rule r has 11 groups as source, 10 can be"):
        azure.create(NSG, _group("g", rule("r", 100, source_application_security_group_ids=groups[:11])))


def test_an_account_is_needed(azure: Api) -> None:
    with pytest.raises(RefusedError, match="subscription_id is a required provider property"):
        azure.configure({"features": [{}]})


MANAGER = "azurerm_network_manager"
SCOPE = [{"subscription_ids": ["/subscriptions/s"]}]


def _managed(azure: Api) -> dict[str, Any]:
    """A network manager with an empty collection: the ids of all that there is."""
    body = {**PLACE, "name": "m", "scope": SCOPE, "scope_accesses": ["SecurityAdmin"]}
    manager = azure.create(MANAGER, body)["id"]
    inside = {"network_manager_id": manager}
    group = azure.create(f"{MANAGER}_network_group", {"name": "g", **inside})["id"]
    configuration = azure.create(ADMIN, {"name": "c", **inside})["id"]
    body = {"security_admin_configuration_id": configuration, "network_group_ids": [group]}
    collection = azure.create(f"{MANAGER}_admin_rule_collection", {"name": "rules", **body})["id"]
    return {"manager": manager, "configuration": configuration, "collection": collection}


def _admin(collection: str, name: str, priority: int, prefix: str = "*", **more: Any) -> dict[str, Any]:
    body = {"name": name, "priority": priority, "direction": "Inbound", "action": "Deny", "protocol": "Any"}
    end = [{"address_prefix": prefix, "address_prefix_type": "IPPrefix"}]
    return {**body, "admin_rule_collection_id": collection, "source": end, "destination": end, **more}


ENDS = {
    "host bits": ([("10.0.0.1/24", "IPPrefix")], "10.0.0.0/24 is meant"),
    "both families": ([("10.0.0.0/8", "IPPrefix"), ("fd00::/8", "IPPrefix")], "mixes IPv4 and IPv6"),
    "a tag of the platform": ([("AzurePlatformDNS", "ServiceTag")], "not supported in admin rules"),
}


@pytest.mark.parametrize("case", ENDS)
def test_ends_of_admin_rules(azure: Api, case: str) -> None:
    texts, told = ENDS[case]
    end = [{"address_prefix": text, "address_prefix_type": kind} for text, kind in texts]
    with pytest.raises(RefusedError, match=told):
        azure.create(f"{MANAGER}_admin_rule", _admin(_managed(azure)["collection"], "a", 1, source=end))


def test_admin_rules_have_a_priority_each(azure: Api) -> None:
    collection = _managed(azure)["collection"]
    azure.create(f"{MANAGER}_admin_rule", _admin(collection, "one", 7))
    with pytest.raises(RefusedError, match="has the priority 7 already"):
        azure.create(f"{MANAGER}_admin_rule", _admin(collection, "two", 7, direction="Outbound"))


def test_a_network_manager_has_a_hundred_admin_rules(azure: Api) -> None:
    collection = _managed(azure)["collection"]
    for number in range(100):
        azure.create(f"{MANAGER}_admin_rule", _admin(collection, f"r{number}", number + 1))
    with pytest.raises(RefusedError, match="101 admin rules in one network manager, 100 can be"):
        azure.create(f"{MANAGER}_admin_rule", _admin(collection, "more", 101))
    wide = [{"address_prefix": text, "address_prefix_type": "IPPrefix"} for text in _addresses(802)]
    azure.delete(f"{MANAGER}_admin_rule", f"{collection}/rules/r0")
    with pytest.raises(RefusedError, match="1001 prefixes in the admin rules"):
        azure.create(f"{MANAGER}_admin_rule", _admin(collection, "wide", 1, source=wide))


def test_managers_do_not_share_a_scope_and_a_feature(azure: Api) -> None:
    _managed(azure)
    body = {**PLACE, "name": "other", "scope": SCOPE, "scope_accesses": ["Connectivity"]}
    azure.create(MANAGER, body)
    with pytest.raises(RefusedError, match="has the same scope and the feature SecurityAdmin"):
        azure.create(MANAGER, {**body, "name": "third", "scope_accesses": ["SecurityAdmin"]})


def test_a_region_has_one_configuration(azure: Api) -> None:
    there = _managed(azure)
    body = {"network_manager_id": there["manager"], "location": "westeurope", "scope_access": "SecurityAdmin"}
    second = azure.create(ADMIN, {"name": "d", "network_manager_id": there["manager"]})["id"]
    both = [there["configuration"], second]
    with pytest.raises(RefusedError, match="2 security admin configurations in one region"):
        azure.create(f"{MANAGER}_deployment", {**body, "configuration_ids": both})
    with pytest.raises(RefusedError, match="has not the feature Connectivity"):
        other = {**body, "scope_access": "Connectivity", "configuration_ids": [second]}
        azure.create(f"{MANAGER}_deployment", other)
    azure.create(f"{MANAGER}_deployment", {**body, "configuration_ids": [second]})
    with pytest.raises(RefusedError, match="already exists"):
        azure.create(f"{MANAGER}_deployment", {**body, "configuration_ids": [there["configuration"]]})
    with pytest.raises(RefusedError, match="is in use by"):
        azure.delete(ADMIN, second)


def test_rules_are_in_force_as_they_were_deployed(azure: Api, tmp_path: Path) -> None:
    def found() -> dict[str, int]:
        with Store(tmp_path / "calls").open() as store:
            rules = in_force(store.state).of(f"{MANAGER}_admin_rule")
        return {rule.body["name"]: rule.body["priority"] for rule in rules}

    there = _managed(azure)
    body = {"network_manager_id": there["manager"], "location": "westeurope", "scope_access": "SecurityAdmin"}
    body |= {"configuration_ids": [there["configuration"]]}
    one = azure.create(f"{MANAGER}_admin_rule", _admin(there["collection"], "one", 1))
    made = azure.create(f"{MANAGER}_deployment", body)
    assert "committed" not in made and azure.read(f"{MANAGER}_deployment", made["id"]) == made
    azure.create(f"{MANAGER}_admin_rule", _admin(there["collection"], "two", 2))
    azure.update(f"{MANAGER}_admin_rule", one["id"], {**one, "priority": 9})
    assert found() == {"one": 1}
    azure.update(f"{MANAGER}_deployment", made["id"], made)
    assert found() == {"one": 9, "two": 2}
    azure.delete(f"{MANAGER}_admin_rule", one["id"])
    assert found() == {"two": 2}
