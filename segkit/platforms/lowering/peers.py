"""A rule's far end as a platform can write it: references to groups where they are allowed, addresses where
they are not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from segkit.errors import Problem
from segkit.intent.boxes import EVERYTHING, FAMILIES, Piece
from segkit.intent.endpoints import Endpoint
from segkit.intent.engine import Intent
from segkit.intent.population import Kin
from segkit.model.model import Target
from segkit.platforms.base import Residual
from segkit.platforms.lowering.carrying import Key, Owners, settled
from segkit.platforms.lowering.ground import Direction, Ground
from segkit.platforms.lowering.shelter import Shelter
from segkit.platforms.lowering.sides import SideRule
from segkit.platforms.lowering.unknown import may_hold_unknown, named_ranges
from segkit.sets import ALL, ANY, EVERYWHERE, INTERNET, NOWHERE, Addresses

EVERY_WORKLOAD = Piece(ALL, EVERYWHERE, FAMILIES, NOWHERE, "builtin:anywhere")


@dataclass(frozen=True, slots=True)
class Peers:
    """A far end, written out: groups to refer to, and addresses."""

    references: tuple[Key, ...]
    addresses: Addresses


@dataclass(frozen=True, slots=True)
class _Far:
    """The workloads of a far end: groups that say who they are, and what no group says: where others are and
    who, and those whose address would be needed."""

    references: tuple[Key, ...]
    missing: tuple[tuple[Kin, Addresses], ...]
    addresses: Addresses
    names: str
    unplaced: tuple[Kin, ...]


@dataclass(frozen=True, slots=True)
class _Reach:
    """What an interface may send, as emitted: used to see whether its own end keeps a flow out."""

    rule: SideRule
    peers: Peers


class PeerWriter:
    """Writes far ends, for all targets of a platform. Egress first: an address range may stay whole in an
    ingress rule where the workloads inside it that must be kept out cannot send there anyway."""

    def __init__(
        self,
        intent: Intent,
        targets: Sequence[Target],
        grounds: Mapping[str, Ground],
        owners: Owners,
    ) -> None:
        self.model, self.domains = intent.model, intent.model.domains
        self.targets = {t.name: t for t in targets}
        self.grounds = grounds
        self._population, self._owners = intent.population, owners
        self._near: dict[Piece, dict[tuple[str, ...], list[Kin]]] = {}
        self._names: dict[tuple[str, Direction, Piece], tuple[Key, ...]] = {}
        self._known: dict[tuple[str, Direction, frozenset[int], Piece], _Far] = {}
        self.residuals: list[Residual] = []
        self.problems: set[Problem] = set()
        self._sent: dict[str, list[_Reach]] = {name: [] for name in self.targets}
        self._covers: dict[tuple[Piece, str, frozenset[int]], Addresses | None] = {}
        self._beyond_shelter: dict[tuple[Piece, str, frozenset[int]], Piece] = {}
        self._in_sets: dict[str, Addresses] = {}

    def write(self, target: Target, rule: SideRule, beside: Iterable[Piece] = ()) -> Peers:
        """The far end of one side rule. `beside` are far ends that the same own side opens for the same
        services anyway: who is in one of them need not be kept out of a range."""
        addresses = self._ranges(target, rule, (rule.peer, *beside)) if rule.peer.outside else NOWHERE
        references: tuple[Key, ...] = ()
        if rule.peer.has_workloads:
            references, more = self._workloads(target, rule, addresses)
            addresses = addresses | more if addresses else more
        if rule.families != FAMILIES:
            addresses = Addresses.union(addresses.family(f) for f in rule.families)
        peers = Peers(references, addresses)
        if rule.direction == "egress":
            self._sent[target.name].append(_Reach(rule, peers))
        return peers

    def beyond_shelter(self, target: Target, rules: Iterable[SideRule]) -> Iterator[SideRule]:
        """Egress rules where all that a target owns may send anything to those who keep others out: one that
        says so, and of the others what else they reach."""
        everybody = self._shelter.everybody(target.realm)
        if target.name in self._owners.of(EVERY_WORKLOAD):
            yield SideRule(EVERY_WORKLOAD, everybody, ANY, "egress", FAMILIES, "open egress", None)
        for rule in rules:
            place = rule.peer, target.realm, rule.families
            if place not in self._beyond_shelter:
                near = (k for k in self._population.matching(rule.peer.predicate) if _here(k, target, rule))
                self._beyond_shelter[place] = self._shelter.beyond(target.realm, near, rule.peer)
            left = self._beyond_shelter[place]
            if left is rule.peer:
                yield rule
            elif left:
                yield replace(rule, peer=left)

    # -- addresses

    def _ranges(self, target: Target, rule: SideRule, welcome: Sequence[Piece]) -> Addresses:
        """The ranges to write for what is no workload, without the workloads inside that must be kept out."""
        wanted = Addresses.union(rule.peer.outside.family(f) for f in rule.families)
        if not wanted:
            return NOWHERE
        admitted = [(piece, set(self._population.positions(piece.predicate))) for piece in welcome]
        holes, names = [], set()
        for position, kin in enumerate(self._population.kin):
            if kin.realm != target.realm or kin.family not in rule.families:
                continue
            pieces = [piece for piece, positions in admitted if position in positions]
            exposed = (kin.known & wanted) - Addresses.union(p.inside for p in pieces)
            beyond = kin.unknown and may_hold_unknown(wanted, kin.family, self._named_ranges(target.realm))
            lost = beyond and not any(kin.family in p.unknown for p in pieces)
            if (exposed or lost) and not self._kept_out(rule, kin):
                holes.append(exposed)
                self._networks(target, rule, kin, exposed, "closes")
                names |= kin.names(exposed)
                if lost:
                    self._needs_address(target, rule, kin)
        if names:
            listed = ", ".join(sorted(names))
            self._snapshot(target, rule, f"addresses of {listed} are left out of {rule.peer.outside}")
        if rule.peer.outside == INTERNET and self._accepts(target, "internet-as-anywhere"):
            extent = "every other address is admitted too"
            self.residuals.append(
                rule.residual(target.name, "internet-as-anywhere", extent, "opens", EVERYTHING)
            )
            wanted = Addresses.union(EVERYWHERE.family(f) for f in rule.families)
        return wanted - Addresses.union(holes)

    def _named_ranges(self, realm: str) -> Addresses:
        if realm not in self._in_sets:
            self._in_sets[realm] = named_ranges(self.model, realm)
        return self._in_sets[realm]

    def _kept_out(self, rule: SideRule, kin: Kin) -> bool:
        """Does the workloads' own enforcement keep this flow out, so that the whole stays exact?"""
        if not self._protects(kin):
            return False
        if rule.direction == "egress":
            return True  # ingress is exact by itself
        return not any(
            self._arrives(sent, rule)
            for name in kin.owners
            for sent in self._sent[name]
            if sent.rule.services.overlaps(rule.services) and _holds_some(sent.rule.own, kin)
        )

    def _protects(self, kin: Kin) -> bool:
        """Is what reaches the workloads decided by our groups, and by nobody else's?"""
        if not kin.owners or (kin.zone is not None and kin.zone.mode != "enforce"):
            return False
        return all(n in self.grounds and self.grounds[n].alone for n in kin.owners)

    def _arrives(self, sent: _Reach, rule: SideRule) -> bool:
        """May what is sent reach the rule's own workloads? A range may always: their addresses can change."""
        return bool(sent.peers.addresses) or any(
            bool((k.piece & rule.own).tidy(self.domains)) for k in sent.peers.references
        )

    # -- workloads

    def _workloads(
        self, target: Target, rule: SideRule, ranges: Addresses
    ) -> tuple[tuple[Key, ...], Addresses]:
        """References to the groups of a piece, and addresses for its workloads that no reference reaches."""
        piece = rule.peer.workloads
        if ranges and all(_whole(ranges, f) for f in rule.families):
            return (), NOWHERE
        if rule.direction == "egress" and self.grounds[target.name].loose:
            covered = self._covered(target, rule, piece)
            if covered is not None:
                return (), covered - ranges

        if rule.direction == "egress" and self.grounds[target.name].open:
            # Workloads inside a range of their own rule need no more than that.
            near = [k for k in self._population.matching(piece.predicate) if _here(k, target, rule)]
            if rule.peer.outside and not any(
                (k.known & piece.inside) - ranges or _unplaced(k, piece, ranges) for k in near
            ):
                return (), NOWHERE
            extent = "every address is open: only the ingress of who is there keeps flows out"
            self.residuals.append(rule.residual(target.name, "egress-open", extent, "opens", EVERYTHING))
            return (), Addresses.union(EVERYWHERE.family(f) for f in rule.families)
        far = self._far(target, rule, piece, ranges)
        for kin, missing in far.missing:
            self._networks(target, rule, kin, missing, "opens")
            if self.grounds[target.name].published:
                self.problems |= set(self._unpublished(target, rule, kin, missing))
        for kin in far.unplaced:
            self._needs_address(target, rule, kin)
        if far.names:
            self._snapshot(target, rule, f"{far.names} are written by address")
        return far.references, far.addresses

    def _far(self, target: Target, rule: SideRule, piece: Piece, ranges: Addresses) -> _Far:
        """The workloads of a far end; the same for every rule that has no ranges beside them."""
        if ranges:
            return self._beside(target, rule, piece, ranges)
        place = target.name, rule.direction, rule.families, rule.peer
        found = self._known.get(place)
        if found is None:
            found = self._known[place] = self._beside(target, rule, piece, ranges)
        return found

    def _beside(self, target: Target, rule: SideRule, piece: Piece, ranges: Addresses) -> _Far:
        """The workloads of a far end that ranges do not hold anyway."""
        everybody = self._population.matching(piece.predicate)
        by_reference = rule.families == FAMILIES and (
            not rule.peer.outside
            or any(_here(k, target, rule) and _unplaced(k, piece, ranges) for k in everybody)
        )
        references = self._named(target, rule.direction, piece) if by_reference else ()
        reached = {k.target for k in references}
        beyond = [k for k in self._beyond(piece, reached) if _here(k, target, rule)]
        missing = [(k, left) for k in beyond if (left := (k.known & piece.inside) - ranges)]
        names = sorted({name for kin, left in missing for name in kin.names(left)})
        return _Far(
            references,
            tuple(missing),
            Addresses.union(left for _, left in missing) if missing else NOWHERE,
            ", ".join(names),
            tuple(k for k in beyond if _unplaced(k, piece, ranges)),
        )

    def _named(self, target: Target, direction: Direction, piece: Piece) -> tuple[Key, ...]:
        """The groups in a target's reach that say who is in a piece; none where groups cannot say it."""
        place = target.name, direction, piece
        if place not in self._names:
            reach = self.grounds[target.name].visible.get(direction, ())
            visible = sorted(self._owners.of(piece).intersection(reach))
            said = settled(self._population, visible, piece)
            self._names[place] = tuple(Key(name, piece) for name in visible) if said else ()
        return self._names[place]

    @cached_property
    def _shelter(self) -> Shelter:
        return Shelter(self._population, self._protects)

    def _covered(self, target: Target, rule: SideRule, piece: Piece) -> Addresses | None:
        """Ranges for the workloads of a piece, where their addresses are known."""
        place = piece, target.realm, rule.families
        if place not in self._covers:
            near = [k for k in self._population.matching(piece.predicate) if _here(k, target, rule)]
            self._covers[place] = self._shelter.cover(target.realm, near, piece)
        if covered := self._covers[place]:
            extent = f"{covered} is open: whoever else is inside keeps others out by its own ingress"
            self._snapshot(target, rule, extent)
        return self._covers[place]

    def _beyond(self, piece: Piece, reached: Collection[str]) -> Iterator[Kin]:
        """Whose labels match a piece, without those that some targets own."""
        if piece not in self._near:
            near = self._near[piece] = defaultdict(list)
            for kin in self._population.matching(piece.predicate):
                near[kin.owners].append(kin)
        for owners, found in self._near[piece].items():
            if not set(owners).intersection(reached):
                yield from found

    def _unpublished(
        self, target: Target, rule: SideRule, kin: Kin, addresses: Addresses
    ) -> Iterator[Problem]:
        """The workloads of other stacks that a target which insists on outputs cannot name by one."""
        owners = [self.targets[name] for name in kin.owners if name in self.targets]
        others = [owner for owner in owners if owner.stack != target.stack]
        here = self.grounds[target.name]
        if others:
            names = ", ".join(sorted(kin.names(addresses)))
            yield _unpublished(target, here.reach.format(others[0].name), rule, names)

    # -- what to say

    def _accepts(self, target: Target, residual: str) -> bool:
        return any(a.residual == residual for a in target.accepted)

    def _snapshot(self, target: Target, rule: SideRule, extent: str) -> None:
        text = f"{rule.origin} ({rule.direction}): {extent}"
        self.residuals.append(Residual(target.name, "snapshot", text, rule.ids))

    def _networks(self, target: Target, rule: SideRule, kin: Kin, addresses: Addresses, effect: str) -> None:
        """Notes what else is treated alike where members are known by their networks only."""
        if not any(e.many for e in kin.endpoints):
            return
        shared = Addresses.union(e.addresses for e in kin.endpoints if e.many and e.addresses is not None)
        if shared := shared & addresses:
            names = ", ".join(sorted(kin.names(shared)))
            how = "admitted" if effect == "opens" else "left out"
            extent = f"{shared}, where {names} may be, is {how} as a whole"
            everybody = Piece(ALL, shared, frozenset(), shared)
            self.residuals.append(rule.residual(target.name, "member-networks", extent, effect, everybody))

    def _needs_address(self, target: Target, rule: SideRule, kin: Kin) -> None:
        references = rule.direction in self.grounds[target.name].visible
        for endpoint in kin.endpoints:
            if endpoint.addresses is None:
                self.problems.add(_needed(rule, endpoint, references))


def _needed(rule: SideRule, endpoint: Endpoint, references: bool) -> Problem:
    name, how = endpoint.workload.name, f"{rule.origin} ({rule.direction})"
    if not references:
        return Problem(
            f"the address of workload {name!r} is not known, and {how} can only be written by address",
            where=endpoint.workload.where,
            why=f"no group can be named as the far end of {rule.direction} here",
            fix='give its addresses or its zone\'s networks, or leave it to its ingress with egress="open"',
        )
    return Problem(
        f"the address of workload {name!r} is not known, and {how} can only be written by address",
        where=endpoint.workload.where,
        why="no reference reaches it: no target here owns it, or the rule mixes it with ranges",
        fix="give its addresses or its zone's networks, or let a target that this one can refer to own it",
    )


def _unpublished(target: Target, reach: str, rule: SideRule, names: str) -> Problem:
    return Problem(
        f"target {target.name}: {rule.origin} ({rule.direction}) cannot name {names} by an output",
        where=target.where,
        why="references is 'output', and no group in reach says who they are",
        fix=f'{reach}, or write references="address" and accept_residual("snapshot", …)',
    )


def _holds_some(piece: Piece, kin: Kin) -> bool:
    return piece.predicate.matches(kin.labels) and (kin.unknown or kin.known.overlaps(piece.inside))


def _unplaced(kin: Kin, piece: Piece, ranges: Addresses) -> bool:
    """Is somebody of a piece where nobody knows, and no range holds everybody?"""
    return kin.unknown and kin.family in piece.unknown and not _whole(ranges, kin.family)


def _here(kin: Kin, target: Target, rule: SideRule) -> bool:
    return kin.realm == target.realm and kin.family in rule.families


def _whole(addresses: Addresses, family: int) -> bool:
    return addresses.family(family) == EVERYWHERE.family(family)
