"""What targets use of their quotas, and what other encodings would cost in rules and in churn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.platforms.aws.lower.choose import encoding_text, options, piece_names, pinned
from segkit.platforms.aws.lower.encoding import Encoding
from segkit.platforms.aws.lower.fit import rule_counts, usage
from segkit.platforms.aws.lower.namer import Namer
from segkit.platforms.aws.lower.plan import Draft, Plan, make_draft, make_plan
from segkit.platforms.aws.placement import placement
from segkit.platforms.base import QuotaOption, QuotaReport


def quotas(intent: Intent, targets: Sequence[Target]) -> tuple[QuotaReport, ...]:
    """What the targets of a model use of their quotas, and what other encodings would cost.

    Works for a model that is over quota, too.
    """
    ordered = sorted(targets, key=lambda t: t.name)
    draft = make_draft(intent, ordered, {t.name: placement(t) for t in ordered})
    encodings = {t.name: pinned(draft, t) for t in ordered}
    return tuple(_quota_report(draft, target, encodings) for target in ordered)


def _quota_report(draft: Draft, target: Target, encodings: Mapping[str, Encoding]) -> QuotaReport:
    here, names = draft.placements[target.name], piece_names(draft, target)
    plan = make_plan(draft, encodings)
    now = _resources(draft, plan)
    found = []
    for option in options(draft, target, encodings):
        then = _resources(draft, option.plan)
        text = encoding_text(option.encoding, names)
        used = usage(option.plan, target, here)
        found.append(QuotaOption(text, option.fits, used, len(then), len(then ^ now)))
    namer = Namer(draft.intent.model, plan)
    most: dict[str, int] = {}
    for (group, _, _), count in rule_counts(plan, target.name).items():
        most[namer.group(group)] = max(count, most.get(namer.group(group), 0))
    fullest = dict(sorted(most.items(), key=lambda item: (-item[1], item[0]))[:10])
    pin = encoding_text(encodings[target.name], names)
    return QuotaReport(target.name, pin, usage(plan, target, here), fullest, len(now), tuple(found))


def _resources(draft: Draft, plan: Plan) -> set[str]:
    """The Terraform addresses that a plan needs, for counting what a change would touch."""
    namer = Namer(draft.intent.model, plan)
    groups = {namer.group_key(g) for held in plan.groups.values() for g in held}
    carried = {
        f"{c.target}/{c.workload.name}/{c.interface.name}/{namer.group(g)}"
        for c in plan.carried
        if c.interface.id is not None
        for g in c.groups
    }
    return groups | carried | {namer.line_key(line) for line in plan.lines}


def way_out(draft: Draft, target: Target, encodings: Mapping[str, Encoding]) -> str:
    """What to pin instead, for a target that is over quota, with what the change would touch."""
    report = _quota_report(draft, target, encodings)
    fitting = [f"encoding={o.encoding!r} ({o.churn} resources change)" for o in report.options if o.fits]
    return f"or pin {' or '.join(fitting[:2])}" if fitting else "no encoding of this policy fits"
