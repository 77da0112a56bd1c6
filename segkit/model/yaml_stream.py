"""YAML of any size: the elements of the lists at its top level, one at a time."""

from __future__ import annotations

from collections.abc import Iterator

from yaml.events import MappingEndEvent, MappingStartEvent, SequenceEndEvent, SequenceStartEvent

from segkit.model.document import Document, Step
from segkit.model.findings import Findings
from segkit.model.text_stream import TextStream
from segkit.model.yaml_events import FORBIDDEN, Event, Telling, events_of, node_of
from segkit.model.yaml_places import document_of


def yaml_entries(stream: TextStream, found: Findings) -> Iterator[Document]:
    """Every element of a list at the top level, as a document `under` its place; last the top level itself,
    with those lists empty. What has no plain form is noted and left out.

    Raises Unreadable, after a finding, where the file is no YAML.
    """
    stream.forbidden = FORBIDDEN
    telling = Telling(stream.name, found, columns=True, strict=False)
    events = events_of(stream, telling)
    first = next(events, None)
    top = [] if first is None else [first]
    if stream.blank:
        telling.fail("the inventory file is empty", f"{stream.name}:1:1", fix="write it, or leave it out")
    if isinstance(first, MappingStartEvent):
        for under, held in _members(events, top):
            document = document_of(held, telling, under)
            if document is not None:
                yield document
    if isinstance(first, SequenceStartEvent):
        # That it is a list is all there is to say, however long it may be.
        top.append(SequenceEndEvent(first.end_mark, first.end_mark))
    else:
        top += events  # there are none, or what comes is wrong, such as a second document
    whole = document_of(top, telling)
    if whole is not None:
        yield whole


def _members(events: Iterator[Event], top: list[Event]) -> Iterator[tuple[tuple[Step, ...], list[Event]]]:
    """The elements of the lists in a mapping, with their places; all other events go to `top`."""
    while True:
        key = next(events)
        if isinstance(key, MappingEndEvent):
            top.append(key)
            return
        top += node_of(key, events)
        value = next(events)
        if not isinstance(value, SequenceStartEvent):
            top += node_of(value, events)
            continue
        top.append(value)
        number = 0
        while not isinstance(item := next(events), SequenceEndEvent):
            yield (str(getattr(key, "value", "")), number), node_of(item, events)
            number += 1
        top.append(item)
