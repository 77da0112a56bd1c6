"""The allowed flows as a union of boxes, for planes that can only allow: tiers and denies compiled away.

A box is (source, destination, services); each side is symbolic (a label predicate and addresses), so a box
stays right for workloads that do not exist yet. An allow is worth its own box minus every deny of its tier or
an earlier one: a later deny cannot take back what an earlier tier allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from segkit.intent.population import Population
from segkit.model.ends import End
from segkit.model.policy import Rule, Tier
from segkit.sets import (
    ALL,
    ANY,
    EVERYWHERE,
    NONE,
    NOTHING,
    NOWHERE,
    Addresses,
    Domains,
    Predicate,
    ServiceSet,
)

FAMILIES = frozenset((4, 6))


@dataclass(frozen=True, slots=True)
class Piece:
    """Endpoints: workloads matching `predicate` at an address of `inside` (or at an unknown address of a
    family in `unknown`), and addresses of `outside` that no workload holds. `hint` is the key of the end it
    was cut from, for names; it is no part of what the piece is."""

    predicate: Predicate
    inside: Addresses
    unknown: frozenset[int]
    outside: Addresses
    hint: str = field(default="", compare=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Pieces are looked up far more often than they are made. IPv4 alone tells nearly all of them apart.
        held = hash((self.predicate, self.inside.v4, self.unknown, self.outside.v4))
        object.__setattr__(self, "_hash", held)

    def __hash__(self) -> int:
        return self._hash

    def __bool__(self) -> bool:
        return self.has_workloads or bool(self.outside)

    @property
    def has_workloads(self) -> bool:
        """Can a workload be in it (whatever the schema says)?"""
        return self.predicate is not NONE and bool(self.unknown or self.inside)

    @property
    def whole(self) -> bool:
        """Are workloads in it whatever their address?"""
        return self.unknown == FAMILIES and (self.inside is EVERYWHERE or self.inside == EVERYWHERE)

    def order(self) -> tuple[str, str, list[int], str]:
        """A key that sorts pieces the same way on every machine."""
        return str(self.predicate), str(self.inside), sorted(self.unknown), str(self.outside)

    @property
    def workloads(self) -> Piece:
        """The piece without the addresses that no workload holds."""
        if not self.outside:
            return self
        return Piece(self.predicate, self.inside, self.unknown, NOWHERE, self.hint)

    def __and__(self, other: Piece) -> Piece:
        return Piece(
            self.predicate & other.predicate,
            self.inside & other.inside,
            self.unknown & other.unknown,
            self.outside & other.outside,
            self.hint,
        )

    def minus(self, other: Piece, domains: Domains | None) -> tuple[Piece, ...]:
        """The rest, as one piece cut by label and one cut by address.

        The two may overlap: each is as large as it can be, and what is no workload stays with the one cut by
        address, so that one range can speak of everybody in it.
        """
        by_label = replace(self, predicate=self.predicate - other.predicate, outside=NOWHERE).tidy(domains)
        by_address = replace(
            self, inside=self.inside - other.inside, unknown=self.unknown - other.unknown, outside=NOWHERE
        ).tidy(domains)
        left = self.outside - other.outside
        if by_address or not by_label:
            return tuple(p for p in (by_label, replace(by_address, outside=left)) if p)
        return (replace(by_label, outside=left),)

    def tidy(self, domains: Domains | None) -> Piece:
        """The same piece with an impossible workload part emptied, so that `bool` is exact under the
        schema."""
        possible = self.has_workloads and (domains is None or self.predicate.satisfiable(domains))
        return self if possible else Piece(NONE, NOWHERE, frozenset(), self.outside)


EVERYTHING = Piece(ALL, EVERYWHERE, FAMILIES, EVERYWHERE)


@dataclass(frozen=True, slots=True)
class Box:
    """Flows from `source` to `destination` with `services`; `origin` is the rule, or what else allows
    them."""

    source: Piece
    destination: Piece
    services: ServiceSet
    origin: str
    rule: Rule | None = None


def piece_of(end: End) -> Piece:
    """An end as a piece; an unknown address is inside only where a whole family is."""
    unknown = frozenset(f for f in FAMILIES if end.inside.family(f) == EVERYWHERE.family(f))
    return Piece(end.predicate, end.inside, unknown, end.outside, end.key)


class RuleBoxes:
    """Rules as boxes in one realm, before any other rule is looked at; rules with a side in common share its
    pieces."""

    def __init__(self, realm: str, domains: Domains | None) -> None:
        self._realm, self._domains = realm, domains
        self._sides: dict[tuple[tuple[End, ...], tuple[End, ...]], tuple[Piece, ...]] = {}

    def of(self, rule: Rule) -> Iterator[Box]:
        """The boxes of one rule."""
        for source in self._side(rule.source, rule.unless_source):
            for destination in self._side(rule.destination, rule.unless_destination):
                yield Box(source, destination, rule.services, rule.id, rule)

    def _side(self, ends: tuple[End, ...], unless: tuple[End, ...]) -> tuple[Piece, ...]:
        found = self._sides.get((ends, unless))
        if found is None:
            found = self._sides[ends, unless] = tuple(self._pieces(ends, unless))
        return found

    def _pieces(self, ends: tuple[End, ...], unless: tuple[End, ...]) -> Iterator[Piece]:
        here = [piece_of(e) for e in unless if e.realm in (None, self._realm)]
        for end in ends:
            if end.realm in (None, self._realm):
                first = piece_of(end).tidy(self._domains)
                yield from subtract_pieces((first,) if first else (), here, self._domains)


def subtract_pieces(
    pieces: Iterable[Piece], holes: Iterable[Piece], domains: Domains | None
) -> tuple[Piece, ...]:
    """What is left of some pieces once others are taken out."""
    left = tuple(pieces)
    for hole in holes:
        left = tuple(rest for p in left for rest in p.minus(hole, domains))
    return left


class _Cuts:
    """Cuts pieces by pieces and forms only what somebody is in: cut by every deny, most pieces are nobody's.

    Whoever falls in no piece of today gets one of their own when they come; the pieces of others stay what
    they are.
    """

    def __init__(self, domains: Domains | None, population: Population) -> None:
        self._domains, self._population = domains, population
        self._members: dict[Predicate, int] = {NONE: 0}
        self._meeting: dict[tuple[Predicate, Predicate], bool] = {}
        self._joined: dict[tuple[Predicate, ...], Predicate] = {}

    def peopled(self, piece: Piece) -> Piece:
        """The piece, its workload part emptied where nobody matches its labels."""
        if piece.has_workloads and self._held(piece.predicate):
            return piece
        return Piece(NONE, NOWHERE, frozenset(), piece.outside, piece.hint)

    def meet(self, piece: Piece, hole: Piece) -> bool:
        """Could a workload or an address be in both?"""
        if piece.outside and piece.outside.overlaps(hole.outside):
            return True
        if not (piece.unknown & hole.unknown or piece.inside.overlaps(hole.inside)):
            return False
        one, other = piece.predicate, hole.predicate
        # What a selector asks of keys that the other never asks for makes no difference: somebody has it.
        while len(one.arms) == 1 and one.key < other.key and one.present is one.missing is NONE:
            one = one.arms[0][1]
        if (one, other) not in self._meeting:
            both = one & other
            possible = both != NONE and (self._domains is None or both.satisfiable(self._domains))
            self._meeting[one, other] = possible
        return self._meeting[one, other]

    def quiet(self, piece: Piece, hole: Piece) -> bool:
        """Does a hole take nobody of today from a piece, and does it speak of labels only?"""
        if self._held(piece.predicate) & self._held(hole.predicate):
            return False
        return hole.whole and not piece.outside.overlaps(hole.outside)

    def without(self, piece: Piece, holes: tuple[Predicate, ...]) -> Piece:
        """A piece without the labels of quiet holes."""
        if not holes:
            return piece
        if holes not in self._joined:
            self._joined[holes] = Predicate.union(holes)
        left = piece.predicate - self._joined[holes]
        self._members[left] = self._held(piece.predicate)
        return Piece(left, piece.inside, piece.unknown, piece.outside, piece.hint)

    def both(self, piece: Piece, hole: Piece) -> Piece:
        """What is in two pieces."""
        both = piece & hole
        self._members[both.predicate] = self._held(piece.predicate) & self._held(hole.predicate)
        return self.peopled(both)

    def rest(self, piece: Piece, hole: Piece) -> Iterator[Piece]:
        """What is left of a piece without another, see `Piece.minus`."""
        left = piece.predicate - hole.predicate
        self._members[left] = self._held(piece.predicate) & ~self._held(hole.predicate)
        return (p for p in map(self.peopled, piece.minus(hole, None)) if p)

    def _held(self, predicate: Predicate) -> int:
        """Who matches some labels, as a bitset over `Population.kin`."""
        if predicate not in self._members:
            row = bytearray(len(self._population.kin) // 8 + 1)
            for position in self._population.positions(predicate):
                row[position >> 3] |= 1 << (position & 7)
            self._members[predicate] = int.from_bytes(row, "little")
        return self._members[predicate]


class BoxCompiler:
    """The rules of one realm as boxes between workloads of today: denies by tier, and what each allow is
    worth after them."""

    def __init__(
        self, rules: Iterable[Rule], realm: str, domains: Domains | None, population: Population
    ) -> None:
        ordered = sorted(rules, key=lambda r: (r.tier, r.id))
        self._boxes = RuleBoxes(realm, domains)
        self._allows = [r for r in ordered if r.action == "allow"]
        self._denies = [b for r in ordered if r.action == "deny" for b in self._boxes.of(r)]
        self._cuts = _Cuts(domains, population)
        self._overlapping: dict[ServiceSet, list[Box]] = {}

    def allowed(self) -> Iterator[Box]:
        """Every flow that an allow decides."""
        for rule in self._allows:
            for box in self._boxes.of(rule):
                yield from self._after(box, rule.tier)

    def unless_denied(self, source: Piece, destination: Piece, origin: str) -> tuple[Box, ...]:
        """Every flow between two pieces that no deny matches: what a posture or a selective mode lets pass on
        top of the allows."""
        return tuple(self._after(Box(source, destination, ANY, origin), max(Tier)))

    def _after(self, box: Box, tier: Tier) -> Iterator[Box]:
        """What the denies of a tier and of those before it leave of a box."""
        source, destination = self._cuts.peopled(box.source), self._cuts.peopled(box.destination)
        if not source or not destination:
            return
        about = self._about(box.services) if self._denies else ()
        denies = [
            d
            for d in about
            if (d.rule is None or d.rule.tier <= tier)
            and self._cuts.meet(source, d.source)
            and self._cuts.meet(destination, d.destination)
        ]
        if not denies and source is box.source and destination is box.destination:
            yield box
            return
        left: dict[tuple[Piece, Piece], ServiceSet] = {}
        for services, hitting in _by_services(box.services, denies):
            quiet = [d for d in hitting if self._cuts.quiet(source, d.source)]
            start = self._cuts.without(source, tuple(d.source.predicate for d in quiet))
            pairs = [(start, destination)]
            for deny in hitting:
                if deny not in quiet:
                    pairs = [rest for pair in pairs for rest in self._minus(*pair, deny)]
            for pair in pairs:
                left[pair] = left.get(pair, NOTHING) | services
        for (one, other), services in left.items():
            yield replace(box, source=one, destination=other, services=services)

    def _about(self, services: ServiceSet) -> list[Box]:
        if services not in self._overlapping:
            self._overlapping[services] = [d for d in self._denies if d.services.overlaps(services)]
        return self._overlapping[services]

    def _minus(self, source: Piece, destination: Piece, deny: Box) -> Iterator[tuple[Piece, Piece]]:
        """The pairs that a deny leaves of two ends."""
        if not (self._cuts.meet(source, deny.source) and self._cuts.meet(destination, deny.destination)):
            yield source, destination
            return
        for piece in self._cuts.rest(source, deny.source):
            yield piece, destination
        if both := self._cuts.both(source, deny.source):
            for piece in self._cuts.rest(destination, deny.destination):
                yield both, piece


@lru_cache(maxsize=4096)
def _divided(services: ServiceSet, by: ServiceSet) -> tuple[ServiceSet, ServiceSet]:
    """What is in another set, and what is not."""
    return services & by, services - by


def _by_services(services: ServiceSet, denies: Iterable[Box]) -> list[tuple[ServiceSet, list[Box]]]:
    """Services cut into parts, each with the denies that hit the whole of it; no others touch it."""
    parts: list[tuple[ServiceSet, list[Box]]] = [(services, [])]
    for deny in denies:
        cut = []
        for part, hitting in parts:
            hit, rest = _divided(part, deny.services)
            cut += [(rest, hitting)] if rest else []
            cut += [(hit, [*hitting, deny])] if hit else []
        parts = cut
    return parts
