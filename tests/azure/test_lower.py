"""What is written: names and priorities that stay, groups that are there already, logs."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest

from segkit.compiler import Compilation, compile_model, quota_reports
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.platforms.azure import limits
from segkit.platforms.azure.lower.priorities import Bands, assign
from segkit.sets import L, tcp
from segkit.verify import Proof, prove
from tests.azure.kit import Document
from tests.conformance import azure
from tests.strategies import TODAY

NSG = "azurerm_network_security_group"
ASG = "azurerm_application_security_group"
RULE = "azurerm_network_security_rule"
PLACE: dict[str, Any] = {"vnet_id": "vnet", "resource_group": "rg", "location": "westeurope"}
THERE = {"name": "theirs", "resource_group": "net", "priorities": [2000, 3000]}
ID = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/networkSecurityGroups/theirs"


def estate(**more: Any) -> Segmentation:
    seg = Segmentation("shop", today=TODAY)
    web, db = seg.group("web", L.app == "web"), seg.group("db", L.app == "db")
    seg.workload("w", {"app": "web"}, ["10.0.1.4"], interface_id=azure.interface("w"))
    seg.workload("d", {"app": "db"}, ["10.0.1.5"])
    seg.policy("p", "application", owner="shop").allow(web, db, tcp(5432), id="orders", ticket="NET-1")
    seg.target("az", "azure", placement={**PLACE, **more})
    return seg


def compiled(**more: Any) -> Compilation:
    return compile_model(estate(**more).build())


def proof_of(done: Compilation, document: Document) -> Proof:
    return prove(done.model, document, intent=done.intent, residuals=done.residuals)


# Priorities


def test_rules_come_and_go_without_moving_others() -> None:
    """Of a thousand names a few want one place; whoever was alone in its place stays there."""
    places = Bands().allows
    names = [f"rule-{n}" for n in range(500)]
    everybody = assign(names, places)
    assert len(set(everybody.values())) == len(names) and set(everybody.values()) <= set(places)
    moved = 0
    for gone in names[:100]:
        left = assign((n for n in names if n != gone), places)
        moved += sum(left[name] != place for name, place in everybody.items() if name != gone)
    assert moved < 20
    assert assign(reversed(names), places) == everybody


def test_rules_never_exchange_places() -> None:
    """Whatever comes, goes and moves, some order of calls asks for no place that is taken: so an apply that
    is refused is done once it is repeated."""
    for seed in range(200):
        random = Random(seed)
        before, then = (assign(some(random), range(100, 150)) for _ in range(2))
        at = {place: name for name, place in before.items()}
        after = {name: at[place] for name, place in then.items() if at.get(place, name) != name}
        for start in after:
            name, seen = start, {start}
            while (name := after.get(name, "")) in after:
                assert name not in seen, f"{seen} go in a circle"
                seen.add(name)


def some(random: Random) -> list[str]:
    """Most of some names."""
    return [f"rule-{n}" for n in range(45) if random.random() < 0.9]


def test_bands_lie_behind_each_other() -> None:
    bands = Bands()
    order = [*bands.allows, bands.probes, *bands.denies.values(), *bands.rest, bands.high]
    assert order == sorted(set(order)) and (order[0], order[-1]) == (100, 4096)
    with pytest.raises(ValueError, match="names for"):
        assign("abc", range(2))


def test_a_rename_moves_no_rule() -> None:
    def build(name: str, before: str | None) -> Document:
        seg = Segmentation("m", today=TODAY)
        group = seg.group(name, L.app == "web", moved_from=before)
        seg.workload("w", {"app": "web"})
        seg.policy("p", "application").allow(group, group, tcp(443), id="r")
        seg.target("t", "azure", placement=PLACE)
        return compile_model(seg.build()).fragment

    old, new = build("web", None), build("front", "web")
    rules = [
        [(r["name"], r["priority"]) for r in fragment["resource"][NSG]["t_interfaces"]["security_rule"]]
        for fragment in (old, new)
    ]
    assert rules[0] == rules[1]
    assert new["moved"] == [{"from": f"{ASG}.t_web", "to": f"{ASG}.t_front"}]


# On interfaces


def test_a_published_membership_names_the_security_group() -> None:
    local = compiled().fragment["locals"]["segkit_az_d"]
    assert local["security_group"] == f"${{{NSG}.az_interfaces.id}}"
    assert local["groups"] == ["${local.segkit-group_az_db}"]


def test_an_interface_gets_its_security_group_once_all_are_in_their_groups() -> None:
    fragment = compiled().fragment
    (on,) = fragment["resource"]["azurerm_network_interface_security_group_association"].values()
    assert on["network_security_group_id"] == "${local.segkit-filter_az_w}"
    joined = "azurerm_network_interface_application_security_group_association.az_w_web.id"
    local = "local.segkit-joined_az"
    assert fragment["locals"]["segkit-filter_az_w"] == f"${{[{NSG}.az_interfaces.id, {local}][0]}}"
    assert fragment["locals"]["segkit-joined_az"] == f'${{["az", {joined}][0]}}'


def test_a_description_names_owner_and_ticket() -> None:
    rules = compiled().fragment["resource"][NSG]["az_interfaces"]["security_rule"]
    (said,) = {r["description"] for r in rules if r["name"] == "in.db.tcp.web"}
    assert said == "p/orders (shop, NET-1)"


def test_a_group_that_is_replaced_is_there_until_no_rule_names_it() -> None:
    """Terraform destroys first unless it is told otherwise, and Azure refuses to while a rule has it."""
    groups = compiled().fragment["resource"][ASG].values()
    assert groups and all(body["lifecycle"] == {"create_before_destroy": True} for body in groups)


# What is there already


def test_adopting_a_group_that_there_is_not() -> None:
    with pytest.raises(SegkitError, match="adopt names 'wbe', and there is no such group"):
        compiled(adopt={"wbe": {"name": "asg-web"}})


def test_an_application_security_group_that_is_adopted() -> None:
    id_ = "/subscriptions/s/resourceGroups/RG/providers/Microsoft.Network/applicationSecurityGroups/asg-web"
    fragment = compiled(adopt={"web": {"name": "asg-web", "id": id_}}).fragment
    assert fragment["resource"][ASG]["az_web"]["name"] == "asg-web"
    assert fragment["import"] == [{"to": f"${{{ASG}.az_web}}", "id": id_}]


def theirs() -> dict[str, Any]:
    return {"subnets": {"a": {"id": "snet", "prefixes": ["10.0.1.0/24"], "security_group": THERE}}}


def recorded(*rules: dict[str, Any]) -> dict[str, Any]:
    """Somebody else's security group as the API lists it, on the subnet."""
    listed = [{"name": rule.pop("name"), "properties": rule} for rule in map(dict, rules)]
    group = {"id": ID, "name": "theirs", "properties": {"securityRules": listed, "subnets": [{"id": "snet"}]}}
    return {"snapshot": {"networkSecurityGroups": [group]}}


OURS = {
    "name": "open",
    "priority": 300,
    "direction": "Inbound",
    "access": "Allow",
    "protocol": "Tcp",
    "sourcePortRange": "*",
    "destinationPortRange": "22",
    "sourceAddressPrefix": "192.0.2.0/24",
    "destinationAddressPrefix": "*",
}


def test_rules_go_into_a_security_group_that_somebody_else_makes() -> None:
    done = compiled(**theirs())
    resources = done.fragment["resource"]
    assert NSG not in resources and "azurerm_subnet_network_security_group_association" not in resources
    closing = "${local.segkit-on-subnet_az_a}"
    assert done.fragment["locals"]["segkit-on-subnet_az_a"] == '${["theirs", local.segkit-joined_az][0]}'
    for body in resources[RULE].values():
        name = closing if body["name"].startswith("segkit-") else "theirs"
        assert (body["network_security_group_name"], body["resource_group_name"]) == (name, "net")
        assert 2000 <= body["priority"] <= 3000 and None not in body.values()
    assert len({(b["direction"], b["priority"]) for b in resources[RULE].values()}) == len(resources[RULE])
    assert done.fragment["locals"]["segkit-group_az_web"].count(RULE) == 2


def test_what_else_is_in_it_has_to_be_known() -> None:
    """Not known: unproved. Known and harmless: equal. Known and open: different."""
    done = compiled(**theirs())
    association = {"a": {"subnet_id": "snet", "network_security_group_id": ID}}
    document = {**done.fragment, "resource": {**done.fragment["resource"]}}
    document["resource"]["azurerm_subnet_network_security_group_association"] = association
    assert proof_of(done, document).status == "unproved"
    unseen = proof_of(done, done.fragment)
    assert unseen.status == "unproved" and "theirs: it lives elsewhere" in unseen.text()
    assert any("theirs is on snet, as declared" in note for note in unseen.notes)
    known = compiled(**theirs(), **recorded())
    assert proof_of(known, known.fragment).ok
    again = compiled(**theirs(), **recorded({**OURS, "name": "segkit-deny-all-in", "priority": 3000}))
    assert proof_of(again, again.fragment).ok, "a rule of ours, as it was when it was recorded"
    opened = compiled(**theirs(), **recorded(OURS))
    proof = proof_of(opened, opened.fragment)
    assert proof.status == "different" and "tcp/22" in proof.text()


def test_a_recorded_rule_that_segkit_wrote_and_has_dropped_is_not_somebody_elses() -> None:
    """What was recorded before a rule was taken out of the policies does not keep it from going. A copy of it
    under another name is not ours, nor is one that another target wrote."""

    def listed(name: str, body: Document) -> dict[str, Any]:
        return {**OURS, "name": name, "description": body["description"], "priority": body["priority"]}

    before = compiled(**theirs()).fragment["resource"][RULE]
    (old,) = (
        body for body in before.values() if "p/orders" in body["description"] and "In" in body["direction"]
    )
    gone = listed(
        "in.db.udp.web", {**old, "description": limits.mark("shop", "az", "in.db.udp.web") + " p/x"}
    )
    done = compiled(**theirs(), **recorded(gone))
    proof = proof_of(done, done.fragment)
    assert proof.ok and any("in.db.udp.web, which segkit wrote" in note for note in proof.notes)
    kept = compiled(**theirs(), **recorded(listed(old["name"], old)))
    assert proof_of(kept, kept.fragment).ok
    for name, target in (("copy", "az"), ("in.db.udp.web", "other")):
        description = limits.mark("shop", target, "in.db.udp.web") + " p/x"
        foreign = compiled(**theirs(), **recorded({**gone, "name": name, "description": description}))
        assert proof_of(foreign, foreign.fragment).status == "different"


def test_visibility_beside_others_adds_nothing_and_takes_nothing_away() -> None:
    """Not even the deny behind all rules; so nobody else may be there, who needs it."""
    seg = estate(**theirs())
    seg.zone("watched", L.app == "web", mode="visibility")
    with pytest.raises(SegkitError, match="'w' is in visibility mode in a"):
        compile_model(seg.build())
    seg.zone("too", L.app == "db", mode="visibility")
    done = compile_model(seg.build())
    assert not done.fragment.get("resource", {}).keys() & {NSG, RULE}
    assert proof_of(done, done.fragment).ok


# Logs


def test_a_zone_in_visibility_mode_is_logged() -> None:
    log = {"network_watcher": "nw", "resource_group": "ops", "storage_account_id": "/sa", "days": 30}
    seg = estate(flow_log=log)
    seg.zone("watched", L.app == "web", mode="visibility")
    (body,) = compile_model(seg.build()).fragment["resource"]["azurerm_network_watcher_flow_log"].values()
    assert body["target_resource_id"] == "vnet" and body["enabled"] is True
    assert body["retention_policy"] == [{"enabled": True, "days": 30}]
    silent = estate()
    silent.zone("watched", L.app == "web", mode="visibility")
    (warning,) = compile_model(silent.build()).warnings
    assert "nothing logs zone watched" in warning.what and "flow_log" in warning.fix


# Quotas


def test_quotas_of_both_encodings() -> None:
    seg = estate()
    seg.policy("q", "application").allow(L.app.exists(), L.app.exists(), tcp(9100), id="metrics")
    (report,) = quota_reports(seg.build())
    assert report.pinned.encoding == "groups" and report.pinned.fits
    assert report.pinned.usage["rules_per_security_group"] == {"used": 7, "quota": 1000}
    by_word = {option.encoding: option for option in report.options}
    assert set(by_word) == {"groups", "cells"}
    churn = by_word["cells"].churn
    assert churn is not None and churn.memberships == 2


@pytest.mark.parametrize("lowered", [True, False])
def test_more_of_a_quota_is_advised_only_where_there_is_more(lowered: bool) -> None:
    seg = estate(**({"quotas": {"asgs_per_interface": 5}} if lowered else {}))
    for n in range(20):
        seg.policy(f"q{n}", "application").allow(L.app != f"a{n}", L.app == "db", tcp(1000 + n), id="r")
    with pytest.raises(SegkitError, match=r"would be in 21 groups.* the quota is") as raised:
        compile_model(seg.build())
    assert all((", up to 20" in problem.fix) is lowered for problem in raised.value.problems)
    assert all(("quotas=" in problem.fix) is lowered for problem in raised.value.problems)


def test_a_machine_that_is_in_no_group_is_closed() -> None:
    seg = estate()
    seg.workload("idle", {"app": "idle"}, ["10.0.1.9"])
    model: Model = seg.build()
    done = compile_model(model)
    assert done.fragment["locals"]["segkit_az_idle"]["groups"] == []
    assert proof_of(done, done.fragment).ok


# Others beside us


def test_strangers_in_our_groups_leave_the_proof_open() -> None:
    done = compiled()
    more = {"network_interface_id": azure.interface("x")}
    more["application_security_group_id"] = f"${{{ASG}.az_web.id}}"
    document = {**done.fragment, "resource": {**done.fragment["resource"]}}
    joined = "azurerm_network_interface_application_security_group_association"
    document["resource"][joined] = {**document["resource"][joined], "x": more}
    proof = proof_of(done, document)
    assert proof.status == "unproved" and "that is no workload" in proof.text()


def test_a_second_security_group_narrows_and_is_seen() -> None:
    """Somebody's group on the interface, empty: the rules every group has close what ours lets in."""
    subnets = {"subnets": {"a": {"id": "snet", "prefixes": ["10.0.1.0/24"]}}}
    seg = estate(**subnets)
    corp = seg.address_set("corp", ["192.0.2.0/24"])
    seg.policy("c", "application").allow(corp, L.app == "web", tcp(443), id="x")
    done = compile_model(seg.build())
    document = {**done.fragment, "resource": {**done.fragment["resource"]}}
    group: dict[str, Any] = {"name": "x", "resource_group_name": "rg", "location": "westeurope"}
    deny = document["resource"][NSG]["az_a"]["security_rule"][-1]
    group["security_rule"] = [{**deny, "direction": way, "access": "Deny"} for way in ("Inbound", "Outbound")]
    document["resource"][NSG] = {**document["resource"][NSG], "x": group}
    document["resource"]["azurerm_network_interface_security_group_association"] = {
        "x": {"network_interface_id": azure.interface("w"), "network_security_group_id": f"${{{NSG}.x.id}}"}
    }
    proof = proof_of(done, document)
    assert proof.status == "different" and {d.kind for d in proof.differences} == {"closes"}


def test_a_published_membership_needs_the_rules_and_not_what_puts_them_on_the_subnet() -> None:
    """So `-target` of a scale set brings its groups before anything closes its subnet."""
    placed = {"a": {"id": "snet", "prefixes": ["10.0.1.0/24"]}}
    fragment = compiled(subnets=placed).fragment
    every = {f"local.{name}": value for name, value in fragment["locals"].items()}
    every |= {f"{k}.{n}": body for k, named in fragment["resource"].items() for n, body in named.items()}
    needed, left = set[str](), ["local.segkit_az_d"]
    while left:
        needed.add(one := left.pop())
        left += [
            name
            for name in every
            if name not in needed and re.search(rf"\b{re.escape(name)}\b", str(every[one]))
        ]
    kinds = {name.partition(".")[0] for name in needed}
    assert kinds == {"local", ASG, NSG} and "azurerm_subnet_network_security_group_association.az_a" in every
