"""What people may write as the ends and the services of a rule."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, Union, runtime_checkable

from segkit.model.catalog import names, well_known
from segkit.model.ends import End
from segkit.model.findings import Findings, nearest
from segkit.model.policy import Service
from segkit.sets import NOTHING, Predicate, ServiceParseError, ServiceSet


@runtime_checkable
class HasEnd(Protocol):
    """Anything that stands for an end: a group, a zone, an address set, a construct over one of them."""

    @property
    def end(self) -> End:
        """The end it stands for."""
        ...


EndLike = Union[  # noqa: UP007 - it names itself
    End, Predicate, HasEnd, Sequence["EndLike"]
]
ServiceLike = ServiceSet | Service | str
_LISTS = (list, tuple)


def one_end(value: object) -> tuple[End, ...] | None:
    """The end that a value stands for, if it is one and no list."""
    end = None if isinstance(value, _LISTS) else _end(value)
    return None if end is None else (end,)


def read_ends(value: object, what: str, where: str, found: Findings) -> tuple[End, ...] | None:
    """The ends that a value stands for, each once, sorted; None after a finding."""
    ends: dict[str, End] = {}
    good = True
    for item in _flat(value):
        end = _end(item)
        if end is not None:
            ends[end.key] = end
            continue
        good = False
        fix = "use a Group, Zone, zone.network, AddressSet, a selector, or anywhere / internet / outside"
        if isinstance(item, str):
            fix = f"use the object, not its name; for addresses: seg.address_set({item!r}, [...])"
        found.error(f"{what} is not an end of a rule: {item!r}", where, fix=fix)
    return tuple(ends[key] for key in sorted(ends)) if good else None


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, _LISTS):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _end(value: object) -> End | None:
    if isinstance(value, End):
        return value
    if isinstance(value, Predicate):
        return End.select(value)
    # Not isinstance(value, HasEnd): the label namespace L has every attribute.
    end = getattr(value, "end", None)
    return end if isinstance(end, End) else None


def read_services(values: Iterable[object], what: str, where: str, found: Findings) -> ServiceSet | None:
    """The union of services written as sets, named services, catalogue names or text; None after a finding.

    >>> str(read_services(["https", "tcp/8443; ping"], "", "", Findings()))
    'tcp/443,8443; icmp/8; icmpv6/128'
    """
    parts = [one for value in values for one in _services(value, what, where, found)]
    if not parts:
        found.error(
            f"{what} names no service",
            where,
            why="empty never means any",
            fix='add one, for example tcp(443) or "https"; for every service write ANY',
        )
        return None
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else ServiceSet.union(known)


def _services(value: object, what: str, where: str, found: Findings) -> Iterator[ServiceSet | None]:
    if isinstance(value, ServiceSet):
        yield value
    elif isinstance(value, Service):
        yield value.services
    elif isinstance(value, _LISTS):
        for item in value:
            yield from _services(item, what, where, found)
    elif isinstance(getattr(value, "services", None), ServiceSet):
        yield getattr(value, "services", NOTHING)
    elif isinstance(value, str):
        yield _parsed(value, what, where, found)
    else:
        found.error(
            f"{what} has a service that is none: {value!r}",
            where,
            fix='write tcp(443), "https", "tcp/443", or a Service',
        )
        yield None


def _parsed(text: str, what: str, where: str, found: Findings) -> ServiceSet | None:
    if text.split()[:2] == ["any", "except"]:
        items = [text]
    else:
        items = [item.strip() for item in text.split(";")]
    parts = []
    for item in items:
        try:
            parts.append(well_known(item) if item in names() else ServiceSet.parse(item))
        except ServiceParseError as error:
            if item.replace("-", "").isalpha():
                found.error(
                    f"{what}: unknown service {item!r}", where, fix=nearest(item, names(), "services")
                )
            else:
                found.refused(str(error), where, what)
    return ServiceSet.union(parts) if len(parts) == len(items) else None


def rule_hash(
    action: str,
    source: Iterable[End],
    destination: Iterable[End],
    unless_source: Iterable[End] = (),
    unless_destination: Iterable[End] = (),
) -> str:
    """Eight hex digits that name a rule by its action and its ends, whatever order they are written in."""
    sides = (source, destination, unless_source, unless_destination)
    body: list[Any] = [action, *(sorted(end.key for end in side) for side in sides)]
    return hashlib.sha256(json.dumps(body).encode()).hexdigest()[:8]
