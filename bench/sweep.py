"""`python -m bench.sweep`: which encodings keep AWS's default quotas, over estates small to large.

One VPC with a few machines of each class of the realistic estate (`bench.estates`); what is counted does not
hang on how many machines a class has. `--write` keeps the table and the chart in `docs/`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from bench.estates import realistic
from bench.models import model_of
from bench.sweep_page import PAGE, chart, insert, section
from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.platforms.aws.lower.choose import mixture
from segkit.platforms.aws.lower.fit import usage
from segkit.platforms.aws.lower.opening import make_plan
from segkit.platforms.aws.lower.plan import Draft, make_draft
from segkit.platforms.aws.placement import placement
from segkit.platforms.lowering.encoding import CELLS, GROUPS, Encoding

APPLICATIONS = (5, 10, 20, 50, 100, 200, 500)
DENSITIES = {"sparse": 2, "middling": 8, "dense": 20}
"""Rules for each application."""
MACHINES = 24
"""Machines for each application: as many as it has classes (6 roles in 4 environments)."""
HOPELESS = 3.0
"""An encoding that is over a quota so many times is not tried on larger estates of the same density."""
COUNTED = ("rules_per_group", "groups_per_interface", "groups_per_region")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an encoding uses on one estate; `used` is empty where it was not tried."""

    density: str
    applications: int
    policy_rules: int
    encoding: str
    used: dict[str, tuple[int, int]]
    groups: int = 0
    rules: int = 0

    @property
    def share(self) -> float:
        """The worst share of a quota that is used."""
        return max((used / quota for used, quota in self.used.values()), default=float("inf"))

    @property
    def fits(self) -> bool:
        """Is every quota kept?"""
        return self.share <= 1


def sweep(densities: Sequence[str], applications: Sequence[int]) -> Iterator[Outcome]:
    """Every encoding on every estate, by density and size."""
    for density in densities:
        hopeless: set[str] = set()
        for size in applications:
            for outcome in estate(density, size, frozenset(hopeless)):
                if outcome.used and outcome.share >= HOPELESS:
                    hopeless.add(outcome.encoding)
                yield outcome


def estate(density: str, applications: int, untried: frozenset[str] = frozenset()) -> Iterator[Outcome]:
    """What each encoding uses on one estate."""
    rules = DENSITIES[density] * applications
    target = Target("vpc", "aws", placement={"vpc_id": "vpc-1", "region": "eu-west-1"})
    model = model_of(realistic(MACHINES * applications, rules, applications), (target,))
    draft = make_draft(Intent(model), [target], {target.name: placement(target)})
    for name in ("groups", "cells", "blocks"):
        if name in untried:
            yield Outcome(density, applications, rules, name, {})
            continue
        plan = make_plan(draft, {target.name: _encoding(name, draft, target)})
        use = usage(plan, target, draft.placements[target.name])
        used = {quota: (use[quota]["used"], use[quota]["quota"]) for quota in COUNTED}
        yield Outcome(
            density, applications, rules, name, used, len(plan.groups[target.name]), len(plan.lines)
        )


def _encoding(name: str, draft: Draft, target: Target) -> Encoding:
    if name == "blocks":
        return mixture(draft, target)
    return GROUPS if name == "groups" else CELLS


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the sweep and prints what it found, as the section of the page or as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.sweep", description="Where encodings stop fitting."
    )
    parser.add_argument(
        "--most", type=int, default=max(APPLICATIONS), metavar="N", help="applications at most"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help=f"keep the results in {PAGE.name} and its chart")
    given = parser.parse_args(arguments)
    found = []
    for outcome in sweep(tuple(DENSITIES), [n for n in APPLICATIONS if n <= given.most]):
        print(f"{outcome.density} {outcome.applications} {outcome.encoding} …", file=sys.stderr, flush=True)
        found.append(outcome)
    print(json.dumps([asdict(one) for one in found], indent=2) if given.json else section(found))
    if given.write:
        PAGE.write_text(insert(PAGE.read_text(encoding="utf-8"), section(found)), encoding="utf-8")
        PAGE.with_suffix(".svg").write_text(chart(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
