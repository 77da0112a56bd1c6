"""Reading the interfaces of a workload, from code or from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from segkit.model.findings import Findings, nearest
from segkit.model.values import read_addresses, read_name
from segkit.model.workloads import DEFAULT_REALM, Interface

_KEYS = ("addresses", "foreign", "id", "name", "network", "realm")


def single_interface(
    addresses: object,
    realm: object,
    network: object,
    interface_id: object,
    foreign: object,
    what: str,
    where: str,
    found: Findings,
    name: str = "",
) -> Interface:
    """One interface from its parts; what is wrong with them becomes findings."""
    return Interface(
        name,
        None if addresses is None else read_addresses(addresses, f"addresses of {what}", where, found),
        DEFAULT_REALM if realm == DEFAULT_REALM else read_name(realm, "realm", where, found) or DEFAULT_REALM,
        _reference(network, f"the network of {what}", where, found),
        _reference(interface_id, f"the interface id of {what}", where, found),
        _foreign(foreign, what, where, found),
    )


def read_interfaces(
    values: object, realm: str, what: str, where: str, found: Findings
) -> tuple[Interface, ...]:
    """Several interfaces, sorted by name. One without a name is called by its id, else by its place in the
    list.
    """
    if not isinstance(values, Iterable) or isinstance(values, str | bytes | Mapping):
        found.error(f"the interfaces of {what} are no list: {values!r}", where, fix="write interfaces=[...]")
        return (Interface(),)
    read = [_interface(value, realm, what, where, found) for value in values]
    held = [one for one in read if one is not None]
    if not read:
        found.error(f"{what} has an empty list of interfaces", where, fix="leave interfaces out, or list one")
    if len(held) > 1:
        held = [one if one.name else replace(one, name=one.id or str(at)) for at, one in enumerate(held)]
    return tuple(sorted(held, key=lambda one: one.name)) or (Interface(),)


def _interface(value: object, realm: str, what: str, where: str, found: Findings) -> Interface | None:
    if isinstance(value, Interface):
        return value
    if not isinstance(value, Mapping):
        found.error(
            f"an interface of {what} is neither an Interface nor a mapping: {value!r}",
            where,
            fix='write {"name": "eth0", "addresses": ["10.0.0.5"]}',
        )
        return None
    given: Mapping[str, Any] = value
    for key in sorted(map(str, given)):
        if key not in _KEYS:
            found.error(f"unknown key {key!r} in an interface of {what}", where, fix=nearest(key, _KEYS))
    name = given.get("name") or ""
    return single_interface(
        given.get("addresses"),
        given.get("realm", realm),
        given.get("network"),
        given.get("id"),
        given.get("foreign"),
        f"interface {name!r} of {what}" if name else what,
        where,
        found,
        (read_name(name, "interface", where, found) or "") if name else "",
    )


def _reference(value: object, what: str, where: str, found: Findings) -> str | None:
    """An id or name that may be a Terraform reference."""
    if value is None or (isinstance(value, str) and value):
        return value
    found.error(f"{what} is not text: {value!r}", where, fix="give its id or name, or leave it out")
    return None


def _foreign(value: object, what: str, where: str, found: Findings) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        items = list(value)
        if all(isinstance(item, str) and item for item in items):
            return tuple(sorted(set(items)))
    found.error(
        f"the foreign groups of {what} are no list of ids: {value!r}",
        where,
        fix="list their ids; [] means none, leaving it out means unknown",
    )
    return None
