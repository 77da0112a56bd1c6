"""The allowed flows as a union of boxes, for planes that can only allow: tiers and denies compiled away.

A box is (source, destination, services); each side is symbolic (a label predicate and addresses), so a box
stays right for workloads that do not exist yet. An allow is worth its own box minus every deny of its tier or
an earlier one: a later deny cannot take back what an earlier tier allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from segkit.model.ends import End
from segkit.model.policy import Rule
from segkit.sets import ALL, ANY, EVERYWHERE, NONE, NOWHERE, Addresses, Domains, Predicate, ServiceSet

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
        # Pieces are looked up far more often than they are made.
        held = hash((self.predicate, self.inside, self.unknown, self.outside))
        object.__setattr__(self, "_hash", held)

    def __hash__(self) -> int:
        return self._hash

    def __bool__(self) -> bool:
        return self.has_workloads or bool(self.outside)

    @property
    def has_workloads(self) -> bool:
        """Can a workload be in it (whatever the schema says)?"""
        return self.predicate != NONE and bool(self.inside or self.unknown)

    @property
    def whole(self) -> bool:
        """Are workloads in it whatever their address?"""
        return self.unknown == FAMILIES and self.inside == EVERYWHERE

    def order(self) -> tuple[str, str, list[int], str]:
        """A key that sorts pieces the same way on every machine."""
        return str(self.predicate), str(self.inside), sorted(self.unknown), str(self.outside)

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

    def minus(self, deny: Box, domains: Domains | None) -> tuple[Box, ...]:
        """The flows of this box that a deny leaves, as boxes."""
        if not self.services.overlaps(deny.services):
            return (self,)
        source = (self.source & deny.source).tidy(domains)
        destination = (self.destination & deny.destination).tidy(domains)
        if not source or not destination:
            return (self,)
        hit = self.services & deny.services
        rest = self.services - deny.services
        out = [replace(self, services=rest)] if rest else []
        out += [replace(self, source=p, services=hit) for p in self.source.minus(deny.source, domains)]
        out += [
            replace(self, source=source, destination=p, services=hit)
            for p in self.destination.minus(deny.destination, domains)
        ]
        return tuple(out)


def piece_of(end: End) -> Piece:
    """An end as a piece; an unknown address is inside only where a whole family is."""
    unknown = frozenset(f for f in FAMILIES if end.inside.family(f) == EVERYWHERE.family(f))
    return Piece(end.predicate, end.inside, unknown, end.outside, end.key)


def rule_boxes(rule: Rule, realm: str, domains: Domains | None) -> Iterator[Box]:
    """A rule as boxes in one realm, before any other rule is looked at."""
    for source in _side(rule.source, rule.unless_source, realm, domains):
        for destination in _side(rule.destination, rule.unless_destination, realm, domains):
            yield Box(source, destination, rule.services, rule.id, rule)


def _side(ends: Sequence[End], unless: Sequence[End], realm: str, domains: Domains | None) -> Iterator[Piece]:
    here = [piece_of(e) for e in unless if e.realm in (None, realm)]
    for end in ends:
        if end.realm in (None, realm):
            first = piece_of(end).tidy(domains)
            yield from subtract_pieces((first,) if first else (), here, domains)


def subtract_pieces(
    pieces: Iterable[Piece], holes: Iterable[Piece], domains: Domains | None
) -> tuple[Piece, ...]:
    """What is left of some pieces once others are taken out."""
    left = tuple(pieces)
    for hole in holes:
        left = tuple(rest for p in left for rest in p.minus(hole, domains))
    return left


def subtract(boxes: Iterable[Box], denies: Iterable[Box], domains: Domains | None) -> tuple[Box, ...]:
    """What is left of some boxes once denies are taken out."""
    left = tuple(boxes)
    for deny in denies:
        left = tuple(rest for b in left for rest in b.minus(deny, domains))
    return left


class BoxCompiler:
    """The rules of one realm as boxes: denies by tier, and what each allow is worth after them."""

    def __init__(self, rules: Iterable[Rule], realm: str, domains: Domains | None) -> None:
        ordered = sorted(rules, key=lambda r: (r.tier, r.id))
        self.realm, self.domains = realm, domains
        self._allows = [r for r in ordered if r.action == "allow"]
        self._denies = [b for r in ordered if r.action == "deny" for b in rule_boxes(r, realm, domains)]

    def allowed(self) -> Iterator[Box]:
        """Every flow that an allow decides."""
        for rule in self._allows:
            earlier = [d for d in self._denies if d.rule is not None and d.rule.tier <= rule.tier]
            yield from subtract(rule_boxes(rule, self.realm, self.domains), earlier, self.domains)

    def unless_denied(self, source: Piece, destination: Piece, origin: str) -> tuple[Box, ...]:
        """Every flow between two pieces that no deny matches: what a posture or a selective mode lets pass on
        top of the allows."""
        whole = Box(source.tidy(self.domains), destination.tidy(self.domains), ANY, origin)
        return subtract((whole,), self._denies, self.domains) if whole.source and whole.destination else ()
