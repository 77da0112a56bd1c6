"""Reading a file piece by piece finds what reading it whole would, whatever the pieces."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from segkit.errors import Problem, SegkitError
from segkit.model import Inventory, load_inventory
from segkit.model.document import Document
from segkit.model.findings import Findings
from segkit.model.json_stream import json_entries
from segkit.model.text_stream import TextStream, Unreadable
from segkit.model.yaml_places import parse_yaml
from segkit.model.yaml_stream import yaml_entries

TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=8)
LABELS = st.dictionaries(TEXTS.filter(lambda key: key == key.strip()), TEXTS, max_size=3)
ADDRESSES = st.lists(
    st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str), st.just("10.0.0.0/8")),
    min_size=1,
    max_size=3,
)
SINGLE = {"addresses": ADDRESSES, "realm": TEXTS, "network": TEXTS, "interface_id": TEXTS}
PARTS = {"addresses": ADDRESSES, "realm": TEXTS, "network": TEXTS, "foreign": st.lists(TEXTS, max_size=2)}
PLAIN = st.fixed_dictionaries({"name": TEXTS}, optional={"labels": LABELS, **SINGLE})
SEVERAL = st.fixed_dictionaries(
    {
        "name": TEXTS,
        "interfaces": st.lists(
            st.fixed_dictionaries({"name": TEXTS}, optional=PARTS), min_size=1, max_size=3
        ),
    },
    optional={"labels": LABELS, "realm": TEXTS},
)
CLASSES = st.fixed_dictionaries(
    {"name": TEXTS}, optional={"labels": LABELS, "networks": ADDRESSES, "realm": TEXTS}
)
INVENTORIES = st.fixed_dictionaries(
    {},
    optional={"workloads": st.lists(PLAIN | SEVERAL, max_size=4), "classes": st.lists(CLASSES, max_size=2)},
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside, max_size=3),
    max_leaves=12,
)


def _nobody(done: int) -> None:
    """Nobody wants to know how far it is."""


def stream(raw: bytes | str, size: int, found: Findings, name: str = "i") -> TextStream:
    """A stream that gets at most `size` bytes at a time."""
    data = io.BytesIO(raw if isinstance(raw, bytes) else raw.encode())
    return TextStream(lambda wanted: data.read(min(wanted, size)), name, found, _nobody)


def joined(documents: list[Document]) -> Any:
    """The whole that documents are parts of."""
    *parts, top = documents
    assert top.under == ()
    for part in parts:
        key, at = part.under
        assert len(top.data[key]) == at
        top.data[key].append(part.data)
    return top.data


def of(path: Path, text: str | bytes) -> Inventory | tuple[Problem, ...]:
    """What reading a file gives: workloads or problems."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        return load_inventory(path)
    except SegkitError as error:
        return error.problems


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inventories")


def place(text: str, at: int, name: str = "i") -> str:
    """`file:line:column` of an offset."""
    return f"{name}:{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"


@given(st.dictionaries(st.text(max_size=4), JSON | st.lists(JSON), max_size=3), st.integers(1, 40), st.data())
def test_json_in_pieces_is_the_json(whole: dict[str, Any], size: int, data: st.DataObject) -> None:
    indent = data.draw(st.sampled_from([None, 0, 3]))
    text = json.dumps(whole, indent=indent, ensure_ascii=data.draw(st.booleans()))
    found = Findings()
    with suppress(UnicodeEncodeError):  # half of a surrogate pair is no text of a file
        assert joined(list(json_entries(stream(text, size, found), found, piece=1))) == whole
        assert found.errors == []


@given(INVENTORIES, st.integers(1, 40), st.data())
def test_json_is_refused_where_the_standard_library_refuses_it(
    whole: Any, size: int, data: st.DataObject
) -> None:
    text = json.dumps(whole, indent=data.draw(st.sampled_from([None, 1])), ensure_ascii=False)
    at = data.draw(st.integers(0, len(text)))
    odd = data.draw(st.sampled_from(['"', ",", "}", "]", "\\", "x", "NaN", "/", "\n", ""]))
    text = (text[:at] + odd + text[at:])[: data.draw(st.integers(0, len(text)) | st.just(len(text) + 3))]
    found = Findings()
    with suppress(Unreadable):
        list(json_entries(stream(text, size, found), found, piece=size))
    places = [p.where for p in found.errors if "JSON" in p.what]

    def constant(word: str) -> None:
        raise ValueError(word)

    try:
        json.loads(text, parse_constant=constant)
    except json.JSONDecodeError as error:
        # Newer versions of Python point at a trailing comma itself.
        if text.strip() and not error.msg.startswith("Illegal trailing comma"):
            assert places == [f"i:{error.lineno}:{error.colno}"]
    except ValueError:
        assert places == [place(text, text.index("NaN"))]
    else:
        assert places == []


@given(INVENTORIES, st.integers(1, 40), st.booleans())
def test_yaml_in_pieces_is_the_yaml(whole: dict[str, Any], size: int, flow: bool) -> None:
    text = yaml.safe_dump(whole, default_flow_style=flow, allow_unicode=True, width=20)
    found = Findings()
    read = joined(list(yaml_entries(stream(text, size, found), found)))
    parsed = parse_yaml(text, "i", found)
    assert parsed is not None and found.errors == []
    assert read == parsed.data == whole


@given(st.text("a\r\n\u2028é,", max_size=30), st.integers(1, 8), st.booleans())
def test_lines_are_those_of_the_text(text: str, size: int, mark: bool) -> None:
    raw = ("\ufeff" if mark else "") + text
    assert list(stream(raw, size, Findings()).lines()) == list(io.StringIO(text, newline=""))


@given(INVENTORIES)
def test_json_and_yaml_twins_are_the_same_inventory(folder: Path, whole: dict[str, Any]) -> None:
    from_json = of(folder / "i.json", json.dumps(whole))
    from_yaml = of(folder / "i.yaml", yaml.safe_dump(whole, allow_unicode=True, sort_keys=False))
    if isinstance(from_json, Inventory):
        assert from_json == from_yaml
    else:
        assert isinstance(from_yaml, tuple)
        assert sorted(p.what for p in from_json) == sorted(p.what for p in from_yaml)


@given(st.lists(PLAIN, max_size=5, unique_by=lambda entry: str(entry["name"])))
def test_json_and_csv_twins_are_the_same_inventory(folder: Path, entries: list[dict[str, Any]]) -> None:
    keys = sorted({key for entry in entries for key in entry.get("labels", {})})
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(
        ["name", "address", "realm", "network", "interface_id", *(f"label:{key}" for key in keys)]
    )
    for entry in entries:
        plain = (entry.get(key, "") for key in ("realm", "network", "interface_id"))
        labels = entry.get("labels", {})
        addresses = ";".join(entry.get("addresses", ()))
        writer.writerow([entry["name"], addresses, *plain, *(labels.get(key, "") for key in keys)])
    from_csv = of(folder / "i.csv", table.getvalue())
    from_json = of(folder / "i.json", json.dumps({"workloads": entries}))
    if isinstance(from_json, Inventory):
        assert from_json == from_csv
    else:
        assert isinstance(from_csv, tuple)
        assert sorted(p.what for p in from_json) == sorted(p.what for p in from_csv)


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.sampled_from([None, 0, 2]), st.booleans())
def test_every_bad_entry_is_told_with_its_line_and_column(
    folder: Path, bad: list[bool], indent: int | None, flow: bool
) -> None:
    entries = [
        {"name": f"é{n}", "labels": {"app": "é, x"}, "addresses": ["10.0.0.1", f"10.0.{n}.{999 if b else 9}"]}
        for n, b in enumerate(bad)
    ]
    wrong = [f"10.0.{n}.999" for n, b in enumerate(bad) if b]
    whole = {"workloads": entries}
    rows = (f'{e["name"]},"é, x",{" ".join(e["addresses"])}\n' for e in entries)
    texts = {
        "i.json": (json.dumps(whole, indent=indent, ensure_ascii=False), '"{}"'),
        "i.yaml": (yaml.safe_dump(whole, default_flow_style=flow, allow_unicode=True), "{}"),
        "i.csv": ("name,label:app,address\n" + "".join(rows), "10.0.0.1 {}"),
    }
    for name, (text, written) in texts.items():
        found = of(folder / name, text)
        expected = [place(text, text.index(written.format(w)), str(folder / name)) for w in wrong]
        assert [p.where for p in (found if isinstance(found, tuple) else ())] == expected


WHOLE = json.dumps({"workloads": [{"name": "a", "labels": {"b": "c"}}], "classes": [{"name": "d"}]}, indent=1)


def test_a_file_that_was_cut_off_is_never_read_as_a_shorter_one(folder: Path) -> None:
    assert isinstance(of(folder / "i.json", WHOLE), Inventory)
    for end in range(1, len(WHOLE)):
        (problem,) = of(folder / "i.json", WHOLE[:end])  # type: ignore[misc]
        assert problem.what.startswith("not valid JSON")
    flow = "{workloads: [{name: a, addresses: [10.0.0.1]}]}"
    for end in range(1, len(flow)):
        (problem,) = of(folder / "i.yaml", flow[:end])  # type: ignore[misc]
        assert problem.what.startswith("not valid YAML")
    (problem,) = of(folder / "i.csv", 'name,address\na,10.0.0.1\nb,"10.0.0.2')  # type: ignore[misc]
    assert problem.what == "not valid CSV: unexpected end of data"


LINES = {
    "i.json": ('{"workloads": [\n', ' {"name": "é%d", "addresses": ["%s"]},\n'),
    "i.yaml": ("workloads:\n", "- {name: é%d, addresses: [%s]}\n"),
    "i.csv": ("name,address\n", "é%d,%s\n"),
}


@pytest.mark.parametrize("name", LINES)
def test_a_byte_that_is_not_utf8_does_not_hide_what_comes_before_it(name: str, here: Path) -> None:
    head, line = LINES[name]
    text = "".join(
        [head, *(line % (n, "10.0.0.256" if n == 7 else "10.0.0.1") for n in range(20_000)), "  é"]
    )
    raw = text.encode()
    bad, broken = of(Path(name), raw + b"\xe9x")  # type: ignore[misc]
    assert (bad.where, broken.where) == (
        place(text, text.index("10.0.0.256") - (name == "i.json"), name),
        place(text, len(text), name),
    )
    assert broken.what == f"the file is not UTF-8: byte 0xe9 at offset {len(raw)}"


@pytest.mark.parametrize("name", LINES)
def test_a_byte_order_mark_is_no_text(name: str, here: Path) -> None:
    head, line = LINES[name]
    text = head + line % (1, "10.0.0.1") + ('{"name": "b"}]}' if name == "i.json" else "")
    assert of(Path(name), text) == of(Path(name), text.encode("utf-8-sig"))
    cut = head.encode("utf-8-sig")[:2]
    assert isinstance(of(Path(name), cut), tuple)


def test_an_entry_with_a_mistake_does_not_hide_the_others(here: Path) -> None:
    text = """{"workloads": [{"name": "a", "name": "b"}, 7,
 {"name": "c", "labels": {"x": "1", "x": "2"}}, {"nam": "d"}], "workloads": [], "clases": [7, 8]}"""
    found = of(Path("i.json"), text)
    assert [f"{p.where} {p.what}" for p in (found if isinstance(found, tuple) else ())] == [
        "i.json:1:30 the key 'name' is written twice (first in line 1)",
        "i.json:1:44 workloads[1] should be keys and values, not 7",
        "i.json:2:37 the key 'x' is written twice (first in line 2)",
        "i.json:2:50 workloads[3]: unknown key 'nam'",
        "i.json:2:64 the key 'workloads' is written twice (first in line 1)",
        "i.json:2:81 top level: unknown key 'clases'",
    ]
    found = of(
        Path("i.yaml"), "workloads:\n- {name: a, name: b}\n- c\n- {name: d, labels: {yes: x}}\n7: []\n"
    )
    assert [f"{p.where} {p.what}" for p in (found if isinstance(found, tuple) else ())] == [
        "i.yaml:2:13 the key 'name' is written twice (first in line 2)",
        "i.yaml:3:3 workloads[1] should be keys and values, not c",
        "i.yaml:4:22 the key yes is read as true or false, not as text",
        "i.yaml:5:1 the key 7 is read as a number, not as text",
    ]
