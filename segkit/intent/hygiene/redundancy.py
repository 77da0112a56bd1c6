"""Rules that could go without changing the intent, and rules that never decide a flow."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from segkit.intent.hygiene.flows import Flow
from segkit.intent.hygiene.judge import Judge, Worth
from segkit.intent.hygiene.sampling import Sampler
from segkit.sets.planes import bits

SAMPLES = 40
_MORE_SAMPLES = 400
_FEW_LOOKS = 300


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of one rule.

    `worth` is what its removal does, `proof` who stands in for it (numbers of rules, names of zones), `flow`
    one that shows the opposite. `shadowed` is told when it can never decide a flow: the rules that decide
    instead.
    """

    number: int
    worth: Worth
    flow: Flow | None = None
    proof: tuple[int | str, ...] = ()
    shadowed: tuple[int | str, ...] | None = None


def standings(judge: Judge) -> tuple[Standing, ...]:
    """The standing of every rule, each judged alone, over all flows the label schema permits.

    A few random flows settle most rules: one that a rule alone decides is proof that it is needed. The rest
    are worked out exactly.
    """
    sampler = Sampler(judge.ruleset)
    return tuple(_standing(n, judge, sampler) for n in range(len(judge.ruleset.rules)))


def together(judge: Judge, found: tuple[Standing, ...]) -> tuple[int, ...]:
    """Redundant rules that can all go at once without changing the intent; none of the others could go too.

    Of rules that stand in for each other, those of later tiers go first, allows before denies, and in the
    order of their ids the last.
    """
    waiting = [s for s in reversed(found) if s.worth is Worth.redundant]
    gone = 0
    while waiting:
        left = []
        before = gone
        for standing in waiting:
            # What stands in for the rule is still there: nothing to work out again.
            if not any(isinstance(p, int) and gone >> p & 1 for p in standing.proof):
                gone |= 1 << standing.number
                continue
            ruling = judge.rule(standing.number, judge.ruleset.all & ~gone)
            if ruling.worth is Worth.redundant:
                gone |= 1 << standing.number
            else:
                left.append(standing)
        if gone == before:
            break
        waiting = left
    return tuple(bits(gone))


def _standing(n: int, judge: Judge, sampler: Sampler) -> Standing:
    chance = Random(judge.ruleset.rules[n].id)
    seen = _sampled(n, SAMPLES, judge, sampler, chance)
    if seen.worth is Worth.needed:
        return seen
    ruling = judge.rule(n, judge.ruleset.all, _FEW_LOOKS)
    if ruling.worth is Worth.unknown:
        # Many rules meet this one. Flows are cheap; look at many before the long way.
        seen = _sampled(n, _MORE_SAMPLES, judge, sampler, chance)
        if seen.worth is Worth.needed:
            return seen
        ruling = judge.rule(n, judge.ruleset.all)
    if ruling.worth is Worth.redundant and seen.flow is None:
        shadow = judge.decides(n)
        if shadow.worth is Worth.redundant:
            return Standing(n, Worth.redundant, None, ruling.proof, shadow.proof)
        return Standing(n, ruling.worth, shadow.flow, ruling.proof)
    return Standing(n, ruling.worth, ruling.flow or seen.flow, ruling.proof)


def _sampled(n: int, samples: int, judge: Judge, sampler: Sampler, chance: Random) -> Standing:
    """Needed, with a flow, if one of some random flows says so; else unknown, with a flow that the rule
    decides if there was one."""
    before = judge.ruleset.before(n) & judge.ruleset.lasting
    decides: Flow | None = None
    for attempt in range(samples):
        flow = sampler.flow(n, attempt, chance)
        if flow is None:
            continue
        matching = judge.ruleset.matching(flow)
        if not matching >> n & 1:
            continue
        if judge.at(n, flow, matching) is Worth.needed:
            return Standing(n, Worth.needed, flow)
        if not matching & before:
            decides = flow
    return Standing(n, Worth.unknown, decides)
