"""Within a rule as few AWS rules as can be, and prefix lists where they pay: never for more quota."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.compiler import compile_model, quota_reports
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.platforms.base import ListAdvice
from segkit.report import markdown, quotas
from segkit.sets import L, ServiceSet, tcp, udp
from segkit.verify import prove

PARTNERS = [f"198.51.100.{n}" for n in range(0, 40, 4)]
"""Ten addresses that no CIDR joins."""


def rules_of(model: Model) -> list[dict[str, Any]]:
    """The ingress rules of the only target."""
    done = compile_model(model).fragment["resource"]
    return list(done.get("aws_vpc_security_group_ingress_rule", {}).values())


def one_rule(addresses: Iterable[str], services: ServiceSet) -> Model:
    seg = Segmentation("one", today=date(2026, 11, 20))
    seg.address_set("far", list(addresses))
    web = seg.group("web", L.role == "web")
    seg.policy("p", "application", owner="o").allow(seg.end("far"), web, services)
    seg.workload("w", {"role": "web"}, ["10.0.0.1"])
    seg.target("t", "aws", placement={"vpc_id": "vpc-1", "quotas": {"rules_per_group": 200}})
    return seg.build()


def fewest_cidrs(held: set[int], bits: int = 5) -> int:
    """The fewest CIDRs that cover some of 2**bits addresses exactly, by trying every prefix from the top."""

    def cover(start: int, size: int) -> int:
        inside = sum(start <= n < start + size for n in held)
        if inside in (0, size):
            return int(inside > 0)
        return cover(start, size // 2) + cover(start + size // 2, size // 2)

    return cover(0, 2**bits)


def fewest_ranges(ports: set[int]) -> int:
    """The fewest ranges that cover some ports exactly: one for each port without its neighbour below."""
    return sum(port - 1 not in ports for port in ports)


@given(
    hosts=st.sets(st.integers(0, 31), min_size=1, max_size=12),
    tcps=st.sets(st.integers(1, 20), max_size=8),
    udps=st.sets(st.integers(1, 20), min_size=1, max_size=4),
)
def test_a_rule_takes_as_few_aws_rules_as_can_be(hosts: set[int], tcps: set[int], udps: set[int]) -> None:
    """Far ends times services: points in different ranges and different CIDRs never share an AWS rule, so the
    product of the two smallest covers is the least there is."""
    services = udp(*udps) | tcp(*tcps) if tcps else udp(*udps)
    model = one_rule((f"198.51.100.{n}" for n in hosts), services)
    found = rules_of(model)
    assert len(found) == fewest_cidrs(hosts) * (fewest_ranges(tcps) + fewest_ranges(udps))
    covered = {
        (str(host), rule["ip_protocol"], port)
        for rule in found
        for host in ip_network(rule["cidr_ipv4"])
        for port in range(rule["from_port"], rule["to_port"] + 1)
    }
    ports = [*(("tcp", p) for p in tcps), *(("udp", p) for p in udps)]
    assert covered == {(f"198.51.100.{n}", *p) for n in hosts for p in ports}


def estate(lists: list[str] | None = None, limit: int = 60, more: list[str] | None = None) -> Model:
    """Two groups that partners reach, one of them on two ports; `more` reach the first besides."""
    seg = Segmentation("lists", today=date(2026, 11, 20))
    partners = seg.address_set("partners", PARTNERS)
    web, db = seg.group("web", L.role == "web"), seg.group("db", L.role == "db")
    policy = seg.policy("p", "application", owner="o")
    policy.allow(partners, web, tcp(80, 443), id="web")
    policy.allow(partners, db, tcp(5432), id="db")
    if more:
        policy.allow(seg.address_set("more", more), web, tcp(80), id="more")
    for n, role in enumerate(("web", "db")):
        seg.workload(role, {"role": role}, [f"10.0.0.{n + 1}"])
    place = {"vpc_id": "vpc-1", "prefix_lists": lists or [], "quotas": {"rules_per_group": limit}}
    seg.target("t", "aws", placement=place)
    return seg.build()


def count(model: Model) -> int:
    return sum(len(named) for named in compile_model(model).fragment["resource"].values())


def test_a_list_pays_where_several_rules_name_many_ranges() -> None:
    (report,) = quota_reports(estate())
    # Three times ten rules become three rules and a list. Both forms together: twice the charge.
    assert report.lists == (ListAdvice("partners", 10, 26, 20, 40),)
    assert count(estate()) - count(estate(["partners"])) == 26
    done = compile_model(estate(["partners"]))
    assert prove(estate(["partners"]), done.fragment).ok
    assert done.report["t"]["quotas"]["rules_per_group"] == {"used": 20, "quota": 60}
    assert done.report["t"]["quotas"]["entries_per_prefix_list"]["used"] == 10
    assert quota_reports(estate(["partners"]))[0].lists == ()


def test_the_report_says_what_to_write() -> None:
    said = markdown.render(quotas.page(quota_reports(estate())))
    assert "partners" in said and "prefix" in said
    assert "| partners | 10 | 26 | 20 | 40 |" in said


def test_a_list_never_saves_quota() -> None:
    for lists in ([], ["partners"]):
        (report,) = quota_reports(estate(lists, limit=19))
        assert report.pinned.usage["rules_per_group"]["used"] == 20
        assert not report.pinned.fits


@pytest.mark.parametrize("more", [PARTNERS[:1], PARTNERS[3:7]])
def test_a_list_that_would_be_charged_twice_is_not_advised(more: list[str]) -> None:
    """Those ranges are open already; with the list they would count once more."""
    assert quota_reports(estate(more=more))[0].lists == ()
    with_list = compile_model(estate(["partners"], more=more)).report["t"]["quotas"]["rules_per_group"]
    without = compile_model(estate(more=more)).report["t"]["quotas"]["rules_per_group"]
    assert with_list["used"] > without["used"]


def test_a_set_of_one_range_is_no_list() -> None:
    assert quota_reports(one_rule(["198.51.100.0/24"], tcp(80, 443)))[0].lists == ()
