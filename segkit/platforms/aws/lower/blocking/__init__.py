"""Blocks for targets whose policies no layers fit into: which selectors to put together, so that far ends are
few groups to name and every interface keeps its quotas.

Nothing is known of labels: `demand` has who is in a selector and what it opens, `layout` what groups some
blocks make and how many of them name a far end, `books` how many rules all groups of all targets have. The
search goes from target to target, and moves one selector at a time where it costs least. It counts; whether
what it finds fits is judged afterwards, by groups and rules as they are made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from segkit.platforms.aws.lower.blocking.books import Books
from segkit.platforms.aws.lower.blocking.demand import Demand
from segkit.platforms.aws.lower.blocking.layout import Layout
from segkit.platforms.aws.lower.blocking.pinning import encoding_of, layout_of
from segkit.platforms.aws.lower.blocking.search import Turn
from segkit.platforms.aws.lower.opening import make_plan
from segkit.platforms.aws.lower.plan import Draft
from segkit.platforms.aws.lower.shards import cut_to_fit
from segkit.platforms.lowering.encoding import Encoding
from segkit.progress import steps

ROOM = (0.07,) * 4 + (0.035,) * 4 + (0.0,) * 2
"""Which share of its rules a group keeps free in each round: where all groups are full, no move is left that
does not cost somebody else a group."""
CYCLES = 4
"""How often these rounds are gone through at most."""
PATIENCE = 15
"""The search ends after so many rounds in which no fewer interfaces are over quota."""
MORE = 1
"""So many blocks more than groups that an interface may carry: hardly anybody is in all of them."""


def blocked(draft: Draft, now: Mapping[str, Encoding], names: Collection[str]) -> dict[str, Encoding]:
    """Encodings by blocks for some targets together, while the others keep what they have `now`."""
    demands = {target.name: Demand(draft, target) for target in draft.targets}
    for demand in demands.values():
        demand.read(draft, demands)
    books = Books(demands)
    books.start({name: _first(demands[name], now[name], name in names) for name in demands})
    anew = not all(now[name].named for name in names)
    least, layouts, waited = books.missing(names), dict(books.layouts), 0
    for number, room in enumerate(ROOM * CYCLES if anew or least else ()):
        rough = anew and not number  # when everybody is far over quota
        books.weigh(room)
        for name in steps(f"looking for blocks, round {number + 1}", sorted(names)):
            Turn(books, name, rough).take()
        missing, waited = books.missing(names), waited + 1
        if missing < least or rough:
            least, layouts, waited = missing, dict(books.layouts), 0
        if (not least and not rough) or waited == PATIENCE:
            break
    return _cut(draft, {**now, **_encodings(draft, layouts, names)}, names)


def _first(demand: Demand, pinned: Encoding, moves: bool) -> Layout:
    """What a target starts with: nothing told of but in the last block, unless there are blocks already."""
    if pinned.named or not moves:
        return layout_of(demand, pinned)
    return Layout(demand, {}, {}, demand.groups + MORE)


def _encodings(draft: Draft, layouts: Mapping[str, Layout], names: Collection[str]) -> dict[str, Encoding]:
    targets = (target for target in draft.targets if target.name in names)
    return {t.name: encoding_of(draft, t, layouts[t.name]) for t in targets}


def _cut(draft: Draft, found: Mapping[str, Encoding], names: Collection[str]) -> dict[str, Encoding]:
    """The encodings of some targets with those groups cut that have too many rules."""
    plan = make_plan(draft, found)
    out: dict[str, Encoding] = {}
    for name in sorted(names):
        here = draft.placements[name]
        limit, most = here.quota("rules_per_group"), here.quota("groups_per_interface")
        out[name] = cut_to_fit(found[name], plan, draft.names, name, limit, most)
    return out
