"""The exact question: is every flow of a box in the union of some others? Answered with a part that is not,
or with those that together hold it all.

The services of the box are cut where any other begins or ends, so that inside one part a box either has them
all or none. The source is then split by the sources of the others, only as far as the answer depends on it:
others that hold the whole source are sure, others that hold some of it may be. If the sure ones cover every
destination, this part is done; if not even all of them do, something is left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from segkit.intent.boxes import FAMILIES, Box, Piece
from segkit.intent.endpoints import EXCLUDED
from segkit.intent.engine import POSSIBLE
from segkit.intent.hygiene.flows import Flow, Spot, first_address
from segkit.intent.hygiene.sweep import Sweep
from segkit.sets import ALL, NONE, NOWHERE, Domains, IntervalSet, KeyDomain, Predicate, ServiceSet, tcp
from segkit.sets.planes import bits

_MOST_REMEMBERED = 1 << 18
_HTTPS, _TCP = tcp(443), tcp()
_NEVER = KeyDomain(frozenset(), required=False)


class TooManyError(Exception):
    """The question falls into too many parts to go on."""


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of the flows of `box`: `covered` ones need no more thought, a `decisive` one ends the
    search. `name` is who says so: the number of a rule, or the name of a zone."""

    kind: Literal["covered", "decisive"]
    name: int | str
    box: Box


@dataclass(frozen=True, slots=True)
class Rest:
    """A part of the box that ended the search, by a decisive step (`by`) or because nothing covers it."""

    box: Box
    by: int | str | None


@dataclass(frozen=True, slots=True)
class _Met:
    """A step that meets the source at hand; `sure` when it holds all of it."""

    step: Step
    sure: bool


class Search:
    """Looks for what a list of steps leaves of a box. Earlier steps come first: a flow that one covers is
    never asked of a later one.

    `most` is how many steps are looked at before TooManyError is raised.
    """

    def __init__(self, domains: Domains) -> None:
        self._domains = domains
        self._left = 0
        self._possible: dict[Predicate, bool] = {ALL: True, NONE: False}
        self._pieces: dict[tuple[object, object], tuple[Piece, tuple[Piece, ...]]] = {}

    def rest(
        self, boxes: Iterable[Box], steps: Sequence[Step], most: int
    ) -> tuple[Rest | None, list[int | str]]:
        """A part of some boxes that a step decides or that none covers, or else who covers them, in the order
        of the steps."""
        self._left = most
        used: set[int | str] = set()
        for box in boxes:
            start = _clean(box)
            if not flows_in(start):
                continue
            for services, group in _by_service(start.services, steps):
                found = self._solve(replace(start, services=services), group, used)
                if found is not None:
                    return found, []
        return None, [name for name in dict.fromkeys(s.name for s in steps) if name in used]

    def flow(self, box: Box, realm: str) -> Flow | None:
        """One flow of a box, between two workloads where it has such; None when it has none at all."""
        for source_is, destination_is in ((True, True), (True, False), (False, True)):
            for family in sorted(FAMILIES):
                services = box.services & POSSIBLE[family]
                source = self._spot(box.source, source_is, family, realm)
                destination = self._spot(box.destination, destination_is, family, realm)
                if services and source is not None and destination is not None:
                    return Flow(source, destination, _familiar(services))
        return None

    def meet(self, box: Box, other: Box) -> Box | None:
        """What two boxes share, or None when that is no flow."""
        source, _ = self._shared(box.source, other.source)
        destination, _ = self._shared(box.destination, other.destination)
        services = box.services & other.services
        shared = _clean(replace(box, source=source, destination=destination, services=services))
        return shared if flows_in(shared) else None

    # -- the search

    def _solve(self, box: Box, steps: Sequence[Step], used: set[int | str]) -> Rest | None:
        todo = [(box.source, steps)]
        while todo:
            source, active = todo.pop()
            here = replace(box, source=source)
            met = list(self._met(here, active))
            done, found = self._walk(here, met, hopeful=False)
            if found is None:
                used |= done
                continue
            _, left = self._walk(here, met, hopeful=True)
            if left is not None:
                return left
            # Somebody who holds a part of the source makes the difference.
            split = next(m.step for m in met if not m.sure)
            inside, outside = self._shared(source, split.box.source)
            remaining = [m.step for m in met]
            todo += ((part, remaining) for part in (*outside, inside))
        return None

    def _met(self, box: Box, steps: Sequence[Step]) -> Iterable[_Met]:
        """The steps that meet a box, in order, as far as one that holds all of it."""
        for step in steps:
            self._left -= 1
            if self._left < 0:
                raise TooManyError
            source, other_sources = self._shared(box.source, step.box.source)
            if not source:
                continue
            destination, other_destinations = self._shared(box.destination, step.box.destination)
            if destination and flows_in(replace(box, source=source, destination=destination)):
                yield _Met(step, not other_sources)
                if not other_sources and not other_destinations:
                    return

    def _walk(self, box: Box, met: Iterable[_Met], hopeful: bool) -> tuple[set[int | str], Rest | None]:
        """What the steps leave of the destinations. Steps that are not sure count only where that is for
        the better (`hopeful`), or only where it is for the worse."""
        left: list[Piece] = [box.destination]
        used: set[int | str] = set()
        for one in met:
            step = one.step
            if not one.sure and (step.kind == "covered") is not hopeful:
                continue
            kept: list[Piece] = []
            for piece in left:
                shared, rest = self._shared(piece, step.box.destination)
                if not shared:
                    kept.append(piece)
                elif step.kind == "covered":
                    used.add(step.name)
                    kept += rest
                else:
                    source, _ = self._shared(box.source, step.box.source)
                    part = replace(box, source=source, destination=shared)
                    if flows_in(part):
                        return used, Rest(part, step.name)
                    kept.append(piece)
            left = kept
        for piece in left:
            part = replace(box, destination=piece)
            if flows_in(part):
                return used, Rest(part, None)
        return used, None

    def _shared(self, piece: Piece, other: Piece) -> tuple[Piece, tuple[Piece, ...]]:
        """What two pieces share, and what is left of the first."""
        plain = _plain(piece) and _plain(other)
        key: tuple[object, object] = (piece.predicate, other.predicate) if plain else (piece, other)
        found = self._pieces.get(key)
        if found is None:
            left = (self._tidy(part) for part in piece.minus(other, None))
            found = self._tidy(piece & other), tuple(part for part in left if part)
            if len(self._pieces) > _MOST_REMEMBERED:
                self._pieces.clear()
            self._pieces[key] = found
        return found

    def _tidy(self, piece: Piece) -> Piece:
        """`Piece.tidy`, with a memory: the same few selectors are asked about again and again."""
        if piece.has_workloads and self._can_be(piece.predicate):
            return piece
        return Piece(NONE, NOWHERE, frozenset(), piece.outside)

    def _can_be(self, node: Predicate) -> bool:
        """`Predicate.satisfiable`, with a memory."""
        found = self._possible.get(node)
        if found is None:
            domain = self._domains.get(node.key, _NEVER)
            allowed = domain.values
            named = [child for value, child in node.arms if allowed is None or value in allowed]
            unnamed = allowed is None or len(named) < len(allowed)
            ways = [
                *named,
                *((node.present,) if unnamed else ()),
                *(() if domain.required else (node.missing,)),
            ]
            found = self._possible[node] = any(self._can_be(child) for child in ways)
        return found

    def _spot(self, piece: Piece, workload: bool, family: int, realm: str) -> Spot | None:
        if not workload:
            value = first_address(piece.outside, family)
            return None if value is None else Spot(realm, family, None, value)
        labels = piece.predicate.witness(self._domains)
        if labels is None:
            return None
        if family in piece.unknown:
            return Spot(realm, family, labels, None)
        value = first_address(piece.inside, family)
        return None if value is None else Spot(realm, family, labels, value)


def _familiar(services: ServiceSet) -> int:
    """The point of the line that says most to a reader: HTTPS, else TCP, else what comes first."""
    for known in (_HTTPS, _TCP):
        if services.overlaps(known):
            return (services & known).line.spans[0][0]
    return services.line.spans[0][0]


def _plain(piece: Piece) -> bool:
    """Is it told by its labels alone?"""
    return piece.whole and not piece.outside


def flows_in(box: Box) -> bool:
    """Does a tidy box hold a flow: both ends of one family, with a service it has, and one a workload?"""
    for family in FAMILIES:
        if not box.services.overlaps(POSSIBLE[family]):
            continue
        s_work, s_any = _has(box.source, family)
        d_work, d_any = _has(box.destination, family)
        if (s_work and d_any) or (d_work and s_any):
            return True
    return False


def _has(piece: Piece, family: int) -> tuple[bool, bool]:
    """Has it workloads of a family, and has it anything of it?"""
    workloads = piece.has_workloads and (family in piece.unknown or bool(piece.inside.family(family)))
    return workloads, workloads or bool(piece.outside.family(family))


def _clean(box: Box) -> Box:
    """A box without addresses that no machine is reached at."""
    source, destination = box.source, box.destination
    if source.outside:
        source = replace(source, outside=source.outside - EXCLUDED)
    if destination.outside:
        destination = replace(destination, outside=destination.outside - EXCLUDED)
    return replace(box, source=source, destination=destination)


def _by_service(services: ServiceSet, steps: Sequence[Step]) -> Iterator[tuple[ServiceSet, list[Step]]]:
    """The services cut into parts that no step divides, each with the steps that have it, fewest steps
    first: there something is left over most likely."""
    sweep = Sweep((n, step.box.services.line.spans) for n, step in enumerate(steps))
    parts: dict[int, list[tuple[int, int]]] = {}
    for lo, hi in services.line.spans:
        for first, last, holding in sweep.parts(lo, hi):
            parts.setdefault(holding, []).append((first, last))
    ordered = sorted(parts.items(), key=lambda part: (part[0].bit_count(), part[1]))
    for holding, spans in ordered:
        yield ServiceSet.from_line(IntervalSet(tuple(spans))), [steps[n] for n in bits(holding)]
