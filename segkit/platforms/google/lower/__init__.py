"""Intent to firewall policies: ground (what may be named), plan (rules and tags), fit, names, emit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segkit.errors import Problem, SegkitError
from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.platforms.base import Lowered, brief
from segkit.platforms.google.limits import EXEMPT_ADDRESSES
from segkit.platforms.google.lower.alias import alias_addresses
from segkit.platforms.google.lower.fit import over_quota, overflow, usage
from segkit.platforms.google.lower.namer import Namer
from segkit.platforms.google.lower.plan import drafted, make_plan
from segkit.platforms.google.lower.policy import KEY, POLICY
from segkit.platforms.google.lower.quotas import emitter_of, pinned, quotas
from segkit.platforms.google.placement import placement
from segkit.platforms.lowering.adopting import unknown_adopted
from segkit.platforms.lowering.elsewhere import elsewhere
from segkit.platforms.lowering.encoding import CELLS, GROUPS
from segkit.platforms.lowering.exempt import unenforceable
from segkit.platforms.lowering.names import SCHEME
from segkit.progress import steps

__all__ = ["lower", "quotas"]


def lower(intent: Intent, targets: Sequence[Target]) -> tuple[Lowered, ...]:
    """Every Google Cloud target of a model as Terraform.

    Raises SegkitError when a quota would overflow, names clash, or an address is needed that nobody knows.
    """
    ordered = sorted(targets, key=lambda t: t.name)
    places = {t.name: placement(t) for t in ordered}
    draft = drafted(intent, ordered, places)
    encodings = {t.name: pinned(draft, t, places[t.name]) for t in ordered}
    plan = make_plan(draft, encodings)
    names = Namer(intent.model, plan)
    moved = [z.moved_from for z in intent.model.zones] + [g.moved_from for g in intent.model.groups]
    before = Namer(intent.model, plan, before=True) if any(moved) else names
    problems = [*draft.problems, *elsewhere(intent.model, ordered)]
    residuals = [*draft.residuals, *draft.above.residuals]
    residuals += unenforceable(intent.model, ordered, EXEMPT_ADDRESSES)
    residuals += alias_addresses(draft)
    out = []
    for target in steps("Writing the rules of targets", ordered):
        here = places[target.name]
        emitter = emitter_of(here)(intent.model, plan, target, here, names, before)
        fragment = emitter.fragment()
        used = usage(plan, target, here)
        if over := list(over_quota(plan, target, used, names)):
            plain = {e: make_plan(draft, {**encodings, target.name: e}) for e in (GROUPS, CELLS)}
            fit = [e for e, p in plain.items() if not overflow(p, target, here)]
            fitting = ["groups" if e == GROUPS else "cells" for e in fit]
            advice = f"or pin the encoding {' or '.join(map(brief, fitting))}" if fitting else ""
            problems += (p.advise(advice) if advice else p for p in over)
        problems += emitter.problems
        made = {names.group(group) for group in plan.groups[target.name]}
        problems += unknown_adopted(intent.model, target, here.adopt, made)
        out.append(
            Lowered(
                target.name,
                fragment,
                tuple(sorted(r for r in residuals if r.target == target.name)),
                (*emitter.warnings, *draft.warnings.get(target.name, ())),
                {"encoding": here.encoding, "names": SCHEME, "quotas": used},
            )
        )
    problems += _clashes(ordered, out)
    if problems:
        raise SegkitError(problems)
    return tuple(out)


def _clashes(targets: Sequence[Target], lowered: Sequence[Lowered]) -> Iterator[Problem]:
    """Policies of one project, and keys of one parent, that would have one name."""
    seen: dict[tuple[str, str, str], str] = {}
    for target, done in zip(targets, lowered, strict=True):
        named = done.fragment.get("resource", {})
        policies, keys = named.get(POLICY, {}).values(), named.get(KEY, {}).values()
        found = [(POLICY, one.get("project", ""), one["name"], "policies") for one in policies]
        found += [(KEY, one["parent"], one["short_name"], "tag keys") for one in keys]
        for kind, parent, name, many in found:
            if (kind, parent, name) in seen:
                yield Problem(
                    f"target {target.name}: two {many} would be named {name!r}; the other is of "
                    f"{seen[kind, parent, name]}",
                    where=target.where,
                    why="a name is used once in a project (Compute Engine and Resource Manager API)",
                    fix="rename the target or the group",
                )
            seen[kind, parent, name] = f"target {target.name}"
