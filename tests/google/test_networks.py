"""Which network somebody's rule is for: told where names tell it, and open where it may be ours."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.platforms.google.state import BEFORE
from tests.google.kit import NETWORK, Document, beside, proof, shop

SSH = {"protocol": "tcp", "ports": ["22"]}
EACH = {"vpc": {"name": "${each.key}", "for_each": {"a": "1", "b": "2"}}}
OURS = '${google_compute_network.vpc["a"].id}'


def found(
    network: str, beside_it: dict[str, Any], ours: str = NETWORK, tags: str | None = None, **more: Any
) -> str:
    """What the proof says of a VPC firewall rule of somebody for a network."""
    rule = {"network": network, "allow": [SSH], "source_ranges": ["0.0.0.0/0"], **more}

    def change(document: Document) -> None:
        beside(google_compute_firewall={"theirs": rule}, google_compute_network=beside_it)(document)

    return proof(shop(network_id=ours, tags_network=tags), change).status


@pytest.mark.parametrize(
    ("made", "status"),
    [
        ({"name": "vpc", "project": "q"}, "equal"),
        ({"name": "other"}, "equal"),
        ({"name": "${var.name}"}, "unproved"),
        ({"name": "${var.name}", "project": "q"}, "equal"),
        ({"name": "vpc"}, "different"),
    ],
    ids=str,
)
def test_a_network_that_the_stack_makes_may_be_ours(made: dict[str, Any], status: str) -> None:
    assert found("${google_compute_network.made.id}", {"made": made}) == status


def test_a_name_is_one_of_the_project_of_the_rule() -> None:
    assert found("vpc", {}) == "unproved"
    assert found("vpc", {}, project="q") == "equal" and found("vpc", {}, project="p") == "different"


def test_a_network_without_a_project_is_taken_for_ours_and_that_is_said() -> None:
    notes = proof(shop(), beside(google_compute_network={"made": {"name": "vpc"}})).notes
    assert any("it is taken for projects/p/global/networks/vpc" in note for note in notes)


@pytest.mark.parametrize(
    ("network", "status"),
    [
        ('${google_compute_network.vpc["a"].id}', "different"),
        ('${google_compute_network.vpc["b"].id}', "equal"),
        ("${google_compute_network.vpc[var.which].id}", "unproved"),
        ("${google_compute_network.vpc[*].id}", "unproved"),
    ],
)
def test_one_of_several_networks(network: str, status: str) -> None:
    assert found(network, EACH, OURS) == status
    assert proof(shop(network_id=OURS), beside(google_compute_network=EACH)).ok


@pytest.mark.parametrize(
    "ours", ["${data.terraform_remote_state.net.outputs.vpc}", "${google_compute_subnetwork.s.network}"]
)
def test_a_network_that_another_stack_or_resource_gives(ours: str) -> None:
    assert proof(shop(network_id=ours, tags_network="p/vpc")).ok
    assert found("projects/p/global/networks/vpc", {}, ours, "p/vpc") == "unproved"


@pytest.mark.parametrize("given", [NETWORK, "${google_compute_network.made.id}"])
def test_a_module_that_is_given_the_network(given: str) -> None:
    """It may add VPC firewall rules, which decide in the default order."""

    def change(document: Document, order: str | None = None) -> None:
        made = {"name": "vpc", "project": "p", "network_firewall_policy_enforcement_order": order}
        document["module"] = {"theirs": {"source": "./theirs", "network": given}}
        beside(google_compute_network={"made": made})(document)

    assert "module.theirs: a module is given the network" in proof(shop(), change).text()
    assert proof(shop(), lambda document: change(document, BEFORE)).ok


def test_a_module_that_is_given_the_policy() -> None:
    policy = "${google_compute_network_firewall_policy_with_rules.net.id}"
    given = {"theirs": {"source": "./theirs", "policy": policy}}
    assert proof(shop(), lambda document: document.update(module=given)).status == "unproved"


@pytest.mark.parametrize(
    "changed",
    [{"purpose_data": "${var.data}"}, {"purpose_data": {}}, {"purpose": "${var.purpose}"}],
    ids=str,
)
def test_tags_that_may_be_for_another_network(changed: dict[str, Any]) -> None:
    def change(document: Document) -> None:
        for key in document["resource"]["google_tags_tag_key"].values():
            key.update(changed)

    checked = proof(shop(), change)
    assert checked.status == "unproved" and "for which network" in checked.text()
