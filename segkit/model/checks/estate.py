"""Interfaces and targets: addresses and ids that two claim, targets that own one interface twice,
acceptances.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from segkit.errors import part
from segkit.model.checks.labels import keys_of
from segkit.model.findings import Findings
from segkit.model.model import Model, Target
from segkit.model.workloads import Workload
from segkit.sets import Addresses

_SOON = timedelta(days=30)

# No workload is reached by its peers at one of these: this network (RFC 791), loopback (RFC 1122, RFC 4291),
# link local (RFC 3927, RFC 4291), multicast (RFC 5771, RFC 4291), reserved and broadcast (RFC 1112).
_NOT_UNICAST = Addresses.of(
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/127", "fe80::/10", "ff00::/8"
)


def check_interfaces(model: Model, found: Findings) -> None:
    """One address in one realm, and one interface id, belong to one workload."""
    ids: dict[str, Workload] = {}
    spans: dict[tuple[str, int], list[tuple[int, int, str, Workload]]] = defaultdict(list)
    for workload in model.workloads:
        names: set[str] = set()
        for one in workload.interfaces:
            if one.name in names:
                found.error(
                    f"workload {workload.name!r} has two interfaces called {one.name!r}",
                    part(workload.where, "interfaces"),
                    fix="name them apart",
                )
            names.add(one.name)
            if one.id is not None and ids.setdefault(one.id, workload) is not workload:
                _claimed(f"interface {one.id!r}", ids[one.id], workload, "interface_id", found)
            elif one.id is not None and [other.id for other in workload.interfaces].count(one.id) > 1:
                found.error(
                    f"workload {workload.name!r} has interface {one.id!r} twice",
                    part(workload.where, "interfaces"),
                    fix="list it once",
                )
            if one.addresses is None or workload.is_class:
                continue
            if one.addresses.overlaps(_NOT_UNICAST):
                shown = one.addresses & _NOT_UNICAST
                found.warn(
                    f"workload {workload.name!r} has an address that its peers cannot use: {shown}",
                    _place(workload, "addresses"),
                    why="loopback, link-local, multicast and reserved addresses never reach another machine",
                    fix="leave it out",
                )
            for version, line in ((4, one.addresses.v4), (6, one.addresses.v6)):
                spans[one.realm, version] += [(lo, hi, workload.name, workload) for lo, hi in line.spans]
    for (realm, version), held in sorted(spans.items()):
        _overlaps(realm, version, held, found)


def _overlaps(realm: str, version: int, held: list[tuple[int, int, str, Workload]], found: Findings) -> None:
    held.sort(key=lambda span: span[:3])
    top, owner = -1, None
    for lo, hi, _name, workload in held:
        if lo <= top and owner is not None and owner is not workload and owner.name != workload.name:
            shown = _text(version, lo)
            _claimed(f"the address {shown} of realm {realm!r}", owner, workload, "addresses", found)
        if hi > top:
            top, owner = hi, workload


def _text(version: int, value: int) -> str:
    from ipaddress import IPv4Address, IPv6Address

    return str(IPv4Address(value) if version == 4 else IPv6Address(value))


def _place(workload: Workload, key: str) -> str:
    """The place of what an interface has, or of the interfaces where there are several."""
    return part(workload.where, "interfaces" if len(workload.interfaces) > 1 else key)


def _claimed(what: str, first: Workload, second: Workload, key: str, found: Findings) -> None:
    also = f"the other is declared at {first.where}" if first.where else ""
    found.error(
        f"the workloads {first.name!r} and {second.name!r} both have {what}",
        _place(second, key),
        why=also,
        fix="correct one of them, or put them in different realms"
        if "realm" in what
        else "correct one of them",
    )


def check_targets(model: Model, found: Findings) -> None:
    """No two targets of one platform own one interface; what is accepted is accepted once and not past its
    day.
    """
    owners: dict[tuple[object, ...], list[Target]] = {}
    seen: set[tuple[str, str]] = set()
    platforms = defaultdict(list)
    for target in model.targets:
        platforms[target.platform].append(target)
    several = [target for same in platforms.values() if len(same) > 1 for target in same]
    telling = keys_of(target.select for target in several)
    for workload in model.workloads if several else ():
        for one in workload.interfaces:
            told = tuple(pair for pair in workload.labels if pair[0] in telling)
            kind = (told, one.realm, one.network)
            if kind not in owners:
                owners[kind] = [t for t in several if t.owns(dict(told), one.realm, one.network)]
            for at, target in enumerate(owners[kind]):
                for other in owners[kind][at + 1 :]:
                    pair = (target.name, other.name)
                    if target.platform != other.platform or pair in seen or target.name == other.name:
                        continue
                    seen.add(pair)
                    found.error(
                        f"the targets {target.name!r} and {other.name!r} both own an interface of "
                        f"{workload.name!r}",
                        part(other.where, "select"),
                        why=f"each would put its own {target.platform} groups on it",
                        fix="narrow select= of one, or name the network of the interface",
                    )
    for target in model.targets:
        _accepted(target, model, found)


def _accepted(target: Target, model: Model, found: Findings) -> None:
    names: set[str] = set()
    for one in target.accepted:
        what = f"the acceptance of {one.residual!r} on target {target.name!r}"
        if one.residual in names:
            found.error(f"{what} is written twice", one.where, fix="keep one")
        names.add(one.residual)
        if one.expires < model.today:
            found.error(
                f"{what} expired on {one.expires}",
                part(one.where, "expires"),
                why="it must be looked at again",
                fix="renew expires= with its reason, or remove it",
            )
        elif one.expires - model.today <= _SOON:
            found.warn(f"{what} expires on {one.expires}", part(one.where, "expires"), fix="renew it in time")
