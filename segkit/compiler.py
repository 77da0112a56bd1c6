"""From a model to Terraform: the one path that constructs, the command line and tests all take."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from segkit.artifacts import merge
from segkit.artifacts.divided import Divided, divide
from segkit.artifacts.fragment import prune
from segkit.collecting import uncollected
from segkit.errors import Problem, SegkitError
from segkit.intent.engine import Intent
from segkit.model.model import Model, Target
from segkit.model.workloads import Workload
from segkit.platforms.base import Encoding, Lowered, QuotaReport, Residual, platform
from segkit.progress import step
from segkit.sets import EVERYWHERE, NOWHERE

Since = Model | Literal["nothing"] | None
"""What is deployed now, where an apply is the first of two."""


@dataclass(frozen=True, slots=True)
class Compilation:
    """A model, what it means, and its targets as Terraform JSON (no provider or terraform blocks).

    `fragment` is all of it; `divided` is the same by stack, where targets name stacks (else the one stack is
    called "").

    Where `since` is there, they hold what that became as well: the first of two applies. It may be "nothing":
    then they hold everything, and nothing is in force.
    """

    model: Model
    intent: Intent
    lowered: tuple[Lowered, ...]
    fragment: dict[str, Any]
    warnings: tuple[Problem, ...]
    divided: Divided
    since: Compilation | Literal["nothing"] | None = None

    @property
    def report(self) -> dict[str, Mapping[str, Any]]:
        """Encoding and quota use by target."""
        return {done.target: done.report for done in self.lowered}

    @property
    def residuals(self) -> tuple[Residual, ...]:
        """Every residual that lowering foresaw; all of them are accepted."""
        return tuple(r for done in self.lowered for r in done.residuals)

    def membership(self, target: str, workload: str, interface: str = "") -> str:
        """The Terraform expression for the group ids of an interface."""
        kind = next(t.platform for t in self.model.targets if t.name == target)
        return f"${{local.{platform(kind).membership_local(target, workload, interface)}.groups}}"


@uncollected()
def compile_model(model: Model, since: Since = None) -> Compilation:
    """Compiles and lowers a model. `since` is the model that is deployed now, for the first of two applies:
    what is there stays beside what will be, and an apply without `since` takes it away. With "nothing", for
    the first of all, groups and memberships come, and what is decided with them comes in the second.

    Raises SegkitError with everything that is in the way: bad placements, quotas, addresses that are needed
    and not known, residuals that nobody accepted; of two models, what cannot be there together.
    """
    done = _compiled(model)
    if since is None:
        return done
    return _asleep(done) if since == "nothing" else _together(_compiled(since), done)


def _compiled(model: Model) -> Compilation:
    problems = [p for t in model.targets for p in platform(t.platform).check(model, t)]
    problems += _without_stack(model)
    if problems:
        raise SegkitError(problems)
    with step("Working out who reaches whom"):
        intent = Intent(model)
    lowered: list[Lowered] = []
    for name, targets in sorted(_by_platform(model).items()):
        with step(f"Lowering to {name}"):
            lowered += platform(name).lower(intent, targets)
    warnings = [w for done in lowered for w in done.warnings] + list(_unknown_addresses(model))
    for done in lowered:
        problems += _unaccepted(next(t for t in model.targets if t.name == done.target), done)
    if problems:
        raise SegkitError(problems)
    return _assembled(model, intent, lowered, warnings)


def _assembled(
    model: Model, intent: Intent, lowered: Sequence[Lowered], warnings: Iterable[Problem]
) -> Compilation:
    fragment = merge(*(done.fragment for done in lowered), where=tuple(f"target {d.target}" for d in lowered))
    divided = divide(_by_stack(model, lowered)) if model.stacks else Divided({"": fragment}, ())
    return Compilation(model, intent, tuple(lowered), fragment, tuple(sorted(warnings)), divided)


def _asleep(done: Compilation) -> Compilation:
    """Everything but what is in force."""
    if done.model.stacks:
        what = "what is in several stacks cannot come asleep"
        raise SegkitError(Problem(what, fix="leave out since, and apply one stack after the other"))
    targets = {target.name: target for target in done.model.targets}
    lowered = [
        replace(
            one, fragment=platform(targets[one.target].platform).asleep(targets[one.target], one.fragment)
        )
        for one in done.lowered
    ]
    return replace(_assembled(done.model, done.intent, lowered, done.warnings), since="nothing")


def _together(before: Compilation, after: Compilation) -> Compilation:
    """What is deployed beside what will be."""
    problems = list(_elsewhere(before.model, after.model))
    there, then = ({done.target: done.fragment for done in form.lowered} for form in (before, after))
    both: dict[str, Mapping[str, Any]] = {}
    for name, targets in sorted(_by_platform(after.model).items()) if not problems else ():
        try:
            both |= platform(name).bridge(targets, there, then)
        except SegkitError as error:
            problems += error.problems
    if problems:
        raise SegkitError(problems)
    lowered = [replace(done, fragment=both[done.target]) for done in after.lowered]
    return replace(_assembled(after.model, after.intent, lowered, after.warnings), since=before)


def _elsewhere(before: Model, after: Model) -> Iterator[Problem]:
    """What is deployed of another segmentation, and targets that are not what and where they were."""
    if before.name != after.name:
        yield Problem(
            f"what is deployed is of {before.name!r}, and this is {after.name!r}",
            why="everything that is deployed is called after its segmentation",
            fix="name the intent file that was kept when this segmentation was deployed",
        )
        return
    places = {t.name: (t.platform, t.realm, t.stack, t.home) for t in after.targets}
    for target in before.targets:
        here = target.platform, target.realm, target.stack, target.home
        if places.get(target.name) != here:
            gone = target.name not in places
            yield Problem(
                f"target {target.name} {'is no more' if gone else 'is of another platform, realm or stack'}",
                where=target.where,
                why="what is deployed of it has no place beside what will be",
                fix="change targets in a step of its own, without since",
            )


def quota_reports(
    model: Model, target: str | None = None, encoding: Encoding | None = None
) -> tuple[QuotaReport, ...]:
    """What the targets of a model use of their quotas, also where they use too much.

    `encoding` asks for one of one target, as a placement has it, or "auto" for the best that can be found for
    it, or for all of them.
    Raises SegkitError for bad placements, for a target that is not there, and for an encoding that is none.
    """
    names = [t.name for t in model.targets]
    problems = [p for t in model.targets for p in platform(t.platform).check(model, t)]
    if target is not None and target not in names:
        problems.append(Problem(f"no target {target!r}", fix=f"there are {', '.join(names) or 'none'}"))
    elif encoding is not None:
        problems += _unusable(model, target, encoding)
    if problems:
        raise SegkitError(problems)
    wanted = names if target is None else [target]
    asked = {} if encoding is None else dict.fromkeys(wanted, encoding)
    with step("Working out who reaches whom"):
        intent = Intent(model)
    reports: list[QuotaReport] = []
    for name, targets in sorted(_by_platform(model).items()):
        with step(f"Counting what {name} counts"):
            reports += platform(name).quotas(intent, targets, asked, target)
    return tuple(reports)


def _unusable(model: Model, target: str | None, encoding: Encoding) -> Iterator[Problem]:
    """Why an encoding cannot be asked for."""
    if target is None and (encoding != "auto" or not model.targets) and len(model.targets) != 1:
        names = ", ".join(t.name for t in model.targets)
        fix = "name it with --target, or ask for auto" if names else "declare a target"
        yield Problem(f"an encoding is that of one target, and there are {names or 'none'}", fix=fix)
    elif encoding != "auto":
        one = next(t for t in model.targets if target in (None, t.name))
        pinned = replace(one, placement={**one.placement, "encoding": encoding}, where="")
        yield from platform(one.platform).check(model, pinned)


def _unknown_addresses(model: Model) -> Iterator[Problem]:
    """Says which workloads stand for many addresses or none, where some rule speaks of addresses."""
    ends = (e for r in model.live_rules for side in r.sides for e in side)
    if all(e.inside in (EVERYWHERE, NOWHERE) for e in ends):
        return
    names = sorted(
        w.name
        for w in model.workloads
        if not w.is_class and any(i.addresses is None for i in w.interfaces) and _owned(model, w)
    )
    if names:
        some = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        yield Problem(
            f"addresses are not declared for {some}",
            why="rules that name addresses see them at every address of their zone's networks, else nowhere",
            fix="declare their addresses; nothing is wrong where no such rule is meant for them",
        )


def _owned(model: Model, workload: Workload) -> bool:
    labels = workload.label_map
    return any(t.owns(labels, i.realm, i.network) for t in model.targets for i in workload.interfaces)


def _by_platform(model: Model) -> dict[str, list[Target]]:
    out: dict[str, list[Target]] = {}
    for target in model.targets:
        out.setdefault(target.platform, []).append(target)
    return out


def _without_stack(model: Model) -> Iterator[Problem]:
    """Where some targets name their stack, all must."""
    for target in model.targets if model.stacks else ():
        if not target.stack:
            yield Problem(
                f"target {target.name} names no stack",
                target.where,
                why=f"others of this segmentation do: {', '.join(model.stacks)}",
                fix="pass stack=",
            )


def _by_stack(model: Model, lowered: Iterable[Lowered]) -> dict[str, dict[str, Any]]:
    """What each stack holds: the targets that name it, and the groups of those that keep theirs there."""
    parts: dict[str, list[Mapping[str, Any]]] = {name: [] for name in model.stacks}
    targets = {t.name: t for t in model.targets}
    for done in lowered:
        target = targets[done.target]
        identities, rest = _apart(done.fragment, platform(target.platform).identities)
        parts[target.home].append(identities)
        parts[target.stack].append(rest)
    return {name: merge(*held) for name, held in parts.items()}


def _apart(fragment: Mapping[str, Any], kinds: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The resources of some kinds with their moves and imports, and everything else."""
    here: dict[str, Any] = {}
    rest = dict(fragment)
    for block in ("moved", "import"):
        listed = list(fragment.get(block, ()))
        here[block] = [one for one in listed if one["to"].removeprefix("${").partition(".")[0] in kinds]
        rest[block] = [one for one in listed if one not in here[block]]
    resources = fragment.get("resource", {})
    here["resource"] = {kind: named for kind, named in resources.items() if kind in kinds}
    rest["resource"] = {kind: named for kind, named in resources.items() if kind not in kinds}
    return prune(here), prune(rest)


def _unaccepted(target: Target, done: Lowered) -> list[Problem]:
    accepted = {a.residual for a in target.accepted}
    meanings = platform(target.platform).capabilities.residuals
    return [
        Problem(
            f"target {target.name}: {r.extent}",
            where=target.where,
            why=f"residual {r.name!r}: {meanings[r.name]}",
            fix=f'change the rule, or accept it: accept_residual("{r.name}", owner=…, reason=…, expires=…)',
        )
        for r in done.residuals
        if r.name not in accepted
    ]
