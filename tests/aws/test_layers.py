"""Encodings by parts: layers of label keys, far ends that are joined, groups that are cut."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bench.estates import realistic
from bench.models import accounts, model_of
from segkit.artifacts import canonical_json
from segkit.compiler import Compilation, compile_model, quota_reports
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.model import Model, Target
from segkit.platforms.aws.lower.choose import pinned
from segkit.platforms.aws.lower.opening import make_plan
from segkit.platforms.aws.lower.shards import group_name, needed
from segkit.platforms.base import brief, platform
from segkit.platforms.lowering.layers import Asked
from segkit.sets import ALL, L, Predicate, tcp
from segkit.sets.labels import KeyDomain
from segkit.verify import prove
from tests.aws.test_encodings import draft_of
from tests.conformance import aws
from tests.oracles import mutants_aws
from tests.strategies import Features, models

MANY = settings(
    max_examples=settings().max_examples // 3,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
RESIDUALS = tuple(sorted(set(platform("aws").capabilities.residuals) - {"unproved"}))
LAYERS = (
    [["role"], ["app"], ["app", "role"]],
    [["app", "env", "role"]],
    [[], ["app", "env"], ["app", "env", "role"]],
)


def compiled(model: Model) -> Compilation:
    """The model compiled, where no address is missing that nobody knows."""
    try:
        return compile_model(model)
    except SegkitError:
        assume(False)
        raise


def encoded(model: Model, encodings: Mapping[str, object]) -> Model:
    """The model with encodings pinned on its targets."""
    targets = (replace(t, placement={**t.placement, "encoding": encodings[t.name]}) for t in model.targets)
    return replace(model, targets=tuple(targets))


def cut(model: Model, number: int) -> Model:
    """The model with every group of every target cut into so many."""
    draft = draft_of(model)
    plan = make_plan(draft, {t.name: pinned(draft, t) for t in model.targets})
    shards = {
        name: {group_name(draft.names, g): number for g in groups if g.pieces}
        for name, groups in plan.groups.items()
    }
    return encoded(
        model, {t.name: {**t.placement["encoding"], "shards": shards[t.name]} for t in model.targets}
    )


@given(data=st.data(), layers=st.sampled_from(LAYERS), shards=st.integers(1, 3))
@MANY
def test_layers_and_cut_groups_mean_the_same(
    data: st.DataObject, layers: Sequence[Sequence[str]], shards: int
) -> None:
    with aws.unlimited():
        make: Any = aws.placement
        model = data.draw(models("aws", make({"layers": layers}), Features(internet=False), RESIDUALS))
        if shards > 1:
            compiled(model)
            model = cut(model, shards)
        done = compiled(model)
        proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
        assert proof.status == "equal", proof.text()


def estate(encoding: object, rules: int = 4, more: int = 0, quotas: Mapping[str, int] | None = None) -> Model:
    """Servers of some applications that many ports of a few clients reach."""
    seg = Segmentation("cut")
    clients, servers = L.role == "client", seg.group("servers", L.role == "server")
    policy = seg.policy("p", "application", owner="o")
    for number in range(rules + more):
        policy.allow(clients & (L.app == f"a{number % 3}"), servers, tcp(1000 + 10 * number), id=f"r{number}")
    for number in range(6):
        labels = {"role": "client" if number % 2 else "server", "app": f"a{number % 3}"}
        seg.workload(f"w{number}", labels, [f"10.0.0.{number + 1}"])
    seg.target("t", "aws", placement={"vpc_id": "vpc-1", "encoding": encoding, "quotas": quotas or {}})
    return seg.build()


def rules_of(fragment: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: body
        for kind, bodies in fragment["resource"].items()
        for key, body in bodies.items()
        if kind.endswith("_rule")
    }


def test_a_group_is_cut_and_its_members_carry_every_part() -> None:
    model = estate({"layers": [["role"], ["app", "role"]], "shards": {"servers": 2}}, rules=9)
    done = compile_model(model)
    groups = done.fragment["resource"]["aws_security_group"]
    (whole, part) = sorted(k for k in groups if "servers" in k)
    assert part == f"{whole}-part-2" and groups[part]["tags"]["Name"] == "cut-servers-part-2"
    held = Counter(body["security_group_id"] for body in rules_of(done.fragment).values())
    assert held[f"${{aws_security_group.{whole}.id}}"] + held[f"${{aws_security_group.{part}.id}}"] == 9
    assert held[f"${{aws_security_group.{part}.id}}"]
    assert len(done.fragment["locals"]["segkit_t_w0"]["groups"]) == 2
    named = {body.get("referenced_security_group_id", "") for body in rules_of(done.fragment).values()}
    assert not any("part" in name for name in named)
    assert prove(model, done.fragment).ok


def test_one_rule_more_moves_no_other_between_the_parts() -> None:
    pin = {"layers": [["role"], ["app", "role"]], "shards": {"servers": 3}}
    before, after = (compile_model(estate(pin, 9, more)).fragment for more in (0, 1))
    old, new = rules_of(before), rules_of(after)
    assert old == {key: new[key] for key in old}
    assert len(new) == len(old) + 2
    assert before["resource"]["aws_security_group"] == after["resource"]["aws_security_group"]


def entering(model: Model, target: str = "servers") -> dict[str, set[str]]:
    """What each part of a group lets in, by the part's name."""
    found: dict[str, set[str]] = {}
    for body in compile_model(model).fragment["resource"]["aws_vpc_security_group_ingress_rule"].values():
        name = body["security_group_id"].split(".")[1]
        if target in name:
            found.setdefault(name, set()).add(f"{body['from_port']} {body['referenced_security_group_id']}")
    return found


def test_parts_are_filled_to_the_last_rule() -> None:
    limits = {"rules_per_group": 10, "groups_per_interface": 3}
    layers = {"layers": [["role"], ["app", "role"]], "shards": {"servers": 2}}
    model = estate(layers, 20, quotas=limits)
    assert sorted(map(len, entering(model).values())) == [10, 10]
    assert prove(model, compile_model(model).fragment).ok
    with pytest.raises(SegkitError, match="needs 11 ingress rules"):
        compile_model(estate(layers, 21, quotas=limits))


def test_one_rule_more_moves_at_most_one_of_each_full_part() -> None:
    limits = {"rules_per_group": 7, "groups_per_interface": 4}
    layers = {"layers": [["role"], ["app", "role"]], "shards": {"servers": 3}}
    moves = []
    for number in range(14, 21):
        before, after = (entering(estate(layers, number, more, limits)) for more in (0, 1))
        moves.append(sum(len(held - after[name]) for name, held in before.items()))
        assert all(len(held - after[name]) <= 1 for name, held in before.items())
    assert any(moves) and max(moves) < 3


def test_how_many_parts_a_group_needs_is_found() -> None:
    model = estate({"layers": [["role"], ["app", "role"]]}, rules=20)
    draft, (target,) = draft_of(model), model.targets
    plan = make_plan(draft, {"t": pinned(draft, target)})
    assert needed(plan, draft.names, "t", 20, 5) == {}
    found = needed(plan, draft.names, "t", 12, 5)
    assert list(found) == ["servers"]
    limits = {"rules_per_group": 12}
    with pytest.raises(SegkitError, match="needs 20 ingress rules"):
        compile_model(estate({"layers": [["role"], ["app", "role"]]}, 20, quotas=limits))
    fitting = {"layers": [["role"], ["app", "role"]], "shards": found}
    assert (
        compile_model(estate(fitting, 20, quotas=limits)).report["t"]["quotas"]["rules_per_group"]["used"]
        <= 12
    )
    assert needed(plan, draft.names, "t", 1, 5) == {}


def test_a_group_with_too_many_rules_is_an_error_that_tells_how_to_cut_it() -> None:
    limits = {"rules_per_group": 12, "groups_per_interface": 2}
    with pytest.raises(SegkitError) as raised:
        compile_model(estate("groups", 20, quotas=limits))
    problem = raised.value.problems[0]
    assert problem.fix is not None
    assert 'pin the encoding {"shards": {"servers": 2}} (resources: ' in problem.fix
    assert "cut the group into several by 'shards' of the encoding" in problem.fix
    (report,) = quota_reports(estate("groups", 20, quotas=limits), "t", "auto")
    assert report.asked is not None and report.asked.encoding == {"shards": {"servers": 2}}
    model = estate(report.asked.encoding, 20, quotas=limits)
    done = compile_model(model)
    assert prove(model, done.fragment).ok
    (now,) = quota_reports(model)
    assert now.pinned.fits and now.pinned.encoding == report.asked.encoding


def test_layers_that_are_pinned_are_kept_where_cutting_a_group_is_enough() -> None:
    layers, limits = [["role"], ["app", "role"]], {"rules_per_group": 12}
    (report,) = quota_reports(estate({"layers": layers}, 20, quotas=limits))
    assert not report.pinned.fits
    fitting = [option.encoding for option in report.options if option.fits]
    assert {"layers": layers, "shards": {"servers": 2}} in fitting


def test_layers_of_other_labels_than_the_policy_asks_for_are_no_hindrance() -> None:
    seg = Segmentation("apps")
    policy = seg.policy("p", tier="application")
    for number in range(14):
        policy.allow(L.app == f"a{number}", L.app == f"a{(number + 1) % 14}", tcp(80), id=f"r{number}")
        seg.workload(f"w{number}", {"app": f"a{number}"}, [f"10.0.0.{number + 1}"])
    seg.target("t", "aws", placement={"vpc_id": "vpc-1", "encoding": {"layers": [["role"]]}})
    (report,) = quota_reports(seg.build())
    assert report.pinned.fits and "groups" in [option.encoding for option in report.options]


def test_many_selectors_get_layers_that_fit_and_mean_the_same() -> None:
    model = model_of(realistic(600, 240, 15), accounts())
    found: dict[str, object] = {t.name: "groups" for t in model.targets}
    for target in model.targets[:2]:
        (report,) = quota_reports(encoded(model, found), target.name, "auto")
        assert report.asked is not None and report.asked.fits
        found[target.name] = report.asked.encoding
        layers = [o for o in report.options if isinstance(o.encoding, dict) and "layers" in o.encoding]
        assert layers and layers[0].fits
        found[target.name] = layers[0].encoding
    raised = {t.name: 16 for t in model.targets}
    wide = tuple(
        replace(t, placement={**t.placement, "quotas": {"groups_per_interface": raised[t.name]}})
        for t in model.targets
    )
    model = encoded(replace(model, targets=wide), found)
    done = compile_model(model)
    assert prove(model, done.fragment, intent=done.intent, residuals=done.residuals).status == "equal"


def test_far_ends_that_a_deny_cut_are_named_as_one_again() -> None:
    """Who the deny is not about reaches the whole zone by one rule, not by one for each piece."""

    def made(encoding: object) -> Model:
        seg = Segmentation("join")
        clients = L.tier == "client"
        seg.policy("never", "global", owner="o").deny(
            clients & (L.kind == "batch"), (L.role == "db") & (L.kind == "x"), tcp(443)
        )
        policy = seg.policy("p", "application", owner="o")
        policy.allow(clients, L.role == "db", tcp(443))
        policy.allow(clients, L.role == "web", tcp(443))
        for number, kind in enumerate(("batch", "live", "live")):
            seg.workload(f"c{number}", {"tier": "client", "kind": kind}, [f"10.0.0.{number + 1}"])
        for number, kind in enumerate(("x", "y")):
            seg.workload(f"d{number}", {"role": "db", "kind": kind}, [f"10.0.1.{number + 1}"])
        seg.workload("web", {"role": "web"}, ["10.0.2.1"])
        seg.target("t", "aws", placement={"vpc_id": "vpc-1", "encoding": encoding})
        return seg.build()

    def entering(model: Model) -> Counter[str]:
        done = compile_model(model)
        assert prove(model, done.fragment).ok
        bodies = done.fragment["resource"]["aws_vpc_security_group_ingress_rule"].values()
        return Counter(body["security_group_id"] for body in bodies)

    joined = entering(made({"layers": [["tier"], ["kind", "role", "tier"]]}))
    assert list(joined.values()) == [1, 1, 1]


@pytest.mark.parametrize(
    ("predicate", "keys"),
    [
        (L.role == "web", {"role"}),
        ((L.role == "web") & (L.cloud == "aws"), {"role"}),
        ((L.role == "web") & (L.cloud != "gcp"), {"role"}),
        ((L.env == "p") | (L.env == "q"), set()),
        ((L.role == "web") | (L.cloud == "aws"), set()),
        (L.env == "p", {"env"}),
        (ALL, set()),
    ],
)
def test_what_a_selector_asks_for(predicate: Predicate, keys: set[str]) -> None:
    domains = {
        "env": KeyDomain(frozenset({"p", "q"}), required=True),
        "role": KeyDomain(None, required=False),
        "cloud": KeyDomain(frozenset({"aws", "gcp"}), required=False),
    }
    target = Target("t", "aws", L.cloud == "aws")
    assert Asked(target, domains).keys(predicate) == keys


@pytest.mark.parametrize(
    ("encoding", "what"),
    [
        ({"layer": [["role"]]}, "encoding has 'layer'"),
        ({"layers": ["role"]}, "layers of the encoding is"),
        ({"apart": {"servers": 1}}, "apart of the encoding is"),
        ({"apart": {"servers": [0]}}, "apart of the encoding is"),
        ({"apart": {"servers": [1]}, "blocks": [["a", "b"]]}, "encoding has apart, but no layers"),
        (
            {"apart": {"servers": [2]}, "blocks": [["a", "b"]], "layers": [["role"]]},
            "apart spares 'servers' block 2",
        ),
        ({"shards": {"servers": 1}}, "shards of the encoding is"),
        ({"shards": {"servers": "2"}}, "shards of the encoding is"),
        ({"shards": {"servers": 17}}, "shards of the encoding is"),
        ({"blocks": [["a"], ["a"]]}, "encoding has 'a' in two blocks"),
    ],
)
def test_what_is_wrong_with_the_parts_is_said(encoding: object, what: str) -> None:
    with pytest.raises(SegkitError, match=what):
        compile_model(estate(encoding))


def test_a_layer_of_labels_that_nobody_can_have_is_said() -> None:
    seg = Segmentation("s", schema={"labels": {"role": ["web"]}})
    seg.target("t", "aws", placement={"vpc_id": "vpc-1", "encoding": {"layers": [["rule"]]}})
    with pytest.raises(SegkitError, match="a layer of the encoding has 'rule'"):
        compile_model(seg.build())


def test_parts_in_a_few_words() -> None:
    assert brief({"shards": {"a": 2}}) == '{"shards": {"a": 2}}'
    assert brief({"shards": {"a": 2, "b": 3}}, 10) == "groups, 2 groups cut"
    parts = {"layers": [["env"], ["app", "env"]], "shards": {"a": 2}}
    assert brief(parts, 10) == "layers env > app+env, 1 group cut"
    more = {**parts, "blocks": [["a", "b"], ["a"]], "apart": {"b": [1]}}
    assert brief(more, 10) == "layers env > app+env, 2 blocks of 3 groups, 1 group apart, 1 group cut"


def test_mistakes_in_layers_and_parts_are_caught() -> None:
    """Mutants that let some packet pass or not, by the packet oracle, are never called equal."""
    model = estate({"layers": [["role"], ["app", "role"]], "shards": {"servers": 3}}, rules=9)
    done = compile_model(model)
    document = aws.stack(model, done.fragment)
    witnessed = 0
    for name, mutant in mutants_aws.mutants(document, 5, 150):
        if (witness := aws.judge(model, document, mutant)) is not None:
            witnessed += 1
            proof = prove(model, mutant, intent=done.intent, residuals=done.residuals)
            assert not proof.ok, f"{name} was called equal; it differs for {witness}"
    assert witnessed > 25


@given(data=st.data(), chance=st.randoms(use_true_random=False))
@MANY
def test_order_changes_no_byte(data: st.DataObject, chance: random.Random) -> None:
    with aws.unlimited():
        make: Any = aws.placement
        plain = make({"layers": LAYERS[0]})
        model = cut(data.draw(models("aws", plain, Features(internet=False), RESIDUALS)), 2)
        shuffled = tuple(
            replace(p, rules=tuple(chance.sample(p.rules, len(p.rules)))) for p in model.policies
        )
        workloads = tuple(chance.sample(model.workloads, len(model.workloads)))
        other = replace(model, policies=shuffled[::-1], workloads=workloads, targets=model.targets[::-1])
        one, two = compiled(model), compiled(other)
        assert canonical_json(one.fragment) == canonical_json(two.fragment)
