"""The zone matrix: right, whole, and legible at every size."""

from __future__ import annotations

from itertools import pairwise

import pytest

from segkit.intent import MatrixEntry
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.report import matrix, text
from segkit.sets import ANY, NOTHING, L, ServiceSet, icmp, icmpv6, tcp, udp


def model() -> Model:
    return Segmentation("empty", today="2026-01-01").build()


def entries(names: list[str], **found: tuple[ServiceSet, ServiceSet]) -> list[MatrixEntry]:
    """Every pair of names; `a_b=(some, every)` sets one."""
    return [MatrixEntry(a, b, *found.get(f"{a}_{b}", (NOTHING, NOTHING))) for a in names for b in names]


def shown(pairs: list[MatrixEntry], width: int = 100) -> list[str]:
    return text.render(matrix.page(pairs, model(), width), width).splitlines()


def grid(rows: list[str]) -> dict[str, list[str]]:
    """The grid by row name, up to the legend."""
    body = rows[3 : next(n for n, row in enumerate(rows) if row.startswith("Legend"))]
    return {row.split()[0]: row.split()[1:] for row in body}


def test_a_small_matrix_shows_services() -> None:
    pairs = entries(
        ["a", "b", "c"],
        a_b=(tcp(443), tcp(443)),
        a_c=(tcp(443), NOTHING),
        b_c=(ANY, ANY),
        c_a=(ANY - icmpv6(), ANY - icmpv6()),
        c_b=(ANY - tcp(22), NOTHING),
    )
    assert grid(shown(pairs)) == {
        "a": ["-", "tcp/443", "~tcp/443"],
        "b": ["-", "-", "any"],
        "c": ["any", "~most", "-"],
    }


def test_a_full_cell_counts_what_it_leaves_out_and_the_list_has_it() -> None:
    services = tcp(1, 3, 5, 7) | udp("10000-20000")
    rows = shown(entries(["a", "b"], a_b=(services, services)))
    assert grid(rows)["a"][1:] == ["tcp/1", "tcp/3", "tcp/5", "+2"]
    assert any("tcp/1,3,5,7; udp/10000-20000" in row for row in rows)


def test_what_only_some_may_use_stands_apart() -> None:
    rows = shown(entries(["a", "b"], a_b=(tcp(22, 443), tcp(443))))
    assert rows[-2].split() == ["a", "b", "tcp/443", "tcp/22"]
    assert rows[-1] == "3 pairs not listed: nothing is allowed."


@pytest.mark.parametrize("zones", [8, 20, 60])
@pytest.mark.parametrize("width", [60, 100, 160])
def test_many_zones_keep_within_the_width(zones: int, width: int) -> None:
    names = [f"zone-{n:02}" for n in range(zones)]
    some = {f"{a}_{b}": (tcp(5432), tcp(5432)) for a, b in pairwise(names)}
    rows = shown(entries(names, **some), width)
    assert max(len(row) for row in rows if not row.startswith("Legend")) <= width
    assert sum("tcp/5432" in row for row in rows[rows.index("Exact services") :]) == zones - 1


def test_signs_stand_in_the_column_with_the_number_of_the_row() -> None:
    names = [f"zone-{n:02}" for n in range(20)]
    rows = shown(
        entries(names, **{"zone-04_zone-17": (tcp(1), tcp(1)), "zone-05_zone-00": (tcp(1), NOTHING)})
    )
    head = rows[1].split()
    row = next(r.split() for r in rows if "zone-04" in r)
    assert row[:2] == ["5", "zone-04"]
    assert row[2:][head.index("18")] == "o"
    assert next(r.split() for r in rows if "zone-05" in r)[2:][head.index("1")] == "~"


def test_an_estate_with_one_zone_and_nothing_allowed() -> None:
    rows = shown(entries(["a"]))
    assert "no zone may reach another" in rows[-2]
    assert shown([])[-1] == "0 pairs not listed: nothing is allowed."


def test_zones_that_do_not_enforce_are_named() -> None:
    seg = Segmentation("x", today="2026-01-01")
    seg.zone("old", L.zone == "old", mode="visibility")
    page = matrix.page(entries(["old"]), seg.build(), 100)
    assert "old (visibility)" in text.render(page)


def test_any_in_both_families_is_any_though_icmp_is_of_one() -> None:
    rows = shown(entries(["a", "b"], a_b=(ANY, ANY - icmp() - icmpv6()), b_a=(tcp(1) | icmp(8), tcp(1))))
    assert grid(rows) == {"a": ["-", "any"], "b": ["~tcp/1", "~icmp/8", "-"]}
