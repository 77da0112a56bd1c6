"""Findings about a valid model that could be better kept: out of date, unlabelled, too broad, nobody's, or of
no effect.

Each check is a pure function from a model and a date to findings. Nothing here changes what is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from segkit.errors import part
from segkit.model.ends import End
from segkit.model.model import Model
from segkit.model.policy import Rule, Zone
from segkit.model.selectors import open_schema_of
from segkit.model.workloads import Workload
from segkit.progress import steps
from segkit.sets import ANY, EVERYWHERE, INTERNET, ServiceSet, icmp, icmpv6
from segkit.verify.finding import SEVERITIES, Finding, Severity
from segkit.verify.hygiene import hygiene

GUARDED = ("sensitive", "critical")
WIDE_PORTS = 1024
WITH_PORTS = (6, 17, 132)  # tcp, udp, sctp
SOON = timedelta(days=30)


def lint(model: Model, today: date | None = None) -> tuple[Finding, ...]:
    """Every finding, worst first, then by code and subject. `today` defaults to the model's own date.

    >>> lint(Model("empty", date(2026, 1, 1)))
    ()
    """
    found = set(out_of_date(model, today or model.today))
    for check in steps("Checking how well it is kept", CHECKS):
        found |= set(check(model))
    return tuple(
        sorted(found, key=lambda f: (SEVERITIES.index(f.severity), f.code, f.subject, f.what, f.where))
    )


def out_of_date(model: Model, today: date) -> Iterator[Finding]:
    """Rules and accepted residuals past their last day, or within 30 days of it."""
    for rule in model.rules:
        if rule.expires is None:
            continue
        subject, where = f"rule {rule.id}", part(rule.where, "expires")
        if rule.expired(today) and rule.action == "deny":
            what = f"deny rule {rule.id} expired on {rule.expires}"
            why = "a deny past its last day stays in force, so that nothing opens by itself"
            yield Finding(
                "error", "expired-deny", subject, what, "renew expires= or remove the rule", why, where
            )
        elif rule.expired(today):
            what = f"allow rule {rule.id} expired on {rule.expires} and is no longer rendered"
            yield Finding("warning", "expired-allow", subject, what, "renew it or remove it", where=where)
        elif rule.expires - today <= SOON:
            what = f"{rule.action} rule {rule.id} expires on {rule.expires}, {_days(rule.expires - today)}"
            yield Finding("warning", "expires-soon", subject, what, "renew it or plan its end", where=where)
    for target in model.targets:
        for a in target.accepted:
            subject = f"target {target.name}"
            what = f"the acceptance of residual {a.residual} on target {target.name} (owner {a.owner})"
            if a.expires < today:
                gone = f"{what} expired on {a.expires}"
                fix = "decide on it again, or remove what causes the residual"
                yield Finding(
                    "error", "acceptance-expired", subject, gone, fix, where=part(a.where, "expires")
                )
            elif a.expires - today <= SOON:
                soon = f"{what} expires on {a.expires}, {_days(a.expires - today)}"
                fix, where = "decide on it again", part(a.where, "expires")
                yield Finding("warning", "acceptance-expires-soon", subject, soon, fix, where=where)


def unlabelled(model: Model) -> Iterator[Finding]:
    """Workloads without labels, or in no zone although there are zones."""
    for w in model.workloads:
        if not w.labels:
            what = f"workload {w.name} has no labels"
            why = "no selector but a negated one can reach it, so no rule was written with it in mind"
            yield Finding("warning", "unlabelled", f"workload {w.name}", what, "label it", why, w.where)
        elif model.zones and model.zone_of(w.label_map) is None:
            what = f"workload {w.name} is in no zone"
            why = "it has no posture or mode but the default: deny and enforce"
            fix = "label it so that one zone's selector matches, or widen that selector"
            yield Finding("warning", "no-zone", f"workload {w.name}", what, fix, why, w.where)


def over_broad(model: Model) -> Iterator[Finding]:
    """Live allow rules for any service, for wide port ranges, or between a guarded zone and everybody."""
    guarded = _Guarded(model)
    for rule in model.live_rules:
        if rule.action != "allow":
            continue
        subject = f"rule {rule.id}"
        if _is_any(rule.services):
            into = guarded.zones_of(rule.destination, rule.unless_destination)
            what = f"rule {rule.id} allows any service{_into(into)}"
            fix = "name the services that are needed"
            where = part(rule.where, "services")
            yield Finding("error" if into else "warning", "any-service", subject, what, fix, where=where)
        else:
            for wide in _wide(rule.services):
                what = f"rule {rule.id} allows {wide}"
                fix = "name the ports that are needed"
                yield Finding("warning", "wide-ports", subject, what, fix, where=part(rule.where, "services"))
        yield from _everybody(rule, guarded)


def _everybody(rule: Rule, guarded: _Guarded) -> Iterator[Finding]:
    subject = f"rule {rule.id}"
    for end in rule.source:
        if _is_everybody(end) and (into := guarded.zones_of(rule.destination, rule.unless_destination)):
            what = f"rule {rule.id} lets {end.text}{_into(into)}"
            fix = "name the sources, or put a public tier in front"
            where = part(rule.where, "source")
            yield Finding("error", "open-to-everybody", subject, what, fix, where=where)
    for end in rule.destination:
        if _is_everybody(end) and (out_of := guarded.zones_of(rule.source, rule.unless_source)):
            what = f"rule {rule.id} lets {_named(out_of)} out to {end.text}"
            fix = "name the destinations, or go through a proxy that is a workload of its own"
            why = "data can leave the zone to any address"
            where = part(rule.where, "destination")
            yield Finding("warning", "egress-to-everybody", subject, what, fix, why, where)


def unowned(model: Model) -> Iterator[Finding]:
    """Rules that nobody owns, or that do not say what they are for."""
    owners = {p.name: p.owner for p in model.policies}
    for rule in model.rules:
        subject = f"rule {rule.id}"
        if not rule.owner and not owners.get(rule.policy):
            what = f"neither rule {rule.id} nor its policy has an owner"
            why = "nobody can be asked whether it is still needed"
            yield Finding(
                "warning", "no-owner", subject, what, "give the policy or the rule owner=", why, rule.where
            )
        for code, value in (("purpose", rule.purpose), ("ticket", rule.ticket)):
            if not value:
                what = f"rule {rule.id} has no {code}"
                yield Finding("info", f"no-{code}", subject, what, f"give it {code}=", where=rule.where)


def lax_zones(model: Model) -> Iterator[Finding]:
    """Sensitive or critical zones that are open inside, or not enforced yet."""
    for zone in model.zones:
        if zone.classification not in GUARDED:
            continue
        subject, kind = f"zone {zone.name}", f"{zone.classification} zone {zone.name}"
        if zone.posture == "allow":
            what = f"{kind} allows everything between its own workloads"
            fix = 'write the flows it needs as rules and set posture="deny"'
            yield Finding("warning", "open-inside", subject, what, fix, where=part(zone.where, "posture"))
        if zone.mode != "enforce":
            what = f"{kind} is in {zone.mode} mode"
            why = "flows that the policies deny by default still pass"
            fix = 'set mode="enforce" once its flows are known'
            yield Finding("warning", "not-enforced", subject, what, fix, why, part(zone.where, "mode"))


def idle(model: Model) -> Iterator[Finding]:
    """Groups that hold nobody, and groups, address sets and services that no rule names."""
    used = {e.key for r in model.rules for e in _all_ends(r)}
    labels = {w.labels for w in model.workloads}
    for group in model.groups:
        subject = f"group {group.name}"
        if not any(group.predicate.matches(dict(one)) for one in labels):
            what = f"group {group.name} holds no workload"
            fix = "check its selector; it is fine if its members come later"
            yield Finding("info", "empty-group", subject, what, fix, where=part(group.where, "select"))
        if group.end.key not in used:
            what = f"no rule names group {group.name}"
            yield Finding("info", "unused", subject, what, "use it or remove it", where=group.where)
    for known in model.address_sets:
        if known.end.key not in used:
            what = f"no rule names address set {known.name}"
            subject = f"addresses {known.name}"
            yield Finding("info", "unused", subject, what, "use it or remove it", where=known.where)
    # A rule does not keep how its services were named; one that named this service holds all of it.
    held = {r.services for r in model.rules}
    for service in model.services:
        if not any(service.services <= services for services in held):
            subject, what = f"service {service.name}", f"no rule names service {service.name}"
            yield Finding("info", "unused", subject, what, "use it or remove it", where=service.where)


__all__ = ["CHECKS", "SEVERITIES", "Finding", "Severity", "lint"]

CHECKS: tuple[Callable[[Model], Iterator[Finding]], ...] = (
    unlabelled,
    over_broad,
    unowned,
    lax_zones,
    idle,
    hygiene,
)


class _Guarded:
    """Which sensitive or critical zones a side of a rule reaches: by selector, or by a workload of today."""

    def __init__(self, model: Model) -> None:
        self._zones = tuple(z for z in model.zones if z.classification in GUARDED)
        self._domains = open_schema_of(model).domains if model.domains is None else model.domains
        self._inside = {
            z.name: tuple(w for w in model.workloads if z.predicate.matches(w.label_map)) for z in self._zones
        }

    def zones_of(self, ends: tuple[End, ...], unless: tuple[End, ...]) -> tuple[Zone, ...]:
        """The guarded zones that any of `ends` reaches, but for what `unless` takes away."""
        return tuple(z for z in self._zones if self._reaches(z, ends, unless))

    def _reaches(self, zone: Zone, ends: tuple[End, ...], unless: tuple[End, ...]) -> bool:
        if not unless and any(self._names(end, zone) for end in ends):
            return True
        return any(
            any(_holds(e, w) for e in ends) and not any(_holds(e, w) for e in unless)
            for w in self._inside[zone.name]
        )

    def _names(self, end: End, zone: Zone) -> bool:
        """True when the end speaks of this zone whoever its workloads are."""
        if end.kind == "network":
            return end.name == zone.name
        by_label = end.inside == EVERYWHERE and end.predicate.satisfiable(self._domains)
        return by_label and end.predicate.within(zone.predicate, self._domains)


def _holds(end: End, workload: Workload) -> bool:
    if not end.predicate.matches(workload.label_map):
        return False
    return any(
        end.realm in (None, i.realm)
        and (end.inside == EVERYWHERE if i.addresses is None else end.inside.overlaps(i.addresses))
        for i in workload.interfaces
    )


def _is_everybody(end: End) -> bool:
    return any(INTERNET.family(f) <= end.outside for f in (4, 6))


def _is_any(services: ServiceSet) -> bool:
    return ANY - icmp() - icmpv6() <= services


def _wide(services: ServiceSet) -> list[ServiceSet]:
    """The protocols with ports of which a rule allows a span of 1,024 or more."""
    wide = {
        p.protocol for p in services.parts() if p.protocol in WITH_PORTS and p.hi - p.lo + 1 >= WIDE_PORTS
    }
    return [services.restrict([number]) for number in sorted(wide)]


def _all_ends(rule: Rule) -> tuple[End, ...]:
    return rule.source + rule.destination + rule.unless_source + rule.unless_destination


def _into(zones: tuple[Zone, ...]) -> str:
    return f" into {_named(zones)}" if zones else ""


def _named(zones: tuple[Zone, ...]) -> str:
    return " and ".join(f"{z.classification} zone {z.name}" for z in zones)


def _days(left: timedelta) -> str:
    return {0: "today", 1: "tomorrow"}.get(left.days, f"in {left.days} days")
