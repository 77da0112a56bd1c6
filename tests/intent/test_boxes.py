"""Boxes: together they are what the rules allow, nobody's are not formed, and newcomers touch no other's."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.intent import Intent
from segkit.intent.boxes import Box, BoxCompiler, Piece
from segkit.intent.population import Kin, Population
from segkit.model import Segmentation, anywhere, outside
from segkit.model.model import Model
from segkit.model.workloads import Interface, Workload
from segkit.sets import ANY, NOTHING, Addresses, L, ServiceSet, tcp
from tests.strategies import LABELS_ONLY, TODAY, Features, models

ONE_REALM = Features(**{**vars(LABELS_ONLY), "realms": ("default",)})


def boxes_of(model: Model) -> tuple[Box, ...]:
    compiler = BoxCompiler(model.live_rules, "default", model.domains, Population(model))
    return tuple(compiler.allowed())


def in_piece(piece: Piece, kin: Kin) -> bool:
    return piece.whole and piece.predicate.matches(kin.labels)


@settings(max_examples=60)
@given(data=st.data())
def test_boxes_are_what_the_rules_allow(data: st.DataObject) -> None:
    model = data.draw(models("aws", features=ONE_REALM))
    intent, boxes = Intent(model), boxes_of(model)
    for one, other in product(intent.population.kin, repeat=2):
        allowed = ServiceSet.union(
            b.services for b in boxes if in_piece(b.source, one) and in_piece(b.destination, other)
        )
        matching = [
            r
            for r in sorted(model.live_rules, key=lambda r: (r.tier, r.action != "deny"))
            if any(e.predicate.matches(one.labels) for e in r.source)
            and any(e.predicate.matches(other.labels) for e in r.destination)
            and not any(e.predicate.matches(one.labels) for e in r.unless_source)
            and not any(e.predicate.matches(other.labels) for e in r.unless_destination)
        ]
        expected = decided = NOTHING
        for rule in matching:
            expected |= (rule.services - decided) if rule.action == "allow" else NOTHING
            decided |= rule.services
        assert allowed == expected, f"{one.labels} -> {other.labels}: {allowed}, not {expected}"


@settings(max_examples=60)
@given(data=st.data())
def test_nobodys_boxes_are_not_formed(data: st.DataObject) -> None:
    model = data.draw(models("aws", features=ONE_REALM))
    for box in boxes_of(model):
        for piece in (box.source, box.destination):
            alive = any(piece.predicate.matches(w.label_map) for w in model.workloads)
            assert piece.outside or alive, piece


@settings(max_examples=60)
@given(data=st.data())
def test_a_newcomer_adds_boxes_and_touches_no_other(data: st.DataObject) -> None:
    model = data.draw(models("aws", features=ONE_REALM))
    if not model.workloads:
        return
    fewer = replace(model, workloads=model.workloads[:-1])
    assert set(boxes_of(fewer)) <= set(boxes_of(model))


def crowded(denies: int, zones: tuple[str, ...]) -> Segmentation:
    """One allow between two roles, and as many denies between zones as wanted."""
    seg = Segmentation("crowd", today=TODAY)
    policy = seg.policy("apps", "application", owner="o")
    policy.allow(L.role == "web", L.role == "db", tcp(5432), id="orders")
    ban = seg.policy("ban", "global", owner="o")
    for n in range(denies):
        ban.deny(L.zone == f"z{n}", L.area == f"a{n}", ANY, id=f"ban-{n}")
    for number, zone in enumerate(zones):
        labels = {"role": "web", "zone": zone}
        seg.workload(f"web-{number}", labels, [f"10.0.0.{number + 1}"])
    seg.workload("db", {"role": "db", "area": "a0"}, ["10.0.1.1"])
    return seg


def test_denies_that_hit_nobody_make_no_boxes() -> None:
    (box,) = boxes_of(crowded(20, ("other",)).build())
    assert all(f'"z{n}"' in str(box.source.predicate) for n in range(20))
    assert box.services == tcp(5432)


def test_a_workload_of_a_known_pattern_changes_no_box() -> None:
    before, after = crowded(20, ("other", "z1")).build(), crowded(20, ("other", "z1", "another")).build()
    assert set(boxes_of(before)) == set(boxes_of(after))


def test_a_class_counts_as_somebody() -> None:
    model = crowded(3, ()).build()
    assert boxes_of(model) == ()
    fleet = Workload(
        "fleet", (("role", "web"),), (Interface(addresses=Addresses.of("10.2.0.0/24")),), is_class=True
    )
    (box,) = boxes_of(replace(model, workloads=(*model.workloads, fleet)))
    assert box.source.predicate.matches({"role": "web"})


def test_a_deny_that_hits_somebody_spares_their_other_flows() -> None:
    seg = crowded(1, ("z0",))
    seg.workload("other", {"role": "db", "area": "b"}, ["10.0.1.2"])
    (box,) = boxes_of(seg.build())
    assert box.source.predicate.matches({"role": "web", "zone": "z0"})
    assert [box.destination.predicate.matches({"role": "db", "area": a}) for a in ("a0", "b")] == [
        False,
        True,
    ]


def test_a_deny_that_spares_addresses_spares_newcomers_there() -> None:
    seg = crowded(0, ("other",))
    near = seg.address_set("near", "10.9.0.0/24")
    seg.policy("q", "global", owner="o").deny(L.zone == "z0", L.role == "db", ANY, unless_source=near)
    boxes, newcomer = boxes_of(seg.build()), {"role": "web", "zone": "z0"}
    found = [b.source.inside for b in boxes if b.source.predicate.matches(newcomer)]
    assert Addresses.union(found) == Addresses.of("10.9.0.0/24")


def test_a_deny_of_anywhere_takes_the_outside_too() -> None:
    seg = crowded(0, ("other",))
    seg.policy("out", "application", owner="o").allow(outside, L.role == "db", tcp("20-25"), id="out")
    seg.policy("q", "global", owner="o").deny(anywhere, L.role == "db", tcp(22))
    passing = ServiceSet.union(b.services for b in boxes_of(seg.build()) if b.source.outside)
    assert passing == tcp("20-21", "23-25")
