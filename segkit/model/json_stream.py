"""JSON of any size: the elements of the lists at its top level, one at a time.

The decoder of the standard library reads one value at an offset of a text. Here that text is a window that
slides over the file, and grows only while a single value does not fit into it. Unlike the events of a
streaming parser, this tells where every value stands, so that each problem has its line and column.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any, NoReturn

from segkit.model.document import Document, Spot, SpotPlaces, Step
from segkit.model.findings import Findings
from segkit.model.json_places import BLANK, JsonPlaces, hint, note_repeat, odd_word
from segkit.model.text_stream import PIECE, TextStream, Unreadable

# What is wrong this close to the end of the window may be a word or an escape that goes on behind it.
_LONGEST_WORD = 16


def json_entries(stream: TextStream, found: Findings, piece: int = PIECE) -> Iterator[Document]:
    """Every element of a list at the top level, as a document `under` its place; last the top level itself,
    with those lists empty. An element in which a key is written twice is noted and left out.

    Raises Unreadable, after a finding, where the file is no JSON. `piece` is how many bytes are read at once.
    """
    return _Window(stream, found, piece).entries()


class _Window:
    """A stretch of the text of a file, and how far it has been read."""

    def __init__(self, stream: TextStream, found: Findings, piece: int) -> None:
        self._stream, self._found, self._piece = stream, found, piece
        self._text, self._at = "", 0
        # An offset, its line, and the offset at which that line begins.
        self._mark, self._line, self._start = 0, 1, 0
        self._repeated = False
        self._scan = json.JSONDecoder(object_pairs_hook=self._pairs, parse_constant=_constant).raw_decode

    def entries(self) -> Iterator[Document]:
        """See `json_entries`."""
        opening = self._next()
        if self._stream.blank:
            self._fail("the inventory file is empty", "write it, or leave it out")
        where = self._spot(self._at)
        spots: dict[tuple[Step, ...], tuple[Spot, Spot, None]] = {(): (where, where, None)}
        data: Any = {}
        if opening == "{":
            self._at += 1
            done = self._closed("}")
            while not done:
                yield from self._member(data, spots)
                done = self._separated("}")
        else:
            # That it is a list is all there is to say, however long it may be.
            data = [] if opening == "[" else self._value()[0]
        if opening != "[" and self._next():
            self._syntax("extra data", "a file holds one JSON value")
        yield Document(self._stream.name, data, SpotPlaces(where, lambda: spots), columns=True)

    def _member(
        self, data: dict[str, Any], spots: dict[tuple[Step, ...], tuple[Spot, Spot, None]]
    ) -> Iterator[Document]:
        """One key of the top level, with what it holds."""
        if self._next() != '"':
            self._syntax("expecting property name enclosed in double quotes")
        key_spot = self._spot(self._at)
        key: str = self._value()[0]
        if self._next() != ":":
            self._syntax("expecting ':' delimiter")
        self._at += 1
        is_list = self._next() == "["
        if (key,) in spots:
            note_repeat(key, spots[(key,)][0][0], self._place(*key_spot), self._found)
        spots.setdefault((key,), (self._spot(self._at), key_spot, None))
        if not is_list:
            data[key] = self._value()[0]
            return
        data[key] = []
        self._at += 1
        done = self._closed("]")
        for number in count():
            if done:
                break
            value, places = self._value()
            if not self._repeated:
                yield Document(self._stream.name, value, places, columns=True, under=(key, number))
            done = self._separated("]")

    def _value(self) -> tuple[Any, JsonPlaces]:
        """The value at hand, which must end before the window does, unless the file ends there too."""
        while True:
            self._repeated = False
            try:
                value, end = self._scan(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos > len(self._text) - _LONGEST_WORD
                if not cut or not self._more():
                    message = error.msg[:1].lower() + error.msg[1:]
                    self._at = error.pos
                    self._syntax(message, hint(error))
                continue
            except RecursionError:
                self._fail("not usable JSON: nested too deeply", "flatten it")
            except ValueError as error:  # a constant that JSON lacks, or a number of thousands of digits
                self._at += odd_word(self._text[self._at :])
                self._fail(f"not valid JSON: {error}", "write a plain JSON value")
            # A number may go on: "1" is all of "1e+" that makes sense before the next digit is there.
            if end + len("e+1") <= len(self._text) or not self._more():
                break
        places = JsonPlaces(self._text[self._at : end], self._spot(self._at))
        self._at = end
        if self._repeated:
            places.report_repeats(self._stream.name, self._found, columns=True)
        return value, places

    def _closed(self, bracket: str) -> bool:
        """Is there nothing in a list or mapping that was just opened?"""
        empty = self._next() == bracket
        self._at += empty
        return empty

    def _separated(self, bracket: str) -> bool:
        """Reads on to the next part of a list or mapping; true when the bracket closes it instead."""
        char = self._next()
        if char not in (",", bracket):
            self._syntax("expecting ',' delimiter")
        self._at += 1
        if char == "," and self._next() == bracket:
            wanted = "value" if bracket == "]" else "property name enclosed in double quotes"
            self._syntax(f"expecting {wanted}", "remove the comma before the closing bracket")
        return char == bracket

    def _next(self) -> str:
        """The next character that is not blank; empty at the end of the file."""
        while True:
            blank = BLANK.match(self._text, self._at)
            self._at = self._at if blank is None else blank.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Slides the window on to the offset at hand, and at least doubles what is left of it."""
        more = self._stream.read(max(self._piece, len(self._text) - self._at))
        if more:
            self._spot(self._at)
            self._text = self._text[self._at :] + more
            self._mark, self._start = 0, self._start - self._at
            self._at = 0
        return bool(more)

    def _spot(self, at: int) -> Spot:
        """Line and column of an offset, which lies behind those asked for before."""
        lines = self._text.count("\n", self._mark, at)
        if lines:
            self._line += lines
            self._start = self._text.rfind("\n", self._mark, at) + 1
        self._mark = at
        return self._line, at - self._start + 1

    def _place(self, line: int, column: int) -> str:
        return f"{self._stream.name}:{line}:{column}"

    def _syntax(self, message: str, fix: str = "") -> NoReturn:
        fix = fix or hint(json.JSONDecodeError(message, self._text, self._at))
        self._fail(f"not valid JSON: {message}", fix)

    def _fail(self, what: str, fix: str) -> NoReturn:
        self._found.error(what, self._place(*self._spot(self._at)), fix=fix)
        raise Unreadable

    def _pairs(self, items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) != len(items):
            self._repeated = True
        return made


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")
