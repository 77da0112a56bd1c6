"""Security groups of a stack, their rules and the prefix lists that these use.

Sources: Terraform AWS provider documentation of the resource types named below; Amazon VPC User Guide,
"Security group rules", "Default security groups" and "Group CIDR blocks using managed prefix lists".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from segkit.artifacts.blocks import entries
from segkit.artifacts.scope import Block, Ref, Unknown, Value, spelled
from segkit.platforms.aws.permissions import UnclearError, admitted
from segkit.platforms.aws.reading import Reading, union
from segkit.platforms.aws.state import Direction, Group, Holders, Opaque, Peer, Permission, Range
from segkit.sets.addresses import Addresses
from segkit.sets.services import ServiceSet

_STANDALONE = {
    "aws_vpc_security_group_ingress_rule": Direction.INGRESS,
    "aws_vpc_security_group_egress_rule": Direction.EGRESS,
}
_MODULE = re.compile(r"module\.([\w-]+)")
_ELSEWHERE = "it lives elsewhere and its rules were not read"


@dataclass(slots=True)
class Draft:
    """A group while its rules are collected. `inline` and `separate` are directions given in that way."""

    key: str
    name: str = ""
    vpc: str | None = None
    vpcs: list[str] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    inline: set[Direction] = field(default_factory=set)
    separate: set[Direction] = field(default_factory=set)
    rules: dict[Direction, list[Permission]] = field(default_factory=lambda: {d: [] for d in Direction})

    def frozen(self) -> Group:
        """The group as read."""
        rules = {d: _sorted(set(found)) for d, found in self.rules.items()}
        return Group(
            key=self.key,
            name=self.name,
            vpc=self.vpc,
            ingress=rules[Direction.INGRESS],
            egress=rules[Direction.EGRESS],
            known=not self.why,
            why="; ".join(sorted(set(self.why))),
            vpcs=tuple(sorted(set(self.vpcs) - {self.vpc or ""})),
        )


def _sorted(rules: set[Permission]) -> tuple[Permission, ...]:
    """Rules by where they stand, and by text only where several stand in one place."""
    if len({rule.where for rule in rules}) == len(rules):
        return tuple(sorted(rules, key=lambda rule: rule.where))
    return tuple(sorted(rules, key=lambda rule: (rule.where, str(rule.peer), str(rule.services))))


class GroupReader:
    """Collects groups and rules: `drafts` are the groups, `lists` the prefix lists with known entries."""

    def __init__(
        self, reading: Reading, imports: Mapping[str, str], modules: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.reading = reading
        self.modules = modules
        self.scope = reading.scope
        self.imports = imports
        self.drafts: dict[str, Draft] = {}
        self.lists: dict[str, Addresses] = dict(reading.snapshot.prefix_lists)
        self.admits: dict[tuple[Any, ...], tuple[int | None, ServiceSet]] = {}

    def read(self) -> None:
        """Reads everything of the stack that makes or changes groups."""
        self._prefix_lists()
        self._from_snapshot()
        for block in self.reading.data("aws_security_group"):
            self._foreign(self.reading.alias(block.address), block)
        for block in self.reading.of("aws_security_group", "aws_default_security_group"):
            self._group(block)
        for block in self.reading.of(*_STANDALONE):
            self._rule(block, _STANDALONE[block.kind], self._one_peer(block), "ip_protocol")
        for block in self.reading.of("aws_security_group_rule"):
            self._older_rule(block)
        for block in self.reading.of("aws_vpc_security_group_vpc_association"):
            key = self.reading.group_key(self.scope.value(block.body.get("security_group_id")))
            vpc = self.reading.vpc(block.body.get("vpc_id"))
            if isinstance(key, str) and vpc is not None:
                self.draft(key).vpcs.append(vpc)
        for draft in self.drafts.values():
            for direction in sorted(draft.inline & draft.separate, key=lambda d: d.value):
                # Provider documentation of aws_security_group: the two ways "overwrite rules" of each other.
                self._doubt(
                    draft,
                    draft.key,
                    f"{direction.value} rules are given inline and as resources of their own",
                )

    def draft(self, key: str) -> Draft:
        """The group under this key; one that was not seen before lives elsewhere."""
        if key not in self.drafts:
            self.drafts[key] = Draft(key, why=[_ELSEWHERE])
        return self.drafts[key]

    # Groups

    def _from_snapshot(self) -> None:
        for group in self.reading.snapshot.groups.values():
            key = self.reading.alias(group.key)
            draft = Draft(
                key, group.name, group.vpc, list(group.vpcs), [] if group.known else [group.why or _ELSEWHERE]
            )
            for direction in Direction:
                for rule in group.permissions(direction):
                    if (
                        rule.where not in self.imports.values()
                    ):  # an imported rule becomes what the stack says
                        draft.rules[direction].append(self._renamed(rule))
            self.drafts[key] = draft

    def _renamed(self, rule: Permission) -> Permission:
        if not isinstance(rule.peer, Holders):
            return rule
        return Permission(
            rule.protocol, rule.services, Holders(self.reading.alias(rule.peer.group)), rule.where
        )

    def _foreign(self, key: str, block: Block) -> None:
        if key in self.drafts:
            return
        draft = self.draft(key)
        name = self.scope.value(block.body.get("name"))
        draft.name = name if isinstance(name, str) else ""
        if block.body.get("vpc_id") is not None:
            draft.vpc = self.reading.vpc(block.body["vpc_id"])

    def _group(self, block: Block) -> None:
        key, body = self.reading.alias(block.address), block.body
        copies = self.reading.copies(block)
        if copies == 0:
            return
        before = self.drafts.get(key)
        draft = Draft(key, vpc=self.reading.vpc(body.get("vpc_id"), body.get("provider")))
        name = self.scope.value(body.get("name"))
        draft.name = name if isinstance(name, str) else ""
        self.drafts[key] = draft
        if block.repeated:
            self._doubt(
                draft, block.address, "there may be several of this group, which are told apart only by index"
            )
        if isinstance(body.get("dynamic"), Mapping | list):
            self._doubt(draft, block.address, "dynamic blocks are not read")
        for direction in Direction:
            raw = body.get(direction.value)
            if raw is not None:
                draft.inline.add(direction)
                self._inline(draft, block, direction, raw)
            elif block.address in self.imports:
                # The provider removes the default outbound rule when it creates a group, and other people's
                # rules only from inline lists: an imported group without these keeps whatever it has.
                if before is None:
                    self._doubt(
                        draft,
                        block.address,
                        f"it is imported; {direction.value} rules that it has already are not known",
                    )
                else:
                    draft.rules[direction] += before.rules[direction]
                    draft.why += before.why
            # Otherwise: no rules at all. The platform's outbound rule for everything is gone, because the
            # provider revokes it on creation (aws_security_group, "NOTE on Egress rules");
            # aws_default_security_group removes all rules.

    def _inline(self, draft: Draft, block: Block, direction: Direction, raw: Any) -> None:
        for number, body in enumerate(entries(self.scope, raw)):
            where = f"{block.address}.{direction.value}[{number}]"
            if isinstance(body, Unknown):
                self._doubt(draft, where, f"rules that are not known: {body.text}")
            else:
                self._add(draft, direction, body, "protocol", self._many_peers(draft.key, body, where), where)

    # Rules

    def _rule(self, block: Block, direction: Direction, peers: list[Peer], protocol: str) -> None:
        copies = self.reading.copies(block)
        if copies == 0:
            return
        raw = block.body.get("security_group_id")
        key = self.reading.group_key(self.scope.value(raw))
        if isinstance(key, Unknown):
            self._stray(block, key)
            return
        draft = self.draft(key)
        draft.separate.add(direction)
        if copies is None:
            self._doubt(draft, block.address, "count or for_each decides whether this rule exists")
        else:
            self._add(draft, direction, block.body, protocol, peers, block.address)

    def _stray(self, block: Block, key: Unknown) -> None:
        """A rule whose group cannot be told: every group that its expression names may be the one, and every
        group of the stack where it names none. What a module gives is the module's own, unless that module
        was given groups of the stack."""
        self.reading.note(block.address, f"a rule of a group that is not known: {key.text}")
        body = block.body
        named = self.scope.mentions(
            [body.get("security_group_id"), body.get("for_each"), body.get("count"), key.text]
        )
        module = _MODULE.match(key.text)
        if module is not None:
            named |= self.scope.mentions(self.modules.get(module.group(1), {}))
        groups = {a for a in named if a.removeprefix("data.").startswith("aws_security_group.")}
        if not groups and module is None:
            groups = {group.address for group in self.reading.of("aws_security_group")}
        for address in sorted(groups):
            self._doubt(self.draft(self.reading.alias(address)), block.address, "it may have this rule")

    def _older_rule(self, block: Block) -> None:
        kind = self.scope.value(block.body.get("type"))
        key = self.reading.group_key(self.scope.value(block.body.get("security_group_id")))
        own = key if isinstance(key, str) else key.text
        for direction in Direction:
            if kind == direction.value or kind not in ("ingress", "egress"):
                self._rule(block, direction, self._many_peers(own, block.body, block.address), "protocol")
        if kind not in ("ingress", "egress") and isinstance(key, str):
            self._doubt(
                self.draft(key), block.address, f"the direction of a rule is not known: {spelled(kind)}"
            )

    def _add(
        self,
        draft: Draft,
        direction: Direction,
        body: Mapping[str, Any],
        protocol: str,
        peers: list[Peer],
        where: str,
    ) -> None:
        try:
            number, services = self._admitted(
                *(body.get(name) for name in (protocol, "from_port", "to_port"))
            )
        except UnclearError as problem:
            self._doubt(draft, where, f"what a rule admits is not known: {problem}")
            return
        if not peers:
            self.reading.note(where, "a rule with no peer; it admits nothing")
        draft.rules[direction] += [Permission(number, services, peer, where) for peer in peers]

    def _admitted(self, *raw: Any) -> tuple[int | None, ServiceSet]:
        """What a rule admits, as written: few things, in many rules. Raises UnclearError."""
        plain = all(type(value) in (str, int, type(None)) for value in raw)
        if plain and raw in self.admits:
            return self.admits[raw]
        found = admitted(*map(self.scope.value, raw))
        if plain:
            self.admits[raw] = found
        return found

    def _doubt(self, draft: Draft, where: str, what: str) -> None:
        draft.why.append(f"{what} ({where})")
        self.reading.note(where, what)

    # Peers

    def _one_peer(self, block: Block) -> list[Peer]:
        body, where = block.body, block.address
        ranges = [self.scope.value(body.get(name)) for name in ("cidr_ipv4", "cidr_ipv6")]
        found: list[Peer] = [self.reading.cidr(value, where) for value in ranges if value is not None]
        if (value := self.scope.value(body.get("prefix_list_id"))) is not None:
            found.append(self._list(value, where))
        if (value := self.scope.value(body.get("referenced_security_group_id"))) is not None:
            found.append(self._holders(value, where))
        return found

    def _many_peers(self, own: str, body: Mapping[str, Any], where: str) -> list[Peer]:
        found: list[Peer] = []
        for name in ("cidr_blocks", "ipv6_cidr_blocks"):
            found += [self.reading.cidr(value, where) for value in self.scope.items(body.get(name))]
        found += [self._list(value, where) for value in self.scope.items(body.get("prefix_list_ids"))]
        for name in ("security_groups", "source_security_group_id"):
            found += [self._holders(value, where) for value in self.scope.items(body.get(name))]
        match self.scope.value(body.get("self")):
            case True | "true":
                found.append(Holders(own))
            case None | False | "false":
                pass
            case value:
                found.append(
                    self.reading.opaque(value, where, "whether the group admits itself is not known")
                )
        return found

    def _holders(self, value: Value, where: str) -> Peer:
        key = self.reading.group_key(value)
        return (
            Holders(key)
            if isinstance(key, str)
            else self.reading.opaque(value, where, "a group that is not known")
        )

    def _list(self, value: Value, where: str) -> Peer:
        key = value.text.removesuffix(".id") if isinstance(value, Ref) else value
        if isinstance(key, str) and key in self.lists:
            return Range(self.lists[key], via=key)
        return self.reading.opaque(value, where, "a prefix list whose entries are not known")

    # Prefix lists

    def _prefix_lists(self) -> None:
        found: dict[str, list[Addresses] | None] = {}
        for block in self.reading.of("aws_ec2_managed_prefix_list"):
            if block.repeated or block.body.get("dynamic") is not None:
                self.reading.note(block.address, "its entries are not known: count, for_each or dynamic")
                found[block.address] = None
                continue
            found[block.address] = []
            for body in entries(self.scope, block.body.get("entry")):
                cidr = Unknown(body.text) if isinstance(body, Unknown) else self.scope.value(body.get("cidr"))
                _entry(found, block.address, self.reading.cidr(cidr, block.address))
        for block in self.reading.of("aws_ec2_managed_prefix_list_entry"):
            value = self.scope.value(block.body.get("prefix_list_id"))
            key = value.text.removesuffix(".id") if isinstance(value, Ref) else spelled(value)
            if key not in found and key in self.lists:
                found[key] = [self.lists[key]]
            if self.reading.copies(block) != 1:
                found[key] = None
            else:
                _entry(found, key, self.reading.cidr(self.scope.value(block.body.get("cidr")), block.address))
        for block in self.reading.data("aws_ec2_managed_prefix_list", "aws_prefix_list"):
            for name in ("id", "prefix_list_id"):
                literal = block.body.get(name)
                if isinstance(literal, str) and literal in self.lists:
                    found[block.address] = [self.lists[literal]]
        for key, sets in found.items():
            self.lists.pop(key, None)
            if sets is not None:
                self.lists[key] = union(sets)


def _entry(found: dict[str, list[Addresses] | None], key: str, peer: Range | Opaque) -> None:
    sets = found.get(key)
    if key not in found or not isinstance(peer, Range):
        found[key] = None  # a list of which only some entries are known is not known
    elif sets is not None:
        sets.append(peer.addresses)
