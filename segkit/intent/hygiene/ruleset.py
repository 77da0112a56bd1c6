"""The rules that lint judges, in order of precedence, with what is needed to ask about a flow quickly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from segkit.intent.endpoints import FAMILIES
from segkit.intent.hygiene.flows import Flow, Spot
from segkit.intent.hygiene.sides import Sides
from segkit.intent.hygiene.sweep import Sweep
from segkit.intent.hygiene.terms import sum_bits
from segkit.model.model import Model
from segkit.model.policy import Rule, Tier, Zone
from segkit.model.selectors import open_schema_of
from segkit.model.workloads import DEFAULT_REALM
from segkit.sets import NONE, KeyDomain, Predicate
from segkit.sets.planes import bits

TIERS = (Tier.glob, Tier.zone, Tier.application)


class Ruleset:
    """The live rules of a model but for quarantine, which is for the moment: it neither covers a rule nor is
    it judged. Rule n is `rules[n]`; bitsets have bit n for it; a lower number decides before a higher one.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        live = (r for r in model.live_rules if r.tier != Tier.quarantine and r.services)
        self.rules = tuple(sorted(live, key=lambda r: (r.tier, r.action != "deny", r.id)))
        self.all = (1 << len(self.rules)) - 1
        self.allows, self.denies = (
            {t: sum_bits(n for n, r in enumerate(self.rules) if (r.action, r.tier) == (a, t)) for t in TIERS}
            for a in ("allow", "deny")
        )
        # An allow that ends some day stands in for nothing: the rule under it will apply again.
        self.lasting = sum_bits(
            n for n, r in enumerate(self.rules) if r.action == "deny" or r.expires is None
        )
        schema = model.domains if model.domains is not None else open_schema_of(model).domains
        self.domains: Mapping[str, KeyDomain] = dict(sorted(schema.items()))
        self.realms = _realms(model)
        self.sources = Sides([(r.source, r.unless_source) for r in self.rules])
        self.destinations = Sides([(r.destination, r.unless_destination) for r in self.rules])
        self.services = Sweep((n, r.services.line.spans) for n, r in enumerate(self.rules))
        self._near: dict[int, int] = {}
        self.open_zones = tuple(z for z in model.zones if z.posture == "allow")
        self.selective = Predicate.union(z.predicate for z in model.zones if z.mode == "selective")

    def earlier(self, tier: Tier) -> int:
        """The rules of the tiers before one."""
        return sum(self.allows[t] | self.denies[t] for t in TIERS if t < tier)

    def before(self, n: int) -> int:
        """The rules that decide instead of rule n where they match: earlier tiers, and denies of its own tier
        before an allow."""
        rule = self.rules[n]
        own = self.denies[rule.tier] if rule.action == "allow" else 0
        return self.earlier(rule.tier) | own

    def matching(self, flow: Flow) -> int:
        """The rules that hold a flow."""
        held = self.sources.holding(flow.source)
        if held:
            held &= self.destinations.holding(flow.destination)
        return held & self.services.at(flow.point) if held else 0

    def near(self, n: int) -> int:
        """The rules that may share a flow with rule n, itself included; all that do are among them."""
        if n not in self._near:
            held = self.services.meeting(self.rules[n].services.line.spans)
            held &= self.sources.near(n, self.realms) & self.destinations.near(n, self.realms)
            self._near[n] = held
        return self._near[n]

    def posture(self, flow: Flow) -> Zone | None:
        """The zone whose posture allows the flow when no rule decides it."""
        source, destination = flow.source.labels, flow.destination.labels
        if source is None or destination is None:
            return None
        both = (
            z for z in self.open_zones if z.predicate.matches(source) and z.predicate.matches(destination)
        )
        return next(both, None)

    def in_selective_mode(self, spot: Spot) -> bool:
        """Is the endpoint a workload of a zone where only an explicit deny blocks?"""
        return self.selective is not NONE and spot.labels is not None and self.selective.matches(spot.labels)

    def named(self, numbers: int) -> Iterator[Rule]:
        """The rules of a bitset."""
        return (self.rules[n] for n in bits(numbers))


def _realms(model: Model) -> tuple[str, ...]:
    """Every realm that the model speaks of."""
    ends = {e.realm for rule in model.rules for side in rule.sides for e in side if e.realm is not None}
    held = {i.realm for w in model.workloads for i in w.interfaces}
    return tuple(sorted({DEFAULT_REALM, *held, *ends, *(t.realm for t in model.targets)}))


__all__ = ["FAMILIES", "TIERS", "Ruleset"]
