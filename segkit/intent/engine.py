"""The compiled meaning: for each pair of cells, which services the policies allow, deny, and let pass.

Two independent ways lead there and tests hold them together: `decide` walks the tiers for one pair, `row`
paints a source's whole row in reverse precedence, so that the last painter decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from segkit.intent.cells import Cells
from segkit.intent.population import Population
from segkit.model.ends import End
from segkit.model.model import Model
from segkit.model.policy import Rule, Zone
from segkit.sets import ANY, NOTHING, ServiceSet, icmp, icmpv6
from segkit.sets.bitmatrix import transpose
from segkit.sets.planes import Kept, Row, bits, clip, paint

if TYPE_CHECKING:
    from segkit.intent.explain import Explanation, MatrixEntry

# ICMP belongs to IPv4 and ICMPv6 to IPv6 (RFC 792, RFC 4443); the other pairing is no flow.
POSSIBLE = {4: ANY - icmpv6(), 6: ANY - icmp()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policies say of one pair: `allowed` and `denied` by a rule; the rest is left to posture and
    default."""

    allowed: ServiceSet
    denied: ServiceSet


class Intent:
    """The meaning of a model. Construction builds the cells, unless it is given some that tell apart all that
    the model does; rows and pairs are computed when asked for.

    >>> from datetime import date
    >>> len(Intent(Model("empty", date(2026, 1, 1))).cells) > 0
    True
    """

    def __init__(self, model: Model, cells: Cells | None = None) -> None:
        self.model = model
        self.rules = tuple(sorted(model.live_rules, key=lambda r: (r.tier, r.action != "deny", r.id)))
        self.zones = {z.name: z for z in model.zones}
        self.cells = cells or Cells(model, Population(model), ends_of(model))
        self.population = self.cells.population
        self.source_bits = [self.cells.of_ends(r.source, r.unless_source) for r in self.rules]
        self.destination_bits = [self.cells.of_ends(r.destination, r.unless_destination) for r in self.rules]
        self._decided: dict[int, Verdict] = {}
        self._rows: Kept[tuple[int, bool, str | None, int]] = Kept(len(self.cells))

    @cached_property
    def _rules_from(self) -> list[int]:
        return transpose(self.source_bits, len(self.cells))

    @cached_property
    def _rules_to(self) -> list[int]:
        return transpose(self.destination_bits, len(self.cells))

    # -- one pair

    def matching(self, source: int, destination: int) -> tuple[Rule, ...]:
        """Every rule whose ends hold the pair, in order of precedence."""
        return tuple(self.rules[i] for i in bits(self._rules_from[source] & self._rules_to[destination]))

    def verdict(self, source: int, destination: int) -> Verdict:
        """What rules say of a pair: the first tier with a verdict decides, deny beats allow inside a tier."""
        key = self._rules_from[source] & self._rules_to[destination]
        if key not in self._decided:
            self._decided[key] = decide(self.rules[i] for i in bits(key))
        return self._decided[key]

    def services(self, source: int, destination: int) -> ServiceSet:
        """The services the policies allow from one cell to another, before modes."""
        if not self.cells.peers[source] >> destination & 1:
            return NOTHING
        verdict = self.verdict(source, destination)
        allowed = verdict.allowed
        if self.posture_zone(source, destination):
            allowed = ANY - verdict.denied
        return allowed & POSSIBLE[self.cells[source].family]

    def posture_zone(self, source: int, destination: int) -> Zone | None:
        """The zone whose posture allows what no rule decided between two of its workloads."""
        name = self.cells[source].zone
        if name is None or name != self.cells[destination].zone:
            return None
        return self.zones[name] if self.zones[name].posture == "allow" else None

    def explain(self, source: str, destination: str, services: ServiceSet) -> Explanation:
        """Why flows between two named things are allowed or denied; see `segkit.intent.explain`."""
        from segkit.intent.explain import explain

        return explain(self, source, destination, services)

    def matrix(self) -> tuple[MatrixEntry, ...]:
        """What zones may use between each other; see `segkit.intent.explain`."""
        from segkit.intent.explain import matrix

        return matrix(self)

    # -- one row

    def row(self, source: int) -> Row:
        """The services allowed from a cell to every cell: spans of the service line with a bitset of
        destinations."""
        cell = self.cells[source]
        zone = cell.zone if cell.zone and self.zones[cell.zone].posture == "allow" else None
        base = self.cells.of_end(self.zones[zone].end) if zone else 0
        return self._painted(source, False, zone, base)

    def denied_row(self, source: int) -> Row:
        """The services that an explicit deny decided, from a cell to every cell."""
        return self._painted(source, True, None, 0)

    def _painted(self, source: int, denies: bool, zone: str | None, base: int) -> Row:
        cell = self.cells[source]
        rules, reach = self._rules_from[source], self.cells.peers[source]

        def make() -> Row:
            painted = self._paint(rules, base, "deny" if denies else "allow")
            return clip(painted, reach, POSSIBLE[cell.family])

        return self._rows.row((rules, denies, zone, reach), make)

    def _paint(self, rules: int, base: int, wanted: str) -> Row:
        # Last tier first, allows before denies: the last painter decides.
        chosen = reversed(tuple(bits(rules)))
        layers = [
            (self.rules[i].services, self.destination_bits[i], self.rules[i].action == wanted) for i in chosen
        ]
        return paint(layers, base)


def ends_of(model: Model) -> set[End]:
    """The ends that cells have to tell apart: those of rules, expired ones too (see explain), and zones."""
    return {e for r in model.rules for side in r.sides for e in side} | {z.end for z in model.zones}


def decide(rules: Iterable[Rule]) -> Verdict:
    """The verdict of rules that all match one pair, given in order of precedence (tier, then deny before
    allow)."""
    allowed = denied = NOTHING
    for rule in rules:
        fresh = rule.services - allowed - denied
        if rule.action == "deny":
            denied |= fresh
        else:
            allowed |= fresh
    return Verdict(allowed, denied)
