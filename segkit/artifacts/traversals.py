"""Finding what a text of Terraform JSON refers to, and writing it otherwise.

Terraform language, "Strings and templates" and "References to named values": inside `${...}` and `%{...}` a
name is a word, steps are `.word`, `.0` and `["text"]`; quoted text may hold interpolations of its own; `$${`
and `%%{` are text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

Rename = Callable[[tuple[str, ...]], "tuple[int, str] | None"]
"""Given the words of a reference, how many of them to replace, and by what; None to leave it."""

_STEPS = re.compile(
    r"[A-Za-z_][\w-]*(?:\.(?:[A-Za-z_][\w-]*|[0-9]+(?![\w]))|\[\s*\"(?:[^\"\\$%]|\\.)*\"\s*\])*"
)
_PLAIN = re.compile(r"\$\{[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*\}")
_STEP = re.compile(r"\.?([A-Za-z_][\w-]*|[0-9]+)|\[\s*(\"(?:[^\"\\]|\\.)*\")\s*\]")
_SKIPPED = re.compile(r"[^\"{}A-Za-z_.]+|\.\s*[A-Za-z_0-9][\w-]*|[.]")


def renamed(text: str, rename: Rename) -> str:
    """A text of Terraform JSON with its references renamed.

    >>> def local(words):
    ...     return (1, "local.b") if words[0] == "a" else None
    >>> renamed('$${a} is ${a.id}-${upper("${a["x"]}, a")}', local)
    '$${a} is ${local.b.id}-${upper("${local.b["x"]}, a")}'
    """
    if "${" not in text and "%{" not in text:
        return text
    if _PLAIN.fullmatch(text):  # nearly all are
        words = tuple(text[2:-1].split("."))
        found = rename(words)
        return text if found is None else f"${{{'.'.join((found[1], *words[found[0] :]))}}}"
    return _template(text, 0, "", rename)[0]


def renamed_expression(text: str, rename: Rename) -> str:
    """The same for text that is an expression by itself, as in `depends_on` or `provider`."""
    return _expression(text, 0, "", rename)[0]


def _template(text: str, at: int, end: str, rename: Rename) -> tuple[str, int]:
    """The template from `at` up to the quote `end`, or to the end of the text."""
    out: list[str] = []
    while at < len(text):
        if text.startswith(("$${", "%%{"), at):
            out.append(text[at : at + 3])
            at += 3
        elif text.startswith(("${", "%{"), at):
            inner, stop = _expression(text, at + 2, "}", rename)
            out += [text[at : at + 2], inner]
            at = stop
        elif end and text[at] == end:
            return "".join((*out, end)), at + 1
        else:
            step = 2 if end and text[at] == "\\" else 1
            out.append(text[at : at + step])
            at += step
    return "".join(out), at


def _expression(text: str, at: int, end: str, rename: Rename) -> tuple[str, int]:
    """The expression from `at` up to the brace `end`, or to the end of the text."""
    out: list[str] = []
    depth = 0
    while at < len(text):
        letter = text[at]
        if letter == '"':
            inner, at = _template(text, at + 1, '"', rename)
            out += ['"', inner]
        elif letter == "}" and depth == 0 and end:
            return "".join((*out, letter)), at + 1
        elif letter in "{}":
            depth += 1 if letter == "{" else -1
            out.append(letter)
            at += 1
        elif (skipped := _SKIPPED.match(text, at)) is not None:
            out.append(skipped.group())
            at = skipped.end()
        else:
            found = _STEPS.match(text, at)
            if found is None:
                out.append(letter)
                at += 1
                continue
            out.append(_written(found.group(), rename))
            at = found.end()
    return "".join(out), at


def _written(text: str, rename: Rename) -> str:
    steps = list(_STEP.finditer(text))
    try:
        words = tuple(m.group(1) or str(json.loads(m.group(2))) for m in steps)
    except ValueError:  # an escape that JSON does not have
        return text
    found = rename(words)
    if found is None:
        return text
    count, new = found
    return new + text[steps[count - 1].end() :]
