"""The events of a YAML text, one at a time, without what could blow up: aliases, and nesting without end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from segkit.model.findings import Findings
from segkit.model.text_stream import TextStream, Unreadable

FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.1 allows nowhere in a text (section 5.1 of its specification)."""
Event = Any
_DEPTH: dict[type, int] = {
    ScalarEvent: 0,
    MappingStartEvent: 1,
    SequenceStartEvent: 1,
    MappingEndEvent: -1,
    SequenceEndEvent: -1,
}
_DEEPEST = 100
_TAG = "tag:yaml.org,2002:"
MERGE = f"{_TAG}merge"
_HINTS = {
    "\t": "indent with spaces, not tabs",
    "\\t": "indent with spaces, not tabs",
    "tab": "indent with spaces, not tabs",
    "cannot start any token": "put the value in quotes; where it is a tab, indent with spaces",
    "mapping values are not allowed": "put a value with a colon in quotes, or correct the indentation",
}
"""Fixes, by what the problem says or the character that it is at."""
_WRITE_OUT = "write the value out"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_constructor = yaml.constructor.SafeConstructor()
_resolver: Any = yaml.resolver.Resolver()


@dataclass(frozen=True, slots=True)
class Telling:
    """How what is wrong with a file is told: with `columns` or without; where `strict`, anchors and tags are
    wrong even if nothing refers to them."""

    name: str
    found: Findings
    columns: bool
    strict: bool

    def place(self, mark: Any) -> str:
        """`file:line`, with the column where they are told."""
        return f"{self.name}:{mark.line + 1}" + (f":{mark.column + 1}" if self.columns else "")

    def fail(self, what: str, place: str, why: str = "", fix: str = "") -> NoReturn:
        """Note what keeps the rest of the file from being read."""
        self.found.error(what, place, why, fix)
        raise Unreadable


def events_of(source: str | TextStream, telling: Telling) -> Iterator[Event]:
    """The starts, ends and scalars of the one document in a text; none where there is no document.

    Raises Unreadable after a finding: for bad syntax, aliases, more than one document, too deep nesting, and,
    at the end, for what is refused where that is `strict`.
    """
    depth = documents = refused = 0
    try:
        # Without the generators of the library: there are millions of events.
        for event in iter(_LOADER(source).get_event, None):
            change = _DEPTH.get(type(event))
            if change is not None:
                depth += change
                if depth > _DEEPEST:
                    place = telling.place(event.start_mark)
                    telling.fail("not usable YAML: nested too deeply", place, fix="flatten it")
                if telling.strict:
                    refused += _refuse_marks(event, telling)
                yield event
            elif isinstance(event, AliasEvent):
                if not refused:
                    _refuse_alias(event, telling)
                raise Unreadable
            elif isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    what = "the file holds more than one YAML document"
                    telling.fail(what, telling.place(event.start_mark), fix="keep one per file")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        column = f" (column {mark.column + 1})" if mark and not telling.columns else ""
        problem = error.problem or "cannot be read"
        here = source[mark.index : mark.index + 1] if mark and isinstance(source, str) else ""
        fix = next(
            (fix for sign, fix in _HINTS.items() if sign in (problem + here)), "correct the syntax there"
        )
        place = telling.place(mark) if mark else telling.name
        telling.fail(f"not valid YAML: {problem}{column}", place, fix=fix)
    except RecursionError:
        telling.fail("not usable YAML: nested too deeply", telling.name, fix="flatten it")
    if refused:
        raise Unreadable


def _refuse_alias(event: Event, telling: Telling) -> NoReturn:
    why = "a few lines of them can stand for gigabytes"
    telling.fail("YAML aliases are not read", telling.place(event.start_mark), why, _WRITE_OUT)


def _refuse_marks(event: Event, telling: Telling) -> int:
    """Anchors and tags do not belong into a file that people review; most YAML tools hide what they do."""
    anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
    if anchor is not None:
        telling.found.error(
            f"YAML anchors are not read: &{anchor}", telling.place(event.start_mark), fix=_WRITE_OUT
        )
    if tag is not None:
        fix = "write plain text, in quotes where it could be read as a number"
        telling.found.error(f"YAML tags are not read: {tag}", telling.place(event.start_mark), fix=fix)
    return (anchor is not None) + (tag is not None)


def node_of(first: Event, events: Iterator[Event]) -> list[Event]:
    """The events of one scalar, list or mapping, of which `first` is the first."""
    held = [first]
    depth = _DEPTH[type(first)]
    if not depth:
        return held
    for event in events:
        held.append(event)
        change = _DEPTH[type(event)]
        if change:
            depth += change
            if not depth:
                break
    return held


class OddTag(ValueError):  # noqa: N818 - a value, not a mistake of ours
    """A scalar whose YAML type, its text, has no plain value."""


def value_of(event: Event) -> Any:
    """The plain value of a scalar; dates stay text. Raises OddTag."""
    if event.tag is None or event.tag == "!":
        return _plain(event.value) if event.implicit[0] else event.value
    return _value(event.tag, event.value)


@lru_cache(maxsize=8192)
def _plain(text: str) -> Any:
    return _value(_resolver.resolve(yaml.ScalarNode, text, (True, False)), text)


def _value(tag: str, text: str) -> Any:
    kind = tag.removeprefix(_TAG)
    if kind in ("str", "timestamp"):
        return text
    if kind == "null":
        return None
    if kind in ("bool", "int", "float"):
        try:
            return getattr(_constructor, f"construct_yaml_{kind}")(yaml.ScalarNode(tag, text))
        except (ValueError, KeyError):
            pass
    raise OddTag(tag)
