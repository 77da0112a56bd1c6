"""The proof: a document's reachability equals the intent, or here is the exact difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from segkit.artifacts import Joined
from segkit.collecting import uncollected
from segkit.compiler import compile_model
from segkit.errors import Problem
from segkit.intent.boxes import Piece
from segkit.intent.enforcement import Passing
from segkit.intent.engine import Intent
from segkit.model.model import Model
from segkit.platforms.base import Membership, Residual, View, in_order, platform
from segkit.sets import ServiceSet
from segkit.verify.compare import Comparison, Mismatch, Spotted
from segkit.verify.situated import situated

Status = Literal["equal", "between", "different", "unproved"]
_MAY = {"opens": "may open", "closes": "may close"}
Side = tuple[Intent, Comparison, Mismatch]
"""Two ends for which a document and an intent disagree."""


@dataclass(frozen=True, order=True, slots=True)
class Difference:
    """Flows that the document lets pass and the intent does not (`opens`), or the other way round (`closes`);
    `may open` and `may close` where that hangs on an address that is not known.

    `resources` let them pass, or are the nearest that do; `rules` are what the policies say of the pair;
    `residual` names the accepted residual that explains it.
    """

    kind: str
    source: str
    destination: str
    services: str
    rules: tuple[str, ...]
    resources: tuple[str, ...]
    residual: str = ""

    @property
    def certain(self) -> bool:
        """False where it hangs on an address that is not known."""
        return self.kind not in _MAY.values()

    @property
    def text(self) -> str:
        """The flows in one line; long lists of ranges are cut, `to_json` has them whole."""
        return f"{self.kind} {_short(self.source)} -> {_short(self.destination)}: {_short(self.services)}"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a comparison found. `ok` is true only for `equal`: every governed flow passes exactly when it
    should, or an accepted residual says why not; and for `between`, of the first of two applies: what both
    intents allow passes, and what both deny is closed."""

    status: Status
    differences: tuple[Difference, ...]
    accepted: tuple[Difference, ...]
    memberships: tuple[Membership, ...]
    notes: tuple[str, ...]
    exempt: tuple[str, ...]
    residuals: tuple[Residual, ...]
    pairs: int
    ungoverned: int
    single_ended: int

    @property
    def ok(self) -> bool:
        """Is the document proved equal to the intent, or between two?"""
        return self.status in ("equal", "between")

    def to_json(self) -> dict[str, Any]:
        """The proof as data."""
        data = {
            name: getattr(self, name)
            for name in ("status", "notes", "exempt", "pairs", "ungoverned", "single_ended")
        }
        data["differences"] = [asdict(d) for d in self.differences]
        data["accepted"] = [asdict(d) for d in self.accepted]
        data["memberships"] = [asdict(m) for m in self.memberships]
        data["residuals"] = [
            {"target": r.target, "name": r.name, "extent": r.extent, "rules": r.rules} for r in self.residuals
        ]
        return data

    def text(self) -> str:
        """The proof in plain lines."""
        head = f"{self.status}: {self.pairs} pairs of endpoint classes compared, {self.ungoverned} ungoverned"
        lines = [head]
        for d in self.differences:
            lines += [
                d.text,
                f"  rules: {', '.join(d.rules) or 'none match'}",
                f"  resources: {', '.join(d.resources) or 'none'}",
            ]
        lines += [f"accepted ({d.residual}): {d.text}" for d in self.accepted]
        for m in self.memberships:
            lines += [f"unproved: {m.workload} ({m.target}): {reason}" for reason in m.unknown]
        return "\n".join(lines)


@uncollected()
def prove(
    model: Model,
    document: Mapping[str, Any] | Joined,
    *,
    intent: Intent | None = None,
    residuals: Sequence[Residual] | None = None,
) -> Proof:
    """Compares a stack's Terraform JSON with a model, or that of all its stacks (`artifacts.join`).

    The document is read by each platform's own reading model. `intent` and `residuals` save work when the
    model was just compiled; otherwise it is compiled here, only to know the residuals that lowering foresees.
    Raises SegkitError when the model cannot be compiled or the document cannot be read.
    """
    if intent is None or residuals is None:
        done = compile_model(model)
        intent, residuals = done.intent, done.residuals
    read = views(model, document)
    comparison = Comparison(Passing(intent), read, merging=True)
    known = usable(model, residuals)
    left: dict[Difference, None] = {}
    explained: dict[Difference, None] = {}
    for mismatch in comparison.mismatches():
        for difference in differences((intent, comparison, mismatch), known):
            (explained if difference.residual else left)[difference] = None
    memberships = tuple(sorted((m for v in read for m in v.memberships()), key=in_order))
    tally = comparison.tally
    return Proof(
        status(model, left, memberships),
        tuple(sorted(left)),
        tuple(sorted(explained)),
        memberships,
        tuple(sorted({n for v in read for n in v.notes()})),
        tuple(e for v in read for e in v.exempt()),
        tuple(residuals),
        tally.pairs,
        tally.ungoverned,
        tally.single_ended,
    )


def views(model: Model, document: Mapping[str, Any] | Joined) -> list[View]:
    """The reading model of each platform over a document."""
    if isinstance(document, Joined):
        model, document = situated(model, document), document.document
    by_platform = defaultdict(list)
    for target in model.targets:
        by_platform[target.platform].append(target)
    return [platform(name).view(model, targets, document) for name, targets in sorted(by_platform.items())]


def usable(model: Model, residuals: Sequence[Residual]) -> list[Residual]:
    """The residuals that somebody accepted."""
    accepted = {(t.name, a.residual) for t in model.targets for a in t.accepted}
    return [r for r in residuals if (r.target, r.name) in accepted]


def status(model: Model, left: Mapping[Difference, None], memberships: Iterable[Membership]) -> Status:
    """What to say of a document, with the differences that nothing explains."""
    if any(difference.certain for difference in left):
        return "different"
    trusting = _trusting(model)
    unknown = left or any(m.unknown and m.target not in trusting for m in memberships)
    return "unproved" if unknown else "equal"


def _trusting(model: Model) -> set[str]:
    """The targets for which somebody has accepted that not everything is known."""
    return {t.name for t in model.targets if any(a.residual == "unproved" for a in t.accepted)}


def differences(
    side: Side, residuals: Sequence[Residual], other: tuple[Side, Sequence[Residual]] | None = None
) -> Iterator[Difference]:
    """What a mismatch says, split by the residual that explains it; one of another model may, too."""
    sides = [(side, residuals), *([other] if other else [])]
    for kind, services in (("opens", side[2].opens), ("closes", side[2].closes)):
        for (_, _, mismatch), known in sides:
            for name, part in _explained(mismatch, kind, services, known):
                services -= part
                yield _told(kind, part, name, [one for one, _ in sides])
        if services:
            yield _told(kind, services, _trusted(side), [one for one, _ in sides])


def _trusted(side: Side) -> str:
    """The residual that leaves open what hangs on an address, where the targets of both ends have it."""
    intent, _, mismatch = side
    owners = {*mismatch.source.cell.targets, *mismatch.destination.cell.targets}
    return "unproved" if not mismatch.certain and owners <= _trusting(intent.model) else ""


def _told(kind: str, services: ServiceSet, residual: str, sides: Sequence[Side]) -> Difference:
    rules: dict[str, None] = {}
    for intent, _, mismatch in sides:
        ends = mismatch.source.cell.index, mismatch.destination.cell.index
        rules |= {rule.id: None for rule in intent.matching(*ends) if rule.services.overlaps(services)}
    _, comparison, mismatch = sides[0]
    kind = kind if all(one.certain for _, _, one in sides) else _MAY[kind]
    resources = comparison.resources(mismatch)
    names = mismatch.source.text, mismatch.destination.text
    return Difference(kind, *names, str(services), tuple(rules), resources, residual)


def _explained(
    mismatch: Mismatch, kind: str, services: ServiceSet, residuals: Sequence[Residual]
) -> Iterator[tuple[str, ServiceSet]]:
    """The services that residuals explain, with the residual that does."""
    for residual in residuals:
        for box in residual.boxes if residual.effect == kind else ():
            if not (_in(box.source, mismatch.source) and _in(box.destination, mismatch.destination)):
                continue
            if part := services & box.services:
                yield residual.name, part
                services -= part


def _short(listed: str, most: int = 4) -> str:
    items = listed.split(", ")
    return listed if len(items) <= most else f"{', '.join(items[:most])} and {len(items) - most} more"


def _in(piece: Piece, spotted: Spotted) -> bool:
    if spotted.member is None:
        return spotted.addresses is not None and spotted.addresses <= piece.outside
    if not piece.predicate.matches(spotted.member.endpoint.workload.label_map):
        return False
    if spotted.addresses is None:
        supposed = bool(spotted.supposed) and all(at <= piece.inside for at in spotted.supposed)
        return spotted.cell.family in piece.unknown or supposed
    return spotted.addresses <= piece.inside


WHEN_UNPROVED = (
    "put what is not known into the stack, or tell it in the target's placement (a snapshot, foreign=); or "
    'accept_residual("unproved", …)'
)
"""What to do where something decides that is not known."""


WHEN_UNKNOWN = 'declare the address, or take away what hangs on it; or accept_residual("unproved", …)'
"""What to do where something hangs on an address that is not known."""

_FIX = "remove what was added beside segkit's resources, or accept the residual that explains it"


def problems(proof: Proof) -> tuple[Problem, ...]:
    """What keeps a proof from being `ok`, as problems that a synth reports."""
    out = [
        Problem(
            f"the Terraform {d.text}",
            where=", ".join(d.resources),
            why=f"the policies say otherwise ({', '.join(d.rules) or 'no rule matches'})",
            fix=_FIX if d.certain else WHEN_UNKNOWN,
        )
        for d in proof.differences
    ]
    if proof.status == "unproved":
        out += [
            Problem(
                f"cannot be proved: workload {m.workload!r} on target {m.target!r}: {reason}",
                where=m.where,
                fix=WHEN_UNPROVED,
            )
            for m in proof.memberships
            for reason in m.unknown
        ]
    return tuple(out)
