"""Machines with several IPv4 addresses: a tag stands for the main one of an interface."""

from __future__ import annotations

from collections.abc import Iterator

from segkit.intent.boxes import Piece
from segkit.platforms.base import Residual
from segkit.platforms.lowering.draft import Draft
from segkit.sets import NOWHERE, Addresses


def alias_addresses(draft: Draft) -> Iterator[Residual]:
    """What stays closed because a source is named by tag and sends from another address as well.

    [API] Firewall, sourceTags: the primary interface's address. Which of several that is no model says.
    """
    for target, rule, peers in draft.written:
        named = {key.target for key in peers.references}
        if not named:
            continue
        near = draft.intent.population.matching(rule.peer.predicate)
        found = [
            endpoint
            for kin in near
            if kin.family == 4 and named.intersection(kin.owners)
            for endpoint in kin.endpoints
            if not endpoint.many and endpoint.addresses is not None and _several(endpoint.addresses)
            if not endpoint.addresses <= peers.addresses
        ]
        if found:
            held = Addresses.union(e.addresses for e in found if e.addresses is not None) & rule.peer.inside
            names = ", ".join(sorted({e.workload.name for e in found}))
            extent = f"{names} at {held}: a tag stands for one of the addresses of an interface"
            sources = Piece(rule.peer.predicate, held, frozenset(), NOWHERE)
            yield rule.residual(target.name, "alias-addresses", extent, "closes", sources)


def _several(addresses: Addresses) -> bool:
    return any(lo != hi for lo, hi in addresses.v4.spans) or len(addresses.v4.spans) > 1
