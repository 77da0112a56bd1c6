"""Machines of the stack: which tags, accounts and networks each of them has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.sets import L, tcp
from tests.google.kit import NETWORK, Document, beside, compiled, proof, shop, target
from tests.strategies import TODAY

TAGS = "${zipmap(local.segkit_net_web.keys, local.segkit_net_web.groups)}"
RULE = {"network": NETWORK, "allow": [{"protocol": "tcp", "ports": ["22"]}], "source_ranges": ["0.0.0.0/0"]}


def machine(**body: Any) -> dict[str, Any]:
    """A machine of the stack that takes the tags of a workload."""
    return {"google_compute_instance": {"web": {"params": {"resource_manager_tags": TAGS}, **body}}}


@pytest.mark.parametrize(
    ("where", "known"),
    [
        ({"network": NETWORK}, True),
        ({"subnetwork": "projects/p/regions/r/subnetworks/s"}, True),
        ({"subnetwork": "${google_compute_subnetwork.ours.id}"}, True),
        ({"subnetwork": "${google_compute_subnetwork.theirs.id}"}, False),
        ({"network": "projects/p/global/networks/other"}, False),
    ],
    ids=str,
)
def test_tags_protect_a_machine_that_is_in_the_network(where: dict[str, Any], known: bool) -> None:
    """A tag says nothing of interfaces in other networks than the one that it is for."""
    subnets = {"ours": {"network": NETWORK}, "theirs": {"network": "projects/p/global/networks/other"}}
    stack = machine(network_interface=[where]) | {"google_compute_subnetwork": subnets}
    found = proof(shop(), beside(**stack))
    assert found.ok is known and ("has no interface in" in found.text()) is not known


@pytest.mark.parametrize(
    "account",
    [
        "default",
        "123-compute@developer.gserviceaccount.com",
        "${data.google_compute_default_service_account.here.email}",
        "a@p.iam.gserviceaccount.com",
    ],
)
def test_a_machine_that_names_no_account_has_the_default_one(account: str) -> None:
    rule = {"theirs": {**RULE, "target_service_accounts": [account]}}
    stack = machine(service_account=[{"scopes": ["cloud-platform"]}]) | {"google_compute_firewall": rule}
    assert proof(shop(), beside(**stack)).status == ("equal" if account.startswith("a@") else "different")


def test_machines_made_by_count_have_the_tags_that_are_bound_to_each() -> None:
    seg = Segmentation("shop", today=TODAY)
    parent = (
        "//compute.googleapis.com/projects/1/zones/z/instances/${google_compute_instance.m[%d].instance_id}"
    )
    seg.workload("web", {"app": "web"}, ["10.0.0.1"], interface_id=parent % 0)
    seg.workload("db", {"app": "db"}, ["10.0.0.2"], interface_id=parent % 1)
    seg.policy("p", "application").allow(L.app == "web", L.app == "db", tcp(5432), id="orders")
    target(seg)

    def stack(document: Document, without: str = "") -> None:
        beside(google_compute_instance={"m": {"count": 2}})(document)
        bindings = document["resource"]["google_tags_location_tag_binding"]
        for name in [n for n in bindings if without and n.endswith(without)]:
            del bindings[name]

    assert proof(seg, stack).ok
    for who in ("web", "db"):
        found = proof(seg, lambda document, who=who: stack(document, f"{who}_enforced"))  # type: ignore[misc]
        assert found.status == "different" and {d.source for d in found.differences if d.kind == "opens"}


def test_a_machine_that_tags_are_bound_to_is_in_the_network_too() -> None:
    seg = shop(select=L.app == "api")
    parent = (
        "//compute.googleapis.com/projects/1/zones/z/instances/${google_compute_instance.api.instance_id}"
    )
    seg.workload("api", {"app": "api"}, ["10.0.0.3"], interface_id=parent)
    for network, known in ((NETWORK, True), ("projects/p/global/networks/other", False)):
        made = {"api": {"network_interface": {"network": network}}}
        assert proof(seg, beside(google_compute_instance=made)).ok is known


def test_a_machine_of_unknown_address_is_no_destination() -> None:
    def lowered(**placement: Any) -> Segmentation:
        seg = Segmentation("shop", today=TODAY)
        seg.workload("web", {"app": "web"}, ["10.0.0.1"])
        seg.workload("db", {"app": "db"})
        seg.policy("p", "application").allow(L.app == "web", L.app == "db", tcp(5432), id="orders")
        target(seg, ("snapshot", "egress-open"), **placement)
        return seg

    with pytest.raises(SegkitError) as raised:
        compiled(lowered())
    assert "no group can be named as the far end of egress" in str(raised.value)
    assert 'egress="open"' in str(raised.value)
    assert proof(lowered(egress="open")).ok


@pytest.mark.parametrize(
    "holder",
    [
        {
            "google_cloud_run_v2_service": {
                "template": {"vpc_access": {"network_interfaces": [{"tags": ["TAG"]}]}}
            }
        },
        {"google_dataflow_job": {"network_tags": ["TAG"]}},
        {"google_workbench_instance": {"gce_setup": [{"tags": ["TAG"]}]}},
    ],
    ids=lambda holder: next(iter(holder)),
)
def test_whatever_holds_a_tag_that_a_rule_admits(holder: dict[str, Any]) -> None:
    """Services have interfaces in a network, with network tags, and are no workloads."""
    seg = shop(tags="network")
    rules = compiled(seg).fragment["resource"]["google_compute_firewall"].values()
    (tag,) = {tag for rule in rules for tag in rule.get("source_tags", ())}

    def with_tag(text: str) -> dict[str, Any]:
        return {
            kind: {"x": json.loads(json.dumps(body).replace("TAG", text))} for kind, body in holder.items()
        }

    found = proof(seg, beside(**with_tag(tag)))
    assert found.status == "unproved" and "is no workload" in found.text()
    assert proof(seg, beside(**with_tag("another"))).ok


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("p/{key}", "member", "unproved"),
        ("organizations/1/{key}", "member", "unproved"),
        ("${{google_tags_tag_key.{address}.id}}", "member", "unproved"),
        ("p/{key}", "another", "equal"),
        ("p/another", "member", "equal"),
    ],
)
def test_a_stranger_that_names_our_tag_by_short_names(key: str, value: str, status: str) -> None:
    def change(document: Document) -> None:
        keys = document["resource"]["google_tags_tag_key"]
        (address,) = [name for name in keys if "web" in name]
        held = {key.format(key=keys[address]["short_name"], address=address): value}
        made = {"theirs": {"params": {"resource_manager_tags": held}}}
        beside(google_compute_instance=made)(document)

    assert proof(shop(), change).status == status


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({"tags": TAGS}, True),
        ({"ids": "${local.segkit_net_web.groups}"}, True),
        ({"name": "web", "size": 2}, True),
        ({"tag": "TAG"}, False),
        ({"nested": [{"tag": "x-TAG"}]}, False),
    ],
    ids=["map", "membership", "nothing", "tag", "inside"],
)
def test_what_a_module_is_given_may_be_held_by_its_machines(given: dict[str, Any], known: bool) -> None:
    def change(document: Document) -> None:
        (rule,) = (
            r
            for r in document["resource"]["google_compute_network_firewall_policy_with_rules"]["net"]["rule"]
            if "src_secure_tag" in r["match"]
        )
        tag = rule["match"]["src_secure_tag"][0]["name"]
        text = json.dumps({"theirs": {"source": "./theirs", **given}})
        document["module"] = json.loads(text.replace("TAG", json.dumps(tag)[1:-1]))

    found = proof(shop(), change)
    assert found.ok is known
    assert ("module.theirs holds" in found.text()) is not known
