"""An estate in parts: one for each combination of labels, and nobody between them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from segkit import L
from segkit.errors import SegkitError
from segkit.model import Segmentation, dump_intent, load_intent, load_policies

SCHEMA = {"labels": {"account": ["prod", "test"], "region": None, "role": None}}
PLACES = [("prod", "eu-west-1"), ("test", "eu-west-1"), ("prod", "us-east-1"), ("prod", "eu-west-1")]


def estate(schema: object = SCHEMA, shuffled: int = 0) -> Segmentation:
    seg = Segmentation("retail", schema=schema, today="2026-06-01")  # type: ignore[arg-type]
    workloads = list(enumerate(PLACES))
    random.Random(shuffled).shuffle(workloads)
    for n, (account, region) in workloads:
        seg.workload(f"w-{n}", {"account": account, "region": region})
    return seg


def problems(seg: Segmentation) -> list[str]:
    with pytest.raises(SegkitError) as refused:
        seg.build()
    return [p.text() for p in refused.value.problems]


@pytest.mark.parametrize("shuffled", range(4))
def test_a_part_for_each_combination_there_is_in_order(shuffled: int) -> None:
    seg = estate(shuffled=shuffled)
    parts = seg.split_by("account", "region")
    assert [part.name for part in parts] == [
        "retail-prod-eu-west-1",
        "retail-prod-us-east-1",
        "retail-test-eu-west-1",
    ]
    assert (parts[1]["account"], parts[1]["region"]) == ("prod", "us-east-1")
    assert str(parts[1].select) == 'account == "prod" and region == "us-east-1"'
    assert [p.name for p in seg.split_by("region")] == ["retail-eu-west-1", "retail-us-east-1"]
    seg.build()


def test_a_selector_leaves_out_who_is_to_be_in_no_part() -> None:
    seg = estate()
    seg.workload("on-site", {"role": "printer"})
    (part,) = seg.split_by("account", select=L.account == "test")
    assert str(part.select) == 'account == "test"'
    seg.build()


def test_a_key_that_the_schema_does_not_have() -> None:
    seg = estate()
    assert seg.split_by("acount") == ()
    (told,) = problems(seg)
    assert "split_by() names the label 'acount', which is not in the schema" in told
    assert "did you mean 'account'?" in told


def test_workloads_without_the_key_are_named() -> None:
    seg = estate()
    for name in ("b", "a"):
        seg.workload(name, {"account": "prod"})
    seg.split_by("account", "region")
    (told,) = problems(seg)
    assert (
        "workloads 'a', 'b': in no part of split_by('account', 'region'), for want of the label region"
        in told
    )
    assert "no stack would hold their rules" in told
    assert "split_by(…, select=L.…)" in told


def test_workloads_that_came_too_late_are_named() -> None:
    seg = estate()
    seg.split_by("region")
    seg.workload("late", {"account": "test", "region": "ap-south-1"})
    (told,) = problems(seg)
    assert "workload 'late': in no part of split_by('region')" in told
    assert "call split_by later" in told


def test_nothing_to_split_and_nothing_to_split_by() -> None:
    seg = Segmentation("retail", today="2026-06-01")
    assert seg.split_by("account") == seg.split_by() == seg.split_by("") == ()
    told = "\n".join(problems(seg))
    assert "split_by('account') gives no part" in told
    assert "split_by() names no label key" in told
    assert "split_by() takes label keys, not ''" in told


def test_two_parts_of_one_name_are_refused() -> None:
    seg = Segmentation("retail", today="2026-06-01")
    seg.workload("one", {"a": "x", "b": "y-z"})
    seg.workload("two", {"a": "x-y", "b": "Z"})
    seg.split_by("a", "b")
    (told,) = problems(seg)
    assert "the parts a=x, b=y-z and a=x-y, b=Z would both be called 'retail-x-y-Z'" in told


def test_names_hold_what_a_stack_may() -> None:
    seg = Segmentation("retail", today="2026-06-01")
    seg.workload("one", {"team": "web/öl 1"})
    assert [part.name for part in seg.split_by("team")] == ["retail-web-l-1"]


def test_the_stacks_of_a_target_are_kept_in_the_intent_file() -> None:
    seg = estate()
    for part in seg.split_by("account"):
        seg.target(part.name, "aws", part.select, stack=part.name, identities=f"{part.name}-groups")
    model = seg.build()
    assert load_intent(dump_intent(model)) == model
    assert model.stacks == (
        "retail-prod",
        "retail-prod-groups",
        "retail-test",
        "retail-test-groups",
    )


def test_a_policy_file_names_the_stacks_of_a_target(tmp_path: Path) -> None:
    path = tmp_path / "retail.yaml"
    path.write_text("targets:\n  one: {platform: aws, stack: retail-one, identities: retail-groups}\n")
    (target,) = load_policies(path).build().targets
    assert (target.stack, target.identities, target.home) == ("retail-one", "retail-groups", "retail-groups")


def test_a_stack_of_identities_that_is_the_stack_itself_is_none() -> None:
    seg = estate()
    seg.target("aws", "aws", stack="retail", identities="retail")
    (target,) = seg.build().targets
    assert (target.stack, target.identities, target.home) == ("retail", "", "retail")
