"""Why a flow is allowed or denied: the rule, posture or default that decided, and all that shaped it."""

from __future__ import annotations

from typing import Any

from segkit.intent import Case, Explanation
from segkit.model.model import Model
from segkit.model.policy import Rule
from segkit.report.estate import not_enforcing, rule_data
from segkit.report.page import BLANK, Cell, Line, Page, Tone, count, line

_WORDS = {"allow": "ALLOWED", "deny": "DENIED", "mixed": "MIXED"}
_TONES: dict[str, Tone] = {"allow": "good", "deny": "bad", "mixed": "warn"}


def page(asked: tuple[str, str, str], found: Explanation, model: Model, most: int = 20) -> Page:
    """The verdict for a person; at most `most` cases are told, the rest are counted."""
    source, destination, service = asked
    parts: list[Line] = [
        line(
            Cell(_WORDS[found.verdict], _TONES[found.verdict]),
            f"  {source} -> {destination}  {service}",
        ),
        *(() if found.verdict == "allow" else not_enforcing(model)),
    ]
    if not found.cases:
        parts.append(line("No flow can join them: nobody is there, it is one workload and itself,", indent=1))
        parts.append(line("or they share no realm and address family.", indent=1))
    for case in found.cases[:most]:
        parts += [BLANK, *_case(case, len(found.cases) > 1 or found.verdict == "mixed", model)]
    for rule in found.expired if found.verdict != "allow" else ():
        parts += [
            BLANK,
            line(Cell("expired", "warn"), f"  {rule.id} allowed it until {rule.expires}: {rule.text}"),
        ]
    left = len(found.cases) - most
    if left > 0:
        parts += [BLANK, line(Cell(f"{count(left, 'more case')}; --all tells them.", "dim"))]
    return tuple(parts)


def data(asked: tuple[str, str, str], found: Explanation, model: Model) -> dict[str, Any]:
    """The whole explanation for a machine."""
    source, destination, service = asked
    rules = {r.id: r for c in found.cases for r in (*c.shaped_by, *([c.rule] if c.rule else []))}
    rules |= {r.id: r for r in found.expired}
    return {
        "source": source,
        "destination": destination,
        "service": service,
        "verdict": found.verdict,
        "cases": [
            {
                "source": c.source,
                "destination": c.destination,
                "services": str(c.services),
                "verdict": c.verdict,
                "decided_by": c.decided_by,
                "rule": c.rule.id if c.rule else None,
                "tier": c.tier,
                "shaped_by": [r.id for r in c.shaped_by],
                "pairs": c.pairs,
            }
            for c in found.cases
        ],
        "expired": [r.id for r in found.expired],
        "rules": [rule_data(rules[name], model) for name in sorted(rules)],
    }


def _case(case: Case, several: bool, model: Model) -> list[Line]:
    head = [f"{case.source} -> {case.destination}"]
    if several:
        head.append(f"  ({count(case.pairs, 'pair')})")
    verdict = "allowed" if case.verdict == "allow" else "denied"
    tier = f" in the {case.tier} tier" if case.tier else ""
    lines = [
        line(*head),
        line(
            Cell(verdict, _TONES[case.verdict]),
            f" {case.services}, decided by ",
            Cell(case.decided_by, "strong"),
            tier,
            indent=1,
        ),
    ]
    if case.rule:
        lines += _rule(case.rule, model)
    others = [r for r in case.shaped_by if case.rule is None or r.id != case.rule.id]
    if others:
        lines.append(line("other rules that match:", indent=1))
        lines += [line(Cell(f"{r.id}  ", "strong"), f"({r.tier.label}) {r.text}", indent=2) for r in others]
    return lines


def _rule(rule: Rule, model: Model) -> list[Line]:
    owner = rule.owner or next((p.owner for p in model.policies if p.name == rule.policy), "")
    facts = [
        f"{name} {value}"
        for name, value in (
            ("purpose:", rule.purpose),
            ("owner:", owner),
            ("ticket:", rule.ticket),
            ("expires:", str(rule.expires or "")),
            ("at", rule.where),
        )
        if value
    ]
    lines = [line(rule.text, indent=2)]
    return lines + ([line(Cell(", ".join(facts), "dim"), indent=2)] if facts else [])
