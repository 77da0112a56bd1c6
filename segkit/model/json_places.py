"""JSON with line numbers and without keys that are written twice."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from segkit.model.document import Document, Step
from segkit.model.findings import Findings

_BLANK = re.compile(r"[ \t\n\r]*")


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

    try:
        data = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        message = error.msg[:1].lower() + error.msg[1:]
        if columns:
            place = f"{name}:{error.lineno}:{error.colno}"
            found.error(f"not valid JSON: {message}", place, fix=_hint(error))
        else:
            place = f"{name}:{error.lineno}"
            found.error(f"not valid JSON: {message} (column {error.colno})", place, fix=_hint(error))
        return None
    except RecursionError:
        found.error("not usable JSON: nested too deeply", name, fix="flatten it")
        return None
    except ValueError as error:
        place = f"{name}{_word(text)}" if columns else name
        found.error(f"not valid JSON: {error}", place, fix="write a plain JSON value")
        return None
    places = JsonPlaces(text)
    if repeated:
        places.report_repeats(name, found, columns)
        return None
    return Document(name, data, places, columns)


def _word(text: str) -> str:
    """`:line:column` of the first word that JSON has no meaning for."""
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|(NaN|-?Infinity)', text):
        if token[1]:
            start = token.start()
            return f":{text.count(chr(10), 0, start) + 1}:{start - text.rfind(chr(10), 0, start)}"
    return ""


def _hint(error: json.JSONDecodeError) -> str:
    before = error.doc[: error.pos].rstrip()
    if before.endswith(",") and error.doc[error.pos : error.pos + 1] in ("]", "}"):
        return "remove the comma before the closing bracket"
    if error.doc[error.pos : error.pos + 1] in ("#", "/"):
        return "JSON has no comments; remove them, or use YAML"
    if error.msg.startswith("Extra data"):
        return "a file holds one JSON value"
    return "correct the syntax there"


class JsonPlaces:
    """Finds lines in a text that is valid JSON, decoding no more of it than the question needs."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decode = json.JSONDecoder(strict=True).raw_decode
        self._children: dict[int, list[tuple[Step, int]]] = {}
        self._index: dict[int, dict[Step, int]] = {}
        # Where the key of the value at an offset stands.
        self._keys: dict[int, int] = {}
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def line(self, location: Sequence[Step]) -> int:
        """The line of a value, counted from 1."""
        return bisect_right(self._lines, self._find(location)[0])

    def written(self, location: Sequence[Step]) -> str | None:
        """A number or word as it is written in the file."""
        at, found = self._find(location)
        if not found or self._text[at] in '[{"':
            return None
        return self._text[at : self._decode(self._text, at)[1]]

    def spot(self, location: Sequence[Step], key: bool = False) -> tuple[int, int]:
        """Line and column of a value, or of its key, both counted from 1."""
        at, found = self._find(location)
        if key and found and location:
            at = self._keys.get(at, at)
        return self._spot(at)

    def _spot(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._lines, at)
        return line, at - self._lines[line - 1] + 1

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
                    line = bisect_right(self._lines, first[key])
                    here, column = self._spot(self._keys[at] if columns else at)
                    found.error(
                        f"the key {key!r} is written twice (first in line {line})",
                        f"{name}:{here}:{column}" if columns else f"{name}:{here}",
                        why="one of the two values would be lost",
                        fix="keep one of them",
                    )
                first.setdefault(key, at)

    def _skip(self, at: int) -> int:
        blank = _BLANK.match(self._text, at)
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
                step, at = self._decode(text, at)
                at = self._skip(self._skip(at) + 1)
                self._keys[at] = key
            kids.append((step, at))
            at = self._skip(self._decode(text, at)[1])
            at = self._skip(at + 1) if text[at] == "," else at
        self._children[start] = kids
        return kids
