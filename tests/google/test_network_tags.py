"""VPC firewall rules with network tags, for those who have no secure tags."""

from __future__ import annotations

import pytest

from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.platforms.google.state import BEFORE
from segkit.sets import L, tcp
from tests.google.kit import NETWORK, Document, beside, compiled, proof, shop, target
from tests.strategies import TODAY

FIREWALL = "google_compute_firewall"


def test_a_rule_is_a_resource_and_a_group_a_tag() -> None:
    done = compiled(shop(tags="network", project=None))
    assert set(done.fragment["resource"]) == {FIREWALL}
    rules = done.fragment["resource"][FIREWALL].values()
    assert {rule["priority"] for rule in rules if "allow" in rule} == {100}
    assert {rule["priority"] for rule in rules if "deny" in rule} == {101}
    (into,) = [r for r in rules if "allow" in r and r["direction"] == "INGRESS"]
    assert into["source_tags"] and into["target_tags"] and "source_ranges" not in into
    assert proof(shop(tags="network")).ok and not done.warnings


@pytest.mark.parametrize("tags", ["network", "secure"])
def test_a_zone_in_visibility_mode_is_logged(tags: str) -> None:
    """What opens it, and nothing else."""
    seg = shop(tags=tags, accept=("snapshot", "egress-open"))
    seg.zone("watched", L.app == "db", mode="visibility")
    resources = compiled(seg).fragment["resource"]
    policies = resources.get("google_compute_network_firewall_policy_with_rules", {}).values()
    rules = [*resources.get(FIREWALL, {}).values(), *(rule for body in policies for rule in body["rule"])]
    logged = [rule for rule in rules if rule.get("log_config") or rule.get("enable_logging")]
    assert logged and len(logged) < len(rules)
    assert {rule["description"] for rule in logged} == {"visibility mode"}


def test_a_machine_takes_its_tags_as_an_argument() -> None:
    def machines(document: Document) -> None:
        made = {n: {"tags": f"${{local.segkit_net_{n}.groups}}", "name": n} for n in ("web", "db")}
        beside(google_compute_instance=made)(document)

    found = proof(shop(tags="network"), machines)
    assert found.ok and {m.status for m in found.memberships} == {"seen"}

    def without(document: Document) -> None:
        machines(document)
        document["resource"]["google_compute_instance"]["db"]["tags"] = ["something-else"]

    # Nobody takes what is published for it: the machine is somebody's, and the workload is assumed elsewhere.
    assert {m.status for m in proof(shop(tags="network"), without).memberships} == {"seen", "assumed"}


@pytest.mark.parametrize(("priority", "status"), [(99, "different"), (100, "different"), (1000, "equal")])
def test_rules_of_others_come_after_unless_their_number_is_lower(priority: int, status: str) -> None:
    body = {"network": NETWORK, "priority": priority, "source_ranges": ["0.0.0.0/0"]}
    theirs = {"theirs": {**body, "allow": [{"protocol": "tcp", "ports": ["22"]}]}}
    assert proof(shop(tags="network"), beside(**{FIREWALL: theirs})).status == status


def test_a_policy_that_decides_before() -> None:
    kind = "google_compute_network_firewall_policy"
    match = {"src_ip_ranges": ["0.0.0.0/0"], "layer4_config": [{"ip_protocol": "tcp", "ports": ["22"]}]}
    rule = {"priority": 1, "action": "allow", "direction": "INGRESS", "match": match}
    theirs = {
        f"{kind}_with_rules": {"p": {"name": "p", "rule": [rule]}},
        f"{kind}_association": {
            "p": {"attachment_target": NETWORK, "firewall_policy": f"${{{kind}_with_rules.p.id}}"}
        },
    }
    assert proof(shop(tags="network"), beside(**theirs)).ok
    assert proof(shop(tags="network", order=BEFORE), beside(**theirs)).status == "different"


def test_a_machine_that_exists_cannot_be_given_network_tags() -> None:
    seg = shop(tags="network")
    number = "//compute.googleapis.com/projects/1/zones/z/instances/7"
    seg.workload("old", {"app": "web"}, ["10.0.0.9"], interface_id=number)
    with pytest.raises(SegkitError, match="network tags cannot be given to workload 'old'"):
        compiled(seg)


def test_network_tags_reach_no_peered_network() -> None:
    seg = shop(tags="network", select=L.app == "web")
    far = "projects/p/global/networks/far"
    target(seg, name="far", tags="network", network_id=far, peered_with=["net"], select=L.app == "db")
    done = compiled(seg)
    rules = [r for r in done.fragment["resource"][FIREWALL].values() if "allow" in r]
    assert not any("source_tags" in rule for rule in rules) and proof(seg).ok


@pytest.mark.parametrize(
    ("quotas", "words"),
    [
        ({"rules_per_project": 5}, "6 VPC firewall rules; the quota is 5"),
        ({"network_tags_per_machine": 1}, "would carry 2 tags"),
        ({"ranges_per_rule": 1}, "has 2 ranges; the quota is 1"),
    ],
)
def test_quotas(quotas: dict[str, int], words: str) -> None:
    seg = Segmentation("m", today=TODAY)
    for n in range(2):
        seg.workload(f"db{n}", {"app": "db"}, [f"10.0.{n}.9"])
    seg.workload("web", {"app": "web"}, ["10.0.9.9"])
    seg.policy("p", "application").allow(L.app == "web", L.app == "db", tcp(1))
    target(seg, tags="network", quotas=quotas)
    with pytest.raises(SegkitError, match=words):
        compiled(seg)
