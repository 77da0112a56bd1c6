"""What was declared: zones, groups and rules, with the workloads behind them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from segkit.model.ends import End
from segkit.model.model import Model
from segkit.model.policy import Group, Rule, Zone
from segkit.report.page import Cell, Line, Page, Tone, line, table

_CLASSES: dict[str, Tone] = {"critical": "bad", "sensitive": "warn"}
_MODES: dict[str, Tone] = {"visibility": "warn", "selective": "warn"}


def zones_page(model: Model) -> Page:
    """The zones, and by name every workload that is in none."""
    rows = [
        (
            Cell(z.name, "strong"),
            Cell(z.classification, _CLASSES.get(z.classification, "plain")),
            Cell(z.mode, _MODES.get(z.mode, "plain")),
            Cell(z.posture, "warn" if z.posture == "allow" else "plain"),
            str(len(_members(model, z))),
            str(z.predicate),
            str(z.networks) if z.networks else "-",
            ", ".join(z.compliance) or "-",
        )
        for z in model.zones
    ]
    columns = ("Zone", "Class", "Mode", "Posture", "Workloads", "Selector", "Networks", "Compliance")
    zones = table(columns, rows, empty="no zone is declared", optional=("Networks", "Compliance"))
    stray = _outside(model)
    if not stray:
        return (zones,)
    names = ", ".join(stray)
    return zones, line(Cell(f"In no zone ({len(stray)}): ", "warn"), names)


def zones_data(model: Model) -> dict[str, Any]:
    """The zones as data."""
    return {
        "zones": [
            {
                "name": z.name,
                "classification": z.classification,
                "mode": z.mode,
                "posture": z.posture,
                "selector": str(z.predicate),
                "networks": list(z.networks.texts()),
                "realm": z.realm,
                "compliance": list(z.compliance),
                "workloads": _members(model, z),
                "where": z.where,
            }
            for z in model.zones
        ],
        "in_no_zone": _outside(model),
    }


def groups_page(model: Model) -> Page:
    """The groups and who is in them."""
    rows = [
        (
            Cell(g.name, "strong"),
            str(g.predicate),
            str(len(members)),
            ", ".join(members) or Cell("nobody yet", "dim"),
        )
        for g in model.groups
        for members in [_members(model, g)]
    ]
    return (table(("Group", "Selector", "Workloads", "Members"), rows, empty="no group is declared"),)


def groups_data(model: Model) -> dict[str, Any]:
    """The groups as data."""
    return {
        "groups": [
            {
                "name": g.name,
                "selector": str(g.predicate),
                "workloads": _members(model, g),
                "where": g.where,
            }
            for g in model.groups
        ]
    }


def rules_page(model: Model) -> Page:
    """Every rule in the order of evaluation: tier by tier, denies first."""
    owners = _owners(model)
    rows = [
        (
            Cell(r.tier.label, "dim"),
            Cell(r.action, "good" if r.action == "allow" else "bad"),
            Cell(r.id, "strong"),
            ends_text(r.source, r.unless_source),
            ends_text(r.destination, r.unless_destination),
            str(r.services),
            r.owner or owners.get(r.policy, "") or Cell("-", "warn"),
            _expiry(r, model.today),
        )
        for r in _in_order(model)
    ]
    columns = ("Tier", "Action", "Rule", "From", "To", "Services", "Owner", "Expires")
    firm, optional = ("Tier", "Rule", "Services"), ("Expires",)
    return (table(columns, rows, empty="no rule is declared", firm=firm, optional=optional),)


def rules_data(model: Model) -> dict[str, Any]:
    """The rules as data, in the order of evaluation."""
    return {"today": model.today.isoformat(), "rules": [rule_data(r, model) for r in _in_order(model)]}


def rule_data(rule: Rule, model: Model) -> dict[str, Any]:
    """One rule as data."""
    return {
        "id": rule.id,
        "policy": rule.policy,
        "tier": rule.tier.label,
        "action": rule.action,
        "source": [e.key for e in rule.source],
        "unless_source": [e.key for e in rule.unless_source],
        "destination": [e.key for e in rule.destination],
        "unless_destination": [e.key for e in rule.unless_destination],
        "services": str(rule.services),
        "owner": rule.owner or _owners(model).get(rule.policy, ""),
        "purpose": rule.purpose,
        "ticket": rule.ticket,
        "created": _day(rule.created),
        "updated": _day(rule.updated),
        "expires": _day(rule.expires),
        "expired": rule.expired(model.today),
        "where": rule.where,
    }


def not_enforcing(model: Model) -> tuple[Line, ...]:
    """A verdict is what the policies say; a zone that does not enforce yet may pass what is denied."""
    lax = [f"{z.name} ({z.mode})" for z in model.zones if z.mode != "enforce"]
    if not lax:
        return ()
    return (
        line(Cell(f"Not enforcing yet, so a denied flow may still pass there: {', '.join(lax)}", "warn")),
    )


def ends_text(ends: Sequence[End], unless: Sequence[End]) -> str:
    """One side of a rule in words."""
    text = " or ".join(e.text for e in ends)
    return f"{text} unless {' or '.join(e.text for e in unless)}" if unless else text


def _in_order(model: Model) -> list[Rule]:
    return sorted(model.rules, key=lambda r: (r.tier, r.action != "deny", r.id))


def _owners(model: Model) -> dict[str, str]:
    return {p.name: p.owner for p in model.policies}


def _members(model: Model, part: Zone | Group) -> list[str]:
    return [w.name for w in model.workloads if part.predicate.matches(w.label_map)]


def _outside(model: Model) -> list[str]:
    return [w.name for w in model.workloads if model.zone_of(w.label_map) is None]


def _expiry(rule: Rule, today: date) -> Cell:
    if rule.expires is None:
        return Cell("-", "dim")
    return Cell(f"{rule.expires} (past)", "bad") if rule.expired(today) else Cell(str(rule.expires))


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
