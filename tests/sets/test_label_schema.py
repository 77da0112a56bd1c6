"""Questions under a schema, against trying every label map that conforms."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.sets import ALL, NONE, Domains, KeyDomain, L, Predicate

from .kit import LABEL_KEYS, LABEL_VALUES, REPRESENTATIONS, quick

predicates = REPRESENTATIONS[-1].sets().map(lambda pair: pair[0])
domains_of = st.dictionaries(
    st.sampled_from((*LABEL_KEYS, "unused")),
    st.builds(
        KeyDomain,
        st.none() | st.frozensets(st.sampled_from((*LABEL_VALUES, "unnamed")), max_size=4),
        st.booleans(),
    ),
)


def conforming(domains: Domains) -> list[dict[str, str]]:
    """Every conforming label map, with "other" for the values of an open key that nobody names."""
    keys = sorted({*LABEL_KEYS, *domains})
    choices: list[list[str | None]] = []
    for key in keys:
        domain = domains.get(key)
        absent: list[str | None] = [] if domain is not None and domain.required else [None]
        values: list[str] = []
        if domain is not None:
            values = [*LABEL_VALUES, "other"] if domain.values is None else sorted(domain.values)
        choices.append([*absent, *values])
    maps = product(*choices)
    return [{k: v for k, v in zip(keys, values, strict=True) if v is not None} for values in maps]


@quick
@given(a=predicates, domains=domains_of)
def test_witness_and_satisfiable(a: Predicate, domains: dict[str, KeyDomain]) -> None:
    maps = conforming(domains)
    witness = a.witness(domains)
    assert a.satisfiable(domains) == (witness is not None) == any(map(a.matches, maps))
    if witness is not None:
        assert a.matches(witness)
        assert witness in maps
        assert list(witness) == sorted(witness)
        assert a.witness(dict(reversed(domains.items()))) == witness


@quick
@given(a=predicates, b=predicates, domains=domains_of)
def test_disjoint_and_within(a: Predicate, b: Predicate, domains: dict[str, KeyDomain]) -> None:
    maps = conforming(domains)
    assert a.disjoint(b, domains) == (not any(a.matches(m) and b.matches(m) for m in maps))
    assert a.within(b, domains) == all(b.matches(m) for m in maps if a.matches(m))


@quick
@given(a=predicates, domains=domains_of)
def test_simplify_keeps_what_conforms(a: Predicate, domains: dict[str, KeyDomain]) -> None:
    simple = a.simplify(domains)
    assert all(simple.matches(m) == a.matches(m) for m in conforming(domains))
    assert set(simple.keys()) <= set(a.keys()) & set(domains)
    assert set(simple.mentions()) <= set(a.mentions())


OPEN = KeyDomain(None, required=False)
ZONE = KeyDomain(frozenset({"cde", "edge"}), required=True)


@pytest.mark.parametrize(
    ("predicate", "domains", "witness"),
    [
        (ALL, {}, {}),
        (NONE, {}, None),
        (ALL, {"zone": ZONE}, {"zone": "cde"}),
        (ALL, {"zone": KeyDomain(frozenset(), required=True)}, None),
        (ALL, {"zone": KeyDomain(frozenset(), required=False)}, {}),
        (L.zone != "cde", {"zone": ZONE}, {"zone": "edge"}),
        (L.zone == "lab", {"zone": ZONE}, None),
        (~L.zone.exists(), {"zone": ZONE}, None),
        (~L.zone.in_("cde", "edge"), {"zone": ZONE}, None),
        (L.app == "x", {"zone": ZONE}, None),
        (L.app != "x", {"zone": ZONE}, {"zone": "cde"}),
        (L.app.exists(), {"app": OPEN}, {"app": "other"}),
        (L.app.exists() & ~L.app.in_("other", "other-2"), {"app": OPEN}, {"app": "other-3"}),
        (L.app.in_("b", "a"), {"app": OPEN}, {"app": "a"}),
    ],
)
def test_witnesses(predicate: Predicate, domains: Domains, witness: dict[str, str] | None) -> None:
    assert predicate.witness(domains) == witness


def test_zones_overlap_only_where_the_schema_lets_them() -> None:
    cde, pci = L.zone == "cde", L.pci == "yes"
    domains = {"zone": ZONE, "pci": OPEN}
    assert cde.disjoint(L.zone == "edge", domains)
    assert not cde.disjoint(pci, domains)
    assert (cde & pci).witness(domains) == {"pci": "yes", "zone": "cde"}
    assert L.zone.exists().within(L.zone.in_("cde", "edge"), domains)
    assert (L.zone.in_("cde", "edge") & pci).simplify(domains) == pci
