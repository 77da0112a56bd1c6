"""What the tiers above decide, as a hierarchical firewall policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.ends import anywhere
from segkit.sets import ANY, L, icmp, tcp
from tests.google.kit import NETWORK, Document, beside, compiled, proof, shop, target

ABOVE = "google_compute_firewall_policy_with_rules"
ATTACHED = "google_compute_firewall_policy_association"
ADMIN: dict[str, Any] = {
    "ancestors": ["organizations/1", "folders/2"],
    "global_tier": "admin",
    "global_at": "folders/2",
}


def guarded(**placement: Any) -> Segmentation:
    """The shop under a guardrail with an exception, and a machine in quarantine."""
    seg = shop(**{**ADMIN, **placement})
    ban = seg.policy("q", "quarantine")
    ban.deny(L.sick == "yes", anywhere, ANY, id="out")
    ban.deny(anywhere, L.sick == "yes", ANY, id="in")
    seg.workload("bad", {"app": "web", "sick": "yes"}, ["10.0.0.66"])
    rail = seg.policy("g", "global")
    rail.deny(anywhere, L.app == "db", tcp(22), unless_source=L.app == "web", id="ssh")
    rail.allow(L.app == "web", L.app == "db", tcp(9100), id="watch")
    return seg


def above(seg: Segmentation) -> list[dict[str, Any]]:
    found = compiled(seg).fragment["resource"].get(ABOVE, {})
    return found["net"]["rule"] if found else []


def test_denies_and_decisive_allows_are_said_above_the_network() -> None:
    done = compiled(guarded())
    policy = done.fragment["resource"][ABOVE]["net"]
    assert policy["parent"] == "folders/2" and policy["short_name"] == "shop-p-net"
    link = done.fragment["resource"][ATTACHED]["net"]
    assert link["attachment_target"] == "folders/2"
    said = {(rule["description"], rule["action"]) for rule in policy["rule"]}
    assert said == {("q/out", "deny"), ("q/in", "deny"), ("g/ssh", "deny"), ("g/watch", "allow")}
    assert proof(guarded()).ok


def test_every_rule_is_for_our_machines_in_our_network() -> None:
    for rule in above(guarded()):
        assert rule["target_resources"] == [f"https://www.googleapis.com/compute/v1/{NETWORK}"]
        assert rule["target_secure_tag"]


def test_its_tags_are_the_organizations_and_one_for_each_machine() -> None:
    fragment = compiled(guarded()).fragment
    keys = fragment["resource"]["google_tags_tag_key"]
    (admin,) = [body for body in keys.values() if body["purpose_data"] == {"organization": "auto"}]
    assert admin["parent"] == "organizations/1" and admin["short_name"] == "shop-p-net-admin"
    for name in ("web", "db", "bad"):
        held = fragment["locals"][f"segkit_net_{name}"]["keys"]
        assert sum("admin" in key for key in held) == 1


def test_tiers_are_bands_denies_first() -> None:
    order = [rule["description"] for rule in sorted(above(guarded()), key=lambda rule: int(rule["priority"]))]
    ranks = {"q/out": 0, "q/in": 0, "g/ssh": 1, "g/watch": 2}
    assert [ranks[name] for name in order] == sorted(ranks[name] for name in order)


def test_the_policy_of_the_network_is_what_it_is_without() -> None:
    plain = compiled(guarded(global_tier=None, global_at=None)).fragment["resource"]
    both = compiled(guarded()).fragment["resource"]
    policy = "google_compute_network_firewall_policy_with_rules"
    assert both[policy] == plain[policy]
    assert {k: both["google_tags_tag_key"][k] for k in plain["google_tags_tag_key"]} == plain[
        "google_tags_tag_key"
    ]


def test_nobody_below_opens_what_is_denied_above() -> None:
    body = {"network": NETWORK, "priority": 0, "source_ranges": ["0.0.0.0/0"]}
    theirs = {"theirs": {**body, "allow": [{"protocol": "tcp", "ports": ["22"]}], "target_tags": ["x"]}}
    all_ours = {"theirs": {**body, "allow": [{"protocol": "tcp", "ports": ["22"]}]}}
    assert proof(guarded(), beside(google_compute_firewall=theirs)).ok
    found = proof(guarded(), beside(google_compute_firewall=all_ours))
    assert found.status == "different"
    assert not [one for one in found.differences if "db" in one.destination]
    without = proof(guarded(global_tier=None, global_at=None), beside(google_compute_firewall=all_ours))
    assert [one for one in without.differences if "db" in one.destination]


def test_what_cannot_be_said_exactly_is_left_to_the_network() -> None:
    seg = shop(("snapshot", "icmp-types"), **ADMIN)
    seg.policy("g", "global").deny(L.app == "web", L.app == "db", icmp(5), tcp(22), id="mixed")
    rules = above(seg)
    services = {one["ip_protocol"] for rule in rules for one in rule["match"]["layer4_config"]}
    assert services == {"tcp"} and proof(seg).ok
    assert any("not all of g/mixed is said above the network" in w.what for w in compiled(seg).warnings)
    assert not any("above the network" in w.what for w in compiled(guarded()).warnings)
    only = shop(("snapshot", "icmp-types"), **ADMIN)
    only.policy("g", "global").deny(L.app == "web", L.app == "db", icmp(5), id="pings")
    assert above(only) == [] and proof(only).ok


def test_a_range_with_somebody_of_unknown_address_in_it() -> None:
    seg = shop(**ADMIN)
    seg.workload("ops", {"app": "ops"}, None)
    seg.policy("g", "global").deny(anywhere, L.app == "db", tcp(22), unless_source=L.app == "ops", id="ssh")
    ranges = [r for rule in above(seg) for r in rule["match"].get("src_ip_ranges", ())]
    assert "0.0.0.0/0" not in ranges and proof(seg).ok
    assert any("not all of g/ssh is said above" in w.what for w in compiled(seg).warnings)


def test_a_range_without_some_addresses_may_hold_somebody_of_unknown_address_too() -> None:
    seg = shop(**ADMIN)
    seg.workload("ops", {"app": "ops"}, None)
    corp = seg.address_set("corp", ["10.9.0.0/16", "fd09::/16"])
    seg.policy("g", "global").deny(
        anywhere, L.app == "db", tcp(22), unless_source=[L.app == "ops", corp], id="ssh"
    )
    ranges = {r for rule in above(seg) for r in rule["match"].get("src_ip_ranges", ())}
    assert ranges <= {"10.0.0.1/32", "10.0.0.2/32"} and proof(seg).ok
    assert any("not all of g/ssh is said above" in w.what for w in compiled(seg).warnings)
    named = shop(**ADMIN)
    named.workload("ops", {"app": "ops"}, None)
    corp = named.address_set("corp", ["10.9.0.0/16"])
    named.policy("g", "global").deny(corp, L.app == "db", tcp(22), unless_source=L.app == "ops", id="ssh")
    assert [r for rule in above(named) for r in rule["match"].get("src_ip_ranges", ())] == ["10.9.0.0/16"]


@pytest.mark.parametrize("several", [True, False])
def test_a_tag_stands_for_one_address_of_an_interface(several: bool) -> None:
    """So a deny names the others by address: what is sent from them it would not stop."""
    seg = Segmentation("shop")
    seg.workload("web", {"app": "web"}, ["10.0.0.1", "10.0.0.11"] if several else ["10.0.0.1"])
    seg.workload("db", {"app": "db"}, ["10.0.0.2"])
    seg.policy("g", "global").deny(L.app == "web", L.app == "db", tcp(22), id="ssh")
    target(seg, ("snapshot", "egress-open"), **{**ADMIN, "egress": "open"})
    ranges = [r for rule in above(seg) for r in rule["match"].get("src_ip_ranges", ())]
    assert ranges == (["10.0.0.1/32", "10.0.0.11/32"] if several else [])
    body = {"network": NETWORK, "priority": 0, "source_ranges": ["10.0.0.0/24"]}
    theirs = {**body, "allow": [{"protocol": "tcp", "ports": ["22"]}]}
    out = {"network": NETWORK, "direction": "EGRESS", "destination_ranges": ["0.0.0.0/0"]}
    named = {"in": theirs, "out": {**out, "priority": 0, "allow": [{"protocol": "all"}]}}

    def by_tag_alone(document: Document) -> None:
        beside(google_compute_firewall=named)(document)
        policy = document["resource"][ABOVE]["net"]
        policy["rule"] = [one for one in policy["rule"] if "src_ip_ranges" not in one["match"]]

    for change, opened in ((beside(google_compute_firewall=named), False), (by_tag_alone, several)):
        found = {(d.kind, d.source, d.destination) for d in proof(seg, change).differences}
        assert (("opens", "web", "db") in found) is opened


def test_a_tag_stands_for_every_address_of_ipv6() -> None:
    seg = Segmentation("shop")
    seg.workload("web", {"app": "web"}, ["10.0.0.1", "10.0.0.11", "fd00::1", "fd00::11"])
    seg.workload("db", {"app": "db"}, ["fd00::2"])
    seg.policy("g", "global").deny(L.app == "web", L.app == "db", tcp(22), id="ssh")
    target(seg, ("snapshot", "egress-open"), **{**ADMIN, "egress": "open"})
    body = {"network": NETWORK, "priority": 0, "allow": [{"protocol": "all"}]}
    out = {**body, "direction": "EGRESS", "destination_ranges": ["::/0"]}
    theirs = {"in": {**body, "source_ranges": ["fd00::/64"]}, "out": out}
    found = proof(seg, beside(google_compute_firewall=theirs)).differences
    (opened,) = [d.services for d in found if (d.source, d.destination) == ("web", "db")]
    assert opened == "any except tcp/22; icmp", "what is denied stays denied"


def test_ends_by_address_are_no_tags() -> None:
    seg = shop(("snapshot", "interface-addresses"), **ADMIN)
    near = seg.address_set("near", ["10.0.0.1"])
    seg.policy("g", "global").deny(near, L.app == "db", tcp(22), id="ssh")
    matches = [rule["match"] for rule in above(seg) if rule["direction"] == "INGRESS"]
    assert [one.get("src_ip_ranges") for one in matches] == [["10.0.0.1/32"]]
    assert not any("src_secure_tag" in one for one in matches) and proof(seg).ok


def test_no_rules_of_the_tiers_no_policy() -> None:
    assert above(shop(**ADMIN)) == [] and ATTACHED not in compiled(shop(**ADMIN)).fragment["resource"]


@pytest.mark.parametrize(
    "raw", ["${google_compute_network.vpc.id}", "${google_compute_network.vpc.self_link}"]
)
def test_a_network_by_reference(raw: str) -> None:
    seg = guarded(network_id=raw)
    assert {tuple(rule["target_resources"]) for rule in above(seg)} == {
        ("${google_compute_network.vpc.self_link}",)
    }
    assert proof(seg, beside(google_compute_network={"vpc": {"name": "vpc", "project": "p"}})).ok


def flip(document: Document) -> None:
    for rule in document["resource"][ABOVE]["net"]["rule"]:
        rule["action"] = "allow" if rule["action"] == "deny" else "deny"


def elsewhere(document: Document) -> None:
    document["resource"][ATTACHED]["net"]["attachment_target"] = "folders/3"


@pytest.mark.parametrize(("change", "status"), [(flip, "different"), (elsewhere, "equal")])
def test_the_proof_reads_it(change: Callable[[Document], None], status: str) -> None:
    assert proof(guarded(), change).status == status


def test_another_policy_at_the_same_place_leaves_it_open() -> None:
    theirs = {"attachment_target": "folders/2", "firewall_policy": "1234567"}
    found = proof(guarded(), beside(**{ATTACHED: {"theirs": theirs}}))
    assert found.status == "unproved"


@pytest.mark.parametrize(
    ("placement", "words"),
    [
        ({"global_tier": "above"}, "global_tier is 'above'"),
        ({"global_tier": None}, "nothing is attached there"),
        ({"ancestors": None}, "ancestors are none"),
        ({"global_at": None}, "global_at is ''"),
        (
            {"global_at": "folders/9"},
            "global_at is 'folders/9', and ancestors are folders/2, organizations/1",
        ),
        ({"tags": "network"}, "global_tier is 'admin', and tags is 'network'"),
        (
            {"quotas": {"attributes_per_hierarchical_policy": 3}},
            "rule attributes above the network; the quota",
        ),
        ({"quotas": {"tags_per_interface": 2}}, "would carry 3 tags"),
    ],
)
def test_mistakes(placement: dict[str, Any], words: str) -> None:
    with pytest.raises(SegkitError) as error:
        compiled(guarded(**placement))
    assert words in str(error.value)


def test_two_targets_at_one_place() -> None:
    seg = shop(**ADMIN, select=L.app == "web")
    target(seg, name="far", network_id=NETWORK.replace("vpc", "far"), select=L.app == "db", **ADMIN)
    with pytest.raises(SegkitError, match="target far attaches a firewall policy to folders/2 already"):
        compiled(seg)


def test_a_step_between_that_no_machine_can_take() -> None:
    after = guarded()
    after.policy("h", "global").deny(L.app == "db", L.app == "web", tcp(1), id="more")
    with pytest.raises(SegkitError, match='go by way of global_tier="rules"'):
        compile_model(after.build(), guarded().build())
