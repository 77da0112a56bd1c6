"""What security admin rules say of a target: what the tiers above decide, as far as that is certain.

Security groups are whole without them, and none of them contradicts those: so nothing passes or stops because
of the order in which the two change. Admin rules name addresses, and hold for whole virtual networks: each is
limited to the addresses of the target's own workloads. A deny is said at one end where that is enough, for
few addresses are allowed in all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from segkit.errors import Problem
from segkit.intent.boxes import Piece
from segkit.intent.engine import Intent
from segkit.intent.population import Kin, Population
from segkit.model.model import Target
from segkit.model.policy import Rule, Tier
from segkit.platforms.azure.lower.services import Part, parts
from segkit.platforms.azure.placement import AzurePlacement
from segkit.platforms.base import Residual
from segkit.platforms.lowering.as_written import denies
from segkit.platforms.lowering.carrying import Owners
from segkit.platforms.lowering.certain import CertainWriter
from segkit.platforms.lowering.decided import Decisions
from segkit.platforms.lowering.ground import Direction
from segkit.platforms.lowering.names import digest
from segkit.platforms.lowering.sides import SideRule
from segkit.sets import NOWHERE, Addresses, ServiceSet

BANDS = ((Tier.quarantine, "deny"), (Tier.quarantine, "allow"), (Tier.glob, "deny"), (Tier.glob, "allow"))
"""The order of admin rules. Nobody of today is spoken of twice; who comes is treated as tiers say."""


@dataclass(frozen=True, slots=True)
class AdminLine:
    """One security admin rule: `own` addresses of the target may exchange, or not, what `part` says with the
    `far` ones. `mark` tells it from others of the same rule of a policy."""

    rule: Rule
    direction: Direction
    family: int
    part: Part
    own: Addresses
    far: Addresses
    mark: str = ""

    @property
    def band(self) -> int:
        """Its place in `BANDS`."""
        return BANDS.index((self.rule.tier, self.rule.action))


@dataclass(frozen=True, slots=True)
class Above:
    """The admin rules of all targets that have some, with what they rely on and whom they leave out."""

    lines: Mapping[str, Sequence[AdminLine]]
    residuals: tuple[Residual, ...]
    warnings: Mapping[str, Problem]


@dataclass(frozen=True, slots=True)
class _Said:
    """What one side rule comes to in one family."""

    realm: str
    rule: SideRule
    family: int
    own: Addresses
    far: Addresses
    residuals: tuple[Residual, ...]


def drafted_above(
    intent: Intent, targets: Sequence[Target], placements: Mapping[str, AzurePlacement]
) -> Above:
    """The admin rules of the targets that have them."""
    owners = Owners(intent.population)
    sides, writer = Decisions(intent, owners), CertainWriter(intent, owners)
    said: dict[str, list[_Said]] = {}
    warnings = {}
    for target in (t for t in targets if placements[t.name].global_tier == "admin"):
        found, left_out = said.setdefault(target.name, []), set[str]()
        for direction in ("egress", "ingress"):
            for rule in sides.of(target, direction, shared=True):
                own, names, missing = _own(intent.population, target, rule)
                left_out |= missing
                if own and any(_sayable(rule.services, rule.families)):
                    before = len(writer.residuals)
                    far = writer.write(target, rule, by_group=False, by_address=True).addresses
                    relies = (_by_address(target, rule, names), *writer.residuals[before:])
                    ends = [(f, own.family(f), far.family(f)) for f in sorted(rule.families)]
                    found += [_Said(target.realm, rule, *e, relies) for e in ends if e[1] and e[2]]
        if left_out:
            warnings[target.name] = _left_out(target, left_out)
    needed = _needed([one for held in said.values() for one in held])
    kept = {name: [one for one in held if id(one) in needed] for name, held in said.items()}
    residuals = dict.fromkeys(r for held in kept.values() for one in held for r in one.residuals)
    return Above({name: tuple(_lines(held)) for name, held in kept.items()}, tuple(residuals), warnings)


def _by_address(target: Target, rule: SideRule, names: set[str]) -> Residual:
    """That a rule speaks of its own workloads by their addresses."""
    extent = f"{rule.origin} ({rule.direction}), above the network: {', '.join(sorted(names))} by address"
    return Residual(target.name, "snapshot", extent, rule.ids)


def _needed(said: Sequence[_Said]) -> set[int]:
    """What is left once denies are gone that the other end says as well: egress first, then ingress."""
    near: dict[tuple[str, str, ServiceSet, int], list[_Said]] = defaultdict(list)
    for one in said:
        near[one.realm, one.rule.origin, one.rule.services, one.family].append(one)
    needed: set[int] = set()
    for held in near.values():
        sent, received = ([o for o in held if o.rule.direction == way] for way in ("egress", "ingress"))
        if denies(held[0].rule):
            sent = [one for one in sent if not _said_by(received, one)]
            received = [one for one in received if not _said_by(sent, one)]
        needed |= {id(one) for one in (*sent, *received)}
    return needed


def _said_by(others: Sequence[_Said], one: _Said) -> bool:
    """Does the far end of something said say the same, wherever that is?"""
    return one.far <= Addresses.union(other.own for other in others if one.own <= other.far)


def _own(population: Population, target: Target, rule: SideRule) -> tuple[Addresses, set[str], set[str]]:
    """The addresses that are for certain those of a rule's own workloads, and nobody else's; who is at them,
    and who has none."""
    members = set(population.positions(rule.own.predicate))
    held, holes = [], []
    names, missing = set[str](), set[str]()
    for position, kin in enumerate(population.kin):
        if kin.realm != target.realm or kin.family not in rule.families:
            continue
        if position not in members or target.name not in kin.owners:
            holes.append(kin.known)
            continue
        sure = _alone(kin) & rule.own.inside
        if sure:
            held.append(sure)
            names |= kin.names(sure)
        missing |= {e.workload.name for e in kin.endpoints if e.many or e.addresses is None}
    return Addresses.union(held) - Addresses.union(holes), names, missing


def _alone(kin: Kin) -> Addresses:
    """The addresses that are a workload's own; what members of a class may have is nobody's yet."""
    return Addresses.union(e.addresses or NOWHERE for e in kin.endpoints if not e.many)


def _sayable(services: ServiceSet, families: frozenset[int]) -> Iterator[Part]:
    """Services as admin rules can say them; unnamed protocols that are not all there are left out."""
    return (part for part in parts(services, families) if part.protocol != "rest")


def _lines(said: Sequence[_Said]) -> Iterator[AdminLine]:
    """What one rule of a policy says about the same services between several ends is one rule here, where
    each of the own ends is spoken of with the same far ones."""
    pairs: dict[tuple[str, Direction, ServiceSet, int], dict[Piece, list[_Said]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for one in said:
        near = one.rule.origin, one.rule.direction, one.rule.services, one.family
        pairs[near][one.rule.own].append(one)
    grouped: dict[tuple[str, Direction, int], list[list[_Said]]] = defaultdict(list)
    for (origin, direction, _, family), by_own in pairs.items():
        alike: dict[frozenset[Piece], list[_Said]] = defaultdict(list)
        for held in by_own.values():
            alike[frozenset(one.rule.peer for one in held)] += held
        grouped[origin, direction, family] += alike.values()
    for (_, direction, family), groups in grouped.items():
        for held in groups:
            first = held[0].rule
            assert first.rule is not None, "the rules of tiers are rules of policies"
            own, far = (Addresses.union(getattr(one, end) for one in held) for end in ("own", "far"))
            mark = _mark(held) if len(groups) > 1 else ""
            for part in _sayable(first.services, frozenset((family,))):
                if part.protocol != "Icmp" or family == 4:
                    yield AdminLine(first.rule, direction, family, part, own, far, mark)


def _mark(held: Sequence[_Said]) -> str:
    """What tells apart what one rule of a policy says, by its labels: addresses change."""
    ends = sorted({str((one.rule.own.order(), one.rule.peer.order())) for one in held})
    return digest(f"{held[0].rule.services} {ends}")


def _left_out(target: Target, names: set[str]) -> Problem:
    listed = ", ".join(sorted(names)[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return Problem(
        f"target {target.name}: no security admin rule speaks of {listed}",
        where=target.where,
        why="admin rules name addresses, and theirs are not known, or not theirs alone; security groups hold "
        "the same rules for them",
        fix="give their addresses, or leave it so",
    )


_SHOWN = 10
