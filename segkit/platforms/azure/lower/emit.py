"""A plan as Terraform: named resources in a fixed order, with the dependencies that make an apply safe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from segkit.artifacts import Fragment, literal, reference
from segkit.errors import Problem
from segkit.model.model import Model, Target
from segkit.platforms.azure.limits import name, tag
from segkit.platforms.azure.lower.admin import manager_resource, own_resources, shared_resources
from segkit.platforms.azure.lower.namer import Namer
from segkit.platforms.azure.lower.placing import ON_INTERFACES
from segkit.platforms.azure.lower.plan import Plan
from segkit.platforms.azure.lower.rules import Rules, Written
from segkit.platforms.azure.placement import AzurePlacement, Existing, Subnet
from segkit.platforms.lowering.as_written import RANKS
from segkit.platforms.lowering.encoding import Carried, GroupId
from segkit.platforms.lowering.names import membership_local, readable, resource_name

NSG = "azurerm_network_security_group"
ASG = "azurerm_application_security_group"
RULE = "azurerm_network_security_rule"
JOINED = "azurerm_network_interface_application_security_group_association"
ON_SUBNET = "azurerm_subnet_network_security_group_association"
ON_INTERFACE = "azurerm_network_interface_security_group_association"


class Emitter:
    """Writes one target's part of a plan."""

    def __init__(
        self, model: Model, plan: Plan, target: Target, here: AzurePlacement, names: Namer, before: Namer
    ) -> None:
        self.model, self.plan, self.target, self.here = model, plan, target, here
        self.names, self.before = names, before
        self.out = Fragment(f"target {target.name}")
        self.warnings: list[Problem] = []
        self._imports: list[dict[str, str]] = []
        self._rules = Rules(model.name, plan, names, before)
        self._ready: dict[GroupId, list[str]] = {}

    def fragment(self) -> dict[str, Any]:
        """The target as Terraform JSON."""
        groups = sorted(self.plan.groups[self.target.name], key=self.names.group)
        for group in groups:
            self._group(group)
        for subnet in self.plan.filters[self.target.name]:
            self._security_group(subnet, self.here.subnets.get(subnet))
        for group in groups:
            self._known_with_its_rules(group)
        joined = [one for carried in self.plan.carried[self.target.name] for one in self._member(carried)]
        if joined:
            self.out.local(self._joined, _first(f'"{resource_name(self.target.name)}"', sorted(joined)))
        waits = [f"local.{self._joined}"] if joined else []
        if not self.here.subnets:
            for key, interface in self._interfaces():
                self._filtered(key, interface, waits)
        for subnet, placed in self.here.subnets.items():
            if placed.security_group is None:
                self._on_subnet(subnet, placed, waits)
            elif subnet in self.plan.filters[self.target.name]:
                self.out.local(*_closing(self.target.name, subnet, placed.security_group, waits))
        self._admin_rules()
        self._flow_log()
        done = self.out.to_dict()
        return {**done, "import": self._imports} if self._imports else done

    # -- groups

    def _group(self, group: GroupId) -> None:
        plain, key = self.names.group(group), self.names.group_key(group)
        adopted = self.here.adopt.get(plain)
        # A rename in code keeps the physical name: changing it would replace a group that is in use.
        physical = (adopted and adopted.name) or name(
            f"{self.model.name}-{self.target.name}-{self.before.group(group)}"
        )
        select = " and ".join(sorted(readable(p.predicate) for p in group.pieces))
        body = self._made(physical, {"segkit-select": select})
        # A group that goes is destroyed once no rule names it any more: only so does Terraform wait.
        body["lifecycle"] = {"create_before_destroy": True}
        self.out.resource(ASG, key, body)
        if adopted and adopted.id:
            self._imports.append({"to": f"${{{ASG}.{key}}}", "id": adopted.id})
        self._moved(ASG, self.before.group_key(group), key)

    def _security_group(self, subnet: str, placed: Subnet | None) -> None:
        """The security group of a subnet or of interfaces; its rules alone where somebody else makes it."""
        key = resource_name(self.target.name, subnet)
        written = self._rules.of(self.target.name, subnet, self.here)
        own = f"{NSG}.{key}.id"
        if placed is not None and placed.security_group is not None:
            there = placed.security_group
            # What closes comes once interfaces are in their groups: before, it would cut them off.
            closing = reference(f"local.{_closing(self.target.name, subnet, there, ())[0]}")
            earlier = self._in_order(subnet, there, written)
            for rule in written:
                body = {k: v for k, v in rule.body.items() if v not in ("", [])}
                body |= {
                    "resource_group_name": there.resource_group,
                    "network_security_group_name": earlier[rule.rank] if rule.groups else closing,
                }
                self.out.resource(RULE, rule.key, self._body(body))
                self._moved(RULE, rule.before, rule.key)
                for group in rule.groups:
                    self._ready.setdefault(group, []).append(f"{RULE}.{rule.key}.id")
            self._warn_of_others(there)
            return
        physical = name(f"{self.model.name}-{self.target.name}-{subnet}")
        body = self._made(physical, {})
        body["security_rule"] = [rule.body for rule in written]
        self.out.resource(NSG, key, body)
        for group in {group: None for rule in written for group in rule.groups}:
            self._ready.setdefault(group, []).append(own)

    def _in_order(self, subnet: str, there: Existing, written: Sequence[Written]) -> Mapping[int | None, str]:
        """What names somebody's security group for the rules of each rank: where rules have an order, they
        are written in it, and go the other way. So a deny is there before what it takes from, and stays
        longer, and what an earlier tier allows is there before the deny."""
        keys: dict[int, list[str]] = defaultdict(list)
        for rule in written:
            if rule.rank is not None:
                keys[rule.rank].append(f"{RULE}.{rule.key}.id")
        found: dict[int | None, str] = {None: there.name}
        before: list[str] = []
        for rank in sorted(keys):
            local = f"segkit-after_{resource_name(self.target.name, subnet, RANKS[rank])}"
            self.out.local(local, _first(f'"{there.name}"', before) if before else there.name)
            found[rank] = reference(f"local.{local}")
            before = sorted(keys[rank])
        return found

    def _warn_of_others(self, there: Existing) -> None:
        """Tells of recorded subnets that have somebody's security group, too, and are not the target's."""
        ours = {placed.id.lower() for placed in self.here.subnets.values()}
        found = {id_.lower() for id_ in _recorded_subnets(self.here.snapshot, there)} - ours
        if found and not any("${" in one for one in ours):
            listed = ", ".join(sorted(found))
            self.warnings.append(
                Problem(
                    f"target {self.target.name}: security group {there.name} is on {listed} too",
                    where=self.target.where,
                    why="the deny behind our rules closes what is there",
                    fix="name these subnets in subnets, or give them a security group of their own",
                )
            )

    def _on_subnet(self, subnet: str, placed: Subnet, waits: Sequence[str]) -> None:
        """Puts a security group on its subnet, once all interfaces are in their groups."""
        key = resource_name(self.target.name, subnet)
        local = self._waiting(_on_subnets(key), f"{NSG}.{key}.id", waits)
        body = {"subnet_id": placed.id, "network_security_group_id": local}
        self.out.resource(ON_SUBNET, key, self._body(body))

    def _known_with_its_rules(self, group: GroupId) -> None:
        """A group's id that is known once the rules about it are written: an interface joins a group only
        when that can do its job."""
        own = f"{ASG}.{self.names.group_key(group)}.id"
        others = sorted(set(self._ready.get(group, ())))
        self.out.local(_ready_local(self.names, group), _first(own, others))

    # -- members

    def _member(self, carried: Carried) -> list[str]:
        """What an interface is in; the ids of the associations that put it there."""
        ids = [reference(f"local.{_ready_local(self.names, g)}") for g in carried.groups]
        workload, interface = carried.workload, carried.interface
        on_interfaces = reference(f"{NSG}.{resource_name(self.target.name, ON_INTERFACES)}", "id")
        if interface.id is None:
            local = {
                "workload": literal(workload.name),
                "interface": literal(interface.name),
                "target": literal(self.target.name),
                "groups": ids,
            }
            if not self.here.subnets:
                local["security_group"] = on_interfaces
            self.out.local(membership_local(self.target.name, workload.name, interface.name), local)
            return []
        parts = _parts(carried)
        joined = []
        for group, ready in zip(carried.groups, ids, strict=True):
            key = resource_name(self.target.name, *parts, self.names.group(group))
            body = {"network_interface_id": interface.id, "application_security_group_id": ready}
            self.out.resource(JOINED, key, self._body(body))
            self._moved(JOINED, resource_name(self.target.name, *parts, self.before.group(group)), key)
            joined.append(f"{JOINED}.{key}.id")
        return joined

    def _interfaces(self) -> Iterator[tuple[str, str]]:
        """The interfaces that are known by id, with the Terraform name of each."""
        for carried in self.plan.carried[self.target.name]:
            if carried.interface.id is not None:
                yield resource_name(self.target.name, *_parts(carried)), carried.interface.id

    def _filtered(self, key: str, interface: str, waits: Sequence[str]) -> None:
        """Puts the security group on an interface, once all are in their groups."""
        own = f"{NSG}.{resource_name(self.target.name, ON_INTERFACES)}.id"
        local = self._waiting(f"segkit-filter_{key}", own, waits)
        body = {"network_interface_id": interface, "network_security_group_id": local}
        self.out.resource(ON_INTERFACE, key, self._body(body))

    @property
    def _joined(self) -> str:
        """The local that is known once all interfaces are in their groups. A security group that is on one of
        them earlier cuts it off from those that are not."""
        return f"segkit-joined_{resource_name(self.target.name)}"

    def _waiting(self, name: str, own: str, waits: Sequence[str]) -> str:
        """The id of a security group that is there once others are."""
        self.out.local(name, _first(own, waits))
        return reference(f"local.{name}")

    # -- what the tiers above decide

    def _admin_rules(self) -> None:
        """Security admin rules, with what this target writes for all that share it."""
        at = self.plan.shared.get(self.target.name)
        if at is None:
            return
        own, called = self.target.name, self.model.name
        found = []
        if own == at.made:
            kind, key, body = manager_resource(called, self.here, at)
            found.append((kind, key, {**body, "tags": self._tags({})}))
        if own == at.targets[0]:
            found += shared_resources(called, self.here, self.plan.above, at)
        found += own_resources(called, own, self.here, self.plan.above[own], at)
        for kind, key, body in found:
            self.out.resource(kind, key, self._body(body))

    # -- visibility

    def _flow_log(self) -> None:
        watched = [z.name for z in self.model.zones if z.mode == "visibility"]
        log = self.here.flow_log
        if watched and log is None:
            self.warnings.append(
                Problem(
                    f"target {self.target.name}: nothing logs zone {', '.join(watched)}, in visibility mode",
                    where=self.target.where,
                    fix="pass flow_log= (a network watcher and a storage account)",
                )
            )
        if not watched or log is None:
            return
        body = {
            "name": name(f"{self.model.name}-{self.target.name}-visibility"),
            "network_watcher_name": log.network_watcher,
            "resource_group_name": log.resource_group,
            "target_resource_id": self.here.vnet_id,
            "storage_account_id": log.storage_account_id,
            "enabled": True,
            "version": 2,
            "retention_policy": [{"enabled": True, "days": log.days}],
            "tags": self._tags({}),
        }
        key = resource_name(self.target.name, "visibility")
        self.out.resource("azurerm_network_watcher_flow_log", key, self._body(body))

    # -- shared

    def _made(self, physical: str, tags: Mapping[str, str]) -> dict[str, Any]:
        place = {"resource_group_name": self.here.resource_group, "location": self.here.location}
        return self._body({"name": physical, **place, "tags": self._tags(tags)})

    def _body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {**body, "provider": self.here.provider} if self.here.provider else dict(body)

    def _tags(self, own: Mapping[str, str]) -> dict[str, str]:
        every = {"segkit": self.model.name, **own}
        return {**{k: literal(tag(v)) for k, v in every.items()}, **dict(self.here.tags)}

    def _moved(self, kind: str, old: str, new: str) -> None:
        if old != new:
            self.out.moved(f"{kind}.{old}", f"{kind}.{new}")


def _recorded_subnets(snapshot: Mapping[str, Any], there: Existing) -> Iterator[str]:
    """The ids of the subnets that a recorded security group is on."""
    end = f"/{there.resource_group}/providers/microsoft.network/networksecuritygroups/{there.name}".lower()
    for group in snapshot.get("networkSecurityGroups", ()):
        if group["id"].lower().endswith(end):
            yield from (str(one.get("id")) for one in group.get("properties", group).get("subnets") or ())


def _parts(carried: Carried) -> list[str]:
    """What names an interface."""
    workload, interface = carried.workload, carried.interface
    return [workload.name, *([interface.name] if interface.name else [])]


def _closing(target: str, subnet: str, there: Existing, waits: Sequence[str]) -> tuple[str, str]:
    """The local that names somebody's security group once interfaces are in their groups."""
    name = _on_subnets(resource_name(target, subnet))
    return name, _first(f'"{there.name}"', waits) if waits else there.name


def _on_subnets(key: str) -> str:
    """The local of a subnet's security group. A subnet may be called like an interface, and be there beside
    it between two applies."""
    return f"segkit-on-subnet_{key}"


def _first(own: str, others: Sequence[str]) -> str:
    """An id as an expression that waits for others."""
    return f"${{[{', '.join([own, *others])}][0]}}" if others else f"${{{own}}}"


def _ready_local(names: Namer, group: GroupId) -> str:
    return "segkit-group_" + names.group_key(group)
