"""Intent to AWS resources: sides (what to open), peers (how to name the far end), plan, fit, names, emit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segkit.errors import Problem, SegkitError
from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.platforms.aws.limits import EXEMPT_ADDRESSES
from segkit.platforms.aws.lower.choose import pinned
from segkit.platforms.aws.lower.emit import Emitter
from segkit.platforms.aws.lower.fit import over_quota, rule_counts, usage
from segkit.platforms.aws.lower.namer import Namer
from segkit.platforms.aws.lower.opening import make_plan
from segkit.platforms.aws.lower.plan import make_draft
from segkit.platforms.aws.lower.quotas import quotas, way_out
from segkit.platforms.aws.placement import placement
from segkit.platforms.base import Lowered
from segkit.platforms.lowering.adopting import unknown_adopted
from segkit.platforms.lowering.elsewhere import elsewhere
from segkit.platforms.lowering.exempt import unenforceable
from segkit.platforms.lowering.names import SCHEME
from segkit.progress import steps

__all__ = ["lower", "quotas"]


def lower(intent: Intent, targets: Sequence[Target]) -> tuple[Lowered, ...]:
    """Every AWS target of a model as Terraform.

    Raises SegkitError when a quota would overflow, names clash, an address is needed that nobody knows, or a
    workload is in a network that nobody has.
    """
    ordered = sorted(targets, key=lambda t: t.name)
    placements = {t.name: placement(t) for t in ordered}
    draft = make_draft(intent, ordered, placements)
    encodings = {t.name: pinned(draft, t) for t in ordered}
    plan = make_plan(draft, encodings)
    names = Namer(draft.names)
    before = names if draft.names_before is draft.names else Namer(draft.names_before)
    problems: list[Problem] = [*draft.problems, *elsewhere(intent.model, ordered)]
    residuals = [*draft.residuals, *unenforceable(intent.model, ordered, EXEMPT_ADDRESSES)]
    out = []
    for target in steps("Writing the rules of targets", ordered):
        here = placements[target.name]
        emitter = Emitter(intent.model, plan, target, placements, names, before)
        fragment = emitter.fragment()
        charged = rule_counts(plan, target.name)
        if over := list(over_quota(plan, target, here, emitter.names, charged)):
            advice = way_out(draft, target, encodings)
            problems += (p.advise(advice) for p in over)
        problems += emitter.problems
        made = map(names.group, plan.groups[target.name])
        problems += unknown_adopted(intent.model, target, here.adopt, made)
        out.append(
            Lowered(
                target.name,
                fragment,
                tuple(sorted(r for r in residuals if r.target == target.name)),
                tuple(emitter.warnings),
                {"encoding": here.encoding, "names": SCHEME, "quotas": usage(plan, target, here, charged)},
            )
        )
    problems += _clashes(ordered, out)
    if problems:
        raise SegkitError(problems)
    return tuple(out)


def _clashes(targets: Sequence[Target], lowered: Sequence[Lowered]) -> Iterator[Problem]:
    """Groups of one VPC whose names differ in nothing but case, if in that."""
    seen: dict[tuple[str, str], str] = {}
    for target, done in zip(targets, lowered, strict=True):
        for key, body in done.fragment.get("resource", {}).get("aws_security_group", {}).items():
            place = (body["vpc_id"], body["name"].lower())
            if place in seen:
                yield Problem(
                    f"target {target.name}: two security groups would be named {body['name']!r}: "
                    f"{seen[place]} and {key}",
                    where=target.where,
                    why="a name is used once in a VPC, whatever its case (EC2 API, CreateSecurityGroup)",
                    fix="rename one of the groups or zones, or make one target of the two that share a VPC",
                )
            seen[place] = key
