"""Intent to Azure resources: prepare (what to open, who is where), plan, fit, names, rules, emit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segkit.errors import Problem, SegkitError
from segkit.intent.engine import Intent
from segkit.model.model import Model, Target
from segkit.platforms.azure.limits import EXEMPT_ADDRESSES
from segkit.platforms.azure.lower.banded import unbandable
from segkit.platforms.azure.lower.fit import over_quota, usage
from segkit.platforms.azure.lower.prepare import Prepared, prepare
from segkit.platforms.azure.lower.quotas import quotas
from segkit.platforms.azure.lower.services import REST
from segkit.platforms.base import Lowered, Residual
from segkit.platforms.lowering.adopting import unknown_adopted
from segkit.platforms.lowering.exempt import unenforceable
from segkit.platforms.lowering.names import SCHEME
from segkit.progress import steps
from segkit.sets import icmpv6

__all__ = ["lower", "quotas"]


def lower(intent: Intent, targets: Sequence[Target]) -> tuple[Lowered, ...]:
    """Every Azure target of a model as Terraform.

    Raises SegkitError when a quota would overflow, names clash, an address is needed that nobody knows, or a
    workload is where it cannot be.
    """
    ready = prepare(intent, targets)
    plan = ready.plan()
    problems: list[Problem] = [*ready.draft.problems, *ready.placing.problems]
    problems += (problem for _, problem in unbandable(ready.draft, ready.placements))
    residuals = [*ready.draft.residuals, *ready.above.residuals]
    residuals += _unenforceable(intent.model, ready.targets)
    out = []
    for target in steps("Writing the rules of targets", ready.targets):
        here = ready.placements[target.name]
        if over := list(over_quota(plan, target, here, ready.namer(plan))):
            problems += over
            continue
        made = map(ready.namer(plan).group, plan.groups[target.name])
        problems += unknown_adopted(intent.model, target, here.adopt, made)
        emitter, above = ready.emitter(plan, target), ready.above.warnings.get(target.name)
        out.append(
            Lowered(
                target.name,
                emitter.fragment(),
                tuple(sorted(r for r in residuals if r.target == target.name)),
                (*emitter.warnings, *([above] if above else ())),
                {
                    "encoding": here.encoding,
                    "names": SCHEME,
                    "quotas": usage(plan, target, here),
                    **_tiers(ready, target),
                },
            )
        )
    problems += _clashes(ready.targets, out)
    if problems:
        raise SegkitError(problems)
    return tuple(out)


def _tiers(ready: Prepared, target: Target) -> dict[str, str]:
    """What became of tiers, where that is not the default, and why where it was left open."""
    found = ready.placements[target.name].tiers
    why = ready.compiled.get(target.name)
    if why is not None:
        return {"tiers": found, "tiers_because": why}
    return {} if found == "compiled" else {"tiers": found}


def _unenforceable(model: Model, targets: Sequence[Target]) -> Iterator[Residual]:
    """Denies of what security groups do not filter: the host's services, and ICMPv6 by itself."""
    yield from unenforceable(model, targets, EXEMPT_ADDRESSES, "services of the host")
    for rule in model.rules:
        named = rule.services & icmpv6()
        if rule.action == "deny" and named and REST - rule.services:
            for target in targets:
                extent = f"{rule.id}: {named} is not supported in security groups, and may pass"
                yield Residual(target.name, "exempt-flows", extent, (rule.id,))


def _clashes(targets: Sequence[Target], lowered: Sequence[Lowered]) -> Iterator[Problem]:
    """Groups of one kind and resource group whose names differ in nothing but case, if in that."""
    seen: dict[tuple[str, str, str], str] = {}
    where = {target.name: target.where for target in targets}
    for done in lowered:
        for kind, named in done.fragment.get("resource", {}).items():
            for key, body in named.items() if kind in _NAMED else ():
                place = (kind, body["resource_group_name"].lower(), body["name"].lower())
                if place in seen:
                    yield Problem(
                        f"target {done.target}: two resources would be named {body['name']!r}: "
                        f"{seen[place]} and {key}",
                        where=where[done.target],
                        why="a name is used once in a resource group, whatever its case",
                        fix="rename one of the groups or targets, or use another resource_group",
                    )
                seen[place] = key


_NAMED = ("azurerm_application_security_group", "azurerm_network_security_group")
