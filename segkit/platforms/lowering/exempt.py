"""Denies that speak of flows which a platform never sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from segkit.model.ends import End
from segkit.model.model import Model, Target
from segkit.platforms.base import Residual
from segkit.sets import EVERYWHERE, Addresses


def unenforceable(
    model: Model, targets: Iterable[Target], exempt: Addresses, what: str = "link-local services"
) -> Iterator[Residual]:
    """A residual for every deny that names some of the addresses that a platform never filters.

    A deny of everything is no such case: nobody means the metadata service by `anywhere` or `internet`.
    `what` is at those addresses.
    """
    for rule in model.rules:
        if rule.action != "deny":
            continue
        named = [e for e in (*rule.source, *rule.destination) if _names(e, exempt)]
        for target in targets:
            if any(e.realm in (None, target.realm) for e in named):
                names = ", ".join(sorted({e.text for e in named}))
                extent = f"{rule.id}: {names} holds {what}, which stay reachable"
                yield Residual(target.name, "exempt-flows", extent, (rule.id,))


def _names(end: End, exempt: Addresses) -> bool:
    if end.kind == "builtin":
        return False
    families = [end.inside.family(f) for f in (4, 6)]
    return any(
        held.overlaps(exempt) and held != EVERYWHERE.family(f)
        for f, held in zip((4, 6), families, strict=True)
    )
