"""Rules that can never apply, against a check of every point of a small world."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from segkit.model import AddressSet, End, LabelKey, LabelSchema, Zone, anywhere, internet, outside
from segkit.model.checks.coverage import Box, covered
from segkit.model.checks.sides import Point, Side
from segkit.model.policy import Rule, Tier
from segkit.sets import EVERYWHERE, Addresses, L, icmp, tcp

SCHEMA = LabelSchema((LabelKey("app", ("a", "b"), required=True), LabelKey("env", ("p", "q"))))
LABELS = [dict(app=app, **({"env": env} if env else {})) for app in "ab" for env in ("p", "q", "")]
NETWORKS = ["10.0.0.0/30", "10.0.0.2/31", "10.0.0.3", "0.0.0.0/0", "::/0", "8.8.8.8", "fd00::/126", "fd00::1"]
PLACES = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "8.8.8.8", "192.168.0.1", "fd00::1", "fd00::2", "2600::1"]

predicates = st.sampled_from(
    [L.app == "a", L.app == "b", L.env == "p", L.env != "p", ~L.env.exists(), L.app.in_("a", "b")]
)
sets = st.lists(st.sampled_from(NETWORKS), min_size=1, max_size=2).map(lambda texts: Addresses.of(*texts))
realms = st.sampled_from(["default", "other"])
ends = st.one_of(
    st.builds(lambda a, b: End.select(a & b), predicates, predicates),
    st.builds(lambda a, b: End.select(a | b), predicates, predicates),
    st.builds(lambda a, r: AddressSet(f"{a} {r}", a, r).end, sets, realms),
    st.builds(lambda a, r: Zone(f"{a} {r}", L.app == "a", networks=a, realm=r).network, sets, realms),
    st.sampled_from([anywhere, internet, outside]),
)
sides = st.builds(
    lambda e, u: Side(tuple(e), tuple(u)), st.lists(ends, min_size=1, max_size=2), st.lists(ends, max_size=1)
)
services = st.sampled_from([tcp(80), tcp(80, 443), tcp(), icmp(8)])
rules = st.tuples(sides, sides, services, st.sampled_from(list(Tier)), st.sampled_from(["allow", "deny"]))


def _world() -> Iterator[Point]:
    """Every endpoint that differs in anything the ends above can tell."""
    spots = [
        (4 if a.v4 else 6, (a.v4 or a.v6).spans[0][0]) for a in (Addresses.of(place) for place in PLACES)
    ]
    unknown: list[tuple[int, int | None]] = [(4, None), (6, None)]
    for realm in ("default", "other", "a third"):
        for labels, (version, value) in product(LABELS, [*spots, *unknown]):
            yield Point(labels, version, value, realm)
        for version, value in spots:
            yield Point(None, version, value, realm)


WORLD = list(_world())


def _points(side: Side) -> frozenset[int]:
    return frozenset(number for number, point in enumerate(WORLD) if side.holds(point))


@given(sides)
def test_a_side_is_empty_iff_nobody_is_on_it(side: Side) -> None:
    found = side.points(SCHEMA.domains)
    held = _points(side)
    assert set(found) == {WORLD[number].version for number in held}
    assert all(side.holds(point) for point in found.values())


@given(sides, sides)
def test_a_side_is_inside_another_iff_all_its_points_are(small: Side, large: Side) -> None:
    assert small.within(large, SCHEMA.domains) == (_points(small) <= _points(large))


def _rule(number: int, made: tuple[Any, ...]) -> Box | None:
    source, destination, held, tier, action = made
    one, two = source.points(SCHEMA.domains), destination.points(SCHEMA.domains)
    family = next((version for version in (4, 6) if version in one and version in two), None)
    if family is None:
        return None
    rule = Rule(
        f"r{number:03}",
        "p",
        tier,
        action,
        source.ends,
        destination.ends,
        held,
        source.unless,
        destination.unless,
    )
    return Box(rule, source, destination, one[family], two[family])


@given(st.lists(rules, max_size=12))
def test_the_index_loses_no_rule_that_covers_another(made: list[tuple[Any, ...]]) -> None:
    boxes = [box for number, one in enumerate(made) if (box := _rule(number, one)) is not None]
    expected = {}
    for box in boxes:
        for other in sorted(boxes, key=lambda o: (o.rule.tier, o.rule.id)):
            first, later = other.rule, box.rule
            before = first.tier < later.tier or (first.tier == later.tier and first.action == "deny")
            if (
                first.action != later.action
                and before
                and later.services <= first.services
                and _points(box.source) <= _points(other.source)
                and _points(box.destination) <= _points(other.destination)
            ):
                expected[later.id] = first.id
                break
    assert {rule.id: other.id for rule, other in covered(boxes, SCHEMA.domains)} == expected


def test_few_rules_are_compared_among_many(monkeypatch: Any) -> None:
    """Work grows with what is alike, not with pairs: 2,000 rules have a million pairs of allow and deny."""
    compared = 0
    within = Side.within

    def counted(self: Side, other: Side, domains: Any) -> bool:
        nonlocal compared
        compared += 1
        return within(self, other, domains)

    monkeypatch.setattr(Side, "within", counted)
    boxes = []
    for number in range(2000):
        source = Side((End.select((L.app == f"a{number % 500}") & (L.env == f"e{number % 7}")),))
        destination = Side(
            (AddressSet(str(number), Addresses.of(f"10.{number >> 8}.{number & 255}.0/24")).end,)
        )
        action: Any = "deny" if number % 2 else "allow"
        rule = Rule(
            f"r{number:04}", "p", Tier.application, action, source.ends, destination.ends, tcp(number + 1)
        )
        free = LabelSchema((LabelKey("app"), LabelKey("env"))).domains
        boxes.append(Box(rule, source, destination, source.points(free)[4], destination.points(free)[4]))
    assert list(covered(boxes, free)) == []
    assert compared < 100


def test_whole_families_are_found_for_unknown_addresses() -> None:
    every = AddressSet("every", EVERYWHERE).end
    unknown = Side((End.select(L.app == "a"),))
    assert unknown.within(Side((anywhere,)), SCHEMA.domains)
    assert not unknown.within(Side((every,)), SCHEMA.domains)  # one realm only
