"""The proof of the first of two applies, and what it has to catch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from segkit import L, tcp
from segkit.artifacts.bridge import bridge
from segkit.compiler import Compilation, compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.ends import anywhere
from segkit.model.model import Model
from segkit.platforms.azure.joins import JOINS
from segkit.sets import Addresses, sctp
from segkit.verify import Proof, prove_between, proved
from tests.e2e import estate, test_double_aws, test_double_azure, test_double_google
from tests.e2e.estate import HOSTS, TODAY

Document = dict[str, Any]
NETWORKS: Mapping[str, Mapping[str, Any]] = {
    "aws": {},
    "azure": test_double_azure.network(),
    "google": test_double_google.network(),
}


def model(platform: str, *args: Any, **options: Any) -> Model:
    """The estate of the end-to-end tests."""
    if platform == "azure":
        return test_double_azure.model("interfaces", *args, **options)
    make = test_double_google.model if platform == "google" else test_double_aws.model
    return make(*args, **options)


def document(done: Compilation, platform: str) -> Document:
    """What is applied first."""
    whole: Document = deepcopy({**done.fragment})
    whole["resource"] |= deepcopy(dict(NETWORKS[platform].get("resource", {})))
    return whole


def rules(whole: Document) -> Iterator[tuple[list[Any] | dict[str, Any], Any]]:
    """Every rule that allows database connections: what holds it, and its place there."""
    for named in whole["resource"].values():
        for holder in (named, *(body.get(a) for body in named.values() for a in ("security_rule", "rule"))):
            for place in list(holder) if isinstance(holder, dict) else range(len(holder or ())):
                text = json.dumps(holder[place])
                mine = '"5432"' in text or '"from_port": 5432' in text
                if mine and not {"security_rule", "rule"} & holder[place].keys():
                    yield holder, place


def drop(whole: Document) -> None:
    """Takes all of them away."""
    for holder, place in reversed(list(rules(whole))):
        del holder[place]


def widen(whole: Document) -> None:
    """Lets another port through."""
    for holder, place in rules(whole):
        text = json.dumps(holder[place])
        for old, new in (('"5432"', '"5432-5433"'), ('"to_port": 5432', '"to_port": 5433')):
            text = text.replace(old, new)
        holder[place] = json.loads(text)


PLATFORMS = ("aws", "azure", "google")
MUTANTS: Mapping[str, tuple[Callable[[Document], None], str]] = {
    "drop": (drop, "closes"),
    "widen": (widen, "opens"),
}


def first(platform: str, before: Model, after: Model) -> Proof:
    """The proof of the first of two applies."""
    done = compile_model(after, before)
    return proved(done, document(done, platform))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_both_forms_together_are_between(platform: str) -> None:
    before, after = (model(platform, encoding=encoding) for encoding in ("groups", "cells"))
    proof = first(platform, before, after)
    assert (proof.status, proof.ok, proof.differences) == ("between", True, ())
    assert proof.pairs


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_bridge_that_is_wrong_is_caught(platform: str, mutant: str) -> None:
    change, kind = MUTANTS[mutant]
    before, after = (model(platform, encoding=encoding) for encoding in ("groups", "cells"))
    done = compile_model(after, before)
    whole = document(done, platform)
    change(whole)
    assert whole != document(done, platform)
    proof = proved(done, whole)
    assert (proof.status, proof.ok) == ("different", False)
    assert {(d.kind, d.source, d.destination) for d in proof.differences} == {(kind, "api-1", "db-1")}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_only_one_of_both_allows_may_pass_or_not(platform: str) -> None:
    def cache(parts: Any) -> None:
        parts[0].allow(parts[1], parts[3], "tcp/6379", id="cache")

    with_it, without = model(platform, cache), model(platform)
    for before, after in ((with_it, without), (without, with_it)):
        for done in (compile_model(with_it), compile_model(without)):
            assert prove_between(before, after, document(done, platform)).status == "between"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_who_joins_a_group_while_its_rules_change_is_told(platform: str) -> None:
    """Together the old rules hold for the new member: neither intent allows that."""

    def cache(parts: Any) -> None:
        parts[0].allow(parts[1], parts[3], "tcp/6379", id="cache")

    more = {**HOSTS, "idle-1": ("web", "data", "10.0.2.99")}
    proof = first(platform, model(platform, cache), model(platform, hosts=more))
    assert proof.status == "different"
    told = {(d.kind, d.source, d.destination, d.services) for d in proof.differences}
    assert told == {("opens", "idle-1", "db-1", "tcp/6379")}
    for before, after in ((HOSTS, more), (more, HOSTS)):
        assert first(platform, model(platform, hosts=before), model(platform, hosts=after)).ok


def test_who_is_in_one_model_only_is_judged_by_both() -> None:
    more = {**HOSTS, "web-3": ("web", "edge", "10.0.1.13")}
    few, many = model("aws"), model("aws", hosts=more)
    assert first("aws", few, many).ok
    assert first("aws", many, few).ok


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_machine_that_gets_another_address_is_the_same_machine(platform: str) -> None:
    moved = {**HOSTS, "api-1": ("api", "edge", "10.0.1.99")}
    done = compile_model(model(platform, hosts=moved), model(platform))
    assert proved(done, document(done, platform)).ok
    for change, kind in MUTANTS.values():
        whole = document(done, platform)
        change(whole)
        found = proved(done, whole).differences
        assert {(d.kind, d.source, d.destination) for d in found} == {(kind, "api-1", "db-1")}


def test_an_address_that_only_one_of_both_knows_may_be_any() -> None:
    def placed(zone: str) -> Model:
        seg = Segmentation("e2e", today=TODAY)
        for name, networks in (("edge", "10.0.0.0/8"), ("lab", ())):
            seg.zone(name, select=L.zone == name, classification="internal", networks=networks)
        api, db = (seg.group(name, select=L.role == name) for name in ("api", "db"))
        seg.policy("shop", tier="application").allow(api, db, tcp(5432), id="orders")
        seg.workload("api-1", {"role": "api", "zone": zone})
        seg.workload("db-1", {"role": "db", "zone": "edge"}, addresses=["10.0.2.11"])
        seg.target("aws", "aws", placement=estate.AWS)
        return seg.build()

    for before, after in (("lab", "edge"), ("edge", "lab")):
        done = compile_model(placed(after), placed(before))
        assert proved(done, document(done, "aws")).ok
        for change, kind in MUTANTS.values():
            whole = document(done, "aws")
            change(whole)
            found = proved(done, whole).differences
            assert {(d.kind, d.source, d.destination) for d in found} == {(kind, "api-1", "db-1")}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_targets_may_come(platform: str) -> None:
    after = model(platform)
    before = replace(after, targets=())
    assert first(platform, before, after).status == "between"
    assert proved(compile_model(before, before), {}).status == "between"


def test_an_accepted_residual_of_either_explains() -> None:
    exact, open_ = model("google"), model("google", egress="open")
    with pytest.raises(SegkitError):
        compile_model(open_, exact)
    (target,) = open_.targets
    accepted = replace(
        target, accepted=(*target.accepted, replace(target.accepted[0], residual="egress-open"))
    )
    open_ = replace(open_, targets=(accepted,))
    for before, after in ((exact, open_), (open_, exact)):
        proof = first("google", before, after)
        assert proof.ok, proof.text()


def test_targets_that_change_are_refused() -> None:
    before, after = model("aws"), model("aws")
    elsewhere = replace(after, targets=(replace(after.targets[0], realm="other"),))
    with pytest.raises(SegkitError, match="is of another platform, realm or stack"):
        compile_model(elsewhere, before)
    with pytest.raises(SegkitError, match="target aws is no more"):
        compile_model(replace(after, targets=()), before)


def test_another_segmentation_is_not_what_is_deployed() -> None:
    after = model("aws")
    for before in (replace(after, name="other"), replace(after, name="other", targets=())):
        with pytest.raises(SegkitError, match="what is deployed is of 'other', and this is 'e2e'") as refused:
            compile_model(after, before)
        assert len(refused.value.problems) == 1


def test_security_admin_rules_of_both_have_priorities_of_their_own() -> None:
    """What they are called decides which they get, and the two names know nothing of each other."""
    kind = "azurerm_network_manager_admin_rule"
    rule = {"priority": 7, "admin_rule_collection_id": "c"}
    old, new = ({"resource": {kind: {name: {**rule, "name": name}}}} for name in ("a", "b"))
    found = bridge(old, new, JOINS)["resource"][kind]
    assert {name: rule["priority"] for name, rule in found.items()} == {"a": 8, "b": 7}


@pytest.mark.parametrize(
    ("priorities", "fits"), [((2008, 2070), False), ((2000, 2080), False), ((3000, 3060), True)]
)
def test_rules_do_not_exchange_priorities(priorities: tuple[int, int], fits: bool) -> None:
    """In a security group of others each is changed by itself, and none can wait for itself to be gone."""
    before, after = (test_double_azure.ranged(*one) for one in ((2000, 2060), priorities))
    if fits:
        compile_model(after, before)
    else:
        with pytest.raises(SegkitError, match="would have the priority of a rule that is to have another"):
            compile_model(after, before)


@pytest.mark.parametrize(
    ("platform", "quota", "most"),
    [
        ("aws", "groups_per_interface", 3),
        ("azure", "asgs_per_interface", 3),
        ("google", "tags_per_interface", 4),
    ],
)
def test_what_is_there_together_is_counted(platform: str, quota: str, most: int) -> None:
    before, after = (model(platform, encoding=e, quotas={quota: most}) for e in ("groups", "cells"))
    with pytest.raises(SegkitError, match=f"between the two applies .* the quota is {most}") as refused:
        compile_model(after, before)
    assert f'quotas={{"{quota}": …}}' in str(refused.value)


def test_addresses_are_told_apart_where_either_model_does() -> None:
    """A range that only the former policies name is no part of what both deny."""
    narrow, wide = (model("aws", partners=ranges) for ranges in (("198.51.100.0/25",), ("198.51.100.0/24",)))
    done = compile_model(wide, narrow)
    assert proved(done, document(done, "aws")).ok
    whole = document(done, "aws")
    for body in whole["resource"]["aws_vpc_security_group_ingress_rule"].values():
        if body.get("cidr_ipv4") == "198.51.100.0/24":
            body["cidr_ipv4"] = "198.51.100.0/23"
    found = proved(done, whole).differences
    assert {d.kind for d in found} == {"opens"}
    assert Addresses.of(*(d.source for d in found)) == Addresses.of("198.51.101.0/24")


@pytest.mark.parametrize(("platform", "mutant"), [("azure", "drop"), ("google", "widen")])
def test_what_is_asleep_decides_nothing_else_than_the_model(platform: str, mutant: str) -> None:
    done = compile_model(model(platform), "nothing")
    proof = proved(done, document(done, platform))
    assert (proof.status, proof.differences) == ("between", ())
    awake = replace(compile_model(model(platform)), since="nothing")
    assert proved(awake, document(awake, platform)).ok
    whole = document(awake, platform)
    change, kind = MUTANTS[mutant]
    change(whole)
    proof = proved(awake, whole)
    assert (proof.status, {d.kind for d in proof.differences}) == ("different", {kind})


@pytest.mark.parametrize(
    ("platform", "options", "told"),
    [
        ("aws", {}, "security groups cannot be there without opening"),
        ("google", {"tags": "network"}, "with secure tags, can be there asleep"),
    ],
)
def test_what_cannot_be_asleep_is_told(platform: str, options: dict[str, Any], told: str) -> None:
    make = test_double_google.published if "tags" in options else model
    given = () if "tags" in options else (platform,)
    with pytest.raises(SegkitError, match=told):
        compile_model(make(*given, **options), "nothing")


def test_what_is_accepted_is_so_while_all_is_asleep() -> None:
    """Machines that are made later have the security group that is published for them from the first day."""
    seg = Segmentation("shop", today=TODAY)
    seg.workload_class("web", {"app": "web"}, ["10.1.0.0/24"])
    seg.policy("p", "application").allow(anywhere, L.app == "web", sctp(), id="calls")
    placement = {"vnet_id": "vnet", "resource_group": "rg", "location": "westeurope"}
    target = seg.target("t", "azure", placement=placement)
    for residual in ("other-protocols", "snapshot"):
        target.accept_residual(residual, owner="me", reason="a test", expires="2999-01-01")
    done = compile_model(seg.build(), "nothing")
    found = proved(done, done.fragment)
    assert found.status == "between" and {d.residual for d in found.accepted} == {"other-protocols"}
