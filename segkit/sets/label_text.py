"""Predicates as text, both ways.

    or    : and ("or" and)*
    and   : one ("and" one)*
    one   : "not" one | "(" or ")" | "all" | "none" | key test
    test  : "==" value | "!=" value | ["not"] "in" "(" value ("," value)* ")" | "exists"

A key or value is a plain word or a JSON string. What is printed quotes every value, and every key that is no
identifier, as ASCII JSON: both may come from people one does not trust.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache

from segkit.sets.label_cover import Condition, Term, conjunction, cover
from segkit.sets.labels import ALL, NONE, Key, LabelParseError, Predicate, json_text

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<mark>==|!=|[(),])|(?P<word>[A-Za-z0-9_][A-Za-z0-9_./:@+-]*)|(?P<end>\Z))""",
    re.ASCII,
)
_RESERVED = frozenset({"and", "or", "not", "in", "exists", "all", "none"})
_MISTAKES = {
    "=": "write == to compare",
    "&": "write and",
    "|": "write or",
    "!": "write not, or != to compare",
    "~": "write not",
    "'": 'write text in double quotes, as in "web"',
    '"': "this text has no closing double quote",
}
_DEEPEST = 64
_MOST_KEYS = 128
_MOST_TERMS = 16


@dataclass(frozen=True, slots=True)
class _Joined:
    """Texts joined by one word; parentheses are put where two words meet."""

    word: str
    items: tuple[str | _Joined, ...]

    def text(self, inside: str = "") -> str:
        flat = self.word if len(self.items) > 1 else inside
        pieces = [item if isinstance(item, str) else item.text(flat) for item in self.items]
        text = f" {self.word} ".join(pieces)
        return f"({text})" if len(pieces) > 1 and inside not in ("", self.word) else text


def render(predicate: Predicate) -> str:
    """The canonical text: `parse` gives the same predicate back, and equal predicates have the same text."""
    if predicate is ALL:
        return "all"
    if predicate is NONE:
        return "none"
    return _Joined("and", _clauses(predicate)).text()


# Denies leave the same rest of many selectors that differ in what they ask first.
@lru_cache(maxsize=4096)
def _clauses(predicate: Predicate) -> tuple[str | _Joined, ...]:
    """What an `and` joins to say a predicate; nothing for ALL. NONE cannot be said."""
    if predicate is ALL:
        return ()
    children = [child for _value, child in predicate.arms]
    if predicate.present is predicate.missing is NONE and all(c is children[0] for c in children):
        values = tuple(value for value, _child in predicate.arms)
        return _condition(Condition(predicate.key, values, False, False)), *_clauses(children[0])
    terms = cover(predicate)
    shared = tuple(one for one in terms[0] if all(one in term for term in terms))
    rests = tuple(tuple(one for one in term if one not in shared) for term in terms)
    if len(rests) == 1:
        return tuple(map(_condition, shared))
    clauses: tuple[Term, ...] = ()
    if len(rests) <= _MOST_TERMS:
        either = Predicate.union(map(conjunction, rests))
        clauses = tuple(tuple(one.negated() for one in term) for term in cover(~either))
    if clauses and sum(map(len, clauses)) < sum(map(len, rests)):
        tail = tuple(_Joined("or", tuple(map(_condition, clause))) for clause in clauses)
    else:
        tail = (_Joined("or", tuple(_Joined("and", tuple(map(_condition, term))) for term in rests)),)
    return *map(_condition, shared), *tail


def _key_text(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) and name not in _RESERVED else json_text(name)


def _condition(condition: Condition) -> str | _Joined:
    key = _key_text(condition.key)
    quoted = [json_text(value) for value in condition.values]
    if len(quoted) == 1:
        listed = f"{key} {'!=' if condition.others else '=='} {quoted[0]}"
    else:
        listed = f"{key} {'not in' if condition.others else 'in'} ({', '.join(quoted)})"
    if condition.others:
        if condition.missing:
            return listed
        return _Joined("and", (f"{key} exists", listed)) if quoted else f"{key} exists"
    if not condition.missing:
        return listed
    return _Joined("or", (f"not {key} exists", listed)) if quoted else f"not {key} exists"


def parse(text: str) -> Predicate:
    """The predicate written in `text`; see `Predicate.parse`."""
    return _Parser(text).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end of the text"
        return self.text if self.text.isascii() and self.text.isprintable() else json_text(self.text)


class _Parser:
    """Recursive descent over the grammar above."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._keys: set[str] = set()

    def whole(self) -> Predicate:
        if self._next.kind == "end":
            raise LabelParseError("the text is empty; write all for every workload, none for no workload", 1)
        made = self._or()
        if self._next.kind != "end":
            raise self._expected("and, or, or the end of the text")
        return made

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> bool:
        """Move past the next token if it is one of these words or marks."""
        if self._next.kind in ("word", "mark") and self._next.text in texts:
            self._at += 1
            return True
        return False

    def _need(self, text: str, what: str) -> None:
        if not self._take(text):
            raise self._expected(what)

    def _expected(self, what: str) -> LabelParseError:
        return LabelParseError(f"expected {what}, found {self._next}", self._next.column)

    def _or(self) -> Predicate:
        found = [self._and()]
        while self._take("or"):
            found.append(self._and())
        return Predicate.union(found)

    def _and(self) -> Predicate:
        found = self._one()
        while self._take("and"):
            found &= self._one()
        return found

    def _one(self) -> Predicate:
        start = self._next
        if start.text in ("not", "(") and start.kind != "string":
            self._depth += 1
            if self._depth > _DEEPEST:
                raise LabelParseError(f"more than {_DEEPEST} levels of not and parentheses", start.column)
            self._at += 1
            if start.text == "not":
                found = ~self._one()
            else:
                found = self._or()
                self._need(")", f"and, or, or the ')' for the '(' in column {start.column}")
            self._depth -= 1
            return found
        if self._take("all"):
            return ALL
        if self._take("none"):
            return NONE
        return self._test(self._key())

    def _key(self) -> Key:
        column = self._next.column
        name = self._text("a label key")
        if not name:
            raise LabelParseError("a label key cannot be empty", column)
        self._keys.add(name)
        if len(self._keys) > _MOST_KEYS:
            raise LabelParseError(f"more than {_MOST_KEYS} different label keys", column)
        return Key(name)

    def _test(self, key: Key) -> Predicate:
        if self._take("exists"):
            return key.exists()
        if self._take("=="):
            return key == self._text("a value")
        if self._take("!="):
            return key != self._text("a value")
        if self._take("in"):
            return key.in_(*self._list())
        if self._take("not"):
            self._need("in", "in after not")
            return ~key.in_(*self._list())
        raise self._expected(
            f'==, !=, in, not in or exists after the key (as in {_key_text(key.name)} == "web")'
        )

    def _list(self) -> list[str]:
        self._need("(", 'a list in parentheses, as in ("web", "api")')
        found = [self._text("a value")]
        while self._take(","):
            found.append(self._text("a value"))
        self._need(")", "',' or ')'")
        return found

    def _text(self, what: str) -> str:
        """A key or a value: a plain word that is not reserved, or a JSON string."""
        token = self._next
        if token.kind == "word" and token.text in _RESERVED:
            raise LabelParseError(
                f'expected {what}, found {token}; if it is one, write "{token}"', token.column
            )
        if token.kind not in ("word", "string"):
            raise self._expected(what)
        self._at += 1
        if token.kind == "word":
            return token.text
        try:
            text: str = json.loads(token.text)
            text.encode()
        except ValueError:
            raise LabelParseError(f"{token} is not a JSON string of valid text", token.column) from None
        return text


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            while text[at].isspace():
                at += 1
            hint = _MISTAKES.get(text[at], "write keys and values with other characters in double quotes")
            raise LabelParseError(f"cannot read {json_text(text[at])} here; {hint}", at + 1)
        kind = match.lastgroup or "end"
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        at = match.end()
    return found
