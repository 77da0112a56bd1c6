"""What a hierarchical policy says of a target: what the tiers above decide, as far as that is certain.

The policy of the network is whole without it, and none of it contradicts that one: so nothing passes or stops
because of the order in which the two change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from segkit.errors import Problem
from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.model.policy import Tier
from segkit.platforms.google.lower.alias import beside_tags
from segkit.platforms.google.lower.services import rare, whole
from segkit.platforms.google.placement import GooglePlacement
from segkit.platforms.lowering.carrying import Key, Owners
from segkit.platforms.lowering.certain import CertainWriter
from segkit.platforms.lowering.decided import Decisions
from segkit.platforms.lowering.draft import Draft
from segkit.platforms.lowering.encoding import CELLS, Carried, GroupId, Groups
from segkit.platforms.lowering.ground import Ground
from segkit.platforms.lowering.peers import Peers
from segkit.platforms.lowering.sides import SideRule
from segkit.sets import ServiceSet

ADMIN = 1
"""The shard of groups that hierarchical policies name: their tags are the whole organization's."""

SHOWN = 5
"""How many rules a warning names."""

BANDS = ((Tier.quarantine, "deny"), (Tier.quarantine, "allow"), (Tier.glob, "deny"), (Tier.glob, "allow"))
"""The order of what is said above. Nobody of today is spoken of twice; who comes is treated as tiers say."""


def drafted_above(
    intent: Intent,
    targets: Sequence[Target],
    grounds: Mapping[str, Ground],
    placements: Mapping[str, GooglePlacement],
) -> tuple[Draft, dict[str, tuple[Problem, ...]]]:
    """The rules of hierarchical policies, for targets that have one, and what is to be said of them."""
    owners = Owners(intent.population)
    sides, writer = Decisions(intent, owners), CertainWriter(intent, owners, beside_tags)
    admin = [t for t in targets if placements[t.name].global_tier == "admin"]
    written: list[tuple[Target, SideRule, Peers]] = []
    for direction in ("egress", "ingress"):
        for target in admin:
            for found in sides.of(target, direction, shared=True):
                rule = replace(found, services=_said(target, found.services))
                if rule.services != found.services:
                    writer.left.add((target.name, rule.origin))
                if rule.services:
                    into = direction == "ingress"
                    closed = into or placements[target.name].egress != "open"
                    peers = writer.write(target, rule, by_group=into, by_address=closed)
                    if peers.references or peers.addresses:
                        written.append((target, rule, peers))
    residuals = tuple(dict.fromkeys(writer.residuals))
    left = {t.name: sorted(origin for name, origin in writer.left if name == t.name) for t in admin}
    warnings: dict[str, tuple[Problem, ...]] = {
        t.name: (_left_out(t, left[t.name]),) for t in admin if left[t.name]
    }
    return Draft(intent, tuple(admin), grounds, tuple(written), residuals, frozenset()), warnings


def _left_out(target: Target, rules: Sequence[str]) -> Problem:
    more = f" and {len(rules) - SHOWN} more" if len(rules) > SHOWN else ""
    return Problem(
        f"target {target.name}: not all of {', '.join(rules[:SHOWN])}{more} is said above the network",
        where=target.where,
        why="ICMP and SCTP pass or stop as a whole there, and ranges are written only where everybody's "
        "address is known; the network's policy holds the same rules in full",
        fix="name whole protocols, give the addresses, or leave it so",
    )


def _said(target: Target, services: ServiceSet) -> ServiceSet:
    """What of some services is said above: what only passes or stops as a whole is left to the network's
    policy, and so are rare protocols where the target accepts that they stay closed."""
    found = whole(services)
    spared = any(accepted.residual == "other-protocols" for accepted in target.accepted)
    return found - rare(found) if spared else found


class AdminGroups(Groups):
    """The groups of hierarchical policies: who is who by tags of their own, of which a machine has one."""

    def __init__(self, draft: Draft) -> None:
        encodings = {t.name: CELLS for t in draft.targets}
        super().__init__(draft.intent.population, draft.targets, draft.grounds, encodings, draft.keys)

    def of(self, key: Key) -> tuple[GroupId, ...]:
        """The groups that together hold a key's interfaces."""
        return tuple(replace(group, shard=ADMIN) for group in super().of(key))

    def beside(self, target: str, carried: Sequence[Carried]) -> tuple[Carried, ...]:
        """What interfaces carry, with these groups."""
        if target not in self.carried:
            return tuple(carried)
        return tuple(
            replace(one, groups=(*one.groups, *(replace(group, shard=ADMIN) for group in more.groups)))
            for one, more in zip(carried, self.carried[target], strict=True)
        )


def worn(carried: Sequence[Carried]) -> set[GroupId]:
    """Every group that an interface carries."""
    return set(chain.from_iterable(one.groups for one in carried))
