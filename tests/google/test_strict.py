"""A rule that is not read whole proves nothing: what it holds for, what it matches, and whose it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.google.kit import NETWORK, Document, beside, proof, shop

POLICY = "google_compute_network_firewall_policy_with_rules"
SERVICES = {"layer4_config": [{"ip_protocol": "all"}]}
WEB = {"ip_protocol": "tcp", "ports": ["22"]}
ANYBODY = ["0.0.0.0/0"]


def closing(change: Callable[[dict[str, Any]], object]) -> Callable[[Document], None]:
    """Changes the rules that close what no rule opens."""

    def changed(document: Document) -> None:
        for rule in document["resource"][POLICY]["net"]["rule"]:
            if rule["action"] == "deny":
                change(rule)

    return changed


@pytest.mark.parametrize(
    "match",
    [
        {"src_ip_ranges": ["10.9.0.0/16"], "dest_ip_ranges": ["10.9.0.0/16"]},
        {"src_network_type": "INTERNET"},
        {"something_new": ["x"]},
        {"dynamic": {"src_fqdns": {}}},
    ],
    ids=["the other end", "a network type", "not known yet", "dynamic"],
)
def test_a_rule_that_something_narrows_closes_nothing_for_certain(match: dict[str, Any]) -> None:
    found = proof(shop(), closing(lambda rule: rule["match"].update(match | rule["match"])))
    assert found.status != "equal" and "is not read" in found.text()


@pytest.mark.parametrize(
    "changed",
    [{"disabled": "${var.off}"}, {"target_type": "${var.kind}"}, {"dynamic": {"target_secure_tag": {}}}],
    ids=str,
)
def test_a_rule_that_may_not_hold_closes_nothing_for_certain(changed: dict[str, Any]) -> None:
    found = proof(shop(), closing(lambda rule: rule.update(changed)))
    assert found.status != "equal" and "whether, or for whom, it holds is not known" in found.text()
    assert proof(shop(), closing(lambda rule: rule.update(disabled="false", target_type="INSTANCES"))).ok


@pytest.mark.parametrize(
    ("direction", "match", "told"),
    [
        ("INGRESS", SERVICES, "no far end"),
        ("EGRESS", SERVICES, "no far end"),
        ("EGRESS", {**SERVICES, "src_secure_tag": [{"name": "tagValues/1"}]}, "src_secure_tag is not read"),
        ("INGRESS", {"src_ip_ranges": ANYBODY}, "no services"),
        ("INGRESS", {**SERVICES, "dynamic": {"src_secure_tag": {}}}, "dynamic is not read"),
    ],
)
def test_a_rule_that_does_not_say_what_it_opens(direction: str, match: dict[str, Any], told: str) -> None:
    opened = {"priority": 5, "action": "allow", "direction": direction, "match": match}
    found = proof(shop(), lambda document: document["resource"][POLICY]["net"]["rule"].append(opened))
    assert found.status == "unproved" and told in found.text()


@pytest.mark.parametrize(
    "more", [{"destination_ranges": ["10.9.9.9/32"]}, {"disabled": "${var.off}"}], ids=str
)
def test_a_vpc_deny_that_is_not_read_whole_hides_no_allow(more: dict[str, Any]) -> None:
    deny = {"network": NETWORK, "priority": 1, "deny": [{"protocol": "all"}], "source_ranges": ANYBODY}
    allow = {"network": NETWORK, "allow": [{"protocol": "tcp", "ports": ["22"]}], "source_ranges": ANYBODY}
    both = {"one": {**deny, **more}, "two": allow}
    assert proof(shop(), beside(google_compute_firewall=both)).status != "equal"


@pytest.mark.parametrize("ranges", [None, []])
def test_vpc_egress_to_no_range_is_to_all_of_ipv4(ranges: list[str] | None) -> None:
    body = {"network": NETWORK, "direction": "EGRESS", "allow": [{"protocol": "all"}]}
    found = proof(shop(), beside(google_compute_firewall={"out": {**body, "destination_ranges": ranges}}))
    assert found.status == "different"


@pytest.mark.parametrize(
    ("owner", "status"),
    [
        ("shop-net", "different"),
        ("projects/p/global/firewallPolicies/theirs", "equal"),
        ("4711", "unproved"),
        ("${data.terraform_remote_state.other.outputs.policy}", "unproved"),
        ("${var.policy}", "unproved"),
    ],
)
def test_a_rule_of_its_own_whose_policy_may_be_ours(owner: str, status: str) -> None:
    match = {"src_ip_ranges": ANYBODY, "layer4_configs": [WEB]}
    rule = {
        "firewall_policy": owner,
        "priority": 3,
        "action": "allow",
        "direction": "INGRESS",
        "match": match,
    }
    found = proof(shop(), beside(google_compute_network_firewall_policy_rule={"theirs": rule}))
    assert found.status == status


def test_a_policy_of_another_type() -> None:
    def change(document: Document) -> None:
        document["resource"][POLICY]["net"]["policy_type"] = "RDMA_ROCE_POLICY"

    assert proof(shop(), change).status == "unproved"


def test_the_hierarchical_policies_of_old() -> None:
    theirs = {"theirs": {"attachment_id": "organizations/1", "policy_id": "2"}}
    found = proof(shop(), beside(google_compute_organization_security_policy_association=theirs))
    assert found.status == "unproved"


def above() -> dict[str, Any]:
    """A hierarchical policy of an organization, with a rule."""
    kind = "google_compute_firewall_policy"
    policy = f"${{{kind}.org.name}}"
    match = {"src_ip_ranges": ["10.7.0.0/16"], "layer4_configs": [WEB]}
    rule = {"priority": 1, "direction": "INGRESS", "action": "allow", "match": match}
    return {
        kind: {"org": {"parent": "organizations/1", "short_name": "org"}},
        f"{kind}_rule": {"one": {**rule, "firewall_policy": policy}},
        f"{kind}_association": {"org": {"attachment_target": "organizations/1", "firewall_policy": policy}},
    }


def test_a_network_with_nothing_of_its_own_has_what_is_above_it() -> None:
    def change(document: Document) -> None:
        beside(**above())(document)
        del document["resource"]["google_compute_network_firewall_policy_association"]

    found = proof(shop(ancestors=["organizations/1"]), change)
    assert ("opens", "10.7.0.0/16", "db", "tcp/22") in {
        (d.kind, d.source, d.destination, d.services) for d in found.differences
    }


def test_several_policies_at_one_place() -> None:
    """Which of them holds nobody knows."""
    second = {"attachment_target": "organizations/1", "firewall_policy": "theirs"}
    found = proof(
        shop(ancestors=["organizations/1"]),
        beside(google_compute_firewall_policy_association={"one": second, "two": second}),
    )
    assert found.status == "unproved" and "organizations/1 has several policies" in found.text()
