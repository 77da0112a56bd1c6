"""Models that differ from another in one rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from segkit.model.model import Model
from segkit.model.policy import Rule
from segkit.sets import tcp


def changes(model: Model, count: int, seed: int = 1) -> Iterator[Model]:
    """Models in which one rule of this one is gone, does the contrary, or has other services; or in which
    one is new."""
    rng = Random(seed)
    for number in range(count):
        rule = rng.choice(model.rules)
        match number % 5:
            case 0:
                edited: tuple[Rule, ...] = ()
            case 1:
                edited = (replace(rule, action="allow" if rule.action == "deny" else "deny"),)
            case 2:
                edited = (replace(rule, services=rule.services | tcp(31999)),)
            case 3:
                edited = (replace(rule, services=tcp("443-444", "5000-6000")),)
            case _:
                far = rng.choice(model.rules).destination
                edited = (rule, replace(rule, id=f"{rule.id}-new", destination=far))
        yield _with(model, rule, edited)


def _with(model: Model, rule: Rule, edited: tuple[Rule, ...]) -> Model:
    """The model with other rules in the place of one."""
    policies = tuple(
        replace(p, rules=tuple(new for r in p.rules for new in (edited if r is rule else (r,))))
        if p.name == rule.policy
        else p
        for p in model.policies
    )
    return replace(model, policies=policies)
