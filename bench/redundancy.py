"""Which rules are redundant: segkit's exact answer, and Aerleon's shade check of equivalent terms.

Both get the same rules: allows between applications, TCP only, of the realistic estate. Aerleon knows
no labels, so each selector is the addresses of the workloads that it matches. Aerleon finds a rule that one
earlier rule holds; segkit also one that several hold together, and for workloads that do not exist yet.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from typing import Any

from bench.estates import Line, realistic
from bench.models import model_of
from segkit.intent.population import Population
from segkit.model.model import Model
from segkit.model.policy import Rule
from segkit.sets import Addresses

WORKLOADS = 60_000
"""Enough for nearly every role of every application to be there."""


def _model(rules: int) -> Model:
    made = realistic(WORKLOADS, 2 * rules)
    lines = [line for line in made.rules if _comparable(line)]
    distinct = {tuple(labels.values()): labels for labels in made.workloads}
    return model_of(replace(made, rules=tuple(lines[:rules]), workloads=tuple(distinct.values())))


def _comparable(line: Line) -> bool:
    """Rules between applications: broad ones would be thousands of addresses to Aerleon."""
    between = all(any(term.key == "app" for term in end) for end in (line.source, line.destination))
    return line.allows and between and all(protocol == "tcp" for protocol, _, _ in line.services)


def exact(rules: int) -> dict[str, Any]:
    """segkit's redundancy of every rule."""
    from segkit.intent.hygiene.judge import Judge, Worth
    from segkit.intent.hygiene.redundancy import standings
    from segkit.intent.hygiene.ruleset import Ruleset

    model = _model(rules)
    start = time.perf_counter()
    found = standings(Judge(Ruleset(model)))
    seconds = time.perf_counter() - start
    counts = {worth.value: sum(s.worth is worth for s in found) for worth in Worth}
    return {"check": seconds, "found": counts["redundant"], "unknown": counts["unknown"]}


def shade(rules: int) -> dict[str, Any]:
    """Aerleon's shade check; only the check itself is timed, not the parsing."""
    naming, policy = (import_module(f"aerleon.lib.{name}") for name in ("naming", "policy"))
    model = _model(rules)
    population, names = Population(model), naming.Naming()
    tokens: dict[str, str] = {}

    def token(prefix: str, values: Iterable[str], declare: Any) -> str:
        text = " ".join(values)
        if text not in tokens:
            tokens[text] = f"{prefix}{len(tokens)}"
            declare([f"{tokens[text]} = {text}"])
        return tokens[text]

    def addresses(rule: Rule, destination: bool) -> str:
        end = (rule.destination if destination else rule.source)[0]
        held = Addresses.union(kin.known for kin in population.matching(end.predicate))
        return token("N", (str(c) for c in held.cidrs()), names.ParseNetworkList) if held else ""

    lines = ["header {", "  target:: cisco bench extended", "}"]
    terms = 0
    for number, rule in enumerate(model.rules):
        source, destination = addresses(rule, False), addresses(rule, True)
        if not source or not destination:
            continue  # nobody there today: there is no such term
        ports = (f"{part.lo}-{part.hi}/tcp" for part in rule.services.parts())
        terms += 1
        lines += [
            f"term r{number} {{",
            f"  source-address:: {source}",
            f"  destination-address:: {destination}",
            "  protocol:: tcp",
            f"  destination-port:: {token('S', ports, names.ParseServiceList)}",
            "  action:: accept",
            "}",
        ]
    shaded: list[str] = []
    spent = 0.0
    check = policy.Policy._DetectShading

    def timed(self: Any, found: Any) -> None:
        nonlocal spent
        start = time.perf_counter()
        check(self, found)
        spent += time.perf_counter() - start

    class Count(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            """Notes a term that is shaded."""
            if "is shaded by" in record.getMessage():
                shaded.append(record.getMessage().split()[0])

    logging.getLogger().addHandler(Count())
    logging.getLogger("absl").addHandler(Count())
    policy.Policy._DetectShading = timed
    parsed = policy.ParsePolicy("\n".join(lines), names)
    if not spent:  # Aerleon does not check by itself
        for _, found in parsed.filters:
            timed(parsed, found)
    return {"check": spent, "found": len(set(shaded)), "terms": terms}
