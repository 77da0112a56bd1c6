"""What is measured. Each job builds what it needs, times what counts, and returns figures as JSON data."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from resource import RUSAGE_CHILDREN, getrusage
from secrets import token_bytes
from typing import Any
from unittest import mock

from bench import inventory, planes, redundancy, through_cdktf
from bench.changes import changes as changes_of
from bench.estates import Estate, random_estate, realistic
from bench.models import accounts, model_of
from bench.pinning import kept, with_encodings
from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.intent.change import shifts, side_by_side
from segkit.intent.digests import row_digests
from segkit.intent.engine import Intent
from segkit.model.model import Model
from segkit.platforms.aws.limits import QUOTAS
from segkit.platforms.aws.lower.choose import encoding_text, frugal, piece_names
from segkit.platforms.aws.lower.plan import make_draft
from segkit.platforms.aws.placement import placement
from segkit.verify import prove

Figures = dict[str, Any]
NO_LIMIT = 10**9
PROCESSES = 2
"""How many share the rows of an intent."""
USED = ("rules_per_group", "groups_per_interface", "groups_per_region")
"""Quotas that an estate may overflow."""


def intent(
    kind: str, workloads: int, rules: int, applications: int = 500, changes: int = 0, budget: float = 60.0
) -> Figures:
    """Cells and a digest of every row; then what one-rule changes open and close, up to `changes` of them
    within a budget of seconds (and one in any case)."""
    model = model_of(_estate(kind, workloads, rules, applications))
    start, busy = time.perf_counter(), _busy()
    first = Intent(model)
    row_digests(first, token_bytes(32), PROCESSES)
    seconds, busy = time.perf_counter() - start, _busy() - busy
    again: list[float] = []
    for other in changes_of(model, changes):
        if sum(again) > budget:
            break
        start = time.perf_counter()
        for _ in shifts(*side_by_side(first, other)):
            pass
        again.append(time.perf_counter() - start)
    return {
        "seconds": seconds,
        "busy": busy,
        "helpers": PROCESSES * _mib(getrusage(RUSAGE_CHILDREN).ru_maxrss),
        "cells": len(first.cells),
        "changes": sorted(again),
    }


def estate(workloads: int, rules: int, applications: int, quotas: bool) -> Figures:
    """Compiles, lowers and proves the realistic estate over its 25 account-regions, with encodings pinned
    that a search has found before: now, where `search` times it, or for good (see `pinning`).

    Without `quotas` none is enforced, what is over AWS's defaults is counted instead, and every selector has
    a group of its own.
    """
    model = model_of(realistic(workloads, rules, applications), accounts())
    start = time.perf_counter()
    if quotas:
        encodings = kept((workloads, rules, applications))
        model = with_encodings(model, encodings) if encodings else _pinned(model)
    searched = time.perf_counter() - start
    with ExitStack() as stack:
        if not quotas:
            raised = {n: replace(q, default=NO_LIMIT**2, ceiling=NO_LIMIT**2) for n, q in QUOTAS.items()}
            for name in ("rules_per_group", "groups_per_interface"):
                raised[name] = replace(raised[name], default=NO_LIMIT)
            real = dict(QUOTAS)
            stack.enter_context(mock.patch.dict(QUOTAS, raised))
        start = time.perf_counter()
        try:
            done = compile_model(model)
        except SegkitError as error:
            return {"refused": len(error.problems), "seconds": time.perf_counter() - start}
        compiled = time.perf_counter()
        proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
        end = time.perf_counter()
    used: dict[str, int] = {}
    for report in done.report.values():
        for name, use in report["quotas"].items():
            used[name] = max(used.get(name, 0), use["used"])
    return {
        "seconds": end - start,
        "search": searched,
        "compile": compiled - start,
        "prove": end - compiled,
        "status": proof.status,
        "resources": sum(len(found) for found in done.fragment["resource"].values()),
        "over": {} if quotas else {n: [used[n], real[n].default] for n in USED if used[n] > real[n].default},
    }


def _pinned(model: Model) -> Model:
    """The model with an encoding of many selectors on every target, as `segkit quota` would find it."""
    draft = make_draft(Intent(model), model.targets, {t.name: placement(t) for t in model.targets})
    found = {t.name: encoding_text(frugal(draft, t), piece_names(draft, t)) for t in model.targets}
    return with_encodings(model, found)


def _estate(kind: str, workloads: int, rules: int, applications: int) -> Estate:
    if kind == "random":
        return random_estate(workloads, rules)
    return realistic(workloads, rules, applications)


def _mib(peak: int) -> float:
    """What getrusage counts in bytes on macOS and in KiB elsewhere."""
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _busy() -> float:
    """Seconds of processor time so far, with processes that have ended."""
    return time.process_time() + sum(getrusage(RUSAGE_CHILDREN)[:2])


JOBS: dict[str, Callable[..., Figures]] = {
    "intent": intent,
    "estate": estate,
    "plane": planes.whole,
    "generate": planes.generate,
    "redundancy": redundancy.exact,
    "shade": redundancy.shade,
    "inventory_file": inventory.write,
    "inventory": inventory.read,
    "parsed": inventory.parse,
    "segkit_stack": through_cdktf.segkit_stack,
    "bulk_override": through_cdktf.bulk_override,
    "typed_bindings": through_cdktf.typed_bindings,
}
