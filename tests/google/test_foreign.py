"""Beside other people's rules: seen and evaluated where the stack tells, unproved where it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.platforms.google.state import AFTER, BEFORE
from segkit.sets import L
from tests.google.kit import NETWORK, Document, beside, compiled, proof, shop, target

POLICY = "google_compute_network_firewall_policy_with_rules"
SSH = {"protocol": "tcp", "ports": ["22"]}


def firewall(**more: Any) -> dict[str, Any]:
    body = {"name": "theirs", "network": NETWORK, "allow": [SSH], "source_ranges": ["0.0.0.0/0"], **more}
    return {"google_compute_firewall": {"theirs": body}}


@pytest.mark.parametrize(("order", "status"), [(None, "different"), (AFTER, "different"), (BEFORE, "equal")])
def test_a_vpc_firewall_rule_of_somebody(order: str | None, status: str) -> None:
    """By default it decides before the policy; in the other order it never comes to that."""
    found = proof(shop(order=order), beside(**firewall()))
    assert found.status == status
    if status == "different":
        (difference, *_) = found.differences
        assert difference.kind == "opens" and "tcp/22" in difference.services
        assert "google_compute_firewall.theirs" in difference.resources


def test_a_rule_for_machines_that_are_not_ours() -> None:
    assert proof(shop(), beside(**firewall(target_tags=["legacy"]))).status == "equal"
    assert proof(shop(), beside(**firewall(network="projects/p/global/networks/other"))).status == "equal"


def test_a_rule_for_everybody_from_machines_that_nobody_knows() -> None:
    found = proof(shop(), beside(**firewall(source_ranges=None, source_tags=["bastion"])))
    assert found.status == "unproved" and "which no workload holds" in found.text()


def test_a_rule_that_is_not_known() -> None:
    found = proof(shop(), beside(**firewall(source_ranges=["${var.where}"])))
    assert found.status == "unproved"


def test_the_order_that_the_stack_gives_its_network_counts() -> None:
    network = {"name": "vpc", "project": "p", "network_firewall_policy_enforcement_order": BEFORE}
    found = proof(shop(), beside(google_compute_network={"vpc": network}, **firewall()))
    assert found.status == "equal" and not [n for n in found.notes if "enforcement order" in n]
    against = proof(shop(order=AFTER), beside(google_compute_network={"vpc": network}, **firewall()))
    assert against.status == "equal" and any("declares AFTER" in note for note in against.notes)
    late = {**network, "network_firewall_policy_enforcement_order": AFTER}
    found = proof(shop(order=BEFORE), beside(google_compute_network={"vpc": late}))
    assert found.status == "unproved", "VPC firewall rules that nobody showed come first after all"
    assert "set network_firewall_policy_enforcement_order there" in found.text()


def test_what_is_assumed_is_said() -> None:
    notes = " ".join(proof(shop()).notes)
    assert "the platform's default" in notes and "no VPC firewall rules but those of the stack" in notes
    assert "as declared" in " ".join(proof(shop(order=BEFORE)).notes)
    assert "no hierarchical firewall policy" in notes
    assert "no firewall policy of its own" in " ".join(proof(shop(order=BEFORE, tags="network")).notes)
    (warning,) = compiled(shop()).warnings
    assert "may decide before the policy" in warning.what and "BEFORE_CLASSIC_FIREWALL" in warning.fix
    assert not compiled(shop(order=BEFORE)).warnings and not compiled(shop(order=AFTER)).warnings


def test_a_hierarchical_policy_leaves_the_proof_open() -> None:
    kind = "google_compute_firewall_policy_association"
    theirs = {kind: {"theirs": {"attachment_target": "folders/1"}}}
    found = proof(shop(), beside(**theirs))
    assert found.status == "unproved" and "see ancestors" in found.text()
    assert proof(shop(ancestors=["organizations/1", "folders/2"]), beside(**theirs)).ok, "not above"
    assert proof(shop(ancestors=["organizations/3", "folders/1"]), beside(**theirs)).status == "unproved", (
        "its rules"
    )
    somewhere = {kind: {"theirs": {"attachment_target": "${var.folder}"}}}
    assert proof(shop(ancestors=["organizations/3", "folders/2"]), beside(**somewhere)).status == "unproved"


@pytest.mark.parametrize("inline", [True, False])
def test_a_hierarchical_policy_that_is_known_is_part_of_the_proof(inline: bool) -> None:
    kind = "google_compute_firewall_policy"
    ssh = {"ip_protocol": "tcp", "ports": ["22"]}
    rule = {"priority": 5, "action": "allow", "direction": "INGRESS"}

    def policy(**more: Any) -> Document:
        name, layer = (f"{kind}_with_rules", "layer4_config") if inline else (kind, "layer4_configs")
        body = {**rule, "match": {"src_ip_ranges": ["0.0.0.0/0"], layer: [ssh]}, **more}
        made: Document = {
            name: {
                "org": {
                    "parent": "organizations/1",
                    "short_name": "org",
                    **({"rule": [body]} if inline else {}),
                }
            },
            f"{kind}_association": {
                "org": {"attachment_target": "organizations/1", "firewall_policy": f"${{{name}.org.id}}"}
            },
        }
        if not inline:
            made[f"{kind}_rule"] = {"one": {**body, "firewall_policy": f"${{{name}.org.name}}"}}
        return made

    above = ["organizations/1", "folders/2"]
    found = proof(shop(ancestors=above), beside(**policy()))
    assert found.status == "different" and "tcp/22" in found.text()
    assert proof(shop(ancestors=["organizations/3", "folders/2"]), beside(**policy())).ok
    assert proof(shop(ancestors=above), beside(**policy(action="goto_next"))).ok
    far = {"target_resources": ["projects/p/global/networks/far"]}
    assert proof(shop(ancestors=above), beside(**policy(**far))).ok
    assert proof(shop(ancestors=above), beside(**policy(target_resources=[NETWORK]))).status == "different"
    assert (
        proof(shop(ancestors=above), beside(**policy(target_resources=["${var.networks}"]))).status
        == "unproved"
    )


def test_what_comes_after_the_policy_is_never_asked() -> None:
    """Regional policies; and VPC firewall rules, in the other order, known or not."""
    regional = {"theirs": {"attachment_target": NETWORK, "firewall_policy": "theirs"}}
    kind = "google_compute_region_network_firewall_policy_association"
    assert proof(shop(), beside(**{kind: regional})).status == "equal"
    for unknown in (firewall(source_ranges=["${var.where}"]), firewall(network="${a.b + 1}")):
        assert proof(shop(order=AFTER), beside(**unknown)).status == "unproved"
        assert proof(shop(order=BEFORE), beside(**unknown)).status == "equal"

    def reopened(document: Document) -> None:
        beside(**{kind: regional})(document)
        rules = document["resource"][POLICY]["net"]["rule"]
        rules[-1]["action"] = "goto_next"

    assert proof(shop(), reopened).status != "equal"


def test_a_second_policy_on_the_network() -> None:
    link = {"attachment_target": NETWORK, "firewall_policy": "projects/p/global/firewallPolicies/theirs"}
    kind = "google_compute_network_firewall_policy_association"
    found = proof(shop(), beside(**{kind: {"theirs": link}}))
    assert found.status == "unproved"


def test_somebody_else_with_our_tag() -> None:
    """A machine that is no workload holds a tag that a rule names as a source."""
    binding = {
        "parent": "//compute.googleapis.com/projects/1/zones/z/instances/9",
        "tag_value": "${google_tags_tag_value.net_app-web-f3f8d2.id}",
    }

    def change(document: Document) -> None:
        (value,) = [v for v in document["resource"]["google_tags_tag_value"] if "web" in v]
        binding["tag_value"] = f"${{google_tags_tag_value.{value}.id}}"
        beside(google_tags_location_tag_binding={"theirs": binding})(document)

    found = proof(shop(), change)
    assert found.status == "unproved" and "is no workload" in found.text()


def test_a_machine_with_two_values_of_a_key() -> None:
    """Google Cloud refuses it; which one holds nobody knows."""

    def change(document: Document) -> None:
        values = document["resource"]["google_tags_tag_value"]
        (name,) = [v for v in values if v.endswith("enforced")]
        values["twin"] = {**values[name], "short_name": "twin"}
        document["locals"]["segkit_net_web"]["groups"].append("${google_tags_tag_value.twin.id}")

    found = proof(shop(), change)
    assert found.status == "unproved" and "values of one key" in found.text()


def test_a_policy_that_is_not_attached_closes_nothing() -> None:
    def change(document: Document) -> None:
        del document["resource"]["google_compute_network_firewall_policy_association"]

    found = proof(shop(), change)
    assert found.status == "different" and {d.kind for d in found.differences} == {"opens", "closes"}


def test_tags_for_another_network_say_nothing() -> None:
    def change(document: Document) -> None:
        for body in document["resource"]["google_tags_tag_key"].values():
            body["purpose_data"] = {"network": "p/other"}

    assert proof(shop(), change).status == "different"


def test_two_rules_of_one_priority() -> None:
    def change(document: Document) -> None:
        rules = document["resource"][POLICY]["net"]["rule"]
        rules.append({**rules[0]})

    assert proof(shop(), change).status == "unproved"


def test_networks_that_are_passed_in() -> None:
    """Two targets are two networks; somebody's rule for a third one may be for either."""
    seg = shop(network_id="${var.one}", tags_network="p/one", select=L.app == "web")
    target(seg, network_id="${var.two}", tags_network="p/two", name="two", select=L.app == "db")
    assert proof(seg).ok
    found = proof(seg, beside(**firewall(network="${var.three}")))
    assert found.status == "unproved" and "var.three may be var.one" in found.text()


def test_the_same_network_by_its_bare_name() -> None:
    found = proof(shop(), beside(**firewall(network="vpc")))
    assert found.status == "unproved" and "say in which project" in found.text()
