"""Far ends named by groups of any block; blocks beside layers; workloads that are spared some."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from segkit.artifacts import canonical_json
from segkit.compiler import compile_model
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.model.workloads import Interface, Workload
from segkit.platforms.aws.lower.choose import encoding_text, piece_names, pinned, read
from segkit.platforms.aws.lower.covering import Cover
from segkit.platforms.aws.placement import encoding_of
from segkit.sets import Addresses, L, tcp
from segkit.verify import prove
from tests.aws.test_encodings import draft_of
from tests.aws.test_layers import LAYERS, RESIDUALS, compiled, encoded, rules_of
from tests.conformance import aws
from tests.conformance.test_meaning import sample
from tests.oracles.intent_oracle import Oracle, Packet
from tests.strategies import VALUES, Features, models

SOME = settings(
    max_examples=settings().max_examples // 3,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
SMALL = Features(internet=False)
BY_LABEL = Features(
    unknown=False,
    internet=False,
    by_address=False,
    odd_services=False,
    modes=("enforce",),
    several_interfaces=False,
)
"""Models in which whatever ingress lets in by reference is right by itself."""


@st.composite
def encodings(draw: st.DrawFn, names: Sequence[str]) -> Mapping[str, Any]:
    """Blocks of some selectors, in several of them at times; layers for the rest; some who are spared."""
    some = st.lists(st.sampled_from(names), max_size=4, unique=True) if names else st.just([])
    blocks = draw(st.lists(some, max_size=3))
    found: dict[str, Any] = {"blocks": blocks, "layers": draw(st.sampled_from(LAYERS))}
    if blocks and names and draw(st.booleans()):
        numbers = st.lists(st.integers(1, len(blocks)), max_size=len(blocks), unique=True)
        found["apart"] = draw(st.dictionaries(st.sampled_from(names), numbers, max_size=2))
    return found


@st.composite
def estates(draw: st.DrawFn, features: Features) -> Model:
    """A model whose targets have random encodings; some have none by parts."""
    make: Any = aws.placement
    model = draw(models("aws", make("groups"), features, RESIDUALS))
    draft = draft_of(model)
    chosen: dict[str, Any] = {}
    for target in model.targets:
        names = sorted(piece_names(draft, target).values())
        chosen[target.name] = draw(
            st.one_of(encodings(names), encodings(names), st.sampled_from(("groups", "cells")))
        )
    return encoded(model, chosen)


@given(data=st.data())
@SOME
def test_whatever_blocks_there_are_the_meaning_is_the_same(data: st.DataObject) -> None:
    with aws.unlimited():
        model = data.draw(estates(SMALL))
        done = compiled(model)
        assert not list(aws.faults(done.fragment))
        proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
        assert proof.status == "equal", proof.text()


@given(data=st.data(), seed=st.integers(0, 2**16))
@SOME
def test_packets_pass_as_the_policies_say(data: st.DataObject, seed: int) -> None:
    with aws.unlimited():
        model = data.draw(estates(SMALL))
        done = compiled(model)
        document = aws.stack(model, done.fragment)
        proof = prove(model, document, intent=done.intent, residuals=done.residuals)
        assume(not proof.accepted)  # an accepted residual lets packets differ
        oracle, passes = Oracle(model), aws.packets(model, document)
        packets = list(sample(oracle, seed))
        assume(packets)
        wrong = [p for p in packets if passes(p) != oracle.passes(p)]
        assert not wrong, f"{len(wrong)} packets, first {wrong[0]}"


@given(data=st.data())
@SOME
def test_a_cover_is_the_far_ends_and_never_more_groups_than_theirs(data: st.DataObject) -> None:
    with aws.unlimited():
        model = data.draw(estates(SMALL))
        draft = draft_of(model)
        for target in model.targets:
            encoding, keys = pinned(draft, target), draft.keys_of[target.name]
            assume(keys)
            groups = draft.groups(target, encoding)
            far = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=4, unique=True))
            found = {group for group, _ in Cover(draft, target, groups, encoding).of({k: {} for k in far})}
            own = {group for key in far for group in groups.of(key)}
            event("fewer" if len(found) < len(own) else "as many")
            event("of other blocks" if found - own else "their own")
            assert len(found) <= len(own)
            held = [{g for k in far for g in groups.of(k)}]
            for one in groups.carried[target.name]:
                assert own.isdisjoint(one.groups) == found.isdisjoint(one.groups), held


@given(data=st.data(), chance=st.randoms(use_true_random=False))
@SOME
def test_order_changes_no_byte(data: st.DataObject, chance: random.Random) -> None:
    with aws.unlimited():
        model = data.draw(estates(SMALL))
        policies = tuple(
            replace(p, rules=tuple(chance.sample(p.rules, len(p.rules)))) for p in model.policies
        )
        workloads = tuple(chance.sample(model.workloads, len(model.workloads)))
        other = replace(model, policies=policies[::-1], workloads=workloads, targets=model.targets[::-1])
        one, two = compiled(model), compiled(other)
        assert canonical_json(one.fragment) == canonical_json(two.fragment)


@given(data=st.data())
@SOME
def test_what_is_pinned_reads_as_it_was_written(data: st.DataObject) -> None:
    with aws.unlimited():
        model = data.draw(estates(SMALL))
        draft = draft_of(model)
        for target in model.targets:
            found = pinned(draft, target)
            text = encoding_text(found, piece_names(draft, target))
            assert read(draft, target, encoding_of(text)) == found


def referring(fragment: Mapping[str, Any]) -> dict[str, Any]:
    """The rules whose far end is a group."""
    if "resource" not in fragment:
        return {}
    return {k: body for k, body in rules_of(fragment).items() if "referenced_security_group_id" in body}


def with_one_more(model: Model, labels: Mapping[str, str], addresses: Sequence[str]) -> Model:
    """The model with a machine more, at addresses that nobody has."""
    more = Workload("more", tuple(sorted(labels.items())), (Interface("", Addresses.of(*addresses)),))
    return replace(model, workloads=tuple(sorted((*model.workloads, more), key=lambda w: w.name)))


ADDRESSES = st.sampled_from((["10.0.0.14"], ["fd00::e"], ["10.0.0.14", "fd00::e"]))


@given(data=st.data(), addresses=ADDRESSES)
@SOME
def test_one_more_of_a_kind_changes_no_rule(data: st.DataObject, addresses: Sequence[str]) -> None:
    with aws.unlimited():
        model = data.draw(estates(BY_LABEL))
        mine = [
            w
            for w in model.workloads
            if any(one.realm == "default" for one in w.interfaces) and not w.is_class
        ]
        assume(mine)
        like = data.draw(st.sampled_from(mine))
        more = with_one_more(model, like.label_map, addresses)
        event("one of several families" if len(addresses) > 1 else "of one family")
        before, after = referring(compiled(model).fragment), referring(compiled(more).fragment)
        event("some rules" if before else "no rules")
        assert before == after


@given(data=st.data(), addresses=ADDRESSES)
@SOME
def test_rules_stay_right_for_who_comes_later(data: st.DataObject, addresses: Sequence[str]) -> None:
    """Whatever its labels: what was written without it lets nothing in, or out, that is not allowed."""
    with aws.unlimited():
        model = data.draw(estates(BY_LABEL))
        keys = model.schema.keys
        required = {key.name for key in keys if key.required}
        labels = {
            key: data.draw(st.sampled_from(values))
            for key, values in VALUES.items()
            if key in required or data.draw(st.integers(0, 3))
        }
        later = with_one_more(model, labels, addresses)
        before, after = compiled(model).fragment, compiled(later)
        proof = prove(later, after.fragment, intent=after.intent, residuals=after.residuals)
        assert proof.status == "equal", proof.text()
        assume("resource" in before)
        document = carrying(before, after.fragment)
        oracle, passes = Oracle(later), aws.packets(later, aws.stack(later, document))
        for packet in packets_of(oracle, "more"):
            assert not passes(packet) or oracle.passes(packet), packet


def carrying(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Rules of before among groups, every group free to send, and who carries which of them later."""
    there = before["resource"]["aws_security_group"]
    ingress = before["resource"].get("aws_vpc_security_group_ingress_rule", {})
    egress = {
        key: {
            "security_group_id": f"${{aws_security_group.{key}.id}}",
            "ip_protocol": "-1",
            "cidr_ipv4": "0.0.0.0/0",
        }
        for key in there
    }
    six = {
        f"{key}-6": {**{k: v for k, v in body.items() if k != "cidr_ipv4"}, "cidr_ipv6": "::/0"}
        for key, body in egress.items()
    }
    locals_ = dict(after["locals"])
    for name in [n for n in locals_ if n.startswith("segkit-group_")]:
        key = name.removeprefix("segkit-group_")
        if key in there:
            locals_[name] = f"${{aws_security_group.{key}.id}}"
        else:
            del locals_[name]
    return {
        "resource": {
            "aws_security_group": there,
            "aws_vpc_security_group_ingress_rule": {
                k: b for k, b in ingress.items() if "referenced_security_group_id" in b
            },
            "aws_vpc_security_group_egress_rule": {**egress, **six},
            "aws_network_interface_sg_attachment": after["resource"].get(
                "aws_network_interface_sg_attachment", {}
            ),
        },
        "locals": locals_,
    }


def packets_of(oracle: Oracle, name: str) -> Iterator[Packet]:
    """Packets to and from a machine."""
    spots = list(oracle.spots())
    for one in (spot for spot in spots if spot.workload and spot.workload.name == name):
        for other in spots:
            if other.realm == one.realm and other.family == one.family and other.workload and other != one:
                for protocol, x in oracle.services(one.family):
                    ends = ((one, other), (other, one))
                    yield from (Packet(a, b, protocol, x) for a, b in ends if oracle.owners(b))


def shop(apps: object, encoding: object, *, age: bool = False) -> Model:
    """The web servers of each application reach a database; with `age`, all but the old ones do."""
    seg = Segmentation("shop", schema={"app": apps, "role": ["web", "db"], "age": ["old"]})
    web, old, db = seg.group("web", L.role == "web"), seg.group("old", L.age == "old"), L.role == "db"
    if age:
        seg.policy("never", "global", owner="o").deny(old, db, tcp(443))
    policy = seg.policy("p", "application", owner="o")
    policy.allow(web, db, tcp(80))
    policy.allow(old, db, tcp(514))
    for app in ("a", "b"):
        policy.allow((L.role == "web") & (L.app == app), db, tcp(443))
        seg.workload(f"web-{app}", {"app": app, "role": "web"}, [f"10.0.0.{ord(app)}"])
    seg.workload("old", {"app": "a", "role": "web", "age": "old"}, ["10.0.1.1"])
    seg.workload("db", {"app": "a", "role": "db"}, ["10.0.1.2"])
    seg.target("t", "aws", placement={"vpc_id": "vpc-1", "encoding": encoding})
    return seg.build()


def entering(model: Model, port: int = 443) -> list[str]:
    """The groups that a database lets in."""
    done = compile_model(model)
    assert prove(model, done.fragment).ok
    bodies = done.fragment["resource"]["aws_vpc_security_group_ingress_rule"].values()
    found = (body["referenced_security_group_id"] for body in bodies if body["from_port"] == port)
    return sorted(name.split(".")[1].removeprefix("t_") for name in found)


EVERY_APP = {"values": ["a", "b"], "required": True}
LAYERED = {"layers": [["role"], ["age"], ["age", "app", "role"]]}


def test_a_group_of_another_block_is_named_where_it_is_the_far_ends() -> None:
    assert entering(shop(EVERY_APP, LAYERED)) == ["web"]


def test_a_group_that_is_the_far_ends_of_today_alone_is_not_named() -> None:
    """Nobody is of a third application, or of none; who will be is not let in."""
    for apps in ({"values": ["a", "b", "c"], "required": True}, ["a", "b"]):
        found = entering(shop(apps, LAYERED))
        assert len(found) > 1 and "web" not in found


def test_who_is_in_no_other_selector_of_a_block_is_known_of_its_group() -> None:
    """In a block with `old`, the group of `web` alone is of those that are not old."""
    assert len(entering(shop(EVERY_APP, LAYERED, age=True))) == 2
    blocks = {**LAYERED, "blocks": [["old", "web"]]}
    assert entering(shop(EVERY_APP, blocks, age=True)) == ["web"]
    assert len(entering(shop(EVERY_APP, blocks, age=True), 80)) == 2


def test_a_selector_in_several_blocks_has_its_rules_in_the_first() -> None:
    blocks = {**LAYERED, "blocks": [["old"], ["old", "web"]]}
    model = shop(EVERY_APP, blocks, age=True)
    assert entering(model) == ["web"]
    assert entering(model, 514) == ["old"]
    held = members(model)["old"]
    assert len(held) == 2 and "old" in held


def members(model: Model) -> dict[str, list[str]]:
    """The groups that each machine carries."""
    found = compile_model(model).fragment["locals"]
    names = {key: body for key, body in found.items() if key.startswith("segkit_t_")}
    words = {
        key: [g.split("segkit-group_t_")[1].rstrip("}") for g in body["groups"]]
        for key, body in names.items()
    }
    return {key.removeprefix("segkit_t_"): groups for key, groups in words.items()}


def test_who_is_spared_a_block_is_told_by_the_last_layer() -> None:
    blocks = {**LAYERED, "blocks": [["old", "web"]]}
    before = members(shop(EVERY_APP, blocks))
    after = members(shop(EVERY_APP, {**blocks, "apart": {"old": [1]}}))
    assert len(before["old"]) == 2 and len(after["old"]) == 1
    assert not any(set(after["old"]) & set(groups) for groups in before.values())
    assert {**before, "old": []} == {**after, "old": []}


def test_one_group_is_never_carried_for_two_blocks() -> None:
    """Who is spared a block that tells of a selector too, which has its rules elsewhere."""
    blocks = {"blocks": [["web", "x"], ["web", "y"], ["old", "x"]], "layers": [["age", "app", "role"]]}
    seg = Segmentation("spared")
    names = {"web": L.role == "web", "old": L.age == "old", "x": L.x == "yes", "y": L.y == "yes"}
    policy = seg.policy("p", "application", owner="o")
    for number, (name, predicate) in enumerate(names.items()):
        policy.allow(seg.group(name, predicate), L.role == "db", tcp(number + 1))
    labels = ({"role": "web", "age": "old"}, {"role": "web", "age": "old", "x": "yes"}, {"role": "web"})
    for number, held in enumerate((*labels, {"role": "db"})):
        seg.workload(f"w{number}", held, [f"10.0.0.{number + 1}"])
    encoding = {**blocks, "apart": {"old": [2]}}
    seg.target("t", "aws", placement={"vpc_id": "vpc-1", "encoding": encoding})
    found = members(seg.build())
    assert all(len(set(groups)) == len(groups) for groups in found.values())
    assert "web" in found["w0"] and "web-in-block-4" in found["w0"]
    assert "web-in-block-4" in found["w1"] and "web" not in found["w1"]


def test_a_group_that_stands_for_several_blocks_can_be_cut() -> None:
    apart = {**LAYERED, "blocks": [["old", "web"]], "apart": {"old": [1]}}
    (name,) = members(shop(EVERY_APP, apart))["old"]
    model = shop(EVERY_APP, {**apart, "shards": {name: 2}})
    assert members(model)["old"] == [name, f"{name}-part-2"]
    assert {port: entering(model, port) for port in (80, 443, 514)} == {
        port: entering(shop(EVERY_APP, apart), port) for port in (80, 443, 514)
    }
