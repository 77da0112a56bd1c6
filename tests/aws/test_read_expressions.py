"""Values of Terraform expressions, form by form."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.artifacts.expressions import Literal, Opaque, parse
from segkit.artifacts.scope import Block, Mapped, Ref, Scope, Unknown, spelled

BLOCKS = [
    Block("aws_security_group", "a", {"name": "alpha", "vpc_id": "${aws_vpc.main.id}"}),
    Block("aws_security_group", "b", {}),
    Block("aws_security_group", "many", {"count": 3, "vpc_id": "vpc-1"}),
    Block("aws_vpc", "main", {"cidr_block": "10.0.0.0/16"}),
    Block("aws_security_group", "seen", {"id": "sg-7"}, data=True),
    Block("aws_db_instance", "db", {"vpc_security_group_ids": ["${aws_security_group.a.id}", "sg-1"]}),
    Block("aws_loop", "x", {"value": "${aws_loop.y.value}"}),
    Block("aws_loop", "y", {"value": "${aws_loop.x.value}"}),
]
LOCALS: dict[str, Any] = {
    "ids": ["${aws_security_group.a.id}", "sg-1"],
    "map": {"web": ["sg-2"], "with space": "sg-3"},
    "again": "${local.ids}",
    "m": {"workload": "w", "interface": "", "target": "t", "groups": ["${aws_security_group.b.id}"]},
    "n": {"workload": "v", "interface": "eth1", "target": "t", "groups": '${concat(local.ids, ["sg-4"])}'},
    "nest": {"x": {"workload": "u", "interface": "", "target": "t", "groups": ["sg-5"]}},
    "self": "${local.self}",
    "ping": "${local.pong}",
    "pong": "${local.ping}",
}
A, B = Ref("aws_security_group.a", ("id",)), Ref("aws_security_group.b", ("id",))


@pytest.fixture
def scope() -> Scope:
    return Scope({block.address: block for block in BLOCKS}, LOCALS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sg-1", "sg-1"),
        ("${aws_security_group.a.id}", A),
        ("${ aws_security_group.a.id }", A),
        ("${(aws_security_group.a.id)}", A),
        ('${aws_security_group.a["id"]}', A),
        ("${aws_security_group.many[0].id}", Ref("aws_security_group.many", (0, "id"))),
        ('${aws_security_group.many["k"].id}', Ref("aws_security_group.many", ("k", "id"))),
        ("${data.aws_security_group.other.id}", Ref("data.aws_security_group.other", ("id",))),
        ("${data.aws_security_group.seen.id}", "sg-7"),
        ("${local.ids}", (A, "sg-1")),
        ("${local.ids[1]}", "sg-1"),
        ("${local.again[0]}", A),
        ("${local.map.web}", ("sg-2",)),
        ('${local.map["web"]}', ("sg-2",)),
        ('${local.map["with space"]}', "sg-3"),
        ("${local.m.groups}", (B,)),
        ("${local.nest.x.groups}", ("sg-5",)),
        ("${local.n.groups}", (A, "sg-1", "sg-4")),
        ('${concat(local.m.groups, ["sg-1"])}', (B, "sg-1")),
        ('${distinct(concat(local.ids, ["sg-1"]))}', (A, "sg-1")),
        ("${toset(local.ids)}", (A, "sg-1")),
        ("${tolist(toset(local.ids))}", (A, "sg-1")),
        ('${flatten([["sg-1"], [["sg-2"]]])}', ("sg-1", "sg-2")),
        ('${compact(["sg-1", "", null])}', ("sg-1",)),
        ('${setunion(["sg-1"], ["sg-1", "sg-2"])}', ("sg-1", "sg-2")),
        ("${[aws_security_group.a.id, aws_security_group.b.id][0]}", A),
        ("${[aws_security_group.a.id, aws_security_group.b.id][1]}", B),
        ("${[local.ids, aws_loop.x.id][0]}", (A, "sg-1")),
        ("${aws_vpc.main.cidr_block}", "10.0.0.0/16"),
        ("${aws_security_group.a.vpc_id}", Ref("aws_vpc.main", ("id",))),
        ("${aws_db_instance.db.vpc_security_group_ids}", (A, "sg-1")),
        ("$${not.a.reference}", "${not.a.reference}"),
        ("%%{if}", "%{if}"),
        ("a-${local.ids[1]}", "a-sg-1"),
        ('${"sg-1"}', "sg-1"),
        ('${"a\\"b\\u0041"}', 'a"bA'),
        ("${443}", 443),
        ("${true}", True),
        ("${null}", None),
        ("${tostring(aws_security_group.a.id)}", A),
    ],
)
def test_known_forms(scope: Scope, text: str, expected: object) -> None:
    assert scope.value(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${var.groups}", "var.groups"),
        ("${each.value}", "each.value"),
        ("${count.index}", "count.index"),
        ("${module.net.group_id}", "module.net.group_id"),
        ("${local.nothing}", "local.nothing"),
        ("${local.map.nothing}", "{...}.nothing"),
        ("${local.self}", "local.self"),
        ("${local.ping}", "local.ping"),
        ("${true ? local.ids : []}", "true ? local.ids : []"),
        ("${[for s in local.ids : s]}", "[for s in local.ids : s]"),
        ("${aws_security_group.many[*].id}", "aws_security_group.many[*].id"),
        ("${aws_security_group.many.*.id}", "aws_security_group.many.*.id"),
        ("${1 + 1}", "1 + 1"),
        ('${lookup(local.map, "web")}', "lookup({...}, web)"),
        ("${local.ids[9]}", "[aws_security_group.a.id, sg-1][9]"),
        ('${["sg-1"][4]}', "[...][4]"),
        ("x-${var.name}", "x-${var.name}"),
        ("%{ if true }sg-1%{ endif }", "%{ if true }sg-1%{ endif }"),
        ("${unclosed", "${unclosed"),
        ("${concat(local.ids...)}", "concat(local.ids...)"),
    ],
)
def test_everything_else_is_unknown_with_its_text(scope: Scope, text: str, said: str) -> None:
    value = scope.value(text)
    assert isinstance(value, Unknown)
    assert value.text == said


def test_an_unknown_element_stays_among_the_known_ones(scope: Scope) -> None:
    assert scope.value('${concat(local.ids, var.more, ["sg-2"])}') == (A, "sg-1", Unknown("var.more"), "sg-2")


def test_configured_arguments_are_not_read_through_repeated_resources(scope: Scope) -> None:
    assert scope.value("${aws_security_group.many.vpc_id}") == Ref("aws_security_group.many", ("vpc_id",))


def test_arguments_that_depend_on_themselves_end(scope: Scope) -> None:
    assert isinstance(scope.value("${aws_loop.x.value}"), Ref)


@pytest.mark.parametrize(
    ("text", "workloads"),
    [
        ("${local.m.groups}", ["w"]),
        ('${local.m["groups"]}', ["w"]),
        ("${concat(local.m.groups, local.n.groups)}", ["w", "v"]),
        ("${local.nest.x.groups}", ["u"]),
        ("${[local.m.groups, local.n.groups][0]}", ["w"]),
        ("${local.m.workload}", []),
        ("${local.ids}", []),
    ],
)
def test_which_published_membership_a_value_came_from(scope: Scope, text: str, workloads: list[str]) -> None:
    trail: list[Mapped] = []
    scope.value(text, trail)
    assert [mapped.entries["workload"] for mapped in trail] == workloads


def test_parsing_never_fails() -> None:
    for text in ("${", "${}", "${a.}", "${a[", '${"', "${a(b}", "}", "${a b}", '${"\\q"}', '${"\\uZZZZ"}'):
        assert isinstance(parse(text), Opaque | Literal)


def test_mentions_follow_locals(scope: Scope) -> None:
    assert scope.mentions("${local.again}") == {"aws_security_group.a"}
    assert scope.mentions({"x": ["${data.aws_security_group.seen.id}"]}) >= {"data.aws_security_group.seen"}


def test_one_text_for_one_reference(scope: Scope) -> None:
    assert (
        spelled(scope.value('${aws_vpc.main["id"]}'))
        == spelled(scope.value("${aws_vpc.main.id}"))
        == "aws_vpc.main.id"
    )


MEMORIES: dict[str, Any] = {
    **LOCALS,
    "via": "${local.m.groups}",
    "both": ["${local.via}", "${local.n.groups}"],
    "ring": ["${local.ping}", "${local.m.groups}"],
    "round": ["${local.ring}", "${local.around}"],
    "around": ["${local.round}", "sg-6"],
}
ASKED = [f"${{local.{name}}}" for name in ("via", "both", "ping", "pong", "ring", "round", "around")]


@pytest.mark.parametrize("second", [*ASKED, "${local.m.groups}"])
@pytest.mark.parametrize("first", ASKED)
def test_an_answer_is_the_same_whatever_was_asked_before(first: str, second: str) -> None:
    """Values are kept: neither the memberships on the way nor a circle cut short may be lost or stay."""
    blocks = {block.address: block for block in BLOCKS}
    asked, fresh = Scope(blocks, MEMORIES), Scope(blocks, MEMORIES)
    asked.value(first, [])
    trails: tuple[list[Mapped], list[Mapped]] = [], []
    assert asked.value(second, trails[0]) == fresh.value(second, trails[1])
    assert trails[0] == trails[1]


@pytest.mark.parametrize(("name", "on_the_way"), [("via", ["m"]), ("both", ["m", "n"]), ("ring", ["m"])])
def test_memberships_behind_other_locals_are_told_each_time(name: str, on_the_way: list[str]) -> None:
    asked = Scope({block.address: block for block in BLOCKS}, MEMORIES)
    for _ in range(2):
        trail: list[Mapped] = []
        asked.value(f"${{local.{name}}}", trail)
        assert trail == [Mapped(MEMORIES[local]) for local in on_the_way]
