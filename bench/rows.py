"""The rows of the table: what is compared with what, and what is wanted."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from bench import inventory, planes_rows
from bench.measure import Job, Sample, UnfinishedError, alternating, run
from bench.table import Row, absent, memory, seconds


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: rules of a platform, and those that a peer generates too; workloads, rules and
    applications of the realistic estate, and of the one that is compiled; workloads and rules of the random
    one; rules whose redundancy is judged, with how many times faster than the peer that should be; turns of
    each pair; changes of one rule; seconds that a run may take."""

    lines: int
    compared: int
    workloads: int
    rules: int
    applications: int
    compiled: tuple[int, int, int]
    random: tuple[int, int]
    redundancy: tuple[tuple[int, float], ...]
    turns: int
    changes: int
    limit: float = 300.0


FULL = Sizes(
    10_000,
    3_000,
    100_000,
    10_000,
    500,
    (100_000, 10_000, 500),
    (28_000, 10_000),
    ((2_000, 5.0), (10_000, 10.0)),
    2,
    60,
)
QUICK = Sizes(1_000, 500, 10_000, 1_000, 100, (4_000, 400, 25), (3_000, 1_000), ((500, 5.0),), 2, 20, 60.0)
TINY = Sizes(100, 100, 50, 30, 5, (50, 20, 5), (30, 20), ((10, 5.0),), 1, 1, 60.0)


def emission(sizes: Sizes) -> Iterator[Row]:
    """Lowering and emission through cdktf against one bulk override of the same JSON."""
    what = f"{sizes.lines} AWS rules: lower and emit, against one bulk override"
    with tempfile.TemporaryDirectory() as folder:
        kept = str(Path(folder, "resources.json"))
        arguments = {"rules": sizes.lines, "prove": False, "keep": kept, "apart": True}
        ours = Job("segkit_stack", arguments, sizes.limit)
        peer = Job("bulk_override", {"resources": kept}, sizes.limit)
        mine, theirs = alternating((ours, peer), sizes.turns, "synth")
    whole, meaning, bulk = mine.told["synth"], mine.told["meaning"], theirs.told["synth"]
    ratio = (whole - meaning) / bulk
    yield Row(
        what,
        seconds(whole - meaning),
        seconds(bulk),
        f"{ratio:.2f}",
        "at most 2",
        ratio <= 2,
        f"of a synth of {seconds(whole)}, without the {seconds(meaning)} that checking the model, writing it"
        f" down and its intent take when done again; with them {whole / bulk:.2f}",
    )


def program(sizes: Sizes) -> Iterator[Row]:
    """A whole program with its proof against the same resources through typed bindings."""
    what = f"{sizes.lines} AWS rules: whole program, against typed bindings"
    if find_spec("cdktf_cdktf_provider_aws") is None:
        yield absent(what, "cdktf-cdktf-provider-aws")
        return
    with tempfile.TemporaryDirectory() as folder:
        kept = str(Path(folder, "resources.json"))
        proved = Job("segkit_stack", {"rules": sizes.lines, "prove": True}, sizes.limit)
        unproved = Job("segkit_stack", {"rules": sizes.lines, "prove": False, "keep": kept}, sizes.limit)
        typed = Job("typed_bindings", {"resources": kept}, 2 * sizes.limit)
        mine, without, theirs = alternating((proved, unproved, typed), 1)
    ratio, share = mine.seconds / theirs.seconds, mine.mib / theirs.mib
    yield Row(
        f"{what}, time",
        seconds(mine.seconds),
        seconds(theirs.seconds),
        f"{ratio:.2f}",
        "at most 0.2",
        ratio <= 0.2,
    )
    yield Row(
        f"{what}, memory", memory(mine.mib), memory(theirs.mib), f"{share:.2f}", "at most 0.25", share <= 0.25
    )
    proof = max(0.0, mine.seconds - without.seconds)
    yield Row(
        "of which the proof", seconds(proof), seconds(mine.seconds), f"{proof / mine.seconds:.2f}", "–", None
    )


def estate(sizes: Sizes) -> Iterator[Row]:
    """The realistic estate over 25 account-regions: compiled, lowered and proved."""
    workloads, rules, _ = sizes.compiled
    full = sizes.compiled == FULL.compiled
    wanted = "under 30 s, 2 GB, every default quota" if full else "–"
    yield _compiled(sizes.compiled, "", sizes, True, wanted)
    yield _compiled(sizes.compiled, ", quotas lifted", sizes, False, "–")
    if full:
        yield _compiled((workloads // 10, rules // 10, 60), "", sizes, True, "–")


def _compiled(size: tuple[int, int, int], how: str, sizes: Sizes, quotas: bool, wanted: str) -> Row:
    workloads, rules, applications = size
    what = f"realistic estate, {workloads} workloads, {rules} rules: compile, lower, prove{how}"
    arguments: dict[str, object] = {"workloads": workloads, "rules": rules, "applications": applications}
    arguments["quotas"] = quotas
    return _bounded(what, _tried("estate", arguments, sizes), wanted, wanted != "–")


def intent(sizes: Sizes) -> Iterator[Row]:
    """Intent alone, all rows, and after a change of one rule: both estates."""
    workloads, rules = sizes.random
    realistic = {"kind": "realistic", "workloads": sizes.workloads, "rules": sizes.rules}
    realistic |= {"applications": sizes.applications}
    yield from _intent("realistic", realistic, sizes, sizes.rules == FULL.rules, 3.0, None)
    drawn = {"kind": "random", "workloads": workloads, "rules": rules}
    yield from _intent("random", drawn, sizes, sizes.random == FULL.random, 40.0, 10.0)


def _intent(
    name: str, arguments: dict[str, object], sizes: Sizes, judged: bool, bound: float, worst: float | None
) -> Iterator[Row]:
    what = f"{name} estate, {arguments['workloads']} workloads, {arguments['rules']} rules: intent, all rows"
    done = _tried("intent", {**arguments, "changes": sizes.changes, "budget": sizes.limit / 3}, sizes)
    if isinstance(done, UnfinishedError):
        yield Row(what, str(done), seconds(bound), "–", f"under {bound:g} s", False if judged else None)
        return
    taken, used = done.told["seconds"], done.mib + done.told["helpers"]
    met = taken <= bound and used <= 2048 if judged else None
    yield Row(
        what,
        f"{seconds(taken)}, {memory(used)}",
        f"{seconds(bound)}, 2.0 GB",
        f"{taken / bound:.2f}",
        f"under {bound:g} s and 2 GB" if judged else "–",
        met,
        f"{done.told['cells']} cells; a digest of every row, by two processes, {seconds(done.told['busy'])} "
        "of processor time; memory of both and their parent, with the models, and twice what they share",
    )
    changes = done.told["changes"]
    if changes:
        ninety = changes[math.ceil(0.9 * len(changes)) - 1]
        far = changes[-1]
        yield Row(
            f"{name} estate: after changing one rule, p50 / p90 / worst",
            " / ".join(seconds(v) for v in (changes[(len(changes) - 1) // 2], ninety, far)),
            "0.5 s (p90)" + (f", {worst:g} s (worst)" if worst else ""),
            f"{ninety / 0.5:.2f}",
            ("p90 under 0.5 s" + (f", worst under {worst:g} s" if worst else "")) if judged else "–",
            ninety <= 0.5 and (worst is None or far <= worst) if judged else None,
            f"{len(changes)} changes of one rule, with what they open and close; cells are kept",
        )


def growth(sizes: Sizes) -> Iterator[Row]:
    """Twice the workloads, twice the rules: intent, all rows."""
    once = {
        "kind": "realistic",
        "workloads": sizes.workloads // 2,
        "rules": sizes.rules // 2,
        "applications": sizes.applications,
    }
    doubled = (
        ("workloads", {**once, "workloads": sizes.workloads}),
        ("rules", {**once, "rules": sizes.rules}),
    )
    jobs = [Job("intent", arguments, sizes.limit) for arguments in (once, *(d for _, d in doubled))]
    first, *rest = alternating(jobs, sizes.turns, "seconds")
    for (name, _), sample in zip(doubled, rest, strict=True):
        ratio = sample.told["seconds"] / first.told["seconds"]
        yield Row(
            f"realistic estate, from {once['workloads']} workloads and {once['rules']} rules: {name} doubled",
            seconds(sample.told["seconds"]),
            seconds(first.told["seconds"]),
            f"{ratio:.2f}",
            "at most 2.3",
            ratio <= 2.3,
            "intent only",
        )


def redundancy(sizes: Sizes) -> Iterator[Row]:
    """Which rules are redundant, against Aerleon's shade check."""
    for rules, faster in sizes.redundancy:
        what = f"redundancy of {rules} rules, against Aerleon's shade check"
        if find_spec("aerleon") is None:
            yield absent(what, "aerleon")
            continue
        mine = run(Job("redundancy", {"rules": rules}, sizes.limit))
        taken = mine.told["check"]
        theirs = _tried("shade", {"rules": rules}, sizes)
        late = isinstance(theirs, UnfinishedError)
        peer = sizes.limit if isinstance(theirs, UnfinishedError) else theirs.told["check"]
        note = f"segkit finds {mine.told['found']}, cannot tell of {mine.told['unknown']}"
        if isinstance(theirs, UnfinishedError):
            note += "; the ratio is only known to be lower: met stays open unless that is enough"
        else:
            note += f"; Aerleon finds {theirs.told['found']}"
        fast = taken * faster <= peer
        yield Row(
            what,
            seconds(taken),
            str(theirs) if late else seconds(peer),
            ("under " if late else "") + f"{taken / peer:.3f}",
            f"at most {1 / faster:g}, exact",
            None if late and not fast else fast and mine.told["unknown"] == 0,
            note,
        )


ROWS: dict[str, Callable[[Sizes], Iterator[Row]]] = {
    "emission": emission,
    "program": program,
    "estate": estate,
    "intent": intent,
    "growth": growth,
    "redundancy": redundancy,
    "planes": lambda sizes: planes_rows.rows(sizes.lines, sizes.compared, sizes.turns, sizes.limit),
    "inventory": lambda sizes: inventory.rows(sizes.workloads, sizes.applications, sizes.turns, sizes.limit),
}


def measured(name: str, sizes: Sizes) -> list[Row]:
    """The rows of one name; a run that fails becomes a row that says so."""
    try:
        rows = list(ROWS[name](sizes))
        judged = replace(sizes, limit=FULL.limit) == FULL
        return rows if judged else [replace(row, met=None) for row in rows]
    except UnfinishedError as error:
        return [Row(name, str(error)[:80], "–", "–", "to finish", False)]


def _tried(name: str, arguments: dict[str, object], sizes: Sizes) -> Sample | UnfinishedError:
    try:
        return run(Job(name, arguments, sizes.limit))
    except UnfinishedError as error:
        return error


def _bounded(what: str, done: Sample | UnfinishedError, wanted: str, judged: bool) -> Row:
    if isinstance(done, UnfinishedError):
        return Row(what, str(done)[:100], "30 s, 2.0 GB", "–", wanted, False if judged else None)
    told = done.told
    if "refused" in told:
        ours = f"refused: over quotas in {told['refused']} places"
        return Row(what, ours, "30 s, 2.0 GB", "–", wanted, False if judged else None)
    over = "".join(
        f"; over {name}: {used} of {quota}" for name, (used, quota) in sorted(told["over"].items())
    )
    note = (
        f"compile and lower {seconds(told['compile'])}, prove {seconds(told['prove'])} ({told['status']}), "
        f"{told['resources']} resources{over}" + _searched(told["search"])
    )
    ours = f"{seconds(told['seconds'])}, {memory(done.mib)}"
    ratio = f"{told['seconds'] / 30:.2f}"
    met = told["seconds"] < 30 and done.mib < 2048 and told["status"] == "equal" if judged else None
    return Row(what, ours, "30 s, 2.0 GB", ratio, wanted, met, note)


def _searched(taken: float) -> str:
    return f"; encodings found before in {seconds(taken)}" if taken > 0.01 else ""
