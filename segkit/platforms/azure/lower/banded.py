"""What bands of priorities cannot say: where a tier has to be compiled away instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from segkit.errors import Problem
from segkit.model.model import Target
from segkit.platforms.azure.lower.services import NAMED, REST
from segkit.platforms.azure.placement import AzurePlacement
from segkit.platforms.lowering.as_written import denies
from segkit.platforms.lowering.draft import Draft
from segkit.platforms.lowering.sides import SideRule
from segkit.sets import ANY


def unbandable(draft: Draft, placements: Mapping[str, AzurePlacement]) -> Iterator[tuple[str, Problem]]:
    """Every rule of a target with `tiers="bands"` that would not be exact in an order, with the target."""
    where = {target.name: target for target in draft.targets}
    banded = {name for name, here in placements.items() if here.tiers == "bands"}
    blocking = {rule.id for rule in draft.intent.model.rules if rule.action == "deny"}
    for target, rule, _ in draft.written:
        if target.name in banded and (why := _why(rule)):
            yield target.name, _refused(target, f"{rule.origin} ({rule.direction})", why)
    for residual in draft.residuals:
        vague = residual.name != "snapshot" and not blocking.isdisjoint(residual.rules)
        if residual.target in banded and vague:
            why = f"a deny cannot have {residual.name!r}"
            yield residual.target, _refused(where[residual.target], residual.extent, why)


def _why(rule: SideRule) -> str:
    """Why a side rule is not exact among others, empty where it is."""
    if rule.services == ANY:
        pass
    elif rule.services & REST:
        return "protocols without a name can only be allowed or denied together with all others"
    elif denies(rule) and 4 in rule.families and rule.services & NAMED["Icmp"] not in (NAMED["Icmp"], _NONE):
        return "a deny of some ICMP messages would deny all of them"
    if denies(rule) and not rule.own.whole and len(rule.families) == 1:
        return "a deny of some addresses of an interface would be one of all, or of none"
    return ""


_NONE = ANY - ANY


def _refused(target: Target, what: str, why: str) -> Problem:
    return Problem(
        f"target {target.name}: bands of priorities cannot say {what}",
        where=target.where,
        why=why,
        fix='write tiers="compiled", which is the default, or "auto"',
    )
