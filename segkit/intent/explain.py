"""Why a flow is allowed or denied: the rule, tier, posture or default that decided, and every rule in
play."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from segkit.intent.cells import Cell, ranges
from segkit.intent.engine import POSSIBLE, Intent
from segkit.intent.lookup import cells_of, cells_of_end, named_addresses
from segkit.model.policy import Rule
from segkit.sets import ANY, INTERNET, NOTHING, Addresses, ServiceSet
from segkit.sets.planes import bits


@dataclass(frozen=True, slots=True)
class Case:
    """One way the flows asked about are decided.

    `decided_by` is a rule id, `posture of zone …` or `default deny`; `shaped_by` are all rules that match the
    pair and overlap the services; `pairs` counts the pairs of cells it holds for; `source` and `destination`
    name them.
    """

    source: str
    destination: str
    services: ServiceSet
    verdict: Literal["allow", "deny"]
    decided_by: str
    rule: Rule | None
    tier: str | None
    shaped_by: tuple[Rule, ...]
    pairs: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to “may SOURCE reach DESTINATION with SERVICE?”, with its reasons. `expired` are allows that
    spoke of such flows until their last day."""

    verdict: Literal["allow", "deny", "mixed"]
    cases: tuple[Case, ...]
    expired: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class MatrixEntry:
    """Between two zones: what at least one pair may use, and what every pair may use."""

    source: str
    destination: str
    some: ServiceSet
    every: ServiceSet


def explain(intent: Intent, source: str, destination: str, services: ServiceSet) -> Explanation:
    """The verdict for every pair of cells that two references touch (see `segkit.intent.lookup.cells_of`).

    Raises SegkitError when a reference is unknown. A pair that no flow can join (another realm or family)
    does not count; with no pair at all the answer is deny.
    """
    sources, destinations = (cells_of(t, intent.model, intent.cells) for t in (source, destination))
    of_source, of_destination = (named_addresses(t, intent.model) for t in (source, destination))
    grouped: dict[tuple[object, ...], list[tuple[int, int]]] = {}
    for s in bits(sources):
        for d in bits(destinations & intent.cells.peers[s]):
            if _itself(intent.cells[s], intent.cells[d]):
                continue
            for part, verdict, by, rule in _decisions(intent, s, d, services):
                shaped = tuple(r for r in intent.matching(s, d) if r.services.overlaps(part))
                grouped.setdefault((part, verdict, by, rule, shaped), []).append((s, d))
    cases = [
        Case(
            _names(intent, {s for s, _ in pairs}, of_source),
            _names(intent, {d for _, d in pairs}, of_destination),
            part,  # type: ignore[arg-type]
            verdict,  # type: ignore[arg-type]
            str(by),
            rule,  # type: ignore[arg-type]
            rule.tier.label if isinstance(rule, Rule) else None,
            shaped,  # type: ignore[arg-type]
            len(pairs),
        )
        for (part, verdict, by, rule, shaped), pairs in grouped.items()
    ]
    cases.sort(key=lambda c: (c.verdict, c.decided_by, str(c.services), c.source, c.destination))
    verdicts = {c.verdict for c in cases} or {"deny"}
    expired = tuple(r for r in _expired(intent, sources, destinations) if r.services.overlaps(services))
    return Explanation("mixed" if len(verdicts) > 1 else verdicts.pop(), tuple(cases), expired)


def _expired(intent: Intent, sources: int, destinations: int) -> Iterator[Rule]:
    """The allows past their last day whose ends touch some of these cells."""
    for rule in intent.model.rules:
        if rule.action == "allow" and rule.expired(intent.model.today):
            near, far = (
                any(cells_of_end(e, intent.cells) & cells for e in ends)
                for ends, cells in ((rule.source, sources), (rule.destination, destinations))
            )
            if near and far:
                yield rule


def _decisions(
    intent: Intent, source: int, destination: int, wanted: ServiceSet
) -> Iterator[tuple[ServiceSet, str, str, Rule | None]]:
    left = wanted & POSSIBLE[intent.cells[source].family]
    for rule in intent.matching(source, destination):
        part = left & rule.services
        if part:
            yield part, rule.action, rule.id, rule
            left -= part
    if not left:
        return
    zone = intent.posture_zone(source, destination)
    same = intent.cells[source].zone if intent.cells[source].zone == intent.cells[destination].zone else None
    if zone is not None:
        yield left, "allow", f"posture of zone {zone.name}", None
    elif same is not None:
        yield left, "deny", f"posture of zone {same}", None
    else:
        yield left, "deny", "default deny: no rule allows it", None


def matrix(intent: Intent) -> tuple[MatrixEntry, ...]:
    """For every ordered pair of zones, and to and from the internet and what is in no zone, what may be
    used."""
    columns = _columns(intent)
    entries = []
    for source, sources in columns:
        for destination, destinations in columns:
            entry = _entry(intent, sources, destinations)
            if entry is not None:
                entries.append(MatrixEntry(source, destination, *entry))
    return tuple(entries)


def _entry(intent: Intent, sources: int, destinations: int) -> tuple[ServiceSet, ServiceSet] | None:
    """What some pair and what every pair may use; None when no flow joins the two."""
    some, every, families = NOTHING, ANY, set()
    for s in bits(sources):
        cell = intent.cells[s]
        for d in bits(destinations & intent.cells.peers[s]):
            if _itself(cell, intent.cells[d]) or not (cell.members or intent.cells[d].members):
                continue
            allowed = intent.services(s, d)
            some |= allowed
            every &= allowed | (ANY - POSSIBLE[cell.family])  # ICMP says nothing about IPv6, nor the reverse
            families.add(cell.family)
    if not families:
        return None
    return some, every & ServiceSet.union(POSSIBLE[f] for f in families)


def _itself(source: Cell, destination: Cell) -> bool:
    """Can a flow only be a workload talking to itself, at whichever of its addresses?"""
    return source.only_itself and destination.only_itself and source.workloads == destination.workloads


def _columns(intent: Intent) -> list[tuple[str, int]]:
    names = [(z.name, intent.cells.of_end(z.end)) for z in intent.model.zones]
    unzoned = sum(1 << c.index for c in intent.cells if c.members and c.zone is None)
    internet = sum(1 << c.index for c in intent.cells if not c.members and c.addresses.overlaps(INTERNET))
    private = sum(1 << c.index for c in intent.cells if not c.members) & ~internet
    rest = [("no zone", unzoned), ("internet", internet), ("other addresses", private)]
    return [*names, *((n, b) for n, b in rest if b)]


def _names(intent: Intent, cells: set[int], asked: Addresses | None) -> str:
    """Cells in a few words; of addresses that no workload holds, those that were asked about."""
    found = [intent.cells[i] for i in cells]
    texts = sorted({c.text if c.members or asked is None else ranges(c.addresses & asked) for c in found})
    return "; ".join(texts[:4]) + (f"; and {len(texts) - 4} more" if len(texts) > 4 else "")
