"""Every lint check: what it finds, how bad it is, and what it leaves alone."""

from __future__ import annotations

from datetime import date

import pytest

from segkit.model import Segmentation, anywhere, internet, outside
from segkit.model.ends import End
from segkit.sets import ANY, L, ServiceSet, icmp, icmpv6, tcp, udp
from segkit.verify.lint import Finding, lint

TODAY = date(2026, 6, 1)
SCHEMA = {"labels": {"zone": {"values": ["edge", "cde"]}, "role": {}, "app": {}}}


class Estate:
    """Two zones with one workload each, a policy that is in order, and room for one rule more."""

    def __init__(self) -> None:
        self.seg = Segmentation("x", schema=SCHEMA, today=TODAY)
        self.edge = self.seg.zone("edge", L.zone == "edge", classification="public")
        self.cde = self.seg.zone("cde", L.zone == "cde", classification="critical", networks=["10.1.0.0/16"])
        self.seg.workload("web-1", {"zone": "edge", "role": "web"}, addresses=["10.2.0.5"])
        self.seg.workload("db-1", {"zone": "cde", "role": "db"}, addresses=["10.1.0.5"])
        self.policy = self.seg.policy("p", tier="application", owner="team")

    def allow(self, source: object, destination: object, *services: ServiceSet, **facts: object) -> None:
        good: dict[str, object] = {"id": "r", "purpose": "why", "ticket": "T-1"}
        self.policy.allow(source, destination, *services, **{**good, **facts})  # type: ignore[arg-type]

    def found(self, today: date = TODAY) -> dict[str, Finding]:
        return {f.code: f for f in lint(self.seg.build(), today)}


@pytest.fixture
def estate() -> Estate:
    return Estate()


def test_an_estate_in_order_has_no_findings(estate: Estate) -> None:
    estate.allow(estate.edge, estate.cde, tcp(5432))
    assert estate.found() == {}


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2026, 5, 1), None),
        (date(2026, 5, 31), "expires-soon"),
        (date(2026, 6, 30), "expires-soon"),
        (date(2026, 7, 1), "expired-allow"),
    ],
)
def test_the_last_day_counts(estate: Estate, day: date, code: str | None) -> None:
    estate.allow(estate.edge, estate.cde, tcp(5432), expires="2026-06-30")
    assert list(estate.found(day)) == ([code] if code else [])


def test_an_expired_deny_is_an_error(estate: Estate) -> None:
    estate.policy.deny(
        estate.edge, estate.cde, tcp(22), id="d", purpose="x", ticket="T", expires="2026-06-30"
    )
    found = estate.found(date(2026, 7, 1))["expired-deny"]
    assert found.severity == "error"
    assert "stays in force" in found.why


def test_accepted_residuals_expire_too(estate: Estate) -> None:
    target = estate.seg.target("aws", "aws", placement={"vpc_id": "vpc-1"})
    target.accept_residual("snapshot", owner="netsec", reason="few", expires="2026-06-30")
    assert estate.found(date(2026, 5, 1)) == {}
    assert estate.found()["acceptance-expires-soon"].severity == "warning"
    assert estate.found(date(2026, 7, 1))["acceptance-expired"].severity == "error"


def test_workloads_without_labels_or_zone(estate: Estate) -> None:
    estate.seg.workload("naked", {})
    estate.seg.workload("stray", {"role": "web"})
    found = estate.found()
    assert found["unlabelled"].subject == "workload naked"
    assert found["no-zone"].subject == "workload stray"
    assert found["no-zone"].where.startswith("tests/cli/test_lint.py:") or found["no-zone"].where


def test_without_zones_nobody_is_outside_of_them() -> None:
    seg = Segmentation("x", today=TODAY)
    seg.workload("w", {"app": "x"})
    assert lint(seg.build()) == ()


@pytest.mark.parametrize("services", [ANY, ANY - icmp() - icmpv6()])
def test_any_service_is_worse_into_a_critical_zone(estate: Estate, services: ServiceSet) -> None:
    estate.allow(estate.cde, estate.edge, services)
    assert estate.found()["any-service"].severity == "warning"
    estate.allow(estate.edge, L.role == "db", services, id="s")
    worst = lint(estate.seg.build())[0]
    assert (worst.code, worst.severity, worst.subject) == ("any-service", "error", "rule p/s")
    assert "into critical zone cde" in worst.what


@pytest.mark.parametrize(
    ("services", "wide"),
    [
        (tcp("1-1023"), False),
        (tcp("1-1024"), True),
        (udp(), True),
        (icmp(), False),
        (tcp(*range(1, 4000, 2)), False),
    ],
)
def test_wide_port_ranges(estate: Estate, services: ServiceSet, wide: bool) -> None:
    estate.allow(estate.cde, estate.edge, services)
    assert ("wide-ports" in estate.found()) is wide


@pytest.mark.parametrize("source", [anywhere, internet, outside])
@pytest.mark.parametrize("end", ["zone", "network", "group", "select", "addresses"])
def test_everybody_into_a_critical_zone_is_an_error(estate: Estate, source: End, end: str) -> None:
    ends: dict[str, object] = {
        "zone": estate.cde,
        "network": estate.cde.network,
        "group": estate.seg.group("g", L.role == "db"),
        "select": (L.zone == "cde") & (L.role == "later"),
        "addresses": estate.seg.address_set("a", ["10.1.0.0/24"]),
    }
    estate.allow(source, ends[end], tcp(443))
    found = estate.found()["open-to-everybody"]
    assert found.severity == "error"
    assert found.what == f"rule p/r lets {source.name} into critical zone cde"


def test_an_address_set_of_everything_is_everybody(estate: Estate) -> None:
    estate.allow(estate.seg.address_set("all", ["0.0.0.0/0"]), estate.cde, tcp(443))
    assert "open-to-everybody" in estate.found()


def test_everybody_into_a_public_zone_is_fine(estate: Estate) -> None:
    estate.allow(internet, estate.edge, tcp(443))
    estate.allow(internet, L.role == "web", tcp(443), id="s")
    assert list(estate.found()) == ["merge-ends"]


def test_what_unless_takes_away_does_not_count(estate: Estate) -> None:
    estate.allow(internet, L.role.in_("web", "db"), tcp(443), unless_destination=estate.cde)
    assert "open-to-everybody" not in estate.found()


def test_a_critical_zone_that_reaches_everybody_is_a_warning(estate: Estate) -> None:
    estate.allow(estate.cde, internet, tcp(443))
    found = estate.found()["egress-to-everybody"]
    assert found.severity == "warning"
    assert "critical zone cde out to internet" in found.what


def test_an_expired_allow_is_not_over_broad(estate: Estate) -> None:
    estate.allow(internet, estate.cde, ANY, expires="2026-01-31")
    assert list(estate.found()) == ["expired-allow"]


def test_a_deny_is_never_over_broad(estate: Estate) -> None:
    estate.policy.deny(internet, estate.cde, ANY, id="d", purpose="x", ticket="T")
    assert list(estate.found()) == ["idle-deny"]


def test_rules_without_owner_purpose_or_ticket(estate: Estate) -> None:
    estate.allow(estate.edge, estate.cde, tcp(1), purpose="", ticket="")
    assert sorted(estate.found()) == ["no-purpose", "no-ticket"]
    other = estate.seg.policy("q", tier="application")
    other.allow(estate.edge, estate.cde, tcp(2), id="r", purpose="x", ticket="T", owner="me")
    assert "no-owner" not in estate.found()
    other.allow(estate.edge, estate.cde, tcp(3), id="s", purpose="x", ticket="T")
    assert estate.found()["no-owner"].subject == "rule q/s"


def test_critical_zones_that_are_open_inside_or_do_not_enforce() -> None:
    seg = Segmentation("x", today=TODAY)
    seg.zone("a", L.zone == "a", classification="critical", posture="allow", mode="visibility")
    seg.zone("b", L.zone == "b", posture="allow", mode="visibility")
    found = lint(seg.build())
    assert [(f.code, f.subject) for f in found] == [("not-enforced", "zone a"), ("open-inside", "zone a")]


def test_services_that_no_rule_can_have_named(estate: Estate) -> None:
    pg = estate.seg.service("pg", tcp(5432))
    estate.seg.service("idle", tcp(9999))
    estate.allow(estate.edge, estate.cde, pg)  # type: ignore[arg-type]
    assert [(f.code, f.subject) for f in lint(estate.seg.build())] == [("unused", "service idle")]


def test_groups_and_address_sets_that_do_nothing(estate: Estate) -> None:
    estate.seg.group("empty", L.role == "later")
    estate.seg.address_set("idle", ["192.0.2.0/24"])
    found = lint(estate.seg.build())
    assert [(f.code, f.subject) for f in found] == [
        ("empty-group", "group empty"),
        ("unused", "addresses idle"),
        ("unused", "group empty"),
    ]
    assert {f.severity for f in found} == {"info"}


def test_findings_are_sorted_worst_first_and_the_same_every_time(estate: Estate) -> None:
    estate.allow(internet, estate.cde, ANY, purpose="", ticket="")
    estate.seg.workload("naked", {})
    found = lint(estate.seg.build())
    assert found == lint(estate.seg.build())
    order = ["error", "warning", "info"]
    assert [order.index(f.severity) for f in found] == sorted(order.index(f.severity) for f in found)
