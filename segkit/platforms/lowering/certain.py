"""Far ends that hold nobody too many: what cannot be written exactly is left out.

That is for rules which repeat what others say elsewhere. They may speak of less, and never of more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from segkit.intent.boxes import FAMILIES, Piece
from segkit.intent.engine import Intent
from segkit.intent.population import Kin
from segkit.model.model import Target
from segkit.platforms.base import Residual
from segkit.platforms.lowering.carrying import Key, Owners
from segkit.platforms.lowering.peers import Peers
from segkit.platforms.lowering.sides import SideRule
from segkit.platforms.lowering.unknown import may_hold_unknown, named_ranges
from segkit.sets import NOWHERE, Addresses


class CertainWriter:
    """Writes far ends as far as they are certain. `beside` tells the addresses of kin for which their groups
    do not stand. `residuals` tell where today's addresses had to be used, `left` which rules of a target (by
    its name) speak of somebody more, whose address is not certain."""

    def __init__(
        self, intent: Intent, owners: Owners, beside: Callable[[Kin], Addresses] = lambda _: NOWHERE
    ) -> None:
        self._model = intent.model
        self._population, self._owners, self._beside = intent.population, owners, beside
        self.residuals: list[Residual] = []
        self.left: set[tuple[str, str]] = set()

    @cached_property
    def _named(self) -> Mapping[str, Addresses]:
        """Every address set that rules name, by realm."""
        realms = sorted({target.realm for target in self._model.targets})
        return {realm: named_ranges(self._model, realm) for realm in realms}

    def write(self, target: Target, rule: SideRule, by_group: bool, by_address: bool) -> Peers:
        """The far end of one side rule. `by_group`: groups of the target itself may be named; `by_address`:
        workloads are written by address where no group says who they are.

        Groups are named where labels alone say who is in them: then they are right at every interface of a
        machine.
        """
        piece = rule.peer
        references: tuple[Key, ...] = ()
        named = by_group and rule.families == FAMILIES and piece.workloads.whole
        if named and target.name in self._owners.of(piece.workloads):
            references = (Key(target.name, piece.workloads),)
        members = set(self._population.positions(piece.predicate))
        held: list[Addresses] = []
        holes: list[Addresses] = []
        lost: set[int] = set()
        for position, kin in enumerate(self._population.kin):
            if kin.realm != target.realm or kin.family not in rule.families:
                continue
            member = position in members
            if kin.unknown and not (member and kin.family in piece.unknown):
                lost.add(kin.family)
            holes.append(kin.known - piece.inside if member else kin.known)
            if member and by_address and references and target.name in kin.owners:
                held.append(self._beside(kin) & piece.inside)
            elif member and by_address:
                held += _own(kin, piece)
                if any(e.many or e.addresses is None for e in kin.endpoints):
                    self.left.add((target.name, rule.origin))
        unsure = {f for f in lost if may_hold_unknown(piece.outside, f, self._named[target.realm])}
        if unsure:
            self.left.add((target.name, rule.origin))
        outside = Addresses.union(piece.outside.family(f) for f in rule.families - unsure)
        out = Addresses.union(holes)
        ranges = (outside | Addresses.union(held)) - out
        if names := self._names(target, rule, ranges, outside & out):
            extent = f"{rule.origin} ({rule.direction}), above the network: {', '.join(sorted(names))}"
            self.residuals.append(Residual(target.name, "snapshot", f"{extent} by address", rule.ids))
        return Peers(references, ranges)

    def _names(self, target: Target, rule: SideRule, ranges: Addresses, out: Addresses) -> set[str]:
        """The workloads whose addresses are written, or left out of ranges."""
        spoken = (ranges - rule.peer.outside) | out
        found = set()
        for kin in self._population.kin if spoken else ():
            if kin.realm == target.realm and kin.family in rule.families and kin.known.overlaps(spoken):
                found |= kin.names(spoken)
        return found


def _own(kin: Kin, piece: Piece) -> Iterator[Addresses]:
    """The addresses that are a workload's own; what members of a class may have is nobody's yet."""
    for endpoint in kin.endpoints:
        if endpoint.addresses is not None and not endpoint.many:
            yield endpoint.addresses & piece.inside
