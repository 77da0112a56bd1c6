"""Which mistakes to put into a document: what the mutants of every platform share."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

Doc = dict[str, Any]
Body = dict[str, Any]
Change = Callable[[Doc], None]
Named = tuple[str, Change]
Kind = Callable[[Doc, random.Random], Iterator[Named]]
"""One kind of mistake: every change of it that a document takes."""


class Mutant(NamedTuple):
    """A changed document. `name` begins with the kind of change, and ends with the place."""

    name: str
    doc: Doc


def chosen(kinds: Sequence[Kind], doc: Doc, seed: int, limit: int) -> Iterator[Mutant]:
    """At most `limit` mutants of a document, chosen and ordered by `seed` alone; none of one that has no
    resources. The kinds take turns, so that a small limit still holds one of each."""
    if not doc.get("resource"):
        return
    chance = random.Random(seed)
    found = [list(make(doc, chance)) for make in kinds]
    for changes in found:
        chance.shuffle(changes)
    count = 0
    for turn in zip_longest(*found):
        for named in turn:
            if count == limit:
                return
            if named is None:
                continue
            changed = json.loads(json.dumps(doc))
            named[1](changed)
            if changed != doc:
                count += 1
                yield Mutant(named[0], changed)
