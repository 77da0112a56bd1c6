"""Names and labels come from inventories others write; nothing in them may steer a terminal or a page."""

from __future__ import annotations

import unicodedata

# Cc controls (escape sequences, newlines), Cf invisible formats (bidirectional overrides, zero-width
# characters), Zl and Zp line breaks, Cs lone surrogates, Co and Cn what no font shows.
_HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})
_MARKDOWN = frozenset("\\`*_{}[]<>()#+!|~&$")


def printable(text: str) -> str:
    r"""`text` on one line, with every character that could hide or move something written out.

    >>> printable("web\x1b[31m\u202e")
    'web\\x1b[31m\\u202e'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spell(c) if unicodedata.category(c) in _HIDDEN else c for c in text)


def markdown_text(text: str) -> str:
    r"""`text` as Markdown that shows exactly that text.

    >>> markdown_text("a|b <script>")
    'a\\|b \\<script\\>'
    """
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in printable(text))


def _spell(char: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    if named:
        return named
    point = ord(char)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
