"""Rows about platforms: the same amount of rules on each, and Google Cloud against Aerleon's generator."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from bench.measure import Job, alternating, run
from bench.planes import PLACEMENTS
from bench.table import Row, absent, memory, seconds


def rows(rules: int, compared: int, turns: int, limit: float) -> Iterator[Row]:
    """Compile, lower, prove and write on every platform; then the comparison."""
    for plane in PLACEMENTS:
        done = run(Job("plane", {"plane": plane, "rules": rules}, limit))
        told = done.told
        yield Row(
            f"{rules} rules on {plane}: compile, lower, prove and write",
            f"{seconds(told['seconds'])}, {memory(done.mib)}",
            "–",
            "–",
            "–",
            None,
            f"compile and lower {seconds(told['compile'])}, prove {seconds(told['prove'])} "
            f"({told['status']}); {told['rules']} rules of the platform",
        )
    what = f"{compared} Google Cloud rules, against Aerleon's generator"
    if find_spec("aerleon") is None:
        yield absent(what, "aerleon")
        return
    ours, theirs = alternating(
        (
            Job("plane", {"plane": "google", "rules": compared}, limit),
            Job("generate", {"rules": compared}, limit),
        ),
        turns,
        "seconds",
    )
    mine, peer = ours.told, theirs.told
    whole = mine["declare"] + mine["seconds"]
    alone = whole - mine["prove"]
    note = (
        f"ours from the first declaration to the file, theirs from its policy to its text, of which reading "
        f"the policy takes {seconds(peer['read'])}"
    )
    for how, taken, most in (("", whole, 1.0), (", without the proof", alone, 0.2)):
        ratio = taken / peer["seconds"]
        yield Row(
            what + how,
            seconds(taken),
            seconds(peer["seconds"]),
            f"{ratio:.2f}",
            f"at most {most:g}",
            ratio <= most,
            note,
        )
