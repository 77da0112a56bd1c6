"""What each target has to let in and let out, as symbolic side rules: own workloads, peers, services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from segkit.intent.boxes import EVERYTHING, FAMILIES, Box, BoxCompiler, Piece
from segkit.intent.engine import Intent
from segkit.model.model import Model, Target
from segkit.model.policy import Mode, Rule
from segkit.platforms.base import Residual
from segkit.platforms.lowering.carrying import Owners, settled
from segkit.platforms.lowering.ground import Direction
from segkit.sets import ALL, ANY, EVERYWHERE, NONE, NOTHING, NOWHERE, Predicate, ServiceSet


@dataclass(frozen=True, slots=True)
class SideRule:
    """The workloads of `own` may exchange `services` with `peer`, in one direction.

    `families` are the address families it speaks of: an own side limited by address is split by family, so
    that a reference can never open the other one. `origin` is the rule's id, or what else opens it.
    """

    own: Piece
    peer: Piece
    services: ServiceSet
    direction: Direction
    families: frozenset[int]
    origin: str
    rule: Rule | None

    @property
    def ids(self) -> tuple[str, ...]:
        """The id of the rule it comes from, if it comes from one."""
        return (self.rule.id,) if self.rule else ()

    def residual(
        self,
        target: str,
        name: str,
        extent: str,
        effect: str,
        peer: Piece | None = None,
        services: ServiceSet = NOTHING,
    ) -> Residual:
        """A residual that this side rule has: what it opens or closes between its own workloads and `peer`
        (its own peer unless given) within `services` (its own unless given)."""
        ends = (peer or self.peer, self.own)
        source, destination = ends if self.direction == "ingress" else reversed(ends)
        box = Box(source, destination, services or self.services, self.origin, self.rule)
        return Residual(target, name, f"{self.origin} ({self.direction}): {extent}", self.ids, effect, (box,))


class Boxes(Protocol):
    """The rules of one realm as boxes."""

    def allowed(self) -> Iterable[Box]:
        """What rules say."""

    def unless_denied(self, source: Piece, destination: Piece, origin: str) -> tuple[Box, ...]:
        """What passes between two pieces besides, where no rule denies it."""


class Sides:
    """The side rules of every target of a model."""

    def __init__(self, intent: Intent, owners: Owners) -> None:
        self.model = intent.model
        self.domains = intent.model.domains
        self._population, self._owners = intent.population, owners
        self._boxes: dict[str, tuple[Boxes, tuple[Box, ...]]] = {}
        self._near: dict[tuple[str, Direction], dict[str, list[Box]]] = {}

    def of(self, target: Target, direction: Direction, shared: bool) -> Iterator[SideRule]:
        """What a target's own workloads let through, for those that it owns today. `shared`: others protect
        the interfaces too, so visibility adds nothing and takes nothing away."""
        compiler, _ = self._compiled(target.realm)
        modes = _zones_by_mode(self.model)
        blocking = ALL - modes["visibility"]
        for box in self._concerning(target, direction):
            yield from self._own(target, direction, box, blocking)
        for box in _both_ways(compiler, modes["selective"], direction):
            yield from self._own(target, direction, box, blocking)
        if modes["visibility"] != NONE and not shared:
            piece = _workloads(modes["visibility"])
            ends = (EVERYTHING, piece) if direction == "ingress" else (piece, EVERYTHING)
            yield from self._own(target, direction, Box(*ends, ANY, "visibility mode"), ALL)

    def _concerning(self, target: Target, direction: Direction) -> Iterable[Box]:
        """The boxes whose own end holds a workload of a target; most boxes concern few targets."""
        place = target.realm, direction
        if place not in self._near:
            compiler, allowed = self._compiled(target.realm)
            near = self._near[place] = defaultdict(list)
            for box in (*allowed, *self._postures(compiler)):
                own = box.destination if direction == "ingress" else box.source
                for name in self._owners.of(own):
                    near[name].append(box)
        return self._near[place].get(target.name, ())

    def _compiled(self, realm: str) -> tuple[Boxes, tuple[Box, ...]]:
        if realm not in self._boxes:
            compiler = self._boxes_of(realm)
            self._boxes[realm] = compiler, tuple(compiler.allowed())
        return self._boxes[realm]

    def _boxes_of(self, realm: str) -> Boxes:
        return BoxCompiler(self.model.live_rules, realm, self.domains, self._population)

    def _postures(self, compiler: Boxes) -> Iterator[Box]:
        for zone in self.model.zones:
            if zone.posture == "allow":
                piece = replace(_workloads(zone.predicate), hint=zone.end.key)
                yield from compiler.unless_denied(piece, piece, f"posture of zone {zone.name}")

    def _own(self, target: Target, direction: Direction, box: Box, which: Predicate) -> Iterator[SideRule]:
        own, peer = (box.destination, box.source) if direction == "ingress" else (box.source, box.destination)
        own = own.workloads if which is ALL else replace(own.workloads, predicate=own.predicate & which)
        if target.name not in self._owners.of(own):
            return
        whole = own.whole or settled(self._population, (target.name,), own)
        for part, families in ((own, FAMILIES),) if whole else _by_family(own):
            yield SideRule(part, peer, box.services, direction, families, box.origin, box.rule)


def _by_family(own: Piece) -> Iterator[tuple[Piece, frozenset[int]]]:
    for family in sorted(FAMILIES):
        part = replace(own, inside=own.inside.family(family), unknown=own.unknown & {family})
        if part:
            yield part, frozenset((family,))


def _both_ways(compiler: Boxes, selective: Predicate, direction: Direction) -> Iterable[Box]:
    if selective == NONE:
        return ()
    piece = _workloads(selective)
    ends = (EVERYTHING, piece) if direction == "ingress" else (piece, EVERYTHING)
    return compiler.unless_denied(*ends, "selective mode")


def _workloads(predicate: Predicate) -> Piece:
    return Piece(predicate, EVERYWHERE, FAMILIES, NOWHERE)


def _zones_by_mode(model: Model) -> dict[Mode, Predicate]:
    out: dict[Mode, Predicate] = {"visibility": NONE, "selective": NONE, "enforce": NONE}
    for zone in model.zones:
        out[zone.mode] |= zone.predicate
    return out
