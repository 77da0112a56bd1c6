"""How the output of a platform behaves: the same bytes every time, small changes, quotas, names."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from segkit.artifacts import canonical_json
from segkit.compiler import Compilation
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.platforms.base import platform
from segkit.sets import ANY, L, tcp, udp
from segkit.verify import prove
from tests.conformance.compiling import compile_model
from tests.conformance.estates import modes, ranges, shop, target, tiers, two_networks
from tests.conformance.planes import ENCODINGS, IDS, PLANES, Plane
from tests.strategies import TODAY, Features

ESTATES = (shop, ranges, modes, two_networks, tiers)
SOME = settings(
    max_examples=settings().max_examples // 4,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
SMALL = Features(internet=False)

planes = pytest.mark.parametrize(("plane", "encoding"), ENCODINGS, ids=IDS)
estates = pytest.mark.parametrize("make", ESTATES, ids=lambda make: str(make.__name__))
Make = Callable[..., Segmentation]
Keys = set[tuple[str, str]]


def changes(plane: Plane, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Keys, Keys, Keys]:
    """Parts that came, went, and changed."""
    old, new = plane.parts(dict(before)), plane.parts(dict(after))
    return (
        new.keys() - old.keys(),
        old.keys() - new.keys(),
        {k for k in old.keys() & new.keys() if old[k] != new[k]},
    )


@pytest.mark.usefixtures("no_quotas")
@planes
@given(data=st.data(), chance=st.randoms(use_true_random=False))
@SOME
def test_order_and_repetition_change_no_byte(
    plane: Plane, encoding: str, data: st.DataObject, chance: random.Random
) -> None:
    model: Model = data.draw(plane.models(encoding, SMALL, plane.all))

    def shuffled(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(items, len(items)))

    other = replace(
        model,
        policies=tuple(replace(p, rules=shuffled(p.rules)) for p in shuffled(model.policies)),
        groups=shuffled(model.groups),
        zones=shuffled(model.zones),
        address_sets=shuffled(model.address_sets),
        workloads=shuffled(model.workloads),
        targets=shuffled(model.targets),
    )
    try:
        one, two, three = (compile_model(m) for m in (model, model, other))
    except SegkitError:
        for either in (model, other):  # refused whatever the order
            with pytest.raises(SegkitError):
                compile_model(either)
        assume(False)
        raise
    assert canonical_json(one.fragment) == canonical_json(two.fragment)
    assert canonical_json(one.fragment) == canonical_json(three.fragment)
    assert one.residuals == three.residuals


@pytest.mark.usefixtures("no_quotas")
@planes
@given(data=st.data())
@SOME
def test_names_are_what_the_platform_takes(plane: Plane, encoding: str, data: st.DataObject) -> None:
    model = data.draw(plane.models(encoding, SMALL, plane.all))
    try:
        done = compile_model(model)
    except SegkitError:
        assume(False)
        raise
    assert not list(plane.faults(done.fragment))


@pytest.mark.usefixtures("no_quotas")
@planes
def test_long_and_odd_names_are_made_to_fit(plane: Plane, encoding: str) -> None:
    if plane.named:
        pytest.skip("rules name machines by what is theirs alone")
    seg = Segmentation("m" * 80, today=TODAY)
    one = seg.group("Zahlungs-Übersicht " + "x" * 220, L.app == "a")
    two = seg.group("Zahlungs-Übersicht " + "x" * 219 + "y", L.app == "b")
    for name, app in (("ein Rechner, groß", "a"), ("b" * 250, "b")):
        seg.workload(name, {"app": app}, interface_id=plane.interface("1") if app == "a" else None)
    policy = seg.policy("p → q", "application", owner="Team «Zahlung»")
    policy.allow(one, two, tcp(443), ticket="a<b>" * 90, purpose="“quoted”\n\ttext")
    target(seg, plane, encoding, "t", ["t"], place=plane.dynamic)
    done = compile_model(seg.build())
    assert not list(plane.faults(done.fragment))
    assert prove(done.model, done.fragment).ok


@pytest.mark.usefixtures("no_quotas")
@planes
@estates
def test_a_rule_more_is_that_rules_resources_more(plane: Plane, encoding: str, make: Make) -> None:
    """Nothing that was there changes, but what tells which rules it serves, and what waits for what, which is
    no change to a plan."""
    seg = make(plane, encoding)
    before = compile_model(seg.build())
    select = (
        seg.build().groups[0].predicate
        if seg.build().groups
        else seg.build().zones[0].predicate
        if (seg.build().zones)
        else L.app == "web"
    )
    seg.policy("new", "application").allow(select, select, udp(7777), id="one")
    after = compile_model(seg.build())
    came, went, changed = changes(plane, before.fragment, after.fragment)
    if encoding == "groups":
        assert not went
        assert came or (plane.edited and changed)
        for key in changed:
            old, new = plane.parts(before.fragment)[key], plane.parts(after.fragment)[key]
            differ = {f for f in old.keys() | new.keys() if new.get(f) != old.get(f)}
            assert differ <= {"description", "tags", "depends_on", *plane.edited}
    back = compile_model(make(plane, encoding).build())
    assert canonical_json(back.fragment) == canonical_json(before.fragment)


@pytest.mark.usefixtures("no_quotas")
@planes
@given(data=st.data())
@SOME
def test_one_rule_less_leaves_the_others_alone(plane: Plane, encoding: str, data: st.DataObject) -> None:
    """Where allows do not interact through denies, the lines of other rules stay as they are."""
    if encoding != "groups":
        pytest.skip("cells are cut anew when a rule goes")
    features = Features(
        **{**vars(SMALL), "by_address": False, "unknown": False, "modes": ("enforce",), "classes": False}
    )
    model = data.draw(plane.models(encoding, features, plane.all))
    allows = [r for r in model.rules if r.action == "allow"]
    assume(allows)
    gone = data.draw(st.sampled_from(allows))
    less = replace(
        model,
        policies=tuple(replace(p, rules=tuple(r for r in p.rules if r is not gone)) for p in model.policies),
    )
    try:
        before, after = compile_model(model), compile_model(less)
    except SegkitError:
        assume(False)
        raise
    came, _, changed = changes(plane, before.fragment, after.fragment)
    # Ends in common may be written otherwise once a range is no longer kept out by the rule that went.
    if not any(e.outside for r in model.rules for e in (*r.source, *r.destination)):
        rules = {key for key in came if key[0] in plane.rules}
        assert not rules
        for key in changed:
            if key[0] in plane.rules:
                old, new = plane.parts(before.fragment)[key], plane.parts(after.fragment)[key]
                differ = {f for f in old.keys() | new.keys() if new.get(f) != old.get(f)}
                assert differ <= {"description", "to_port", *plane.edited}, key


@pytest.mark.usefixtures("no_quotas")
@planes
@pytest.mark.parametrize("known", [True, False], ids=["interface known", "published"])
def test_a_machine_more_is_membership_only(plane: Plane, encoding: str, known: bool) -> None:
    if plane.named:
        pytest.skip("rules name machines by what is theirs alone")
    seg = shop(plane, encoding, plane.dynamic)
    before = compile_model(seg.build()).fragment
    labels = {"app": "shop", "role": "api", "zone": "core"}
    seg.workload("api-new", labels, ["10.0.0.50"], interface_id=plane.interface("new") if known else None)
    after = compile_model(seg.build()).fragment
    came, went, changed = changes(plane, before, after)
    assert not went and not changed
    assert all(kind in plane.members for kind, _ in came) and bool(came) == (known and bool(plane.members))
    if not known or not plane.members:
        new = after["locals"].keys() - before["locals"].keys()
        assert len(new) == 1
    assert all(_value(after["locals"][k]) == _value(v) for k, v in before["locals"].items())


def _value(local: Any) -> Any:
    """A local without what it waits for."""
    found = re.fullmatch(r"\$\{\[([^,]+)(, .+)?\]\[0\]\}", local) if isinstance(local, str) else None
    return found[1] if found else local


@pytest.mark.usefixtures("no_quotas")
@planes
@pytest.mark.parametrize("kind", ["group", "zone"])
def test_moving_a_name_moves_resources(plane: Plane, encoding: str, kind: str) -> None:
    """What there is at the platform keeps its name there."""

    def build(name: str, before: str | None) -> Mapping[str, Any]:
        seg = Segmentation("m", today=TODAY)
        make = seg.group if kind == "group" else seg.zone
        web = make(name, L.app == "web", moved_from=before)
        seg.workload("w", {"app": "web"}, interface_id=plane.interface("1"))
        seg.policy("p", "application").allow(web, web, tcp(443), id="r")
        target(seg, plane, encoding, "t", ["t"], place=plane.dynamic)
        return compile_model(seg.build()).fragment

    old, new = build("web", None), build("front", "web")
    came, went, _ = changes(plane, old, new)
    moves = {(m["from"], m["to"]) for m in new.get("moved", [])}
    assert {a for a, _ in moves} >= {f"{kind}.{key}" for kind, key in went}
    assert {b for _, b in moves} >= {f"{kind}.{key}" for kind, key in came}
    assert any(any(named(old, before)) for before, _ in moves)
    assert all(named(old, before) == named(new, after) for before, after in moves)


@pytest.mark.usefixtures("no_quotas")
@planes
@pytest.mark.parametrize("mode", ["visibility", "selective"])
def test_a_mode_renames_no_group(plane: Plane, encoding: str, mode: str) -> None:
    """What a mode opens is said of groups as they are called without it; rules come and go."""

    def build(mode: str) -> Compilation:
        seg = Segmentation("m", today=TODAY)
        edge = seg.zone("edge", L.zone == "edge", mode=mode)
        db = seg.group("db", L.app == "db")
        seg.workload("w", {"zone": "edge"}, ["10.0.0.1"], interface_id=plane.interface("1"))
        seg.workload("d", {"app": "db", "zone": "core"}, ["10.0.0.2"])
        seg.policy("p", "application").allow(edge, db, tcp(443), id="r")
        target(seg, plane, encoding, "t", ["t"], place=plane.dynamic, accept=("snapshot",))
        return compile_model(seg.build())

    before, after = build("enforce"), build(mode)
    assert prove(after.model, after.fragment, intent=after.intent, residuals=after.residuals).ok
    _, went, _ = changes(plane, before.fragment, after.fragment)
    assert {kind for kind, _ in went} <= {*plane.rules}


def named(document: Mapping[str, Any], address: str) -> tuple[object, ...]:
    """What the platform calls a resource, or tells it by."""
    kind, _, key = address.partition(".")
    body = document["resource"][kind][key]
    return tuple(body.get(name) for name in ("name", "short_name", "priority", "from_port", "ip_protocol"))


@pytest.mark.usefixtures("no_quotas")
@planes
def test_a_machine_takes_its_groups_when_their_rules_are_there(plane: Plane, encoding: str) -> None:
    """What is published, and what is attached by id, is known once the rules are in force."""
    if not plane.force:
        pytest.skip("machines are given nothing")
    seg = Segmentation("m", today=TODAY)
    seg.workload("web", {"app": "web"}, ["10.0.0.1"], interface_id=plane.interface("1"))
    seg.workload("db", {"app": "db"}, ["10.0.0.2"])
    seg.policy("p", "application").allow(L.app == "web", L.app == "db", tcp(5432), id="r")
    target(seg, plane, encoding, "t", ["t"], place=plane.dynamic)
    fragment = compile_model(seg.build()).fragment
    texts = {f"local.{name}": str(value) for name, value in fragment["locals"].items()}
    resources = {f"{kind}.{key}": (kind, str(body)) for (kind, key), body in every(fragment)}
    texts |= {address: text for address, (_, text) in resources.items()}
    takers = ["local." + platform(plane.name).membership_local("t", "db")]
    takers += [address for address, (kind, _) in resources.items() if kind in plane.members]
    for taker in takers:
        needed, left = {taker}, [taker]
        while left:
            at = texts[left.pop()]
            found = {a for a in texts if re.search(rf"(?<![\w.-]){re.escape(a)}(?![\w-])", at)} - needed
            needed |= found
            left += found
        assert any(resources.get(address, ("",))[0] in plane.force for address in needed), taker


def every(fragment: Mapping[str, Any]) -> list[tuple[tuple[str, str], Any]]:
    """Every resource by its kind and name."""
    return [((k, n), body) for k, named in fragment["resource"].items() for n, body in named.items()]


@pytest.mark.usefixtures("no_quotas")
@planes
def test_what_is_adopted_keeps_its_names(plane: Plane, encoding: str) -> None:
    """The same resources with other names, imported where ids are given; the same flows."""
    if not plane.adopted or encoding == "cells":
        pytest.skip("no group stands for one selector, or none is anything that could be there already")

    def build(adopt: Mapping[str, Any]) -> Compilation:
        seg = Segmentation("m", today=TODAY)
        web = seg.group("web", L.app == "web")
        for n in range(2):
            known = plane.interface("1") if n else None
            seg.workload(f"w{n}", {"app": "web"}, [f"10.0.0.{n + 1}"], interface_id=known)
        seg.policy("p", "application").allow(web, web, tcp(443), id="r")
        target(seg, plane, encoding, "t", ["t"], place={**plane.dynamic, "adopt": adopt})
        return compile_model(seg.build())

    before, after = build({}), build({"web": plane.adopted})
    # What else an imported group may hold is known from a snapshot only.
    proof = prove(after.model, after.fragment, intent=after.intent, residuals=after.residuals)
    assert proof.status != "different"
    came, went, _ = changes(plane, before.fragment, after.fragment)
    assert not came and not went
    ids = {name: value for name, value in plane.adopted.items() if name.endswith("id")}
    assert {one["id"] for one in after.fragment.get("import", ())} == set(ids.values())
    written = json.dumps(after.fragment)
    assert all(f'"{value}"' in written for name, value in plane.adopted.items() if name not in ids)
    assert not list(plane.faults(after.fragment))


@pytest.mark.parametrize("plane", PLANES, ids=lambda p: str(p.name))
def test_over_quota_is_an_error_with_numbers_and_a_way_out(plane: Plane) -> None:
    seg = Segmentation("m", today=TODAY)
    seg.workload("w", {"app": "a"})
    policy = seg.policy("p", "application")
    policy.allow(L.app == "a", L.app == "a", tcp(1, 3, 5), id="r")
    tight, needed = plane.tight
    place = {**plane.placement(plane.encodings[0])("t", ["t"], 0), **tight}
    seg.target("t", plane.name, placement=place)
    with pytest.raises(SegkitError) as raised:
        compile_model(seg.build())
    for problem in raised.value.problems:
        assert f" {needed} " in problem.what and "quota is 1" in problem.what
        assert problem.fix and problem.why and problem.where


@pytest.mark.usefixtures("no_quotas")
@planes
def test_an_empty_group_renders_nothing_until_its_first_member(plane: Plane, encoding: str) -> None:
    """Its first member brings its rules; every later one changes membership only."""
    if plane.named:
        pytest.skip("rules name machines by what is theirs alone")

    def build(members: int) -> Model:
        seg = Segmentation("m", today=TODAY)
        empty = seg.group("empty", L.app == "new")
        seg.workload("w", {"app": "a"}, ["10.0.0.1"])
        seg.policy("p", "application").allow(empty, L.app == "a", tcp(443), id="r")
        for number in range(members):
            seg.workload(f"new-{number}", {"app": "new"}, [f"10.0.0.{number + 2}"])
        target(seg, plane, encoding, "t", ["t"], place=plane.dynamic)
        return seg.build()

    none, one, two = (compile_model(build(members)) for members in range(3))
    assert all(prove(done.model, done.fragment).ok for done in (none, one, two))
    assert not [k for k, _ in plane.parts(none.fragment) if k in plane.rules]
    assert [k for k, _ in plane.parts(one.fragment) if k in plane.rules]
    came, went, changed = changes(plane, one.fragment, two.fragment)
    assert not went and not changed
    assert not {k for k in came if k[0] in plane.rules}


@pytest.mark.usefixtures("no_quotas")
@planes
def test_each_family_is_opened_as_it_is_allowed(plane: Plane, encoding: str) -> None:
    seg = Segmentation("m", today=TODAY)
    four = seg.address_set("four", ["198.51.100.0/24"])
    six = seg.address_set("six", ["2001:db8:5::/48"])
    seg.workload("w", {"app": "a"}, ["10.0.0.1", "fd00::1"])
    policy = seg.policy("p", "application")
    policy.allow(four, L.app == "a", tcp(4), id="four")
    policy.allow(six, L.app == "a", tcp(6), id="six")
    policy.allow(L.app == "a", [four, six], ANY, id="out")
    target(seg, plane, encoding, "t", ["t"], place=plane.dynamic)
    done = compile_model(seg.build())
    assert not done.residuals
    assert prove(done.model, done.fragment).ok


@pytest.mark.usefixtures("no_quotas")
@planes
@pytest.mark.parametrize("whole", ["0.0.0.0/0", "::/0"])
def test_a_whole_family_is_written_so_that_it_is_no_more(plane: Plane, encoding: str, whole: str) -> None:
    seg = Segmentation("m", today=TODAY)
    seg.workload("w", {"app": "a"}, ["10.0.0.1", "fd00::1"])
    every = seg.address_set("every", [whole])
    seg.policy("p", "application").allow(every, L.app == "a", tcp(4), id="every")
    target(seg, plane, encoding, "t", ["t"], accept=("snapshot",))
    done = compile_model(seg.build())
    proof = prove(done.model, done.fragment, intent=done.intent, residuals=done.residuals)
    assert proof.ok and not proof.accepted and not list(plane.faults(done.fragment))
