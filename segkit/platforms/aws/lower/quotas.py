"""What targets use of their quotas, and what other encodings would cost in rules and in churn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from segkit.errors import SegkitError
from segkit.intent.engine import Intent
from segkit.model.findings import Findings, nearest
from segkit.model.model import Target
from segkit.platforms.aws.lower.blocking import blocked
from segkit.platforms.aws.lower.choose import MANY, encoding_text, options, piece_names, pinned, read
from segkit.platforms.aws.lower.fit import overflow, rule_counts, usage
from segkit.platforms.aws.lower.lists import list_advice
from segkit.platforms.aws.lower.namer import Namer
from segkit.platforms.aws.lower.opening import make_plan
from segkit.platforms.aws.lower.plan import Draft, Line, Plan, make_draft
from segkit.platforms.aws.placement import Parts, encoding_of, placement
from segkit.platforms.base import Churn, QuotaOption, QuotaReport, brief
from segkit.platforms.base import Encoding as Wanted
from segkit.platforms.lowering.encoding import Carried, Encoding, GroupId

UNSEARCHED = ("rules_per_interface", "prefix_lists_per_region", "entries_per_prefix_list")
"""Quotas that no encoding can change."""

ADVISED = 2_000
"""Up to so many side rules an error about quotas says which encodings fit: each is planned for that."""

FULLEST = 10
"""How many groups with the most rules are named."""


def quotas(
    intent: Intent, targets: Sequence[Target], asked: Mapping[str, Wanted], only: str | None = None
) -> tuple[QuotaReport, ...]:
    """What the targets of a model (or the one named `only`) use of their quotas, and what other encodings
    would cost.

    Works for a model that is over quota, too. Raises SegkitError where `asked` names what is no group.
    """
    ordered = sorted(targets, key=lambda t: t.name)
    draft = make_draft(intent, ordered, {t.name: placement(t) for t in ordered})
    now = {t.name: pinned(draft, t) for t in ordered}
    plan = make_plan(draft, now)
    wanted = {t.name: _Costs(draft, t, now, plan) for t in ordered if only in (None, t.name)}
    free = [name for name in wanted if asked.get(name) == "auto"]
    many = any(len(draft.keys_of[name]) > MANY for name in free)
    together = _together(draft, free, now, plan) if many else {}
    reports = {}
    if not together:
        reports = {name: costs.report(asked.get(name)) for name, costs in wanted.items()}
        alone = {name: wanted[name].read(reports[name]) for name in free if _fits(reports[name])}
        clash = len(alone) > 1 and not _keeps(draft, alone, make_plan(draft, {**now, **alone}), plan)
        if not many and (clash or len(alone) < len(free)):
            together = _together(draft, free, now, plan)
        if clash and not together:
            kept = {name: now[name] for name in alone}
            together = kept if _keeps(draft, kept, plan, plan) else alone
    if together:
        there = make_plan(draft, {**now, **together})
        fits = _keeps(draft, together, there, plan) and all(wanted[n].keeps(there) for n in together)
        reports |= {name: wanted[name].jointly(together, there, fits) for name in together}
    return tuple(
        replace(reports[t.name], lists=tuple(list_advice(draft, t, now, plan)))
        for t in ordered
        if t.name in reports
    )


def _fits(report: QuotaReport) -> bool:
    return report.asked is not None and report.asked.fits


def _keeps(draft: Draft, names: Collection[str], there: Plan, plan: Plan) -> bool:
    """Do some targets keep their quotas in a plan where all of them have other encodings, and is nobody else
    further over quota than now? Each may fit while the others stay as they are, and all of them not."""
    for target in draft.targets:
        here = draft.placements[target.name]
        if overflow(there, target, here) > (0 if target.name in names else overflow(plan, target, here)):
            return False
    return True


def _together(
    draft: Draft, names: Sequence[str], now: Mapping[str, Encoding], plan: Plan
) -> Mapping[str, Encoding]:
    """Blocks for several targets at once, for what each would do alone may cost the others too much; empty
    where none is over quota, or these do not fit either."""
    here = [t for t in draft.targets if t.name in names]
    if len(names) < 2 or not any(overflow(plan, t, draft.placements[t.name]) for t in here):
        return {}
    found = blocked(draft, now, names)
    fits = _keeps(draft, names, make_plan(draft, {**now, **found}), plan)
    return {name: found[name] for name in names} if fits else {}


def way_out(draft: Draft, target: Target, encodings: Mapping[str, Encoding]) -> str:
    """What to pin instead, for a target that is over quota, with what the change would touch."""
    command = f"segkit quota --target {target.name} --encoding auto"
    look = f"or look for another encoding: {command}"
    if len(draft.written) > ADVISED:
        return look
    report = _Costs(draft, target, encodings, make_plan(draft, encodings)).report(None)
    fitting = [f"{brief(o.encoding)} ({o.churn})" for o in report.options if o.fits]
    if not fitting:
        return look if report.unsearched else "no encoding of this policy fits"
    return f"or pin the encoding {' or '.join(fitting[:2])}: see `{command}`"


class _Costs:
    """Prices the encodings of one target against what is pinned."""

    def __init__(self, draft: Draft, target: Target, now: Mapping[str, Encoding], plan: Plan) -> None:
        self._draft, self._target, self._now, self._plan = draft, target, now, plan
        self._names = piece_names(draft, target)
        self._namer = Namer(draft.names)
        name = target.name
        self._referring = {o.name for o, _, p in draft.written if any(k.target == name for k in p.references)}
        self._referring.discard(name)
        self._elsewhere = self._over_elsewhere(plan)
        self._there = self._addresses(self._plan)
        self._members = self._memberships(self._plan)

    def report(self, asked: Wanted | None) -> QuotaReport:
        """The target's report; `asked` is an encoding to look at, or "auto" for the best."""
        now = self._now[self._target.name]
        plans = {now: self._plan}
        tried, left_out = options(self._draft, self._target, self._now, thorough=asked == "auto")
        for option in tried:
            plans.setdefault(option.encoding, option.plan)
        prices = {encoding: self._price(plan) for encoding, plan in plans.items()}
        # What is pinned wins over what is only as good: it costs no change.
        texts = {encoding: self._text(encoding) for encoding in plans}
        plain = {encoding: isinstance(text, str) for encoding, text in texts.items()}
        # Of what is as good, little is pinned rather than much.
        much = {encoding: bool(encoding.shards and encoding.blocks) for encoding in plans}
        ranked = sorted(plans, key=lambda e: (prices[e], e != now, not plain[e], much[e], str(texts[e])))
        priced = {e: self._option(e, plans[e], prices[e][0] == 0) for e in ranked}
        wanted = None
        if asked == "auto":
            wanted = priced[ranked[0]]
        elif asked is not None:
            encoding = self._read(asked)
            wanted = priced.get(encoding) or self._new(encoding)
        fits = any(option.fits for option in (*priced.values(), *filter(None, [wanted])))
        return QuotaReport(
            self._target.name,
            priced[now],
            tuple(priced.values()),
            len(self._members),
            wanted,
            unsearched=left_out and not fits,
        )

    def jointly(self, together: Mapping[str, Encoding], plan: Plan, fits: bool) -> QuotaReport:
        """The target's report where its encoding goes together with those of others: `plan` is that of all,
        and whether all of them fit."""
        name = self._target.name
        now = self._option(self._now[name], self._plan, self.keeps(self._plan))
        found = self._option(together[name], plan, fits)
        others = tuple(other for other in together if other != name)
        options = (found, now) if found.encoding != now.encoding else (found,)
        return QuotaReport(name, now, options, len(self._members), found, together=others)

    def read(self, report: QuotaReport) -> Encoding:
        """The encoding that a report of the target tells of."""
        assert report.asked is not None, "an encoding was asked for"
        return self._read(report.asked.encoding)

    def _new(self, encoding: Encoding) -> QuotaOption:
        plan = make_plan(self._draft, {**self._now, self._target.name: encoding})
        return self._option(encoding, plan, self.keeps(plan))

    def _option(self, encoding: Encoding, plan: Plan, fits: bool) -> QuotaOption:
        same = encoding == self._now[self._target.name]
        most: dict[str, int] = {}
        for (group, _, _), count in rule_counts(plan, self._target.name).items():
            name = self._namer.group(group)
            most[name] = max(count, most.get(name, 0))
        return QuotaOption(
            self._text(encoding),
            fits,
            usage(plan, self._target, self._draft.placements[self._target.name]),
            dict(sorted(most.items(), key=lambda item: (-item[1], item[0]))[:FULLEST]),
            self._count(plan),
            self._churn(plan) if fits or same else None,
        )

    def keeps(self, plan: Plan) -> bool:
        """Is every quota of the target kept, and none elsewhere exceeded by more because of it?"""
        return self._price(plan)[0] == 0

    def _price(self, plan: Plan) -> tuple[int, int, int]:
        """How far over quota, here and by this elsewhere; then how many rules, then how many groups."""
        here = self._draft.placements[self._target.name]
        used = usage(plan, self._target, here)
        over = overflow(plan, self._target, here)
        over += sum(max(0, used[name]["used"] - used[name]["quota"]) for name in UNSEARCHED)
        over += max(0, self._over_elsewhere(plan) - self._elsewhere)
        return over, len(plan.lines), sum(len(held) for held in plan.groups.values())

    def _over_elsewhere(self, plan: Plan) -> int:
        """Targets that refer to groups of this one pay for it in rules of their own."""
        over = 0
        for other in sorted(self._referring):
            limit = self._draft.placements[other].quota("rules_per_group")
            over += sum(max(0, count - limit) for count in rule_counts(plan, other).values())
        return over

    # -- encodings by name

    def _text(self, encoding: Encoding) -> Wanted:
        return encoding_text(encoding, self._names)

    def _read(self, asked: Wanted) -> Encoding:
        wanted = encoding_of(asked)
        if not isinstance(wanted, str):
            parts = wanted if isinstance(wanted, Parts) else Parts(blocks=wanted)
            named = {name for block in parts.blocks for name in block} | {name for name, _ in parts.apart}
            pieces, found = set(self._names.values()), Findings()
            for name in sorted(named - pieces):
                what = f"{name!r} is no group of target {self._target.name}"
                found.error(what, fix=nearest(name, pieces, "groups"))
            if found.errors:
                raise SegkitError(found.errors)
        return read(self._draft, self._target, wanted)

    # -- what a change touches

    def _churn(self, plan: Plan) -> Churn:
        there, then = self._there, self._addresses(plan)
        members = self._memberships(plan)
        return Churn(
            created=len(then.keys() - there.keys()),
            destroyed=len(there.keys() - then.keys()),
            changed=sum(there[address] != then[address] for address in there.keys() & then.keys()),
            memberships=sum(groups != members[place] for place, groups in self._members.items()),
        )

    def _addresses(self, plan: Plan) -> dict[str, object]:
        """Terraform addresses that hang on this target's encoding, with what could change in place there."""
        name, namer = self._target.name, self._namer
        out: dict[str, object] = {namer.group_key(group): None for group in plan.groups[name]}
        for line in self._lines(plan):
            out[namer.line_key(line.id)] = (line.end, sorted(line.origins))
        for carried in self._attached(plan):
            place = f"{carried.workload.name}/{carried.interface.name}"
            out |= {f"{place}/{namer.group(group)}": None for group in carried.groups}
        return out

    def _lines(self, plan: Plan) -> Iterator[Line]:
        """The rules of this target's groups, and those of others that refer to them."""
        name = self._target.name
        yield from plan.lines_of.get(name, ())
        for other, lines in plan.lines_of.items():
            if other != name:
                yield from (n for n in lines if isinstance(n.id.peer, GroupId) and n.id.peer.target == name)

    def _attached(self, plan: Plan) -> Iterator[Carried]:
        """Interfaces that take their groups by resources of ours."""
        return (c for c in plan.carried[self._target.name] if c.interface.id is not None)

    def _memberships(self, plan: Plan) -> dict[tuple[str, int], list[str]]:
        return {
            (c.workload.name, c.workload.interfaces.index(c.interface)): sorted(
                map(self._namer.group, c.groups)
            )
            for c in plan.carried[self._target.name]
        }

    def _count(self, plan: Plan) -> int:
        name = self._target.name
        attached = sum(len(c.groups) for c in self._attached(plan))
        lists = sum(listed.target == name for listed in plan.lists)
        return len(plan.groups[name]) + len(plan.lines_of.get(name, ())) + attached + lists
