"""Machines with several IPv4 addresses: a tag stands for the main one of an interface."""

from __future__ import annotations

from collections.abc import Iterator

from segkit.intent.boxes import Piece
from segkit.intent.endpoints import Endpoint
from segkit.intent.population import Kin
from segkit.platforms.base import Residual
from segkit.platforms.lowering.draft import Draft
from segkit.sets import NOWHERE, Addresses


def alias_addresses(draft: Draft) -> Iterator[Residual]:
    """What stays closed because a source is named by tag and sends from another address as well.

    [API] Firewall, sourceTags: the primary interface's address. Which of several that is no model says.
    """
    everybody = (kin for kin in draft.intent.population.kin if kin.family == 4)
    several = {kin: some for kin in everybody if (some := _several(kin))}
    if not several:
        return
    for target, rule, peers in draft.written:
        named = {key.target for key in peers.references}
        if not named:
            continue
        found = [
            endpoint
            for kin in draft.intent.population.matching(rule.peer.predicate)
            if kin in several and named.intersection(kin.owners)
            for endpoint, addresses in several[kin]
            if not addresses <= peers.addresses
        ]
        if found:
            held = Addresses.union(e.addresses for e in found if e.addresses is not None) & rule.peer.inside
            names = ", ".join(sorted({e.workload.name for e in found}))
            extent = f"{names} at {held}: a tag stands for one of the addresses of an interface"
            sources = Piece(rule.peer.predicate, held, frozenset(), NOWHERE)
            yield rule.residual(target.name, "alias-addresses", extent, "closes", sources)


def beside_tags(kin: Kin) -> Addresses:
    """The addresses of kin for which a tag does not stand for certain."""
    return Addresses.union(addresses for _, addresses in _several(kin)) if kin.family == 4 else NOWHERE


def _several(kin: Kin) -> list[tuple[Endpoint, Addresses]]:
    """The endpoints with more than one IPv4 address."""
    held = [(e, e.addresses) for e in kin.endpoints if not e.many and e.addresses is not None]
    return [(e, a) for e, a in held if len(a.v4.spans) > 1 or any(lo != hi for lo, hi in a.v4.spans)]
