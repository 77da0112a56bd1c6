from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.sets import ALL, NONE, L, LabelParseError, Predicate

from .kit import quick

valid_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@pytest.mark.parametrize(
    ("predicate", "text"),
    [
        (ALL, "all"),
        (NONE, "none"),
        ((L.app == "shop") & L.role.in_("web", "db"), 'app == "shop" and role in ("db", "web")'),
        (~(L.env == "prod"), 'env != "prod"'),
        (~L.env.in_("prod", "dev"), 'env not in ("dev", "prod")'),
        (L.pci.exists(), "pci exists"),
        (~L.pci.exists(), "not pci exists"),
        ((L.a == "x") | (L.b == "y"), 'a == "x" or b == "y"'),
        (~((L.app == "shop") & (L.role == "db")), 'app != "shop" or role != "db"'),
        (
            ((L.a == "x") | (L.b == "y")) & ((L.c == "z") | (L.d == "w")),
            '(a == "x" or b == "y") and (c == "z" or d == "w")',
        ),
        (
            ((L.app == "shop") & (L.role == "web")) | (L.app == "blog"),
            'app == "blog" or (app == "shop" and role == "web")',
        ),
        (
            (L.app == "shop") & ((L.role == "web") | (L.env == "dev")),
            'app == "shop" and (env == "dev" or role == "web")',
        ),
        (
            ((L.zone == "cde") | (L.pci == "yes")) & (L.env == "prod") & (L.app != "old"),
            'app != "old" and env == "prod" and (pci == "yes" or zone == "cde")',
        ),
        (
            ((L.role == "db") & ((L.x == "1") | (L.y == "1"))) | ((L.role == "web") & (L.y == "1")),
            '(role == "db" and x == "1") or (role in ("db", "web") and y == "1")',
        ),
        (
            ((L.a == "1") & ((L.b == "x") | (L.c == "x"))) | ((L.a == "2") & ((L.c == "x") | (L.d == "x"))),
            '(a == "1" and b == "x") or (a in ("1", "2") and c == "x") or (a == "2" and d == "x")',
        ),
        (
            ((L.a == "x") & (L.b != "y")) | ((L.a != "x") & (L.b == "y")),
            '(a == "x" and b != "y") or (a != "x" and b == "y")',
        ),
        (L.a.exists() & (L.a != "x"), 'a exists and a != "x"'),
        (~L.a.exists() | (L.a == "x"), 'not a exists or a == "x"'),
        ((~L.a.exists() | (L.a == "x")) & (L.b == "y"), '(not a exists or a == "x") and b == "y"'),
        (L["app.kubernetes.io/name"] == "x", '"app.kubernetes.io/name" == "x"'),
        (L["not"] == "", '"not" == ""'),
        (L.a == 'x" or all', 'a == "x\\" or all"'),
        (L["a\n"] == "\u202e\x00", '"a\\n" == "\\u202e\\u0000"'),
    ],
)
def test_text(predicate: Predicate, text: str) -> None:
    assert str(predicate) == text
    assert Predicate.parse(text) is predicate


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        (
            'app == "shop" and role in ("web","api") and not (env != prod) or pci exists',
            ((L.app == "shop") & L.role.in_("web", "api") & (L.env == "prod")) | L.pci.exists(),
        ),
        ("not a == x and b == y", (L.a != "x") & (L.b == "y")),
        ("a==x or b==y and c==z", (L.a == "x") | ((L.b == "y") & (L.c == "z"))),
        ("app.kubernetes.io/name == v1.2-rc", L["app.kubernetes.io/name"] == "v1.2-rc"),
        ("port == 443", L.port == "443"),
        ("not not (all)", ALL),
        ('"\\u0061" != "\\u00e9"', L.a != "\u00e9"),
        ('a not in ("x")\n\tand all', L.a != "x"),
    ],
)
def test_other_spellings(text: str, predicate: Predicate) -> None:
    assert Predicate.parse(text) is predicate


conditions = st.builds(
    lambda key, values, negate: ~L[key].in_(*values) if negate else L[key].in_(*values),
    st.sampled_from("abcde"),
    st.sets(st.sampled_from("xyz"), min_size=1, max_size=2),
    st.booleans(),
)


@quick
@given(
    terms=st.lists(st.lists(conditions, min_size=1, max_size=3), min_size=1, max_size=6), flip=st.booleans()
)
def test_tangled_predicates_survive(terms: list[list[Predicate]], flip: bool) -> None:
    made = NONE
    for term in terms:
        both = ALL
        for condition in term:
            both &= condition
        made |= both
    one = ~made if flip else made
    assert Predicate.parse(str(one)) is one


@quick
@given(key=valid_text.filter(bool), value=valid_text, other=valid_text)
def test_any_key_and_value_survive(key: str, value: str, other: str) -> None:
    for one in (L[key] == value, L[key].in_(value, other) | (L.z == other), L[key].exists()):
        text = str(one)
        assert text.isascii()
        assert text.isprintable()
        assert Predicate.parse(text) is one


@quick
@given(
    text=st.text('ab"\\ ()=!,', max_size=12)
    | st.lists(
        st.sampled_from(
            ["a", "b", "==", "!=", "in", "not", "and", "or", "exists", "(", ")", ",", '"x"', "all"]
        ),
        max_size=9,
    ).map(" ".join)
)
def test_any_text_is_read_or_refused_with_a_column(text: str) -> None:
    try:
        made = Predicate.parse(text)
    except LabelParseError as error:
        assert 1 <= error.column <= len(text) + 1
        assert str(error).startswith(f"column {error.column}: ")
    else:
        assert Predicate.parse(str(made)) is made


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 1: the text is empty; write all for every workload, none for no workload"),
        ("app = shop", 'column 5: cannot read "=" here; write == to compare'),
        ("app == x && b == y", 'column 10: cannot read "&" here; write and'),
        ("a == x || b == y", 'column 8: cannot read "|" here; write or'),
        ("!a exists", 'column 1: cannot read "!" here; write not, or != to compare'),
        ("app == 'x'", 'column 8: cannot read "\'" here; write text in double quotes, as in "web"'),
        ('app == "x', 'column 8: cannot read "\\"" here; this text has no closing double quote'),
        (
            "\u00e9 == x",
            (
                'column 1: cannot read "\\u00e9" here; '
                "write keys and values with other characters in double quotes"
            ),
        ),
        ("app ==", "column 7: expected a value, found the end of the text"),
        ("app == not", 'column 8: expected a value, found not; if it is one, write "not"'),
        ("in == x", 'column 1: expected a label key, found in; if it is one, write "in"'),
        ("app in web", 'column 8: expected a list in parentheses, as in ("web", "api"), found web'),
        ("app in (a b)", "column 11: expected ',' or ')', found b"),
        ("app in (a,)", "column 11: expected a value, found )"),
        ("app not x", "column 9: expected in after not, found x"),
        (
            "(app == x",
            "column 10: expected and, or, or the ')' for the '(' in column 1, found the end of the text",
        ),
        ("app == x)", "column 9: expected and, or, or the end of the text, found )"),
        ("app == x AND all", "column 10: expected and, or, or the end of the text, found AND"),
        (
            'app "\u202e"',
            (
                'column 5: expected ==, !=, in, not in or exists after the key (as in app == "web"), '
                'found "\\"\\u202e\\""'
            ),
        ),
        ('"" == x', "column 1: a label key cannot be empty"),
        ('a == "\\q"', 'column 6: "\\q" is not a JSON string of valid text'),
        ('a == "\\ud800"', 'column 6: "\\ud800" is not a JSON string of valid text'),
        ("not " * 65 + "all", "column 257: more than 64 levels of not and parentheses"),
        (" and ".join(f"k{n} exists" for n in range(129)), "column 1939: more than 128 different label keys"),
    ],
)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(LabelParseError) as caught:
        Predicate.parse(text)
    assert str(caught.value) == message
