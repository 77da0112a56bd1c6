"""Which address sets would pay as managed prefix lists: fewer rules to keep in Terraform, never more quota.

A list is charged with its `max_entries` in every group that names it ([UG] Security groups), so it saves
nothing of a quota. Where a group has some of its CIDRs from elsewhere anyway, it is even charged twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from segkit.model.model import Target
from segkit.platforms.aws.lower.fit import rule_counts
from segkit.platforms.aws.lower.opening import make_plan
from segkit.platforms.aws.lower.plan import Draft, Plan
from segkit.platforms.aws.lower.services import ranges
from segkit.platforms.base import ListAdvice
from segkit.platforms.lowering.encoding import Encoding

TRIED = 8
"""How many address sets are tried, those that promise most first."""


def list_advice(
    draft: Draft, target: Target, encodings: Mapping[str, Encoding], plan: Plan
) -> Iterator[ListAdvice]:
    """Address sets of a target that would pay as prefix lists, together."""
    for name in _promising(draft, target):
        here = draft.placements[target.name]
        if len(here.prefix_lists) >= here.quota("prefix_lists_per_region"):
            return
        named = replace(here, prefix_lists=(*here.prefix_lists, name))
        other = replace(draft, placements={**draft.placements, target.name: named})
        then = make_plan(other, encodings)
        advice = _compared(target, name, plan, then)
        if advice is not None and advice.entries <= here.quota("entries_per_prefix_list"):
            yield advice
            draft, plan = other, then


def _compared(target: Target, name: str, plan: Plan, then: Plan) -> ListAdvice | None:
    before, after = rule_counts(plan, target.name), rule_counts(then, target.name)
    if any(count > before[place] for place, count in after.items()):
        return None
    fresh = [line for line in then.lines_of.get(target.name, ()) if line.id not in plan.lines]
    added = rule_counts(Plan(lines_of={target.name: fresh}, lists=then.lists), target.name)
    lists = [i for i in then.lists if i not in plan.lists]
    entries = max((len(then.lists[i].cidrs()) for i in lists), default=0)
    saved = len(plan.lines) - len(then.lines) - len(lists)
    if saved <= 0:
        return None
    most = max(after[place] for place in added)
    return ListAdvice(name, entries, saved, most, max(before[p] + n for p, n in added.items()))


def _promising(draft: Draft, target: Target) -> list[str]:
    """Address sets of several CIDRs that rules of a target name as they are, by what they seem to save."""
    here = draft.placements[target.name]
    names = {s.addresses: s.name for s in draft.intent.model.address_sets if s.name not in here.prefix_lists}
    saves: Counter[str] = Counter()
    for owner, rule, peers in draft.written:
        if owner.name == target.name and peers.addresses in names:
            uses = len(ranges(rule.services))
            saves[names[peers.addresses]] += uses * (len(peers.addresses.cidrs()) - 1)
    return [n for n, saved in sorted(saves.items(), key=lambda item: (-item[1], item[0])) if saved > 0][
        :TRIED
    ]
