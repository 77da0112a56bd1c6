"""Network security groups of a stack and their rules.

Sources: Terraform AzureRM provider documentation of `azurerm_network_security_group` (rules inline are all
rules; left out, they are whatever is there) and `azurerm_network_security_rule` (the two ways overwrite each
other).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from segkit.artifacts.blocks import entries
from segkit.artifacts.scope import Block, Unknown, spelled
from segkit.platforms.azure.read_handed import Handed
from segkit.platforms.azure.reading import IGNORES, Reading, ignores
from segkit.platforms.azure.state import Members, Rule, SecurityGroup, State

_KIND = "azurerm_network_security_group"
_PATH = "microsoft.network/networksecuritygroups"
_ELSEWHERE = "it lives elsewhere and its rules were not read"


@dataclass(slots=True)
class Draft:
    """A security group while its rules are collected."""

    key: str
    name: str = ""
    doubts: list[str] = field(default_factory=list)
    inline: bool = False
    separate: bool = False
    rules: list[Rule] = field(default_factory=list)
    recorded: list[Rule] = field(default_factory=list)

    def frozen(self) -> SecurityGroup:
        """The group as read."""
        rules = tuple(sorted(set(self.rules), key=lambda r: (r.order, r.where)))
        return SecurityGroup(self.key, self.name, rules, tuple(sorted(set(self.doubts))))


class GroupReader:
    """Collects security groups and their rules."""

    def __init__(
        self,
        reading: Reading,
        imports: Mapping[str, str],
        passed_on: Sequence[Handed],
        snapshot: State,
    ) -> None:
        self.reading, self.scope = reading, reading.scope
        self.imports, self.passed_on = imports, passed_on
        self.drafts: dict[str, Draft] = {}
        for group in snapshot.groups.values():
            key = reading.aliases.get(group.key, group.key)
            rules = [self._renamed(rule) for rule in group.rules]
            self.drafts[key] = Draft(key, group.name, list(group.doubts), rules=rules, recorded=rules)

    def read(self) -> None:
        """Reads everything of the stack that makes or changes security groups."""
        for block in self.reading.of(_KIND):
            self._group(block)
        for block in self.reading.of("azurerm_network_security_rule"):
            self._rule(block)
        for draft in self.drafts.values():
            if draft.inline and draft.separate:
                self._note(draft, draft.key, "rules are given inline and as resources of their own")
        for one in self.passed_on:
            if one.changed and (one.key in self.drafts or one.key.startswith(f"{_KIND}.")):
                self.doubt(one.key, one.where, "it is handed on, and may be changed there")

    def frozen(self) -> dict[str, SecurityGroup]:
        """The groups, by key."""
        return {key: self.drafts[key].frozen() for key in sorted(self.drafts)}

    def named(self, keys: Iterable[str]) -> None:
        """Adds the groups that something is said to have; those not seen before live elsewhere."""
        for key in keys:
            self._draft(key)

    def doubt(self, key: str, where: str, what: str) -> None:
        """Marks a group as not wholly known."""
        self._note(self._draft(key), where, what)

    def _draft(self, key: str) -> Draft:
        """The group under this key; one that was not seen before lives elsewhere."""
        if key not in self.drafts:
            self.drafts[key] = Draft(key, doubts=[_ELSEWHERE])
        return self.drafts[key]

    def _note(self, draft: Draft, where: str, what: str) -> None:
        draft.doubts.append(f"{what} ({where})")
        self.reading.note(where, what)

    def _renamed(self, rule: Rule) -> Rule:
        """A recorded rule that names application security groups as the stack does."""
        source, destination = (
            Members(frozenset(self.reading.aliases.get(group, group) for group in side.groups))
            if isinstance(side, Members)
            else side
            for side in (rule.source, rule.destination)
        )
        return replace(rule, source=source, destination=destination)

    def _group(self, block: Block) -> None:
        if self.reading.copies(block) == 0:
            return
        before, body = self.drafts.get(block.address), block.body
        draft = self.drafts[block.address] = Draft(block.address, spelled(self.scope.value(body.get("name"))))
        if block.repeated:
            self._note(draft, block.address, "there may be several of it, told apart only by index")
        if body.get("dynamic") is not None:
            self._note(draft, block.address, "dynamic blocks are not read")
        if ignores(body):
            self._note(draft, block.address, IGNORES)
        raw = body.get("security_rule")
        if raw is not None:
            draft.inline = True
            for number, entry in enumerate(entries(self.scope, raw)):
                self._inline(draft, entry, f"{block.address}.security_rule[{number}]")
        elif block.address in self.imports:
            if before is None:
                self._note(draft, block.address, "it is imported; rules that it has already are not known")
            else:
                draft.rules, draft.doubts = before.rules, [*draft.doubts, *before.doubts]

    def _inline(self, draft: Draft, body: Mapping[str, Any] | Unknown, where: str) -> None:
        if isinstance(body, Unknown):
            self._note(draft, where, f"rules that are not known: {body.text}")
            return
        name = spelled(self.scope.value(body.get("name")))
        place = f"{draft.key} ({name})" if body.get("name") is not None else where
        draft.rules.append(self.reading.rule(body, place))

    def _rule(self, block: Block) -> None:
        copies = self.reading.copies(block)
        if copies == 0:
            return
        key = self.reading.named(_PATH, block.body, "network_security_group_name")
        alike = [group.address for group in self.reading.of(_KIND) if self._alike(group, block)]
        if key not in alike:
            if not all(
                isinstance(self.scope.value(block.body.get(name)), str)
                for name in ("resource_group_name", "network_security_group_name")
            ):
                self._stray(block, alike)
                return
            for address in alike:
                self.doubt(address, block.address, "it may have this rule")
        draft = self._draft(key)
        draft.separate = True
        if copies is None:
            self._note(draft, block.address, "count or for_each decides whether this rule exists")
        else:
            rule = self.reading.rule(block.body, block.address)
            # What was recorded of a rule that the stack makes is what it was.
            draft.rules = [r for r in draft.rules if r not in draft.recorded or r.name != rule.name]
            draft.rules.append(rule)

    def _alike(self, group: Block, rule: Block) -> bool:
        """May a group whose names, or those in the rule, are not all known be the one that a rule names?"""
        pairs = (("resource_group_name", "resource_group_name"), ("name", "network_security_group_name"))
        names = [
            [self.scope.value(b.body.get(n)) for b, n in zip((group, rule), p, strict=True)] for p in pairs
        ]
        texts = [[one.lower() for one in pair if isinstance(one, str)] for pair in names]
        return any(len(pair) < 2 for pair in texts) and all(len(set(pair)) < 2 for pair in texts)

    def _stray(self, block: Block, alike: Sequence[str]) -> None:
        """A rule whose group cannot be told by its names: every group that the expression of its own name
        mentions may be the one, and every group of a like name where it mentions none."""
        names = ("network_security_group_name", "for_each")
        named = self.scope.mentions([block.body.get(name) for name in names])
        groups = sorted(a for a in named if a.startswith(f"{_KIND}."))
        if len(groups) == 1 and not block.repeated:
            draft = self._draft(groups[0])
            draft.separate = True
            draft.rules.append(self.reading.rule(block.body, block.address))
            self.reading.note(
                block.address, f"read as a rule of {groups[0]}, the only group that it mentions"
            )
            return
        for address in groups or alike:
            self.doubt(address, block.address, "it may have this rule")
