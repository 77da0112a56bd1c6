"""The bytes segkit writes, and Terraform configuration as data."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.artifacts import Fragment, canonical_json, literal, merge, reference, write_atomic
from segkit.artifacts.fragment import addresses, prune
from segkit.errors import SegkitError

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_JSON)
def test_canonical_json_parses_back_and_ignores_the_order_of_keys(data: object) -> None:
    written = canonical_json(data)
    assert json.loads(written) == data
    assert written.endswith(b"\n")
    assert canonical_json(_reversed(data)) == written


def _reversed(data: object) -> object:
    if isinstance(data, dict):
        return {key: _reversed(data[key]) for key in reversed(list(data))}
    return [_reversed(item) for item in data] if isinstance(data, list) else data


def test_canonical_json_refuses_what_has_no_json_form() -> None:
    with pytest.raises(TypeError):
        canonical_json({"a": {1, 2}})
    with pytest.raises(TypeError):
        canonical_json({1: 2})


def test_write_atomic_leaves_old_or_new_bytes_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.json"
    choices = [b"a" * 100_000, b"b" * 100_000]
    write_atomic(path, choices[0])
    seen: set[bytes] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        write_atomic(path, choices[number % 2])
    stop.set()
    reader.join()
    assert seen <= set(choices)
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]


def test_write_atomic_cleans_up_when_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        write_atomic(tmp_path / "taken", b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_write_atomic_gives_ordinary_permissions(tmp_path: Path) -> None:
    write_atomic(tmp_path / "ours", b"x")
    (tmp_path / "usual").write_bytes(b"x")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "usual").stat().st_mode
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain $5 at 10%", "plain $5 at 10%"),
        ("${a}", "$${a}"),
        ("%{if}", "%%{if}"),
        ("$${a}", "$$${a}"),
        ("$%{", "$%%{"),
    ],
)
def test_literal_escapes_templates(text: str, written: str) -> None:
    assert literal(text) == written


def test_fragment_builds_a_configuration_and_gives_references() -> None:
    part = Fragment("shop")
    group = part.resource("aws_security_group", "web", {"name": "web"})
    zone = part.data("aws_availability_zones", "all", {})
    local = part.local("web", [reference("aws_security_group.web", "id")])
    part.output("web", {"value": local})
    part.moved("aws_security_group.old", "aws_security_group.web")
    assert (group, zone, local) == (
        "${aws_security_group.web}",
        "${data.aws_availability_zones.all}",
        "${local.web}",
    )
    assert part.to_dict() == {
        "resource": {"aws_security_group": {"web": {"name": "web"}}},
        "data": {"aws_availability_zones": {"all": {}}},
        "locals": {"web": ["${aws_security_group.web.id}"]},
        "output": {"web": {"value": "${local.web}"}},
        "moved": [{"from": "aws_security_group.old", "to": "aws_security_group.web"}],
    }


def test_fragment_reports_an_address_added_twice() -> None:
    part = Fragment("shop")
    for _ in range(2):
        part.resource("aws_security_group", "web", {})
    with pytest.raises(SegkitError) as caught:
        part.to_dict()
    assert str(caught.value) == (
        "shop: aws_security_group.web is defined twice\n"
        "  why: Terraform would keep one of them and lose the other\n"
        "  fix: give one of the two another name"
    )


def test_merge_reports_every_clash_at_once() -> None:
    with pytest.raises(SegkitError) as caught:
        merge(
            {
                "resource": {"aws_vpc": {"a": {"x": 1}, "b": {}}},
                "locals": {"l": {"k": 1}},
                "terraform": {"x": 1},
            },
            {
                "resource": {"aws_vpc": {"a": {"x": 1}, "c": {}}},
                "locals": {"l": {"j": 2}},
                "terraform": {"x": 2},
            },
            where=("one.py:1", "two.py:2"),
        )
    assert [(p.where, p.what) for p in caught.value.problems] == [
        ("one.py:1 and two.py:2", "aws_vpc.a is defined twice"),
        ("one.py:1 and two.py:2", "local.l is defined twice"),
        ("two.py:2", "terraform.x is set to 1 and to 2"),
    ]


def test_merge_joins_settings_lists_and_providers() -> None:
    aws = {"source": "hashicorp/aws", "version": "5.100.0"}
    merged = merge(
        {
            "terraform": {"required_providers": {"aws": aws}},
            "provider": {"aws": {"region": "a"}},
            "moved": [{"from": "x.a", "to": "x.b"}],
        },
        {
            "terraform": {"required_providers": {"aws": aws}},
            "provider": {"aws": [{"alias": "b"}]},
            "moved": [{"from": "x.c", "to": "x.d"}],
        },
    )
    assert merged == {
        "terraform": {"required_providers": {"aws": aws}},
        "provider": {"aws": [{"region": "a"}, {"alias": "b"}]},
        "moved": [{"from": "x.a", "to": "x.b"}, {"from": "x.c", "to": "x.d"}],
    }


def test_merge_leaves_its_inputs_alone() -> None:
    one = {"resource": {"aws_vpc": {"a": {"tags": {"k": "v"}}}}}
    before = json.dumps(one)
    merge(one, {"resource": {"aws_vpc": {"b": {}}}})
    assert json.dumps(one) == before


def test_prune_drops_blocks_that_hold_nothing() -> None:
    assert prune({"resource": {"a": {}}, "data": {}, "terraform": {}, "//": {}}) == {"//": {}}
    assert prune({"resource": {"a": {}, "b": {"c": {}}}}) == {"resource": {"b": {"c": {}}}}


def test_addresses_name_everything_as_an_expression_would() -> None:
    everything = {
        "resource": {"r": {"a": {}}},
        "data": {"d": {"a": {}}},
        "locals": {"l": 1},
        "variable": {"v": {}},
        "module": {"m": {}},
        "output": {"o": {}},
        "provider": {"aws": [{}]},
    }
    assert list(addresses(everything)) == ["r.a", "data.d.a", "local.l", "var.v", "module.m", "output.o"]
