"""What only a synth can find: memberships nobody publishes, names that clash, addresses used twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from segkit.artifacts.fragment import addresses
from segkit.errors import Problem
from segkit.model.model import Model
from segkit.platforms.base import Membership

if TYPE_CHECKING:
    from segkit.constructs.outlet import Outlet


class Wanted(NamedTuple):
    """A membership that somebody asked for, by the name of the local that will hold it."""

    local: str
    target: str
    workload: str
    interface: str
    where: str


def missing_memberships(
    wanted: Iterable[Wanted], fragment: Mapping[str, Any], model: Model
) -> Iterator[Problem]:
    """Memberships that the fragment does not publish."""
    names = {workload.name for workload in model.workloads}
    yield from unknown_workloads(wanted, names)
    published = fragment.get("locals", {})
    for one in sorted(wanted):
        if one.local in published or one.workload not in names:
            continue
        if one.interface:
            why = f"its interface {one.interface!r} is unknown, or the target does not own it"
            fix = "check the name of the interface, and its realm and network against the target"
        else:
            why = "the target does not own it"
            fix = "check select= and realm= of the target, and the network of the workload's interfaces"
        yield _missing(one, why, fix)


def unknown_workloads(wanted: Iterable[Wanted], names: Collection[str] | None) -> Iterator[Problem]:
    """Memberships of workloads that nobody declared; `names` None when that cannot be known."""
    for one in sorted(wanted):
        if names is not None and one.workload not in names:
            near = get_close_matches(one.workload, sorted(names), n=1)
            why = "there is no workload or workload class of this name"
            fix = f"did you mean {near[0]!r}?" if near else "declare it with Workload or WorkloadClass"
            yield _missing(one, why, fix)


def _missing(one: Wanted, why: str, fix: str) -> Problem:
    return Problem(f"target {one.target} has no membership for {one.workload!r}", one.where, why, fix)


def same_name(name: str, path: str, other: str) -> Problem:
    """Two segmentations of one app with one name."""
    return Problem(
        f"two segmentations of one app are called {name!r}",
        path,
        f"the other is {other}; both would write segkit/{name}.intent.json",
        "give one of them another id",
    )


def shared_addresses(
    path: str, fragment: Mapping[str, Any], other: str, others: Mapping[str, Any]
) -> Iterator[Problem]:
    """Addresses that two segmentations of one stack emit."""
    for address in sorted(set(addresses(fragment)).intersection(addresses(others))):
        yield Problem(
            f"{address} is emitted by {other} too",
            path,
            "the library would merge the two into one",
            "give the targets of the two segmentations different names",
        )


def unplaced(model: Model, stacks: Collection[str]) -> Iterator[Problem]:
    """Targets in no stack, or in one that nobody passed on."""
    for target in model.targets:
        if not target.stack:
            yield Problem(
                f"target {target.name} is in no stack",
                target.where,
                why="its segmentation belongs to the app, which has stacks but is none",
                fix="pass stack=, the TerraformStack that its groups and rules are to be in",
            )
        for name in dict.fromkeys((target.stack, target.identities)):
            if name and name not in stacks:
                yield Problem(
                    f"target {target.name} is in stack {name!r}, which is not there",
                    target.where,
                    why="a target of a policy file names its stack, and only a program has one",
                    fix=f"declare the target in code with stack=; stacks of other targets: "
                    f"{', '.join(sorted(stacks)) or 'none'}",
                )


def too_late(outlets: Iterable[Outlet]) -> Iterator[Problem]:
    """Stacks that are written already, and would be another now."""
    for outlet in outlets:
        if outlet.written is not None and outlet.written != outlet.fragment():
            yield Problem(
                f"stack {outlet.name} was written before everything was declared",
                outlet.path,
                "something was declared while a later stack of the segmentation was synthesised",
                "declare it before synth(), or in an aspect of the first stack",
            )


def overlaid(path: str, fragment: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Problem]:
    """Blocks of ours that a construct of the stack also writes to.

    Every construct signs its block with its path, and segkit signs none: a signature on one of ours is
    another's.
    """
    for block in ("resource", "data"):
        for kind, named in sorted(fragment.get(block, {}).items()):
            for name in sorted(named):
                comment = document.get(block, {}).get(kind, {}).get(name, {}).get("//")
                signed = comment.get("metadata") if isinstance(comment, Mapping) else None
                if isinstance(signed, Mapping) and "path" in signed:
                    yield Problem(
                        f"{kind}.{name} is also the address of the construct {signed['path']}",
                        path,
                        "the library merges the two into one",
                        "give the construct another id",
                    )


def untaken(memberships: Iterable[Membership], wanted: Mapping[str, Wanted]) -> Iterator[str]:
    """A warning for each target with workloads whose groups nobody asked for: they protect no machine yet."""
    asked = {(w.target, w.workload, w.interface) for w in wanted.values()}
    forgotten: dict[str, list[str]] = {}
    for m in memberships:
        if m.status == "assumed" and (m.target, m.workload, m.interface) not in asked:
            forgotten.setdefault(m.target, []).append(m.workload)
    for target, names in sorted(forgotten.items()):
        some = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        yield Problem(
            f"target {target}: nothing takes the groups of {some}",
            why="the proof assumes that their machines carry them",
            fix="pass membership(workload) to the machine, or give the workload its interface_id",
        ).text()
