"""The google double under the real Terraform."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.double.bench import Bench
from tests.double.google_parts import NETWORK, POLICY, estate, rule, tag

pytestmark = pytest.mark.e2e

WEB_TO_DB = rule(
    200,
    match={"src_secure_tag": [{"name": tag("web")}]},
    target_secure_tag=[{"name": tag("db")}],
)
LINK = "google_compute_network_firewall_policy_association.main"


@pytest.fixture
def bench(terraform: str, schemas: Path, tmp_path: Path) -> Bench:
    return Bench(terraform, schemas, tmp_path, "google")


def test_a_stack_comes_stays_changes_and_goes(bench: Bench) -> None:
    first = estate(rule(100), WEB_TO_DB)
    bench.apply(first)
    assert bench.terraform.plan() == {}
    assert {t.kind for t in bench.state().of()} == set(first["resource"])

    more = estate(rule(100), rule(150, match={"src_ip_ranges": ["198.51.100.0/24"]}), WEB_TO_DB)
    assert bench.apply(more) == {f"{POLICY}.main": ["update"]}
    assert bench.terraform.plan() == {}

    renamed = estate(rule(100), WEB_TO_DB)
    renamed["resource"][POLICY]["main"]["name"] = "other"
    bench.write(renamed)
    replaced = ["delete", "create"]
    assert bench.terraform.plan() == {f"{POLICY}.main": replaced, LINK: replaced}
    bench.terraform.apply()

    bench.terraform.destroy()
    assert bench.state().of() == []


def test_rules_come_back_by_priority(bench: Bench) -> None:
    bench.apply(estate(WEB_TO_DB, rule(100)))
    assert bench.terraform.plan() == {f"{POLICY}.main": ["update"]}


def test_a_tag_value_that_is_replaced_is_another(bench: Bench) -> None:
    bench.apply(estate(WEB_TO_DB))
    (before,) = [t for t in bench.state().of("google_tags_tag_value") if t.body["short_name"] == "db"]
    document = estate(WEB_TO_DB)
    document["resource"]["google_tags_tag_value"]["db"]["short_name"] = "database"
    binding = "google_tags_location_tag_binding.db"
    plan = bench.apply(document)
    assert plan["google_tags_tag_value.db"] == plan[binding] == ["delete", "create"]
    assert plan[f"{POLICY}.main"] == ["update"]
    assert bench.state().get("google_tags_tag_value", before.id) is None
    assert bench.terraform.plan() == {}


def test_a_subnetwork_grows_in_place_and_is_replaced_to_shrink(bench: Bench) -> None:
    document = {
        "resource": {
            "google_compute_network": {"net": {"name": "net"}},
            "google_compute_subnetwork": {
                "one": {"name": "one", "network": NETWORK, "ip_cidr_range": "10.0.0.0/24"}
            },
        }
    }
    subnet = document["resource"]["google_compute_subnetwork"]["one"]
    bench.apply(document)
    for range_, actions in (("10.0.0.0/23", ["update"]), ("10.0.1.0/24", ["delete", "create"])):
        subnet["ip_cidr_range"] = range_
        assert bench.apply(document) == {"google_compute_subnetwork.one": actions}


def test_rules_of_their_own_replace_each_other_by_priority(bench: Bench) -> None:
    def stack(**priorities: int) -> dict[str, dict[str, object]]:
        kind = "google_compute_network_firewall_policy"
        return {
            "resource": {
                kind: {"main": {"name": "main"}},
                f"{kind}_rule": {
                    name: {
                        "firewall_policy": f"${{{kind}.main.name}}",
                        "priority": priority,
                        "direction": "INGRESS",
                        "action": "deny",
                        "match": [
                            {"src_ip_ranges": ["0.0.0.0/0"], "layer4_configs": [{"ip_protocol": "all"}]}
                        ],
                    }
                    for name, priority in priorities.items()
                },
            }
        }

    bench.apply(stack(one=1, two=2))
    assert bench.terraform.plan() == {}
    assert bench.apply(stack(one=3, two=2)) == {
        "google_compute_network_firewall_policy_rule.one": ["delete", "create"]
    }


def test_a_bound_tag_does_not_go(bench: Bench) -> None:
    bench.apply(estate(rule(100)))
    (value,) = [t for t in bench.state().of("google_tags_tag_value") if t.body["short_name"] == "db"]
    left = estate(rule(100))
    left["resource"]["google_tags_location_tag_binding"]["db"]["tag_value"] = (
        value.id
    )  # a name that Terraform does not see through
    del left["resource"]["google_tags_tag_value"]["db"]
    bench.write(left)
    bench.terraform.plan()
    with pytest.raises(AssertionError, match=r"is in use by \S*tagBindings"):
        bench.terraform.apply()


def test_a_schema_fault_stops_the_plan(bench: Bench) -> None:
    for wrong, told in (
        ({"rule": [], "name": "main"}, "Insufficient rule blocks"),
        ({"colour": "red"}, "colour"),
        ({"rule": [rule(1) | {"direction": "INBOUND"}]}, "not one of INGRESS, EGRESS"),
        ({"rule": [rule(1) | {"target_service_accounts": ["a@b"]}]}, "only one of target_secure_tag"),
    ):
        document = estate(rule(100))
        document["resource"][POLICY]["main"] |= wrong
        bench.write(document)
        with pytest.raises(AssertionError, match=told):
            bench.terraform.plan()
    assert bench.calls() == []


def test_the_state_after_each_call_is_a_document(bench: Bench) -> None:
    bench.apply(estate(rule(100), WEB_TO_DB))
    *_, (_, whole) = bench.documents()
    second = whole["resource"][POLICY]["main"]["rule"][1]
    assert second["match"][0]["src_secure_tag"][0]["name"] == tag("web")
    link = whole["resource"]["google_compute_network_firewall_policy_association"]["main"]
    assert link["attachment_target"] == NETWORK
