"""Tags that are there already: what they keep, and what is wrong with what people say of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from segkit.errors import Problem
from segkit.model.model import Target
from segkit.platforms.arguments import Shape, given, texts_by_name, wrong


@dataclass(frozen=True, slots=True)
class Adopted:
    """What an existing tag keeps: the short names of its key and its value, and their ids when they are
    imported (`tagKeys/…`, `tagValues/…`). A network tag has a name alone, its `value`."""

    key: str | None = None
    key_id: str | None = None
    value: str | None = None
    value_id: str | None = None


_KEPT = {f.name for f in fields(Adopted)}
SHAPE: Shape = (
    "what each group keeps, e.g. {'web': {'key': 'role', 'value': 'web'}}",
    texts_by_name(_KEPT),
)

# Resource Manager API, TagKey and TagValue, shortName; Compute Engine API, Tags.
_SHORT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}[A-Za-z0-9])?")
_NETWORK_TAG = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_IDS = {"key": "tagKeys", "value": "tagValues"}


def check_adopted(target: Target) -> Iterator[Problem]:
    """Names and ids that Google Cloud would refuse, or that would replace what is adopted."""
    found = given(target)
    tags = found.get("tags", "secure")
    for group, kept in sorted(found.get("adopt", {}).items()):
        if tags != "secure":
            yield from _check_plain(target, tags, group, kept)
            continue
        for part, kind in _IDS.items():
            yield from _check_part(target, group, kept, part, kind)


def _check_plain(target: Target, tags: str, group: str, kept: Mapping[str, Any]) -> Iterator[Problem]:
    """Network tags have names alone, and accounts are named by accounts=."""
    if tags != "network" or set(kept) != {"value"}:
        fix = "write {'value': …}, the network tag" if tags == "network" else "leave adopt out: see accounts"
        yield wrong(target, "adopt", f"{group!r} keeps {', '.join(sorted(kept))}, and tags is {tags!r}", fix)
    elif not _NETWORK_TAG.fullmatch(kept["value"]):
        fix = "write the network tag that machines have"
        yield wrong(target, "adopt", f"value of {group!r} is {kept['value']!r}, which is no network tag", fix)


def _check_part(
    target: Target, group: str, kept: Mapping[str, Any], part: str, kind: str
) -> Iterator[Problem]:
    called, id_ = kept.get(part), kept.get(f"{part}_id")
    if called is not None and "${" not in called and not _SHORT.fullmatch(called):
        fix = f"write the short name that the {part} has"
        yield wrong(target, "adopt", f"{part} of {group!r} is {called!r}, which is no short name", fix)
    if id_ is None or "${" in id_:
        return
    if not re.fullmatch(rf"{kind}/[0-9]+", id_):
        yield wrong(target, "adopt", f"{part}_id of {group!r} is {id_!r}", f"write {kind}/NUMBER")
    elif called is None:
        what = f"{group!r} has a {part}_id and no {part}"
        yield wrong(target, "adopt", what, f"write {part}=: with another short name, it would be replaced")
