"""The part of Terraform's expression language that a stack uses to name groups, as a syntax tree.

Terraform JSON writes expressions inside strings ("JSON Configuration Syntax", Terraform language
documentation): a string is a template, `${ ... }` an interpolation, `$${` and `%%{` the escapes for a literal
`${` and `%{`. A string that is one interpolation and nothing else has the value of the expression, not its
text.

Whatever is outside this part (conditionals, arithmetic, `for`, splats, heredocs) becomes an `Opaque` node
with its text, so that a reader can say "unknown" but can never overlook it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: text, number, true, false or null."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Template:
    """Several pieces that Terraform joins to one text."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Tuple:
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Object:
    """`{ a = b }`."""

    pairs: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Root:
    """The first word of a reference: `local`, `data`, `var`, or a resource type."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """`of.key`, `of["key"]` or `of[0]`."""

    of: Node
    key: Node


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something this reader does not interpret, with its text."""

    text: str


Node = Literal | Template | Tuple | Object | Call | Root | Step | Opaque


class _UnreadableError(Exception):
    """The text leaves the part of the language that is read here."""


_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_PLAIN = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)+\}")
_ELEMENT = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)+)(?=\s*[,\])])")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SPACE = re.compile(r"\s*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class _Parser:
    """Recursive descent over one text; every method leaves `at` behind what it has read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def peek(self, token: str) -> bool:
        self.skip()
        return self.text.startswith(token, self.at)

    def take(self, token: str) -> bool:
        if not self.peek(token):
            return False
        self.at += len(token)
        return True

    def need(self, token: str) -> None:
        if not self.take(token):
            raise _UnreadableError

    def word(self) -> str | None:
        self.skip()
        match = _WORD.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match.group()

    def expression(self) -> Node:
        plain = _ELEMENT.match(self.text, self.at)
        if plain is not None:  # what most lists are made of
            self.at = plain.end()
            return _path(plain.group(1))
        node = self.primary()
        while True:
            self.skip()
            if self.text.startswith("...", self.at):
                raise _UnreadableError
            if self.take("."):
                node = Step(node, self.attribute())
            elif self.take("["):
                node = Step(node, self.expression())
                self.need("]")
            else:
                return node

    def attribute(self) -> Literal:
        number = re.compile(r"[0-9]+").match(self.text, self.at)
        if number is not None:
            self.at = number.end()
            return Literal(int(number.group()))
        name = self.word()
        if name is None:  # a splat
            raise _UnreadableError
        return Literal(name)

    def primary(self) -> Node:
        self.skip()
        if self.take('"'):
            return self.quoted()
        if self.take("["):
            return Tuple(tuple(self.items("]")))
        if self.take("{"):
            return self.object()
        if self.take("("):
            inner = self.expression()
            self.need(")")
            return inner
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            self.at = number.end()
            text = number.group()
            return Literal(int(text) if re.fullmatch(r"-?[0-9]+", text) else float(text))
        name = self.word()
        if name is None or name == "for":
            raise _UnreadableError
        if self.text.startswith("(", self.at):
            self.at += 1
            return Call(name, tuple(self.items(")")))
        return Literal(_CONSTANTS[name]) if name in _CONSTANTS else Root(name)

    def items(self, end: str) -> list[Node]:
        found: list[Node] = []
        while not self.take(end):
            found.append(self.expression())
            if not self.take(","):
                self.need(end)
                break
        return found

    def object(self) -> Object:
        pairs: list[tuple[str, Node]] = []
        while not self.take("}"):
            if self.take('"'):
                key = self.quoted()
                if not isinstance(key, Literal) or not isinstance(key.value, str):
                    raise _UnreadableError
                name: str | None = key.value
            else:
                name = self.word()
            if name is None or name == "for" or not (self.take("=") or self.take(":")):
                raise _UnreadableError
            pairs.append((name, self.expression()))
            self.take(",")
        return Object(tuple(pairs))

    def quoted(self) -> Node:
        return self.template(end='"')

    def template(self, end: str) -> Node:
        """Text with interpolations, up to the closing quote (`end`) or, without one, to the end."""
        parts: list[Node] = []
        plain: list[str] = []
        while True:
            if self.at >= len(self.text):
                if end:
                    raise _UnreadableError
                break
            rest = self.text[self.at]
            if end and rest == end:
                self.at += 1
                break
            if end and rest == "\\":
                plain.append(self.escape())
            elif self.text.startswith(("$${", "%%{"), self.at):
                plain.append(rest + "{")
                self.at += 3
            elif self.text.startswith("%{", self.at):
                raise _UnreadableError
            elif self.text.startswith("${", self.at):
                if plain:
                    parts.append(Literal("".join(plain)))
                    plain = []
                parts.append(self.interpolation())
            else:
                plain.append(rest)
                self.at += 1
        if plain or not parts:
            parts.append(Literal("".join(plain)))
        return parts[0] if len(parts) == 1 else Template(tuple(parts))

    def escape(self) -> str:
        code = self.text[self.at + 1 : self.at + 2]
        for mark, digits in (("u", 4), ("U", 8)):
            if code == mark:
                number = self.text[self.at + 2 : self.at + 2 + digits]
                self.at += 2 + digits
                try:
                    return chr(int(number, 16))
                except (ValueError, OverflowError):
                    raise _UnreadableError from None
        if code not in _ESCAPES:
            raise _UnreadableError
        self.at += 2
        return _ESCAPES[code]

    def interpolation(self) -> Node:
        """`${ expression }`; one with strip markers (`${~`) is not interpreted."""
        start = self.at
        self.at += 2
        try:
            node = self.expression()
            self.need("}")
        except _UnreadableError:
            self.at = _closing(self.text, start)
            return Opaque(self.text[start + 2 : self.at - 1].strip())
        return node


def _path(text: str) -> Node:
    """A reference without indices: words with dots between them."""
    root, *words = text.split(".")
    node: Node = _root(root)
    for word in words:
        node = Step(node, _word(word))
    return node


# The same few words stand in reference after reference.
_root = lru_cache(maxsize=1024)(Root)
_word = lru_cache(maxsize=16384)(Literal)


def _closing(text: str, start: int) -> int:
    """Index behind the `}` that closes the interpolation at `start`; quoted text may hold braces."""
    depth, at, quoted = 0, start + 1, False
    while at < len(text):
        letter = text[at]
        if quoted and letter == "\\":
            at += 1
        elif letter == '"':
            quoted = not quoted
        elif letter == "{" and not quoted:
            depth += 1
        elif letter == "}" and not quoted:
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    raise _UnreadableError


@lru_cache(maxsize=65536)
def parse(text: str) -> Node:
    """The syntax tree of one string of Terraform JSON.

    >>> parse("sg-1")
    Literal(value='sg-1')
    >>> parse("${local.web}")
    Step(of=Root(name='local'), key=Literal(value='web'))
    >>> parse("$${x}")
    Literal(value='${x}')
    >>> parse("${a ? b : c}")
    Opaque(text='a ? b : c')
    """
    if "${" not in text and "%{" not in text:
        return Literal(text)
    if _PLAIN.fullmatch(text):  # nearly all references are written so
        return _path(text[2:-1])
    parser = _Parser(text)
    try:
        return parser.template(end="")
    except _UnreadableError:
        return Opaque(text)
