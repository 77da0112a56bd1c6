"""What every enforcement plane offers, and how one is found by name."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.metadata import entry_points
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from segkit.errors import Problem, SegkitError

if TYPE_CHECKING:
    # Whoever only declares targets needs no intent yet, and the numpy that it computes with.
    from segkit.intent.boxes import Box
    from segkit.intent.engine import Intent
    from segkit.model.model import Model, Target
    from segkit.model.workloads import Interface, Workload
    from segkit.sets import Addresses, ServiceSet
    from segkit.sets.planes import Row


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a plane can express, as data; what it cannot is a residual."""

    deny: bool
    priorities: bool
    icmp_types: bool
    dynamic_membership: bool
    ipv6: bool
    logging: bool
    stateless_replies: bool
    cross_boundary_reference: str
    residuals: Mapping[str, str]
    """Residual names this plane can have, with what each means."""


@dataclass(frozen=True, order=True, slots=True)
class Residual:
    """A named difference between intent and what a target can enforce, as lowering foresees it.

    `extent` says in label terms which flows it touches; `rules` are the ids involved. `effect` is what it
    does to reachability inside `boxes`: `opens`, `closes`, or nothing today (a snapshot).
    """

    target: str
    name: str
    extent: str
    rules: tuple[str, ...] = ()
    effect: str = ""
    boxes: tuple[Box, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Lowered:
    """What a target's part of a model became: Terraform JSON without provider blocks, and what to say about
    it."""

    target: str
    fragment: Mapping[str, Any]
    residuals: tuple[Residual, ...] = ()
    warnings: tuple[Problem, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)


Encoding = str | list[list[str]] | dict[str, Any]
"""An encoding as a placement pins it: a word, blocks of group names, or its parts by name: `blocks`, `layers`
(of label keys), `apart` and `shards` (by group name)."""


def brief(encoding: Encoding, most: int = 100) -> str:
    """An encoding in a few words: long blocks are only counted.

    >>> brief("cells"), brief([["ops", "web"]]), brief([["ops", "web"]], 10)
    ('cells', '[["ops", "web"]]', '1 block of 2 groups')
    """
    if isinstance(encoding, str):
        return encoding
    text = json.dumps(encoding, ensure_ascii=False)
    if isinstance(encoding, dict):
        return text if len(text) <= most else _brief_parts(encoding, most)
    names = sum(map(len, encoding))
    blocks = "1 block" if len(encoding) == 1 else f"{len(encoding)} blocks"
    return text if len(text) <= most else f"{blocks} of {names} groups"


def _brief_parts(encoding: Mapping[str, Any], most: int) -> str:
    layers = " > ".join("+".join(keys) for keys in encoding.get("layers", ()))
    blocks = list(encoding.get("blocks", ()))
    how = [f"layers {layers}"] if layers else []
    how += [brief(blocks or "groups", most)] if blocks or not layers else []
    for part, word in (("apart", "apart"), ("shards", "cut")):
        if count := len(encoding.get(part, ())):
            how.append(f"{count} {'group' if count == 1 else 'groups'} {word}")
    return ", ".join(how)


@dataclass(frozen=True, slots=True)
class Churn:
    """What another encoding would do to what is there: Terraform resources created, destroyed and changed in
    place, and interfaces that would carry other groups."""

    created: int
    destroyed: int
    changed: int
    memberships: int

    def __str__(self) -> str:
        resources = f"{self.created} created, {self.destroyed} destroyed, {self.changed} changed in place"
        return f"resources: {resources}; interfaces with other groups: {self.memberships}"


@dataclass(frozen=True, slots=True)
class QuotaOption:
    """An encoding that a target could use: how much of each quota (the fullest of its kind), its fullest
    groups with their rules in one direction and family, and its Terraform resources.

    `fits`: every quota is kept, and no other target is driven over one. `churn` is against what is pinned;
    None: not worked out, because it does not fit.
    """

    encoding: Encoding
    fits: bool
    usage: Mapping[str, Mapping[str, int]]
    fullest: Mapping[str, int]
    resources: int
    churn: Churn | None


@dataclass(frozen=True, slots=True)
class ListAdvice:
    """An address set that would pay as a shared list: its entries, and how many Terraform resources fewer
    there would be. No group is charged more rules by it; the fullest of those that name it has `rules`, and
    `meanwhile` as many while the change is applied, when it holds both forms."""

    name: str
    entries: int
    saved: int
    rules: int
    meanwhile: int


@dataclass(frozen=True, slots=True)
class QuotaReport:
    """What a target uses of its quotas as it is `pinned`, and what else would mean the same.

    `options` come best first; `asked` is the one that was asked for. `interfaces`: how many it owns. `lists`
    pay together, each on top of those before it. `together` names other targets that `asked` was judged
    together with: whether it fits is meant with what was asked for them pinned, too. `unsearched`: nothing
    fits, but asking for the best encoding would search on.
    """

    target: str
    pinned: QuotaOption
    options: tuple[QuotaOption, ...]
    interfaces: int
    asked: QuotaOption | None = None
    lists: tuple[ListAdvice, ...] = ()
    together: tuple[str, ...] = ()
    unsearched: bool = False


@dataclass(frozen=True, slots=True)
class Spot:
    """One end of a flow as a plane sees it: how the plane treats it (`View.profiles`; None: not at all) and
    at which addresses. `addresses` None means unknown; they are never cut by any set that `View.cuts`
    returns."""

    profile: Hashable
    addresses: Addresses | None
    family: int


@dataclass(frozen=True, order=True, slots=True)
class Membership:
    """How an interface of a workload was found to carry groups.

    `status`: seen (a resource or an attachment of the stack carries them), assumed (published for use
    elsewhere) or missing. `unknown` names what it carries whose rules nobody knows.
    """

    target: str
    workload: str
    interface: str
    status: str
    where: str
    groups: tuple[str, ...]
    unknown: tuple[str, ...] = ()


in_order = attrgetter(*(f.name for f in fields(Membership)))
"""A key for sorting memberships as they compare: much faster for a hundred thousand of them."""


class ViewRows(Protocol):
    """What a plane's ends let pass, for a fixed list of spots."""

    def outgoing(self, source: int) -> Row:
        """Where the source's own end lets it send."""

    def incoming(self, source: int) -> Row:
        """Whose ends let the source in."""


class View(Protocol):
    """A plane's reading model over one document: from the emitted Terraform alone, who reaches whom."""

    def cuts(self) -> Sequence[Addresses]:
        """Every address set that the rules mention."""

    def profiles(self, workload: Workload, interface: Interface) -> tuple[Hashable, ...]:
        """How the plane treats this interface; several when resources that stand for it carry different
        groups. Equal profiles behave alike. `(None,)` when no target of the plane owns it."""

    def rows(self, spots: Sequence[Spot]) -> ViewRows:
        """Who sends where and who lets whom in; bit i of a row stands for spot i."""

    def memberships(self) -> Sequence[Membership]:
        """Every interface that the plane's targets own, and how its groups were found."""

    def resources(self, source: Spot, destination: Spot, services: ServiceSet) -> tuple[str, ...]:
        """The addresses of the resources that let some of these services pass, on either end."""

    def notes(self) -> Sequence[str]:
        """What the reader could not make out, and what it assumed."""

    def exempt(self) -> Sequence[str]:
        """Flows the plane never filters, with their source."""

    def extents(self) -> Mapping[str, Addresses]:
        """The addresses of the networks of targets, by their names, as far as they are known."""

    def unfiltered(self) -> Addresses:
        """Addresses of the platform itself: what they exchange with the ends that the plane's targets own is
        no part of the proof. `cuts` returns this set too."""


class Platform(Protocol):
    """One enforcement plane: a folder under `segkit/platforms` and an entry point of group
    `segkit.platforms`."""

    name: str
    capabilities: Capabilities
    providers: Mapping[str, Mapping[str, str]]
    """The Terraform providers whose resources it emits, as `required_providers` wants them."""
    identities: frozenset[str]
    """The kinds of resource that others refer to, and what hangs on the same network: `Target.identities`."""

    def check(self, model: Model, target: Target) -> Iterable[Problem]:
        """What is wrong with a target's placement, before anything is compiled."""

    def lower(self, intent: Intent, targets: Sequence[Target]) -> Sequence[Lowered]:
        """The targets of this plane as Terraform; raises SegkitError where one cannot be lowered."""

    def bridge(
        self,
        targets: Sequence[Target],
        before: Mapping[str, Mapping[str, Any]],
        after: Mapping[str, Mapping[str, Any]],
    ) -> Mapping[str, Mapping[str, Any]]:
        """The fragments that targets are deployed as (where they are) and those that they will be, by name,
        as ones that hold both; raises SegkitError where they cannot be there together."""

    def asleep(self, target: Target, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fragment of a target with all its groups and memberships, and nothing yet in force: what comes
        before the first apply. Raises SegkitError where there is no such form."""

    def quotas(
        self,
        intent: Intent,
        targets: Sequence[Target],
        asked: Mapping[str, Encoding],
        only: str | None = None,
    ) -> Sequence[QuotaReport]:
        """What targets use of their quotas, and which other encodings would cost what: all of them, or the
        one named `only`. `asked` names an encoding to look at, by target; "auto" is the best that the search
        finds.

        Raises SegkitError when an encoding names what is no group of its target.
        """

    def view(self, model: Model, targets: Sequence[Target], document: Mapping[str, Any]) -> View:
        """The reading model over a stack's Terraform JSON."""

    def membership_local(self, target: str, workload: str, interface: str = "") -> str:
        """The name of the Terraform local that publishes an interface's group ids."""


@cache
def platform(name: str) -> Platform:
    """A plane by name.

    Raises SegkitError when no installed package offers it.
    """
    found = {e.name: e for e in entry_points(group="segkit.platforms")}
    if name in found:
        loaded: Platform = found[name].load()
        return loaded
    known = ", ".join(sorted(found))
    raise SegkitError(Problem(f"no platform {name!r}", fix=f"known platforms: {known}"))
