"""Policies and rules: tiers and zones, days, ends that exist, rules that can never apply."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from segkit.errors import part
from segkit.model.checks.coverage import Box, covered
from segkit.model.checks.sides import Point, Side
from segkit.model.ends import End
from segkit.model.findings import Findings, nearest
from segkit.model.model import Model
from segkit.model.policy import SIDES, LabelPolicy, Rule, Tier, Zone
from segkit.sets import Predicate

_SOON = timedelta(days=30)


def check_policies(model: Model, broken: frozenset[str], found: Findings) -> None:
    """A zone-tier policy names a zone that is there; no other policy names one."""
    zones = {zone.name: zone for zone in model.zones}
    for policy in model.policies:
        name = f"policy {policy.name!r}"
        if policy.tier is not Tier.zone:
            if policy.zone is not None:
                found.error(
                    f"{name} names zone {policy.zone!r} but is in tier {policy.tier.label}",
                    part(policy.where, "zone"),
                    fix='leave zone= out, or write tier="zone"',
                )
        elif policy.zone is None:
            found.error(f"{name} is in tier zone and names no zone", policy.where, fix="add zone=")
        elif policy.zone not in zones and f"zone:{policy.zone}" not in broken:
            fix = nearest(policy.zone, zones, "zones")
            found.error(f"{name} names an unknown zone {policy.zone!r}", part(policy.where, "zone"), fix=fix)


def check_days(model: Model, found: Findings) -> None:
    """Rules that are past their last day or close to it, and days that contradict each other."""
    today = model.today
    for rule in (rule for policy in model.policies for rule in policy.rules):
        if not (rule.created or rule.expires):
            continue
        name, end, where = f"rule {rule.id!r}", rule.expires, part(rule.where, "expires")
        if rule.created and end and end < rule.created:
            found.error(
                f"{name} expires ({end}) before it was created ({rule.created})", where, fix="correct it"
            )
        if rule.created and rule.updated and rule.updated < rule.created:
            found.error(
                f"{name} was updated ({rule.updated}) before it was created ({rule.created})",
                part(rule.where, "updated"),
                fix="correct it",
            )
        if end is None:
            continue
        if end < today and rule.action == "deny":
            found.error(
                f"{name} is a deny that expired on {end}",
                where,
                why="a deny never ends by itself: what it blocks would open unseen",
                fix="renew expires=, or remove the rule",
            )
        elif end < today:
            found.warn(
                f"{name} expired on {end} and is not rendered", where, fix="renew expires=, or remove it"
            )
        elif end - today <= _SOON:
            left = (end - today).days
            when = "today is its last day" if left == 0 else f"{left} day{'s' if left > 1 else ''} left"
            found.warn(f"{name} expires on {end}: {when}", where, fix="renew expires=, or let it go")


def check_rules(model: Model, faulty: frozenset[Predicate], broken: frozenset[str], found: Findings) -> None:
    """Ends that were not declared here, and rules that can never apply."""
    check = _Rules(model, faulty, broken, found)
    boxes = []
    for policy in model.policies:
        for rule in policy.rules:
            box = check.rule(policy, rule)
            if box is not None and (rule.action == "deny" or not rule.expired(model.today)):
                boxes.append(box)
    for rule, other in covered(boxes, model.schema.domains):
        where = f" at {other.where}" if other.where else ""
        tier = "the same tier" if rule.tier == other.tier else f"the earlier tier {other.tier.label}"
        what = f"rule {rule.id!r} can never apply: {other.action} rule {other.id!r} covers it wholly"
        why = f"{other.id!r}{where} is in {tier} and decides before it"
        if other.tier is Tier.quarantine:
            # Quarantine is for the moment; nobody should have to delete rules to isolate a machine.
            found.warn(what, rule.where, why=why, fix="nothing, if the quarantine is meant to pass")
        else:
            found.error(
                what, rule.where, why=why, fix="remove it, or narrow the other rule (unless_source=, ...)"
            )


class _Rules:
    def __init__(
        self, model: Model, faulty: frozenset[Predicate], broken: frozenset[str], found: Findings
    ) -> None:
        self._domains = model.schema.domains
        self._faulty = faulty
        self._broken = broken
        self._found = found
        self._zones = {zone.name: zone for zone in model.zones}
        self._names = {
            "zone": [zone.name for zone in model.zones],
            "network": [zone.name for zone in model.zones],
            "group": [group.name for group in model.groups],
            "addresses": [one.name for one in model.address_sets],
        }
        self._declared: dict[str, set[End]] = {}
        for end in _ends(model):
            self._declared.setdefault(end.key, set()).add(end)
        self._sides: dict[tuple[tuple[End, ...], tuple[End, ...]], tuple[Side, dict[int, Point]]] = {}

    def rule(self, policy: LabelPolicy, rule: Rule) -> Box | None:
        """Check one rule; returns it with its sides when it can apply to something."""
        if not rule.services:
            what = f"rule {rule.id!r} can never apply: its service is empty"
            self._found.error(what, part(rule.where, "services"), fix="add a service")
        # Lists, not generators: every end is looked at, so that one message tells all.
        sides = zip(SIDES, rule.sides, strict=True)
        known = [self._known(end, side, rule) for side, ends in sides for end in ends]
        if not all(known):
            return None
        source, points = self._side(rule.source, rule.unless_source)
        destination, others = self._side(rule.destination, rule.unless_destination)
        if not points:
            self._nobody(source, "source", rule)
        if not others:
            self._nobody(destination, "destination", rule)
        if not (points and others):
            return None
        zone = self._zones.get(policy.zone or "")
        if policy.tier is Tier.zone and zone is not None and not self._touches(source, destination, zone):
            self._found.error(
                f"rule {rule.id!r} of the policy of zone {zone.name!r} does not touch that zone",
                part(rule.where, rule.action),
                why="in a zone-tier policy one end of every rule lies in the zone or its networks",
                fix="narrow one end to the zone, or move the rule to another tier",
            )
        family = 4 if 4 in points and 4 in others else 6 if 6 in points and 6 in others else None
        if family is None:
            self._found.error(
                f"rule {rule.id!r} can never apply: its ends have no address family in common",
                part(rule.where, rule.action),
                why="a flow is IPv4 or IPv6 at both ends",
                fix="add addresses of the other family to one end",
            )
            return None
        return Box(rule, source, destination, points[family], others[family]) if rule.services else None

    def _known(self, end: End, side: str, rule: Rule) -> bool:
        """Is the end one to reason about? A finding when it was not declared in this model."""
        if (self._broken and end.key in self._broken) or end.predicate in self._faulty:
            return False
        if end.kind in ("select", "builtin"):
            return True
        name = f"rule {rule.id!r}"
        declared = self._declared.get(end.key)
        if declared is None:
            self._found.error(
                f"{name} uses {end.text!r}, which is not declared in this segmentation",
                part(rule.where, side, end),
                fix=nearest(end.name, self._names[end.kind], "names"),
            )
        elif end not in declared:
            self._found.error(
                f"{name} uses {end.text!r} of another segmentation, which means something else here",
                part(rule.where, side, end),
                fix="use the object that this segmentation gave",
            )
        return declared is not None and end in declared

    def _nobody(self, side: Side, what: str, rule: Rule) -> None:
        """The finding when nobody could ever be on a side."""
        where = part(rule.where, what)
        empty = [end.text for end in side.ends if end.kind in ("addresses", "network") and not end.inside]
        if len(empty) == len(side.ends):
            reason, fix = (
                f"its {what} has no addresses: {', '.join(empty)}",
                "give it CIDRs, or remove the rule",
            )
        elif side.unless:
            where = part(rule.where, f"unless_{what}")
            reason, fix = (
                f"unless_{what} takes its whole {what} away",
                f"narrow unless_{what}, or remove the rule",
            )
        else:
            reason, fix = f"nothing could ever be its {what}", "correct the end, or remove the rule"
        self._found.error(
            f"rule {rule.id!r} can never apply: {reason}", where, why="empty never means any", fix=fix
        )

    def _side(self, ends: tuple[End, ...], unless: tuple[End, ...]) -> tuple[Side, dict[int, Point]]:
        """A side with one endpoint of each family: many rules have the same."""
        found = self._sides.get((ends, unless))
        if found is None:
            side = Side(ends, unless)
            found = self._sides[ends, unless] = side, side.points(self._domains)
        return found

    def _touches(self, source: Side, destination: Side, zone: Zone) -> bool:
        home = Side((zone.end, zone.network))
        return source.within(home, self._domains) or destination.within(home, self._domains)


def _ends(model: Model) -> Iterator[End]:
    for zone in model.zones:
        yield zone.end
        yield zone.network
    yield from (group.end for group in model.groups)
    yield from (one.end for one in model.address_sets)
