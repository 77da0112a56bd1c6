"""The proof of the first of two applies: what both intents allow passes, and what both deny is closed.

What only one of them allows may pass or not. Who is in one model only is judged by both, with the labels it
has there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, cast

from segkit.artifacts import Joined
from segkit.compiler import Compilation
from segkit.intent.enforcement import Passing
from segkit.intent.engine import Intent
from segkit.model.model import Model
from segkit.model.workloads import Workload
from segkit.platforms.base import Residual, View, in_order
from segkit.sets import Addresses
from segkit.sets.atoms import AddressAtoms
from segkit.verify.compare import Comparison, Mismatch, Spotted
from segkit.verify.proof import Difference, Proof, differences, prove, status, usable, views

Who = tuple[str, str, int]
"""Who somebody is in either comparison: a workload or nobody, the realm, and the family."""

_UNKNOWN = -1


class Cut:
    """A view that tells more addresses apart than it has to, so that its classes are those of another."""

    def __init__(self, view: View, cuts: Sequence[Addresses]) -> None:
        self._view, self._cuts = view, cuts

    def cuts(self) -> Sequence[Addresses]:
        """Every address set that any of them mentions."""
        return self._cuts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)


def alike(planes: Sequence[Sequence[View]], more: Sequence[Addresses] = ()) -> list[list[View]]:
    """Several readings that all tell the same addresses apart."""
    cuts = [*more, *(cut for held in planes for view in held for cut in view.cuts())]
    return [[cast(View, Cut(view, cuts)) for view in held] for held in planes]


def proved(done: Compilation, document: Mapping[str, Any] | Joined) -> Proof:
    """The proof of what was compiled: equal to its model or, of the first of two applies, between two."""
    if done.since is None:
        return prove(done.model, document, intent=done.intent, residuals=done.residuals)
    if done.since == "nothing":
        assert not isinstance(document, Joined), "asleep in one stack only"
        return prove_asleep(done, document)
    residuals = done.since.residuals, done.residuals
    return prove_between(done.since.model, done.model, document, residuals)


def prove_between(
    before: Model,
    after: Model,
    document: Mapping[str, Any] | Joined,
    residuals: tuple[Sequence[Residual], Sequence[Residual]] = ((), ()),
) -> Proof:
    """Proves that a document is between two models; `residuals` are those that lowering foresees of each.

    The status of what is proved is `between`. Raises SegkitError when the document cannot be read.
    """
    models = [_with(before, after), _with(after, before)]
    intents = [Intent(model) for model in models]
    read = alike([views(model, document) for model in models], _outside(*intents))
    sides = [Comparison(Passing(i), held, merging=True) for i, held in zip(intents, read, strict=True)]
    left: dict[Difference, None] = {}
    explained: dict[Difference, None] = {}
    accepted = [usable(model, found) for model, found in zip(models, residuals, strict=True)]
    cuts = next((view.cuts() for held in read for view in held), ())
    for before_side, after_side in _shared(sides, AddressAtoms(cuts)):
        there, here = (intents[0], sides[0], before_side), (intents[1], sides[1], after_side)
        for found in differences(here, accepted[1], (there, accepted[0])):
            (explained if found.residual else left)[found] = None
    memberships = tuple(sorted({m for held in read for v in held for m in v.memberships()}, key=in_order))
    found_status = status(after, left, memberships)
    tally = sides[1].tally
    return Proof(
        "between" if found_status == "equal" else found_status,
        tuple(sorted(left)),
        tuple(sorted(explained)),
        memberships,
        tuple(sorted({n for held in read for v in held for n in v.notes()})),
        tuple(dict.fromkeys(e for held in read for v in held for e in v.exempt())),
        tuple(r for found in residuals for r in found),
        tally.pairs,
        tally.ungoverned,
        tally.single_ended,
    )


def prove_asleep(done: Compilation, document: Mapping[str, Any]) -> Proof:
    """Proves that what was compiled is not in force: whatever passes without it passes with it, and what is
    closed without it is closed, but for what the model says otherwise."""
    ours = done.fragment.get("resource", {})
    theirs = {
        kind: {name: body for name, body in named.items() if name not in ours.get(kind, {})}
        for kind, named in document.get("resource", {}).items()
    }
    both = document, {**document, "resource": theirs}
    read = alike([views(done.model, one) for one in both], _outside(done.intent))
    sides = [Comparison(Passing(done.intent), held) for held in read]
    same = _same(sides, AddressAtoms(read[0][0].cuts()))
    without = {(id(m.source), id(m.destination)): m for m in sides[1].mismatches()}
    left: dict[Difference, None] = {}
    explained: dict[Difference, None] = {}
    accepted = usable(done.model, done.residuals)
    for mismatch in sides[0].mismatches():
        for place in product(same[id(mismatch.source)], same[id(mismatch.destination)]):
            known = without.get(place)
            opens, closes = mismatch.opens, mismatch.closes
            if known is not None:
                opens, closes = opens - known.opens, closes - known.closes
            more = replace(mismatch, opens=opens, closes=closes)
            for found in differences((done.intent, sides[0], more), accepted):
                (explained if found.residual else left)[found] = None
    found_status = status(done.model, left, ())
    tally = sides[0].tally
    return Proof(
        "between" if found_status == "equal" else found_status,
        tuple(sorted(left)),
        tuple(sorted(explained)),
        tuple(sorted((m for v in read[0] for m in v.memberships()), key=in_order)),
        tuple(sorted({n for v in read[0] for n in v.notes()})),
        tuple(e for v in read[0] for e in v.exempt()),
        done.residuals,
        tally.pairs,
        tally.ungoverned,
        tally.single_ended,
    )


def _outside(*intents: Intent) -> list[Addresses]:
    """The addresses of nobody that policies tell apart."""
    return [cell.addresses for intent in intents for cell in intent.cells if not cell.is_workload]


def _with(model: Model, other: Model) -> Model:
    """A model with the workloads that only another has, and with both places of those that move: nobody
    knows which of them a machine is at between the two applies."""
    here, there = ({workload.name: workload for workload in one.workloads} for one in (model, other))
    everybody = {name: _placed(one, there.get(name, one)) for name, one in {**there, **here}.items()}
    return replace(model, workloads=tuple(everybody[name] for name in sorted(everybody)))


def _placed(here: Workload, there: Workload) -> Workload:
    """A workload whose interfaces are also at the addresses that they have in another model."""
    places = {(one.name, one.realm, one.network): one.addresses for one in here.interfaces}
    found = ((one, (one.name, one.realm, one.network)) for one in there.interfaces)
    more = (one for one, place in found if place in places and places[place] != one.addresses)
    return replace(here, interfaces=(*here.interfaces, *more))


def _shared(sides: Sequence[Comparison], atoms: AddressAtoms) -> Iterator[tuple[Mismatch, Mismatch]]:
    """What the document does against both models, between the same two ends."""
    before, after = ({(id(m.source), id(m.destination)): m for m in side.mismatches()} for side in sides)
    if not before or not after:
        return
    same = _same(sides, atoms)
    for (source, destination), one in before.items():
        for there in same[source]:
            for here in same[destination]:
                other = after.get((there, here))
                if other is None:
                    continue
                opens, closes = one.opens & other.opens, one.closes & other.closes
                ends = _met(one.source, other.source), _met(one.destination, other.destination)
                if ends[0][0].only_itself and ends[0][0].names == ends[1][0].names:
                    continue  # only one machine, which talks to itself, is there in both
                if opens or closes:
                    yield (
                        Mismatch(ends[0][0], ends[1][0], opens, closes),
                        Mismatch(ends[0][1], ends[1][1], opens, closes),
                    )


def _met(one: Spotted, other: Spotted) -> tuple[Spotted, Spotted]:
    """Two classes with only those who are in both, and where they may be in both."""
    names = tuple(sorted(set(one.names) & set(other.names)))
    there, here = Addresses.union(one.supposed), Addresses.union(other.supposed)
    return (
        replace(one, names=names, supposed=tuple(at & here for at in one.supposed if at & here)),
        replace(other, names=names, supposed=tuple(at & there for at in other.supposed if at & there)),
    )


def _same(sides: Sequence[Comparison], atoms: AddressAtoms) -> Mapping[int, Sequence[int]]:
    """For each class of the one comparison, those of the other that somebody of it is in. An address that
    one of them does not know may be any that the other knows."""
    places: dict[Who, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for spotted in sides[1].spots:
        truths = _truths(spotted, atoms)
        for who in _who(spotted):
            for truth in truths:
                places[who][truth].append(id(spotted))
    found: dict[int, Sequence[int]] = {}
    for spotted in sides[0].spots:
        truths, others = _truths(spotted, atoms), [places.get(who, {}) for who in _who(spotted)]
        lowest = min(truths)
        held = (
            ids
            for at in others
            for near, ids in at.items()
            if near in truths or min(lowest, near) == _UNKNOWN
        )
        found[id(spotted)] = tuple(dict.fromkeys(other for ids in held for other in ids))
    return found


def _who(spotted: Spotted) -> Iterator[Who]:
    for name in spotted.names or ("",):
        yield name, spotted.cell.realm, spotted.cell.family


def _truths(spotted: Spotted, atoms: AddressAtoms) -> frozenset[int]:
    """Which sets hold its addresses; for those that are only supposed, in numbers of their own, which are
    below that for no known one."""
    family = spotted.cell.family
    if spotted.supposed:
        return frozenset(_UNKNOWN - 1 - atoms.split(at, family)[0][1] for at in spotted.supposed)
    known = spotted.addresses
    return frozenset((_UNKNOWN if known is None else atoms.split(known, family)[0][1],))
