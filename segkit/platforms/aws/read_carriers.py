"""What holds groups in a stack: machines, interfaces, databases, balancers, templates, attachments.

Sources: Terraform AWS provider documentation of each type (see carrier_table.py); EKS User Guide, "Security
group requirements", for the group that EKS makes for a cluster and its nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from segkit.artifacts.blocks import entries
from segkit.artifacts.reading import inputs
from segkit.artifacts.scope import Block, Mapped, Ref, Trail, Unknown, Value, spelled
from segkit.platforms.aws.carrier_table import NAMES, NOT_CARRIERS, TABLE, Empty, Row
from segkit.platforms.aws.reading import Reading, default_group
from segkit.platforms.aws.state import Carrier, Origin, Published


@dataclass(slots=True)
class Draft:
    """A carrier while its groups are being collected."""

    address: str
    where: str
    origin: Origin = Origin.RESOURCE
    groups: set[str] = field(default_factory=set)
    complete: bool = True
    trail: Trail = field(default_factory=list)
    addresses: tuple[str, ...] = ()


class CarrierReader:
    """Collects carriers and published memberships of one stack."""

    def __init__(self, reading: Reading, modules: Mapping[str, Mapping[str, Any]]) -> None:
        self.reading = reading
        self.scope = reading.scope
        self.modules = modules
        self.drafts: dict[str, Draft] = {}
        self.same: dict[str, str] = {}  # an instance's primary interface -> the carrier it is
        self.lists: dict[tuple[str, ...], tuple[str, ...]] = {}  # groups as written -> their keys, sorted
        self.named: dict[str, set[str]] = {}  # the same of single texts

    def read(self) -> None:
        """Reads everything of the stack that holds groups, attachments last."""
        for carrier in self.reading.snapshot.carriers:
            groups = {self.reading.alias(group) for group in carrier.groups}
            self.drafts[carrier.address] = Draft(
                carrier.address,
                carrier.where,
                Origin.SNAPSHOT,
                groups,
                carrier.complete,
                addresses=carrier.addresses,
            )
        for block in self.scope.blocks.values():
            if block.data or block.kind in NOT_CARRIERS or self.reading.copies(block) == 0:
                continue
            if block.kind == "aws_instance" and block.body.get("network_interface") is not None:
                continue  # its interfaces are made elsewhere
            if block.kind in TABLE:
                self._listed(block, TABLE[block.kind])
            else:
                self._unlisted(block)
        for block in self.reading.of("aws_instance"):
            self._made_elsewhere(block)
        for block in self.reading.of("aws_launch_template"):
            self._template(block)
        for block in self.reading.of("aws_eks_node_group", "aws_eks_fargate_profile"):
            self._eks_nodes(block)
        for block in self.reading.of("aws_network_interface_sg_attachment"):
            self._attachment(block, "network_interface_id")
        for block in self.reading.of("aws_vpc_endpoint_security_group_association"):
            self._attachment(block, "vpc_endpoint_id")
        for name in sorted(self.modules):
            self._module(name, self.modules[name])

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
            for workload, interface in names:
                found.append(
                    Carrier(
                        address=draft.address,
                        groups=tuple(sorted(draft.groups)),
                        workload=workload,
                        interface=interface,
                        complete=draft.complete,
                        where=draft.where,
                        origin=draft.origin,
                        addresses=draft.addresses,
                    )
                )
        return tuple(sorted(found, key=lambda c: (c.address, c.workload or "", c.interface or "")))

    def memberships(self) -> tuple[Published, ...]:
        """What the stack's locals publish, with the carriers that use it."""
        found = []
        used: dict[int, set[str]] = {}
        for draft in self.drafts.values():
            for mapped in draft.trail:
                used.setdefault(id(mapped.entries), set()).add(draft.address)
        for path, mapped in self.reading.published():
            groups, unknown = self._listed_keys(mapped.entries["groups"], f"local.{path}")
            users = used.get(id(mapped.entries), set())
            workload, interface, target = (
                self._word(mapped, key) for key in ("workload", "interface", "target")
            )
            found.append(
                Published(path, workload, interface, target, groups, not unknown, tuple(sorted(users)))
            )
        return tuple(found)

    # Resources

    def _listed(self, block: Block, row: Row) -> None:
        if block.kind == "aws_vpc_endpoint":
            kind = self.scope.value(block.body.get("vpc_endpoint_type"))
            if kind in (None, "Gateway", "GatewayLoadBalancer"):  # neither has groups
                return
        raws = [raw for path in row.paths for raw in self._at(block.body, path.split("."))]
        if not raws and "." in row.paths[0]:
            return  # the block that would put it into a VPC is absent
        draft = self._draft(block)
        self._take(draft, raws)
        if block.kind == "aws_eks_cluster":
            draft.groups.add(_cluster_group(block.address))  # EKS adds the group that it makes, in any case
        elif not draft.groups and draft.complete:
            self._empty(block, draft, row)

    def _empty(self, block: Block, draft: Draft, row: Row) -> None:
        balancer = (
            self.scope.value(block.body.get("load_balancer_type"))
            if block.kind in ("aws_lb", "aws_alb")
            else None
        )
        if row.empty is Empty.NOTHING or balancer in ("network", "gateway"):
            self.reading.note(block.address, "it holds no security group, so none filters it")
            del self.drafts[draft.address]
        elif block.body.get("launch_template") is not None:
            self._unclear(draft, block.address, "its groups are those of its launch template")
        else:
            vpc = None
            for raw in self._at(block.body, row.subnets.split(".")) if row.subnets else ():
                vpc = self.reading.subnet_vpc(raw)
            draft.groups.add(self.reading.alias(default_group(vpc)))
            self.reading.note(block.address, "it names no group, so it holds the default group of its VPC")

    def _made_elsewhere(self, block: Block) -> None:
        """An instance with `network_interface` blocks holds groups only through those interfaces."""
        for body in entries(self.scope, block.body.get("network_interface")):
            raw = f"${{{body.text}}}" if isinstance(body, Unknown) else body.get("network_interface_id")
            address = self._interface(self.scope.value(raw), block.address)
            index = None if isinstance(body, Unknown) else self.scope.value(body.get("device_index"))
            if address is not None and index in (0, "0"):
                self.same[block.address] = address

    def _unlisted(self, block: Block) -> None:
        raws = list(_named(block.body))
        if raws:
            draft = self._draft(block)
            self._take(draft, raws)
            self.reading.note(block.address, f"{block.kind} is read by the names of its arguments alone")

    def _template(self, block: Block) -> None:
        if self.reading.copies(block) == 0:
            return
        bodies = list(entries(self.scope, block.body.get("network_interfaces")))
        for number, body in enumerate(bodies):
            draft = self._draft(block, f"{block.address}.network_interfaces[{number}]")
            if isinstance(body, Unknown):
                self._unclear(draft, block.address, f"interfaces that are not known: {body.text}")
            else:
                self._take(draft, [body.get("security_groups")])
        if not bodies or block.body.get("vpc_security_group_ids") is not None:
            self._take(self._draft(block), [block.body.get("vpc_security_group_ids")])
            if block.body.get("security_group_names") is not None:
                self._unclear(self.drafts[block.address], block.address, "groups given by name")
        for draft in [d for d in self.drafts.values() if d.where == block.address]:
            if draft.complete and not draft.groups:
                draft.groups.add(default_group(None))
                self.reading.note(
                    block.address, "it names no group, so machines made from it hold a default group"
                )

    def _eks_nodes(self, block: Block) -> None:
        if block.kind == "aws_eks_node_group" and block.body.get("launch_template") is not None:
            return  # the launch template is the carrier
        draft = self._draft(block)
        clusters = [
            name
            for name in sorted(self.scope.mentions(block.body.get("cluster_name")))
            if "aws_eks_cluster." in name
        ]
        draft.groups |= {_cluster_group(name) for name in clusters}
        if not clusters:
            self._unclear(draft, block.address, "it holds the group of a cluster that is not in the stack")

    def _attachment(self, block: Block, argument: str) -> None:
        if self.reading.copies(block) == 0:
            return
        address = self._interface(self.scope.value(block.body.get(argument)), block.address)
        if address is None:
            return
        draft = self.drafts[address]
        self._take(draft, [block.body.get("security_group_id")])
        if block.repeated:
            self._unclear(draft, block.address, "count or for_each decides what is attached")

    def _interface(self, value: Value, where: str) -> str | None:
        """The carrier that a value names; one that is not in the stack is added as incomplete."""
        if isinstance(value, Ref):
            address = self.same.get(value.address, value.address)
            if value.path in (("id",), ("primary_network_interface_id",)) and address in self.drafts:
                return address
        if value is None:
            return None
        text = spelled(value)
        if text not in self.drafts:
            self.drafts[text] = Draft(text, where, Origin.ATTACHED, complete=False)
            self.reading.note(where, f"{text} is not in the stack; groups that it holds already are not seen")
        return text

    def _module(self, name: str, body: Mapping[str, Any]) -> None:
        draft = Draft(f"module.{name}", f"module.{name}", Origin.MODULE, complete=False)
        for raw in inputs(body):
            for value in self.scope.items(raw, draft.trail):
                key = self.reading.group_key(value)
                if isinstance(key, str):
                    draft.groups.add(key)
        if draft.groups or draft.trail:
            self.drafts[draft.address] = draft
            self.reading.note(draft.address, "a module is given groups; what it does with them is not read")

    # Pieces

    def _draft(self, block: Block, address: str = "") -> Draft:
        draft = Draft(address or block.address, block.address)
        if block.repeated and not isinstance(self.scope.value(block.body.get("count")), int):
            draft.complete = False  # noted by Reading.copies
        if block.body.get("dynamic") is not None:
            self._unclear(draft, block.address, "dynamic blocks are not read")
        return self.drafts.setdefault(draft.address, draft)

    def _take(self, draft: Draft, raws: list[Any]) -> None:
        for raw in raws:
            keys, unknown = self._keys(self.scope.items(raw, draft.trail), draft.where)
            draft.groups |= keys
            draft.complete = draft.complete and not unknown

    def _keys(self, values: tuple[Value, ...], where: str) -> tuple[set[str], bool]:
        keys, unknown = set(), False
        for value in values:
            key = self.reading.group_key(value)
            if isinstance(key, str):
                keys.add(key)
            else:
                unknown = True
                self.reading.note(where, f"a group that is not known: {key.text}")
        return keys, unknown

    def _listed_keys(self, raw: Any, where: str) -> tuple[tuple[str, ...], bool]:
        """The groups that a membership lists, sorted; many workloads list the same."""
        if type(raw) is not list or {*map(type, raw)} != {str}:
            keys, unknown = self._keys(self.scope.items(raw), where)
            return tuple(sorted(keys)), unknown
        listed = tuple(raw)
        if listed in self.lists:
            return self.lists[listed], False
        keys, unknown = set(), False
        for text in listed:
            if text not in self.named:
                found, unclear = self._keys(self.scope.items([text]), where)
                if unclear:  # told for everyone who lists it
                    keys, unknown = keys | found, True
                    continue
                self.named[text] = found
            keys |= self.named[text]
        held = tuple(sorted(keys))
        if not unknown:
            self.lists[listed] = held
        return held, unknown

    def _word(self, mapped: Mapped, key: str) -> str:
        raw = mapped.entries.get(key)
        if type(raw) is str and "{" not in raw:
            return raw
        value = self.scope.value(raw)
        return "" if value is None else spelled(value)

    def _unclear(self, draft: Draft, where: str, what: str) -> None:
        draft.complete = False
        self.reading.note(where, what)

    def _at(self, body: Mapping[str, Any], path: list[str]) -> Iterator[Any]:
        """What stands at the end of a path: nothing without the blocks on the way, None if it is not set."""
        if len(path) == 1:
            yield body.get(path[0])
            return
        for inner in entries(self.scope, body.get(path[0])):
            if isinstance(inner, Unknown):
                yield f"${{{inner.text}}}"
            else:
                yield from self._at(inner, path[1:])


def _cluster_group(address: str) -> str:
    return f"{address}.vpc_config[0].cluster_security_group_id"


def _named(body: Any) -> Iterator[Any]:
    """What stands at arguments with a telling name, at any depth."""
    if isinstance(body, Mapping):
        for key in sorted(body):
            if key in NAMES:
                yield body[key]
            elif key != "//":
                yield from _named(body[key])
    elif isinstance(body, list):
        for item in body:
            yield from _named(item)
