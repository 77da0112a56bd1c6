"""The published JSON schemas of every file that people write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from segkit.model import (
    Segmentation,
    dump_intent,
)
from segkit.model.json_schema import KINDS, json_schema, schema_text
from tests.model.twin import FOLDER, SCHEMA, TWIN, as_data, python

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"


@pytest.mark.parametrize("kind", KINDS)
def test_the_published_schemas_are_current(kind: str, golden: Callable[[Path, str], None]) -> None:
    Draft202012Validator.check_schema(json_schema(kind))
    golden(SCHEMAS / f"{kind}.schema.json", schema_text(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_everything_in_a_schema_is_described_and_examples_are_true(kind: str) -> None:
    schema = json_schema(kind)
    for shape in (schema, *schema["$defs"].values()):
        assert shape["description"]
        for key, part in shape.get("properties", {}).items():
            assert part.get("description"), key
            resolved = {**part, "$defs": schema["$defs"]}
            for example in part.get("examples", ()):
                Draft202012Validator(resolved).validate(example)


def test_what_segkit_reads_and_writes_conforms(here: Path) -> None:
    policy = Draft202012Validator(json_schema("policy"))
    policy.validate(as_data(TWIN))
    for part in FOLDER.values():
        policy.validate(part(as_data(TWIN)))
    intent = Draft202012Validator(json_schema("intent"))
    intent.validate(json.loads(dump_intent(python())))
    intent.validate(json.loads(dump_intent(Segmentation("x").build())))
    labels = Draft202012Validator(json_schema("labels"))
    labels.validate({"labels": SCHEMA})
    data = as_data(TWIN)
    Draft202012Validator(json_schema("inventory")).validate({k: data[k] for k in ("workloads", "classes")})


@pytest.mark.parametrize(
    "data",
    [
        {"zone": {}},
        {"policies": {"a": {"tier": "aplication"}}},
        {"policies": {"a": {"rules": [{"services": "any"}]}}},
        {"policies": {"a": {"rules": [{"allow": "a -> b"}]}}},
        {"policies": {"a": {"rules": [{"allow": "a->b", "services": "any"}]}}},
        {"policies": {"a": {"rules": [{"allow": "a -> b", "deny": "a -> b", "services": "any"}]}}},
        {"policies": {"a": {"rules": [{"allow": {"from": "a"}, "services": "any"}]}}},
        {"zones": {"a": {"select": "x", "mode": "off"}}},
        {"targets": {"a": {"platform": "aws", "accepted_residuals": [{"residual": "snapshot"}]}}},
    ],
)
def test_editors_see_what_is_wrong(data: dict[str, Any]) -> None:
    assert not Draft202012Validator(json_schema("policy")).is_valid(data)
