"""Rules of others about ranges that may hold a machine whose address nobody declared."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from segkit import L, tcp
from segkit.compiler import compile_model
from segkit.model import Segmentation
from segkit.model.ends import anywhere
from segkit.model.model import Model
from segkit.report import proof as report
from segkit.report import text
from segkit.verify import Proof, problems, proved
from tests.azure.kit import place, rule
from tests.strategies import TODAY

Resources = Mapping[str, Mapping[str, Any]]

NSG = "azurerm_network_security_group"
IDS = {
    "aws": "eni-{}",
    "azure": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces/{}",
    "google": "//compute.googleapis.com/projects/1/zones/z/instances/{}",
}
PLACES: Mapping[str, Mapping[str, Any]] = {
    "aws": {"vpc_id": "vpc-1", "membership": "shared"},
    "azure": {"vnet_id": "vnet", "resource_group": "rg", "location": "westeurope"},
    "google": {"network_id": "projects/p/global/networks/vpc", "project": "p", "egress": "open"},
}
SUBNETS = {
    name: {"id": f"${{azurerm_subnet.{name}.id}}", "prefixes": prefixes}
    for name, prefixes in (("app", ["10.1.0.0/16"]), ("db", ["10.2.0.0/16"]))
}


def estate(
    platform: str, address: str | None = None, names: str = "", accept: str = "", **more: Any
) -> Model:
    """A machine that may reach another, and has one address or nobody knows which. Policies may name a range,
    and the target may leave open what is not known."""
    seg = Segmentation("shop", today=TODAY)
    alone: dict[str, Any] = {"foreign": ["sg-0theirs"]} if platform == "aws" else {}
    for n, (name, at) in enumerate((("web", address), ("db", "10.2.0.9"))):
        known = IDS[platform].format(n)
        seg.workload(name, {"app": name}, [at] if at else None, interface_id=known, **alone)
    rules = seg.policy("p", "application")
    rules.allow(L.app == "web", L.app == "db", tcp(5432), id="orders")
    if names:
        rules.allow(seg.address_set("named", [names]), L.app == "db", tcp(443), id="named")
    target = seg.target("t", platform, placement={**PLACES[platform], **more})
    for residual in filter(None, ("snapshot", "egress-open" * (platform == "google"), accept)):
        target.accept_residual(residual, owner="me", reason="a test", expires="2999-01-01")
    return seg.build()


def group(*ranges: str) -> dict[str, Any]:
    """A group of somebody else on both machines, recorded: it lets ranges in on port 22, and all out."""
    port = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    way = {**port, "IpRanges": [{"CidrIp": text} for text in ranges]}
    out = {**port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    found = {"GroupId": "sg-0theirs", "VpcId": "vpc-1", "IpPermissions": [way], "IpPermissionsEgress": [out]}
    return {"snapshot": {"SecurityGroups": [found]}}


def firewall(way: str, *ranges: str) -> Resources:
    """A VPC firewall rule of somebody else, which comes before the policy: it allows or denies port 22 and
    that of the database."""
    body = {"name": "theirs", "network": PLACES["google"]["network_id"], "source_ranges": [*ranges]}
    ports = [{"protocol": "tcp", "ports": ["22", "5432"]}]
    return {"google_compute_firewall": {"theirs": {**body, way: ports}}}


def denied(*ranges: str) -> Resources:
    """A security group of somebody else on the interface of the database, behind that of its subnet."""
    rules = [
        rule("no", 100, access="Deny", protocol="*", source=[*ranges]),
        rule("in", 101, protocol="*"),
        rule("out", 101, direction="Outbound", protocol="*"),
    ]
    link = {
        "network_interface_id": IDS["azure"].format(1),
        "network_security_group_id": f"${{{NSG}.theirs.id}}",
    }
    return {
        NSG: {"theirs": {**place("theirs"), "security_rule": rules}},
        "azurerm_network_interface_security_group_association": {"theirs": link},
    }


def proof(model: Model, beside: Resources, since: Any = None) -> Proof:
    done = compile_model(model, since)
    resource = {kind: {**named} for kind, named in deepcopy(done.fragment["resource"]).items()}
    for kind, named in beside.items():
        resource.setdefault(kind, {}).update(named)
    return proved(done, {**done.fragment, "resource": resource})


def of_web(found: Proof) -> set[tuple[str, str, str, str]]:
    """What differs for the machine, without what does for the addresses of nobody."""
    return {
        (d.kind, d.source, d.destination, d.services) for d in found.differences if d.source.startswith("web")
    }


def on_azure(ranges: tuple[str, ...], *args: Any, **options: Any) -> Proof:
    return proof(estate("azure", *args, **{"subnets": SUBNETS, **options}), denied(*ranges))


def test_on_aws() -> None:
    found = proof(estate("aws", **group("10.1.0.0/16")), {})
    (mine,) = (d for d in found.differences if d.source.startswith("web") and d.destination == "db")
    assert (mine.kind, mine.source, mine.services) == ("may open", "web at 10.1.0.0/16", "tcp/22")
    assert "sg-0theirs" in " ".join(mine.resources)
    assert found.status == "different", "for the addresses of nobody there it is certain"


def test_on_google() -> None:
    found = proof(estate("google"), firewall("deny", "10.1.0.0/16"))
    assert of_web(found) == {("may close", "web at 10.1.0.0/16", "db", "tcp/5432")}
    found = proof(estate("google"), firewall("allow", "10.1.0.0/16"))
    assert not of_web(found), "its own end lets nothing out"


def test_on_azure() -> None:
    found = on_azure(("10.1.0.0/24", "192.168.0.0/16"))
    assert of_web(found) == {("may close", "web at 10.1.0.0/24", "db", "tcp/5432")}
    assert (found.status, found.ok) == ("unproved", False)
    (problem,) = {p.what: p for p in problems(found)}.values()
    assert problem.what == "the Terraform may close web at 10.1.0.0/24 -> db: tcp/5432"
    assert problem.fix.startswith("declare the address")
    shown = text.render(report.page("shop", found))
    assert "may block what the intent allows" in shown and "declare the address" in shown


@pytest.mark.parametrize(
    ("ranges", "status"),
    [
        (("192.168.0.0/16", "203.0.113.0/24"), "equal"),
        (("0.0.0.0/1",), "unproved"),
        (("10.1.0.0/16", "10.2.0.0/16"), "unproved"),
        (("0.0.0.0/1", "128.0.0.0/1"), "different"),
    ],
)
def test_a_network_that_is_known_says_where_it_is(ranges: tuple[str, ...], status: str) -> None:
    assert on_azure(ranges).status == status


@pytest.mark.parametrize(
    ("ranges", "status"), [(("203.0.113.0/24",), "equal"), (("192.168.0.0/16",), "unproved")]
)
def test_one_that_is_not_known_is_private(ranges: tuple[str, ...], status: str) -> None:
    assert proof(estate("google"), firewall("deny", *ranges)).status == status


@pytest.mark.parametrize(("address", "status"), [("10.1.0.9", "different"), ("10.1.1.9", "equal")])
def test_who_declares_the_address_knows(address: str, status: str) -> None:
    found = on_azure(("10.1.0.0/24",), address)
    assert found.status == status
    assert {d.kind for d in found.differences} <= {"closes"}


def test_nobody_is_where_somebody_else_is_or_where_policies_say() -> None:
    assert on_azure(("10.2.0.9",)).status == "equal", "the database is there"
    assert on_azure(("10.1.0.0/24",), names="10.1.0.0/16").status == "different", "for others it is certain"
    assert not of_web(on_azure(("10.1.0.0/24",), names="10.1.0.0/16"))
    assert of_web(on_azure(("10.1.0.0/24",), names="10.1.0.0/25"))


def test_what_is_so_everywhere_is_told_once() -> None:
    found = on_azure(("*", "10.1.0.0/24"))
    assert of_web(found) == {("closes", "web", "db", "tcp/5432")}
    assert found.status == "different"


def test_it_can_be_left_open() -> None:
    found = on_azure(("10.1.0.0/24",), accept="unproved")
    assert found.status == "equal" and not found.differences
    assert {(d.kind, d.residual) for d in found.accepted} == {("may close", "unproved")}


def test_between_two_and_asleep() -> None:
    model = estate("azure", subnets=SUBNETS)
    assert proof(model, denied("10.1.0.0/24"), model).status == "unproved"
    assert proof(model, {}, model).status == "between"
    asleep = proof(model, denied("10.1.0.0/24"), "nothing")
    assert (asleep.status, asleep.differences) == ("between", ()), "it closes without ours, too"


@pytest.mark.parametrize("platform", PLACES)
def test_ranges_of_ours_that_are_left_of_everywhere_hold_it(platform: str) -> None:
    """Policies have it in them, and so do rules: nothing hangs on where it is."""
    more = {"membership": "exclusive"} if platform == "aws" else {}
    seg = Segmentation("shop", today=TODAY)
    seg.workload("web", {"app": "web"})
    seg.workload("db", {"app": "db"}, ["10.2.0.9"])
    corp = seg.address_set("corp", ["10.9.0.0/16"])
    seg.policy("p", "application").allow(anywhere, L.app == "db", tcp(22), unless_source=corp, id="ssh")
    target = seg.target("t", platform, placement={**PLACES[platform], **more})
    for residual in ("snapshot", *["egress-open"] * (platform == "google")):
        target.accept_residual(residual, owner="me", reason="a test", expires="2999-01-01")
    assert proof(seg.build(), {}).status == "equal"


@pytest.mark.parametrize("twice", [False, True])
def test_places_that_nobody_tells_apart_are_told_as_one(twice: bool) -> None:
    """A rule each for two ranges, and both open the same; between two applies, too."""
    model = estate("aws", **group("10.1.0.0/24", "10.3.0.0/24"))
    found = proof(model, {}, model if twice else None)
    (mine,) = (d for d in found.differences if d.source.startswith("web") and d.destination == "db")
    assert (mine.source, mine.services) == ("web at 10.1.0.0/24, 10.3.0.0/24", "tcp/22")


def test_the_rules_of_several_places_are_named() -> None:
    model = estate("aws", membership="exclusive")
    db, web = compile_model(model).fragment["resource"]["aws_security_group"]
    body = {"security_group_id": f"${{aws_security_group.{db}.id}}", "ip_protocol": "-1"}
    kind = "aws_vpc_security_group_ingress_rule"
    out = {**body, "security_group_id": f"${{aws_security_group.{web}.id}}", "cidr_ipv4": "0.0.0.0/0"}
    beside = {
        kind: {f"r{n}": {**body, "cidr_ipv4": f"10.{n}.0.0/24"} for n in (1, 3)},
        "aws_vpc_security_group_egress_rule": {"out": out},
    }
    found = proof(model, beside)
    (mine,) = (d for d in found.differences if d.kind == "may open")
    assert mine.source == "web at 10.1.0.0/24, 10.3.0.0/24"
    assert {f"{kind}.r1", f"{kind}.r3"} <= {*mine.resources}


def test_many_ranges_and_many_machines() -> None:
    """A hundred rules of others that say the same are one to thirty machines: pairs do not multiply."""
    seg = Segmentation("shop", today=TODAY)
    rules = seg.policy("p", "application")
    for n in range(30):
        seg.workload(f"web-{n}", {"app": f"web-{n}"}, interface_id=IDS["google"].format(n))
        rules.allow(L.app == f"web-{n}", L.app == "db", tcp(5000 + n), id=f"orders-{n}")
    seg.workload("db", {"app": "db"}, ["10.2.0.9"], interface_id=IDS["google"].format(30))
    target = seg.target("t", "google", placement=PLACES["google"])
    for residual in ("snapshot", "egress-open"):
        target.accept_residual(residual, owner="me", reason="a test", expires="2999-01-01")
    (theirs,) = firewall("deny", "10.1.0.0/24")["google_compute_firewall"].values()
    beside = {f"r{n}": {**theirs, "name": f"r{n}", "source_ranges": [f"10.1.{n}.0/24"]} for n in range(100)}
    found = proof(seg.build(), {"google_compute_firewall": beside})
    assert found.status == "equal" and found.pairs < 20_000


def test_a_rule_for_two_machines_that_may_be_anywhere() -> None:
    """Between two ranges only: neither machine is told from elsewhere by anybody whose address is known."""
    seg = Segmentation("shop", today=TODAY)
    for n, name in enumerate(("web", "db")):
        seg.workload(name, {"app": name}, interface_id=IDS["azure"].format(n))
    seg.policy("p", "application").allow(L.app == "web", L.app == "db", tcp(5432), id="orders")
    target = seg.target("t", "azure", placement={**PLACES["azure"], "subnets": SUBNETS})
    target.accept_residual("snapshot", owner="me", reason="a test", expires="2999-01-01")
    beside = {kind: {name: {**body} for name, body in held.items()} for kind, held in denied().items()}
    only = rule("no", 100, access="Deny", protocol="*", source=["10.1.0.0/24"], destination=["10.2.0.0/24"])
    more = rule("nor", 99, access="Deny", protocol="*", source=["10.1.9.0/24"], destination=["10.2.0.0/24"])
    beside[NSG]["theirs"]["security_rule"] = [more, only, *beside[NSG]["theirs"]["security_rule"][1:]]
    found = proof(seg.build(), beside)
    assert {d.text for d in found.differences} == {
        "may close web at 10.1.0.0/24, 10.1.9.0/24 -> db at 10.2.0.0/24: tcp/5432"
    }
