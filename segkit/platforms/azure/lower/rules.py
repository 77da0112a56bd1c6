"""The rules of one security group, as its resource has them, with priorities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segkit.artifacts import literal, reference
from segkit.errors import Problem, SegkitError
from segkit.platforms.azure.limits import FIRST, LAST, description, mark
from segkit.platforms.azure.lower.namer import RESERVED, Namer
from segkit.platforms.azure.lower.plan import At, Line, Plan
from segkit.platforms.azure.lower.priorities import CLOSINGS, Bands, assign
from segkit.platforms.azure.placement import AzurePlacement
from segkit.platforms.lowering.encoding import GroupId
from segkit.platforms.lowering.ground import Direction
from segkit.platforms.lowering.names import resource_name
from segkit.sets import EVERYWHERE, Addresses, IntervalSet

WAYS: Mapping[Direction, str] = {"ingress": "Inbound", "egress": "Outbound"}
_HALVES = {4: ("0.0.0.0/1", "128.0.0.0/1"), 6: ("::/1", "8000::/1")}
_EVERY_PORT = IntervalSet.of((0, 65535))
_SIDES = ("source", "destination")

Said = Callable[[str, str], str]
"""The description of a rule, from its name and why it is there."""


@dataclass(frozen=True, slots=True)
class Written:
    """A rule: all its arguments (empty where one is not used), its Terraform name should it be a resource,
    what that was `before` a rename, the groups that it names, and its place in `RANKS` where rules have an
    order."""

    body: Mapping[str, Any]
    key: str
    before: str
    groups: tuple[GroupId, ...] = ()
    rank: int | None = None


class Rules:
    """Writes the rules of security groups."""

    def __init__(self, segmentation: str, plan: Plan, names: Namer, before: Namer) -> None:
        self._segmentation, self._plan, self._names, self._before = segmentation, plan, names, before

    def of(self, target: str, subnet: str, here: AzurePlacement) -> list[Written]:
        """Every rule of one security group, sorted as it will be asked."""
        placed = here.subnets.get(subnet)
        existing = placed.security_group if placed is not None else None
        bands = Bands(*(existing.priorities if existing is not None else (FIRST, LAST)))
        place = subnet if existing is None else existing.name

        def said(rule: str, why: str) -> str:
            ours = "" if existing is None else mark(self._segmentation, target, rule)
            return description(f"{ours} {why}")

        found: list[Written] = []
        for direction in ("ingress", "egress"):
            lines = self._plan.lines_in(target, subnet, direction)
            found += self._lines(lines, place, bands, said)
            rest = any(line.id.protocol == "rest" for line in lines)
            probes = bands.low if here.tiers == "bands" else bands.probes
            found += _closings(target, place, direction, bands, probes, rest, said)
        return sorted(found, key=lambda w: (w.body["direction"], w.body["priority"]))

    def _lines(self, lines: Iterable[Line], subnet: str, bands: Bands, said: Said) -> Iterator[Written]:
        # Names as they were before a rename: a rule keeps its priority then.
        named: dict[str, Line] = {}
        for line in lines:
            name = self._before.line(line.id)
            if named.setdefault(name, line) is not line:
                what = f"two rules of {subnet} would be named {name!r}: {line.id} and {named[name].id}"
                raise SegkitError(Problem(what, fix="rename a group or an address set of either"))
        for places in dict.fromkeys(bands.places(line.id) for line in named.values()):
            mine = [name for name, line in named.items() if bands.places(line.id) == places]
            for name, priority in assign(mine, places).items():
                yield self._line(name, priority, named[name], subnet, said)

    def _line(self, name: str, priority: int, line: Line, subnet: str, said: Said) -> Written:
        own, peer = ("destination", "source") if line.id.direction == "ingress" else ("source", "destination")
        groups = (line.id.own, *([line.id.peer] if isinstance(line.id.peer, GroupId) else []))
        protocol = "*" if line.id.protocol == "rest" else line.id.protocol
        access = "Deny" if line.id.denies else "Allow"
        body = {
            **_rule(name, priority, line.id.direction, access, protocol, said(name, _describe(line))),
            **_ports(line.ports),
            **self._group(own, line.id.own),
        }
        match line.id.peer:
            case At():
                body |= _range(peer, line.addresses)
            case group:
                body |= self._group(peer, group)
        key = before = self._names.line_key(line.id, subnet)
        if self._before is not self._names:
            before = self._before.line_key(line.id, subnet)
        return Written(body, key, before, groups, line.id.rank)

    def _group(self, side: str, group: GroupId) -> dict[str, Any]:
        key = self._names.group_key(group)
        found = reference(f"azurerm_application_security_group.{key}", "id")
        return {f"{side}_application_security_group_ids": [found]}


def _closings(
    target: str, subnet: str, direction: Direction, bands: Bands, probes: int, rest: bool, said: Said
) -> Iterator[Written]:
    """What no policy says: probes come in, and what no rule allows is denied, in front of the rules that
    nobody can remove."""

    def written(name: str, priority: int, access: str, protocol: str, why: str, source: str = "*") -> Written:
        rule = f"{RESERVED}{name}-{_WAY[direction]}"
        body = {
            **_rule(rule, priority, direction, access, protocol, said(rule, why)),
            "destination_port_range": "*",
            "source_address_prefix": source,
            "destination_address_prefix": "*",
        }
        key = resource_name(target, subnet, f"{RESERVED}{name}", _WAY[direction])
        return Written(body, key, key)

    if direction == "ingress":
        why = "health probes of load balancers"
        yield written("probes", probes, "Allow", "*", why, "AzureLoadBalancer")
    for protocol in CLOSINGS if rest else ():
        why = "what no rule allows of this protocol, before rules about unnamed protocols"
        yield written(f"deny-{protocol.lower()}", bands.denies[protocol], "Deny", protocol, why)
    yield written("deny-all", bands.high, "Deny", "*", "what no rule allows")


_WAY = {"ingress": "in", "egress": "out"}


def _rule(
    name: str, priority: int, direction: Direction, access: str, protocol: str, why: str
) -> dict[str, Any]:
    """A rule without its ends: every argument has to be there, for attributes as blocks have no optional
    ones. Those not in use are empty, which the provider takes for absent: cdktf leaves out nulls."""
    return {
        "name": name,
        "description": literal(why),
        "priority": priority,
        "direction": WAYS[direction],
        "access": access,
        "protocol": protocol,
        "source_port_range": "*",
        "source_port_ranges": [],
        "destination_port_range": "",
        "destination_port_ranges": [],
        **{f"{side}_address_prefix": "" for side in _SIDES},
        **{f"{side}_address_prefixes": [] for side in _SIDES},
        **{f"{side}_application_security_group_ids": [] for side in _SIDES},
    }


def _ports(ports: IntervalSet) -> dict[str, Any]:
    if not ports or ports == _EVERY_PORT:
        return {"destination_port_range": "*"}
    texts = [str(low) if low == high else f"{low}-{high}" for low, high in ports.spans]
    return {"destination_port_range": texts[0]} if len(texts) == 1 else {"destination_port_ranges": texts}


def _range(side: str, addresses: Addresses) -> dict[str, Any]:
    """Every address of one family is written in halves: it is not certain that 0.0.0.0/0 leaves IPv6 out,
    which the documentation has for every address."""
    if addresses == EVERYWHERE:
        return {f"{side}_address_prefix": "*"}
    texts = list(addresses.texts())
    for family, halves in _HALVES.items():
        if addresses == EVERYWHERE.family(family):
            texts = list(halves)
    if len(texts) == 1:
        return {f"{side}_address_prefix": texts[0]}
    return {f"{side}_address_prefixes": texts}


def _describe(line: Line) -> str:
    """The rules a line serves, with owner and ticket."""
    parts = []
    for origin, rule in sorted(line.origins.items()):
        notes = [n for n in (rule.owner, rule.ticket) if n] if rule else []
        parts.append(f"{origin} ({', '.join(notes)})" if notes else origin)
    return "; ".join(parts)
