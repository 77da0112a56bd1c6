"""Estates to measure on: labels of workloads, and rules between selectors, before they are a model.

`realistic`: applications with a few roles in four environments; a role of an application sits in one zone.
Most rules join two roles of one application, some reach shared applications, few are broad (a zone, a
region), and a third of those deny. `random_estate`: labels and selectors drawn independently, every tier
alike, which no company has and which is as hard as it gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

SIZES = {"env": 4, "app": 600, "role": 6, "zone": 12, "region": 8, "pci": 2}
"""How many values each label has."""
ACCOUNTS = 25
PORTS = 65536

Service = tuple[str, int, int]
"""Protocol, first and last port."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a selector: a label is one of some values, or none of them."""

    key: str
    values: tuple[int, ...]
    negated: bool = False


Selector = tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One rule: tier 0 to 3, first to last."""

    tier: int
    allows: bool
    source: Selector
    destination: Selector
    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True)
class Estate:
    """Labels by workload, each value a number, and rules."""

    name: str
    workloads: tuple[dict[str, int], ...]
    rules: tuple[Line, ...]
    applications: int


def _tcp(*ports: int) -> tuple[Service, ...]:
    return tuple(("tcp", port, port) for port in ports)


EVERY_PORT: tuple[Service, ...] = (("tcp", 0, PORTS - 1), ("udp", 0, PORTS - 1))
SINGLE = (22, 80, 443, 5432, 3306, 1521, 6379, 9092, 8080, 8443, 5672, 27017, 9200, 2379, 50051)
COMMON: tuple[tuple[Service, ...], ...] = (
    *(_tcp(port) for port in SINGLE),
    _tcp(80, 443),
    (("tcp", 8000, 8100),),
    (("tcp", 53, 53), ("udp", 53, 53)),
    _tcp(389, 636),
    (("udp", 123, 123),),
    (("udp", 514, 514), ("tcp", 6514, 6514)),
    (("tcp", 9100, 9110),),
    (("tcp", 32768, 60999),),
)
"""What most rules are about."""


def realistic(workloads: int, rules: int, applications: int = 500, seed: int = 1) -> Estate:
    """Rules mostly inside applications: 2 % are broad, 70 % join two roles of one application."""
    rng = Random(seed)
    zone_of = [[rng.randrange(SIZES["zone"]) for _ in range(SIZES["role"])] for _ in range(applications)]
    region_of = [rng.randrange(SIZES["region"]) for _ in range(applications)]
    in_pci = [rng.randrange(SIZES["pci"]) for _ in range(applications)]
    found = []
    for _ in range(workloads):
        app, env, role = (
            rng.randrange(applications),
            rng.randrange(SIZES["env"]),
            rng.randrange(SIZES["role"]),
        )
        found.append(
            {
                "env": env,
                "app": app,
                "role": role,
                "zone": zone_of[app][role],
                "region": region_of[app],
                "pci": in_pci[app],
                "account": app % ACCOUNTS,
            }
        )
    own = [_own_service(rng) for _ in range(400)]
    lines = [_broad_rule(rng, number) for number in range(rules // 50 or 4)]
    while len(lines) < rules:
        lines.append(_application_rule(rng, applications, own))
    return Estate("realistic", tuple(found), tuple(lines), applications)


def _own_service(rng: Random) -> tuple[Service, ...]:
    first, more = rng.randrange(1024, 60000), rng.choice((0, 0, 0, 5, 20))
    return (("tcp", first, first + more),)


def _broad_rule(rng: Random, number: int) -> Line:
    denies = number % 3 == 0
    tier = rng.choice((0, 1)) if denies else rng.choice((1, 2, 3))
    services = EVERY_PORT if denies and rng.random() < 0.2 else rng.choice(COMMON)
    source = _broad(rng, "zone")
    return Line(
        tier, not denies, source, _broad(rng, rng.choice(("zone", "region", "zone", "role"))), services
    )


def _broad(rng: Random, key: str) -> Selector:
    """A zone, region or role, more often than not narrowed by another label."""
    terms = [Term(key, (rng.randrange(SIZES[key]),))]
    other = rng.choice(("env", "role", "zone", "region", "pci"))
    if rng.random() < 0.6 and other != key:
        values = {rng.randrange(SIZES[other]) for _ in range(1 + (rng.random() < 0.3))}
        terms.append(Term(other, tuple(sorted(values)), rng.random() < 0.15 and SIZES[other] > 2))
    return tuple(terms)


def _application_rule(rng: Random, applications: int, own: Sequence[tuple[Service, ...]]) -> Line:
    app, kind = rng.randrange(applications), rng.random()
    services = rng.choice(COMMON) if rng.random() < 0.6 else rng.choice(own)
    here, inside = Term("env", (rng.randrange(SIZES["env"]),)), Term("app", (app,))
    one, two = rng.randrange(SIZES["role"]), rng.randrange(SIZES["role"])
    source: Selector = (here, inside, Term("role", (one,)))
    if kind < 0.7:
        reached = inside
    elif kind < 0.85:  # to one of ten applications that everybody shares
        reached = Term("app", (rng.randrange(min(10, applications)),))
        roles = Term("role", tuple(sorted({one, two})))
        source = (here, inside) if rng.random() < 0.7 else (here, roles)
    else:
        reached = Term("app", (rng.randrange(applications),))
    return Line(2, True, source, (here, reached, Term("role", (two,))), services)


def random_estate(workloads: int, rules: int, seed: int = 1) -> Estate:
    """Labels, selectors, tiers and services drawn uniformly; 7 % of the rules deny."""
    rng = Random(seed)
    found = tuple({key: rng.randrange(size) for key, size in SIZES.items()} for _ in range(workloads))
    services = [_random_services(rng) for _ in range(2500)]
    lines = tuple(
        Line(
            rng.randrange(4),
            rng.random() >= 0.07,
            _random_selector(rng),
            _random_selector(rng),
            rng.choice(services),
        )
        for _ in range(rules)
    )
    return Estate("random", found, lines, SIZES["app"])


def _random_selector(rng: Random) -> Selector:
    count = rng.randint(1, 3)
    keys = ["app"] if rng.random() < 0.7 else []
    keys += rng.sample([key for key in SIZES if key != "app"], count - len(keys))
    return tuple(_random_term(rng, key) for key in sorted(keys))


def _random_term(rng: Random, key: str) -> Term:
    size, kind = SIZES[key], rng.random()
    if key == "app":
        many = 3 if kind < 0.1 else 1
    else:
        many = 2 if kind < 0.15 and size > 2 else 1
    values = tuple(sorted({rng.randrange(size) for _ in range(many)}))
    return Term(key, values, key != "app" and 0.15 <= kind < 0.22)


def _random_services(rng: Random) -> tuple[Service, ...]:
    return tuple(_random_service(rng) for _ in range(rng.randint(1, 3)))


def _random_service(rng: Random) -> Service:
    protocol, kind = ("tcp" if rng.random() < 0.75 else "udp"), rng.random()
    first = rng.randrange(PORTS)
    if kind < 0.7:
        return protocol, first, first
    if kind < 0.9:
        return protocol, first, min(PORTS - 1, first + rng.randrange(1, 100))
    first, last = sorted((first, rng.randrange(PORTS)))
    return protocol, first, last
