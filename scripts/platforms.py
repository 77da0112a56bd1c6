"""docs/platforms.md: what each platform can express, from the platforms' own data.

python -m scripts.platforms            prints the page
python -m scripts.platforms --write    keeps it
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

from segkit.platforms.base import Capabilities, platform

PAGE = Path(__file__).resolve().parent.parent / "docs" / "platforms.md"
OURS = "segkit.platforms."

EXACT = "exact"
MEANINGS: Mapping[str, tuple[str, str, str]] = {
    "deny": ("Denies", EXACT, "emulated: what they block is taken out of the allows"),
    "priorities": ("Rules in an order", EXACT, "emulated: tiers are worked out before rules are written"),
    "icmp_types": ("ICMP types and codes", EXACT, "residual `icmp-types`"),
    "dynamic_membership": ("Groups that later machines join", EXACT, "residual `snapshot`"),
    "ipv6": ("IPv6", EXACT, "not there"),
    "logging": ("A log for zones in visibility mode", EXACT, "not there"),
    "stateless_replies": ("Answers of a connection", "emulated: let in by rules of their own", EXACT),
}
"""For each thing that a plane has or lacks: what it is, how a plane with it says it, and one without."""

HEAD = """# Platforms

Written by `make platforms` from the `capabilities` of each platform; do not edit.

*Exact* is what the platform can say itself; where that is safer, segkit may still write the same flows
without it. *Emulated* means the same flows, said in another way. Where a platform can say something only
roughly there is a *residual*: a named difference that a target accepts in code, with owner, reason and last
day, or the synth fails. Whatever it is, the [proof](proof.md) compares what was written with what was meant.
"""


def shipped() -> dict[str, Capabilities]:
    """The capabilities of the platforms that come with segkit, by name."""
    names = sorted(e.name for e in entry_points(group="segkit.platforms") if e.value.startswith(OURS))
    return {name: platform(name).capabilities for name in names}


def page(found: Mapping[str, Capabilities]) -> str:
    """The whole page."""
    lines = [HEAD, *_table(["what", *found], _abilities(found)), "", "## Residuals", ""]
    lines += _table(["residual", "platforms", "what it means"], _residuals(found))
    return "\n".join([*lines, ""])


def _abilities(found: Mapping[str, Capabilities]) -> Iterator[Sequence[str]]:
    for name, (title, has, lacks) in MEANINGS.items():
        yield title, *(has if getattr(able, name) else lacks for able in found.values())
    yield "Groups that a far end may name", *(able.cross_boundary_reference for able in found.values())


def _residuals(found: Mapping[str, Capabilities]) -> Iterator[Sequence[str]]:
    who: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, able in found.items():
        for residual, meaning in able.residuals.items():
            who[residual, meaning].append(name)
    for (residual, meaning), names in sorted(who.items()):
        yield f"`{residual}`", ", ".join(names), meaning


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    yield from (f"| {' | '.join(cells)} |" for cells in rows)


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page(shipped()), encoding="utf-8")
    else:
        print(page(shipped()), end="")
