"""A plan as VPC firewall rules that name machines by their service accounts, which somebody else makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from segkit.artifacts import literal, reference
from segkit.errors import Problem
from segkit.model.model import Model, Target
from segkit.platforms.google.limits import ACCOUNT
from segkit.platforms.google.lower.classic import ClassicEmitter
from segkit.platforms.google.lower.namer import ENFORCED, Namer
from segkit.platforms.google.lower.plan import Plan
from segkit.platforms.google.placement import GooglePlacement, account_of
from segkit.platforms.lowering.encoding import Carried, GroupId
from segkit.platforms.lowering.names import digest, membership_local, resource_name


class Accounts:
    """Which service accounts the machines of each group have."""

    def __init__(self, plan: Plan, target: Target, here: GooglePlacement) -> None:
        self._target, self._carried, self._here = target, plan.carried[target.name], here
        self._of: dict[GroupId, set[str]] = defaultdict(set)
        self.every: tuple[str, ...] = ()
        self._named = {c.workload.name: account_of(here, c.workload) for c in self._carried}
        for one in self._carried:
            for group in one.groups:
                self._of[group].add(self._named[one.workload.name])
        self.every = tuple(sorted(set(self._named.values())))

    def of(self, groups: Sequence[GroupId]) -> list[str]:
        """The accounts of some groups."""
        return sorted({account for group in groups for account in self._of[group]})

    def by(self, carried: Carried) -> str:
        """The account of a workload."""
        return self._named[carried.workload.name]

    def problems(self, model: Model, names: Namer) -> Iterator[Problem]:
        """Accounts that are no names, or stand for machines that rules tell apart."""
        seen: dict[str, Carried] = {}
        odd = {a for a in self.every if not ACCOUNT.fullmatch(a)}
        for one in self._carried:
            account = self.by(one)
            if account in odd:
                odd.discard(account)
                yield _no_account(self._target, one, account)
            first = seen.setdefault(account, one)
            if set(first.groups) != set(one.groups):
                yield _shared(self._target, account, first, one, names)
        owned = {one.workload.name for one in self._carried}
        for workload in model.workloads:
            here = any(self._target.reaches(i.realm, i.network) for i in workload.interfaces)
            if here and workload.name not in owned and account_of(self._here, workload) in seen:
                yield _strange(self._target, account_of(self._here, workload), workload.name)


class AccountEmitter(ClassicEmitter):
    """Writes one target as VPC firewall rules, with service accounts.

    A rule has one account as its target: so none changes because another account comes.
    """

    targets, sources = "target_service_accounts", "source_service_accounts"

    def _named(self, _groups: Sequence[GroupId]) -> None:
        self._accounts = Accounts(self.plan, self.target, self.here)
        self.problems += self._accounts.problems(self.model, self.names)
        self._marks = {self._local(account): account for account in self._accounts.every}

    def _each(self, groups: Sequence[GroupId]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
        for account in self._accounts.of(groups):
            yield (digest(account, 8),), [account]

    def _held(self, groups: Sequence[GroupId]) -> list[str]:
        return self._accounts.of(groups)

    def _member(self, carried: Carried) -> None:
        workload, interface = carried.workload, carried.interface
        body = {
            "workload": literal(workload.name),
            "interface": literal(interface.name),
            "target": literal(self.target.name),
            "groups": [reference(f"local.{self._local(self._accounts.by(carried))}")],
        }
        self.out.local(membership_local(self.target.name, workload.name, interface.name), body)

    def _local(self, account: str) -> str:
        return "segkit-account_" + resource_name(self.target.name, account)


def _no_account(target: Target, one: Carried, account: str) -> Problem:
    return Problem(
        f"target {target.name}: the service account of workload {one.workload.name!r} would be {account!r}",
        where=one.workload.where,
        why="that is no account: they are NAME@PROJECT.iam.gserviceaccount.com and the like",
        fix="give the labels that accounts= names, or another text there",
    )


def _shared(target: Target, account: str, first: Carried, other: Carried, names: Namer) -> Problem:
    apart = sorted(names.group(g) if g.pieces else ENFORCED for g in set(first.groups) ^ set(other.groups))
    one, two = first.workload.name, other.workload.name
    return Problem(
        f"target {target.name}: workloads {one!r} and {two!r} both have the service account {account}",
        where=other.workload.where,
        why=f"rules tell them apart ({', '.join(apart)}), and by their account nothing does",
        fix='give them accounts of their own, or pass tags="secure"',
    )


def _strange(target: Target, account: str, workload: str) -> Problem:
    return Problem(
        f"target {target.name}: workload {workload!r} has the service account {account} too",
        where=target.where,
        why="the target does not own it, and its rules would hold for it: the two may be in one network",
        fix='give it an account of its own, say in which network it is, or pass tags="secure"',
    )
