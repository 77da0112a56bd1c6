"""What the checks of a whole model say: each message, in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segkit.model import Group, Interface, Segmentation, anywhere
from segkit.sets import ANY, L, tcp
from tests.model.kit import DB, WEB, refused, rules, text, workload, zones


def _stranger() -> Group:
    return Segmentation("other").group("web", DB)


def _twice(s: Any) -> None:
    for tier in ("application",):
        policy = s.policy("shop", tier)
        policy.allow(WEB, DB, tcp(80), where="p.py:1")
        policy.allow(WEB, DB, tcp(443), where="p.py:2")


def _same_id(s: Any) -> None:
    policy = s.policy("shop", "application")
    policy.allow(WEB, DB, tcp(80), id="a", where="p.py:1")
    policy.allow(DB, WEB, tcp(80), id="a", where="p.py:2")


def _empty_set(s: Any) -> None:
    corp = s.address_set("corp", [], where="a.py:1")
    s.policy("p", "application").allow(corp, WEB, tcp(80), id="r", where="p.py:2")


def _families(s: Any) -> None:
    four, six = s.address_set("four", ["10.0.0.0/8"]), s.address_set("six", ["2001:db8::/32"])
    s.policy("p", "application").allow(four, six, tcp(80), id="r", where="p.py:2")


def _targets(s: Any) -> None:
    s.target("one", "aws", WEB, where="t.py:1")
    s.target("two", "aws", where="t.py:2")
    s.target("elsewhere", "aws", realm="b", where="t.py:3")
    s.target("azure", "azure", where="t.py:4")
    s.workload("w", {"app": "shop", "role": "web"})


CASES: dict[str, tuple[Callable[[Any], object], str]] = {
    "unknown key of a selector": (
        lambda s: s.group("web", L.rol == "web", where="g.py:1"),
        "g.py:1: group 'web': unknown label key 'rol'\n  fix: did you mean 'role'?",
    ),
    "unknown value of a selector": (
        lambda s: s.group("web", L.role.in_("web", "dbb"), where="g.py:1"),
        "g.py:1: group 'web': unknown value 'dbb' of label 'role'\n  fix: did you mean 'db'?",
    ),
    "selector in a rule": (
        rules(("allow", L.app == "shp", WEB, tcp(80))),
        "p.py:2: rule 'p0/r': unknown value 'shp' of label 'app'\n  fix: did you mean 'shop'?",
    ),
    "selector of a target": (
        lambda s: s.target("aws", "aws", L.cloud == "aws", where="t.py:1"),
        "t.py:1: target 'aws': unknown label key 'cloud'\n  fix: known label keys: app, note, role, zone",
    ),
    "selector nothing could match": (
        lambda s: s.group("none", WEB & ~L.app.exists(), where="g.py:1"),
        (
            "g.py:1: group 'none': no workload that conforms to the label schema could ever match "
            'not app exists and role == "web"\n  fix: correct the selector or the label schema'
        ),
    ),
    "selector that contradicts itself": (
        lambda s: s.zone("none", WEB & DB, where="z.py:1"),
        (
            "z.py:1: zone 'none': its selector contradicts itself, so that nothing could ever match\n"
            "  fix: correct the selector or the label schema"
        ),
    ),
    "zones that overlap": (
        lambda s: (zones(s), s.zone("web", WEB & (L.zone != "edge"), where="z.py:3")),
        (
            "z.py:3: the zones 'core' and 'web' overlap: app=crm, role=web, zone=core would be in both\n"
            "  why: zones are disjoint; the other is declared at z.py:1\n  fix: narrow one of the selectors"
        ),
    ),
    "unknown key of a workload": (
        lambda s: s.workload("w", {"app": "shop", "rolle": "web"}, where="w.py:1"),
        "w.py:1: workload 'w': unknown label key 'rolle'\n  fix: did you mean 'role'?",
    ),
    "unknown value of a class": (
        lambda s: s.workload_class("asg", {"app": "Shop"}, where="w.py:1"),
        "w.py:1: workload class 'asg': unknown value 'Shop' of label 'app'\n  fix: did you mean 'shop'?",
    ),
    "mandatory label": (
        lambda s: s.workload("w", {"note": "x"}, where="w.py:1"),
        "w.py:1: workload 'w': the mandatory label 'app' is missing\n  fix: add it (crm, shop)",
    ),
    "two zones of one name": (
        lambda s: (zones(s), s.zone("core", L.zone == "core", where="z.py:3")),
        "z.py:3: two zones are called 'core'\n  why: it is declared at z.py:1 too\n  fix: rename one of them",
    ),
    "two workloads of one name": (
        lambda s: (workload(s, "w"), s.workload_class("w", {"app": "crm"}, where="c.py:1")),
        (
            "c.py:1: two workloads are called 'w'\n  why: it is declared at w.py:1 too\n"
            "  fix: rename one of them"
        ),
    ),
    "two policies of one name": (
        lambda s: (s.policy("p", "global", where="p.py:1"), s.policy("p", "global", where="p.py:2")),
        "p.py:2: two policies are called 'p'\n  why: it is declared at p.py:1 too\n  fix: rename one of them",
    ),
    "names apart by case": (
        lambda s: (s.group("web", WEB, where="g.py:1"), s.group("Web", DB, where="g.py:2")),
        (
            "g.py:1: the groups 'Web' and 'web' differ only by case\n"
            "  why: several platforms do not tell such names apart\n  fix: rename one of them"
        ),
    ),
    "name of a built-in end": (
        lambda s: s.address_set("internet", ["0.0.0.0/0"], where="a.py:1"),
        "a.py:1: the address set name 'internet' is that of a built-in end\n  fix: choose another name",
    ),
    "moved from what is still there": (
        lambda s: (s.group("a", WEB), s.group("b", DB, moved_from="a", where="g.py:2")),
        (
            "g.py:2: group 'b' says it was moved from 'a', which still exists\n"
            "  fix: remove moved_from, or the old one"
        ),
    ),
    "moved from one name twice": (
        lambda s: (s.group("a", WEB, moved_from="c"), s.group("b", DB, moved_from="c", where="g.py:2")),
        "g.py:2: the groups 'a' and 'b' were both moved from 'c'\n  fix: keep moved_from on one of them",
    ),
    "moved from no name": (
        lambda s: s.group("a", WEB, moved_from="", where="g.py:1"),
        "g.py:1: moved_from of group 'a' is no name: ''\n  fix: give its old name",
    ),
    "two rules with the same ends": (
        _twice,
        (
            "p.py:2: two rules of policy 'shop' have the same action and ends: "
            'allow role == "web" -> role == "db" tcp/443\n  why: the other one is at p.py:1\n'
            "  fix: merge their services into one rule, or give each an id="
        ),
    ),
    "two rules with one id": (
        _same_id,
        "p.py:2: two rules have the id 'shop/a'\n  why: the other one is at p.py:1\n  fix: change one id=",
    ),
    "zone tier without a zone": (
        lambda s: s.policy("p", "zone", where="p.py:1"),
        "p.py:1: policy 'p' is in tier zone and names no zone\n  fix: add zone=",
    ),
    "zone in another tier": (
        lambda s: (zones(s), s.policy("p", "global", zone="core", where="p.py:1")),
        (
            "p.py:1: policy 'p' names zone 'core' but is in tier global\n"
            '  fix: leave zone= out, or write tier="zone"'
        ),
    ),
    "zone that is not there": (
        lambda s: (zones(s), s.policy("p", "zone", zone="cor", where="p.py:1")),
        "p.py:1: policy 'p' names an unknown zone 'cor'\n  fix: did you mean 'core'?",
    ),
    "rule beside its zone": (
        rules(("allow", WEB, DB, tcp(80)), tiers="zone"),
        (
            "p.py:2: rule 'p0/r' of the policy of zone 'core' does not touch that zone\n"
            "  why: in a zone-tier policy one end of every rule lies in the zone or its networks\n"
            "  fix: narrow one end to the zone, or move the rule to another tier"
        ),
    ),
    "deny that expired": (
        rules(("deny", WEB, DB, tcp(80), {"expires": "2027-01-30"})),
        (
            "p.py:2: rule 'p0/r' is a deny that expired on 2027-01-30\n"
            "  why: a deny never ends by itself: what it blocks would open unseen\n"
            "  fix: renew expires=, or remove the rule"
        ),
    ),
    "expires before it was created": (
        rules(("allow", WEB, DB, tcp(80), {"created": "2027-09-02", "expires": "2027-09-01"})),
        "p.py:2: rule 'p0/r' expires (2027-09-01) before it was created (2027-09-02)\n  fix: correct it",
    ),
    "updated before it was created": (
        rules(("allow", WEB, DB, tcp(80), {"created": "2027-01-02", "updated": "2027-01-01"})),
        "p.py:2: rule 'p0/r' was updated (2027-01-01) before it was created (2027-01-02)\n  fix: correct it",
    ),
    "end without addresses": (
        _empty_set,
        (
            "p.py:2: rule 'p/r' can never apply: its source has no addresses: corp\n"
            "  why: empty never means any\n  fix: give it CIDRs, or remove the rule"
        ),
    ),
    "network of a zone without networks": (
        lambda s: s.policy("p", "application").allow(
            WEB, s.zone("edge", L.zone == "edge").network, tcp(80), id="r", where="p.py:2"
        ),
        (
            "p.py:2: rule 'p/r' can never apply: its destination has no addresses: network of edge\n"
            "  why: empty never means any\n  fix: give it CIDRs, or remove the rule"
        ),
    ),
    "all taken away": (
        rules(("allow", WEB & (L.app == "shop"), DB, tcp(80), {"unless_source": WEB})),
        (
            "p.py:2: rule 'p0/r' can never apply: unless_source takes its whole source away\n"
            "  why: empty never means any\n  fix: narrow unless_source, or remove the rule"
        ),
    ),
    "all taken away by the schema": (
        rules(("allow", WEB, DB, tcp(80), {"unless_destination": L.app.in_("shop", "crm")})),
        (
            "p.py:2: rule 'p0/r' can never apply: unless_destination takes its whole destination away\n"
            "  why: empty never means any\n  fix: narrow unless_destination, or remove the rule"
        ),
    ),
    "empty service": (
        rules(("allow", WEB, DB, "none")),
        "p.py:2: rule 'p0/r' can never apply: its service is empty\n  fix: add a service",
    ),
    "no family in common": (
        _families,
        (
            "p.py:2: rule 'p/r' can never apply: its ends have no address family in common\n"
            "  why: a flow is IPv4 or IPv6 at both ends\n  fix: add addresses of the other family to one end"
        ),
    ),
    "covered in its tier": (
        rules(
            ("allow", WEB & (L.app == "shop"), DB, tcp(80)),
            ("deny", WEB, [DB, WEB], ANY),
            tiers="application application",
        ),
        (
            "p.py:2: rule 'p0/r' can never apply: deny rule 'p1/r' covers it wholly\n"
            "  why: 'p1/r' at p.py:3 is in the same tier and decides before it\n"
            "  fix: remove it, or narrow the other rule (unless_source=, ...)"
        ),
    ),
    "covered by an earlier tier": (
        rules(("allow", WEB, DB, tcp(80)), ("deny", anywhere, DB, tcp("1-1024")), tiers="application global"),
        (
            "p.py:2: rule 'p0/r' can never apply: deny rule 'p1/r' covers it wholly\n"
            "  why: 'p1/r' at p.py:3 is in the earlier tier global and decides before it\n"
            "  fix: remove it, or narrow the other rule (unless_source=, ...)"
        ),
    ),
    "deny covered by an earlier allow": (
        rules(("deny", WEB, DB, tcp(80)), ("allow", WEB, DB, ANY), tiers="application global"),
        (
            "p.py:2: rule 'p0/r' can never apply: allow rule 'p1/r' covers it wholly\n"
            "  why: 'p1/r' at p.py:3 is in the earlier tier global and decides before it\n"
            "  fix: remove it, or narrow the other rule (unless_source=, ...)"
        ),
    ),
    "end of another segmentation": (
        lambda s: s.policy("p", "application").allow(_stranger(), DB, tcp(80), id="r", where="p.py:2"),
        (
            "p.py:2: rule 'p/r' uses 'web', which is not declared in this segmentation\n"
            "  fix: there are no names yet"
        ),
    ),
    "end of another segmentation with a name of this one": (
        lambda s: (
            s.group("web", WEB),
            s.policy("p", "application").allow(_stranger(), DB, tcp(80), id="r", where="p.py:2"),
        ),
        (
            "p.py:2: rule 'p/r' uses 'web' of another segmentation, which means something else here\n"
            "  fix: use the object that this segmentation gave"
        ),
    ),
    "one address twice": (
        lambda s: (workload(s, "a", addresses=["10.0.0.0/30"]), workload(s, "b", addresses=["10.0.0.2"])),
        (
            "b.py:1: the workloads 'a' and 'b' both have the address 10.0.0.2 of realm 'default'\n"
            "  why: the other is declared at a.py:1\n"
            "  fix: correct one of them, or put them in different realms"
        ),
    ),
    "one interface twice": (
        lambda s: (workload(s, "a", interface_id="eni-1"), workload(s, "b", interface_id="eni-1")),
        (
            "b.py:1: the workloads 'a' and 'b' both have interface 'eni-1'\n"
            "  why: the other is declared at a.py:1\n  fix: correct one of them"
        ),
    ),
    "one interface twice in a workload": (
        lambda s: workload(s, "a", interfaces=[Interface("x", id="eni-1"), Interface("y", id="eni-1")]),
        "a.py:1: workload 'a' has interface 'eni-1' twice\n  fix: list it once",
    ),
    "two interfaces of one name": (
        lambda s: workload(s, "a", interfaces=[{"name": "eth0"}, {"name": "eth0"}]),
        "a.py:1: workload 'a' has two interfaces called 'eth0'\n  fix: name them apart",
    ),
    "two targets own an interface": (
        _targets,
        (
            "t.py:2: the targets 'one' and 'two' both own an interface of 'w'\n"
            "  why: each would put its own aws groups on it\n"
            "  fix: narrow select= of one, or name the network of the interface"
        ),
    ),
    "residual that expired": (
        lambda s: s.target("aws", "aws").accept_residual(
            "snapshot", owner="net", reason="old", expires="2027-01-30", where="t.py:2"
        ),
        (
            "t.py:2: the acceptance of 'snapshot' on target 'aws' expired on 2027-01-30\n"
            "  why: it must be looked at again\n  fix: renew expires= with its reason, or remove it"
        ),
    ),
    "residual accepted twice": (
        lambda s: (
            s.target("aws", "aws")
            .accept_residual("snapshot", owner="net", reason="a", expires="2028-01-01", where="t.py:2")
            .accept_residual("snapshot", owner="net", reason="b", expires="2028-01-01", where="t.py:3")
        ),
        "t.py:3: the acceptance of 'snapshot' on target 'aws' is written twice\n  fix: keep one",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_error(case: str) -> None:
    declare, expected = CASES[case]
    assert text(refused(declare)) == expected


def test_without_a_schema_any_label_goes() -> None:
    one = Segmentation("free")
    one.group("web", L.anything == "goes")
    one.workload("w", {"what": "ever"})
    one.zone("a", L.zone == "a")
    one.policy("p", "application").allow(L.x == "y", L.z.exists(), tcp(80), unless_source=L.u == "v")
    assert one.build().domains is None
