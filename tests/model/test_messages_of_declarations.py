"""What the builder says of bad values: each message, in full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segkit.model import internet, load_inventory
from segkit.sets import L, tcp
from tests.model.kit import refused, seg, text

WEB, DB = L.role == "web", L.role == "db"


def _rule(*arguments: object, **options: Any) -> Callable[[Any], object]:
    return lambda s: s.policy("shop", "application", where="p.py:1").allow(
        *arguments, where="p.py:2", **options
    )


CASES: dict[str, tuple[Callable[[Any], object], str]] = {
    "empty name": (
        lambda s: s.group("", WEB, where="g.py:1"),
        "g.py:1: a group needs a name, not ''\n  fix: give a non-empty text",
    ),
    "name with blanks": (
        lambda s: s.group(" web", WEB, where="g.py:1"),
        (
            "g.py:1: the group name ' web' has blanks at an end or characters that do not print\n"
            "  fix: write a plain name"
        ),
    ),
    "name known at apply": (
        lambda s: s.workload("${aws_instance.a.id}", {"app": "shop"}, where="w.py:1"),
        (
            "w.py:1: the name of a workload is a Terraform reference: ${aws_instance.a.id}\n"
            "  why: names must be known at synth\n  fix: write the name as plain text"
        ),
    ),
    "selector that is none": (
        lambda s: s.group("web", "role == web", where="g.py:1"),
        (
            "g.py:1: the selector of group 'web' is not a selector: 'role == web'\n"
            '  fix: write one from labels, for example select=L.app == "shop"'
        ),
    ),
    "classification": (
        lambda s: s.zone("core", L.zone == "core", classification="sensitiv", where="z.py:1"),
        "z.py:1: unknown classification of zone 'core' 'sensitiv'\n  fix: did you mean 'sensitive'?",
    ),
    "mode": (
        lambda s: s.zone("core", L.zone == "core", mode="enforced", where="z.py:1"),
        "z.py:1: unknown mode of zone 'core' 'enforced'\n  fix: did you mean 'enforce'?",
    ),
    "posture": (
        lambda s: s.zone("core", L.zone == "core", posture="drop", where="z.py:1"),
        "z.py:1: unknown posture of zone 'core' 'drop'\n  fix: known: allow, deny",
    ),
    "host bits": (
        lambda s: s.zone("core", L.zone == "core", networks=["10.0.0.1/8"], where="z.py:1"),
        "z.py:1: networks of zone 'core': 10.0.0.1/8 has host bits set\n  fix: write 10.0.0.0/8",
    ),
    "no address": (
        lambda s: s.address_set("corp", ["10.0.0.0/8", "intranet"], where="a.py:1"),
        (
            "a.py:1: address set 'corp': 'intranet' is not an address\n"
            "  fix: write it as 10.0.0.5, 10.0.0.0/8 or 2001:db8::/32"
        ),
    ),
    "address of another type": (
        lambda s: s.address_set("corp", [10], where="a.py:1"),
        "a.py:1: address set 'corp': 10 is not an address\n  fix: write text such as 10.0.0.0/8",
    ),
    "addresses that are no list": (
        lambda s: s.address_set("corp", 10, where="a.py:1"),
        "a.py:1: address set 'corp': 10 is no list of addresses\n  fix: write [\"10.0.0.0/8\"]",
    ),
    "address known at apply": (
        lambda s: s.address_set("vpc", ["${aws_vpc.main.cidr_block}"], where="a.py:1"),
        (
            "a.py:1: address set 'vpc': ${aws_vpc.main.cidr_block} is a Terraform reference where "
            "an address is needed\n"
            "  why: its value is known only at apply, after the rules have been worked out\n"
            "  fix: write the address or CIDR itself"
        ),
    ),
    "reversed ports": (
        _rule(WEB, DB, "tcp/90-80"),
        "p.py:2: a rule of 'shop': the range 90-80 is reversed\n  fix: write 80-90",
    ),
    "port too high": (
        _rule(WEB, DB, "tcp/70000"),
        "p.py:2: a rule of 'shop': 70000 is not a port\n  fix: it must be from 0 to 65535",
    ),
    "unknown service": (
        _rule(WEB, DB, "postgre-sql", id="db"),
        (
            "p.py:2: rule 'db' of policy 'shop': unknown service 'postgre-sql'\n"
            "  fix: did you mean 'postgresql'?"
        ),
    ),
    "service that is none": (
        _rule(WEB, DB, 443),
        (
            "p.py:2: a rule of 'shop' has a service that is none: 443\n"
            '  fix: write tcp(443), "https", "tcp/443", or a Service'
        ),
    ),
    "no service": (
        _rule(WEB, DB),
        (
            "p.py:2: a rule of 'shop' names no service\n  why: empty never means any\n"
            '  fix: add one, for example tcp(443) or "https"; for every service write ANY'
        ),
    ),
    "no source": (
        _rule([], DB, tcp(80)),
        (
            "p.py:2: a rule of 'shop' has an empty source\n  why: empty never means any\n"
            "  fix: for all addresses: anywhere"
        ),
    ),
    "end by name": (
        _rule("web", DB, tcp(80)),
        (
            "p.py:2: the source of a rule of 'shop' is not an end of a rule: 'web'\n"
            "  fix: use the object, not its name; for addresses: seg.address_set('web', [...])"
        ),
    ),
    "end that is none": (
        _rule(WEB, DB, tcp(80), unless_source=L.app),
        (
            "p.py:2: unless_source of a rule of 'shop' is not an end of a rule: L['app']\n"
            "  fix: use a Group, Zone, zone.network, AddressSet, a selector, or anywhere / internet / outside"
        ),
    ),
    "date": (
        _rule(WEB, DB, tcp(80), expires="31.01.2027"),
        (
            "p.py:2: expires of a rule of 'shop' is not a date: '31.01.2027'\n"
            "  fix: write a day of the calendar as YYYY-MM-DD, for example 2027-01-31"
        ),
    ),
    "day that is not in the calendar": (
        _rule(WEB, DB, tcp(80), created="2027-02-30"),
        (
            "p.py:2: created of a rule of 'shop' is not a date: '2027-02-30'\n"
            "  fix: write a day of the calendar as YYYY-MM-DD, for example 2027-01-31"
        ),
    ),
    "free text": (
        _rule(WEB, DB, tcp(80), purpose=1204),
        "p.py:2: the purpose of a rule of 'shop' is not text: 1204\n  fix: give a text",
    ),
    "tier": (
        lambda s: s.policy("shop", "globl", where="p.py:1"),
        "p.py:1: unknown tier of policy 'shop': 'globl'\n  fix: did you mean 'global'?",
    ),
    "policy with a slash": (
        lambda s: s.policy("shop/eu", "global", where="p.py:1"),
        (
            "p.py:1: the policy name 'shop/eu' holds a slash\n  why: rules are named <policy>/<rule>\n"
            "  fix: use another character, for example shop-eu"
        ),
    ),
    "zone of a policy": (
        lambda s: s.policy("shop", "zone", zone=7, where="p.py:1"),
        "p.py:1: the zone of policy 'shop' is no zone: 7\n  fix: give a Zone or its name",
    ),
    "labels that are none": (
        lambda s: s.workload("w", ["app"], where="w.py:1"),
        (
            "w.py:1: the labels of workload 'w' are not key and value pairs: ['app']\n"
            '  fix: {"app": "shop"}\n'
            "w.py:1: workload 'w': the mandatory label 'app' is missing\n  fix: add it (crm, shop)"
        ),
    ),
    "label that is no text": (
        lambda s: s.workload("w", {"app": "shop", "note": 7}, where="w.py:1"),
        "w.py:1: label 'note' of workload 'w' is not text: 7\n  fix: quote it: \"7\"",
    ),
    "label that cannot be written": (
        lambda s: s.workload("w", {"app": "shop", "note": "\ud800"}, where="w.py:1"),
        (
            "w.py:1: label 'note' of workload 'w' is not text: '\\ud800'\n"
            "  fix: give one text, or leave the key out"
        ),
    ),
    "two values for one key": (
        lambda s: s.workload("w", {"app": "shop", "note": ["a", "b"]}, where="w.py:1"),
        (
            "w.py:1: label 'note' of workload 'w' is not text: ['a', 'b']\n"
            "  fix: give one text, or leave the key out"
        ),
    ),
    "label key that is no text": (
        lambda s: s.workload("w", {"app": "shop", 7: "a"}, where="w.py:1"),
        "w.py:1: workload 'w' has a label key that is not text: 7\n  fix: quote the key",
    ),
    "label known at apply": (
        lambda s: s.workload("w", {"app": "shop", "note": "${var.x}"}, where="w.py:1"),
        (
            "w.py:1: label 'note' of workload 'w' is a Terraform reference: ${var.x}\n"
            "  why: selectors are worked out at synth\n  fix: write the value as plain text"
        ),
    ),
    "interfaces and addresses": (
        lambda s: s.workload("w", {"app": "shop"}, addresses=["10.0.0.1"], interfaces=[{}], where="w.py:1"),
        (
            "w.py:1: workload 'w' has both interfaces= and the arguments of a single interface\n"
            "  fix: write everything inside interfaces="
        ),
    ),
    "no interface": (
        lambda s: s.workload("w", {"app": "shop"}, interfaces=[], where="w.py:1"),
        "w.py:1: workload 'w' has an empty list of interfaces\n  fix: leave interfaces out, or list one",
    ),
    "interfaces that are no list": (
        lambda s: s.workload("w", {"app": "shop"}, interfaces="eth0", where="w.py:1"),
        "w.py:1: the interfaces of workload 'w' are no list: 'eth0'\n  fix: write interfaces=[...]",
    ),
    "interface that is none": (
        lambda s: s.workload("w", {"app": "shop"}, interfaces=["eth0"], where="w.py:1"),
        (
            "w.py:1: an interface of workload 'w' is neither an Interface nor a mapping: 'eth0'\n"
            '  fix: write {"name": "eth0", "addresses": ["10.0.0.5"]}'
        ),
    ),
    "key of an interface": (
        lambda s: s.workload("w", {"app": "shop"}, interfaces=[{"adresses": []}], where="w.py:1"),
        "w.py:1: unknown key 'adresses' in an interface of workload 'w'\n  fix: did you mean 'addresses'?",
    ),
    "network of an interface": (
        lambda s: s.workload("w", {"app": "shop"}, network="", where="w.py:1"),
        "w.py:1: the network of workload 'w' is not text: ''\n  fix: give its id or name, or leave it out",
    ),
    "foreign groups": (
        lambda s: s.workload("w", {"app": "shop"}, foreign="sg-1", where="w.py:1"),
        (
            "w.py:1: the foreign groups of workload 'w' are no list of ids: 'sg-1'\n"
            "  fix: list their ids; [] means none, leaving it out means unknown"
        ),
    ),
    "placement": (
        lambda s: s.target("aws", "aws", placement={"vpc": object}, where="t.py:1"),
        (
            "t.py:1: placement.vpc is not JSON data: <class 'object'>\n"
            "  why: it is written into the intent file and the Terraform output\n"
            "  fix: use text, numbers, true/false, lists and mappings"
        ),
    ),
    "key of a placement": (
        lambda s: s.target("aws", "aws", placement={1: "x"}, where="t.py:1"),
        "t.py:1: placement has a key that is not text: 1\n  fix: use text as keys",
    ),
    "residual without reason": (
        lambda s: s.target("aws", "aws").accept_residual(
            "snapshot", owner="net", reason=" ", expires="2028-01-01", where="t.py:2"
        ),
        (
            "t.py:2: the accepted residual 'snapshot' of target 'aws' has no reason\n"
            "  why: somebody must answer for it\n  fix: add reason="
        ),
    ),
    "residual for ever": (
        lambda s: s.target("aws", "aws").accept_residual(
            "snapshot",
            owner="net",
            reason="old",
            expires=None,
            where="t.py:2",
        ),
        (
            "t.py:2: the accepted residual 'snapshot' of target 'aws' has no last day\n"
            "  why: nothing is accepted for ever\n  fix: add expires="
        ),
    ),
    "residual with a bad day": (
        lambda s: s.target("aws", "aws").accept_residual(
            "snapshot", owner="net", reason="old", expires="soon", where="t.py:2"
        ),
        (
            "t.py:2: expires of the accepted residual 'snapshot' of target 'aws' is not a date: 'soon'\n"
            "  fix: write a day of the calendar as YYYY-MM-DD, for example 2027-01-31"
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_message(case: str) -> None:
    declare, expected = CASES[case]
    assert text(refused(declare)) == expected


def test_today_must_be_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGKIT_TODAY", "tomorrow")
    assert text(refused(lambda _: None, today=None)) == (
        "main.py:1: the environment variable SEGKIT_TODAY is not a date: 'tomorrow'\n"
        "  fix: write a day of the calendar as YYYY-MM-DD, for example 2027-01-31"
    )


def test_today_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGKIT_TODAY", "2031-05-06")
    assert seg(today=None).build().today.isoformat() == "2031-05-06"


def test_all_problems_come_together_and_say_where() -> None:
    def declare(s: Any) -> None:
        web = s.group("web", L.rol == "web")
        s.address_set("corp", ["10.0.0.1/8"])
        s.policy("shop", "application").allow(web, internet, "htps")

    problems = refused(declare)
    assert [p.what for p in problems] == [
        "group 'web': unknown label key 'rol'",
        "address set 'corp': 10.0.0.1/8 has host bits set",
        "a rule of 'shop': unknown service 'htps'",
    ]
    assert all(p.where.startswith("tests/model/test_messages_of_declarations.py:") for p in problems)


def test_what_hangs_on_a_broken_declaration_is_not_reported() -> None:
    def declare(s: Any) -> None:
        web = s.group("web", None)
        core = s.zone("core", None)
        s.policy("shop", "application").allow([web, core], core.network, tcp(80))
        s.policy("core", "zone", zone=core).allow(web, core, tcp(80))

    assert [p.what for p in refused(declare)] == [
        "the selector of group 'web' is not a selector: None",
        "the selector of zone 'core' is not a selector: None",
    ]


def test_building_twice_gives_the_same() -> None:
    one = seg()
    one.group("web", WEB)
    first = one.build()
    assert one.build() == first
    one.group("db", DB)
    assert [g.name for g in one.build().groups] == ["db", "web"]


def test_workloads_that_were_read_elsewhere(here: Path) -> None:
    (here / "i.csv").write_text("name,label:app\nw-1,shop\n")
    one, other = seg(), seg(inventory="i.csv")
    one.add(load_inventory("i.csv"))
    assert one.build().workloads == other.build().workloads
