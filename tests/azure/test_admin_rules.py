"""Security admin rules: tables from Microsoft's documentation, by hand, and what is read of a stack.

Sources: Azure Virtual Network Manager, [ADMIN] “Security admin rules”, [ENFORCE] “Virtual network enforcement
with security admin rules”, [DEPLOY] “Configuration deployments”, [FAQ] “Azure Virtual Network Manager FAQ”.
"""

from __future__ import annotations

from typing import Any

import pytest

from segkit.compiler import compile_model
from segkit.model import Segmentation
from segkit.platforms.azure.evaluate import End, Enforcement
from segkit.platforms.azure.read import read_terraform
from segkit.platforms.azure.state import State
from segkit.sets import ANY, L, icmpv6, tcp
from segkit.verify import Proof, prove
from tests.azure.kit import MANAGER, NETWORK, Document, admin_rule, managed, place, rule, stack
from tests.strategies import TODAY

NSG = "azurerm_network_security_group.nsg"
ENDS = [rule(f"end-{way}", 4096, way, "Deny", "*") for way in ("Inbound", "Outbound")]
HTTP = rule("http", 100, ports="80", source="10.0.0.0/8")
WEST = {NETWORK: "westeurope"}


def read(document: Document, location: str = "westeurope") -> State:
    return read_terraform(document, networks={NETWORK: location})


def passed(*rules: dict[str, Any], nsg: bool = True, source: str = "10.9.9.9", way: str = "in") -> str:
    """The services that pass between a source and 10.0.0.4, whose network the admin rules are for. Its
    security group, if it has one, lets in HTTP from 10.0.0.0/8."""
    enforcement = Enforcement(read(stack(HTTP, *ENDS, **managed(*rules))))
    here = End.at("10.0.0.4", filters=[NSG] if nsg else [], network=NETWORK)
    ends = (End.at(source), here) if way == "in" else (here, End.at(source))
    found = enforcement.reaches(*ends)
    return "every" if found == ANY - icmpv6() else str(found)


TABLE = {
    "asked before security groups: a deny ends it": ((admin_rule("a", 1, ports=["80"]),), "none"),
    "an allow leaves it to the security group, which has no such rule": (
        (admin_rule("a", 1, "Allow", ports=["22"]),),
        "tcp/80",
    ),
    "an allow leaves it to the security group, which lets it in": (
        (admin_rule("a", 1, "Allow", ports=["80"]),),
        "tcp/80",
    ),
    "always allow: the security group is not asked": (
        (admin_rule("a", 1, "AlwaysAllow", ports=["22"]),),
        "tcp/22,80",
    ),
    "a deny of priority 10 overrides an allow of 20": (
        (admin_rule("deny", 10, ports=["80"]), admin_rule("allow", 20, "Allow", ports=["80"])),
        "none",
    ),
    "always allow regardless of others with lower priority": (
        (admin_rule("always", 10, "AlwaysAllow", ports=["22"]), admin_rule("deny", 20, ports=["22"])),
        "tcp/22,80",
    ),
    "an allow of 10 is an exception to a deny of 20, and the security group decides": (
        (admin_rule("allow", 10, "Allow", ports=["80"]), admin_rule("deny", 20)),
        "tcp/80",
    ),
    "by the order of priorities, not of names": (
        (admin_rule("a", 20, "AlwaysAllow", ports=["80"]), admin_rule("b", 10, ports=["80"])),
        "none",
    ),
    "other directions": ((admin_rule("a", 1, direction="Outbound"),), "tcp/80"),
    "other addresses": ((admin_rule("a", 1, source=["10.0.0.0/16"]),), "tcp/80"),
    "one of several prefixes": (
        (admin_rule("a", 1, source=["10.0.0.0/16", "10.9.0.0/16"], destination=["10.0.0.4/32"]),),
        "none",
    ),
    "the other family": ((admin_rule("a", 1, source=["::/0"]),), "tcp/80"),
    "any protocol": ((admin_rule("a", 1, protocol="Any"),), "none"),
    "another protocol": ((admin_rule("a", 1, protocol="Udp"),), "tcp/80"),
}
"""[ADMIN] “Evaluation of security admin rules and network security groups”, “Priority”, “Action”,
“Direction”, “Protocol”, “Source and destination types”; [ENFORCE] step 4 for the exception."""


@pytest.mark.parametrize("case", TABLE)
def test_table(case: str) -> None:
    rules, found = TABLE[case]
    assert passed(*rules) == found


def test_they_need_no_security_group() -> None:
    """[ADMIN]: they can be used to create default rules on their own."""
    assert passed(admin_rule("a", 1, protocol="Any"), nsg=False) == "none"
    assert passed(admin_rule("a", 1, "Allow", protocol="Any"), nsg=False) == "every"
    assert passed(nsg=False) == "every"


def test_the_scenario_of_the_enforcement_page() -> None:
    """[ENFORCE]: SSH is denied everywhere; networks of an application have an allow in front of it, and then
    their security groups decide."""
    deny = admin_rule("deny-ssh", 100, ports=["22"])
    assert passed(deny, nsg=False) == str(ANY - icmpv6() - tcp(22))
    allow = admin_rule("allow-ssh", 10, "Allow", ports=["22"], source=["10.0.0.0/8"])
    assert passed(deny, allow, nsg=False) == "every"
    assert passed(deny, allow) == "tcp/80", "the security group decides, and has no rule about it"
    always = allow | {"action": "AlwaysAllow"}
    assert passed(deny, always) == "tcp/22,80", "[FAQ]: a scanner, even if security groups deny it"
    assert passed(deny, always, source="192.0.2.1", nsg=False) == str(ANY - icmpv6() - tcp(22))


def test_each_direction_by_itself() -> None:
    out = admin_rule("a", 1, "AlwaysAllow", ports=["443"], direction="Outbound")
    assert passed(out, way="out") == "tcp/443"
    assert passed(admin_rule("a", 1, direction="Outbound", protocol="Any"), nsg=False, way="out") == "none"


def test_what_is_deployed() -> None:
    """[DEPLOY]: nothing takes effect until it is deployed, and then in that region."""
    document = stack(*ENDS, **managed(admin_rule("a", 1)))
    assert [r.name for r in read(document).admin[NETWORK].rules] == ["a"]
    assert read(document, "West Europe").admin[NETWORK] == read(document).admin[NETWORK]
    far = read(document, "northeurope")
    assert not far.admin
    assert any("deployed to westeurope only: its rules do nothing" in note.what for note in far.notes)
    del document["resource"][f"{MANAGER}_deployment"]
    without = read(document)
    assert not without.admin
    assert any("nothing deploys it: its rules do nothing" in note.what for note in without.notes)
    document = stack(*ENDS, **managed(admin_rule("a", 1)))
    document["resource"][f"{MANAGER}_static_member"]["hub"]["target_virtual_network_id"] = f"{NETWORK}-2"
    assert not read(document).admin, "the rules of other networks"


def test_the_region_is_that_of_the_network_where_the_stack_makes_it() -> None:
    document = stack(*ENDS, **managed(admin_rule("a", 1)))
    document["resource"]["azurerm_virtual_network"] = {"hub": {**place("hub"), "location": "northeurope"}}
    made = "${azurerm_virtual_network.hub.id}"
    for network in (NETWORK, made):
        assert not read_terraform(document, networks={network: "westeurope"}).admin
    document["resource"][f"{MANAGER}_deployment"]["d"]["location"] = "North Europe"
    assert read_terraform(document, networks={made: "westeurope"}).admin[made].rules
    document["resource"]["azurerm_virtual_network"]["hub"]["location"] = "${var.region}"
    assert read_terraform(document, networks={made: "northeurope"}).admin[made].rules


def _without_order(document: Document) -> None:
    del document["resource"][f"{MANAGER}_deployment"]["d"]["depends_on"]


def _repeated(kind: str, name: str) -> Any:
    return lambda d: d["resource"][f"{MANAGER}_{kind}"][name].update(for_each="${var.all}")


def _set(kind: str, name: str, **values: Any) -> Any:
    return lambda d: d["resource"][f"{MANAGER}_{kind}"][name].update(values)


def _more(kind: str, **named: Any) -> Any:
    return lambda d: d["resource"].setdefault(kind, {}).update(named)


ELSEWHERE = NETWORK.replace("virtualNetworks/hub", "networkManagers/other")

DOUBTS = {
    "a rule that may have come after it was deployed": (_without_order, "whether it was there"),
    "some of several rules": (_repeated("admin_rule", "a"), "there may be others of it"),
    "an action that is not known": (_set("admin_rule", "a", action="${var.a}"), "access is not known"),
    "a tag": (
        _set("admin_rule", "a", source=[{"address_prefix": "Internet", "address_prefix_type": "ServiceTag"}]),
        "the tag Internet",
    ),
    "no source": (_set("admin_rule", "a", source=[]), "source is not known"),
    "blocks that are made": (_set("admin_rule", "a", dynamic={"source": []}), "there may be others of it"),
    "a collection elsewhere": (
        _set("admin_rule", "a", admin_rule_collection_id=f"{ELSEWHERE}/x"),
        "its collection lives elsewhere",
    ),
    "a group elsewhere": (
        _set("admin_rule_collection", "rules", network_group_ids=[f"{ELSEWHERE}/networkGroups/g"]),
        "is not known",
    ),
    "several collections": (_repeated("admin_rule_collection", "rules"), "there may be several of it"),
    "members that are not known": (_repeated("static_member", "hub"), "which network"),
    "a subnet as a member": (
        _set("static_member", "hub", target_virtual_network_id=f"{NETWORK}/subnets/app"),
        "which network",
    ),
    "a configuration elsewhere that nothing here deploys": (
        lambda d: (
            _set("admin_rule_collection", "rules", security_admin_configuration_id=f"{ELSEWHERE}/c")(d),
            d["resource"].pop(f"{MANAGER}_deployment"),
        ),
        "is deployed there is not known",
    ),
    "deployed to regions that are not known": (
        _set("deployment", "d", location="${var.region}"),
        "is deployed there is not known",
    ),
    "one of several deployments": (_repeated("deployment", "d"), "is deployed there is not known"),
    "two rules of one priority that do not agree": (
        _more(f"{MANAGER}_admin_rule", b=admin_rule("b", 1, "Allow")),
        "has the priority of",
    ),
    "a managed instance": (
        _more("azurerm_mssql_managed_instance", sql={"name": "sql"}),
        "keeps admin rules from virtual networks",
    ),
}
"""What leaves it open which rules there are: [ADMIN] “Nonapplication of security admin rules” for services;
group members by Azure Policy; deployments that are made elsewhere."""


@pytest.mark.parametrize("case", DOUBTS)
def test_what_cannot_be_told_leaves_a_doubt(case: str) -> None:
    change, told = DOUBTS[case]
    document = stack(*ENDS, **managed(admin_rule("a", 1)))
    assert Enforcement(read(document)).why_admin(NETWORK) == ()
    change(document)
    why = Enforcement(read(document)).why_admin(NETWORK)
    assert any(told in one for one in why), why


def test_a_policy_may_put_other_networks_into_a_group() -> None:
    document = stack(*ENDS, **managed(admin_rule("a", 1)))
    document["resource"] |= {
        "azurerm_policy_definition": {"p": {"policy_rule": f"${{{MANAGER}_network_group.all.id}}"}},
        f"{MANAGER}_static_member": {},
    }
    assert any("azurerm_policy_definition.p" in one for one in read(document).admin[NETWORK].doubts)


def test_two_configurations_of_one_region() -> None:
    """[DEPLOY]: one of them can be there; of several managers, the one of the higher scope decides."""
    document = stack(*ENDS, **managed(admin_rule("a", 1)))
    for kind, second in (
        ("security_admin_configuration", {}),
        (
            "admin_rule_collection",
            {"security_admin_configuration_id": f"${{{MANAGER}_security_admin_configuration.z.id}}"},
        ),
        ("admin_rule", {"admin_rule_collection_id": f"${{{MANAGER}_admin_rule_collection.z.id}}"}),
        (
            "deployment",
            {
                "configuration_ids": [f"${{{MANAGER}_security_admin_configuration.z.id}}"],
                "depends_on": [f"{MANAGER}_admin_rule.z"],
            },
        ),
    ):
        named = document["resource"][f"{MANAGER}_{kind}"]
        named["z"] = {**next(iter(named.values())), "name": "z", **second}
    assert any("decides first is not known" in one for one in read(document).admin[NETWORK].doubts)


OTHERS = f"{ELSEWHERE}/securityAdminConfigurations/theirs"


@pytest.mark.parametrize("manager", ["m", "n"])
def test_a_configuration_for_other_networks_takes_the_place_of_one_of_its_manager(manager: str) -> None:
    """[DEPLOY]: the one that is deployed last is in the region; other managers have their own."""
    document = stack(*ENDS, **managed(admin_rule("a", 1)))
    held = document["resource"]
    at = f"${{{MANAGER}.{manager}.id}}"
    held[f"{MANAGER}_security_admin_configuration"]["z"] = {"name": "z", "network_manager_id": at}
    held[f"{MANAGER}_deployment"]["z"] = {
        **held[f"{MANAGER}_deployment"]["d"],
        "network_manager_id": at,
        "configuration_ids": [f"${{{MANAGER}_security_admin_configuration.z.id}}"],
    }
    told = ["is in force and decides first" in one for one in read(document).admin[NETWORK].doubts]
    assert told == ([True] if manager == "m" else [])
    held[f"{MANAGER}_deployment"]["z"]["location"] = "northeurope"
    assert not read(document).admin[NETWORK].doubts


@pytest.mark.parametrize("location", ["westeurope", "${var.region}", "northeurope"])
@pytest.mark.parametrize("access", ["SecurityAdmin", "${var.access}", "Connectivity"])
def test_a_configuration_of_others_that_the_stack_deploys(location: str, access: str) -> None:
    """Its rules are not to be seen, and may be for any network."""
    body = {
        "network_manager_id": ELSEWHERE,
        "location": location,
        "scope_access": access,
        "configuration_ids": [OTHERS],
    }
    found = read(stack(*ENDS, **{f"{MANAGER}_deployment": {"d": body}})).admin
    if location == "northeurope" or access == "Connectivity":
        assert not found
    else:
        (doubt,) = found[NETWORK].doubts
        assert "theirs are not known" in doubt


def proved(*rules: dict[str, Any], interface: str | None = None, **beside: Any) -> Proof:
    """The proof of two machines of a network under admin rules of others."""
    seg = Segmentation("shop", today=TODAY)
    for number, name in enumerate(("web", "db")):
        known = interface and f"${{{interface}.{name}.id}}"
        seg.workload(name, {"app": name}, [f"10.0.1.{number + 4}"], interface_id=known)
    seg.policy("p", "application").allow(L.app == "web", L.app == "db", tcp(5432), id="orders")
    place_ = {"vnet_id": NETWORK, "resource_group": "rg", "location": "westeurope"}
    seg.target("az", "azure", placement=place_)
    done = compile_model(seg.build())
    resource: dict[str, Any] = dict(done.fragment["resource"]) | managed(*rules)
    for kind, named in beside.items():
        resource[kind] = {**resource.get(kind, {}), **named}
    return prove(done.model, {**done.fragment, "resource": resource})


def test_rules_of_others_are_part_of_the_proof() -> None:
    assert proved(admin_rule("a", 1, ports=["23"])).status == "equal", "nobody may telnet anyway"
    assert proved(admin_rule("a", 1, "Allow")).status == "equal", "the security groups decide"
    (found,) = proved(admin_rule("a", 1, ports=["5432"])).differences
    assert found.kind == "closes"
    opened = proved(admin_rule("a", 1, "AlwaysAllow", ports=["22"], destination=["10.0.1.0/24"])).differences
    assert {d.kind for d in opened} == {"opens"}
    assert any(f"{MANAGER}_admin_rule.a" in d.resources for d in opened)
    doubtful = proved(admin_rule("a", 1, source=["Internet"], ports=["23"]))
    assert doubtful.status == "unproved"


def test_private_endpoints_and_subnets_of_some_services_are_left_out() -> None:
    """[ADMIN], note, and “Nonapplication of security admin rules at subnet level”."""
    subnet = {
        "s": {
            "resource_group_name": "rg",
            "virtual_network_name": "hub",
            "name": "s",
            "private_endpoint_network_policies": "Enabled",
        }
    }
    inside = {"subnet_id": "${azurerm_subnet.s.id}"}
    endpoints = {name: {**place(name), **inside} for name in ("web", "db")}
    deny = admin_rule("a", 1, ports=["5432"])
    kind = "azurerm_private_endpoint"
    found = proved(deny, interface=kind, azurerm_subnet=subnet, **{kind: endpoints})
    assert "closes" not in {d.kind for d in found.differences}, "the rule is not for them"
    kind = "azurerm_network_interface"
    made = {name: {**place(name), "ip_configuration": [inside]} for name in ("web", "db")}
    host = {"b": {**place("b"), "ip_configuration": [inside]}}
    spared = proved(
        admin_rule("a", 1, ports=["23"]),
        interface=kind,
        azurerm_subnet=subnet,
        azurerm_bastion_host=host,
        **{kind: made},
    )
    assert spared.status == "unproved" and "because of a service" in spared.text()
