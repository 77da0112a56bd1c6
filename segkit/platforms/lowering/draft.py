"""What every target has to open, with far ends written out, before it is decided which groups say it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from segkit.errors import Problem
from segkit.intent.boxes import FAMILIES, Piece
from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.platforms.base import Residual
from segkit.platforms.lowering.as_written import AsWritten, DenyWriter, denies
from segkit.platforms.lowering.carrying import Key, Owners, split_interfaces
from segkit.platforms.lowering.ground import Ground
from segkit.platforms.lowering.names import GroupNames
from segkit.platforms.lowering.peers import Peers, PeerWriter
from segkit.platforms.lowering.sides import SideRule, Sides

Express = Callable[[Target, SideRule], tuple[SideRule, Iterable[Residual]]]
"""The rule with the services that a target's platform can write, and what that changes."""


@dataclass(frozen=True)
class Draft:
    """All targets of a platform together: a rule between two of them is opened on both."""

    intent: Intent
    targets: tuple[Target, ...]
    grounds: Mapping[str, Ground]
    written: tuple[tuple[Target, SideRule, Peers], ...]
    residuals: tuple[Residual, ...]
    problems: frozenset[Problem]

    @cached_property
    def by_target(self) -> Mapping[str, Sequence[tuple[SideRule, Peers]]]:
        """What is written for each target."""
        out: dict[str, list[tuple[SideRule, Peers]]] = {t.name: [] for t in self.targets}
        for target, rule, peers in self.written:
            out[target.name].append((rule, peers))
        return out

    @cached_property
    def hints(self) -> Mapping[Piece, set[str]]:
        """The ends that each piece was cut from."""
        out: dict[Piece, set[str]] = defaultdict(set)
        # Most rules share their ends; a piece that was seen as the same object has nothing new to tell.
        pieces = {id(rule.own): rule.own for _, rule, _ in self.written}
        far = {id(peers.references): peers.references for _, _, peers in self.written}
        for piece in (*pieces.values(), *(key.piece for keys in far.values() for key in keys)):
            out[piece].add(piece.hint)
        return out

    @cached_property
    def names(self) -> GroupNames:
        """The names of all groups that hold one piece."""
        return GroupNames(self.intent.model, self.hints)

    @cached_property
    def names_before(self) -> GroupNames:
        """Their names before what was `moved_from`; the same where nothing was."""
        model = self.intent.model
        moved = [zone.moved_from for zone in model.zones] + [group.moved_from for group in model.groups]
        return GroupNames(model, self.hints, before=True) if any(moved) else self.names

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """Every group that is spoken of."""
        out: dict[Key, None] = {}
        seen: set[tuple[str, int, int]] = set()
        for target, rule, peers in self.written:
            ends = target.name, id(rule.own), id(peers.references)
            if ends not in seen:
                seen.add(ends)
                out[Key(target.name, rule.own)] = None
                out.update(dict.fromkeys(peers.references))
        return tuple(out)


def make_draft(
    intent: Intent,
    targets: Sequence[Target],
    grounds: Mapping[str, Ground],
    express: Express,
    as_written: Collection[str] = (),
) -> Draft:
    """Drafts all targets of a platform. The rules of those in `as_written` are not compiled: denies are among
    their side rules, to be asked in the order of their `rank`."""
    owners = Owners(intent.population)
    compiled, plain = Sides(intent, owners), AsWritten(intent, owners)
    writer = PeerWriter(intent, targets, grounds, owners)
    denier = DenyWriter(intent, targets, grounds, owners)
    written: list[tuple[Target, SideRule, Peers]] = []
    residuals: list[Residual] = []
    for direction in ("egress", "ingress"):  # egress first: see PeerWriter
        for target in targets:
            shared, plainly = not grounds[target.name].alone, target.name in as_written
            rules = []
            asked = (plain if plainly else compiled).of(target, direction, shared)
            if direction == "egress" and grounds[target.name].unasked:
                asked = writer.beyond_shelter(target, asked)
            for rule in asked:
                # What `Sides` gives is owned, unless it was cut by family.
                if rule.families is FAMILIES or target.name in owners.of(rule.own):
                    said, changed = express(target, rule)
                    rules.append(said)
                    residuals += changed
            # Where rules have an order, what another opens may come too late.
            together = {} if plainly else _together(rules)
            for rule in rules:
                if not rule.services:
                    continue
                beside = together[_near(rule)] if together and rule.peer.outside else ()
                peers = (denier if denies(rule) else writer).write(target, rule, beside)
                if peers.references or peers.addresses:
                    written.append((target, rule, peers))
    residuals += [*writer.residuals, *denier.residuals]
    for target, rule, _ in written:
        residuals += split_interfaces(target, rule, intent.population)
    problems = frozenset(writer.problems | denier.problems)
    return Draft(intent, tuple(targets), grounds, tuple(written), tuple(residuals), problems)


def _together(rules: Sequence[SideRule]) -> Mapping[object, Sequence[Piece]]:
    """The far ends that the same workloads are opened to for the same services. Only who writes ranges asks,
    so there are none where no rule speaks of what is no workload."""
    out: dict[object, list[Piece]] = defaultdict(list)
    if any(rule.peer.outside for rule in rules):
        for rule in rules:
            out[_near(rule)].append(rule.peer)
    return out


def _near(rule: SideRule) -> object:
    return rule.own, rule.services, rule.families
