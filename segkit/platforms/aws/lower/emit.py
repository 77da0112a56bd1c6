"""A plan as Terraform: named resources in a fixed order, with the dependencies that make an apply safe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from segkit.artifacts import Fragment, literal, reference
from segkit.errors import Problem
from segkit.model.model import Model, Target
from segkit.model.policy import Rule
from segkit.platforms.aws.limits import tag, text
from segkit.platforms.aws.lower.namer import Namer
from segkit.platforms.aws.lower.names import physical_name
from segkit.platforms.aws.lower.plan import Line, ListId, Plan
from segkit.platforms.aws.placement import AwsPlacement
from segkit.platforms.lowering.encoding import Carried, GroupId
from segkit.platforms.lowering.names import membership_local, readable, resource_name


class Emitter:
    """Writes one target's part of a plan."""

    def __init__(
        self,
        model: Model,
        plan: Plan,
        target: Target,
        placements: Mapping[str, AwsPlacement],
        names: Namer,
        before: Namer,
    ) -> None:
        self.model, self.plan, self.target = model, plan, target
        self.here = placements[target.name]
        self.accounts = {name: p.account for name, p in placements.items()}
        self.names, self.before = names, before
        self.out = Fragment(f"target {target.name}")
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._imports: list[dict[str, str]] = []
        self._ids: dict[int, list[str]] = {}  # by tuple of groups, which interfaces share
        # Ten thousand rules name few groups and rules: what is equal is one text.
        self._named: dict[GroupId, str] = {}
        self._descriptions: dict[tuple[str, ...], str] = {}

    def fragment(self) -> dict[str, Any]:
        """The target as Terraform JSON."""
        groups = sorted(self.plan.groups[self.target.name], key=self.names.group)
        lines: dict[GroupId, list[Line]] = {g: [] for g in groups}
        for line in self.plan.lines_of.get(self.target.name, ()):
            lines[line.id.group].append(line)
        for listed in sorted(self.plan.lists, key=lambda i: (i.name, i.family)):
            if listed.target == self.target.name:
                self._list(listed)
        for group in groups:
            self._group(group)
            keyed = sorted(((self.names.line_key(n.id), n) for n in lines[group]), key=itemgetter(0))
            self._ready(group, [self._line(key, line) for key, line in keyed])
        for carried in self.plan.carried[self.target.name]:
            self._member(carried)
        self._flow_log()
        done = self.out.to_dict()
        return {**done, "import": self._imports} if self._imports else done

    # -- parts
    # ---------------------------------------------------------------------------------------------------

    def _group(self, group: GroupId) -> None:
        name, key = self.names.group(group), self.names.group_key(group)
        adopted = self.here.adopt.get(name)
        # A rename in code keeps the physical name: changing it would replace a group that is in use.
        physical = (adopted and adopted.name) or physical_name(self.model.name, self.before.group(group))
        description = (adopted and adopted.description) or f"segkit {self.before.group(group)}"
        select = (
            " and ".join(sorted(readable(p.predicate) for p in group.pieces))
            or "workloads that no rule speaks of"
        )
        body = {
            "name": physical,
            "description": text(description),
            "vpc_id": self.here.vpc_id,
            "tags": self._tags({"Name": physical, "segkit": self.model.name, "segkit-select": select}),
            # A group that is not needed any more goes after the interfaces have let go of it: EC2 refuses to
            # delete one that is in use ([API] DeleteSecurityGroup).
            "lifecycle": {"create_before_destroy": True},
        }
        self.out.resource("aws_security_group", key, self._body(body))
        if adopted and adopted.id:
            self._imports.append({"to": f"${{aws_security_group.{key}}}", "id": adopted.id})
        self._moved("aws_security_group", self.before.group_key(group), key)

    def _line(self, key: str, line: Line) -> str:
        kind = f"aws_vpc_security_group_{line.id.direction}_rule"
        group, _, peer, protocol, start, _ = line.id
        body: dict[str, Any] = {
            "security_group_id": self._refer(group),
            "ip_protocol": protocol,
            "description": self._describe(line),
        }
        if start is not None:
            body["from_port"], body["to_port"] = start, line.end
        match peer:
            case GroupId() as group:
                body["referenced_security_group_id"] = self._refer(group)
            case ListId() as listed:
                listed_key = resource_name(listed.target, listed.name, f"v{listed.family}")
                body["prefix_list_id"] = reference(f"aws_ec2_managed_prefix_list.{listed_key}", "id")
            case cidr:
                body["cidr_ipv6" if ":" in cidr else "cidr_ipv4"] = cidr
        if self.here.tags:
            body["tags"] = self._tags({})
        self.out.resource(kind, key, self._body(body))
        if self.before is not self.names:
            self._moved(kind, self.before.line_key(line.id), key)
        return f"{kind}.{key}.id"

    def _refer(self, group: GroupId) -> str:
        """A reference to a group; one of another account names the account ([API] UserIdGroupPair)."""
        found = self._named.get(group)
        if found is None:
            there = self.accounts.get(group.target, "")
            prefix = f"{there}/" if there and self.here.account and there != self.here.account else ""
            found = prefix + reference(f"aws_security_group.{self.names.group_key(group)}", "id")
            self._named[group] = found
        return found

    def _describe(self, line: Line) -> str:
        """The rules a line serves, with owner and ticket, in AWS's charset and length."""
        origins = tuple(sorted(line.origins) if len(line.origins) > 1 else line.origins)
        found = self._descriptions.get(origins)
        if found is None:
            told = text("; ".join([_noted(o, line.origins[o]) for o in origins]))
            found = self._descriptions[origins] = told
        return found

    def _ready(self, group: GroupId, rules: Sequence[str]) -> None:
        """A group's id that is known once its rules exist: an interface takes a group only when it is
        complete."""
        own = f"aws_security_group.{self.names.group_key(group)}.id"
        self.out.local(
            _ready_local(self.names, group),
            f"${{[{', '.join([own, *rules])}][0]}}" if rules else f"${{{own}}}",
        )

    def _member(self, carried: Carried) -> None:
        ids = self._ids.get(id(carried.groups))
        if ids is None:
            ids = [reference(f"local.{_ready_local(self.names, g)}") for g in carried.groups]
            self._ids[id(carried.groups)] = ids
        workload, interface = carried.workload, carried.interface
        if interface.id is None:
            local = membership_local(self.target.name, workload.name, interface.name)
            self.out.local(
                local,
                {
                    "workload": literal(workload.name),
                    "interface": literal(interface.name),
                    "target": literal(self.target.name),
                    "groups": ids,
                },
            )
            return
        for group, ready in zip(carried.groups, ids, strict=True):
            parts = [workload.name, *([interface.name] if interface.name else [])]
            key = resource_name(self.target.name, *parts, self.names.group(group))
            body = {"network_interface_id": interface.id, "security_group_id": ready}
            self.out.resource("aws_network_interface_sg_attachment", key, self._body(body))
            old = resource_name(self.target.name, *parts, self.before.group(group))
            self._moved("aws_network_interface_sg_attachment", old, key)

    def _list(self, listed: ListId) -> None:
        cidrs = [str(c) for c in self.plan.lists[listed].cidrs()]
        name = physical_name(self.model.name, listed.name, f"ipv{listed.family}")
        body = {
            "name": name,
            "address_family": f"IPv{listed.family}",
            "max_entries": len(cidrs),
            "entry": [{"cidr": c} for c in cidrs],
            "tags": self._tags({"Name": name, "segkit": self.model.name}),
        }
        key = resource_name(listed.target, listed.name, f"v{listed.family}")
        self.out.resource("aws_ec2_managed_prefix_list", key, self._body(body))

    def _flow_log(self) -> None:
        watched = [z.name for z in self.model.zones if z.mode == "visibility"]
        if not watched:
            return
        destination = self.here.flow_log_destination
        if not destination:
            self.warnings.append(
                Problem(
                    f"target {self.target.name}: nothing logs zone {', '.join(watched)}, in visibility mode",
                    where=self.target.where,
                    fix="pass flow_log_destination= (ARN of an S3 bucket or a log group)",
                )
            )
            return
        kind = next((k for mark, k in _LOG_KINDS.items() if mark in destination), "s3")
        body = {
            "vpc_id": self.here.vpc_id,
            "traffic_type": "ALL",
            "log_destination": destination,
            "log_destination_type": kind,
            "tags": self._tags({"Name": f"{self.model.name}-visibility", "segkit": self.model.name}),
        }
        if self.here.flow_log_role:
            body["iam_role_arn"] = self.here.flow_log_role
        self.out.resource("aws_flow_log", resource_name(self.target.name, "visibility"), self._body(body))

    # -- shared
    # --------------------------------------------------------------------------------------------------

    def _body(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**body, "provider": self.here.provider} if self.here.provider else body

    def _tags(self, own: Mapping[str, str]) -> dict[str, str]:
        return {**{k: literal(tag(v)) for k, v in own.items()}, **dict(self.here.tags)}

    def _moved(self, kind: str, old: str, new: str) -> None:
        if old != new:
            self.out.moved(f"{kind}.{old}", f"{kind}.{new}")


_LOG_KINDS = {":logs:": "cloud-watch-logs", ":firehose:": "kinesis-data-firehose", ":s3:": "s3"}


def _ready_local(names: Namer, group: GroupId) -> str:
    return "segkit-group_" + names.group_key(group)


def _noted(origin: str, rule: Rule | None) -> str:
    notes = [n for n in (rule.owner, rule.ticket) if n] if rule else []
    return f"{origin} ({', '.join(notes)})" if notes else origin
