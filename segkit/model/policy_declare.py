"""From the entries of policy files to declarations: every value is read at its own place in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from segkit.errors import Place, part
from segkit.model.document import Document, Step
from segkit.model.ends import End
from segkit.model.findings import Findings, nearest
from segkit.model.policy import Tier
from segkit.model.policy_builder import PolicyBuilder
from segkit.model.policy_folder import tier_folder
from segkit.model.policy_sheet import Sheet
from segkit.model.references import Known, read_service, service_pieces
from segkit.model.values import read_addresses, read_day, read_name
from segkit.sets import ALL, Addresses, LabelParseError, Predicate, ServiceSet

if TYPE_CHECKING:
    from segkit.model.policy_format import PolicyEntry, RuleEntry, TargetEntry
    from segkit.model.segmentation import Segmentation

Location = tuple[Step, ...]


def declare(sheets: Iterable[Sheet], builder: Segmentation, found: Findings) -> set[str]:
    """Everything but policies; gives the keys of ends and services that could not be read."""
    broken: set[str] = set()
    for sheet in sheets:
        one = _Declaring(sheet, builder, found)
        broken |= {*one.zones(), *one.groups(), *one.address_sets(), *one.services()}
        one.targets()
    return broken


class _Declaring:
    """What one sheet declares. Its generators tell the keys of what could not be read."""

    def __init__(self, sheet: Sheet, builder: Segmentation, found: Findings) -> None:
        self._sheet = sheet
        self._line = sheet.document.line_of
        self._builder = builder
        self._found = found

    def zones(self) -> Iterator[str]:
        for name, zone in self._sheet.shape.zones.items():
            here = self._line(("zones", name))
            select = self._select(here, name, "zone", zone.select)
            where = part(here, "networks")
            networks = self._addresses(where, zone.networks, f"networks of zone {name!r}")
            if select is None:
                yield from (f"zone:{name}", f"network:{name}")
                continue
            self._builder.zone(
                name,
                select,
                zone.classification,
                zone.posture,
                zone.mode,
                networks,
                zone.realm,
                zone.compliance,
                zone.moved_from,
                where=here,
            )

    def groups(self) -> Iterator[str]:
        for name, group in self._sheet.shape.groups.items():
            here = self._line(("groups", name))
            select = self._select(here, name, "group", group.select)
            if select is None:
                yield f"group:{name}"
            else:
                self._builder.group(name, select, group.moved_from, where=here)

    def address_sets(self) -> Iterator[str]:
        for name, one in self._sheet.shape.address_sets.items():
            here = self._line(("address_sets", name))
            before = len(self._found.errors)
            usable = self._name(here, name, "address set")
            held = self._addresses(part(here, "addresses"), one.addresses, f"address set {name!r}")
            if not usable or (not held and len(self._found.errors) > before):
                yield f"addresses:{name}"
            else:
                self._builder.address_set(name, held, one.realm, where=here)

    def services(self) -> Iterator[str]:
        for name, texts in self._sheet.shape.services.items():
            here = self._line(("services", name))
            usable = self._name(here, name, "service")
            held = _services(texts, f"service {name!r}", here, self._found)
            if held is None or not usable:
                yield f"service:{name}"
            else:
                self._builder.service(name, held, where=here)

    def targets(self) -> None:
        for name, target in self._sheet.shape.targets.items():
            here = self._line(("targets", name))
            select = ALL if target.select is None else self._select(here, name, "target", target.select)
            made = None
            if select is not None and self._name(here, name, "target"):
                made = self._builder.target(
                    name,
                    target.platform,
                    select,
                    target.realm,
                    target.placement,
                    stack=target.stack,
                    identities=target.identities,
                    where=here,
                )
            self._residuals(name, target, made)

    def _residuals(self, name: str, target: TargetEntry, made: Any) -> None:
        for at, one in enumerate(target.accepted_residuals):
            spot = self._line(("targets", name, "accepted_residuals", at))
            what = f"expires of the accepted residual {one.residual!r} of target {name!r}"
            day = read_day(one.expires, what, part(spot, "expires"), self._found)
            if made is not None and day is not None:
                owner, reason = one.owner, one.reason
                made.accept_residual(one.residual, owner=owner, reason=reason, expires=day, where=spot)

    def _select(self, here: str, name: str, kind: str, text: str) -> Predicate | None:
        usable = self._name(here, name, kind)
        try:
            predicate = Predicate.parse(text)
        except LabelParseError as error:
            self._found.refused(str(error), part(here, "select"), f"the selector of {kind} {name!r}")
            return None
        return predicate if usable else None

    def _name(self, here: str, name: str, kind: str) -> bool:
        return read_name(name, kind, here, self._found) is not None

    def _addresses(self, where: str, texts: Sequence[str], what: str) -> Addresses:
        return Addresses.union(
            [read_addresses(t, what, part(where, n), self._found) for n, t in enumerate(texts)]
        )


def policies(sheets: Iterable[Sheet], known: Known, found: Findings) -> list[PolicyBuilder]:
    """The policies of the files, with the rules that could be read."""
    made = []
    for sheet in sheets:
        for name, entry in sheet.shape.policies.items():
            one = _Policy(sheet, name, entry, known, found)
            if one.usable:
                made.append(one.builder)
    return made


class _Policy:
    def __init__(self, sheet: Sheet, name: str, entry: PolicyEntry, known: Known, found: Findings) -> None:
        self._sheet, self._known, self._found = sheet, known, found
        here = sheet.document.line_of(("policies", name))
        before = len(found.errors)
        tier = self._tier(name, entry, here)
        zone = self._zone(name, entry, here)
        self.usable = len(found.errors) == before
        self.builder = PolicyBuilder(name, tier or Tier.application.label, entry.owner, zone, here, found)
        for location, rule in sheet.rules(name):
            self._rule(name, rule, location)

    def _tier(self, name: str, entry: PolicyEntry, here: str) -> str | None:
        area, written, found = self._sheet.area, entry.tier, self._found
        where, labels = part(here, "tier"), [tier.label for tier in Tier]
        if written is not None and written not in labels:
            found.error(f"unknown tier of policy {name!r}: {written!r}", where, fix=nearest(written, labels))
        elif written is not None and area.tier not in (None, written):
            found.error(
                f"policy {name!r} says tier {written!r} and lies in {area.folder}",
                where,
                why=f"policies there are of the tier {area.tier!r}",
                fix=f"leave `tier` out, or move the policy to {tier_folder(written)}",
            )
        elif written is None and area.tier is None:
            folders = ", ".join(tier_folder(label) for label in labels)
            fix = f"add `tier` ({', '.join(labels)}), or move the file into one of {folders}"
            found.error(f"policy {name!r} names no tier", here, fix=fix)
        return area.tier or (written if written in labels else None)

    def _zone(self, name: str, entry: PolicyEntry, here: str) -> str | None:
        zone = self._sheet.area.zone
        if zone is not None and entry.zone not in (None, zone):
            self._found.error(
                f"policy {name!r} names zone {entry.zone!r} and lies in {self._sheet.area.folder}",
                part(here, "zone"),
                fix=f"leave `zone` out, or move the policy to zones/{entry.zone}/",
            )
        return zone or entry.zone

    def _rule(self, policy: str, rule: RuleEntry, location: Location) -> None:
        found, document = self._found, self._sheet.document
        here = document.line_of(location)
        what = f"rule {rule.id!r} of policy {policy!r}" if rule.id else f"a rule of {policy!r}"
        before = len(found.errors)
        sides = self._sides(rule, what, here, location)
        without = [
            self._ends(getattr(rule, name), f"{name} of {what}", part(here, name), empty=True)
            for name in ("unless_source", "unless_destination")
        ]
        spot = part(here, "services")
        places = [part(spot, n) for n in range(len(rule.services))]
        services = self._known.services(rule.services, what, places, found)
        if not rule.services:
            _no_service(what, spot, found)
        days = {
            name: read_day(getattr(rule, name), f"{name} of {what}", part(here, name), found)
            for name in ("created", "updated", "expires")
            if getattr(rule, name) is not None
        }
        named = rule.id is None or read_name(rule.id, "rule", part(here, "id"), found)
        if sides is None or services is None or not named or len(found.errors) > before or None in without:
            return
        written = {
            "source": sides[0],
            "destination": sides[1],
            "unless_source": without[0],
            "unless_destination": without[1],
        }
        declare = self.builder.allow if rule.allow is not None else self.builder.deny
        declare(
            sides[0],
            sides[1],
            services,
            id=rule.id,
            unless_source=without[0] or None,
            unless_destination=without[1] or None,
            purpose=rule.purpose,
            owner=rule.owner,
            ticket=rule.ticket,
            where=Place(here, partial(_place_in_rule, document, location, written)),
            **days,
        )

    def _sides(
        self, rule: RuleEntry, what: str, here: str, location: Location
    ) -> tuple[list[End], list[End]] | None:
        """Source and destination; None after a finding, or where one was declared and could not be read."""
        flow = rule.allow if rule.allow is not None else rule.deny
        key = "allow" if rule.allow is not None else "deny"
        if flow is None and any(cut[:-1] == location for cut in self._sheet.left_out):
            return None  # the unknown key that was told may be the allow or deny that is missing
        if flow is None or (rule.allow is not None and rule.deny is not None):
            fix = "write `allow: SOURCE -> DESTINATION`, or deny" if flow is None else "make two rules of it"
            said = "says neither allow nor deny" if flow is None else "says both allow and deny"
            self._found.error(f"{what} {said}", here, fix=fix)
            return None
        spot = part(here, key)
        if isinstance(flow, str):
            texts = self._known.arrow(flow, what, spot, self._found)
            if texts is None:
                return None
            source = self._ends(texts[0], f"the source of {what}", spot)
            destination = self._ends(texts[1], f"the destination of {what}", spot)
        else:
            source = self._ends(flow.from_, f"the source of {what}", part(spot, "from"))
            destination = self._ends(flow.to, f"the destination of {what}", part(spot, "to"))
        return None if source is None or destination is None else (source, destination)

    def _ends(
        self, texts: Sequence[str] | None, what: str, where: str, empty: bool = False
    ) -> list[End] | None:
        if not texts and not empty:
            why, fix = "empty never means any", "for all addresses: anywhere"
            self._found.error(f"{what} is empty", where, why, fix)
            return None
        ends = [self._known.end(t, what, part(where, n), self._found) for n, t in enumerate(texts or ())]
        held = [end for end in ends if isinstance(end, End)]
        return held if len(held) == len(ends) else None


def _place_in_rule(
    document: Document, location: Location, ends: Mapping[str, Sequence[End] | None], steps: tuple[Any, ...]
) -> str:
    """The place of a part of a rule, where `source`, and an end of it, is a part too."""
    if steps and steps[0] in ends:
        side, *named = steps
        held = ends[side] or ()
        action = "allow" if "allow" in document.inside(*location).data else "deny"
        spot = {"source": (action, "from"), "destination": (action, "to")}.get(side, (side,))
        steps = (*spot, *(held.index(end) for end in named if end in held))
    return document.place_in(location, steps)


def _services(texts: Sequence[str], what: str, here: str, found: Findings) -> ServiceSet | None:
    if not texts:
        _no_service(what, part(here, "services"), found)
        return None
    parts: list[ServiceSet | None] = []
    for n, text in enumerate(texts):
        parts += [read_service(piece, what, part(here, n), found) for piece in service_pieces(text)]
    good = [one for one in parts if one is not None]
    return ServiceSet.union(good) if len(good) == len(parts) else None


def _no_service(what: str, where: str, found: Findings) -> None:
    fix = "add one, for example https or tcp/443; for every service: any"
    found.error(f"{what} names no service", where, why="empty never means any", fix=fix)
