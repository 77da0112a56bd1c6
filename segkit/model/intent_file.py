"""The intent file: a model as canonical JSON with its version and digest.

    {"format": "segkit-intent", "version": 1, "digest": "sha256:...", "model": {...}, "where": {...}}

One declared thing is one line, so that a change of one rule is a change of one line. The digest covers
`model` and nothing else: two files with one digest declare the same. `where` says where things were declared;
it stands apart because moving a declaration changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from segkit.errors import Problem, SegkitError
from segkit.model.caller import shown_path
from segkit.model.document import decode, read_bytes
from segkit.model.findings import Findings
from segkit.model.intent_decode import decode_model
from segkit.model.model import Model, Target
from segkit.model.policy import Rule, Zone
from segkit.model.workloads import DEFAULT_REALM, Interface, Workload

FORMAT = "segkit-intent"
VERSION = 1
SINCE = ".since.json"
"""How the file is called that says what is deployed, beside the intent of the first of two applies."""


def dump_intent(model: Model) -> bytes:
    """The model as the bytes of an intent file. Equal models with equal places give equal bytes.

    >>> from datetime import date
    >>> load_intent(dump_intent(Model("shop", date(2027, 1, 1)))).name
    'shop'
    """
    body = _written(_model(model))
    head = {"format": FORMAT, "version": VERSION, "digest": _digest(body)}
    lines = [f'  "{key}": {_compact(value)},' for key, value in head.items()]
    lines.append('  "model": {')
    lines += _indented(body)
    lines.append("  },")
    lines.append(f'  "where": {_lines(dict(_places(model)))}')
    return "\n".join(["{", *lines, "}", ""]).encode("ascii")


def load_intent(source: bytes | str | os.PathLike[str]) -> Model:
    """The model in an intent file, given as its bytes or its path.

    Raises `SegkitError` when there is none, when a newer segkit wrote it, or when it was changed by hand.
    """
    found = Findings()
    name = "intent file" if isinstance(source, bytes) else shown_path(os.fspath(source))
    raw = source if isinstance(source, bytes) else read_bytes(Path(source), "intent", "", found)
    text = None if raw is None else decode(raw, name, found)
    if text is None:
        raise SegkitError(found.errors)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise _error(
            f"not valid JSON: {error.msg} (column {error.colno})", f"{name}:{error.lineno}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise _error(f"not valid JSON: {error}", name) from None
    _check_head(data, name)
    try:
        return decode_model(data["model"], data.get("where") or {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _error(
            f"the intent file does not hold a model ({type(error).__name__}: {error})", name
        ) from None


def check_kept(since: str | os.PathLike[str], written: Path) -> None:
    """Raises SegkitError where the intent file of what is deployed is the one that a synth is about to write:
    the next synth would take what will be for what is."""
    if Path(since).resolve() == written.resolve():
        raise _error(
            "this synth writes the file that says what is deployed",
            shown_path(os.fspath(since)),
            fix="keep a copy of it when you deploy, and name the copy",
        )


def digest(body: Mapping[str, Any]) -> str:
    """The digest of the `model` part of an intent file."""
    return _digest(_written(body))


def model_digest(model: Model) -> str:
    """The digest that the intent file of a model carries."""
    return digest(_model(model))


def _check_head(data: Any, name: str) -> None:
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("model"), dict):
        raise _error("this is not an intent file", name, fix="give the <name>.intent.json that a synth wrote")
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _error(f"the intent file has no usable version: {version!r}", name)
    if version > VERSION:
        raise _error(
            f"the intent file has version {version}; this segkit reads up to {VERSION}",
            name,
            fix="upgrade segkit",
        )
    if data.get("digest") != digest(data["model"]):
        raise _error(
            "the digest does not match the model", name, why="the file was changed after it was written"
        )


def _error(
    what: str, where: str, why: str = "", fix: str = "run the synth that writes it again"
) -> SegkitError:
    return SegkitError(Problem(what, where, why, fix))


_compact = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode

_Written = dict[str, str | list[str]]
"""The `model` part, sorted, each value as JSON text; a list as that of its items, which have lines of their
own."""


def _written(body: Mapping[str, Any]) -> _Written:
    return {
        key: [_compact(item) for item in value] if isinstance(value, list) else _compact(value)
        for key, value in sorted(body.items())
    }


def _digest(body: _Written) -> str:
    """The digest of a `model` part as the JSON text it is without its lines."""
    texts = (f"[{','.join(value)}]" if isinstance(value, list) else value for value in body.values())
    whole = ",".join(f"{_compact(key)}:{text}" for key, text in zip(body, texts, strict=True))
    return "sha256:" + hashlib.sha256(f"{{{whole}}}".encode("ascii")).hexdigest()


def _lines(values: dict[str, str]) -> str:
    if not values:
        return "{}"
    inside = ",\n".join(f"    {_compact(key)}: {_compact(values[key])}" for key in sorted(values))
    return f"{{\n{inside}\n  }}"


def _indented(body: _Written) -> Iterator[str]:
    for number, (key, value) in enumerate(body.items(), 1):
        comma = "," if number < len(body) else ""
        if isinstance(value, list) and value:
            yield f'    "{key}": ['
            yield ",\n".join(f"      {item}" for item in value)
            yield f"    ]{comma}"
        else:
            yield f'    "{key}": {value or "[]"}{comma}'


def _model(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "today": model.today.isoformat(),
        "schema": [
            _some(
                name=k.name, values=None if k.values is None else list(k.values), required=k.required or None
            )
            for k in model.schema.keys
        ],
        "zones": [_zone(z) for z in model.zones],
        "groups": [
            _some(name=g.name, select=str(g.predicate), moved_from=g.moved_from) for g in model.groups
        ],
        "address_sets": [
            _some(name=a.name, addresses=str(a.addresses), realm=_realm(a.realm)) for a in model.address_sets
        ],
        "services": [_some(name=s.name, services=str(s.services)) for s in model.services],
        "policies": [
            _some(name=p.name, tier=p.tier.label, owner=p.owner or None, zone=p.zone) for p in model.policies
        ],
        "rules": [_rule(r) for p in model.policies for r in p.rules],
        "workloads": [_workload(w) for w in model.workloads],
        "targets": [_target(t) for t in model.targets],
    }


def _some(**values: Any) -> dict[str, Any]:
    """The values that say something; what is left out has its default."""
    return {key: value for key, value in values.items() if value is not None}


def _realm(realm: str) -> str | None:
    return None if realm == DEFAULT_REALM else realm


def _zone(zone: Zone) -> dict[str, Any]:
    return _some(
        name=zone.name,
        select=str(zone.predicate),
        classification=zone.classification,
        posture=zone.posture,
        mode=zone.mode,
        networks=str(zone.networks) if zone.networks else None,
        realm=_realm(zone.realm),
        compliance=list(zone.compliance) or None,
        moved_from=zone.moved_from,
    )


def _rule(rule: Rule) -> dict[str, Any]:
    return _some(
        id=rule.id,
        policy=rule.policy,
        action=rule.action,
        source=[end.key for end in rule.source],
        destination=[end.key for end in rule.destination],
        unless_source=[end.key for end in rule.unless_source] or None,
        unless_destination=[end.key for end in rule.unless_destination] or None,
        services=str(rule.services),
        purpose=rule.purpose or None,
        owner=rule.owner or None,
        ticket=rule.ticket or None,
        created=rule.created and rule.created.isoformat(),
        updated=rule.updated and rule.updated.isoformat(),
        expires=rule.expires and rule.expires.isoformat(),
    )


def _workload(workload: Workload) -> dict[str, Any]:
    return _some(
        name=workload.name,
        labels=[list(pair) for pair in workload.labels],
        interfaces=[_interface(one) for one in workload.interfaces],
        is_class=workload.is_class or None,
    )


def _interface(one: Interface) -> dict[str, Any]:
    return _some(
        name=one.name or None,
        addresses=None if one.addresses is None else str(one.addresses),
        realm=_realm(one.realm),
        network=one.network,
        id=one.id,
        foreign=None if one.foreign is None else list(one.foreign),
    )


def _target(target: Target) -> dict[str, Any]:
    accepted = [
        {"residual": a.residual, "owner": a.owner, "reason": a.reason, "expires": a.expires.isoformat()}
        for a in target.accepted
    ]
    return _some(
        name=target.name,
        platform=target.platform,
        select=str(target.select),
        realm=_realm(target.realm),
        placement=dict(target.placement) or None,
        accepted=accepted or None,
        stack=target.stack or None,
        identities=target.identities or None,
    )


def _places(model: Model) -> Iterator[tuple[str, str]]:
    """Where each declared thing stands, by kind and name."""
    groups: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("label", model.schema.keys),
        ("zone", model.zones),
        ("group", model.groups),
        ("addresses", model.address_sets),
        ("service", model.services),
        ("policy", model.policies),
        ("workload", model.workloads),
        ("target", model.targets),
    )
    for kind, items in groups:
        for item in items:
            if item.where:
                yield f"{kind}:{item.name}", item.where
    for policy in model.policies:
        for rule in policy.rules:
            if rule.where:
                yield f"rule:{rule.id}", rule.where
    for target in model.targets:
        for at, accepted in enumerate(target.accepted):
            if accepted.where:
                yield f"accepted:{target.name}:{at}", accepted.where
