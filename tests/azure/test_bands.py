"""Tiers as bands of priorities: rules as people wrote them, exact or refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from segkit.compiler import Compilation, compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.ends import anywhere
from segkit.platforms.azure.lower.priorities import SHARES, Bands
from segkit.platforms.base import platform
from segkit.platforms.lowering.as_written import RANKS
from segkit.sets import ANY, L, icmp, sctp, tcp
from segkit.verify import prove
from tests.conformance import azure
from tests.conformance.test_meaning import sample
from tests.oracles import mutants_azure, packet_azure
from tests.oracles.intent_oracle import Oracle
from tests.strategies import TODAY, Features, models

NSG = "azurerm_network_security_group"
PLACE: dict[str, Any] = {
    "vnet_id": "vnet",
    "resource_group": "rg",
    "location": "westeurope",
    "tiers": "bands",
}
RESIDUALS = tuple(sorted(set(platform("azure").capabilities.residuals) - {"unproved"}))
SOME = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def placement(name: str, names: Sequence[str], choice: int) -> dict[str, Any]:
    """Bit 0 puts two targets into one network, bit 1 compiles the second one's tiers."""
    plain = choice & 2 and name == names[-1] and len(names) > 1
    return {**azure.placement("groups")(name, names, choice), "tiers": "compiled" if plain else "bands"}


@pytest.mark.parametrize(
    "features",
    [
        Features(internet=False),
        Features(internet=False, odd_services=False, unknown=False, classes=False, several_addresses=False),
        Features(internet=False, odd_services=False, by_address=False, targets=1, realms=("default",)),
    ],
    ids=["everything", "machines", "labels"],
)
@given(data=st.data(), seed=st.integers(0, 2**16))
@SOME
def test_bands_are_exact_or_refused(features: Features, data: st.DataObject, seed: int) -> None:
    with azure.unlimited():
        model = data.draw(models("azure", placement, features, RESIDUALS, azure.interface))
        try:
            done = compile_model(model)
        except SegkitError as error:
            for problem in error.problems:
                assert "bands of priorities cannot say" in problem.what or "is not known" in problem.what
                assert problem.why and problem.fix
            event("refused")
            assume(False)
            raise
        proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
        assert proof.status == "equal", proof.text()
        assert not list(azure.faults(done.fragment))
        event(f"denies: {any(r.action == 'deny' for r in model.rules)}, accepted: {bool(proof.accepted)}")
        if not proof.accepted:
            oracle, passes = Oracle(model), azure.packets(model, done.fragment)
            wrong = [p for p in sample(oracle, seed) if passes(p) != oracle.passes(p)]
            assert not wrong, f"{wrong[0]}: policies say {oracle.passes(wrong[0])}"


def estate(build: Callable[..., None], **more: Any) -> Compilation:
    """Two groups and what a test says of them, in bands."""
    seg = Segmentation("shop", today=TODAY)
    web, db = seg.group("web", L.app == "web"), seg.group("db", L.app == "db")
    for number, app in enumerate(("web", "db", "bad")):
        seg.workload(app, {"app": app}, [f"10.0.1.{number + 4}"])
    build(seg, web, db)
    seg.target("az", "azure", placement={**PLACE, "tiers": "bands", **more})
    return compile_model(seg.build())


def rules(done: Compilation) -> dict[str, tuple[int, str]]:
    (group,) = done.fragment["resource"][NSG].values()
    return {r["name"]: (r["priority"], r["access"]) for r in group["security_rule"]}


def test_each_tier_has_its_bands() -> None:
    bands = Bands()
    assert len(SHARES) == len(RANKS) == len(bands.ranked)
    assert [n for band in bands.ranked for n in band] == list(bands.allows)[1:], "the first is for probes"


def test_rules_stand_as_they_were_written() -> None:
    """A deny is a rule; what an earlier tier allows comes before it, whatever the order of writing."""

    def build(seg: Segmentation, web: Any, db: Any) -> None:
        seg.policy("a", "application").allow(web, db, tcp("1-100"), id="much")
        seg.policy("g", "global").deny(web, db, tcp(22), id="ssh")
        seg.policy("q", "quarantine").allow(web, db, tcp(22), id="rescue")
        seg.policy("b", "application").deny(web, db, tcp(80), id="http")

    done = estate(build)
    assert prove(done.model, done.fragment).ok and not done.residuals
    found = rules(done)
    order = sorted((place, name) for name, (place, _) in found.items() if name.endswith("in.db.tcp.web"))
    assert [name.partition(".")[0] for _, name in order] == [
        "quarantine-allow",
        "global-deny",
        "application-deny",
        "application-allow",
    ]
    assert found["global-deny.in.db.tcp.web"][1] == found["application-deny.out.web.tcp.db"][1] == "Deny"


def test_everything_but_something_is_a_deny_and_an_allow() -> None:
    def build(seg: Segmentation, web: Any, db: Any) -> None:
        seg.policy("g", "global").deny(anywhere, db, tcp(22), id="ssh")
        seg.policy("a", "application").allow(web, db, ANY, id="all")

    done = estate(build)
    assert prove(done.model, done.fragment).ok and not done.residuals
    assert "global-deny.in.db.tcp.at.any.ip" in rules(done)
    assert not [name for name in rules(done) if "rest" in name]


def test_mutants_of_bands_are_caught() -> None:
    def build(seg: Segmentation, web: Any, db: Any) -> None:
        seg.zone("lab", L.app == "bad", posture="allow")
        seg.policy("q", "quarantine").allow(web, db, tcp(22), id="rescue")
        seg.policy("g", "global").deny(seg.address_set("corp", ["10.0.0.0/8"]), db, tcp("20-30"), id="ssh")
        application = seg.policy("a", "application")
        application.allow(anywhere, db, tcp("1-100"), id="much")
        application.deny(L.app == "bad", db, tcp(80), id="http")

    done = estate(build)
    assert prove(done.model, done.fragment).ok and not done.residuals
    count = 0
    for name, mutant in mutants_azure.mutants(done.fragment, 7, 120):
        witness = azure.judge(done.model, done.fragment, mutant)
        if witness is not None:
            count += 1
            proof = prove(done.model, mutant, intent=done.intent, residuals=done.residuals)
            assert not proof.ok, f"{name} was called equal; it differs for {witness}"
    assert count > 30


@pytest.mark.parametrize("tiers", ["bands", "compiled"])
def test_no_deny_cuts_health_probes(tiers: str) -> None:
    """Policies do not speak of the host: neither form lets a deny of everybody speak of it."""

    def build(seg: Segmentation, web: Any, db: Any) -> None:
        seg.policy("q", "quarantine").deny(anywhere, db, ANY, id="all")
        seg.policy("g", "global").deny(anywhere, web, tcp(80), id="http")

    done = estate(build, tiers=tiers)
    oracle = packet_azure.Oracle(dict(done.fragment), azure.endpoints(done.model))
    for name in ("web", "db"):
        probe = packet_azure.Packet(None, packet_azure.HOST, f"{name}/", "10.0.1.9", 6, 80)
        assert oracle.allowed(probe) and not oracle.allowed(probe._replace(src_ip="10.0.9.9"))


def test_tiers_that_are_left_open_are_bands_where_rules_stay_as_they_were_written() -> None:
    """Nothing else than pinned bands, and the report says so."""

    def build(seg: Segmentation, web: Any, db: Any) -> None:
        seg.policy("g", "global").deny(web, db, tcp(22), id="ssh")
        seg.policy("a", "application").allow(web, db, tcp("1-100"), id="much")

    done = estate(build, tiers="auto")
    assert (
        done.fragment == estate(build).fragment and done.fragment != estate(build, tiers="compiled").fragment
    )
    assert done.report["az"]["tiers"] == "bands" and "tiers_because" not in done.report["az"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"services": icmp(8)}, "g/some (egress): a deny of some ICMP messages"),
        ({"services": sctp()}, "protocols without a name"),
        ({"source": anywhere, "unless_source": L.app == "bad"}, "it would need 'snapshot'"),
    ],
    ids=["icmp", "sctp", "all but some"],
)
def test_tiers_that_are_left_open_are_compiled_where_a_rule_would_be_another(
    changed: dict[str, Any], why: str
) -> None:
    def build(seg: Segmentation, web: Any, db: Any) -> None:
        said: dict[str, Any] = {"source": web, "services": tcp(22), **changed}
        source, services = said.pop("source"), said.pop("services")
        seg.policy("g", "global").deny(source, db, services, id="some", **said)
        seg.policy("a", "application").allow(web, db, tcp("1-100"), id="much")

    done = estate(build, tiers="auto")
    assert done.fragment == estate(build, tiers="compiled").fragment
    assert done.report["az"]["tiers"] == "compiled" and why in done.report["az"]["tiers_because"]


def test_each_target_chooses_for_itself() -> None:
    """One that cannot does not take the other's bands away; a pin is a pin."""
    seg = Segmentation("shop", today=TODAY)
    for number, side in enumerate(("left", "right", "pinned")):
        for app in ("web", "db"):
            at = f"10.{number}.1.{5 if app == 'db' else 4}"
            seg.workload(f"{app}-{side}", {"app": app, "side": side}, [at], realm=side)
        tiers = "bands" if side == "pinned" else "auto"
        place = {**PLACE, "vnet_id": side, "resource_group": side, "tiers": tiers}
        seg.target(side, "azure", realm=side, placement=place)
    policy = seg.policy("g", "global")
    policy.deny(L.app == "web", L.app == "db", tcp(22), id="ssh")
    policy.deny(
        (L.app == "web") & (L.side == "right"), (L.app == "db") & (L.side == "right"), icmp(8), id="ping"
    )
    seg.policy("a", "application").allow(L.app == "web", L.app == "db", tcp("1-100"), id="much")
    done = compile_model(seg.build())
    assert {n: done.report[n]["tiers"] for n in done.report} == {
        "left": "bands",
        "right": "compiled",
        "pinned": "bands",
    }
    assert prove(done.model, done.fragment).ok


@pytest.mark.parametrize(
    ("service", "said"),
    [
        (icmp(8), "a deny of some ICMP messages would deny all of them"),
        (sctp(), "protocols without a name"),
        (ANY - tcp(1), "protocols without a name"),
    ],
)
def test_what_bands_cannot_say_is_refused(service: Any, said: str) -> None:
    def build(seg: Segmentation, web: Any, db: Any) -> None:
        seg.policy("g", "global").deny(web, db, service, id="some")

    with pytest.raises(SegkitError) as raised:
        estate(build)
    assert said in str(raised.value) and 'tiers="compiled"' in str(raised.value)


def test_rules_beside_those_of_others_come_in_their_order() -> None:
    """Each is a call of its own there. A deny comes before what it takes from and goes after it; what an
    earlier tier allows comes before the deny."""

    def build(seg: Segmentation, web: Any, db: Any) -> None:
        seg.policy("q", "quarantine").allow(web, db, tcp(22), id="rescue")
        seg.policy("g", "global").deny(web, db, tcp("20-30"), id="ssh")
        application = seg.policy("a", "application")
        application.deny(web, db, tcp(80), id="http")
        application.allow(web, db, tcp("1-100"), id="much")

    there = {"name": "theirs", "resource_group": "net"}
    done = estate(build, subnets={"a": {"id": "snet", "prefixes": ["10.0.1.0/24"], "security_group": there}})
    rules = done.fragment["resource"]["azurerm_network_security_rule"]
    waits = {f"local.{name}": str(value) for name, value in done.fragment["locals"].items()}
    waits |= {f"azurerm_network_security_rule.{key}": str(body) for key, body in rules.items()}

    def before(address: str) -> set[str]:
        """All that a rule waits for."""
        found, left = set[str](), [address]
        while left:
            at = waits[left.pop()]
            more = {one for one in waits if re.search(rf"(?<![\w.-]){re.escape(one)}(?![\w-])", at)}
            left += more - found
            found |= more
        return found

    ranked = [
        (RANKS.index(body["name"].split(".")[0]), f"azurerm_network_security_rule.{key}")
        for key, body in rules.items()
        if "." in body["name"]
    ]
    assert len({rank for rank, _ in ranked}) == 4
    for rank, address in ranked:
        waited = before(address)
        assert {other for r, other in ranked if r < rank} <= waited
        assert not {other for r, other in ranked if r >= rank} & waited


def test_a_rule_more_moves_none() -> None:
    def build(more: bool) -> Callable[..., None]:
        def made(seg: Segmentation, web: Any, db: Any) -> None:
            seg.policy("a", "application").allow(web, db, tcp(1), id="one")
            if more:
                seg.policy("g", "global").deny(db, web, tcp(2), id="two")

        return made

    before, after = rules(estate(build(False))), rules(estate(build(True)))
    assert before.items() <= after.items() and len(after) == len(before) + 2
