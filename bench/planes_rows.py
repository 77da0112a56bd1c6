"""Rows about platforms: the same amount of rules on each, and VPC firewall rules against Aerleon."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from bench.measure import Job, alternating, run
from bench.planes import KIND, PLACEMENTS
from bench.table import Row, absent, memory, seconds

MACHINES = 10
"""Of a service that scales: a typical one."""


def rows(rules: int, compared: int, turns: int, limit: float) -> Iterator[Row]:
    """Compile, lower, prove and write on every platform; then the comparison."""
    for plane in (name for name in PLACEMENTS if name not in KIND):
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
    for machines in (1, MACHINES):
        yield from _against_aerleon(compared, machines, turns, limit)


def _against_aerleon(rules: int, machines: int, turns: int, limit: float) -> Iterator[Row]:
    """The same VPC firewall rules by both, for services of so many machines each."""
    each = "one machine a service" if machines == 1 else f"{machines} machines a service"
    what = f"{rules} VPC firewall rules, {each}, against Aerleon"
    if find_spec("aerleon") is None:
        yield absent(what, "aerleon")
        return
    size = {"rules": rules, "machines": machines}
    jobs = Job("plane", {"plane": "network-tags", **size}, limit), Job("generate", size, limit)
    for how, figure, most in (("", "whole", 1.0), (", without the proof", "unproved", 0.2)):
        ours, theirs = (sample.told for sample in alternating(jobs, turns, figure))
        ratio = ours[figure] / theirs[figure]
        note = (
            "ours from the first declaration to the file, theirs aclgen from its definitions and policy to "
            "its file; its reading and generating by themselves, without the copy that it makes of the "
            f"policy, take {seconds(theirs['alone'])}"
        )
        yield Row(
            what + how,
            seconds(ours[figure]),
            seconds(theirs[figure]),
            f"{ratio:.2f}",
            f"at most {most:g}",
            ratio <= most,
            note,
        )
