"""`python -m bench.pinning`: encodings for the realistic estate that keep AWS's default quotas.

Asks for blocks for all of its targets together, as `segkit quota --encoding auto` does, and starts with the
blocks that are kept, or with none. Takes hours from nothing, and may need several goes: `--from` takes
up what another has written.
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
from segkit.cli.progress import bars
from segkit.intent.engine import Intent
from segkit.model.model import Model
from segkit.platforms.aws.lower.blocking import blocked
from segkit.platforms.aws.lower.choose import encoding_text, piece_names, pinned
from segkit.platforms.aws.lower.fit import overflow
from segkit.platforms.aws.lower.opening import make_plan
from segkit.platforms.aws.lower.plan import make_draft
from segkit.platforms.aws.placement import placement

FOUND = Path(__file__).with_name("encodings.json")
FITTING = (100_000, 10_000, 500)
"""Workloads, rules and applications of the estate that encodings are kept for."""

Found = dict[str, Any]
"""Encodings by target, as placements have them."""


def found(model: Model) -> tuple[Found, int]:
    """Encodings for every target, and by how much they are over their quotas, all added up."""
    targets = sorted(model.targets, key=lambda target: target.name)
    draft = make_draft(Intent(model), targets, {t.name: placement(t) for t in targets})
    chosen = blocked(draft, {t.name: pinned(draft, t) for t in targets}, [t.name for t in targets])
    plan = make_plan(draft, chosen)
    over = sum(overflow(plan, t, draft.placements[t.name]) for t in targets)
    return {t.name: encoding_text(chosen[t.name], piece_names(draft, t)) for t in targets}, over


def with_encodings(model: Model, encodings: Mapping[str, Any]) -> Model:
    """The model with an encoding pinned on every target."""
    targets = (replace(t, placement={**t.placement, "encoding": encodings[t.name]}) for t in model.targets)
    return replace(model, targets=tuple(targets))


def kept(size: tuple[int, int, int]) -> Found | None:
    """The encodings that were found for an estate of this size, if any are kept."""
    return _read(FOUND) if size == FITTING else None


def _read(path: Path) -> Found:
    found: Found = json.loads(path.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Find, and keep what was found on request."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.pinning", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--write", action="store_true", help="keep them for the bench")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--anew", action="store_true", help="start without what is kept")
    start.add_argument("--from", dest="start", type=Path, help="start with encodings in this file")
    arguments = parser.parse_args()
    model = model_of(realistic(*FITTING), accounts())
    if not arguments.anew:
        model = with_encodings(model, _read(arguments.start or FOUND))
    with bars():
        encodings, over = found(model)
    text = json.dumps(encodings, indent=1, sort_keys=True) + "\n"
    print(f"over quotas by {over}", file=sys.stderr)
    if arguments.write:
        FOUND.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
