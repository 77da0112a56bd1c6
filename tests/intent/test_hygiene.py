"""What lint finds out about rules, one small estate for each case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from segkit.model import Segmentation, anywhere, outside
from segkit.model.policy_builder import PolicyBuilder
from segkit.sets import L, ServiceSet, icmp, tcp, udp
from segkit.verify.finding import Finding
from segkit.verify.hygiene import hygiene

TODAY = date(2026, 6, 1)
SCHEMA = {
    "labels": {
        "app": {"values": ["shop", "crm", "hr"], "required": True},
        "role": {"values": ["web", "api", "db"], "required": True},
        "env": {"values": ["prod", "test"], "required": True},
        "site": {},
    }
}
WEB, API, DB = (L.role == r for r in ("web", "api", "db"))


class Estate:
    """Three apps in two environments, all of them with workloads."""

    def __init__(self) -> None:
        self.seg = Segmentation("x", schema=SCHEMA, today=TODAY)
        for app in ("shop", "crm", "hr"):
            for env in ("prod", "test"):
                for role in ("web", "db"):
                    self.seg.workload(f"{app}-{env}-{role}", {"app": app, "env": env, "role": role})
        self.app = self.seg.policy("app", tier="application")
        self.top = self.seg.policy("top", tier="global")

    def findings(self) -> tuple[Finding, ...]:
        return tuple(hygiene(self.seg.build()))

    def found(self, code: str) -> dict[str, Finding]:
        return {f.subject: f for f in self.findings() if f.code == code}


@pytest.fixture
def estate() -> Estate:
    return Estate()


def proof(finding: Finding) -> list[str]:
    return [reason.subject for reason in finding.proof]


# Redundant rules


def test_a_rule_inside_another_is_redundant(estate: Estate) -> None:
    estate.app.allow(WEB, DB, tcp(5432), id="narrow")
    estate.app.allow(WEB | API, DB, tcp("5400-5500"), id="broad")
    found = estate.found("redundant")
    assert list(found) == ["rule app/narrow"]
    assert proof(found["rule app/narrow"]) == ["rule app/broad"]
    assert found["rule app/narrow"].severity == "warning"
    assert found["rule app/narrow"].why == "rule app/broad says the same of every flow of it"


def test_the_union_of_others_counts(estate: Estate) -> None:
    estate.app.allow(WEB, DB, tcp("80-90"), id="whole")
    estate.app.allow(WEB & (L.env == "prod"), DB, tcp("80-85"), id="a")
    estate.app.allow(WEB & (L.env != "prod"), DB, tcp("80-90"), id="b")
    estate.app.allow(WEB, DB, tcp("85-90"), id="c")
    found = estate.found("redundant")
    assert proof(found["rule app/whole"]) == ["rule app/a", "rule app/b", "rule app/c"]


def test_the_union_over_the_schema_counts_and_over_today_does_not(estate: Estate) -> None:
    """Nobody has the role api today. Somebody may tomorrow, so the rule for all roles is needed."""
    estate.app.allow(L.app == "shop", L.app == "crm", tcp(80), id="whole")
    estate.app.allow((L.app == "shop") & WEB, L.app == "crm", tcp(80), id="web")
    estate.app.allow((L.app == "shop") & DB, L.app == "crm", tcp(80), id="db")
    assert "rule app/whole" not in estate.found("redundant")
    estate.app.allow((L.app == "shop") & API, L.app == "crm", tcp(80), id="api")
    assert proof(estate.found("redundant")["rule app/whole"]) == [
        "rule app/api",
        "rule app/db",
        "rule app/web",
    ]


def test_of_two_equal_rules_each_could_go_and_one_can(estate: Estate) -> None:
    estate.app.allow(WEB, DB, tcp(80), id="a")
    estate.app.allow(WEB, DB, tcp(80), id="b")
    assert set(estate.found("redundant")) == {"rule app/a", "rule app/b"}
    together = estate.found("removable-together")["rules"]
    assert together.what == "of 2 rules that could go, 1 can go at once"
    assert proof(together) == ["rule app/b"]


def test_an_allow_that_a_later_deny_would_take_over_is_needed(estate: Estate) -> None:
    estate.top.allow(WEB, DB, tcp(80), id="early")
    estate.app.deny(WEB & (L.app == "shop"), DB, tcp("80-81"), id="no")
    estate.app.allow(WEB, DB, tcp(80), id="late")
    assert "rule top/early" not in estate.found("redundant")


def test_an_allow_stands_in_for_an_earlier_one(estate: Estate) -> None:
    estate.top.allow(WEB, DB, tcp(80), id="early")
    estate.app.allow(WEB, DB, tcp("80-81"), id="late")
    assert proof(estate.found("redundant")["rule top/early"]) == ["rule app/late"]


def test_a_posture_stands_in_for_an_allow(estate: Estate) -> None:
    estate.seg.zone("z", L.app == "shop", posture="allow")
    estate.app.allow((L.app == "shop") & WEB, L.app == "shop", tcp(80), id="r")
    found = estate.found("redundant")["rule app/r"]
    assert proof(found) == ["posture of zone z"]


def test_what_ends_some_day_stands_in_for_nothing(estate: Estate) -> None:
    estate.app.allow(WEB, DB, tcp(80), id="r")
    estate.app.allow(WEB | API, DB, tcp(80), id="passing", expires="2026-12-31")
    assert list(estate.found("redundant")) == []
    estate.app.allow(WEB, DB, tcp(80), id="short", expires="2026-11-30")
    assert list(estate.found("redundant")) == ["rule app/short"]


def test_quarantine_neither_covers_nor_is_judged(estate: Estate) -> None:
    estate.app.allow(WEB, DB, tcp(80), id="r")
    estate.seg.policy("q", tier="quarantine").deny(anywhere, L.app == "shop", tcp(80), id="now")
    assert not [
        f for f in estate.findings() if "q/now" in f.subject or f.code in ("redundant", "never-decides")
    ]


def test_an_expired_allow_is_nobody(estate: Estate) -> None:
    estate.app.allow(WEB, DB, tcp(80), id="r")
    estate.app.allow(WEB, DB, tcp(80), id="gone", expires="2026-01-31")
    assert estate.found("redundant") == {}


# Denies


def test_a_deny_inside_another_is_redundant(estate: Estate) -> None:
    estate.app.allow(WEB, DB, tcp("1-100"), id="r")
    estate.top.deny(WEB, DB, tcp(22), id="narrow")
    estate.top.deny(WEB | API, DB, tcp("20-25"), id="broad")
    assert list(estate.found("redundant")) == ["rule top/narrow"]


def test_a_deny_that_takes_nothing_away_is_told_and_not_called_redundant(estate: Estate) -> None:
    estate.top.deny(WEB, DB, tcp(22), id="guard")
    finding = estate.found("idle-deny")["rule top/guard"]
    assert (finding.severity, estate.found("redundant")) == ("info", {})
    estate.app.allow(WEB, DB, tcp("22-23"), id="r", unless_source=L.app == "crm")
    assert estate.found("idle-deny") == {}


def test_in_selective_mode_a_deny_is_needed_though_no_allow_is_there(estate: Estate) -> None:
    estate.seg.zone("z", L.app == "shop", mode="selective")
    estate.top.deny(WEB, DB, tcp(22), id="guard")
    assert estate.found("idle-deny") == {}


# Rules that never decide


def test_a_rule_that_earlier_ones_share_among_them_never_decides(estate: Estate) -> None:
    estate.app.allow(WEB, DB, tcp("20-30"), id="r")
    estate.top.deny(WEB, DB, tcp("20-24"), id="a")
    estate.top.allow(WEB, DB, tcp("25-30"), id="b")
    finding = estate.found("never-decides")["rule app/r"]
    assert proof(finding) == ["rule top/a", "rule top/b"]
    assert finding.why == "rule top/a and rule top/b decide every flow of it before it"
    assert "rule app/r" not in estate.found("redundant")


def test_a_rule_between_no_workloads_never_decides(estate: Estate) -> None:
    estate.app.allow(outside, outside, tcp(1), id="none")
    finding = estate.found("never-decides")["rule app/none"]
    assert finding.why == "no flow that the label schema permits is one of its flows"


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (lambda p: p.allow(API, DB, tcp(80), id="r"), "nobody is at its source"),
        (lambda p: p.allow(DB, API, tcp(80), id="r"), "nobody is at its destination"),
        (lambda p: p.allow(API, API, tcp(80), id="r"), "nobody is at its source or its destination"),
    ],
)
def test_nobody_today_is_another_thing_than_never(
    estate: Estate, declare: Callable[[PolicyBuilder], object], why: str
) -> None:
    declare(estate.app)
    finding = estate.found("nothing-today")["rule app/r"]
    assert (finding.why, finding.severity) == (why, "info")
    assert finding.witness is not None
    assert estate.found("never-decides") == {}


def test_everything_of_today_decided_by_others(estate: Estate) -> None:
    estate.app.allow(WEB | API, DB, tcp(80), id="r")
    estate.top.allow(WEB, DB, tcp(80), id="t")
    finding = estate.found("nothing-today")["rule app/r"]
    assert finding.why == "rule top/t decides every flow that is possible today"
    assert finding.witness is not None and 'role == "api"' in finding.witness.source


def test_without_workloads_nothing_is_said_of_today() -> None:
    seg = Segmentation("x", today=TODAY)
    seg.policy("p", tier="application").allow(WEB, DB, tcp(80), id="r")
    assert [f.code for f in hygiene(seg.build())] == []


def test_one_workload_has_no_flow_with_itself() -> None:
    seg = Segmentation("x", today=TODAY)
    seg.workload("one", {"role": "web"})
    seg.policy("p", tier="application").allow(WEB, WEB, tcp(80), id="r")
    assert "nothing-today" in [f.code for f in hygiene(seg.build())]


# Contradictions


def test_an_allow_that_a_deny_takes_a_part_of_back(estate: Estate) -> None:
    estate.app.allow(WEB, DB, tcp("20-30"), id="r")
    estate.top.deny(L.app == "shop", DB, tcp(22), id="d")
    finding = estate.found("allow-taken-back")["rule app/r"]
    assert proof(finding) == ["rule top/d"]
    assert finding.witness is not None
    assert finding.witness.services == "tcp/22"
    assert 'app == "shop"' in finding.witness.source and 'role == "web"' in finding.witness.source


def test_a_deny_that_an_earlier_allow_overrides(estate: Estate) -> None:
    estate.top.allow(L.app == "shop", DB, tcp(22), id="a")
    estate.app.deny(anywhere, DB, tcp(22), id="d")
    finding = estate.found("deny-overridden")["rule app/d"]
    assert (finding.severity, proof(finding)) == ("warning", ["rule top/a"])


def test_no_contradiction_where_somebody_else_decides_first(estate: Estate) -> None:
    zoned = estate.seg.zone("z", L.app.exists())
    estate.top.allow(WEB, DB, tcp(22), id="first")
    estate.seg.policy("zp", tier="zone", zone=zoned).deny(WEB, DB, tcp("22-23"), id="d")
    estate.app.allow(WEB, DB, tcp("21-22"), id="r")
    assert estate.found("allow-taken-back") == {}


# Breadth


def test_an_allow_that_nobody_stands_behind_most_of(estate: Estate) -> None:
    for n in range(12):
        estate.seg.workload(f"s{n}", {"app": "shop", "role": "web", "env": "prod", "site": f"s{n}"})
    half = L.site.exists() & (L.app != "crm")
    estate.app.allow(half, WEB & L.site.exists(), tcp(80), id="half")
    most = half & ~((L.env == "test") & DB)
    estate.app.allow(most, most, tcp(81), id="most")
    found = estate.found("over-broad")
    assert list(found) == ["rule app/most"]
    told = "allow rule app/most allows 14,400 pairs of kinds of workloads; there are workloads behind 144"
    assert found["rule app/most"].what == told
    witness = found["rule app/most"].witness
    assert witness is not None and (witness.source, witness.services) == (
        'app == "hr" and env == "prod" and role == "api" and site == "s0"',
        "tcp/81",
    )


def test_everybody_as_an_end(estate: Estate) -> None:
    estate.app.allow(L.app.exists(), DB, tcp(53), id="one")
    estate.app.allow(anywhere, L.role.in_("web", "api", "db"), icmp(8), id="both")
    estate.app.allow(anywhere, WEB, tcp(443), id="meant")
    found = estate.found("matches-everybody")
    assert set(found) == {"rule app/both", "rule app/one"}
    assert found["rule app/both"].severity == "warning"
    assert found["rule app/one"].severity == "info"
    assert found["rule app/one"].what == "every workload is the source of allow rule app/one"


def test_everybody_of_today(estate: Estate) -> None:
    estate.app.allow(~API, DB, tcp(53), id="r")
    assert estate.found("matches-everybody")["rule app/r"].what.startswith(
        "every workload of today is the source"
    )


# Merging


def test_rules_that_could_be_one(estate: Estate) -> None:
    estate.app.allow(WEB, DB, tcp(80), id="a")
    estate.app.allow(WEB, DB, udp(53), id="b")
    estate.app.allow(API, DB, udp(53), id="c")
    estate.app.allow(API, DB, tcp(99), id="d", expires="2027-01-31")
    services = estate.found("merge-services")
    assert {k: proof(f) for k, f in services.items()} == {"rule app/a": ["rule app/b"]}
    assert estate.found("merge-ends") == {}
    estate.app.allow(API, WEB, udp(53), id="e")
    ends = estate.found("merge-ends")["rule app/c"]
    assert ends.what == "allow rule app/c and app/e differ in their destination only"


def test_other_exceptions_do_not_merge(estate: Estate) -> None:
    estate.app.allow(WEB, DB, tcp(80), id="a", unless_source=L.app == "hr")
    estate.app.allow(WEB, DB, udp(53), id="b")
    assert estate.found("merge-services") == {}


def test_the_same_every_time(estate: Estate) -> None:
    services: list[ServiceSet] = [tcp(80), tcp("80-90"), udp(53)]
    for n, service in enumerate(services * 3):
        estate.app.allow(WEB if n % 2 else API, DB, service, id=f"r{n}")
    assert estate.findings() == estate.findings()
