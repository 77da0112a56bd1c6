"""What the reader makes of Terraform JSON: everybody's rules, and what cannot be told."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.errors import SegkitError
from segkit.platforms.google.evaluate import Enforcement, Profile
from segkit.platforms.google.read import read_terraform
from segkit.platforms.google.services import UnclearError, spoken
from segkit.platforms.google.state import AFTER, BEFORE, Direction, Holders, Rule, State
from segkit.sets import ANY, Addresses, icmp, protocol, tcp, udp

POLICY = "google_compute_network_firewall_policy"
VPC = "google_compute_network.vpc"
TAGS = {"web": "google_tags_tag_value.web", "db": "google_tags_tag_value.db"}


def stack(*more: dict[str, Any], order: str | None = None) -> dict[str, Any]:
    """A network with two tags, and further resources."""
    network: dict[str, Any] = {"name": "vpc", "project": "p"}
    if order:
        network["network_firewall_policy_enforcement_order"] = order
    key = {"purpose": "GCE_FIREWALL", "purpose_data": {"network": "p/vpc"}, "parent": "projects/1"}
    resources: dict[str, Any] = {
        "google_compute_network": {"vpc": network},
        "google_tags_tag_key": {n: {**key, "short_name": n} for n in TAGS},
        "google_tags_tag_value": {
            n: {"parent": f"${{google_tags_tag_key.{n}.id}}", "short_name": "yes"} for n in TAGS
        },
    }
    for one in more:
        for kind, bodies in one.items():
            resources.setdefault(kind, {}).update(bodies)
    return {"resource": resources}


def inline(*rules: dict[str, Any], network: str = f"${{{VPC}.id}}") -> dict[str, Any]:
    """A policy with its rules inside, attached."""
    return {
        f"{POLICY}_with_rules": {"pol": {"name": "pol", "rule": list(rules)}},
        f"{POLICY}_association": {
            "pol": {
                "name": "pol",
                "attachment_target": network,
                "firewall_policy": f"${{{POLICY}_with_rules.pol.id}}",
            }
        },
    }


def rule(**more: Any) -> dict[str, Any]:
    """A rule of a policy in the names of the resource that has rules inside."""
    match = {"src_ip_ranges": ["10.0.0.0/8"], "layer4_config": [{"ip_protocol": "tcp", "ports": ["22"]}]}
    return {"priority": 7, "action": "allow", "direction": "INGRESS", "match": match, **more}


def read(doc: dict[str, Any], network: str = VPC) -> tuple[tuple[Rule, ...], list[str]]:
    """All rules of a network, in the order of their stages, and its doubts."""
    state = read_terraform(doc)
    enforcement = Enforcement(state)
    rules = tuple(r for stage in enforcement.stages(network) for r in stage.rules)
    return rules, list(enforcement.doubts(Profile(network, Holders())))


def test_a_policy_with_its_rules_inside() -> None:
    named = rule(
        target_secure_tag=[{"name": f"${{{TAGS['db']}.id}}"}],
        match={
            "src_secure_tag": [{"name": f"${{{TAGS['web']}.id}}"}],
            "layer4_config": [
                {"ip_protocol": "tcp", "ports": ["5432", "8000-8100"]},
                {"ip_protocol": "icmp"},
            ],
        },
    )
    (found,), doubts = read(stack(inline(named)))
    assert (found.priority, found.action, found.direction) == (7, "allow", Direction.INGRESS)
    assert found.services == tcp(5432, "8000-8100") | icmp()
    assert found.targets == Holders(frozenset({TAGS["db"]}))
    assert found.peers == Holders(frozenset({TAGS["web"]})) and not found.ranges
    assert not doubts


def test_rules_that_are_resources_of_their_own() -> None:
    apart = {
        POLICY: {"pol": {"name": "pol"}},
        f"{POLICY}_rule": {
            "one": {
                "firewall_policy": f"${{{POLICY}.pol.name}}",
                **rule(
                    direction="EGRESS",
                    match={"dest_ip_ranges": ["8.8.8.0/24"], "layer4_configs": [{"ip_protocol": "all"}]},
                    target_secure_tags=[{"name": f"${{{TAGS['db']}.id}}"}],
                ),
            }
        },
        f"{POLICY}_association": {
            "pol": {"attachment_target": f"${{{VPC}.self_link}}", "firewall_policy": f"${{{POLICY}.pol.id}}"}
        },
    }
    (found,), doubts = read(stack(apart))
    assert (found.direction, found.services, found.ranges) == (
        Direction.EGRESS,
        ANY,
        Addresses.of("8.8.8.0/24"),
    )
    assert found.targets == Holders(frozenset({TAGS["db"]})) and not doubts


@pytest.mark.parametrize(
    "name",
    [
        f"${{{VPC}.id}}",
        f"${{{VPC}.self_link}}",
        f"${{{VPC}.name}}",
        "projects/p/global/networks/vpc",
        "https://www.googleapis.com/compute/v1/projects/p/global/networks/vpc",
        "vpc",
        "${local.net}",
    ],
)
def test_a_network_goes_by_many_names(name: str) -> None:
    doc = stack(inline(rule(), network=name)) | {"locals": {"net": f"${{{VPC}.id}}"}}
    rules, doubts = read(doc)
    assert len(rules) == 1 and not doubts


def test_another_projects_network_of_the_same_name_is_another() -> None:
    rules, doubts = read(stack(inline(rule(), network="projects/other/global/networks/vpc")))
    assert not rules and not doubts


def test_a_network_that_is_looked_up() -> None:
    doc = stack(inline(rule(), network="${data.google_compute_network.seen.id}"))
    doc["data"] = {"google_compute_network": {"seen": {"name": "vpc", "project": "p"}}}
    assert len(read(doc)[0]) == 1
    doc["data"] = {"google_compute_network": {"seen": {"name": "${var.name}"}}}
    assert len(read(doc, "data.google_compute_network.seen")[0]) == 1


def attached(network: str) -> dict[str, Any]:
    """A policy that lives elsewhere, attached to a network."""
    return {f"{POLICY}_association": {"x": {"attachment_target": network, "firewall_policy": "far"}}}


def classic(**more: Any) -> dict[str, Any]:
    body = {"name": "r", "network": f"${{{VPC}.name}}", "allow": [{"protocol": "tcp", "ports": ["80"]}]}
    return {"google_compute_firewall": {"r": {**body, "source_ranges": ["0.0.0.0/0"], **more}}}


def test_vpc_firewall_rules() -> None:
    (found,), doubts = read(stack(classic()))
    assert (found.priority, found.action, found.direction) == (1000, "allow", Direction.INGRESS)
    assert found.services == tcp(80) and found.targets is None and not doubts
    more = classic(target_tags=["web"], source_tags=["lb"], source_ranges=None, priority=5)
    (found,), _ = read(stack(more))
    assert found.targets == Holders(network_tags=frozenset({"web"}))
    assert found.peers == Holders(network_tags=frozenset({"lb"})) and found.priority == 5
    assert read(stack(classic(disabled=True)))[0] == ()


def test_egress_without_a_destination_is_all_of_ipv4() -> None:
    (found,), _ = read(stack(classic(direction="EGRESS", source_ranges=None)))
    assert found.ranges == Addresses.of("0.0.0.0/0")


@pytest.mark.parametrize("order", [None, AFTER, BEFORE])
def test_the_enforcement_order_of_a_network(order: str | None) -> None:
    rules, _ = read(stack(classic(), inline(rule()), order=order))
    first = (
        "google_compute_network_firewall_policy_with_rules" if order == BEFORE else "google_compute_firewall"
    )
    assert rules[0].where.startswith(first)
    assert read_terraform(stack(order=order)).networks[VPC].order == (order or AFTER)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (inline(rule(action="apply_security_profile_group")), "apply_security_profile_group"),
        (inline(rule(priority="${var.p}")), "its priority"),
        (inline(rule(), rule()), "2 rules have priority 7"),
        (inline(rule(match={**rule()["match"], "src_fqdns": ["example.com"]})), "src_fqdns"),
        (inline(rule(match={**rule()["match"], "src_network_context": "INTERNET"})), "src_network_context"),
        (inline(rule(match={**rule()["match"], "src_ip_ranges": ["${var.r}"]})), "an address range"),
        (inline(rule(target_secure_tag=[{"name": "${var.tag}"}])), "a tag that is not known"),
        (inline(rule(match={**rule()["match"], "layer4_config": [{"ip_protocol": "gre"}]})), "the protocol"),
        (attached(f"${{{VPC}.id}}"), "its policy"),
        (attached("Not A Network"), "a policy of a network that is not known"),
        (classic(count="${var.n}"), "not known in full"),
        (classic(source_ranges=["${var.r}"]), "an address range"),
        (classic(target_tags=["${var.t}"]), "a name that is not known"),
        ({"google_compute_firewall_policy_association": {"org": {}}}, "see ancestors"),
    ],
    ids=range(14),
)
def test_what_cannot_be_told_is_a_doubt(more: dict[str, Any], told: str) -> None:
    _, doubts = read(stack(more))
    assert any(told in doubt for doubt in doubts), doubts


def test_a_rule_whose_targets_are_not_known_does_nothing_for_certain() -> None:
    (found,), doubts = read(stack(inline(rule(target_secure_tag=[{"name": "${var.tag}"}]))))
    assert not found.ranges and not found.peers and doubts


def held(doc: dict[str, Any]) -> State:
    return read_terraform(doc)


def test_what_machines_hold() -> None:
    tags = {f"${{google_tags_tag_key.{n}.id}}": f"${{{TAGS[n]}.id}}" for n in TAGS}
    machine = {
        "google_compute_instance": {
            "m": {
                "params": {"resource_manager_tags": tags},
                "tags": ["old"],
                "service_account": [{"email": "a@p.iam.gserviceaccount.com"}],
                "boot_disk": {"initialize_params": {"resource_manager_tags": {"tagKeys/9": "tagValues/9"}}},
            }
        }
    }
    (found,) = held(stack(machine)).carriers
    assert found.held == Holders(
        frozenset(TAGS.values()), frozenset({"old"}), frozenset({"a@p.iam.gserviceaccount.com"})
    )
    assert found.complete


def test_bindings_add_to_what_a_machine_was_made_with() -> None:
    parent = "//compute.googleapis.com/projects/1/zones/z/instances/${google_compute_instance.m.instance_id}"
    machine = {
        "google_compute_instance": {"m": {"params": {"resource_manager_tags": {"tagKeys/1": "tagValues/5"}}}},
        "google_tags_location_tag_binding": {"b": {"parent": parent, "tag_value": f"${{{TAGS['db']}.id}}"}},
    }
    found = held(stack(machine)).carriers
    assert len(found) == 2
    assert {carrier.held.tags for carrier in found} == {frozenset({"tagValues/5", TAGS["db"]})}


def test_tags_that_are_not_known_leave_a_machine_open() -> None:
    machine = {"google_compute_instance": {"m": {"params": {"resource_manager_tags": "${var.tags}"}}}}
    (found,) = held(stack(machine)).carriers
    assert not found.complete


def test_a_published_membership_and_who_uses_it() -> None:
    doc = stack(
        {
            "google_compute_instance_template": {
                "t": {"resource_manager_tags": "${zipmap(local.m.keys, local.m.groups)}"}
            }
        }
    )
    doc["locals"] = {
        "m": {
            "workload": "w",
            "interface": "",
            "target": "t",
            "groups": [f"${{{TAGS['web']}.id}}"],
            "keys": ["${google_tags_tag_key.web.id}"],
        }
    }
    state = held(doc)
    (published,) = state.memberships
    assert published.held.tags == {TAGS["web"]} and published.carriers == (
        "google_compute_instance_template.t",
    )
    (carrier,) = state.carriers
    assert carrier.workload == "w" and carrier.held.tags == {TAGS["web"]}


def test_tag_values_with_their_keys() -> None:
    state = held(stack())
    assert {t.network for t in state.tags.values()} == {VPC}
    doc = stack()
    doc["resource"]["google_tags_tag_key"]["web"]["purpose_data"] = {"organization": "auto"}
    doc["resource"]["google_tags_tag_key"]["db"]["purpose"] = None
    found = held(doc).tags
    assert found[TAGS["web"]].network == "" and not found[TAGS["db"]].purpose


def test_a_peering_is_one_when_both_sides_say_so() -> None:
    one = {"network": f"${{{VPC}.id}}", "peer_network": "projects/q/global/networks/far"}
    other = {"network": one["peer_network"], "peer_network": one["network"]}
    assert not held(stack({"google_compute_network_peering": {"a": one}})).peerings
    both = {"google_compute_network_peering": {"a": one, "b": other}}
    assert held(stack(both)).peerings == {(VPC, "projects/q/global/networks/far")}


def test_services() -> None:
    assert spoken("udp", ("53",)) == udp(53) and spoken(47, ()) == protocol(47) and spoken("all", ()) == ANY
    for name, ports in (
        ("sctp", ("7",)),
        ("all", ("7",)),
        ("gre", ()),
        (None, ()),
        ("tcp", ("x",)),
        ("999", ()),
    ):
        with pytest.raises(UnclearError):
            spoken(name, ports)


def test_what_is_no_stack_is_refused() -> None:
    with pytest.raises(SegkitError, match="a stack is an object"):
        read_terraform([])  # type: ignore[arg-type]
