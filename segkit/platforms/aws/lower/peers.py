"""A rule's far end as AWS can write it: references to groups where they are allowed, addresses where they are
not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from segkit.errors import Problem
from segkit.intent.boxes import EVERYTHING, FAMILIES, Piece
from segkit.intent.endpoints import Endpoint, endpoints
from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.platforms.aws.lower.sides import SideRule
from segkit.platforms.aws.placement import AwsPlacement
from segkit.platforms.base import Residual
from segkit.sets import EVERYWHERE, INTERNET, NOWHERE, Addresses


@dataclass(frozen=True, slots=True)
class Key:
    """A security group before it has a name: the workloads of one target that a piece holds."""

    target: str
    piece: Piece


@dataclass(frozen=True, slots=True)
class Peers:
    """A far end, written out: groups to refer to, and addresses."""

    references: tuple[Key, ...]
    addresses: Addresses


@dataclass(frozen=True, slots=True)
class _Reach:
    """What an interface may send, as emitted: used to see whether its own end keeps a flow out."""

    rule: SideRule
    peers: Peers


def holds(piece: Piece, endpoint: Endpoint) -> bool:
    """Is a workload endpoint in a piece?"""
    if not piece.predicate.matches(endpoint.workload.label_map):
        return False
    if endpoint.addresses is None:
        return endpoint.family in piece.unknown
    return endpoint.addresses <= piece.inside


class PeerWriter:
    """Writes far ends, for all AWS targets of a model. Egress first: an address range may stay whole in an
    ingress rule where the workloads inside it that must be kept out cannot send there anyway."""

    def __init__(
        self, intent: Intent, targets: Sequence[Target], placements: Mapping[str, AwsPlacement]
    ) -> None:
        self.model, self.domains = intent.model, intent.model.domains
        self.targets = {t.name: t for t in targets}
        self.placements = placements
        self.endpoints = tuple(endpoints(intent.model))
        self.residuals: list[Residual] = []
        self.problems: set[Problem] = set()
        self._zones = {z.name: z for z in intent.model.zones}
        self._sent: dict[str, list[_Reach]] = {name: [] for name in self.targets}

    def write(self, target: Target, rule: SideRule) -> Peers:
        """The far end of one side rule."""
        addresses = self._ranges(target, rule)
        references: tuple[Key, ...] = ()
        if rule.peer.has_workloads:
            references, more = self._workloads(target, rule, addresses)
            addresses |= more
        families = [addresses.family(f) for f in sorted(rule.families)]
        peers = Peers(references, Addresses.union(families))
        if rule.direction == "egress":
            self._sent[target.name].append(_Reach(rule, peers))
        return peers

    def held(self, target: Target, own: Piece) -> bool:
        """Does a target own any workload that a piece limited by address holds today? If not, there is nothing
        to attach and so nothing to write."""
        return any(self._owned(target, e) and (holds(own, e) or _held(own, e)) for e in self.endpoints)

    # -- addresses
    # -----------------------------------------------------------------------------------------------

    def _ranges(self, target: Target, rule: SideRule) -> Addresses:
        """The ranges to write for what is no workload, without the workloads inside that must be kept out."""
        wanted = Addresses.union(rule.peer.outside.family(f) for f in rule.families)
        if not wanted:
            return NOWHERE
        holes = []
        for endpoint in self._near(target, rule):
            exposed = _part(endpoint, wanted) - _held(rule.peer, endpoint)
            unheld = endpoint.addresses is None and not holds(rule.peer, endpoint)
            if endpoint.addresses is None and not (unheld and _whole(wanted, endpoint.family)):
                continue
            if (exposed or unheld) and not self._kept_out(rule, endpoint):
                if endpoint.addresses is None:
                    self._needs_address(rule, endpoint)
                holes.append((endpoint, exposed))
        if holes:
            names = ", ".join(sorted({e.workload.name for e, _ in holes}))
            self._snapshot(target, rule, f"addresses of {names} are left out of {rule.peer.outside}")
        if rule.peer.outside == INTERNET and self._accepts(target, "internet-as-anywhere"):
            self.residuals.append(
                rule.residual(
                    target.name,
                    "internet-as-anywhere",
                    "every other address is admitted too",
                    "opens",
                    EVERYTHING,
                )
            )
            wanted = Addresses.union(EVERYWHERE.family(f) for f in rule.families)
        return wanted - Addresses.union(inside for _, inside in holes)

    def _near(self, target: Target, rule: SideRule) -> Iterator[Endpoint]:
        """The workload endpoints that a rule of a target could touch."""
        for endpoint in self.endpoints:
            if endpoint.realm == target.realm and endpoint.family in rule.families:
                yield endpoint

    def _kept_out(self, rule: SideRule, endpoint: Endpoint) -> bool:
        """Does the endpoint's own enforcement keep this flow out, so that the whole stays exact?"""
        owners = [t for t in self.model.targets if self._owned(t, endpoint)]
        zone = self.model.zone_of(endpoint.workload.label_map)
        if not owners or (zone is not None and zone.mode != "enforce"):
            return False
        if not all(t.name in self.placements and self._exclusive(t) for t in owners):
            return False  # somebody else decides there too
        if rule.direction == "egress":
            return True  # ingress is exact by itself
        sent = [
            r
            for t in owners
            if t.name in self._sent
            for r in self._sent[t.name]
            if holds(r.rule.own, endpoint)
        ]
        return not any(self._arrives(r, rule) for r in sent)

    def _exclusive(self, target: Target) -> bool:
        return self.placements[target.name].membership == "exclusive"

    def _arrives(self, sent: _Reach, rule: SideRule) -> bool:
        if not sent.rule.services.overlaps(rule.services):
            return False
        if sent.peers.addresses:
            return True
        return any(bool((k.piece & rule.own).tidy(self.domains)) for k in sent.peers.references)

    # -- workloads
    # -----------------------------------------------------------------------------------------------

    def _workloads(
        self, target: Target, rule: SideRule, ranges: Addresses
    ) -> tuple[tuple[Key, ...], Addresses]:
        """References to the groups of a piece, and addresses for those of its workloads that no reference
        reaches."""
        piece = replace(rule.peer, outside=NOWHERE)
        if all(_whole(ranges, f) for f in rule.families):
            return (), NOWHERE
        inside = [e for e in self._near(target, rule) if holds(piece, e) or _held(piece, e)]
        unplaced = any(e.addresses is None and not _whole(ranges, e.family) for e in inside)
        references: tuple[Key, ...] = ()
        if piece.whole and rule.families == FAMILIES and (unplaced or not rule.peer.outside):
            references = tuple(
                Key(name, piece) for name in self._visible(target) if self._possible(name, piece)
            )
        by_address, names = [], set()
        for endpoint in inside:
            if any(self._owned(self.targets[k.target], endpoint) for k in references):
                continue
            missing = _held(piece, endpoint) - ranges
            if endpoint.addresses is None and not _whole(ranges, endpoint.family):
                self._needs_address(rule, endpoint)
            elif missing:
                by_address.append(missing)
                names.add(endpoint.workload.name)
        if names:
            self._snapshot(target, rule, f"{', '.join(sorted(names))} are written by address")
        return references, Addresses.union(by_address)

    def _visible(self, target: Target) -> Iterator[str]:
        """The targets whose groups this one may refer to: itself and peered VPCs of its region ([SG])."""
        here = self.placements[target.name]
        for name, other in sorted(self.targets.items()):
            there = self.placements[name]
            peered = name in here.peered_with or target.name in there.peered_with
            if name == target.name or (
                peered and here.region == there.region and other.realm == target.realm
            ):
                yield name

    def _possible(self, name: str, piece: Piece) -> bool:
        inside = replace(piece, predicate=piece.predicate & self.targets[name].select)
        return bool(inside.tidy(self.domains))

    def _owned(self, target: Target, endpoint: Endpoint) -> bool:
        i = endpoint.interface
        return target.owns(endpoint.workload.label_map, i.realm, i.network)

    # -- what to say
    # ---------------------------------------------------------------------------------------------

    def _accepts(self, target: Target, residual: str) -> bool:
        return any(a.residual == residual for a in target.accepted)

    def _snapshot(self, target: Target, rule: SideRule, extent: str) -> None:
        text = f"{rule.origin} ({rule.direction}): {extent}"
        self.residuals.append(Residual(target.name, "snapshot", text, rule.ids))

    def _needs_address(self, rule: SideRule, endpoint: Endpoint) -> None:
        name, how = endpoint.workload.name, f"{rule.origin} ({rule.direction})"
        self.problems.add(
            Problem(
                f"the address of workload {name!r} is not known, and {how} can only be written by address",
                where=endpoint.workload.where,
                why="no reference reaches it: no target here owns it, or the rule mixes it with ranges",
                fix="give its addresses or its zone's networks, or let a target of a peered VPC own it",
            )
        )


def _part(endpoint: Endpoint, addresses: Addresses) -> Addresses:
    return NOWHERE if endpoint.addresses is None else endpoint.addresses & addresses


def _held(piece: Piece, endpoint: Endpoint) -> Addresses:
    """The known addresses at which a piece holds an endpoint."""
    return _part(endpoint, piece.inside) if piece.predicate.matches(endpoint.workload.label_map) else NOWHERE


def _whole(addresses: Addresses, family: int) -> bool:
    return addresses.family(family) == EVERYWHERE.family(family)


def held_keys(keys: Iterable[Key], target: Target, members: Sequence[Endpoint]) -> tuple[Key, ...]:
    """The keys of a target that an interface (given as its endpoints) carries: it is in a piece with every
    address of each family the piece speaks of."""
    out = []
    for key in keys:
        if key.target != target.name:
            continue
        spoken = [e for e in members if key.piece.inside.family(e.family) or e.family in key.piece.unknown]
        if spoken and all(holds(key.piece, e) for e in spoken):
            out.append(key)
    return tuple(out)
