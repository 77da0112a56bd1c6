"""Exact sets of label maps: what a selector means.

A predicate is a reduced, ordered, multi-valued decision diagram over label keys sorted by name. A node asks
for one key and has a child per value it knows, one for every other present value, and one for a missing key.
Nodes are hash-consed: two predicates that hold for the same label maps are the same object, so equality and
hashing are those of identity.

On a missing key `==`, `in_` and `exists` are false and every negation is the exact complement, so `!=` is
true there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import NoReturn
from weakref import WeakValueDictionary

Arms = tuple[tuple[str, "Predicate"], ...]

_MEMO_LIMIT = 1 << 18


class LabelParseError(ValueError):
    """Label text that cannot be read. `column` is where, counted from 1; the message says how to write it."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


@dataclass(frozen=True, slots=True)
class KeyDomain:
    """What a label schema says of one key: its allowed values (None = any text) and whether it must exist."""

    values: frozenset[str] | None
    required: bool


Domains = Mapping[str, KeyDomain]


@dataclass(frozen=True, slots=True, eq=False, repr=False, init=False, weakref_slot=True)
class Predicate:
    """A set of label maps. Made with `L`, combined with `&`, `|`, `~` and `-`, compared with `<=` and `==`.

    `key`, `arms`, `present` and `missing` are the top node of the diagram; the two constants `ALL` and `NONE`
    have the empty key. Predicates have no truth value: `and`, `or`, `not` on them raise TypeError.

    >>> web = (L.app == "shop") & L.role.in_("web", "api")
    >>> print(web)
    app == "shop" and role in ("api", "web")
    >>> web.matches({"app": "shop", "role": "web"}), (L.env != "prod").matches({})
    (True, True)
    >>> ~(L.app == "shop") == (L.app != "shop")
    True
    """

    key: str
    arms: Arms
    present: Predicate
    missing: Predicate
    _child: dict[str, Predicate]
    _complement: Predicate | None = field(default=None)
    _text: str = field(default="")

    def __init__(self) -> None:
        raise TypeError('a Predicate is made from keys: L.app == "web", or Predicate.parse(text)')

    @staticmethod
    def parse(text: str) -> Predicate:
        """The predicate written in `text`; LabelParseError, with the column and the fix, on bad text.

        `app == "shop" and role in ("web", "api") and not (env != prod) or pci exists`. Values and keys that
        are plain words need no quotes; `all` and `none` are the two constants.
        """
        from segkit.sets.label_text import parse

        return parse(text)

    @staticmethod
    def union(predicates: Iterable[Predicate]) -> Predicate:
        """The union of many predicates, pairwise, so that thousands are cheap."""
        row = list(predicates)
        while len(row) > 1:
            row = [row[at] | row[at + 1] if at + 1 < len(row) else row[at] for at in range(0, len(row), 2)]
        return row[0] if row else NONE

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether this label map is in the set."""
        node = self
        while node.key:
            value = labels.get(node.key)
            node = node.missing if value is None else node._child.get(value, node.present)
        return node is ALL

    def overlaps(self, other: Predicate) -> bool:
        """Whether some label map is in both sets, whatever the schema; see `disjoint`."""
        return self & other is not NONE

    def keys(self) -> tuple[str, ...]:
        """The keys the set depends on, sorted."""
        return tuple(sorted({node.key for node in self.nodes()}))

    def mentions(self) -> tuple[tuple[str, str], ...]:
        """The (key, value) pairs the set tells apart from other values of the key, sorted."""
        return tuple(sorted({(node.key, value) for node in self.nodes() for value, _child in node.arms}))

    def nodes(self) -> Iterator[Predicate]:
        """Every node of the diagram once, without the constants, parents first."""
        seen: set[Predicate] = set()
        todo = [self]
        while todo:
            node = todo.pop()
            if node.key and node not in seen:
                seen.add(node)
                yield node
                todo += (node.missing, node.present, *(child for _value, child in reversed(node.arms)))

    def witness(self, domains: Domains) -> dict[str, str] | None:
        """A label map in the set that conforms to the schema, or None when there is none.

        It has the mandatory keys and as few others as a fixed order of trial gives. A key not in `domains` is
        always missing. Where only an unlisted value fits, the value is "other".

        >>> (L.zone != "cde").witness({"zone": KeyDomain(frozenset({"cde", "edge"}), required=True)})
        {'zone': 'edge'}
        """
        from segkit.sets.label_schema import witness

        return witness(self, domains)

    def satisfiable(self, domains: Domains) -> bool:
        """Whether a label map that conforms to the schema is in the set."""
        from segkit.sets.label_schema import satisfiable

        return satisfiable(self, domains)

    def disjoint(self, other: Predicate, domains: Domains) -> bool:
        """Whether no label map that conforms to the schema is in both sets."""
        return not (self & other).satisfiable(domains)

    def within(self, other: Predicate, domains: Domains) -> bool:
        """Whether every label map of this set that conforms to the schema is in `other`."""
        return not (self - other).satisfiable(domains)

    def simplify(self, domains: Domains) -> Predicate:
        """A predicate that agrees with this one on every conforming label map, and asks for less."""
        from segkit.sets.label_schema import simplify

        return simplify(self, domains)

    def __and__(self, other: Predicate) -> Predicate:
        if not isinstance(other, Predicate):
            return NotImplemented
        return _combine(self, other, NONE, ALL, _AND)

    def __or__(self, other: Predicate) -> Predicate:
        if not isinstance(other, Predicate):
            return NotImplemented
        return _combine(self, other, ALL, NONE, _OR)

    def __sub__(self, other: Predicate) -> Predicate:
        if not isinstance(other, Predicate):
            return NotImplemented
        return _combine(self, _not(other), NONE, ALL, _AND)

    def __invert__(self) -> Predicate:
        return _not(self)

    def __le__(self, other: Predicate) -> bool:
        if not isinstance(other, Predicate):
            return NotImplemented
        return _combine(self, other, NONE, ALL, _AND) is self

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a Predicate has no truth value; use & | ~, not and/or/not (== NONE asks if it is empty)"
        )

    def __str__(self) -> str:
        if not self._text:
            from segkit.sets.label_text import render

            object.__setattr__(self, "_text", render(self))
        return self._text

    def __repr__(self) -> str:
        return f"Predicate.parse({str(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        if not self.key:
            return _constant, (self is ALL,)
        return _node, (self.key, self.arms, self.present, self.missing)


class Key:
    """One label key; comparing it gives a `Predicate`. Made by `L.app` or `L["app.kubernetes.io/name"]`."""

    __slots__ = ("name",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        self.name = checked(name, "key")
        if not name:
            raise ValueError("a label key cannot be empty")

    def __eq__(self, value: object) -> Predicate:  # type: ignore[override]
        return self.in_(value)

    def __ne__(self, value: object) -> Predicate:  # type: ignore[override]
        return _not(self.in_(value))

    def in_(self, *values: object) -> Predicate:
        """The label maps that have this key with one of `values` (text). No values at all is the empty set.

        >>> print(L.role.in_("web", "api"))
        role in ("api", "web")
        """
        texts = sorted({checked(value, "value") for value in values})
        return _node(self.name, tuple((text, ALL) for text in texts), NONE, NONE)

    def exists(self) -> Predicate:
        """The label maps that have this key, with any value."""
        return _node(self.name, (), ALL, NONE)

    def __repr__(self) -> str:
        return f"L[{self.name!r}]"

    def _parentheses(self, _other: object = None) -> NoReturn:
        raise TypeError(
            f"{self!r} alone is no condition; compare it, or ask {self!r}.exists(), "
            'and put parentheses around each: (L.app == "shop") & (L.role == "web")'
        )

    __and__ = __rand__ = __or__ = __ror__ = __sub__ = __rsub__ = __invert__ = __bool__ = _parentheses


class Labels:
    """Where keys come from: `L.app`, or `L["app.kubernetes.io/name"]` for a key that is no Python name."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Key:
        # Tools probe for names such as __wrapped__ and _repr_html_; those are not label keys.
        if name.startswith("_"):
            raise AttributeError(f"write L[{name!r}] for a key that begins with an underscore")
        return Key(name)

    def __getitem__(self, name: str) -> Key:
        return Key(name)

    def __repr__(self) -> str:
        return "L"


def checked(text: object, what: str) -> str:
    """`text` if it can be a label key or value: any text that can be written to a file."""
    if not isinstance(text, str):
        raise TypeError(f"a label {what} is text, not {type(text).__name__}; write {json_text(str(text))}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"the label {what} {json_text(text)} is not valid Unicode text") from None
    return text


def json_text(text: str) -> str:
    """`text` as an ASCII JSON string, so that no control or look-alike character reaches a reader unseen."""
    import json

    return json.dumps(text)


_unique: WeakValueDictionary[tuple[str, Arms, Predicate, Predicate], Predicate] = WeakValueDictionary()
_unique_lock = Lock()
_Memo = dict[tuple[Predicate, Predicate], Predicate]
_AND: _Memo = {}
_OR: _Memo = {}


def _make(key: str, arms: Arms, present: Predicate | None, missing: Predicate | None) -> Predicate:
    made = object.__new__(Predicate)
    put = object.__setattr__
    put(made, "key", key)
    put(made, "arms", arms)
    put(made, "present", made if present is None else present)
    put(made, "missing", made if missing is None else missing)
    put(made, "_child", dict(arms))
    put(made, "_complement", None)
    put(made, "_text", "")
    return made


def _constant(total: bool) -> Predicate:
    return ALL if total else NONE


def _node(
    key: str, arms: Iterable[tuple[str, Predicate]], present: Predicate, missing: Predicate
) -> Predicate:
    """The one node with these children. `arms` come sorted by value; those equal to `present` are dropped."""
    kept = tuple(arm for arm in arms if arm[1] is not present)
    if not kept and present is missing:
        return present
    name = (key, kept, present, missing)
    found = _unique.get(name)
    if found is None:
        with _unique_lock:
            found = _unique.get(name)
            if found is None:
                found = _unique[name] = _make(*name)
    return found


def _combine(a: Predicate, b: Predicate, zero: Predicate, unit: Predicate, memo: _Memo) -> Predicate:
    """Intersection (zero NONE, unit ALL) or union (zero ALL, unit NONE)."""
    if a is b or b is unit:
        return a
    if a is unit:
        return b
    if a is zero or b is zero:
        return zero
    pair = (a, b) if id(a) < id(b) else (b, a)
    found = memo.get(pair)
    if found is not None:
        return found
    if b.key < a.key:
        a, b = b, a
    if a.key == b.key:
        # Where the default is `zero`, only the values that node knows can differ from it: walk the shorter
        # such node.
        if b.present is zero and (a.present is not zero or len(b.arms) < len(a.arms)):
            a, b = b, a
        arms = [(v, _combine(c, b._child.get(v, b.present), zero, unit, memo)) for v, c in a.arms]
        if a.present is not zero:
            known = a._child
            arms += [(v, _combine(a.present, c, zero, unit, memo)) for v, c in b.arms if v not in known]
            arms.sort(key=_value)
        present = _combine(a.present, b.present, zero, unit, memo)
        missing = _combine(a.missing, b.missing, zero, unit, memo)
    else:
        arms = [(v, _combine(c, b, zero, unit, memo)) for v, c in a.arms]
        present = _combine(a.present, b, zero, unit, memo)
        missing = _combine(a.missing, b, zero, unit, memo)
    made = _node(a.key, arms, present, missing)
    if len(memo) >= _MEMO_LIMIT:
        memo.clear()
    memo[pair] = made
    return made


def _value(arm: tuple[str, Predicate]) -> str:
    return arm[0]


def _not(a: Predicate) -> Predicate:
    if a._complement is None:
        made = _node(a.key, [(v, _not(c)) for v, c in a.arms], _not(a.present), _not(a.missing))
        object.__setattr__(a, "_complement", made)
        object.__setattr__(made, "_complement", a)
        return made
    return a._complement


ALL = _make("", (), None, None)
NONE = _make("", (), None, None)
object.__setattr__(ALL, "_complement", NONE)
object.__setattr__(NONE, "_complement", ALL)

L = Labels()
