"""What is written for Google Cloud: priorities, egress, quotas, bad input."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import product
from operator import itemgetter
from typing import Any

import pytest

from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.intent.engine import Intent
from segkit.model import Segmentation
from segkit.model.ends import internet
from segkit.platforms.base import platform
from segkit.platforms.google.lower.names import name
from segkit.platforms.google.lower.plan import Line
from segkit.platforms.google.lower.priorities import FIRST_DENY, prioritised
from segkit.sets import NOTHING, NOWHERE, L, icmp, sctp, tcp
from tests.google.kit import NETWORK, compiled, proof, shop, target
from tests.strategies import TODAY

POLICY = "google_compute_network_firewall_policy_with_rules"


def rules(seg: Segmentation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = compiled(seg).fragment["resource"][POLICY]["net"]["rule"]
    return found


def refused(seg: Segmentation, *words: str) -> None:
    with pytest.raises(SegkitError) as raised:
        compile_model(seg.build())
    assert all(word in str(raised.value) for word in words), str(raised.value)
    assert all(problem.fix for problem in raised.value.problems)


def test_rules_that_open_come_before_rules_that_close() -> None:
    found = rules(shop())
    assert [r["priority"] for r in found] == sorted(r["priority"] for r in found)
    opening = [r for r in found if r["action"] == "allow"]
    closing = [r for r in found if r["action"] == "deny"]
    assert max(r["priority"] for r in opening) < FIRST_DENY <= min(r["priority"] for r in closing)
    (ends,) = {tuple(tag["name"] for tag in r["target_secure_tag"]) for r in closing}
    assert ends == ("${google_tags_tag_value.net_enforced.id}",)
    ranges = [r["match"].get("src_ip_ranges") or r["match"]["dest_ip_ranges"] for r in closing]
    assert ranges == [["0.0.0.0/0"], ["::/0"]] * 2


def line(identity: str) -> Line:
    return Line(identity, identity, "t", "ingress", (), (), NOWHERE, NOTHING, None, "x", None)


def places(names: Iterable[str], *between: int) -> dict[str, int]:
    """The priorities of rules with these identities."""
    found = prioritised(map(line, names), *between)
    assert found == sorted(found, key=itemgetter(0))
    return {one.identity: priority for priority, one in found}


def test_priorities_hang_on_identities_alone() -> None:
    """Whoever is beside it and whatever the order; of two that want one place, the same one keeps it."""
    names = [f"rule {n}" for n in range(2000)]
    one = places(names)
    assert one == places(random.Random(7).sample(names, len(names)))
    assert len(set(one.values())) == len(names)
    assert all(one[name] == priority for name, priority in places(names[::2]).items())


def test_priorities_that_collide_are_settled() -> None:
    some = places(("c", "a", "b"), 1000, 1003)
    assert sorted(some.values()) == [1000, 1001, 1002]
    assert some == places(("a", "b", "c"), 1000, 1003)


def test_egress_is_by_address_or_open() -> None:
    (out,) = [r for r in rules(shop()) if r["direction"] == "EGRESS" and r["action"] == "allow"]
    assert out["match"]["dest_ip_ranges"] == ["10.0.0.2/32"]
    seg = shop(("egress-open",), egress="open")
    both = [r for r in rules(seg) if r["direction"] == "EGRESS" and r["action"] == "allow"]
    assert sorted(r["match"]["dest_ip_ranges"] for r in both) == [["0.0.0.0/0"], ["::/0"]]
    found = proof(seg)
    assert found.ok and {(d.residual, d.kind) for d in found.accepted} == {("egress-open", "opens")}
    assert all("10.0.0.2" not in d.destination for d in found.accepted), "its own ingress decides"
    refused(shop((), egress="open"), "egress-open")
    refused(shop(()), "snapshot")


def test_open_egress_needs_no_address() -> None:
    seg = Segmentation("m", today=TODAY)
    for app in ("a", "b"):
        seg.workload(app, {"app": app})
    seg.policy("p", "application").allow(L.app == "a", L.app == "b", tcp(1))
    target(seg, ("egress-open",), egress="open")
    assert proof(seg).ok


def test_what_is_logged() -> None:
    assert all(r["enable_logging"] for r in rules(shop(logging=True)))
    assert not any(r["enable_logging"] for r in rules(shop()))
    seg = Segmentation("m", today=TODAY)
    seg.zone("watched", L.zone == "watched", mode="visibility")
    seg.workload("w", {"zone": "watched"}, ["10.0.0.1"])
    target(seg)
    assert {r["enable_logging"] for r in rules(seg) if r["action"] == "allow"} == {True}


def test_protocols_that_pass_as_a_whole_are_residuals() -> None:
    for services, residual in ((icmp(8), "icmp-types"), (sctp(7), "sctp-ports")):
        seg = Segmentation("m", today=TODAY)
        seg.workload("a", {"app": "a"}, ["10.0.0.1"])
        seg.policy("p", "application").allow(L.app == "a", seg.address_set("s", ["192.0.2.0/24"]), services)
        target(seg, ())
        refused(seg, residual)
    seg = Segmentation("m", today=TODAY)
    seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    seg.policy("p", "application").allow(L.app == "a", seg.address_set("s", ["192.0.2.0/24"]), icmp(8))
    target(seg, ("icmp-types",))
    found = proof(seg)
    assert found.ok and {d.services for d in found.accepted} == {"icmp/0-7,9-255"}


def test_a_tag_stands_for_one_of_several_addresses() -> None:
    """As a source; IPv6 is matched at all addresses, and ranges at those that they hold."""
    seg = Segmentation("m", today=TODAY)
    seg.workload("two", {"app": "a"}, ["10.0.0.1", "10.0.0.9", "fd00::1", "fd00::2"])
    seg.workload("db", {"app": "db"}, ["10.0.0.2"])
    seg.policy("p", "application").allow(L.app == "a", L.app == "db", tcp(1), id="r")
    target(seg)
    refused(seg, "alias-addresses", "two at 10.0.0.1/32, 10.0.0.9/32")
    other = Segmentation("m", today=TODAY)
    other.workload("six", {"app": "a"}, ["10.0.0.1", "fd00::1", "fd00::2"])
    other.workload("two", {"app": "db"}, ["10.0.0.2", "10.0.0.3"])
    other.policy("p", "application").allow(L.app == "a", L.app == "db", tcp(1), id="r")
    target(other)
    assert proof(other).ok


# -- quotas


def many(count: int, accept: tuple[str, ...] = ("egress-open",), **placement: Any) -> Segmentation:
    """A machine that so many selectors match."""
    seg = Segmentation("m", today=TODAY)
    seg.workload("w", {f"k{n}": "yes" for n in range(count)}, ["10.0.0.1"])
    policy = seg.policy("p", "application")
    corp = seg.address_set("corp", ["192.0.2.0/24"])
    for n in range(count):
        policy.allow(corp, getattr(L, f"k{n}") == "yes", tcp(n + 1), id=f"r{n}")
    target(seg, accept, **placement)
    return seg


def test_too_many_tags_on_a_machine() -> None:
    seg = many(10)
    refused(seg, "would carry 11 tags", "the quota is 10", 'encoding="cells"', "or pin the encoding cells")
    with pytest.raises(SegkitError, match="would carry 11 tags") as raised:
        compile_model(seg.build())
    assert not any("quotas=" in problem.fix for problem in raised.value.problems), "nobody gets more than ten"
    assert proof(many(10, encoding="cells")).ok and proof(many(9)).ok
    blocks = [[f"k{n}-yes" for n in range(10)]]
    model = seg.build()
    (report,) = platform("google").quotas(Intent(model), model.targets, {})
    assert not report.pinned.fits and report.pinned.usage["tags_per_interface"] == {"used": 11, "quota": 10}
    best = report.options[0]
    assert (best.encoding, best.fits) == ("cells", True) and best.churn is not None
    assert best.churn.memberships == 1 and best.churn.created > 0 and blocks


def test_encodings_by_blocks_of_names() -> None:
    seg = many(10)
    model = seg.build()
    names = list(platform("google").quotas(Intent(model), model.targets, {})[0].pinned.fullest)
    pinned = many(10, encoding=[sorted(names)[:4]])
    assert proof(pinned).ok
    keys = compiled(pinned).fragment["resource"]["google_tags_tag_key"]
    assert len(keys) == 6 + 1 + 1
    (report,) = platform("google").quotas(Intent(model), model.targets, {"net": [sorted(names)[:4]]})
    assert report.asked is not None and report.asked.fits
    with pytest.raises(SegkitError, match="'nobody' is no group"):
        platform("google").quotas(Intent(model), model.targets, {"net": [["nobody"]]})
    (auto,) = platform("google").quotas(Intent(model), model.targets, {"net": "auto"})
    assert auto.asked is not None and auto.asked.encoding == "cells"


def crossed(**placement: Any) -> Segmentation:
    """Machines in every mixture of four environments, regions and roles, with rules for each of these and
    for everybody."""
    seg = Segmentation("crossed", today=TODAY)
    kinds = {key: [f"{key}{n}" for n in range(4)] for key in ("env", "region", "role")}
    mixtures = product(*kinds.values())
    for n, mixture in enumerate(mixtures):
        seg.workload(f"m{n}", dict(zip(kinds, mixture, strict=True)), [f"10.0.0.{n}"])
    policy = seg.policy("p", "application")
    for key, values in kinds.items():
        for n, value in enumerate(values):
            policy.allow(getattr(L, key) == value, getattr(L, key) == value, tcp(1000 + n), id=value)
    target(seg, ("snapshot", "egress-open"), egress="open", **placement)
    return seg


def test_blocks_are_searched_where_machines_carry_too_many_tags() -> None:
    """With three tags for a machine, one of them `enforced`: two keys of four and sixteen values."""
    tight = {"tags_per_interface": 3, "tags_per_side": 4}
    model = crossed(quotas=tight).build()
    (report,) = platform("google").quotas(Intent(model), model.targets, {"net": "auto"})
    assert not report.pinned.fits and report.asked is not None and report.asked.fits
    found = report.asked.encoding
    assert isinstance(found, list)
    by_word = {str(one.encoding): one for one in report.options}
    assert by_word["cells"].usage["tags_per_side"] == {"used": 16, "quota": 4} and not by_word["cells"].fits
    assert by_word["groups"].usage["tags_per_interface"] == {"used": 4, "quota": 3}
    assert proof(crossed(quotas=tight, encoding=found)).ok
    again = crossed(quotas=tight, encoding=found).build()
    assert platform("google").quotas(Intent(again), again.targets, {"net": "auto"})[0].asked == (
        platform("google").quotas(Intent(again), again.targets, {})[0].pinned
    )


def test_accounts_have_no_encodings_to_search() -> None:
    model = shop(tags="service-accounts", accounts="{app}@p.iam.gserviceaccount.com").build()
    (report,) = platform("google").quotas(Intent(model), model.targets, {})
    assert [one.encoding for one in report.options] == ["groups"]


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        ("ranges_per_rule", "has 116 ranges; the quota is 1"),
        ("attributes_per_policy", "rule attributes; the quota is 1"),
    ],
)
def test_too_much_in_a_rule(quota: str, words: str) -> None:
    seg = Segmentation("m", today=TODAY)
    seg.workload("w", {"app": "a"}, ["10.0.0.1"])
    seg.policy("p", "application").allow(internet, L.app == "a", tcp(443))
    target(seg, quotas={quota: 1})
    refused(seg, words)


def test_too_many_keys_and_values() -> None:
    seg = Segmentation("m", today=TODAY)
    for n in range(3):
        seg.workload(f"w{n}", {"app": str(n)}, [f"10.0.0.{n + 1}"])
        seg.policy(f"p{n}", "application").allow(
            seg.address_set(f"s{n}", ["192.0.2.1"]), L.app == str(n), tcp(1)
        )
    target(seg, quotas={"keys_per_parent": 2}, name="net")
    refused(seg, "4 tag keys; the quota is 2")
    wide = Segmentation("m", today=TODAY)
    for n in range(3):
        wide.workload(f"w{n}", {"app": str(n)}, [f"10.0.0.{n + 1}"])
        wide.policy(f"p{n}", "application").allow(
            wide.address_set(f"s{n}", ["192.0.2.1"]), L.app == str(n), tcp(1)
        )
    target(wide, quotas={"values_per_key": 1}, encoding="cells")
    refused(wide, "tag key 'cells' has 3 values; the quota is 1")


# -- names and bad input


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (("shop", "web"), "shop-web"),
        (("x" * 80,), "x" * 56 + "-b33ef1"),
        (("google", "net"), "n-google-net-"),
        (("9lives",), "n-9lives-"),
        (("Großer Laden",), "gro-er-laden-"),
        (("",), "n-"),
    ],
)
def test_names_are_what_google_cloud_takes(parts: tuple[str, ...], found: str) -> None:
    made = name(*parts)
    assert made.startswith(found[:56]) and len(made) <= 63
    assert made == name(*parts) != name(*parts, "x")


def test_two_targets_of_one_network() -> None:
    seg = shop(select=L.app == "web")
    target(seg, name="other", select=L.app == "db")
    refused(seg, "claims the same network")


def test_two_interfaces_in_one_network() -> None:
    seg = shop()
    seg.workload("two", {"app": "x"}, interfaces=[{"name": "a"}, {"name": "b"}])
    refused(seg, "workload 'two' has interfaces a, b in one network")


def test_a_workload_in_a_network_that_no_target_has() -> None:
    seg = shop(network="vpc")
    seg.workload("here", {"app": "web"}, ["10.0.0.7"], network="vpc")
    assert proof(seg).ok
    seg.workload("lost", {"app": "web"}, ["10.0.0.8"], network="vcp")
    refused(seg, "'lost' is in network 'vcp', which no target has", "net, vpc")


def test_an_interface_id_that_names_no_machine() -> None:
    seg = shop()
    for number, odd in enumerate(("nic0", "//compute.googleapis.com/projects/p/zones/z/instances/web")):
        seg.workload(f"odd-{number}", {"app": "web"}, [f"10.0.0.{number + 9}"], interface_id=odd)
        refused(seg, f"the interface id of workload 'odd-{number}' is '{odd}'", "full resource name")


def test_a_network_that_tag_keys_cannot_name() -> None:
    refused(shop(network_id="${var.network}"), "tag keys cannot name the network", "tags_network")
    done = compiled(shop(network_id="${var.network}", tags_network="p/vpc"))
    (network,) = {
        k["purpose_data"]["network"] for k in done.fragment["resource"]["google_tags_tag_key"].values()
    }
    assert network == "p/vpc"
    for called in ("p/vpc", "${var.tags}"):
        found = proof(shop(network_id="${var.network}", tags_network=called))
        assert found.ok and f"assumed: {called} is the network var.network, as declared" in found.notes


def test_nothing_says_where_tags_are_made() -> None:
    elsewhere = shop(network_id="${var.network}", tags_network="p/vpc", project=None)
    refused(elsewhere, "nothing says where tag keys are made", "tags_parent")


def test_the_policy_is_made_in_the_project_of_its_network() -> None:
    """It cannot be associated otherwise."""
    refused(shop(project="q"), "project is 'q'", "the network is one of 'p'")
    resources = compiled(shop(project=None, tags_parent="organizations/1")).fragment["resource"]
    for kind in ("policy_with_rules", "policy_association"):
        assert resources[f"google_compute_network_firewall_{kind}"]["net"]["project"] == "p"
    for number in (shop(network_id="projects/1/global/networks/vpc"), shop(project="${var.project}")):
        assert compiled(number).fragment["resource"]


def test_a_network_is_one_however_its_path_is_written() -> None:
    seg = shop(select=L.app == "web")
    link = f"https://www.googleapis.com/compute/v1/{NETWORK}"
    target(seg, name="two", select=L.app == "db", network_id=link)
    refused(seg, "claims the same network")


def test_a_group_may_be_called_like_the_tag_that_closes() -> None:
    seg = Segmentation("shop", today=TODAY)
    seg.workload("web", {"app": "web"}, ["10.0.0.1"])
    seg.workload("db", {"app": "db"}, ["10.0.0.2"])
    web, db = seg.group("enforced", L.app == "web"), seg.group("db", L.app == "db")
    seg.policy("p", "application").allow(web, db, tcp(5432), id="orders")
    target(seg)
    assert proof(seg).ok


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("network_id", "projects/p/networks/vpc"),
        ("network_id", "My VPC"),
        ("project", "Mein Projekt"),
        ("tags_parent", "projects/"),
        ("tags_parent", "folders/2"),
        ("tags_parent", "organizations/example.com"),
        ("tags_network", "vpc"),
    ],
)
def test_what_names_no_network_and_no_place(argument: str, text: str) -> None:
    placement: dict[str, Any] = {argument: text}
    refused(shop(**placement), f"{argument} is '{text}'", "write ")


def test_tags_for_another_network() -> None:
    refused(shop(tags_network="p/other"), "tags_network is 'p/other', and network_id ends in 'vpc'")
    assert compiled(shop(tags_network="number-7/vpc")).fragment["resource"]


def test_a_network_is_needed() -> None:
    refused(shop(network_id=None), "network_id is missing")


@pytest.mark.parametrize(
    "ancestors",
    [["folders/2"], ["folders/2", "organizations/1"], ["organizations/1", "folders/2", "folders/2"]],
    ids=str,
)
def test_ancestors_are_all_of_them_from_the_top(ancestors: list[str]) -> None:
    """One that is left out could have a policy, and the order of two decides."""
    refused(shop(ancestors=ancestors), f"ancestors are {', '.join(ancestors)}", "organization first")
    assert proof(shop(ancestors=[])).ok and proof(shop(ancestors=["organizations/1", "folders/2"])).ok


def test_a_value_that_is_replaced_is_there_until_the_policy_lets_go_of_it() -> None:
    """Terraform destroys first unless it is told otherwise, and a value that a policy names cannot go."""
    values = compiled(shop()).fragment["resource"]["google_tags_tag_value"].values()
    assert values and all(body["lifecycle"] == {"create_before_destroy": True} for body in values)


def test_two_targets_whose_tags_would_have_one_name() -> None:
    """Keys of one parent, where the names of target and group meet."""
    seg = Segmentation("m", today=TODAY)
    policy = seg.policy("p", "application")
    for place, called in (("a-b", "web"), ("a", "b-web")):
        group = seg.group(called, L.app == place)
        seg.workload(place, {"app": place}, ["10.0.0.1" if place == "a" else "10.0.0.2"])
        policy.allow(group, group, tcp(1), id=place)
        network = f"projects/p/global/networks/{place}"
        target(seg, ("snapshot",), place, network_id=network, select=L.app == place)
    with pytest.raises(SegkitError, match="two tag keys would be named 'm-a-b-web'"):
        compiled(seg)
