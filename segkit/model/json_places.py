"""JSON with line numbers and without keys that are written twice."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from segkit.model.document import Document, Spot, Step
from segkit.model.findings import Findings

BLANK = re.compile(r"[ \t\n\r]*")
_DEEPEST = 100
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ODD = re.compile(r"NaN|-?Infinity|\d{4000,}")
_TOKEN = re.compile(f"{_QUOTED}|({_ODD.pattern})")
_BRACKET = re.compile(f"{_QUOTED}|[][{{}}]")
_decode = json.JSONDecoder().raw_decode


def parse_json(text: str, name: str, found: Findings, columns: bool = False) -> Document | None:
    """The document of a JSON text; None after findings for syntax errors and repeated keys."""
    repeated = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        made = dict(items)
        repeated = repeated or len(made) != len(items)
        return made

    def constant(word: str) -> Any:
        raise ValueError(f"{word} is not JSON")

    deep = _too_deep(text)
    if deep is not None:
        found.error("not usable JSON: nested too deeply", _place(text, deep, name, columns), fix="flatten it")
        return None
    try:
        data = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        message = error.msg[:1].lower() + error.msg[1:]
        if columns:
            place = f"{name}:{error.lineno}:{error.colno}"
            found.error(f"not valid JSON: {message}", place, fix=hint(error))
        else:
            place = f"{name}:{error.lineno}"
            found.error(f"not valid JSON: {message} (column {error.colno})", place, fix=hint(error))
        return None
    except ValueError as error:
        at = odd_word(text)
        word = _ODD.match(text, at)
        what = "a number of thousands of digits" if word and word[0].isdigit() else str(error)
        fix = "write a plain JSON value"
        found.error(f"not valid JSON: {what}", _place(text, at, name, columns), fix=fix)
        return None
    places = JsonPlaces(text)
    if repeated:
        places.report_repeats(name, found, columns)
        return None
    return Document(name, data, places, columns)


def odd_word(text: str) -> int:
    """The offset of the first word that JSON has no meaning for, or Python no room; 0 where there is none."""
    for token in _TOKEN.finditer(text):
        if token[1]:
            return token.start(1)
    return 0


def _too_deep(text: str) -> int | None:
    """The offset of the first bracket that is deeper than people write; None where there is none."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return None
    depth = 0
    for token in _BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > _DEEPEST:
            return token.start()
    return None


def _place(text: str, at: int, name: str, columns: bool) -> str:
    place = f"{name}:{text.count(chr(10), 0, at) + 1}"
    return f"{place}:{at - text.rfind(chr(10), 0, at)}" if columns else place


def hint(error: json.JSONDecodeError) -> str:
    """How to put right what is no JSON."""
    before = error.doc[: error.pos].rstrip()
    if before.endswith(",") and error.doc[error.pos : error.pos + 1] in ("]", "}"):
        return "remove the comma before the closing bracket"
    if error.doc[error.pos : error.pos + 1] in ("#", "/"):
        return "JSON has no comments; remove them, or use YAML"
    if error.msg.startswith("Extra data"):
        return "a file holds one JSON value"
    return "correct the syntax there"


def note_repeat(key: Step, first: int, place: str, found: Findings) -> None:
    """Note a key that one object has twice, first in line `first`."""
    found.error(
        f"the key {key!r} is written twice (first in line {first})",
        place,
        why="one of the two values would be lost",
        fix="keep one of them",
    )


class JsonPlaces:
    """Finds lines in a text that is valid JSON, decoding no more of it than the question needs.

    The text may be one value of a file; then `first` is where in the file it begins.
    """

    def __init__(self, text: str, first: Spot | None = None) -> None:
        self._text = text
        self._first = first
        self._children: dict[int, list[tuple[Step, int]]] = {}
        self._index: dict[int, dict[Step, int]] = {}
        # Where the key of the value at an offset stands.
        self._keys: dict[int, int] = {}

    def line(self, location: Sequence[Step]) -> int:
        """The line of a value, counted from 1."""
        return self.spot(location)[0]

    def written(self, location: Sequence[Step]) -> str | None:
        """A number or word as it is written in the file."""
        at, found = self._find(location)
        if not found or self._text[at] in '[{"':
            return None
        return self._text[at : _decode(self._text, at)[1]]

    def spot(self, location: Sequence[Step], key: bool = False) -> Spot:
        """Line and column of a value, or of its key, both counted from 1."""
        if not location and self._first:
            return self._first
        at, found = self._find(location)
        if key and found and location:
            at = self._keys.get(at, at)
        return self._spot(at)

    @cached_property
    def _lines(self) -> list[int]:
        """Where the lines begin."""
        return [0, *(found.end() for found in re.finditer("\n", self._text))]

    def _spot(self, at: int) -> Spot:
        line, column = self._first or (1, 1)
        number = bisect_right(self._lines, at) - 1
        return line + number, at - self._lines[number] + (1 if number else column)

    def _find(self, location: Sequence[Step]) -> tuple[int, bool]:
        """The offset of a value, or of its nearest container when it is not there."""
        at = self._skip(0)
        for step in location:
            if at not in self._index:
                self._index[at] = dict(self._inside(at))
            if step not in self._index[at]:
                return at, False
            at = self._index[at][step]
        return at, True

    def report_repeats(self, name: str, found: Findings, columns: bool = False) -> None:
        """Note every key that one object has twice."""
        todo = [self._skip(0)]
        while todo:
            first: dict[Step, int] = {}
            for key, at in self._inside(todo.pop()):
                todo.append(at)
                if key in first:
                    here, column = self._spot(self._keys[at] if columns else at)
                    place = f"{name}:{here}:{column}" if columns else f"{name}:{here}"
                    note_repeat(key, self._spot(first[key])[0], place, found)
                first.setdefault(key, at)

    def _skip(self, at: int) -> int:
        blank = BLANK.match(self._text, at)
        return at if blank is None else blank.end()

    def _inside(self, start: int) -> list[tuple[Step, int]]:
        """The values directly inside the container at `start`, by key or index, with their offsets."""
        if start in self._children:
            return self._children[start]
        kids: list[tuple[Step, int]] = []
        text, opening = self._text, self._text[start]
        at = self._skip(start + 1)
        while opening in "[{" and text[at] not in "]}":
            step: Step = len(kids)
            if opening == "{":
                key = at
                step, at = _decode(text, at)
                at = self._skip(self._skip(at) + 1)
                self._keys[at] = key
            kids.append((step, at))
            at = self._skip(_decode(text, at)[1])
            at = self._skip(at + 1) if text[at] == "," else at
        self._children[start] = kids
        return kids
