"""What is said of bad schema and inventory files: each message in full, with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segkit.errors import SegkitError
from segkit.model import Segmentation, load_inventory, load_schema
from segkit.sets import L
from tests.model.kit import text


def _said(load: Callable[[str], Any], name: str, content: str | bytes | None) -> str:
    if content is not None:
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SegkitError) as caught:
        load(name)
    return text(caught.value.problems)


SYNTAX: dict[str, tuple[str, str | bytes, str]] = {
    "json: missing comma": (
        "i.json",
        '{"workloads": [\n  {"name": "a"}\n  {"name": "b"}\n]}',
        "i.json:3:3: not valid JSON: expecting ',' delimiter\n  fix: correct the syntax there",
    ),
    "json: trailing comma": (
        "i.json",
        '{"workloads": [\n  {"name": "a"},\n]}',
        ("i.json:3:1: not valid JSON: expecting value\n  fix: remove the comma before the closing bracket"),
    ),
    "json: comment": (
        "i.json",
        "{\n// all of them\n}",
        (
            "i.json:2:1: not valid JSON: expecting property name enclosed in double quotes\n"
            "  fix: JSON has no comments; remove them, or use YAML"
        ),
    ),
    "json: two values": (
        "i.json",
        "{}\n{}",
        "i.json:2:1: not valid JSON: extra data\n  fix: a file holds one JSON value",
    ),
    "json: NaN": (
        "i.json",
        '{"workloads": NaN}',
        "i.json:1:15: not valid JSON: NaN is not JSON\n  fix: write a plain JSON value",
    ),
    "json: too deep": (
        "i.json",
        '{"workloads": ' + "[" * 100_000,
        "i.json:1:16: not usable JSON: nested too deeply\n  fix: flatten it",
    ),
    "json: one key twice": (
        "i.json",
        '{"workloads": [\n {"name": "a", "labels": {\n  "app": "x",\n  "role": "y",\n  "app": "z"}}]}',
        (
            "i.json:5:3: the key 'app' is written twice (first in line 3)\n"
            "  why: one of the two values would be lost\n  fix: keep one of them"
        ),
    ),
    "yaml: tab": (
        "i.yaml",
        "workloads:\n\t- name: a\n",
        (
            "i.yaml:2:1: not valid YAML: found character that cannot start any token\n"
            "  fix: put the value in quotes; where it is a tab, indent with spaces"
        ),
    ),
    "yaml: open bracket": (
        "i.yaml",
        "workloads: [\n",
        ("i.yaml:2:1: not valid YAML: did not find expected node content\n  fix: correct the syntax there"),
    ),
    "yaml: one key twice": (
        "i.yaml",
        "workloads:\n- name: a\n  labels:\n    app: x\n    app: y\n",
        (
            "i.yaml:5:5: the key 'app' is written twice (first in line 4)\n"
            "  why: one of the two values would be lost\n  fix: keep one of them"
        ),
    ),
    "yaml: alias": (
        "i.yaml",
        "workloads:\n- &a {name: a}\n- *a\n",
        (
            "i.yaml:3:3: YAML aliases are not read\n  why: a few lines of them can stand for gigabytes\n"
            "  fix: write the value out"
        ),
    ),
    "yaml: merge key": (
        "i.yaml",
        "workloads:\n- <<: {name: a}\n",
        "i.yaml:2:3: a key is not plain text\n  fix: write plain keys; merge keys (<<) are not read",
    ),
    "yaml: tag": (
        "i.yaml",
        "workloads: !!python/name:os.system x\n",
        (
            "i.yaml:1:12: the value 'x' has the YAML type tag:yaml.org,2002:python/name:os.system\n"
            "  fix: write plain text"
        ),
    ),
    "yaml: key that is no text": (
        "i.yaml",
        "workloads:\n- name: a\n  labels: {yes: x}\n",
        'i.yaml:3:12: the key yes is read as true or false, not as text\n  fix: quote it: "yes"',
    ),
    "yaml: two documents": (
        "i.yaml",
        "workloads: []\n---\nworkloads: []\n",
        "i.yaml:2:1: the file holds more than one YAML document\n  fix: keep one per file",
    ),
    "yaml: too deep": (
        "i.yaml",
        "workloads: " + "[" * 5000,
        "i.yaml:1:111: not usable YAML: nested too deeply\n  fix: flatten it",
    ),
    "yaml: control character": (
        "i.yaml",
        "workloads:\n- name: a\x01b\n",
        (
            "i.yaml:2:10: not valid YAML: a character that may not be there "
            "(control characters are not allowed)\n"
            "  fix: remove it"
        ),
    ),
    "csv: open quote": (
        "i.csv",
        'name,address\na,10.0.0.1\n"b,10.0.0.2\n',
        "i.csv:3:1: not valid CSV: unexpected end of data\n  fix: close the quotes of that row",
    ),
    "not UTF-8": (
        "i.json",
        b'{"workloads":\n [{"name": "caf\xe9"}]}',
        "i.json:2:16: the file is not UTF-8: byte 0xe9 at offset 29\n  fix: save it as UTF-8",
    ),
    "UTF-16": (
        "i.csv",
        "name\na\n".encode("utf-16"),
        (
            "i.csv:1:1: the file is not UTF-8: byte 0xff at offset 0\n"
            "  why: it looks like UTF-16\n  fix: save it as UTF-8"
        ),
    ),
    "empty": ("i.yaml", " \n", "i.yaml:1:1: the inventory file is empty\n  fix: write it, or leave it out"),
    "empty csv": (
        "i.csv",
        "",
        "i.csv:1:1: the inventory file is empty\n  fix: write a header: name,address,label:app",
    ),
    "format": (
        "i.toml",
        "",
        "the inventory file i.toml has an unknown format '.toml'\n  fix: use .json, .yaml, .yml or .csv",
    ),
}

SHAPES: dict[str, tuple[str, str, str]] = {
    "top level": (
        "i.json",
        "[]",
        "i.json:1:1: top level should be keys and values, not a list\n  fix: write keys and values",
    ),
    "unknown key": (
        "i.yaml",
        "workload: []\n",
        "i.yaml:1:1: top level: unknown key 'workload'\n  fix: did you mean 'workloads'?",
    ),
    "unknown key inside": (
        "i.yaml",
        "workloads:\n- name: a\n  interfaces:\n  - adresses: []\n",
        "i.yaml:4:5: workloads[0].interfaces[0]: unknown key 'adresses'\n  fix: did you mean 'addresses'?",
    ),
    "no name": (
        "i.json",
        '{"workloads": [\n {},\n {"labels": {}}]}',
        (
            "i.json:2:2: workloads[0]: 'name' is missing\n  fix: add it\n"
            "i.json:3:2: workloads[1]: 'name' is missing\n  fix: add it"
        ),
    ),
    "empty name": (
        "i.json",
        '{"workloads": [{"name": ""}]}',
        "i.json:1:25: workloads[0].name is empty\n  fix: write it, or leave the key out",
    ),
    "label that YAML reads as a number": (
        "i.yaml",
        "workloads:\n- name: a\n  labels:\n    version: 1.10\n    pci: no\n",
        (
            'i.yaml:4:14: workloads[0].labels.version should be text, not 1.10\n  fix: quote it: "1.10"\n'
            'i.yaml:5:10: workloads[0].labels.pci should be text, not no\n  fix: quote it: "no"'
        ),
    ),
    "no list": (
        "i.json",
        '{"workloads": [{"name": "a",\n "addresses": "10.0.0.1"}]}',
        "i.json:2:15: workloads[0].addresses should be a list, not '10.0.0.1'\n  fix: write a list",
    ),
    "addresses": (
        "i.json",
        '{"workloads": [{"name": "a",\n "addresses": ["10.0.0.1",\n "10.0.0.999"]}]}',
        (
            "i.json:3:2: addresses of workload 'a': 10.0.0.999 is no IPv4 address\n"
            "  fix: each of the four numbers goes from 0 to 255"
        ),
    ),
    "host bits": (
        "i.yaml",
        "classes:\n- name: asg\n  networks:\n  - 10.0.0.1/24\n",
        (
            "i.yaml:4:5: addresses of workload class 'asg': 10.0.0.1/24 has host bits set\n"
            "  fix: write 10.0.0.0/24"
        ),
    ),
    "interfaces and addresses": (
        "i.yaml",
        "workloads:\n- name: a\n  addresses: [10.0.0.1]\n  interfaces: [{name: eth0}]\n",
        (
            "i.yaml:2:3: workload 'a' has both 'interfaces' and the keys of a single interface\n"
            "  fix: move addresses, network, interface_id and foreign into 'interfaces'"
        ),
    ),
    "csv: unknown column": (
        "i.csv",
        "name,adress,app\na,10.0.0.1,x\n",
        (
            "i.csv:1:6: unknown column 'adress'\n  fix: did you mean 'address'?\n"
            "i.csv:1:13: unknown column 'app'\n  fix: for a label write label:app; known columns: address, "
            "interface, interface_id, name, network, realm"
        ),
    ),
    "csv: column twice": (
        "i.csv",
        "name,label:app,labels.app\na,x,y\n",
        (
            "i.csv:1:16: the column 'labels.app' is there twice\n"
            "  why: one of its values would be lost\n  fix: keep one"
        ),
    ),
    "csv: no name": (
        "i.csv",
        "address\n10.0.0.1\n",
        (
            "i.csv:1:1: there is no column 'name'\n"
            "  fix: name the columns in the first row: name,address,label:app"
        ),
    ),
    "csv: semicolons": (
        "i.csv",
        "name;address\na;10.0.0.1\n",
        "i.csv:1:1: the columns are not separated by commas\n  fix: save the file with commas",
    ),
    "csv: short row": (
        "i.csv",
        "name,address\na\n",
        (
            "i.csv:2:1: the row has 1 cells, the header 2\n"
            "  fix: quote cells that hold commas, and fill up short rows"
        ),
    ),
    "csv: two values for one label": (
        "i.csv",
        "name,address,label:app\na,10.0.0.1,x\nb,10.0.0.2,x\na,10.0.0.3,y\n",
        (
            "i.csv:4:12: workload 'a' has two values for label app\n"
            "  why: rows with one name are one workload, and the row at i.csv:2 says otherwise\n"
            "  fix: make the labels of its rows agree"
        ),
    ),
    "csv: one interface in two networks": (
        "i.csv",
        "name,address,network,interface_id\na,10.0.0.1,n,eni-1\na,10.0.0.2,m,eni-1\n",
        (
            "i.csv:3:14: interface 'eni-1' of workload 'a' is in two realms or networks\n"
            "  fix: make its rows agree"
        ),
    ),
}

SCHEMAS: dict[str, tuple[str, str]] = {
    "nothing in it": (
        "labels: {}\n",
        (
            "s.yaml:1:9: the label schema lists no label\n"
            "  why: a model without labels has no groups and no zones\n"
            "  fix: list the label keys in use, or leave schema= out to check none"
        ),
    ),
    "no value": (
        "labels:\n  app: []\n",
        (
            "s.yaml:2:8: label 'app' allows no value\n"
            "  why: an empty list admits nothing, and never means any\n"
            "  fix: list its values, or write null for any value"
        ),
    ),
    "value twice": (
        "labels:\n  app: [a, b, a]\n",
        "s.yaml:2:8: label 'app' lists a value twice: a\n  fix: keep one of each",
    ),
    "value that is no text": (
        "labels:\n  env:\n    values:\n    - prod\n    - 1\n",
        's.yaml:5:7: labels.env.values[1] should be text, not 1\n  fix: quote it: "1"',
    ),
    "required that is no truth value": (
        "labels:\n  env: {required: 'yes'}\n",
        "s.yaml:2:19: labels.env.required should be true or false, not yes\n  fix: write true or false",
    ),
    "unknown key": (
        "labels:\n  env: {mandatory: true}\n",
        "s.yaml:2:9: labels.env: unknown key 'mandatory'\n  fix: known: description, required, values",
    ),
    "no labels": (
        "keys: {}\n",
        (
            "s.yaml:1:1: top level: 'labels' is missing\n  fix: add it\n"
            "s.yaml:1:1: top level: unknown key 'keys'\n  fix: known: labels"
        ),
    ),
}


@pytest.mark.parametrize("case", SYNTAX)
def test_syntax(case: str, here: Path) -> None:
    name, content, expected = SYNTAX[case]
    assert _said(load_inventory, name, content) == expected


@pytest.mark.parametrize("case", SHAPES)
def test_shape(case: str, here: Path) -> None:
    name, content, expected = SHAPES[case]
    assert _said(load_inventory, name, content) == expected


@pytest.mark.parametrize("case", SCHEMAS)
def test_schema(case: str, here: Path) -> None:
    content, expected = SCHEMAS[case]
    assert _said(load_schema, "s.yaml", content) == expected


@pytest.mark.parametrize(("load", "what"), [(load_inventory, "inventory"), (load_schema, "label schema")])
def test_a_file_that_is_not_there(load: Callable[[str], Any], what: str, here: Path) -> None:
    assert _said(load, "x/missing.json", None) == (
        f"there is no {what} file x/missing.json\n  fix: create it, or correct the path (looked in x)"
    )


def test_a_folder_is_no_file(here: Path) -> None:
    (here / "x.json").mkdir()
    assert _said(load_schema, "x.json", None).startswith(
        "the label schema file x.json is a folder\n  fix: name"
    )


def test_a_billion_laughs_is_refused_at_once(here: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    assert _said(load_inventory, "i.yaml", "\n".join(lines)).startswith(
        "i.yaml:2:10: YAML aliases are not read"
    )


def test_all_files_report_together_with_the_rest(here: Path) -> None:
    (here / "i.json").write_text("{")
    (here / "s.yaml").write_text("labels:\n  app: []\n")
    one = Segmentation("retail", schema="s.yaml", inventory=["i.json", "more.csv"], where="main.py:3")
    one.policy("p", "globl", where="main.py:9")
    with pytest.raises(SegkitError) as caught:
        one.build()
    assert [(p.where, p.what) for p in caught.value.problems] == [
        (
            "i.json:1:2",
            "not valid JSON: expecting property name enclosed in double quotes",
        ),
        ("main.py:3", "there is no inventory file more.csv"),
        ("main.py:9", "unknown tier of policy 'p': 'globl'"),
        ("s.yaml:2:8", "label 'app' allows no value"),
    ]


def test_a_bad_schema_does_not_blame_the_selectors(here: Path) -> None:
    (here / "s.yaml").write_text("labels: [app]\n")
    one = Segmentation("retail", schema="s.yaml")
    one.group("web", L.role == "web")
    with pytest.raises(SegkitError) as caught:
        one.build()
    assert [p.what for p in caught.value.problems] == ["labels should be keys and values, not a list"]


def test_an_inventory_that_is_none() -> None:
    one = Segmentation("retail", inventory=7, where="main.py:1")  # type: ignore[arg-type]
    with pytest.raises(SegkitError, match="7 is no inventory"):
        one.build()
