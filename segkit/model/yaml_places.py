"""YAML as plain data with line numbers: one document, no aliases, no tags, no keys that are written twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from yaml.events import (
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from segkit.model.document import Document, Spot, SpotPlaces, Step
from segkit.model.findings import Findings
from segkit.model.text_stream import FORBIDDEN as CONTROL
from segkit.model.text_stream import Unreadable
from segkit.model.yaml_events import (
    FORBIDDEN,
    MERGE,
    Event,
    OddTag,
    Telling,
    events_of,
    node_of,
    value_of,
)


def parse_yaml(text: str, name: str, found: Findings, columns: bool = False) -> Document | None:
    """The document of a YAML text; None after findings.

    Dates stay text. Aliases, merge keys and tags are refused: a few lines of them can stand for gigabytes.
    With `columns` anchors that nothing refers to and tags that change nothing are refused too.
    """
    telling = Telling(name, found, columns, strict=columns)
    try:
        bad = FORBIDDEN.search(text)
        if bad:
            line, at = text.count("\n", 0, bad.start()) + 1, text.rfind("\n", 0, bad.start())
            place = f"{name}:{line}" + (f":{bad.start() - at}" if columns else "")
            telling.fail(f"not valid YAML: {CONTROL}", place, fix="remove it")
        return document_of(list(events_of(text, telling)), telling)
    except Unreadable:
        return None


def yaml_data(text: str) -> Any:
    """What a policy in YAML says, for who edits its text. Raises ValueError where it cannot be read."""
    document = parse_yaml(text, "policy", Findings())
    if document is None:
        raise ValueError("the text is no YAML policy")
    return document.data


def document_of(events: Sequence[Event], telling: Telling, under: tuple[Step, ...] = ()) -> Document | None:
    """The document that some events make up; None after findings."""
    reader = _Reader(telling)
    data = reader.read(events[0], iter(events[1:])) if events else None
    if reader.faulty:
        return None
    places = SpotPlaces(_spot(events[0]) if events else (1, 1), lambda: _index(events))
    return Document(telling.name, data, places, telling.columns, under)


class _Reader:
    """Makes data of events, and notes what has no plain form."""

    def __init__(self, telling: Telling) -> None:
        self.faulty = False
        self._telling = telling

    def read(self, event: Event, events: Iterator[Event]) -> Any:
        """The value that begins with `event` and goes on with `events`."""
        kind = type(event)
        if kind is ScalarEvent:
            try:
                return value_of(event)
            except OddTag as odd:
                what = f"the value {event.value!r} has the YAML type {odd}"
                self._error(what, event, "write plain text")
                return event.value
        if kind is MappingStartEvent:
            return self._mapping(events)
        made = []
        for item in events:
            if type(item) is SequenceEndEvent:
                break
            made.append(self.read(item, events))
        return made

    def _mapping(self, events: Iterator[Event]) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        first: dict[Any, Event] = {}
        for event in events:
            if type(event) is MappingEndEvent:
                break
            key = self._key(event)
            if key is None:
                node_of(event, events)
                node_of(next(events), events)
                continue
            if key in made:
                what = f"the key {key!r} is written twice (first in line {_spot(first[key])[0]})"
                self._error(what, event, "keep one of them", "one of the two values would be lost")
            else:
                first[key] = event
            made[key] = self.read(next(events), events)
        return made

    def _key(self, event: Event) -> str | None:
        """The text of a key; None after a finding when it is none at all."""
        text = type(event) is ScalarEvent
        if not text or event.tag == MERGE or (event.value == "<<" and event.implicit[0]):
            self._error("a key is not plain text", event, "write plain keys; merge keys (<<) are not read")
            return None
        key = self.read(event, iter(()))
        if not isinstance(key, str):
            what = f"the key {event.value} is read as {_kind(key)}, not as text"
            self._error(what, event, f'quote it: "{event.value}"')
        return str(event.value)

    def _error(self, what: str, event: Event, fix: str, why: str = "") -> None:
        self.faulty = True
        self._telling.found.error(what, self._telling.place(event.start_mark), why, fix)


def _kind(value: object) -> str:
    return {bool: "true or false", int: "a number", float: "a number"}.get(type(value), "nothing")


def _spot(event: Event) -> Spot:
    mark: Any = event.start_mark
    return mark.line + 1, mark.column + 1


Index = dict[tuple[Step, ...], tuple[Spot, Spot, str | None]]


def _index(events: Sequence[Event]) -> Mapping[tuple[Step, ...], tuple[Spot, Spot, str | None]]:
    """The place of everything in some events, by location."""
    made: Index = {}
    if events:
        _note(events[0], events[0], iter(events[1:]), (), made)
    return made


def _note(key: Event, first: Event, events: Iterator[Event], at: tuple[Step, ...], made: Index) -> None:
    """Notes the value that begins with `first`, and all that is in it."""
    written = first.value if isinstance(first, ScalarEvent) else None
    made.setdefault(at, (_spot(first), _spot(key), written))
    if isinstance(first, SequenceStartEvent):
        number = 0
        while not isinstance(item := next(events), SequenceEndEvent):
            _note(item, item, events, (*at, number), made)
            number += 1
    elif isinstance(first, MappingStartEvent):
        while not isinstance(name := next(events), MappingEndEvent):
            _note(name, next(events), events, (*at, name.value), made)
