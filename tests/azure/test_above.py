"""What the tiers above decide, as security admin rules: what is written, left out and refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from segkit.compiler import Compilation, compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.ends import anywhere
from segkit.model.model import Accepted, Model
from segkit.platforms.azure.lower.admin import _bands
from segkit.platforms.azure.lower.sharing import MANAGER
from segkit.sets import ANY, L, icmp, tcp
from segkit.verify import Proof, prove, prove_between
from tests.azure.kit import NETWORK, place, rule
from tests.strategies import TODAY

HUB = f"${{{MANAGER}.hub.id}}"
PLACE: Mapping[str, Any] = {"vnet_id": NETWORK, "resource_group": "rg", "location": "westeurope"}
ADMIN: Mapping[str, Any] = {**PLACE, "global_tier": "admin", "network_manager": HUB}
HOSTS = {"web": "10.0.1.4", "db": "10.0.1.5", "ops": "10.0.1.6"}


def estate(here: Mapping[str, Any] = ADMIN, hosts: Mapping[str, str | None] = HOSTS) -> Segmentation:
    """A few machines in one network, and an application; guardrails come with the tests."""
    seg = Segmentation("shop", today=TODAY)
    for name, address in hosts.items():
        seg.workload(name, {"app": name}, [address] if address else None)
    seg.policy("shop", "application").allow(L.app == "web", L.app == "db", tcp(5432), tcp(22), id="orders")
    target(seg, "az", here)
    return seg


def target(seg: Segmentation, name: str, here: Mapping[str, Any], **more: Any) -> None:
    made = seg.target(name, "azure", placement=dict(here), **more)
    made.accept_residual("snapshot", owner="me", reason="a test", expires="2999-01-01")


def guarded(seg: Segmentation) -> Segmentation:
    """With a deny that has an exception, and a decisive allow."""
    guard = seg.policy("guard", "global", owner="netsec")
    guard.deny(anywhere, L.app == "db", tcp(22), unless_source=L.app == "ops", id="ssh")
    guard.allow(L.app == "ops", anywhere, tcp(9100), id="scan", ticket="NET-7")
    return seg


def compiled(seg: Segmentation, *accepted: str) -> Compilation:
    model = seg.build()
    more = tuple(Accepted(name, "me", "a test", date(2999, 1, 1)) for name in accepted)
    targets = tuple(replace(one, accepted=(*one.accepted, *more)) for one in model.targets)
    return compile_model(replace(model, targets=targets) if more else model)


def rules(done: Compilation) -> dict[str, dict[str, Any]]:
    """The rules that say what tiers decide: all but those for probes."""
    held = done.fragment["resource"].get(f"{MANAGER}_admin_rule", {}).values()
    return {body["name"]: body for body in held if not body["name"].startswith("segkit-")}


def probes(done: Compilation) -> list[dict[str, Any]]:
    held = done.fragment["resource"].get(f"{MANAGER}_admin_rule", {}).values()
    return sorted((b for b in held if b["name"].startswith("segkit-")), key=lambda b: int(b["priority"]))


def proved(done: Compilation, **beside: Any) -> Proof:
    resource = {kind: {**done.fragment["resource"].get(kind, {}), **named} for kind, named in beside.items()}
    document = {**done.fragment, "resource": {**done.fragment["resource"], **resource}}
    return prove(done.model, document, intent=done.intent, residuals=done.residuals)


def ends(body: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    source, destination = ([one["address_prefix"] for one in body[end]] for end in ("source", "destination"))
    return source, destination


def test_denies_and_decisive_allows() -> None:
    done = compiled(guarded(estate()))
    assert proved(done).status == "equal"
    found = {name.rsplit("-", 1)[0] + name[-9:]: body for name, body in rules(done).items()}
    told = {name: (body["direction"], body["action"], body["protocol"]) for name, body in found.items()}
    assert told == {
        "global-deny.in.guard-ssh.tcp.ipv4": ("Inbound", "Deny", "Tcp"),
        "global-allow.out.guard-scan.tcp.ipv4": ("Outbound", "AlwaysAllow", "Tcp"),
        "global-allow.in.guard-scan.tcp.ipv4": ("Inbound", "AlwaysAllow", "Tcp"),
    }, "a deny at one end, an allow at both"
    scan = found["global-allow.out.guard-scan.tcp.ipv4"]
    assert ends(scan) == (["10.0.1.6/32"], ["*"]) and scan["destination_port_ranges"] == ["9100"]
    assert scan["description"] == "guard/scan (netsec, NET-7)"
    source, destination = ends(found["global-deny.in.guard-ssh.tcp.ipv4"])
    assert destination == ["10.0.1.5/32"] and "10.0.1.6/32" not in source and "10.0.1.4/31" in source


def test_no_security_group_of_others_undoes_them() -> None:
    """Somebody has put a group on the subnet, in front of which ours is nothing: it opens what is denied, and
    closes what is allowed."""
    named = {"name": "app", "resource_group_name": "rg", "virtual_network_name": "hub"}
    subnets = {
        "app": {
            "id": "${azurerm_subnet.app.id}",
            "prefixes": ["10.0.1.0/24"],
            "security_group": {"name": "nsg", "resource_group": "rg", "priorities": [3000, 4096]},
        }
    }
    open_ssh = rule("ssh", 100, ports="22")
    closed = rule("no", 101, "Outbound", "Deny", ports="9100")
    lone = {
        one["name"]: {k: v for k, v in one.items() if v is not None}
        | {"resource_group_name": "rg", "network_security_group_name": "nsg"}
        for one in (open_ssh, closed)
    }
    link = {
        "subnet_id": "${azurerm_subnet.app.id}",
        "network_security_group_id": "${azurerm_network_security_group.nsg.id}",
    }
    beside = {
        "azurerm_subnet": {"app": named},
        "azurerm_network_security_group": {"nsg": place("nsg")},
        "azurerm_network_security_rule": lone,
        "azurerm_subnet_network_security_group_association": {"app": link},
    }
    below = {name: value for name, value in ADMIN.items() if name in PLACE}
    without = proved(compiled(guarded(estate({**below, "subnets": subnets}))), **beside)
    assert {d.kind for d in without.differences} == {"opens", "closes"}
    found = proved(compiled(guarded(estate({**ADMIN, "subnets": subnets}))), **beside).differences
    texts = " ".join(str(d.services) for d in found)
    assert "9100" not in texts, "nobody closes what is allowed above"
    assert not [d for d in found if d.kind == "opens" and "db" in str(d.destination)], found


def test_security_groups_are_as_whole_as_without() -> None:
    def below(done: Compilation) -> dict[str, Any]:
        return {k: v for k, v in done.fragment["resource"].items() if not k.startswith(MANAGER)}

    assert below(compiled(guarded(estate()))) == below(compiled(guarded(estate(PLACE))))


def test_only_our_own_machines() -> None:
    """Every rule is limited to addresses of the target's own workloads, and to its network."""
    seg = Segmentation("shop", today=TODAY)
    for name, address in {**HOSTS, "other": "10.0.1.7"}.items():
        seg.workload(name, {"app": name}, [address])
    seg.policy("guard", "global").deny(anywhere, anywhere, tcp(23), id="telnet")
    target(seg, "az", ADMIN, select=L.app.in_(*HOSTS))
    done = compiled(seg)
    for body in rules(done).values():
        own = ends(body)[1 if body["direction"] == "Inbound" else 0]
        assert set(own) == {"10.0.1.4/31", "10.0.1.6/32"}
    (member,) = done.fragment["resource"][f"{MANAGER}_static_member"].values()
    assert member["target_virtual_network_id"] == NETWORK


def test_who_has_no_address_of_its_own_is_left_to_security_groups() -> None:
    seg = guarded(estate(hosts={**HOSTS, "lost": None}))
    seg.workload_class("fleet", {"app": "db"}, ["10.0.2.0/24"])
    done = compiled(seg)
    assert proved(done).status == "equal"
    (warning,) = [w for w in done.warnings if "security admin" in w.what]
    assert "fleet, lost" in warning.what and warning.fix
    for body in rules(done).values():
        own = ends(body)[1 if body["direction"] == "Inbound" else 0]
        assert all(text.startswith("10.0.1.") for text in own)


def test_a_range_may_hold_somebody_of_unknown_address() -> None:
    """Who is in no address set is in what these leave of everywhere."""
    seg = estate(hosts={**HOSTS, "lost": None})
    corp = seg.address_set("corp", ["10.9.0.0/16", "fd09::/16"])
    guard = seg.policy("guard", "global")
    guard.allow(anywhere, L.app == "db", tcp(22), unless_source=[L.app == "lost", corp], id="ssh")
    done = compiled(seg)
    assert proved(done).status == "equal"
    opened = [ends(body)[0] for body in rules(done).values() if body["direction"] == "Inbound"]
    assert opened == [["10.0.1.4/31", "10.0.1.6/32"]], "machines that are known, and no range"


def test_probes_of_load_balancers_are_left_to_security_groups() -> None:
    """A deny of everybody would stop them, and the machine would get no traffic any more."""
    hosts = {**HOSTS, "six": "fd00::6"}
    seg = estate(hosts=hosts)
    guard = seg.policy("guard", "global")
    guard.deny(anywhere, L.app.in_("db", "six"), tcp(22), id="ssh")
    done = compiled(seg)
    four, six = probes(done)
    assert (four["priority"], six["priority"]) == (1, 2)
    assert min(min(places) for places in _bands()) > 2
    tag = {"address_prefix": "AzureLoadBalancer", "address_prefix_type": "ServiceTag"}
    for body, own in ((four, "10.0.1.5/32"), (six, "fd00::6/128")):
        assert (body["direction"], body["action"], body["protocol"]) == ("Inbound", "Allow", "Tcp")
        assert body["source"] == [tag] and ends(body)[1] == [own]
    assert proved(done).status == "equal"
    for source, service in ((L.app == "web", tcp(22)), (anywhere, icmp())):
        seg = estate()
        seg.policy("guard", "global").deny(source, L.app == "db", service, id="other")
        assert rules(compiled(seg)) and not probes(compiled(seg)), "which stops no probe"


def test_what_cannot_be_said_exactly_is_left_out() -> None:
    seg = estate()
    guard = seg.policy("guard", "global")
    guard.deny(L.app == "web", L.app == "db", icmp(8), id="ping")
    done = compiled(seg)
    assert not any(kind.startswith(MANAGER) for kind in done.fragment["resource"]), "nor a scaffold of it"


def test_tiers_in_the_order_of_priorities() -> None:
    seg = guarded(estate())
    ban = seg.policy("ban", "quarantine")
    ban.allow(L.app == "ops", L.app == "web", tcp(22), id="forensics")
    ban.deny(anywhere, L.app == "web", ANY - tcp(22), id="shut")
    found = sorted((body["priority"], name.split(".")[0]) for name, body in rules(compiled(seg)).items())
    order = ["quarantine-deny", "quarantine-allow", "global-deny", "global-allow"]
    places = [order.index(band) for _, band in found]
    assert places == sorted(places) and len({priority for priority, _ in found}) == len(found)


def test_a_deny_leaves_what_an_earlier_tier_allows() -> None:
    """Also where that cannot be said here: a deny of all ICMP would cut pings that the quarantine allows."""
    seg = estate()
    seg.policy("ban", "quarantine").allow(L.app == "ops", L.app == "db", icmp(8), id="ping")
    guard = seg.policy("guard", "global")
    guard.deny(anywhere, L.app.in_("db", "web"), icmp(), id="quiet")
    for body in rules(compiled(seg, "icmp-types")).values():
        source, destination = ends(body)
        assert "10.0.1.5/32" not in destination or not {"*", "10.0.1.6/32"} & set(source), body


def test_own_ends_that_have_other_far_ends_are_rules_of_their_own() -> None:
    seg = estate()
    seg.policy("ban", "quarantine").allow(L.app == "ops", L.app == "db", tcp(22), id="forensics")
    seg.policy("guard", "global").deny(anywhere, L.app.in_("db", "web"), tcp(22), id="ssh")
    found = [body for name, body in rules(compiled(seg)).items() if name.startswith("global-deny.in.")]
    said = {tuple(ends(body)[1]): ends(body)[0] for body in found}
    assert len(found) == 2 and said["10.0.1.4/32",] == ["10.0.1.6/32"]
    assert not {"*", "10.0.1.6/32"} & set(said["10.0.1.4/31",]), "the database hears from ops"


def test_a_deny_among_the_same_machines_is_said_once() -> None:
    """And an allow of its own tier takes nothing away from it."""
    seg = estate(hosts={**HOSTS, "two": "10.0.1.7"})
    guard = seg.policy("guard", "global")
    guard.deny(L.app.in_("ops", "two"), L.app.in_("ops", "two"), tcp(25), id="mail")
    guard.allow(anywhere, L.app == "ops", tcp(25, 26), id="any")
    (name,) = [name for name in rules(compiled(seg)) if name.startswith("global-deny")]
    assert ends(rules(compiled(seg))[name]) == (["10.0.1.6/31"], ["10.0.1.6/31"])


def test_what_ends_are_not() -> None:
    """Other realms, networks that only a class is known by, and ICMP of the other family."""
    seg = estate(hosts={**HOSTS, "six": "fd00::6"})
    seg.workload("db-far", {"app": "db"}, ["10.0.1.5"], realm="far")
    seg.workload_class("fleet", {"app": "fleet"}, ["10.0.2.0/24"])
    guard = seg.policy("guard", "global")
    guard.deny(L.app.in_("fleet", "web"), L.app == "db", tcp(25), id="mail")
    guard.deny(anywhere, L.app.in_("six", "db"), icmp(), id="ping")
    told = {(name.split(".")[3], *map(tuple, ends(body))) for name, body in rules(compiled(seg)).items()}
    assert ("tcp", ("10.0.1.4/32",), ("10.0.1.5/32",)) in told
    assert ("icmp", ("*",), ("10.0.1.5/32",)) in told
    assert not any(":" in text for _, *sides in told for side in sides for text in side)


def test_a_deployment_waits_for_its_rules_and_notices_them() -> None:
    def deployment(seg: Segmentation) -> dict[str, Any]:
        (body,) = compiled(seg).fragment["resource"][f"{MANAGER}_deployment"].values()
        return dict(body)

    before = deployment(guarded(estate()))
    assert len(before["depends_on"]) == 4 and before["location"] == "westeurope"
    moved = deployment(guarded(estate(hosts={**HOSTS, "db": "10.0.1.9"})))
    assert before["depends_on"] == moved["depends_on"], "names do not hang on addresses"
    assert before["triggers"] != moved["triggers"]


def two(**places: Mapping[str, Any]) -> Segmentation:
    """Two targets, each with a machine of its own that a guardrail speaks of."""
    seg = Segmentation("shop", today=TODAY)
    for number, (name, here) in enumerate(sorted(places.items())):
        seg.workload(name, {"app": name}, [f"10.0.{number}.4"])
        target(seg, name, {**here, "vnet_id": f"{NETWORK}-{name}"}, select=L.app == name)
    seg.policy("guard", "global").deny(anywhere, L.app.exists(), tcp(23), id="telnet")
    return seg


def called(done: Compilation, kind: str) -> list[str]:
    """What resources are called: a name is used once in a resource group or network manager."""
    return sorted(body["name"] for body in done.fragment["resource"][f"{MANAGER}{kind}"].values())


def kinds(done: Compilation) -> dict[str, int]:
    held = done.fragment["resource"].items()
    return {kind.removeprefix(f"{MANAGER}_"): len(named) for kind, named in held if kind.startswith(MANAGER)}


def test_targets_share_what_a_region_has_once() -> None:
    found = kinds(compiled(two(a=ADMIN, b={**ADMIN, "location": "West Europe"})))
    assert (found["deployment"], found["security_admin_configuration"]) == (1, 1)
    assert (found["network_group"], found["static_member"], found["admin_rule_collection"]) == (2, 2, 2)
    apart = compiled(two(a=ADMIN, b={**ADMIN, "location": "North Europe"}))
    assert (kinds(apart)["deployment"], kinds(apart)["security_admin_configuration"]) == (2, 2)
    assert called(apart, "_security_admin_configuration") == ["shop-northeurope", "shop-westeurope"]


def test_a_network_manager_that_is_made() -> None:
    made = {**ADMIN, "network_manager": {"subscription_ids": ["/subscriptions/s"]}}
    done = compiled(two(a=made, b={**made, "location": "northeurope"}))
    (body,) = done.fragment["resource"][MANAGER].values()
    assert body["scope"] == [{"subscription_ids": ["/subscriptions/s"]}]
    assert body["scope_accesses"] == ["SecurityAdmin"] and body["location"] == "westeurope"
    assert proved(done).status == "equal"


def test_network_managers_of_two_scopes() -> None:
    scopes = ({"network_manager": {"subscription_ids": [f"/subscriptions/{name}"]}} for name in "ab")
    one, two_ = ({**ADMIN, **scope} for scope in scopes)
    assert len(set(called(compiled(two(a=one, b=two_)), ""))) == 2
    one, two_ = (
        {**ADMIN, "network_manager": {"subscription_ids": ids}} for ids in (["/a", "/b"], ["/b", "/a"])
    )
    assert len(called(compiled(two(a=one, b=two_)), "")) == 1, "the order of a scope means nothing"


def refused(seg: Segmentation) -> Sequence[str]:
    with pytest.raises(SegkitError) as caught:
        compiled(seg)
    return [f"{p.what} / {p.fix}" for p in caught.value.problems]


REFUSED: dict[str, tuple[Mapping[str, Any], str]] = {
    "no network manager": (
        {**PLACE, "global_tier": "admin"},
        "network_manager is missing, for global_tier is 'admin' / pass the id of a network manager",
    ),
    "one for nothing": (
        {**PLACE, "network_manager": HUB},
        "network_manager is given, and nothing is written",
    ),
    "an empty scope": ({**ADMIN, "network_manager": {"subscription_ids": []}}, "write the id of a network"),
    "another word": ({**ADMIN, "global_tier": "hub"}, "global_tier is 'hub' / write one of rules, admin"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_placements_that_are_refused(case: str) -> None:
    here, told = REFUSED[case]
    assert any(told in one for one in refused(estate(here)))


def test_one_network_manager_and_region_in_two_stacks() -> None:
    seg = Segmentation("shop", today=TODAY)
    for name in ("a", "b"):
        seg.workload(name, {"app": name}, [f"10.0.{ord(name)}.4"])
        target(seg, name, {**ADMIN, "vnet_id": f"{NETWORK}-{name}"}, select=L.app == name, stack=f"s{name}")
    (problem,) = refused(seg)
    assert "target a has its admin rules in the same network manager, in another stack" in problem
    assert "let targets of one network manager and region be in one stack" in problem


def test_quotas() -> None:
    quotas = {"admin_rules_per_manager": 1, "admin_prefixes_per_manager": 2}
    found = refused(guarded(estate({**ADMIN, "quotas": quotas})))
    assert any("4 security admin rules; the quota is 1" in one for one in found), found
    assert any("addresses in security admin rules; the quota is 2" in one for one in found)
    assert all('global_tier="rules"' in one for one in found)


def named(seg: Segmentation, name: str) -> Segmentation:
    """With a deny that is another rule under each name."""
    seg.policy(name, "global").deny(L.app == "web", L.app == "db", tcp(25), id="mail")
    return seg


@pytest.mark.parametrize(
    ("quota", "each"), [("admin_rules_per_manager", 1), ("admin_prefixes_per_manager", 2)]
)
def test_rules_of_both_forms_count(quota: str, each: int) -> None:
    """Between two applies, what is deployed and what will be are in one network manager."""
    here = {**ADMIN, "quotas": {quota: 2 * each - 1}}
    before, after = (named(estate(here), name).build() for name in ("old", "new"))
    told = f"target az: between the two applies .*: {2 * each}; the quota is {2 * each - 1}"
    with pytest.raises(SegkitError, match=told):
        compile_model(after, before)
    for one, since in ((before, None), (after, None), (after, after)):
        compile_model(one, since)


def crossing(places: Mapping[str, Mapping[str, Any]], *names: str) -> list[Model]:
    """Two targets whose machines are denied something, by a rule of each name in turn."""
    found = []
    for name in names:
        seg = two(**places)
        seg.policy(name, "global").deny(L.app == "a", L.app == "b", tcp(25), id="mail")
        found.append(seg.build())
    return found


@pytest.mark.parametrize(("manager", "fits"), [(HUB, 5), (f"${{{MANAGER}.other.id}}", 3)])
def test_all_targets_with_one_network_manager_count(manager: str, fits: int) -> None:
    """Also where only one of them changes."""

    def forms(most: int) -> list[Model]:
        here = {**ADMIN, "quotas": {"admin_rules_per_manager": most}}
        return crossing({"a": here, "b": {**here, "network_manager": manager}}, "old", "new")

    before, after = forms(fits + 1)
    compile_model(after, before)
    before, after = forms(fits)
    for alone in (before, after):
        compile_model(alone)
    with pytest.raises(SegkitError, match=f"rules: {fits + 1}; the quota is {fits}"):
        compile_model(after, before)


@pytest.mark.parametrize("name", ["a", "b"])
def test_what_targets_share_is_written_by_another_once_one_of_them_goes(name: str) -> None:
    """And by the first again when it comes: meanwhile all of it is there, once."""
    every = {"a": ADMIN, "b": ADMIN}
    (whole,) = crossing(every, "old")
    (less,) = crossing({**every, name: PLACE}, "old")
    for before, after in ((whole, less), (less, whole)):
        done = compile_model(after, before)
        found, once = kinds(done), kinds(compile_model(whole))
        assert {**found, "admin_rule": 0} == {**once, "admin_rule": 0}
        assert prove_between(before, after, done.fragment).status == "between"
