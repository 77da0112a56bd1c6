"""`python -m bench.pinning`: encodings of the realistic estate within every default quota, for the bench.

Asks for each target in turn what `segkit quota --encoding auto` would, until none is over a quota. What one
target pins costs others rules, so it may take several rounds. Takes minutes and gives the same every time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.estates import realistic
from bench.models import accounts, model_of
from segkit.intent.engine import Intent
from segkit.model.model import Model
from segkit.platforms.aws.lower.choose import encoding_text, piece_names, pinned
from segkit.platforms.aws.lower.fit import overflow
from segkit.platforms.aws.lower.layering import Layering
from segkit.platforms.aws.lower.opening import make_plan
from segkit.platforms.aws.lower.plan import make_draft
from segkit.platforms.aws.placement import placement

FOUND = Path(__file__).with_name("encodings.json")
FITTING = (100_000, 5_000, 500)
"""Workloads, rules and applications of the estate that fits."""
ROUNDS = 6

Found = dict[str, Any]
"""Encodings by target, as placements have them."""


def found(model: Model) -> tuple[Found, int]:
    """Encodings for every target, and by how much they are over their quotas, all added up."""
    targets = sorted(model.targets, key=lambda target: target.name)
    draft = make_draft(Intent(model), targets, {t.name: placement(t) for t in targets})
    now = {t.name: pinned(draft, t) for t in targets}
    over = {t.name: 1 for t in targets}
    for number in range(ROUNDS):
        for target in targets:
            if over[target.name]:
                print(f"round {number + 1}: {target.name} …", file=sys.stderr, flush=True)
                now[target.name] = Layering(draft, target, now).best() or now[target.name]
        plan = make_plan(draft, now)
        over = {t.name: overflow(plan, t, draft.placements[t.name]) for t in targets}
        if not any(over.values()):
            break
    texts = {t.name: encoding_text(now[t.name], piece_names(draft, t)) for t in targets}
    return texts, sum(over.values())


def with_encodings(model: Model, encodings: Mapping[str, Any]) -> Model:
    """The model with an encoding pinned on every target."""
    targets = (replace(t, placement={**t.placement, "encoding": encodings[t.name]}) for t in model.targets)
    return replace(model, targets=tuple(targets))


def kept(size: tuple[int, int, int]) -> Found | None:
    """The encodings that were found for an estate of a size, if it is the one that fits."""
    return json.loads(FOUND.read_text(encoding="utf-8")) if size == FITTING and FOUND.exists() else None


def main() -> None:
    """Find, and keep what was found on request."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.pinning", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--write", action="store_true", help="keep them for the bench")
    arguments = parser.parse_args()
    encodings, over = found(model_of(realistic(*FITTING), accounts()))
    text = json.dumps(encodings, indent=1, sort_keys=True) + "\n"
    print(f"over quotas by {over}", file=sys.stderr)
    if arguments.write:
        FOUND.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
