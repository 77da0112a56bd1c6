"""What targets use of their quotas, and what the other encoding would cost in resources and in churn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.platforms.azure.lower.fit import counts, over_quota, usage
from segkit.platforms.azure.lower.plan import Plan
from segkit.platforms.azure.lower.prepare import ENCODINGS, Prepared, prepare
from segkit.platforms.base import Churn, Encoding, QuotaOption, QuotaReport

FULLEST = 10
"""How many security groups with the most rules are named."""


def quotas(
    intent: Intent, targets: Sequence[Target], asked: Mapping[str, Encoding], only: str | None = None
) -> tuple[QuotaReport, ...]:
    """What the targets of a model (or the one named `only`) use of their quotas, and what the other encoding
    would cost. Works for a model that is over quota, too."""
    ready = prepare(intent, targets)
    return tuple(
        _report(ready, target, asked.get(target.name))
        for target in ready.targets
        if only in (None, target.name)
    )


def _report(ready: Prepared, target: Target, asked: Encoding | None) -> QuotaReport:
    pinned = ready.placements[target.name].encoding
    plans = {word: ready.plan({target.name: word}) for word in ENCODINGS}
    written = {word: _written(ready, plan, target) for word, plan in plans.items()}
    options = {
        word: _option(ready, plan, target, word, written[word], written[pinned])
        for word, plan in plans.items()
    }
    ranked = sorted(options.values(), key=lambda o: (not o.fits, o.resources, o.encoding != pinned))
    wanted = None if asked is None else ranked[0] if asked == "auto" else options.get(str(asked))
    members = len(plans[pinned].carried[target.name])
    return QuotaReport(target.name, options[pinned], tuple(ranked), members, wanted)


def _option(
    ready: Prepared,
    plan: Plan,
    target: Target,
    word: str,
    there: Mapping[str, Any] | None,
    now: Mapping[str, Any] | None,
) -> QuotaOption:
    here = ready.placements[target.name]
    most = {subnet: count.rules for subnet, count in counts(plan, target.name).items()}
    return QuotaOption(
        word,
        there is not None,
        usage(plan, target, here),
        dict(sorted(most.items(), key=lambda item: (-item[1], item[0]))[:FULLEST]),
        len(there) if there is not None else sum(most.values()),
        None if there is None or now is None else _churn(now, there),
    )


def _written(ready: Prepared, plan: Plan, target: Target) -> dict[str, Any] | None:
    """Everything that would be there by its address, the rules of security groups one by one; None where
    that does not fit."""
    if list(over_quota(plan, target, ready.placements[target.name], ready.namer(plan))):
        return None
    return dict(_units(ready.fragment(plan, target)))


def _units(fragment: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for kind, named in fragment.get("resource", {}).items():
        for key, body in named.items():
            rules = body.get("security_rule") or ()
            yield f"{kind}.{key}", {k: v for k, v in body.items() if k != "security_rule"}
            for rule in rules:
                yield f"{kind}.{key}.{rule['name']}", rule
    for name, value in fragment.get("locals", {}).items():
        if isinstance(value, Mapping):
            yield f"local.{name}", value


def _churn(now: Mapping[str, Any], then: Mapping[str, Any]) -> Churn:
    """What becomes of what is there; published memberships are no resources."""
    kept = now.keys() & then.keys()
    members = {address for address in kept if address.startswith("local.")}
    came, went = then.keys() - now.keys(), now.keys() - then.keys()
    joined = {a for a in came | went if "application_security_group_association." in a}
    return Churn(
        created=len(came),
        destroyed=len(went),
        changed=sum(now[a] != then[a] for a in kept - members),
        memberships=sum(now[a] != then[a] for a in members) + len({a.rpartition("_")[0] for a in joined}),
    )
