from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from segkit.sets import ALL, NONE, L, Predicate


def test_unequal_holds_on_a_missing_key() -> None:
    assert (L.env != "prod").matches({})
    assert not (L.env == "prod").matches({})
    assert not L.env.in_("prod", "dev").matches({})
    assert not L.env.exists().matches({})


def test_not_is_the_exact_complement() -> None:
    web = L.app == "web"
    assert ~web == (L.app != "web")
    assert Predicate.parse('not (app == "web")') == (L.app != "web")
    assert web | ~web == ALL
    assert web & ~web == NONE
    for labels in ({}, {"app": "web"}, {"app": "db"}, {"role": "web"}):
        assert web.matches(labels) != (~web).matches(labels)


def test_no_values_is_the_empty_set() -> None:
    assert L.app.in_() == NONE


def test_the_same_set_by_other_ways() -> None:
    assert L.a.in_("x", "y") == (L.a == "y") | (L.a == "x")
    assert L.a.exists() == (L.a == "x") | (L.a.exists() & (L.a != "x"))
    assert hash((L.a == "x") & (L.b == "y")) == hash((L.b == "y") & (L.a == "x"))
    assert (L.a == "x") & (L.a == "y") == NONE


def test_questions_about_a_predicate() -> None:
    one = (L.role == "db") & ((L.app == "shop") | (L.app == "blog")) | L.pci.exists()
    assert one.keys() == ("app", "pci", "role")
    assert one.mentions() == (("app", "blog"), ("app", "shop"), ("role", "db"))
    assert (one | ~one).keys() == ()
    assert (L.a == "x") <= L.a.exists()
    assert not L.a.exists() <= (L.a == "x")


def test_keys_that_are_no_python_names() -> None:
    assert (L["app.kubernetes.io/name"] == "x").matches({"app.kubernetes.io/name": "x"})
    assert L["app"].in_("x") == (L.app == "x")
    assert repr(L.app) == "L['app']"
    assert not hasattr(L, "_repr_html_")


def test_thousands_of_rules() -> None:
    many = [(L.app == f"app-{n}") & (L.role == "web") for n in range(3000)]
    whole = Predicate.union(many)
    assert whole == L.app.in_(*(f"app-{n}" for n in range(3000))) & (L.role == "web")
    assert whole - many[7] == Predicate.union(many[:7] + many[8:])
    assert Predicate.union([]) == NONE


def test_nodes_that_nobody_uses_are_forgotten() -> None:
    from segkit.sets import labels

    gc.collect()
    before = len(labels._unique)
    for n in range(500):
        (L.temporary == f"{n}").matches({})
    gc.collect()
    assert len(labels._unique) <= before + 1


def test_equal_predicates_made_in_threads_are_one_object() -> None:
    pause = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda n: (L.thread == f"{n % 50}") & (L.role == "web"), range(2000)))
    finally:
        sys.setswitchinterval(pause)
    assert len({id(one) for one in made}) == 50


TRUTH = "a Predicate has no truth value; use & | ~, not and/or/not (== NONE asks if it is empty)"
ALONE = (
    "L['role'] alone is no condition; compare it, or ask L['role'].exists(), "
    'and put parentheses around each: (L.app == "shop") & (L.role == "web")'
)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: (L.app == "shop") and (L.role == "web"), TypeError, TRUTH),
        (lambda: (L.app == "shop") or (L.role == "web"), TypeError, TRUTH),
        (lambda: not (L.app == "shop"), TypeError, TRUTH),  # noqa: SIM201
        (lambda: L.app in ["shop", "blog"], TypeError, TRUTH),
        (lambda: L.app == "shop" & L.role == "web", TypeError, ALONE),
        (lambda: bool(L.role), TypeError, ALONE),
        (lambda: ~L.role, TypeError, ALONE),
        (lambda: L.port == 443, TypeError, 'a label value is text, not int; write "443"'),
        (lambda: L[""], ValueError, "a label key cannot be empty"),
        (lambda: L.app == "\ud800", ValueError, 'the label value "\\ud800" is not valid Unicode text'),
        (lambda: L._app, AttributeError, "write L['_app'] for a key that begins with an underscore"),
        (Predicate, TypeError, 'a Predicate is made from keys: L.app == "web", or Predicate.parse(text)'),
    ],
)
def test_messages(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "operate", [lambda p: p & "x", lambda p: p | "x", lambda p: p - "x", lambda p: p <= "x"]
)
def test_only_predicates_combine(operate: Callable[[Predicate], object]) -> None:
    with pytest.raises(TypeError, match=r"not supported|unsupported"):
        operate(L.app == "x")
