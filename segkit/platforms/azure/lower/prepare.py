"""What lowering and the counting of quotas start from: a draft of all targets, and where everybody is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.platforms.azure.lower.above import Above, drafted_above
from segkit.platforms.azure.lower.emit import Emitter
from segkit.platforms.azure.lower.ground import grounds
from segkit.platforms.azure.lower.namer import Namer
from segkit.platforms.azure.lower.placing import Placing
from segkit.platforms.azure.lower.plan import Plan, make_plan
from segkit.platforms.azure.lower.services import express
from segkit.platforms.azure.lower.sharing import shared
from segkit.platforms.azure.lower.tiers import choose
from segkit.platforms.azure.placement import AzurePlacement, placement
from segkit.platforms.lowering.draft import Draft, make_draft
from segkit.platforms.lowering.encoding import CELLS, GROUPS

ENCODINGS = {"groups": GROUPS, "cells": CELLS}


@dataclass(frozen=True)
class Prepared:
    """The targets of a model, sorted by name, with all that does not hang on an encoding. `compiled` says of
    targets that left open what becomes of tiers why they are not bands."""

    intent: Intent
    targets: tuple[Target, ...]
    placements: Mapping[str, AzurePlacement]
    draft: Draft
    placing: Placing
    above: Above
    compiled: Mapping[str, str]

    def plan(self, encodings: Mapping[str, str] | None = None) -> Plan:
        """The plan with the encodings that are pinned, or with others for some targets."""
        words = {name: here.encoding for name, here in self.placements.items()} | dict(encodings or {})
        named = {name: ENCODINGS[word] for name, word in words.items()}
        plan = make_plan(self.draft, self.placements, self.placing, named)
        plan.above = self.above.lines
        plan.shared = shared(self.targets, self.placements, self.above.lines)
        return plan

    def namer(self, plan: Plan, before: bool = False) -> Namer:
        """Names in a plan, or those from before a rename."""
        return Namer(self.intent.model, plan, before)

    def emitter(self, plan: Plan, target: Target) -> Emitter:
        """What writes a target's part of a plan."""
        here, model = self.placements[target.name], self.intent.model
        return Emitter(model, plan, target, here, self.namer(plan), self.namer(plan, before=True))

    def fragment(self, plan: Plan, target: Target) -> dict[str, Any]:
        """A target's part of a plan as Terraform JSON."""
        return self.emitter(plan, target).fragment()


def prepare(intent: Intent, targets: Sequence[Target]) -> Prepared:
    """Drafts all targets together: a rule between two of them is opened on both."""
    ordered = tuple(sorted(targets, key=lambda t: t.name))
    placements = {t.name: placement(t) for t in ordered}
    drafting = partial(make_draft, intent, ordered, grounds(ordered, placements), express)
    draft, settled, compiled = choose(drafting, placements)
    above = drafted_above(intent, ordered, settled)
    return Prepared(intent, ordered, settled, draft, Placing(intent, ordered, settled), above, compiled)
