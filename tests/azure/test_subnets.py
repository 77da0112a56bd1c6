"""Security groups on subnets: each has the rules of whoever may be in its subnet, and closes the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.ends import internet
from segkit.model.model import Model
from segkit.platforms.base import platform
from segkit.sets import ALL, ANY, L, Predicate, ServiceSet, icmp, icmpv6, sctp, tcp
from segkit.verify import Proof, prove
from segkit.verify import proved as between
from tests.conformance import azure
from tests.conformance.estates import shop, tiers
from tests.conformance.planes import AZURE
from tests.conformance.test_meaning import sample
from tests.oracles.intent_oracle import Oracle
from tests.strategies import TODAY, Features, models

RESIDUALS = tuple(sorted(set(platform("azure").capabilities.residuals) - {"unproved"}))
FEATURES = Features(internet=False, realms=("default",), targets=1, several_addresses=False)
SUBNETS = {
    "a": {"id": "snet-a", "prefixes": ["10.0.0.0/29", "fd00::/125"]},
    "b": {"id": "snet-b", "prefixes": ["10.0.0.8/29", "fd00::8/125", "8.8.8.0/28", "2600::/120"]},
    "c": {"id": "snet-c", "prefixes": ["172.16.0.0/24"]},
}
THREE = tuple(SUBNETS.items())
PLACE: Mapping[str, Any] = {"vnet_id": "vnet", "resource_group": "rg", "location": "westeurope"}
FEW = settings(
    max_examples=settings().max_examples // 2,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def placement(_name: str, _names: Sequence[str], _choice: int) -> Mapping[str, Any]:
    return {**PLACE, "subnets": SUBNETS}


@given(data=st.data(), seed=st.integers(0, 2**16))
@FEW
def test_random_models_on_subnets(data: st.DataObject, seed: int) -> None:
    model = data.draw(models("azure", placement, FEATURES, RESIDUALS, azure.interface))
    try:
        done = compile_model(model)
    except SegkitError as error:
        for problem in error.problems:
            known = ("subnet", "address of workload")
            assert any(word in problem.what for word in known) and problem.fix, problem
        assume(False)
        raise
    proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
    assert proof.status == "equal", proof.text()
    if proof.accepted:
        return
    oracle, passes = Oracle(model), azure.packets(model, done.fragment)
    packets = list(sample(oracle, seed))
    event(f"packets: {bool(packets)}")
    wrong = [p for p in packets if passes(p) != oracle.passes(p)]
    assert not wrong, f"{len(wrong)} packets, first {wrong[0]}: policies say {oracle.passes(wrong[0])}"


def beside(_name: str, _names: Sequence[str], choice: int) -> Mapping[str, Any]:
    """Rules go into security groups that somebody else has put on the subnets."""
    there = {n: {**s, "security_group": {"name": f"theirs-{n}", "resource_group": "rg"}} for n, s in THREE}
    return {**PLACE, "tiers": "auto" if choice & 2 else "compiled", "subnets": there}


@given(data=st.data(), seed=st.integers(0, 2**16))
@FEW
def test_random_models_in_security_groups_of_others(data: st.DataObject, seed: int) -> None:
    features = replace(FEATURES, modes=("enforce", "selective"))
    model = data.draw(models("azure", beside, features, RESIDUALS, azure.interface))
    try:
        done = compile_model(model)
    except SegkitError:
        assume(False)
        raise
    resources = dict(done.fragment.get("resource", {}))
    made = {"resource_group_name": "rg", "location": "westeurope"}
    resources["azurerm_network_security_group"] = {n: {**made, "name": f"theirs-{n}"} for n, _ in THREE}
    resources["azurerm_subnet_network_security_group_association"] = {
        n: {"subnet_id": s["id"], "network_security_group_id": f"${{azurerm_network_security_group.{n}.id}}"}
        for n, s in THREE
    }
    document = {**done.fragment, "resource": resources}
    proof = prove(model, document, intent=done.intent, residuals=done.residuals)
    assert proof.status == "equal", proof.text()
    assume(not proof.accepted)
    oracle, passes = Oracle(model), azure.packets(model, document)
    wrong = [p for p in sample(oracle, seed) if passes(p) != oracle.passes(p)]
    assert not wrong, f"{len(wrong)} packets, first {wrong[0]}: policies say {oracle.passes(wrong[0])}"


def estate(subnets: Mapping[str, Any] | None = None, select: Predicate = ALL, **more: Any) -> Segmentation:
    seg = Segmentation("shop", today=TODAY)
    web, db = seg.group("web", L.app == "web"), seg.group("db", L.app == "db")
    seg.workload("w", {"app": "web"}, ["10.0.1.4"], interface_id=azure.interface("w"))
    seg.workload("d", {"app": "db"}, ["10.0.2.4"])
    seg.policy("p", "application").allow(web, db, tcp(5432), id="orders")
    both = {
        "front": {"id": "snet-front", "prefixes": ["10.0.1.0/24"]},
        "back": {"id": "snet-back", "prefixes": ["10.0.2.0/24"]},
    }
    seg.target("az", "azure", select=select, placement={**PLACE, "subnets": subnets or both, **more})
    return seg


def rules(seg: Segmentation) -> dict[str, list[str]]:
    found = compile_model(seg.build()).fragment["resource"]["azurerm_network_security_group"]
    return {key: [rule["name"] for rule in body["security_rule"]] for key, body in found.items()}


def test_a_subnet_has_the_rules_of_who_is_in_it() -> None:
    ends = ["segkit-probes-in", "segkit-deny-all-in"]
    assert rules(estate()) == {
        "az_front": [*ends, "out.web.tcp.db", "segkit-deny-all-out"],
        "az_back": ["in.db.tcp.web", *ends, "segkit-deny-all-out"],
    }


def test_whoever_may_be_anywhere_has_rules_everywhere() -> None:
    """A machine of unknown address, and a class whose networks span subnets."""
    seg = estate()
    seg.workload("lost", {"app": "db"})
    seg.workload_class("fleet", {"app": "web"}, networks=["10.0.0.0/16"])
    for names in rules(seg).values():
        assert {"in.db.tcp.web", "out.web.tcp.db"} <= set(names)
    assert proved(seg).ok


def proved(seg: Segmentation) -> Proof:
    model = seg.build()
    done = compile_model(model)
    return prove(model, done.fragment, intent=done.intent, residuals=done.residuals)


def test_a_subnet_that_is_called_like_an_interface() -> None:
    """Both are there between two applies, when a target goes from interfaces to subnets or back."""

    def model(**more: Any) -> Model:
        seg = Segmentation("m", today=TODAY)
        seg.workload("web", {"app": "web"}, ["10.0.0.1"], interface_id=azure.interface("web"))
        seg.policy("p", "application").allow(L.app == "web", L.app == "web", tcp(443), id="r")
        seg.target("t", "azure", placement={**PLACE, **more})
        return seg.build()

    there, then = model(), model(subnets={"web": SUBNETS["a"]})
    for before, after in ((there, then), (then, there)):
        done = compile_model(after, before)
        assert between(done, done.fragment).status == "between"


def test_a_first_member_in_a_subnet_brings_its_rules_there() -> None:
    seg = estate()
    before = compile_model(seg.build()).fragment
    seg.workload("d2", {"app": "db"}, ["10.0.1.5"])
    after = compile_model(seg.build()).fragment
    old, new = azure.parts(before), azure.parts(after)
    assert new.keys() - old.keys() == {(azure.RULES, "az_front/in.db.tcp.web")}
    assert all(new[key] == body for key, body in old.items())


def test_a_subnet_without_its_group_is_different() -> None:
    model = estate().build()
    done = compile_model(model)
    del done.fragment["resource"]["azurerm_subnet_network_security_group_association"]["az_back"]
    proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
    assert proof.status == "different" and {d.kind for d in proof.differences} == {"opens"}


@pytest.mark.parametrize(("make", "tiers"), [(shop, "compiled"), (tiers, "bands")], ids=["shop", "tiers"])
def test_mutants_on_subnets_are_caught(make: Callable[..., Segmentation], tiers: str) -> None:
    """Machines in two subnets, so that two security groups decide about a flow."""
    halves = {
        "low": {"id": "snet-low", "prefixes": ["10.0.0.0/30", "fd00::/126"]},
        "high": {"id": "snet-high", "prefixes": ["10.0.0.4/30", "10.0.0.96/28", "fd00::4/126"]},
    }
    with azure.unlimited():
        model = make(AZURE, "groups", {"subnets": halves, "tiers": tiers}).build()
        done = compile_model(model)
        kinds: Counter[str] = Counter()
        for name, mutant in AZURE.mutants(done.fragment, 7, 130):
            witness = azure.judge(model, done.fragment, mutant)
            if witness is not None:
                kinds[name.partition(":")[0]] += 1
                proof = prove(model, mutant, intent=done.intent, residuals=done.residuals)
                assert not proof.ok, f"{name} was called equal; it differs for {witness}"
    assert sum(kinds.values()) > 25 and kinds["remove association"], kinds


def test_probes_come_in_and_are_no_part_of_the_proof() -> None:
    """A deny that names the host is told; a deny of the internet means somebody else."""
    seg = estate()
    seg.policy("i", "global").deny(internet, L.app == "web", ANY)
    proof = proved(seg)
    assert proof.ok and any("168.63.129.16" in line for line in proof.exempt)
    host = seg.address_set("host", ["168.63.129.16"])
    seg.policy("g", "global").deny(host, L.app == "web", ANY)
    with pytest.raises(SegkitError, match="services of the host, which stay reachable"):
        compile_model(seg.build())


def test_no_member_of_a_class_is_at_the_hosts_address() -> None:
    """Though the networks that it is in may hold that address."""
    seg = Segmentation("m", today=TODAY)
    seg.zone("z", L.app == "a", mode="selective", networks=["0.0.0.0/0"])
    for app in ("a", "b"):
        seg.workload_class(app, {"app": app})
    seg.policy("p", "application").allow(L.app == "a", L.app == "a", tcp(1), id="x")
    seg.target("t", "azure", placement=PLACE)
    assert proved(seg).ok


def test_protocols_without_a_name_are_allowed_all_together() -> None:
    """Everything but one port is exact: named protocols are closed in front of a rule about all others."""
    seg = estate()
    db, web = seg.build().groups
    seg.policy("g", "global").deny(web, db, tcp(22), id="ssh")
    seg.policy("q", "application").allow(web, db, ANY, id="all")
    assert proved(seg).ok
    names = rules(seg)["az_back"]
    at = {name: position for position, name in enumerate(names)}
    assert at["in.db.tcp.web"] < at["segkit-deny-tcp-in"] < at["in.db.rest.web"] < at["segkit-deny-all-in"]


@pytest.mark.parametrize(
    ("service", "residual"),
    [(icmp(8), "icmp-types"), (sctp(), "other-protocols"), (icmpv6(), "other-protocols")],
)
def test_what_cannot_be_said_is_a_residual(service: ServiceSet, residual: str) -> None:
    seg = estate()
    seg.policy("q", "application").allow(L.app == "web", L.app == "db", service, id="x")
    with pytest.raises(SegkitError, match=residual) as raised:
        compile_model(seg.build())
    said = "know no ICMP types" if residual == "icmp-types" else f"security groups allow {service} only with"
    assert all(said in problem.what for problem in raised.value.problems)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"address": "10.0.9.4"}, "in no subnet of the target"),
        ({"address": "10.0.1.7", "also": "10.0.2.7"}, "in subnets back and front"),
        ({"address": "10.0.1.7", "app": "other"}, "inside a subnet, at 10.0.1.7/32, and not its own"),
        ({"address": "10.0.1.7", "network": "vnet-x"}, "is in network 'vnet-x', which no target has"),
    ],
)
def test_who_is_where_they_cannot_be(change: dict[str, str], said: str) -> None:
    seg = estate(select=L.app.in_("web", "db"))
    held = [change["address"], *([change["also"]] if "also" in change else [])]
    app, network = change.get("app", "db"), change.get("network")
    seg.workload("new", {"app": app}, held, network=network)
    with pytest.raises(SegkitError) as raised:
        compile_model(seg.build())
    (problem,) = raised.value.problems
    assert said in problem.what and problem.why and problem.fix
