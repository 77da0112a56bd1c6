"""VPC firewall rules that name machines by service account."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.ends import anywhere
from segkit.sets import L, tcp
from tests.google.kit import NETWORK, Document, beside, compiled, proof, shop, target
from tests.strategies import TODAY

FIREWALL = "google_compute_firewall"
BY_APP: dict[str, Any] = {"tags": "service-accounts", "accounts": "{app}@p.iam.gserviceaccount.com"}
WEB, DB = (f"{app}@p.iam.gserviceaccount.com" for app in ("web", "db"))


def rules(seg: Segmentation, kind: str = "allow") -> list[dict[str, Any]]:
    found = compiled(seg).fragment["resource"]
    assert set(found) == {FIREWALL}
    return [rule for rule in found[FIREWALL].values() if kind in rule]


def test_a_rule_names_accounts_at_both_ends() -> None:
    into, out = sorted(rules(shop(**BY_APP)), reverse=True, key=lambda rule: str(rule["direction"]))
    assert into["target_service_accounts"] == [DB] and into["source_service_accounts"] == [WEB]
    assert out["target_service_accounts"] == [WEB] and out["destination_ranges"] == ["10.0.0.2/32"]
    assert "source_ranges" not in into
    closing = rules(shop(**BY_APP), "deny")
    assert len(closing) == 8 and all(len(rule["target_service_accounts"]) == 1 for rule in closing)
    assert proof(shop(**BY_APP)).ok


def machines(**emails: str) -> Any:
    """Makes machines with accounts."""

    def change(document: Document) -> None:
        accounts = {n: [{"email": email, "scopes": ["cloud-platform"]}] for n, email in emails.items()}
        made = {name: {"name": name, "service_account": one} for name, one in accounts.items()}
        beside(google_compute_instance=made)(document)

    return change


SERVICES: dict[str, dict[str, Any]] = {
    "google_container_node_pool": {"node_config": [{"service_account": WEB}]},
    "google_container_cluster": {"node_config": {"service_account": WEB}},
    "google_dataproc_cluster": {"cluster_config": [{"gce_cluster_config": [{"service_account": WEB}]}]},
    "google_dataflow_job": {"service_account_email": WEB},
    "google_workbench_instance": {"gce_setup": [{"service_accounts": [{"email": WEB}]}]},
    "google_tpu_v2_vm": {"service_account": [{"email": WEB}]},
}


@pytest.mark.parametrize("kind", SERVICES)
def test_a_service_that_runs_as_an_account_of_ours_is_admitted_too(kind: str) -> None:
    found = proof(shop(**BY_APP), beside(**{kind: {"x": SERVICES[kind]}}))
    assert found.status == "unproved" and f"{kind}.x holds {WEB}" in found.text()
    other = json.loads(json.dumps(SERVICES[kind]).replace(WEB, "else@p.iam.gserviceaccount.com"))
    assert proof(shop(**BY_APP), beside(**{kind: {"x": other}})).ok


def test_a_node_pool_may_be_a_workload() -> None:
    taken = {"node_config": [{"service_account": "${local.segkit_net_web.groups[0]}"}]}
    found = proof(shop(**BY_APP), beside(google_container_node_pool={"web": taken}))
    assert found.ok and {m.status for m in found.memberships if m.workload == "web"} == {"seen"}


def test_a_machine_takes_its_account() -> None:
    taken = {name: f"${{local.segkit_net_{name}.groups[0]}}" for name in ("web", "db")}
    found = proof(shop(**BY_APP), machines(**taken))
    assert found.ok and {m.status for m in found.memberships} == {"seen"}
    element = {"web": "${element(local.segkit_net_web.groups, 0)}", "db": taken["db"]}
    assert {m.status for m in proof(shop(**BY_APP), machines(**element)).memberships} == {"seen"}


def test_an_account_that_somebody_else_has_too() -> None:
    found = proof(shop(**BY_APP), machines(other=WEB))
    assert found.status == "unproved" and "other holds web@p.iam" in found.text()
    # An account that the stack makes goes by its address too.
    made = {"web": {"account_id": "web", "project": "p"}}

    def change(document: Document) -> None:
        beside(google_service_account=made)(document)
        machines(other="${google_service_account.web.email}")(document)

    assert proof(shop(**BY_APP), change).status == "unproved"
    assert proof(shop(**BY_APP), machines(other="some@p.iam.gserviceaccount.com")).ok


def test_replicas_share_an_account_and_change_nothing() -> None:
    seg = shop(**BY_APP, egress="open", accept=("egress-open",))
    before = compiled(seg).fragment["resource"]
    seg.workload("web-2", {"app": "web"}, ["10.0.0.9"])
    assert compiled(seg).fragment["resource"] == before


def test_an_account_more_leaves_other_rules_alone() -> None:
    seg = shop(("egress-open",), egress="open", **BY_APP)
    seg.policy("q", "application").allow(anywhere, L.app != "db", tcp(443), id="front")
    before = compiled(seg).fragment["resource"][FIREWALL]
    seg.workload("api", {"app": "api"}, ["10.0.0.9"])
    after = compiled(seg).fragment["resource"][FIREWALL]
    assert {key: after[key] for key in before} == before and len(after) > len(before)
    assert proof(seg).ok


def refused(seg: Segmentation) -> str:
    with pytest.raises(SegkitError) as error:
        compiled(seg)
    return str(error.value)


def test_one_account_for_two_kinds_of_machines() -> None:
    text = refused(shop(tags="service-accounts", accounts="all@p.iam.gserviceaccount.com"))
    assert "workloads 'db' and 'web' both have the service account all@p.iam.gserviceaccount.com" in text
    assert "rules tell them apart (app-db" in text and "give them accounts of their own" in text


def test_a_workload_without_the_label() -> None:
    seg = shop(**BY_APP)
    seg.workload("nobody", {}, ["10.0.0.9"])
    text = refused(seg)
    assert "the service account of workload 'nobody' would be '{app}@p.iam.gserviceaccount.com'" in text


def test_a_workload_of_nobody_with_an_account_of_ours() -> None:
    seg = Segmentation("m", today=TODAY)
    seg.workload("web", {"app": "web", "ours": "yes"}, ["10.0.0.1"])
    seg.workload("old", {"app": "web"}, ["10.0.0.2"])
    target(seg, select=L.ours == "yes", **BY_APP)
    assert "workload 'old' has the service account web@p.iam.gserviceaccount.com too" in refused(seg)


@pytest.mark.parametrize(
    ("placement", "words"),
    [
        ({"tags": "service-accounts"}, "and accounts is ''"),
        ({"accounts": "{app}@p"}, "tags is 'secure', and accounts is '{app}@p'"),
        ({**BY_APP, "encoding": "cells"}, "service accounts have no encodings"),
        ({**BY_APP, "quotas": {"rules_per_project": 9}}, "10 VPC firewall rules; the quota is 9"),
        (
            {
                **BY_APP,
                "ancestors": ["organizations/1"],
                "global_tier": "admin",
                "global_at": "organizations/1",
            },
            "global_tier is 'admin', and tags is 'service-accounts'",
        ),
    ],
)
def test_what_does_not_go_together(placement: dict[str, Any], words: str) -> None:
    assert words in refused(shop(**placement))


def test_ten_sources_at_most() -> None:
    seg = Segmentation("m", today=TODAY)
    for n in range(11):
        seg.workload(f"web{n}", {"app": f"web{n}", "role": "web"}, [f"10.0.0.{n}"])
    seg.workload("db", {"app": "db"}, ["10.0.9.9"])
    seg.policy("p", "application").allow(L.role == "web", L.app == "db", tcp(1), id="r")
    target(seg, **BY_APP)
    assert "11 service accounts as sources of one rule; the quota is 10" in refused(seg)


def test_accounts_of_other_networks_are_written_by_address() -> None:
    seg = shop(**BY_APP, select=L.app == "web")
    far = NETWORK.replace("vpc", "far")
    target(seg, name="far", network_id=far, peered_with=["net"], select=L.app == "db", **BY_APP)
    assert not any("source_service_accounts" in rule for rule in rules(seg)) and proof(seg).ok
