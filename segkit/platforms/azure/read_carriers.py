"""What application and network security groups apply to in a stack: interfaces, scale sets, endpoints.

Sources: Terraform AzureRM provider documentation of each type named here. An interface is put into groups by
resources of their own; scale sets and their like name them where they describe their interfaces. Private
endpoints are filtered where their subnet says so, and by default it does not (Azure Private Link, “Manage
network policies for private endpoints”).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from segkit.artifacts.blocks import entries
from segkit.artifacts.scope import Block, Mapped, Trail, Unknown, spelled
from segkit.platforms.azure.read_handed import Handed
from segkit.platforms.azure.reading import IGNORES, Reading, ignores
from segkit.platforms.azure.state import Carrier, Published

_GROUPS = "application_security_group_ids"
_GROUP = "azurerm_application_security_group."
_INSTANCE = re.compile(r"(azurerm_\w+\.[\w-]+)[.[].*")
_FILTER = "network_security_group_id"

INTERFACES = {
    "azurerm_linux_virtual_machine_scale_set": "network_interface",
    "azurerm_windows_virtual_machine_scale_set": "network_interface",
    "azurerm_orchestrated_virtual_machine_scale_set": "network_interface",
    "azurerm_virtual_machine_scale_set": "network_profile",
}
"""Kinds of resource that make interfaces, with the block that describes them."""

PARTLY = "not every group is known"
UNASKED = "network policies of its subnet are not known to be enabled, without which nothing filters it"

ASSOCIATIONS = {
    "azurerm_network_interface_application_security_group_association": "network_interface_id",
    "azurerm_private_endpoint_application_security_group_association": "private_endpoint_id",
}
"""Kinds of resource that put an interface into an application security group."""


@dataclass(slots=True)
class Draft:
    """A carrier while its groups are being collected."""

    address: str
    where: str
    resource: bool = True
    groups: set[str] = field(default_factory=set)
    subnets: set[str | None] = field(default_factory=set)
    security_groups: set[str] = field(default_factory=set)
    doubts: set[str] = field(default_factory=set)
    trail: Trail = field(default_factory=list)


class CarrierReader:
    """Collects carriers and published memberships of one stack."""

    def __init__(self, reading: Reading, passed_on: Sequence[Handed] = ()) -> None:
        self.reading, self.scope, self.passed_on = reading, reading.scope, passed_on
        self.drafts: dict[str, Draft] = {}
        self.loose: list[tuple[str, str]] = []  # see `State.loose_filters`

    def read(self) -> None:
        """Reads everything of the stack that groups apply to, associations last."""
        for block in self.reading.of("azurerm_network_interface", "azurerm_private_endpoint"):
            self._made(block)
        for block in self.reading.of(*INTERFACES):
            self._scale_set(block)
        for block in self.scope.blocks.values():
            if not block.data and block.kind not in INTERFACES and "security_group" not in block.kind:
                self._unlisted(block)
        for kind, argument in ASSOCIATIONS.items():
            for block in self.reading.of(kind):
                self._member(block, argument)
        for block in self.reading.of("azurerm_network_interface_security_group_association"):
            self._filter(block)
        for one in self.passed_on:
            if one.changed and one.key in self.drafts:
                self.drafts[one.key].doubts.add(f"{one.where} may change it")
            if one.key.startswith(_GROUP):
                draft = self.drafts.setdefault(one.where, Draft(one.where, one.where, resource=False))
                draft.groups.add(one.key)

    # Results

    def carriers(self) -> tuple[Carrier, ...]:
        """The carriers; one that takes its groups from several memberships appears once for each."""
        found = []
        for draft in self.drafts.values():
            names: list[tuple[str | None, str | None]] = [(None, None)]
            if draft.trail:
                names = [
                    *sorted({(self._word(m, "workload"), self._word(m, "interface")) for m in draft.trail})
                ]
            subnet = next(iter(draft.subnets)) if len(draft.subnets) == 1 else None
            if len(draft.subnets) > 1:
                draft.doubts.add("it is in several subnets")
            found += [
                Carrier(
                    draft.address,
                    frozenset(draft.groups),
                    subnet,
                    min(draft.security_groups, default=None),
                    tuple(sorted(draft.doubts)),
                    draft.where,
                    draft.resource,
                    workload,
                    interface,
                )
                for workload, interface in names
            ]
        return tuple(sorted(found, key=lambda c: (c.address, c.workload or "", c.interface or "")))

    def memberships(self) -> tuple[Published, ...]:
        """What the stack's locals publish, with the carriers that use it."""
        used: dict[int, set[str]] = {}
        for draft in self.drafts.values():
            for mapped in draft.trail:
                used.setdefault(id(mapped.entries), set()).add(draft.address)
        found = []
        for path, mapped in self.reading.published():
            groups, complete = self._keys(mapped.entries["groups"], f"local.{path}")
            workload, interface, target = (self._word(mapped, k) for k in ("workload", "interface", "target"))
            group = self.reading.key(mapped.entries.get("security_group"))
            users = tuple(sorted(used.get(id(mapped.entries), set())))
            found.append(Published(path, workload, interface, target, groups, group, complete, users))
        return tuple(found)

    # Resources

    def _made(self, block: Block) -> None:
        if self.reading.copies(block) == 0:
            return
        draft = self._draft(block)
        if block.kind == "azurerm_private_endpoint":
            subnet = self.reading.key(block.body.get("subnet_id"))
            draft.subnets.add(subnet)
            if not self._asks(subnet):
                draft.doubts.add(UNASKED)
        for body in entries(self.scope, block.body.get("ip_configuration")):
            if isinstance(body, Unknown):
                draft.doubts.add(PARTLY)
            else:
                draft.subnets.update(self._one(body.get("subnet_id")))

    def _scale_set(self, block: Block) -> None:
        if self.reading.copies(block) == 0:
            return
        if _dynamic(block.body):
            draft = self._draft(block)
            draft.doubts.add(PARTLY)
            for raw in _named(block.body):
                self._take(draft, raw)
        for number, body in enumerate(entries(self.scope, block.body.get(INTERFACES[block.kind]))):
            if isinstance(body, Unknown):
                self._draft(block).doubts.add(PARTLY)
                self.reading.note(block.address, f"interfaces that are not known: {body.text}")
                continue
            address = f"{block.address}.{INTERFACES[block.kind]}[{number}]"
            draft = self._draft(block, address)
            draft.security_groups.update(self._one(body.get(_FILTER)))
            inside = list(entries(self.scope, body.get("ip_configuration")))
            if len({self._spelled(inner) for inner in inside}) > 1:
                draft.doubts.add("its addresses are in different groups")
            for inner in inside:
                if isinstance(inner, Unknown):
                    draft.doubts.add(PARTLY)
                    draft.subnets.add(None)
                else:
                    draft.subnets.update(self._one(inner.get("subnet_id")))
                    self._take(draft, inner.get(_GROUPS))

    def _spelled(self, inner: Mapping[str, Any] | Unknown) -> str:
        """The groups of an address."""
        raw = None if isinstance(inner, Unknown) else inner.get(_GROUPS)
        return ", ".join(sorted({spelled(value) for value in self.scope.items(raw)}))

    def _unlisted(self, block: Block) -> None:
        """Any other resource that names application security groups somewhere."""
        raws = list(_named(block.body))
        if raws and block.kind != "azurerm_network_interface":
            draft = self._draft(block)
            draft.subnets.add(None)
            for raw in raws:
                self._take(draft, raw)
            self.reading.note(block.address, f"{block.kind} is read by the names of its arguments alone")

    def _member(self, block: Block, argument: str) -> None:
        draft = self._associated(block, argument)
        if draft is not None:
            self._take(draft, block.body.get("application_security_group_id"))
            for address in self.scope.mentions(block.body.get("for_each")):
                if address.startswith(_GROUP):
                    draft.groups.add(address)

    def _filter(self, block: Block) -> None:
        draft = self._associated(block, "network_interface_id")
        if draft is not None:
            if block.repeated or draft.address in self.reading.untold:
                self.loose.append((draft.address, block.address))
            draft.security_groups.update(self._one(block.body.get(_FILTER)))
            if len(draft.security_groups) > 1:
                draft.doubts.add("several security groups are put on it, and it can have one")

    def _associated(self, block: Block, argument: str) -> Draft | None:
        """The carrier that an association is about; one that is not in the stack is added."""
        address = self.reading.key(block.body.get(argument))
        if address is None or self.reading.copies(block) == 0:
            return None
        if address not in self.drafts:
            # One of several that a block makes is where the block says.
            several = self.drafts.get(_INSTANCE.sub(r"\1", address))
            draft = self.drafts[address] = Draft(address, block.address, resource=several is not None)
            draft.subnets |= several.subnets if several is not None else set()
        draft = self.drafts[address]
        if block.repeated:
            draft.doubts.add(PARTLY)
        if ignores(block.body):
            draft.doubts.add(f"{block.address}: {IGNORES}")
        return draft

    # Pieces

    def _asks(self, subnet: str | None) -> bool:
        """Does a subnet's security group filter its private endpoints, too?"""
        block = self.scope.blocks.get(subnet or "")
        value = self.scope.value(block.body.get("private_endpoint_network_policies")) if block else None
        return value in ("Enabled", "NetworkSecurityGroupEnabled")

    def _one(self, raw: Any) -> tuple[str, ...]:
        key = self.reading.key(raw)
        return () if key is None else (key,)

    def _draft(self, block: Block, address: str = "") -> Draft:
        draft = Draft(address or block.address, block.address)
        if block.repeated or block.body.get("dynamic") is not None:
            draft.doubts.add(PARTLY)
        return self.drafts.setdefault(draft.address, draft)

    def _take(self, draft: Draft, raw: Any) -> None:
        keys, known = self._keys(raw, draft.where, draft.trail)
        draft.groups |= keys
        if not known:
            draft.doubts.add(PARTLY)

    def _keys(self, raw: Any, where: str, trail: Trail | None = None) -> tuple[frozenset[str], bool]:
        keys, known = set(), True
        for value in self.scope.items(raw, trail):
            key = self.reading.key_of(value)
            if isinstance(value, Unknown) or key is None:
                known = False
                self.reading.note(where, f"a group that is not known: {spelled(value)}")
            else:
                keys.add(key)
        return frozenset(keys), known

    def _word(self, mapped: Mapped, key: str) -> str:
        value = self.scope.value(mapped.entries.get(key))
        return "" if value is None else spelled(value)


def _dynamic(body: Any) -> bool:
    """Are blocks made by an expression, at any depth?"""
    if isinstance(body, Mapping):
        return body.get("dynamic") is not None or any(_dynamic(inner) for inner in body.values())
    return isinstance(body, list) and any(_dynamic(item) for item in body)


def _named(body: Any) -> Iterator[Any]:
    """What stands at arguments with the telling name, at any depth."""
    if isinstance(body, Mapping):
        for key in sorted(body):
            if key == _GROUPS:
                yield body[key]
            elif key != "//":
                yield from _named(body[key])
    elif isinstance(body, list):
        for item in body:
            yield from _named(item)
