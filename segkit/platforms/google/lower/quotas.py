"""What targets use of their quotas, and what other encodings would cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from segkit.errors import SegkitError
from segkit.intent.boxes import Piece
from segkit.intent.engine import Intent
from segkit.model.findings import Findings, nearest
from segkit.model.model import Target
from segkit.platforms.base import Churn, QuotaOption, QuotaReport
from segkit.platforms.base import Encoding as Wanted
from segkit.platforms.google.lower.accounts import AccountEmitter
from segkit.platforms.google.lower.choose import encodings
from segkit.platforms.google.lower.classic import ClassicEmitter
from segkit.platforms.google.lower.emit import Emitter
from segkit.platforms.google.lower.fit import named, overflow, usage
from segkit.platforms.google.lower.hierarchy import HIERARCHY, HierarchyEmitter
from segkit.platforms.google.lower.namer import Namer
from segkit.platforms.google.lower.plan import GoogleDraft, Plan, drafted, make_plan
from segkit.platforms.google.lower.policy import POLICY, PolicyEmitter
from segkit.platforms.google.placement import GooglePlacement, placement
from segkit.platforms.lowering.draft import Draft
from segkit.platforms.lowering.encoding import CELLS, GROUPS, Encoding, blocks_by_name

FULLEST = 10
"""How many tags that most rules hold for are named."""


def emitter_of(here: GooglePlacement) -> type[Emitter]:
    """How a target's rules are written."""
    if here.tags != "secure":
        return ClassicEmitter if here.tags == "network" else AccountEmitter
    return HierarchyEmitter if here.global_tier == "admin" else PolicyEmitter


def pinned(draft: Draft, target: Target, here: GooglePlacement) -> Encoding:
    """The encoding that a target's placement names."""
    if isinstance(here.encoding, str):
        return {"groups": GROUPS, "cells": CELLS}[here.encoding]
    return blocks_by_name(here.encoding, {name: piece for piece, name in _names(draft, target).items()})


def quotas(
    intent: Intent, targets: Sequence[Target], asked: Mapping[str, Wanted], only: str | None = None
) -> tuple[QuotaReport, ...]:
    """What the targets of a model (or the one named `only`) use of their quotas, and what other encodings
    would cost: the plain ones, and blocks where those need too many tags.

    Works for a model that is over quota, too. Raises SegkitError where `asked` names what is no group.
    """
    ordered = sorted(targets, key=lambda t: t.name)
    places = {t.name: placement(t) for t in ordered}
    draft = drafted(intent, ordered, places)
    now = {t.name: pinned(draft, t, places[t.name]) for t in ordered}
    return tuple(
        _report(draft, target, places[target.name], now, asked.get(target.name))
        for target in ordered
        if only in (None, target.name)
    )


def _report(
    draft: GoogleDraft,
    target: Target,
    here: GooglePlacement,
    now: Mapping[str, Encoding],
    asked: Wanted | None,
) -> QuotaReport:
    plan = make_plan(draft, now)
    there = _units(draft, plan, target, here)
    mine = now[target.name]
    worth = dict.fromkeys((mine, *encodings(draft, target, here)))
    plans = {e: plan if e == mine else make_plan(draft, {**now, target.name: e}) for e in worth}
    wanted = None if asked in (None, "auto") else _read(draft, target, asked)
    if wanted is not None and wanted not in plans:
        plans[wanted] = make_plan(draft, {**now, target.name: wanted})
    priced = {e: _option(draft, target, here, e, plans[e], there, e == mine) for e in plans}
    ranked = sorted(
        worth, key=lambda e: (overflow(plans[e], target, here), e != mine, named(plans[e], target))
    )
    best = priced[ranked[0]] if asked == "auto" else None
    return QuotaReport(
        target.name,
        priced[mine],
        tuple(priced[e] for e in ranked),
        len(plan.carried[target.name]),
        priced[wanted] if wanted is not None else best,
    )


def _option(
    draft: GoogleDraft,
    target: Target,
    here: GooglePlacement,
    encoding: Encoding,
    plan: Plan,
    there: Mapping[tuple[str, str], Any],
    same: bool,
) -> QuotaOption:
    names = Namer(draft.intent.model, plan)
    held = Counter(names.group(g) for line in plan.every(target.name) for g in line.targets)
    then = _units(draft, plan, target, here)
    fits = overflow(plan, target, here) == 0
    return QuotaOption(
        _text(draft, target, encoding),
        fits,
        usage(plan, target, here),
        dict(sorted(held.items(), key=lambda item: (-item[1], item[0]))[:FULLEST]),
        sum(1 for kind, _ in then if not kind.endswith(".rule")),
        _churn(there, then) if fits or same else None,
    )


def _churn(there: Mapping[tuple[str, str], Any], then: Mapping[tuple[str, str], Any]) -> Churn:
    """What changes: a rule counts as a resource does, the policy that holds it does not."""
    members = [key for key in there.keys() | then.keys() if key[0] == "member"]
    kept = [key for key in there.keys() & then.keys() if key[0] != "member"]
    return Churn(
        created=sum(key[0] != "member" for key in then.keys() - there.keys()),
        destroyed=sum(key[0] != "member" for key in there.keys() - then.keys()),
        changed=sum(there[key] != then[key] for key in kept),
        memberships=sum(there.get(key) != then.get(key) for key in members),
    )


def _units(draft: Draft, plan: Plan, target: Target, here: GooglePlacement) -> dict[tuple[str, str], Any]:
    """Everything of a target that can come, go or change by itself: resources, rules, and what interfaces
    carry."""
    names = Namer(draft.intent.model, plan)
    fragment = emitter_of(here)(draft.intent.model, plan, target, here, names, names).fragment()
    out: dict[tuple[str, str], Any] = {}
    for kind, bodies in fragment.get("resource", {}).items():
        policies = (POLICY, HIERARCHY)
        out |= {(kind, key): body for key, body in bodies.items() if kind not in policies}
        for body in bodies.values() if kind in policies else ():
            out |= {(f"{kind}.rule", str(rule["priority"])): rule for rule in body["rule"]}
    for carried in plan.carried[target.name]:
        place = f"{carried.workload.name}/{carried.workload.interfaces.index(carried.interface)}"
        out["member", place] = sorted(map(names.order, carried.groups))
    return out


def _names(draft: Draft, target: Target) -> dict[Piece, str]:
    return {k.piece: draft.names.name(k.piece) for k in draft.keys if k.target == target.name}


def _text(draft: Draft, target: Target, encoding: Encoding) -> Wanted:
    if encoding.whole:
        return "cells"
    names = _names(draft, target)
    return sorted(sorted(names[p] for p in block if p in names) for block in encoding.blocks) or "groups"


def _read(draft: Draft, target: Target, asked: Wanted | None) -> Encoding:
    if isinstance(asked, str) or asked is None:
        return {"groups": GROUPS, "cells": CELLS}[asked or "groups"]
    pieces = {name: piece for piece, name in _names(draft, target).items()}
    found = Findings()
    for name in sorted({n for block in asked for n in block if n not in pieces}):
        found.error(f"{name!r} is no group of target {target.name}", fix=nearest(name, pieces, "groups"))
    if found.errors:
        raise SegkitError(found.errors)
    return blocks_by_name(sorted(sorted(block) for block in asked), pieces)
