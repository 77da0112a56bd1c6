"""`python -m bench.pinning`: layers for the realistic estate that keep AWS's default quotas, or nearly.

Starts with the layers that are kept, or with those that somebody who knows the labels would write, and asks
where they do not fit what `segkit quota --encoding auto` would, target after target, until none is over. What
one pins costs others rules, so it takes several rounds. Takes minutes and gives the same every time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.estates import realistic
from bench.models import accounts, model_of
from segkit.intent.engine import Intent
from segkit.model.model import Model, Target
from segkit.platforms.aws.lower.choose import encoding_text, piece_names, pinned
from segkit.platforms.aws.lower.fit import overflow
from segkit.platforms.aws.lower.layering import Layering
from segkit.platforms.aws.lower.opening import make_plan
from segkit.platforms.aws.lower.plan import make_draft
from segkit.platforms.aws.placement import placement
from segkit.platforms.lowering.encoding import Encoding

FOUND = Path(__file__).with_name("encodings.json")
FITTING = (100_000, 5_000, 500)
"""Workloads, rules and applications of an estate that fits but for four machines."""
ROUNDS = 6
LABELS = ("app", "env", "pci", "region", "role")
START = [
    ["env", "pci"],
    ["env", "role"],
    ["env", "pci", "region"],
    ["env", "pci", "region", "role"],
    [*LABELS],
]
"""Zones, roles, regions, roles of regions, and applications; an account is in one zone."""

Found = dict[str, Any]
"""Encodings by target, as placements have them."""


def found(model: Model) -> tuple[Found, int]:
    """Encodings for every target, and by how much they are over their quotas, all added up: the best of
    several rounds, of which the first only cuts groups."""
    targets = sorted(model.targets, key=lambda target: target.name)
    draft = make_draft(Intent(model), targets, {t.name: placement(t) for t in targets})
    now = {t.name: pinned(draft, t) for t in targets}
    best = sys.maxsize, now
    for number in range(ROUNDS + 1):
        plan = make_plan(draft, now)
        over = {t.name: overflow(plan, t, draft.placements[t.name]) for t in targets}
        print(f"round {number + 1}: over quotas by {sum(over.values())}", file=sys.stderr, flush=True)
        if sum(over.values()) < best[0]:
            best = sum(over.values()), dict(now)
        if not best[0] or number == ROUNDS:
            break
        for target in targets:
            if over[target.name]:
                layering = Layering(draft, target, now)
                now[target.name] = _better(layering, target.name) if number else layering.again()[0]
    excess, chosen = best
    return {t.name: encoding_text(chosen[t.name], piece_names(draft, t)) for t in targets}, excess


def _better(layering: Layering, what: str) -> Encoding:
    """The same layers where cutting groups is enough: others then pay nothing for it."""
    same, fits = layering.again()
    print(what, "keeps its layers" if fits else "looks for others", file=sys.stderr, flush=True)
    return same if fits else layering.best() or same


def with_encodings(model: Model, encodings: Mapping[str, Any]) -> Model:
    """The model with an encoding pinned on every target."""
    targets = (replace(t, placement={**t.placement, "encoding": encodings[t.name]}) for t in model.targets)
    return replace(model, targets=tuple(targets))


def kept(size: tuple[int, int, int], targets: Sequence[Target]) -> Found | None:
    """The encodings that were found for the estate that nearly fits, plain layers for one with more rules,
    nothing for others: a search is quick there."""
    if size == FITTING:
        return _read()
    return {t.name: {"layers": START} for t in targets} if size[1] > FITTING[1] else None


def _read() -> Found:
    found: Found = json.loads(FOUND.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Find, and keep what was found on request."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.pinning", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--write", action="store_true", help="keep them for the bench")
    parser.add_argument("--anew", action="store_true", help="start without what is kept")
    arguments = parser.parse_args()
    model = model_of(realistic(*FITTING), accounts())
    layers = {} if arguments.anew else {name: pin["layers"] for name, pin in _read().items()}
    start = {t.name: {"layers": layers.get(t.name, START)} for t in model.targets}
    encodings, over = found(with_encodings(model, start))
    text = json.dumps(encodings, indent=1, sort_keys=True) + "\n"
    print(f"over quotas by {over}", file=sys.stderr)
    if arguments.write:
        FOUND.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
