"""Two forms of one configuration as one."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.artifacts.bridge import Apart, Joins, bridge
from segkit.errors import SegkitError

RULE = Apart("name", "priority", ("direction",), 20)


def rules(*given: tuple[str, int, str]) -> dict[str, Any]:
    """A security group with rules: name, priority, ports."""
    items = [{"name": n, "priority": p, "direction": "in", "ports": ports} for n, p, ports in given]
    return {"resource": {"group": {"g": {"rule": items}}}}


def listed(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, int, str]]:
    done = bridge(old, new, Joins(items={"group": ("rule", RULE, "")}))
    return [(r["name"], r["priority"], r["ports"]) for r in done["resource"]["group"]["g"]["rule"]]


def test_items_of_either_list_are_there_once() -> None:
    assert listed(rules(("a", 1, "80"), ("b", 2, "81")), rules(("b", 2, "81"), ("c", 3, "82"))) == [
        ("a", 1, "80"),
        ("b", 2, "81"),
        ("c", 3, "82"),
    ]


def test_an_item_that_changes_is_there_twice_under_two_names() -> None:
    assert listed(rules(("a", 1, "80"), ("b", 2, "81")), rules(("a", 1, "90"), ("b", 2, "81"))) == [
        ("a", 1, "90"),
        ("b", 2, "81"),
        ("a-since", 3, "80"),
    ]


def test_an_item_that_only_moves_is_there_once_where_it_will_be() -> None:
    assert listed(rules(("a", 1, "80")), rules(("a", 7, "80"))) == [("a", 7, "80")]


def test_what_goes_makes_room_for_what_comes() -> None:
    assert listed(rules(("a", 1, "80")), rules(("b", 1, "81"))) == [("b", 1, "81"), ("a", 2, "80")]


def test_long_names_are_cut_and_differ() -> None:
    long = ["x" * 20, "x" * 19 + "y"]
    found = listed(rules(*((n, 1, "80") for n in long)), rules(*((n, 1, "81") for n in long)))
    names = [name for name, _, _ in found]
    assert len(set(names)) == 4
    assert max(map(len, names)) == 20


def test_a_resource_that_changes_is_kept_beside_and_comes_first() -> None:
    joins = Joins(beside={"rule": Apart("name")})
    old = {"resource": {"rule": {"r": {"name": "r", "ports": "80", "description": "b"}}}}
    same = {"resource": {"rule": {"r": {"name": "r", "ports": "80", "description": "a"}}}}
    assert bridge(old, same, joins) == same
    new = {"resource": {"rule": {"r": {"name": "r", "ports": "81"}}}}
    assert bridge(old, new, joins)["resource"]["rule"] == {
        "r": {"name": "r", "ports": "81", "depends_on": ["rule.r_since"]},
        "r_since": {"name": "r-since", "ports": "80", "description": "b"},
    }


def test_who_takes_a_number_waits_until_it_is_free() -> None:
    joins = Joins(beside={"rule": Apart("name", "priority")})
    old = {"resource": {"rule": {"r": {"name": "r", "priority": 1}}}}
    new = {"resource": {"rule": {"s": {"name": "s", "priority": 1}}}}
    assert bridge(old, new, joins)["resource"]["rule"] == {
        "r": {"name": "r", "priority": 2},
        "s": {"name": "s", "priority": 1, "depends_on": ["rule.r"]},
    }


def test_who_takes_the_number_of_one_that_moves_waits_for_that() -> None:
    joins = Joins(numbered={"rule": Apart(number="priority")})
    old = {"resource": {"rule": {"r": {"priority": 1}, "s": {"priority": 2}}}}
    new = {"resource": {"rule": {"r": {"priority": 2}, "s": {"priority": 3}, "t": {"priority": 1}}}}
    assert bridge(old, new, joins)["resource"]["rule"] == {
        "r": {"priority": 2, "depends_on": ["rule.s"]},
        "s": {"priority": 3},
        "t": {"priority": 1, "depends_on": ["rule.r"]},
    }


@pytest.mark.parametrize("own", ["nsg", "${group.g.name}"])
def test_a_place_is_the_same_whatever_it_waits_for(own: str) -> None:
    """Rules that wait for others name their security group by a local."""
    joins = Joins(beside={"rule": Apart("name", "priority", ("group",))})
    waits = {"locals": {"late": f'${{["{own}", m.a.id][0]}}', "soon": own}}
    old = {**waits, "resource": {"rule": {"r": {"name": "r", "priority": 1, "group": own}}}}
    for local in ("late", "soon"):
        there = {"name": "s", "priority": 1, "group": f"${{local.{local}}}"}
        found = bridge(old, {**waits, "resource": {"rule": {"s": there}}}, joins)["resource"]["rule"]
        assert {key: body["priority"] for key, body in found.items()} == {"r": 2, "s": 1}
        elsewhere = {**there, "group": "other"}
        found = bridge(old, {**waits, "resource": {"rule": {"s": elsewhere}}}, joins)["resource"]["rule"]
        assert {key: body["priority"] for key, body in found.items()} == {"r": 1, "s": 1}


def test_the_wider_of_two_numbers_counts_and_entries_are_counted() -> None:
    joins = Joins(widest={"rule": "to"}, items={"list": ("entry", Apart("cidr"), "most")})
    old = {"resource": {"rule": {"r": {"to": 90}}, "list": {"l": {"entry": [{"cidr": "a"}], "most": 1}}}}
    new = {"resource": {"rule": {"r": {"to": 85}}, "list": {"l": {"entry": [{"cidr": "b"}], "most": 1}}}}
    assert bridge(old, new, joins)["resource"] == {
        "rule": {"r": {"to": 90}},
        "list": {"l": {"entry": [{"cidr": "a"}, {"cidr": "b"}], "most": 2}},
    }


def test_a_value_waits_for_what_either_waits_for() -> None:
    old = {"locals": {"a": "${[g.x.id, r.old.id][0]}", "b": "${g.x.id}", "c": "name"}}
    new = {"locals": {"a": "${[g.x.id, r.new.id][0]}", "b": "${[g.x.id, r.new.id][0]}", "c": "name"}}
    assert bridge(old, new, Joins())["locals"] == {
        "a": "${[g.x.id, r.new.id, r.old.id][0]}",
        "b": "${[g.x.id, r.new.id][0]}",
        "c": "name",
    }


def test_lists_of_one_thing_stay_side_by_side() -> None:
    old = {"locals": {"m": {"who": "web-1", "groups": ["a", "b"], "keys": ["k", "l"]}}}
    new = {"locals": {"m": {"who": "web-1", "groups": ["c", "b"], "keys": ["m", "l"]}}}
    assert bridge(old, new, Joins())["locals"]["m"] == {
        "who": "web-1",
        "groups": ["c", "b", "a"],
        "keys": ["m", "l", "k"],
    }


def test_everything_that_can_be_in_one_form_only_is_told_at_once() -> None:
    old = {
        "locals": {"m": {"groups": ["a"]}, "v": "${x.id}", "w": {"groups": [], "who": "b"}},
        "resource": {"bound": {"b": {"to": "a"}}},
    }
    new = {
        "locals": {"m": {"groups": ["a"], "keys": ["k"]}, "v": "${y.id}", "w": {"groups": [], "who": "c"}},
        "resource": {"bound": {"b": {"to": "b"}}},
    }
    with pytest.raises(SegkitError) as refused:
        bridge(old, new, Joins(fixed={"bound": ("to",)}))
    assert [p.what.partition(" cannot")[0] for p in refused.value.problems] == [
        "bound.b",
        "local.m",
        "local.v",
        "local.w",
    ]


def test_what_is_renamed_is_one_thing() -> None:
    old = {
        "locals": {"segkit-group_t_old": "${[g.t_old.id, r.t_old_in.id][0]}"},
        "resource": {
            "g": {"t_old": {"name": "old"}},
            "r": {"t_old_in": {"in": "${g.t_old.id}"}},
            "m": {"web": {"group": "${local.segkit-group_t_old}", "depends_on": ["g.t_old"]}},
        },
        "moved": [{"from": "g.t_older", "to": "g.t_old"}],
    }
    new = {
        "locals": {"segkit-group_t_new": "${[g.t_new.id, r.t_new_in.id][0]}"},
        "resource": {
            "g": {"t_new": {"name": "old"}},
            "r": {"t_new_in": {"in": "${g.t_new.id}"}},
            "m": {"web": {"group": "${local.segkit-group_t_new}", "depends_on": ["g.t_new"]}},
        },
        "moved": [{"from": "g.t_old", "to": "g.t_new"}, {"from": "r.t_old_in", "to": "r.t_new_in"}],
    }
    assert bridge(old, new, Joins(fixed={"m": ("group",)})) == new


def test_the_former_of_a_rule_takes_no_place_that_the_rule_still_has() -> None:
    """The former is made before the rule is changed."""
    old, new = (
        {"resource": {"rule": {"r": {"name": "r", "priority": n, "direction": "in", "ports": ports}}}}
        for n, ports in ((1, "80"), (9, "81"))
    )
    found = bridge(old, new, Joins(beside={"rule": RULE}))["resource"]["rule"]
    assert {key: (body["name"], body["priority"]) for key, body in found.items()} == {
        "r": ("r", 9),
        "r_since": ("r-since", 2),
    }
    assert found["r"]["depends_on"] == ["rule.r_since"]
