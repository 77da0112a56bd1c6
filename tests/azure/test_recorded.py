"""Recorded answers of the Azure API, and what somebody else's tests expect of the groups in them.

The expectations are those of Cloud Custodian's tests of its filters `ingress` and `egress`: which security
groups allow or deny some ports, and which rules decide about them.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from segkit.platforms.azure.evaluate import Enforcement
from segkit.platforms.azure.read_snapshot import read_snapshot
from segkit.platforms.azure.state import Direction, Range, Rule, State
from segkit.sets import EVERYWHERE, Addresses, ServiceSet, icmp, tcp, udp

FOLDER = "cases/custodian-captures"
CASSETTES = f"{FOLDER}/tools/c7n_azure/tests_azure/cassettes"
ALL = tcp("0-65535") | udp("0-65535")


def recorded(shared_dir: Path, test: str, which: int = 0) -> State:
    """The security groups that a test of the recordings saw in its answer number `which`."""
    file = shared_dir / CASSETTES / f"NetworkSecurityGroupTest.{test}.json"
    answers = [
        one["response"]["body"]["data"]["value"]
        for one in json.loads(file.read_bytes())["interactions"]
        if one["request"]["uri"].partition("?")[0].endswith("/networkSecurityGroups")
    ]
    return read_snapshot(answers[which])


def expected(shared_dir: Path, test: str) -> list[Any]:
    """What stands in the assertions of a test: numbers, and sets of names."""
    cases = json.loads((shared_dir / FOLDER / "EXPECTED_azure_nsg.json").read_bytes())
    (case,) = [case for case in cases if case["test"] == test]
    found = [text for _, text in case["expected"]["asserts"]]
    return [set() if text == "set()" else ast.literal_eval(text) for text in found]


def deciding(
    state: State, name: str, direction: Direction, asked: ServiceSet
) -> dict[str, tuple[Rule, ServiceSet]]:
    """Which of a group's own rules decide about services from and to everywhere, and about which of them."""
    (group,) = [g for g in state.groups.values() if g.name == name]
    left, found = asked, {}
    for rule in Enforcement(state).rules(group.key, direction):
        whole = all(
            isinstance(s, Range) and s.addresses == EVERYWHERE for s in (rule.source, rule.destination)
        )
        if whole and rule.priority < 65000 and (hit := rule.services & left):
            found[rule.name] = rule, hit
            left -= hit
    return found


def allowed(state: State, name: str, asked: ServiceSet) -> ServiceSet:
    """What anybody may send to whatever the group is on."""
    held = deciding(state, name, Direction.INBOUND, asked).values()
    return ServiceSet.union(hit for rule, hit in held if rule.allow)


def names(
    state: State, direction: Direction, asked: ServiceSet, allow: bool, group: str = "c7n-nsg"
) -> set[str]:
    return {n for n, (r, _) in deciding(state, group, direction, asked).items() if r.allow is allow}


def test_find_by_name(shared_dir: Path) -> None:
    state = recorded(shared_dir, "test_find_by_name")
    found = [g for g in state.groups.values() if g.name == "c7n-nsg"]
    assert [len(found)] == expected(shared_dir, "test_find_by_name")
    assert len(state.groups) == 2 and len(state.subnets) == 1


@pytest.mark.parametrize(
    ("test", "asked", "allow"),
    [
        ("test_allow_single_port", tcp(80) | udp(80), True),
        ("test_allow_multiple_ports", tcp(80, "8080-8084", "88-90"), True),
        ("test_allow_ports_range_any", tcp("40-100"), True),
        ("test_deny_port", tcp(8086), False),
        ("test_icmp_protocol", icmp(), False),
    ],
)
def test_which_rules_decide(shared_dir: Path, test: str, asked: ServiceSet, allow: bool) -> None:
    state = recorded(shared_dir, test)
    assert [1, names(state, Direction.INBOUND, asked, allow)] == expected(shared_dir, test)


def test_a_port_by_protocol(shared_dir: Path) -> None:
    """The rule is about TCP: for UDP none of the group's own rules decides."""
    test = "test_egress_policy_protocols"
    for which, asked in enumerate((tcp(22), udp(22))):
        state = recorded(shared_dir, test, which)
        found = names(state, Direction.OUTBOUND, asked, True)
        assert (found or 0) in expected(shared_dir, test)
        assert bool(found) is (asked == tcp(22))


def test_a_rule_more_opens_what_was_closed(shared_dir: Path) -> None:
    closed = [
        bool(tcp("1000-1100") - allowed(recorded(shared_dir, "test_open_ports", which), "c7n-nsg", ALL))
        for which in (0, 1)
    ]
    assert [int(one) for one in closed] == expected(shared_dir, "test_open_ports")


@pytest.mark.parametrize(
    ("test", "end", "found"),
    [
        ("test_cidr_only_match", "destination", {"test4"}),
        ("test_cidr_only_no_match", "source", set()),
        ("test_cidr_and_ingress_match", "source", {"test4"}),
    ],
)
def test_denies_inside_a_range(shared_dir: Path, test: str, end: str, found: set[str]) -> None:
    (group,) = recorded(shared_dir, test).groups.values()
    inside = Addresses.of("10.0.0.0/8")
    held = {r.name for r in group.rules if not r.allow and getattr(r, end).addresses <= inside}
    assert held == found
    wanted = expected(shared_dir, test)
    assert wanted == ([1, found] if found else [0])


def test_what_no_rule_allows_is_denied(shared_dir: Path) -> None:
    """`nsg-mixed-rules` says nothing of ports 20 and 21; the rules that every group has deny them."""
    state, asked = recorded(shared_dir, "test_deny_implicit"), tcp("20-21")
    everybody = {g.name for g in state.groups.values()}
    denied = {name for name in everybody if not allowed(state, name, asked)}
    wanted = expected(shared_dir, "test_deny_implicit")
    assert denied == wanted[0]
    by_rule = {name: names(state, Direction.INBOUND, asked, False, name) for name in denied}
    assert [by_rule["nsg-mixed-rules"], by_rule["nsg-deny-all-ingress"]] == wanted[1:]


def test_groups_by_what_they_let_in_at_all(shared_dir: Path) -> None:
    state = recorded(shared_dir, "test_no_cidr_no_ports_0_all")
    opened = {g.name: allowed(state, g.name, ALL) for g in state.groups.values()}
    assert {n for n, s in opened.items() if s == ALL} == {"nsg-allow-all-ingress"}
    assert {n for n, s in opened.items() if not s} == {"nsg-deny-all-ingress"}
    assert opened["nsg-mixed-rules"] == tcp(80, 443)
