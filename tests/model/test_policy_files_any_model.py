"""Whatever a model holds can be written as a policy file, and reads back as the same model."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from segkit.errors import SegkitError
from segkit.model import LabelSchema, Model, Segmentation, dump_intent, load_policies
from segkit.model.json_schema import json_schema
from segkit.model.policy import Rule
from segkit.sets import ServiceSet
from tests.strategies import TODAY, models


def as_file(model: Model) -> dict[str, Any]:
    """A model as the data of a policy file."""
    return {
        "segmentation": model.name,
        **({"labels": {k.name: _some(values=k.values, required=k.required) for k in model.schema.keys}}
           if model.schema.keys else {}),
        "zones": {
            z.name: _some(
                select=str(z.predicate), classification=z.classification, posture=z.posture, mode=z.mode,
                networks=[str(c) for c in z.networks.cidrs()], realm=z.realm, compliance=z.compliance,
                moved_from=z.moved_from,
            )
            for z in model.zones
        },
        "groups": {g.name: _some(select=str(g.predicate), moved_from=g.moved_from) for g in model.groups},
        "address_sets": {
            a.name: _some(addresses=[str(c) for c in a.addresses.cidrs()], realm=a.realm)
            for a in model.address_sets
        },
        "services": {s.name: _services(s.services) for s in model.services},
        "policies": {
            p.name: _some(tier=p.tier.label, owner=p.owner, zone=p.zone, rules=[_rule(r) for r in p.rules])
            for p in model.policies
        },
        "workloads": [
            {
                "name": w.name,
                "labels": w.label_map,
                "interfaces": [
                    _some(
                        name=i.name, realm=i.realm, network=i.network, id=i.id, foreign=i.foreign,
                        addresses=None if i.addresses is None else [str(c) for c in i.addresses.cidrs()],
                    )
                    for i in w.interfaces
                ],
            }
            for w in model.workloads if not w.is_class
        ],
        "classes": [
            _some(
                name=w.name, labels=w.label_map, realm=i.realm, network=i.network,
                networks=None if i.addresses is None else [str(c) for c in i.addresses.cidrs()],
            )
            for w in model.workloads if w.is_class for i in w.interfaces[:1]
        ],
        "targets": {
            t.name: _some(
                platform=t.platform, select=str(t.select), realm=t.realm, placement=dict(t.placement),
                accepted_residuals=[
                    {"residual": a.residual, "owner": a.owner, "reason": a.reason, "expires": str(a.expires)}
                    for a in t.accepted
                ],
            )
            for t in model.targets
        },
    }  # fmt: skip


def _rule(rule: Rule) -> dict[str, Any]:
    def side(ends: Any) -> list[str]:
        return [end.name if end.kind == "builtin" else end.key for end in ends]

    return _some(
        id=rule.id.partition("/")[2],
        **{rule.action: {"from": side(rule.source), "to": side(rule.destination)}},
        services=_services(rule.services),
        unless_source=side(rule.unless_source) or None,
        unless_destination=side(rule.unless_destination) or None,
        purpose=rule.purpose,
        owner=rule.owner,
        ticket=rule.ticket,
        **{day: str(d) for day in ("created", "updated", "expires") if (d := getattr(rule, day))},
    )


def _services(services: ServiceSet) -> list[str]:
    text = str(services)
    pieces = [text] if text.startswith("any") else text.split("; ")
    return [f"protocol:{piece}" if piece.isdecimal() else piece for piece in pieces]


def _some(**values: Any) -> dict[str, Any]:
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
    return {key: value for key, value in plain.items() if value is not None}


def as_built(model: Model) -> Model:
    """A random model in the order that the builder gives."""
    keys = (replace(key, values=key.values and tuple(sorted(key.values))) for key in model.schema.keys)
    sides = ("source", "destination", "unless_source", "unless_destination")

    def built(rule: Rule) -> Rule:
        ends: dict[str, Any] = {
            side: tuple(sorted(getattr(rule, side), key=lambda end: end.key)) for side in sides
        }
        return replace(rule, **ends)

    return replace(
        model,
        schema=LabelSchema(tuple(sorted(keys, key=lambda key: key.name))),
        policies=tuple(replace(p, rules=tuple(map(built, p.rules))) for p in model.policies),
    )


def unchecked(path: Path) -> bytes:
    """The intent that a file declares, past the checks of the model: random ones rarely pass them."""
    seg: Segmentation = load_policies(path, today=TODAY)
    from segkit.model.findings import Findings

    found = Findings()
    assert seg._files is not None
    model = seg._model(seg._files.policies(seg._known(), found))
    assert (found.errors, seg._found.errors) == ([], [])
    return dump_intent(model).partition(b'\n  "where"')[0]


@given(models(), st.booleans())
@settings(max_examples=150)
def test_any_model_reads_back_from_yaml_and_json(model: Model, as_json: bool) -> None:
    assume(all(len(w.interfaces) == 1 for w in model.workloads if w.is_class))  # nobody can write that
    model = as_built(model)
    data = as_file(model)
    Draft202012Validator(json_schema("policy")).validate(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "p.json" if as_json else "p.yaml")
        path.write_text(json.dumps(data) if as_json else yaml.safe_dump(data), encoding="utf-8")
        assert unchecked(path) == dump_intent(model).partition(b'\n  "where"')[0]


SECTIONS = ["groups", "zones", "policies", "targets", "labels", "address_sets", "workloads", "inventory"]
KEYS = [*SECTIONS, "rules", "allow", "from", "to", "services", "select", "p", "tier", "addresses"]
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 500) | st.sampled_from(["", "x", "a -> b", "any", "select:"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
@settings(max_examples=300)
def test_no_data_is_more_than_findings_with_places(data: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "p.yaml")
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
        try:
            load_policies(path, today=TODAY).build()
        except SegkitError as error:
            assert all(problem.where.startswith(f"{path.as_posix()}:") for problem in error.problems)
