"""Declaring the rules of one label policy."""

from __future__ import annotations

from datetime import date

from segkit.errors import part
from segkit.model.caller import caller
from segkit.model.findings import Findings, nearest
from segkit.model.operands import EndLike, ServiceLike, one_end, read_ends, read_services, rule_hash
from segkit.model.policy import Action, LabelPolicy, Rule, Tier, Zone
from segkit.model.values import read_day, read_name, read_text
from segkit.sets import NOTHING, ServiceSet


class PolicyBuilder:
    """A label policy that takes rules. `Segmentation.policy` makes it."""

    def __init__(
        self, name: str, tier: str, owner: str, zone: Zone | str | None, where: str, found: Findings
    ) -> None:
        self._found = found
        self.name = str(name)
        self.where = where
        known = read_name(name, "policy", where, found)
        if known is not None and "/" in known:
            found.error(
                f"the policy name {known!r} holds a slash",
                where,
                why="rules are named <policy>/<rule>",
                fix="use another character, for example " + known.replace("/", "-"),
            )
        self.tier = _tier(tier, f"tier of policy {name!r}", where, found)
        self.owner = read_text(owner, f"the owner of policy {name!r}", part(where, "owner"), found)
        named: object = zone.name if isinstance(zone, Zone) else zone
        self.zone = named if isinstance(named, str) else None
        if self.zone is None and named is not None:
            found.error(
                f"the zone of policy {name!r} is no zone: {zone!r}", where, fix="give a Zone or its name"
            )
        self._usable = None not in (known, self.tier) and (self.zone is not None or named is None)
        self._rules: list[Rule] = []
        # Rules share what is equal: it is compared by the ten thousand.
        self._services: dict[ServiceSet, ServiceSet] = {}

    def allow(
        self,
        source: EndLike,
        destination: EndLike,
        *services: ServiceLike,
        id: str | None = None,  # noqa: A002 - the word people know
        unless_source: EndLike | None = None,
        unless_destination: EndLike | None = None,
        purpose: str = "",
        owner: str = "",
        ticket: str = "",
        created: date | str | None = None,
        updated: date | str | None = None,
        expires: date | str | None = None,
        where: str | None = None,
    ) -> Rule:
        """Allow flows from any of `source` to any of `destination` with any of `services`.

        Ends are groups, zones, `zone.network`, address sets, selectors, `anywhere`, `internet`, `outside`, or
        lists of them. `unless_source` and `unless_destination` subtract from that end only. Services are sets
        (`tcp(443)`), named ones, catalogue names ("postgresql") or text ("tcp/443"); at least one. `id` names
        the rule for good inside its policy; without one it is named by its action and ends. `expires` is the
        last valid day, UTC.
        """
        ends = (source, destination, unless_source, unless_destination)
        about = (purpose, owner, ticket, created, updated, expires)
        return self._rule("allow", ends, services, id, about, where or caller())

    def deny(
        self,
        source: EndLike,
        destination: EndLike,
        *services: ServiceLike,
        id: str | None = None,  # noqa: A002 - the word people know
        unless_source: EndLike | None = None,
        unless_destination: EndLike | None = None,
        purpose: str = "",
        owner: str = "",
        ticket: str = "",
        created: date | str | None = None,
        updated: date | str | None = None,
        expires: date | str | None = None,
        where: str | None = None,
    ) -> Rule:
        """Deny flows; the arguments are those of `allow`. Inside a tier deny beats allow."""
        ends = (source, destination, unless_source, unless_destination)
        about = (purpose, owner, ticket, created, updated, expires)
        return self._rule("deny", ends, services, id, about, where or caller())

    def made(self) -> LabelPolicy | None:
        """The policy with its rules sorted by id; None when its name or tier could not be read."""
        if not self._usable or self.tier is None:
            return None
        rules = tuple(sorted(self._rules, key=lambda rule: rule.id))
        return LabelPolicy(self.name, self.tier, self.owner, self.zone, rules, self.where)

    def _rule(
        self,
        action: Action,
        ends: tuple[object, object, object, object],
        services: tuple[ServiceLike, ...],
        named: str | None,
        about: tuple[str, str, str, date | str | None, date | str | None, date | str | None],
        where: str,
    ) -> Rule:
        found, what = (
            self._found,
            f"rule {named!r} of policy {self.name!r}" if named else f"a rule of {self.name!r}",
        )
        source = one_end(ends[0]) or read_ends(ends[0], f"the source of {what}", where, found)
        destination = one_end(ends[1]) or read_ends(ends[1], f"the destination of {what}", where, found)
        without = [
            () if end is None else read_ends(end, f"{name} of {what}", where, found)
            for name, end in (("unless_source", ends[2]), ("unless_destination", ends[3]))
        ]
        if len(services) == 1 and isinstance(services[0], ServiceSet):
            held: ServiceSet | None = services[0]
        else:
            held = read_services(services, what, where, found)
        held = held and self._services.setdefault(held, held)
        usable = None not in (source, destination, *without) and held is not None
        for name, side in (("source", source), ("destination", destination)):
            if side == ():
                found.error(
                    f"{what} has an empty {name}",
                    where,
                    why="empty never means any",
                    fix="for all addresses: anywhere",
                )
                usable = False
        sides = (source or (), destination or (), without[0] or (), without[1] or ())
        known = None if named is None else read_name(named, "rule", where, found)

        # Words for a finding that never comes would cost more than all the rest.
        def text(name: str, value: str) -> str:
            if value == "":
                return value
            return read_text(value, f"the {name} of {what}", part(where, name), found)

        def day(name: str, value: date | str | None) -> date | None:
            return None if value is None else read_day(value, f"{name} of {what}", part(where, name), found)

        rule = Rule(
            id=f"{self.name}/{known or rule_hash(action, *sides)}",
            policy=self.name,
            tier=Tier.application if self.tier is None else self.tier,
            action=action,
            source=sides[0],
            destination=sides[1],
            services=NOTHING if held is None else held,
            unless_source=sides[2],
            unless_destination=sides[3],
            purpose=text("purpose", about[0]),
            owner=text("owner", about[1]) or self.owner,
            ticket=text("ticket", about[2]),
            created=day("created", about[3]),
            updated=day("updated", about[4]),
            expires=day("expires", about[5]),
            where=where,
        )
        if usable:
            self._rules.append(rule)
        return rule


def _tier(value: object, what: str, where: str, found: Findings) -> Tier | None:
    if isinstance(value, Tier):
        return value
    try:
        return Tier.parse(str(value))
    except KeyError:
        found.error(
            f"unknown {what}: {value!r}", where, fix=nearest(str(value), [t.label for t in Tier], "tiers")
        )
        return None
