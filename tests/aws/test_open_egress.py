"""Egress that is open to whoever keeps others out: the same flows pass, and everybody else is reached as
the rules say."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from segkit.compiler import Compilation, compile_model
from segkit.errors import SegkitError
from segkit.model import Segmentation, anywhere, outside
from segkit.model.model import Accepted, Model
from segkit.model.policy import Mode
from segkit.sets import L, tcp
from segkit.verify import Proof, prove
from segkit.verify import proved as check
from tests.conformance.planes import AWS
from tests.strategies import FOREVER, TODAY

RULES = "aws_vpc_security_group_egress_rule"
ROLES = ("web", "db", "log", "db", "log", "web", "db", "log")
OPEN = "-1 10.0.0.0/29, open egress"


def estate() -> Segmentation:
    """Web speaks to db and log; eight workloads fill 10.0.0.0/29."""
    seg = Segmentation("estate", today=TODAY)
    policy = seg.policy("p", "application", owner="o")
    policy.allow(L.role == "web", L.role == "db", tcp(5432), id="query")
    policy.allow(L.role == "web", L.role == "log", tcp(514), id="ship")
    for n, role in enumerate(ROLES):
        seg.workload(f"w{n}", {"role": role}, [f"10.0.0.{n}"], foreign=())
    return seg


def built(seg: Segmentation, **targets: dict[str, Any]) -> Model:
    """The model with targets that accept every residual; one that owns all unless told."""
    for name, options in (targets or {"t": {}}).items():
        place = {"vpc_id": f"vpc-{name}", "egress": "open", **options.pop("place", {})}
        seg.target(name, "aws", placement=place, **options)
    model = seg.build()
    accepted = tuple(Accepted(name, "me", "a test", FOREVER) for name in (*AWS.all, "unproved"))
    return replace(model, targets=tuple(replace(t, accepted=accepted) for t in model.targets))


def proved(model: Model, done: Compilation, *changes: Callable[[Any], None]) -> Proof:
    """The proof of what was made, and changed by hand."""
    document = AWS.stack(model, done.fragment)
    for change in changes:
        change(document["resource"])
    return prove(model, document, intent=done.intent, residuals=done.residuals)


def sent(model: Model) -> set[str]:
    """Which egress rules there are, after the proof that the whole is what the policies say."""
    done = compile_model(model)
    proof = proved(model, done)
    assert proof.status == "equal" and not proof.accepted, proof.text()
    return {told(r) for r in done.fragment["resource"].get(RULES, {}).values()}


def told(rule: dict[str, Any]) -> str:
    """What a rule is for, and where to."""
    where = rule.get("cidr_ipv4") or rule.get("cidr_ipv6") or "group"
    return f"{rule['ip_protocol']} {where}, {rule['description'].partition(' (')[0]}"


def test_one_rule_for_each_range_says_it_all() -> None:
    assert sent(built(estate())) == {OPEN}


def _watched(seg: Segmentation) -> None:
    seg.zone("watched", L.role == "old", mode="visibility")


def _choosy(seg: Segmentation) -> None:
    seg.zone("choosy", L.role == "old", mode="selective")


def old(seg: Segmentation, *addresses: str) -> Segmentation:
    """One more workload, to which web may speak on one port."""
    seg.workload("old", {"role": "old"}, addresses or ("10.0.0.8",), foreign=(), interface_id="eni-old")
    more = seg.policy("q", "application", owner="o")
    more.allow(L.role == "web", L.role.in_("old", "db"), tcp(80), id="fetch")
    return seg


UNSHELTERED: dict[str, tuple[Callable[[Segmentation], None], dict[str, dict[str, Any]]]] = {
    "visibility": (_watched, {}),
    "selective": (_choosy, {}),
    "nobody's": (lambda _: None, {"t": {"select": L.role != "old"}}),
    "shared": (
        lambda _: None,
        {
            "t": {"select": L.role != "old"},
            "u": {"select": L.role == "old", "place": {"membership": "shared"}},
        },
    ),
}


@pytest.mark.parametrize("who", UNSHELTERED)
def test_who_keeps_nobody_out_is_reached_as_the_rules_say(who: str) -> None:
    prepare, targets = UNSHELTERED[who]
    seg = old(estate())
    prepare(seg)
    # The rule names db too, who are open to all already.
    found = sent(built(seg, **deepcopy(targets)))
    assert OPEN in found
    assert {rule for rule in found if rule.startswith("tcp")} == {"tcp 10.0.0.8/32, q/fetch"}


def widened(resources: Any) -> None:
    """The open range as if it held the next addresses too."""
    rules = [r for r in resources[RULES].values() if told(r) == OPEN]
    assert rules
    for rule in rules:
        rule["cidr_ipv4"] = "10.0.0.0/28"


def joined(resources: Any) -> None:
    """What others may do who share the interface: let in whoever is inside."""
    resources["aws_security_group"]["theirs"] = {"vpc_id": "vpc-u", "name": "theirs"}
    group = {"security_group_id": "${aws_security_group.theirs.id}"}
    anything = {**group, "ip_protocol": "-1", "cidr_ipv4": "10.0.0.0/29"}
    resources["aws_vpc_security_group_ingress_rule"]["theirs"] = anything
    attached = {**group, "network_interface_id": "eni-old"}
    resources.setdefault("aws_network_interface_sg_attachment", {})["theirs"] = attached


@pytest.mark.parametrize("who", UNSHELTERED)
def test_a_range_that_holds_them_is_a_difference(who: str) -> None:
    prepare, targets = UNSHELTERED[who]
    seg = old(estate(), *(f"10.0.0.{n}" for n in range(8, 16)))  # so that nobody else is in the range
    prepare(seg)
    model = built(seg, **deepcopy(targets))
    done = compile_model(model)
    around = (joined,) if who == "shared" else ()
    assert proved(model, done, *around).status == "equal"
    proof = proved(model, done, *around, widened)
    assert proof.status == "different", proof.text()
    assert {(d.kind, d.destination) for d in proof.differences} == {("opens", "old")}


def test_a_range_of_addresses_that_nobody_has_is_a_difference() -> None:
    model = built(estate())
    proof = proved(model, compile_model(model), widened)
    assert proof.status == "different"
    assert {d.kind for d in proof.differences} == {"opens"}


def test_what_is_no_workload_is_opened_for_whom_the_rules_say() -> None:
    seg = estate()
    far = seg.address_set("far", ["192.0.2.0/24"])
    policy = seg.policy("q", "application", owner="o")
    policy.allow(L.role == "db", far, tcp(22), id="copy")
    policy.allow(L.role == "log", outside, tcp(443), id="send")
    assert sent(built(seg)) == {
        OPEN,
        "tcp 192.0.2.0/24, q/copy",
        "tcp 0.0.0.0/0, q/send",
        "tcp ::/0, q/send",
    }


def test_who_may_be_anywhere_is_named_by_group() -> None:
    seg = old(estate())
    seg.workload("late", {"role": "old"})
    assert sent(built(seg)) == {OPEN, "tcp group, q/fetch"}


def test_a_network_of_a_class_is_not_opened() -> None:
    """Nor do those shelter who have its addresses, or whose labels are the same: db and log."""
    seg = estate()
    seg.workload_class("fleet", {"role": "fleet"}, ["10.0.0.6/31"])
    found = sent(built(seg))
    assert {r for r in found if "open" in r} == {"-1 10.0.0.0/32, open egress", "-1 10.0.0.5/32, open egress"}


@pytest.mark.parametrize("encoding", ["cells", {"layers": [["role"]]}], ids=str)
def test_the_group_of_everybody_joins_others(encoding: Any) -> None:
    model = built(estate(), t={"place": {"encoding": encoding}})
    done = compile_model(model)
    assert proved(model, done).status == "equal"
    assert done.report["t"]["quotas"]["groups_per_interface"]["used"] == 1


def test_ranges_of_both_families() -> None:
    seg = estate()
    for n in range(2):
        seg.workload(f"v{n}", {"role": "db"}, [f"fd00::{n}"])
    assert sent(built(seg)) == {OPEN, "-1 fd00::/127, open egress"}


def test_only_ranges_of_the_same_realm() -> None:
    seg = estate()
    for n in range(2):
        seg.workload(f"far{n}", {"role": ROLES[n]}, [f"10.9.0.{n}"], realm="other")
    model = built(seg, t={"realm": "default"}, u={"realm": "other"})
    done = compile_model(model)
    assert proved(model, done).status == "equal"
    rules = done.fragment["resource"][RULES].values()
    assert {(r["security_group_id"], r["cidr_ipv4"]) for r in rules} == {
        ("${aws_security_group.t_every-workload.id}", "10.0.0.0/29"),
        ("${aws_security_group.u_every-workload.id}", "10.9.0.0/31"),
    }


@pytest.mark.parametrize("select", [L.role == "nobody", L.role == "log"], ids=["empty", "silent"])
def test_a_target_beside(select: Any) -> None:
    """One that owns nobody has no rule; one that may send nothing has it all the same."""
    model = built(estate(), t={"select": ~select}, u={"select": select})
    done = compile_model(model)
    assert proved(model, done).status == "equal"
    groups = {r["security_group_id"] for r in done.fragment["resource"][RULES].values()}
    assert ("${aws_security_group.u_every-workload.id}" in groups) is (select == (L.role == "log"))


def test_without_anybody_who_keeps_others_out_there_is_no_such_rule() -> None:
    seg = estate()
    shared = built(seg, t={"place": {"membership": "shared"}})
    assert not [rule for rule in sent(shared) if "open egress" in rule]


def test_ingress_leans_on_nobody_whose_egress_is_open() -> None:
    """What the outside may reach by range leaves out who is inside: their egress keeps nothing back."""
    seg = estate()
    near = seg.address_set("near", ["10.0.0.0/24"])
    seg.policy("q", "application", owner="o").allow(near, L.role == "log", tcp(9000), id="in")
    seg.policy("d", "global", owner="o").deny(L.role == "db", anywhere, tcp(9000), id="never")
    assert OPEN in sent(built(seg))


def test_it_is_a_residual_that_someone_accepts() -> None:
    model = built(estate())
    bare = tuple(replace(t, accepted=()) for t in model.targets)
    with pytest.raises(SegkitError, match="keeps others out by its own ingress"):
        compile_model(replace(model, targets=bare))


def zoned(egress: str, mode: Mode) -> Model:
    seg = estate()
    seg.zone("z", L.role == "log", mode=mode)
    return built(seg, t={"place": {"egress": egress}})


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        (("exact", "visibility"), ("exact", "enforce"), "between"),
        (("exact", "enforce"), ("open", "enforce"), "between"),
        (("open", "enforce"), ("ranges", "enforce"), "between"),
        (("open", "visibility"), ("open", "enforce"), "different"),
        (("open", "enforce"), ("open", "visibility"), "different"),
    ],
)
def test_two_applies(before: tuple[str, Mode], after: tuple[str, Mode], status: str) -> None:
    """A zone changes its mode under `exact`: an open range would meet ingress that is open as well."""
    done = compile_model(zoned(*after), zoned(*before))
    assert check(done, {**done.fragment}).status == status


def test_what_one_end_alone_keeps_closed_is_counted() -> None:
    counted = {}
    for egress in ("exact", "open"):
        model = built(estate(), t={"place": {"egress": egress}})
        counted[egress] = proved(model, compile_model(model)).single_ended
    assert counted["exact"] < counted["open"]
