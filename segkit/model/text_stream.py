"""The text of a file a piece at a time, so that a large file is never in memory as a whole."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator

from segkit.model.findings import Findings
from segkit.progress import Tell

PIECE = 1 << 17
"""Bytes that are read at once."""
FORBIDDEN = "a character that may not be there (control characters are not allowed)"


class Unreadable(Exception):  # noqa: N818 - it says how a file is, and never leaves the reader of one
    """A file that cannot be read on; the finding is noted already."""


class TextStream:
    """The text of a UTF-8 file, with or without a byte order mark.

    What comes before a bad byte, or before a character that is `forbidden`, is read all the same; then
    the bad one is noted, and reading on raises `Unreadable`. `more` gives the next bytes, about as many as it
    is asked for, and None after a finding; `tell` hears how many there were.
    """

    def __init__(
        self,
        more: Callable[[int], bytes | None],
        name: str,
        found: Findings,
        tell: Tell,
    ) -> None:
        self.name = name
        self.blank = True
        """Has there been nothing but blanks so far?"""
        self.forbidden: re.Pattern[str] | None = None
        """What may stand nowhere in the text, where the format says so."""
        self._more, self._found, self._tell = more, found, tell
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._bytes = 0
        self._utf16 = False
        self._line = self._column = 1
        self._bad: tuple[str, str, str] | None = None

    def read(self, size: int = PIECE) -> str:
        """The next piece of text, of about `size` bytes; empty at the end of the file."""
        text = ""
        while not text:
            if self._bad is not None:
                what, why, fix = self._bad
                self._found.error(what, f"{self.name}:{self._line}:{self._column}", why, fix)
                raise Unreadable
            raw = self._bytes_of(size)
            text = self._checked(self._decoded(raw))
            if not raw:
                break
        self._advance(text)
        return text

    def lines(self) -> Iterator[str]:
        """The lines, with the ends they have in the file."""
        # The last line of a piece waits for the next: it may go on there, also between CR and LF.
        held: list[str] = []
        while piece := self.read():
            held.append(piece)
            if "\n" in piece or "\r" in piece:
                *whole, last = io.StringIO("".join(held), newline="")
                yield from whole
                held = [last]
        if held:
            yield from io.StringIO("".join(held), newline="")

    def _bytes_of(self, size: int) -> bytes:
        raw = self._more(size)
        if raw is None:
            raise Unreadable
        self._utf16 = self._utf16 or (not self._bytes and raw[:2] in (b"\xff\xfe", b"\xfe\xff"))
        return raw

    def _decoded(self, raw: bytes) -> str:
        waiting, first = len(self._decoder.getstate()[0]), self._line == self._column == 1
        try:
            text = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            # `error.object` is what was waiting and `raw`.
            bad, at = error.object[error.start], self._bytes - waiting + error.start
            what = f"the file is not UTF-8: byte 0x{bad:02x} at offset {at}"
            self._bad = (what, "it looks like UTF-16" if self._utf16 else "", "save it as UTF-8")
            text = error.object[: error.start].decode()
        self._bytes += len(raw)
        self._tell(self._bytes)
        return text.removeprefix("\ufeff") if first else text

    def _checked(self, text: str) -> str:
        bad = self.forbidden.search(text) if self.forbidden else None
        if bad is None:
            return text
        self._bad = (f"not valid YAML: {FORBIDDEN}", "", "remove it")
        return text[: bad.start()]

    def _advance(self, text: str) -> None:
        self.blank = self.blank and (not text or text.isspace())
        lines = text.count("\n")
        self._line += lines
        self._column = len(text) - text.rfind("\n") if lines else self._column + len(text)
