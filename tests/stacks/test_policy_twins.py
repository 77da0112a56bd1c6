"""The stacks' policies as YAML mean, and become, exactly what the Python ones do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from segkit.artifacts import canonical_json
from segkit.compiler import compile_model
from segkit.model import dump_intent, load_policies
from segkit.model.json_schema import json_schema
from tests.stacks.conftest import Synthesised

STACKS = Path(__file__).resolve().parents[2] / "stacks"
FOLDERS = ["online_boutique", "pci_three_tier"]
STACK_OF = {"online_boutique": "boutique", "pci_three_tier": "pci"}


def declared(intent: bytes) -> dict[str, object]:
    """An intent file without where things were declared."""
    data: dict[str, object] = json.loads(intent)
    del data["where"]
    return data


@pytest.mark.parametrize("name", FOLDERS)
def test_yaml_and_python_give_the_same_intent_and_terraform(
    name: str, request: pytest.FixtureRequest, settings: pytest.MonkeyPatch
) -> None:
    python: Synthesised = request.getfixturevalue(STACK_OF[name])
    files = load_policies(STACKS / name / "policies").build()
    ours, theirs = dump_intent(files), dump_intent(python.model)
    assert declared(ours) == declared(theirs)
    assert ours.partition(b'"where"')[0] == theirs.partition(b'"where"')[0]
    mine, other = compile_model(files).fragment, compile_model(python.model).fragment
    assert canonical_json(mine) == canonical_json(other)
    for kind, resources in mine["resource"].items():
        for address, body in resources.items():
            # In the stack's output references stand as they do in the fragment.
            assert set(body) <= set(python.document["resource"][kind][address]), (kind, address)


@pytest.mark.parametrize("name", FOLDERS)
def test_every_rule_has_file_and_line(name: str) -> None:
    for rule in load_policies(STACKS / name / "policies", today="2026-11-20").build().rules:
        path, line = rule.where.rsplit(":", 1)
        text = Path(path).read_text(encoding="utf-8").splitlines()
        assert rule.id.partition("/")[2] in text[int(line) - 1], rule.where


FILES = sorted(p for name in FOLDERS for p in (STACKS / name).glob("policies/**/*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(STACKS)))
def test_editors_find_the_schema_and_nothing_to_complain_of(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    line = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert line is not None
    schema = (path.parent / line[1]).resolve()
    assert json.loads(schema.read_bytes()) == json_schema(schema.name.partition(".")[0])
    data = yaml.load(text, Loader=yaml.BaseLoader)  # every value as text, as editors read dates
    if schema.name.startswith("policy"):
        Draft202012Validator(json_schema("policy")).validate(data)
