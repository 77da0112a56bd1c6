"""Places at which machines may be whose address nobody knows, without the differences that make none.

Somebody may open one port to a hundred ranges, in a rule each. Where a machine is among them says nothing,
and pairs of such places would be ten thousand.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from segkit.platforms.base import View
from segkit.sets.planes import Row

if TYPE_CHECKING:
    from segkit.verify.compare import Spotted


def merged(spots: Sequence[Spotted], views: Sequence[View]) -> Sequence[Spotted]:
    """The classes, with places as one that differ in nothing to anybody, and without those that are like no
    known address. `spots` has the places of a class right behind it."""
    places = homes(spots)
    many = Counter(places.values())
    asked = {n: home for n, home in places.items() if many[home] > 1}
    if not asked:
        return spots
    alike = {held[0]: held for held in _alike(spots, asked, views)}
    return [
        replace(spotted, supposed=tuple(at for m in alike.get(n, [n]) for at in spots[m].supposed))
        for n, spotted in enumerate(spots)
        if n not in asked or n in alike
    ]


def homes(spots: Sequence[Spotted]) -> Mapping[int, int]:
    """Places at which somebody may be, each with the class at no known address; that stands before them."""
    found: dict[int, int] = {}
    home = 0
    for position, spotted in enumerate(spots):
        if spotted.supposed:
            found[position] = home
        else:
            home = position
    return found


def _alike(spots: Sequence[Spotted], home: Mapping[int, int], views: Sequence[View]) -> Sequence[list[int]]:
    """The places of each class by what they are to everybody, and everybody to them."""
    planes = [view.rows([s.spot(n) for s in spots]) for n, view in enumerate(views)]
    asked = sorted({*home, *home.values()})
    among = sum(1 << n for n in asked)
    kinds: dict[Row, int] = {}  # many rows are equal, and long
    cuts: dict[int, None] = {}
    rows: dict[int, tuple[int, ...]] = {}
    for n in range(len(spots)):
        held = [row for plane in planes for row in (plane.outgoing(n), plane.incoming(n))]
        cuts |= dict.fromkeys(mask & among for row in held for _, _, mask in row)
        if among >> n & 1:
            rows[n] = tuple(kinds.setdefault(row, len(kinds)) for row in held)
    groups: dict[object, list[int]] = defaultdict(list)
    size = len(spots) // 8 + 1
    tables = [cut.to_bytes(size, "little") for cut in cuts]
    for n in asked:
        told = bytes(table[n >> 3] >> (n & 7) & 1 for table in tables)
        groups[home.get(n, n), rows[n], told].append(n)
    return [held for held in groups.values() if held[0] in home]
