"""Ends and services as text: the names of what is declared, selectors, `A -> B`.

An end is the name of a group, a zone or an address set, `anywhere`, `internet`, `outside`, or a selector. A
name that means two things is refused, so that declaring one more thing never changes what a rule elsewhere
means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set

from segkit.model.catalog import names as well_known_names
from segkit.model.catalog import well_known
from segkit.model.ends import End
from segkit.model.findings import Findings, nearest
from segkit.model.operands import read_services
from segkit.model.policy import AddressSet, Group, Service, Zone
from segkit.sets import AddressError, Addresses, LabelParseError, Predicate, ServiceSet

KINDS = ("group", "zone", "network", "addresses", "select")
_WORDS = ("any", "none", "tcp", "udp", "sctp", "icmp", "icmpv6")
_BUILTINS = ("anywhere", "internet", "outside")
_ARROW = re.compile(r"\s+->\s+")
_WORD = re.compile(r"[A-Za-z][\w-]*")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


class Unreadable:
    """Stands for what was declared but could not be read; somebody has been told already."""


UNREADABLE = Unreadable()


class Known:
    """What text can refer to.

    `broken` holds the keys of what was declared but could not be read. Where not even that is `complete`, an
    unknown name may stand in a file that could not be read, and nothing is said of it.
    """

    def __init__(
        self,
        zones: Iterable[Zone],
        groups: Iterable[Group],
        address_sets: Iterable[AddressSet],
        services: Iterable[Service],
        broken: Set[str] = frozenset(),
        complete: bool = True,
    ) -> None:
        self._ends: dict[str, dict[str, End]] = {kind: {} for kind in KINDS[:-1]}
        for zone in zones:
            self._ends["zone"].setdefault(zone.name, zone.end)
            self._ends["network"].setdefault(zone.name, zone.network)
        for group in groups:
            self._ends["group"].setdefault(group.name, group.end)
        for one in address_sets:
            self._ends["addresses"].setdefault(one.name, one.end)
        self._services: dict[str, Service] = {}
        for service in services:
            self._services.setdefault(service.name, service)
        self._broken = broken
        self._complete = complete

    def end(self, text: str, what: str, where: str, found: Findings) -> End | Unreadable | None:
        """The end that a text names; None after a finding."""
        text = text.strip()
        kind, colon, name = text.partition(":")
        if colon and kind in KINDS:
            return self._of_kind(kind, name.strip(), what, where, found)
        if text in _BUILTINS:
            return End.builtin(text)
        meanings = {k: f"{k}:{text}" for k in ("group", "zone", "addresses") if self._is(k, text)}
        predicate = _selector(text)
        if meanings and isinstance(predicate, Predicate):
            meanings["select"] = f"select:{text}"
        if len(meanings) > 1:
            found.error(
                f"{what}: {text!r} has {len(meanings)} meanings: {', '.join(meanings)}",
                where,
                why="the next declaration must not change what a rule means",
                fix=f"write {' or '.join(meanings.values())}",
            )
            return None
        for only in meanings:
            return self._ends[only].get(text, UNREADABLE)
        if isinstance(predicate, Predicate):
            return End.select(predicate)
        if predicate is None and not self._complete:
            return UNREADABLE
        self._unknown(text, predicate, what, where, found)
        return None

    def arrow(
        self, text: str, what: str, where: str, found: Findings
    ) -> tuple[Sequence[str], Sequence[str]] | None:
        """Source and destination of `A, B -> C` as texts; None after a finding."""
        sides = [text[start:end].strip() for start, end in _split(text, _ARROW)]
        if len(sides) != 2 or not all(sides):
            many = len(sides) > 2
            fix = "write SOURCE -> DESTINATION, with blanks around the arrow"
            if many or "," in text or '"' in text:
                fix += "; names with arrows, commas or quotes need {from: ..., to: ...}"
            shown = "has several arrows" if many else "is not of the form SOURCE -> DESTINATION"
            found.error(f"{what}: {text!r} {shown}", where, fix=fix)
            return None
        for side in sides:
            if "," in side and any(self._is(kind, side) for kind in ("group", "zone", "addresses")):
                found.error(
                    f"{what}: {side!r} is one name with a comma, or several names",
                    where,
                    fix="say which: {from: [...], to: [...]}",
                )
                return None
        source, destination = ([side[a:b].strip() for a, b in _commas(side)] for side in sides)
        return source, destination

    def services(
        self, texts: Iterable[str], what: str, where: Sequence[str], found: Findings
    ) -> ServiceSet | None:
        """The union of services written as text, declared names included; None after a finding, or when one
        of them was declared but could not be read."""
        parts: list[ServiceSet] = []
        good = True
        for place, text in zip(where, texts, strict=True):
            for piece in service_pieces(text):
                held = self._service(piece, what, place, found)
                good = good and isinstance(held, ServiceSet)
                parts += [held] if isinstance(held, ServiceSet) else []
        if not good:
            return None
        return parts[0] if len(parts) == 1 else ServiceSet.union(parts)

    def _service(self, text: str, what: str, where: str, found: Findings) -> ServiceSet | Unreadable | None:
        named = text.startswith("service:")
        name = text.removeprefix("service:").strip()
        if f"service:{name}" in self._broken and name not in self._services:
            return UNREADABLE
        declared = self._services.get(name)
        if declared is None and not self._complete and (named or _is_unknown(text)):
            return UNREADABLE
        if declared is None and named:
            fix = nearest(name, self._services, "services")
            found.error(f"{what}: unknown service {name!r}", where, fix=fix)
            return None
        if declared is None:
            return read_service(text, what, where, found, self._services)
        if not named and name in well_known_names() and declared.services != well_known(name):
            found.error(
                f"{what}: {name!r} is declared as {declared.services}, and well known as {well_known(name)}",
                where,
                fix=f"write service:{name} or {well_known(name)}, or rename what is declared",
            )
            return None
        return declared.services

    def _is(self, kind: str, name: str) -> bool:
        return name in self._ends[kind] or f"{kind}:{name}" in self._broken

    def _of_kind(
        self, kind: str, name: str, what: str, where: str, found: Findings
    ) -> End | Unreadable | None:
        if kind == "select":
            try:
                return End.select(Predicate.parse(name))
            except LabelParseError as error:
                found.refused(str(error), where, what)
                return None
        if not self._is(kind, name):
            if not self._complete:
                return UNREADABLE
            called = {"network": "zone", "addresses": "address set"}.get(kind, kind)
            fix = nearest(name, self._ends[kind], f"{called}s")
            found.error(f"{what}: unknown {called} {name!r}", where, fix=fix)
            return None
        return self._ends[kind].get(name, UNREADABLE)

    def _unknown(
        self, text: str, error: LabelParseError | None, what: str, where: str, found: Findings
    ) -> None:
        if error is not None:
            found.refused(str(error), where, what)
            return
        known = [name for kind in ("group", "zone", "addresses") for name in self._ends[kind]]
        fix = nearest(text, [*known, *_BUILTINS], "names")
        if text in ("all", "none"):
            fix = f"for every address write anywhere; for every workload write select:{text}"
        elif _is_address(text):
            fix = f"declare it: address_sets: {{some-name: [{text}]}}, and write its name"
        elif "->" in text:
            fix = "put blanks around the arrow"
        found.error(f"{what}: {text!r} is no group, zone, address set or selector", where, fix=fix)


def service_pieces(text: str) -> list[str]:
    """The services that stand in one text: `tcp/443; dns` is two, `any except tcp/22` is one."""
    return [text] if text.split()[:2] == ["any", "except"] else [one.strip() for one in text.split(";")]


def read_service(
    text: str, what: str, where: str, found: Findings, declared: Iterable[str] = ()
) -> ServiceSet | None:
    """A well-known service or text such as tcp/443; None after a finding.

    A bare number is refused: people mean a port by it, and it would be a protocol. `protocol:47` is one.
    """
    number = text.removeprefix("protocol:").strip()
    if number.isdecimal() and text == number:
        fix = f"write tcp/{number} or udp/{number} for a port"
        if int(number) < 256:
            fix += f"; protocol:{number} for an IP protocol"
        found.error(f"{what}: {text!r} could be a port or a protocol", where, fix=fix)
        return None
    if _is_unknown(text):
        fix = nearest(text, [*declared, *well_known_names(), *_WORDS], "services")
        found.error(f"{what}: unknown service {text!r}", where, fix=fix)
        return None
    return read_services([number], what, where, found)


def _is_unknown(service: str) -> bool:
    """Is it a word that is neither well known nor a protocol?"""
    return bool(_WORD.fullmatch(service)) and service not in (*well_known_names(), *_WORDS)


def _selector(text: str) -> Predicate | LabelParseError | None:
    """The selector a text is, or why it is none; None for a plain word, which is a name."""
    if not any(mark in text for mark in (" ", "=", "(", '"', "!")):
        return None
    try:
        return Predicate.parse(text)
    except LabelParseError as error:
        looks_like_one = re.search(r"[=!()\"]|\b(in|exists|and|or|not)\b", text)
        return error if looks_like_one else None


def _is_address(text: str) -> bool:
    try:
        return bool(Addresses.parse(text))
    except AddressError:
        return False


def _split(text: str, mark: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """The parts of a text between marks that stand outside quotes."""
    masked = _QUOTED.sub(lambda quoted: "x" * len(quoted[0]), text)
    start = 0
    for one in mark.finditer(masked):
        yield start, one.start()
        start = one.end()
    yield start, len(text)


def _commas(text: str) -> Iterator[tuple[int, int]]:
    """The parts of a text between commas that stand outside quotes and parentheses."""
    masked = _QUOTED.sub(lambda quoted: "x" * len(quoted[0]), text)
    depth = start = 0
    for at, character in enumerate(masked):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth <= 0:
            yield start, at
            start = at + 1
    yield start, len(text)
