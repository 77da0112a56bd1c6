"""What one rule is worth: the answer at one flow, and the exact answer for all flows the schema permits.

Removing a rule matters at a flow only if the rule decides it. An allow is missed where afterwards a later
tier denies the flow or nothing allows it; a deny where its own or a later tier allows it then, or a posture.
Rules that are there for a while only (quarantine, allows with a last day) stand in for nobody, and yet what
they say counts against a removal: a rule is redundant only if it is so whichever of them are still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from segkit.intent.boxes import EVERYTHING, FAMILIES, Box, Piece, RuleBoxes
from segkit.intent.hygiene.flows import Flow
from segkit.intent.hygiene.ruleset import TIERS, Ruleset
from segkit.intent.hygiene.search import Search, Step, TooManyError
from segkit.model.policy import Rule
from segkit.sets import ANY, EVERYWHERE, NONE, NOWHERE
from segkit.sets.planes import bits

MOST_LOOKS = 50_000
_NOTHING = Step("covered", "", Box(EVERYTHING, EVERYTHING, ANY, ""))


class Worth(Enum):
    """What becomes of the intent when a rule goes.

    `needed`: what is allowed changes, or what a zone in selective mode lets pass. `idle`: a deny that takes
    nothing away from any allow. `redundant`: nothing changes. `unknown`: too much to work out.
    """

    needed = "needed"
    idle = "idle"
    redundant = "redundant"
    unknown = "unknown"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The worth of a rule, with a flow that shows it or with who stands in for it: rules by number, zones
    (by their posture) by name."""

    worth: Worth
    flow: Flow | None = None
    proof: tuple[int | str, ...] = ()


class Judge:
    """Rules on the rules of a ruleset."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.search = Search(ruleset.domains)
        self._boxes: dict[tuple[int, str], tuple[Box, ...]] = {}
        self._breadth = [_breadth(r) for r in ruleset.rules]
        self._placed = [any(e.realm is not None for side in r.sides for e in side) for r in ruleset.rules]

    # -- at one flow

    def at(self, n: int, flow: Flow, matching: int) -> Worth:
        """The worth of rule n at a flow that it holds; `matching` are all rules that do."""
        rules = self.ruleset
        tier, denies = rules.rules[n].tier, rules.rules[n].action == "deny"
        others = matching & ~(1 << n)
        lasting = others & rules.lasting
        own = rules.denies[tier] if denies else rules.denies[tier] | rules.allows[tier]
        if lasting & (rules.earlier(tier) | own):
            return Worth.redundant
        if denies and others & rules.allows[tier]:
            return Worth.needed
        for later in TIERS:
            if later <= tier:
                continue
            if denies:
                if lasting & rules.denies[later]:
                    return Worth.redundant
                if others & rules.allows[later]:
                    return Worth.needed
            else:
                if others & rules.denies[later]:
                    return Worth.needed
                if lasting & rules.allows[later]:
                    return Worth.redundant
        if rules.open_zones and rules.posture(flow) is not None:
            return Worth.needed if denies else Worth.redundant
        if not denies:
            return Worth.needed
        selective = rules.in_selective_mode(flow.source) or rules.in_selective_mode(flow.destination)
        return Worth.needed if selective else Worth.idle

    # -- at every flow

    def rule(self, n: int, alive: int, most: int = MOST_LOOKS) -> Ruling:
        """The exact worth of rule n among the rules of `alive`."""
        near = self.ruleset.near(n) & alive & ~(1 << n)
        try:
            ruling = self._ruling(n, near, most)
            if ruling.worth is Worth.redundant:
                return Ruling(Worth.redundant, proof=self._shortened(n, near, ruling.proof, most))
        except TooManyError:
            return Ruling(Worth.unknown)
        return ruling

    def decides(self, n: int) -> Ruling:
        """Redundant, with the rules that decide instead, when rule n can never decide a flow."""
        near = self.ruleset.near(n) & self.ruleset.lasting & self.ruleset.before(n)
        found: dict[int | str, None] = {}
        try:
            for realm in self.realms(n, near):
                steps = self._steps("covered", near, realm)
                rest, used = self.search.rest(self.boxes(n, realm), steps, MOST_LOOKS)
                if rest is not None:
                    return Ruling(Worth.needed, self.search.flow(rest.box, realm))
                found |= dict.fromkeys(used)
        except TooManyError:
            return Ruling(Worth.unknown)
        return Ruling(Worth.redundant, proof=_ordered(found))

    def boxes(self, n: int, realm: str) -> tuple[Box, ...]:
        """A rule as boxes, in one realm."""
        key = (n, realm if self._placed[n] else "")
        if key not in self._boxes:
            self._boxes[key] = tuple(RuleBoxes(realm, self.ruleset.domains).of(self.ruleset.rules[n]))
        return self._boxes[key]

    def _ruling(self, n: int, near: int, most: int) -> Ruling:
        proof: dict[int | str, None] = {}
        idle: Flow | None = None
        for realm in self.realms(n, near):
            steps = self._all_steps(n, near, realm)
            rest, used = self.search.rest(self.boxes(n, realm), steps, most)
            if rest is None:
                proof |= dict.fromkeys(used)
                continue
            flow = self.search.flow(rest.box, realm)
            if rest.by is not None or self.ruleset.rules[n].action == "allow":
                return Ruling(Worth.needed, flow)
            idle = idle or flow
            # Nothing allows that part; does anything allow another, or is an explicit deny needed there?
            steps += [*self._selective_steps(), _NOTHING]
            rest, _ = self.search.rest(self.boxes(n, realm), steps, most)
            if rest is not None:
                return Ruling(Worth.needed, self.search.flow(rest.box, realm))
        if idle is not None:
            return Ruling(Worth.idle, idle)
        return Ruling(Worth.redundant, proof=tuple(proof))

    def _selective_steps(self) -> list[Step]:
        """In selective mode only an explicit deny blocks, at either end."""
        if self.ruleset.selective is NONE:
            return []
        piece = Piece(self.ruleset.selective, EVERYWHERE, FAMILIES, NOWHERE)
        ends = ((piece, EVERYTHING), (EVERYTHING, piece))
        return [Step("decisive", "", Box(source, destination, ANY, "")) for source, destination in ends]

    def _all_steps(self, n: int, near: int, realm: str) -> list[Step]:
        rules = self.ruleset
        tier, denies = rules.rules[n].tier, rules.rules[n].action == "deny"
        lasting = near & rules.lasting
        own = rules.denies[tier] if denies else rules.denies[tier] | rules.allows[tier]
        steps = self._steps("covered", lasting & (rules.earlier(tier) | own), realm)
        if denies:
            steps += self._steps("decisive", near & rules.allows[tier], realm)
        for later in TIERS:
            if later > tier and denies:
                steps += self._steps("covered", lasting & rules.denies[later], realm)
                steps += self._steps("decisive", near & rules.allows[later], realm)
            elif later > tier:
                steps += self._steps("decisive", near & rules.denies[later], realm)
                steps += self._steps("covered", lasting & rules.allows[later], realm)
        for zone in rules.open_zones:
            piece = Piece(zone.predicate, EVERYWHERE, FAMILIES, NOWHERE)
            steps.append(Step("decisive" if denies else "covered", zone.name, Box(piece, piece, ANY, "")))
        return steps

    def _steps(self, kind: str, numbers: int, realm: str) -> list[Step]:
        """Steps for some rules, broad rules first: those leave little to cut for the rest."""
        ordered = sorted(bits(numbers), key=lambda n: (self._breadth[n], n))
        if kind == "covered":
            return [Step("covered", n, box) for n in ordered for box in self.boxes(n, realm)]
        return [Step("decisive", n, box) for n in ordered for box in self.boxes(n, realm)]

    def realms(self, n: int, near: int) -> Sequence[str]:
        """The realms to look at; one stands for all where nobody speaks of realms."""
        if self._placed[n] or any(self._placed[other] for other in bits(near)):
            return self.ruleset.realms
        return self.ruleset.realms[:1]

    def _shortened(self, n: int, near: int, proof: tuple[int | str, ...], most: int) -> tuple[int | str, ...]:
        """The proof without rules that it can do without."""
        kept = [name for name in proof if isinstance(name, int)]
        if len(kept) > 1:
            against = near
            for name in kept:
                against &= ~(1 << name)
            against &= ~self.ruleset.lasting | self._against(n)
            for name in reversed(kept):
                fewer = [other for other in kept if other != name]
                ruling = self._ruling(n, against | sum(1 << other for other in fewer), most)
                if ruling.worth is Worth.redundant:
                    kept = fewer
                    proof = ruling.proof
        return _ordered(proof)

    def _against(self, n: int) -> int:
        """The rules whose say after the removal of rule n would be another."""
        rule = self.ruleset.rules[n]
        others = self.ruleset.denies if rule.action == "allow" else self.ruleset.allows
        return sum(others[t] for t in TIERS if t > rule.tier or (t == rule.tier and rule.action == "deny"))


def _ordered(proof: Iterable[int | str]) -> tuple[int | str, ...]:
    """Rules in order of precedence, then zones by name."""
    rules = sorted(p for p in proof if isinstance(p, int))
    return (*rules, *sorted(p for p in proof if isinstance(p, str)))


def _breadth(rule: Rule) -> tuple[int, int]:
    """A key that sorts broad rules before narrow ones."""
    asked = sum(len(e.predicate.keys()) + (e.inside != EVERYWHERE) for side in rule.sides[:2] for e in side)
    return asked, -rule.services.line.size
