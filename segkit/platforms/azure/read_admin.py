"""Security admin rules of a stack: which of them are deployed to a virtual network.

Sources: [ADMIN] Azure Virtual Network Manager, “Security admin rules”; [DEPLOY] “Configuration deployments”:
a configuration takes effect in the regions that it was deployed to, as it was then, and one of a kind can be
in a region; [SCOPE] “Network manager scopes”; Terraform AzureRM provider documentation of each type named
here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from segkit.artifacts.blocks import entries
from segkit.artifacts.scope import Block, Unknown, spelled
from segkit.platforms.azure.read_handed import Handed
from segkit.platforms.azure.reading import Reading
from segkit.platforms.azure.state import Admin, Rule

_MANAGER = "azurerm_network_manager"
_GROUP = f"{_MANAGER}_network_group"
_MEMBER = f"{_MANAGER}_static_member"
_CONFIGURATION = f"{_MANAGER}_security_admin_configuration"
_COLLECTION = f"{_MANAGER}_admin_rule_collection"
_RULE = f"{_MANAGER}_admin_rule"
_DEPLOYMENT = f"{_MANAGER}_deployment"

_INTENT = ("azurerm_mssql_managed_instance", "azurerm_databricks_workspace")
"""Services that keep a whole virtual network free of admin rules ([ADMIN] “Nonapplication of security admin
rules at virtual network level”)."""

_SPARED = {
    "azurerm_application_gateway": "gateway_ip_configuration",
    "azurerm_bastion_host": "ip_configuration",
    "azurerm_firewall": "ip_configuration",
    "azurerm_route_server": "",
    "azurerm_virtual_network_gateway": "ip_configuration",
}
"""Services that keep their subnet free of them, with the block that names it ([ADMIN] “Nonapplication of
security admin rules at subnet level”)."""

_ACTIONS = {"allow": ("Allow", False), "alwaysallow": ("Allow", True), "deny": ("Deny", True)}


class AdminReader:
    """Finds what is deployed to virtual networks."""

    def __init__(self, reading: Reading, passed_on: Sequence[Handed]) -> None:
        self.reading, self.scope = reading, reading.scope
        self._handed = [one for one in passed_on if one.key.startswith(f"{_MANAGER}_")]

    def of(self, network: str, location: str) -> Admin:
        """The rules that are deployed to a virtual network, which is in a region unless the stack makes it in
        another."""
        location = self._placed(network) or location
        rules: list[Rule] = []
        doubts, committed, commits = [], set[str](), list[Block]()
        for block in self._collections:
            here, unsure = self._concerns(block, network)
            doubts += unsure
            if not here:
                continue
            key, found = self._configuration(block), self._commits(block, location)
            held = list(self._rules(block))
            if held and found is None:
                doubts.append(f"{block.address}: whether {key} is deployed there is not known")
            if not found:
                continue
            committed.add(key)
            commits += found
            for rule in held:
                body = self._rule(rule)
                if not any(rule.address in self.scope.mentions(one.body) for one in found):
                    why_not = "whether it was there when its configuration was deployed is not known"
                    body = replace(body, doubt="; ".join(filter(None, (body.doubt, why_not))))
                rules.append(body)
        doubts += self._unread(location)
        if len(rivals := sorted(committed | self._beside(commits, location))) > 1:
            doubts.append(f"which of {', '.join(rivals)} is in force and decides first is not known")
        if rules or doubts:
            doubts += [f"{where}: it keeps admin rules from virtual networks" for where in self._keeping()]
        doubts += self._everywhere()
        return Admin(
            tuple(sorted(rules, key=lambda r: (r.order, r.where))), tuple(sorted(dict.fromkeys(doubts)))
        )

    def spared(self) -> frozenset[str]:
        """The subnets where admin rules are not applied."""
        found = set()
        for block in self.reading.of(*_SPARED):
            inner = _SPARED[block.kind]
            for body in entries(self.scope, block.body.get(inner)) if inner else (block.body,):
                key = None if isinstance(body, Unknown) else self.reading.key(body.get("subnet_id"))
                found |= {key} if key is not None else set()
        return frozenset(found)

    # -- which networks

    def _placed(self, network: str) -> str | None:
        """The region of a virtual network that the stack makes, where it is plain."""
        block = self.scope.blocks.get(self.reading.key(network) or "")
        found = None if block is None or block.repeated else self.scope.value(block.body.get("location"))
        return found if isinstance(found, str) else None

    def _concerns(self, collection: Block, network: str) -> tuple[bool, list[str]]:
        """Is a collection for a network, for certain? And why it may be for it all the same."""
        if collection.repeated:
            return False, [f"{collection.address}: there may be several of it, told apart only by index"]
        here, doubts = self.reading.key(network), []
        for value in self.scope.items(collection.body.get("network_group_ids")):
            group = self.reading.key_of(value)
            if isinstance(value, Unknown) or group not in self._groups:
                doubts.append(f"{collection.address}: who is in {spelled(value)} is not known")
                continue
            members, unsure = self._groups[str(group)]
            if here in members:
                return True, []
            doubts += [f"{collection.address}: {why}" for why in unsure]
        return False, doubts

    @cached_property
    def _groups(self) -> Mapping[str, tuple[set[str], list[str]]]:
        """The network groups of the stack: the virtual networks in each, and why these may not be all."""
        found: dict[str, tuple[set[str], list[str]]] = {}
        policies = [b for b in self.scope.blocks.values() if not b.data and "policy" in b.kind]
        for block in self.reading.of(_GROUP):
            unsure = [
                f"{p.address} may put others into {block.address}" for p in policies if self._names(p, block)
            ]
            if block.repeated:
                unsure.append(f"there may be several of {block.address}")
            found[block.address] = set(), unsure
        for block in self.reading.of(_MEMBER):
            if self.reading.copies(block) == 0:
                continue
            group = self.reading.key(block.body.get("network_group_id"))
            member = self.reading.key(block.body.get("target_virtual_network_id"))
            near = [group] if group in found else list(found)
            sure = group in found and not block.repeated and member not in self.reading.untold
            if sure and member is not None and not _is_subnet(member):
                found[str(group)][0].add(member)
                continue
            for one in near:
                found[str(one)][1].append(f"which network {block.address} puts into it is not known")
        return found

    def _names(self, block: Block, other: Block) -> bool:
        return other.address in self.scope.mentions(block.body)

    # -- what is deployed

    @cached_property
    def _collections(self) -> list[Block]:
        return [block for block in self.reading.of(_COLLECTION) if self.reading.copies(block) != 0]

    def _configuration(self, collection: Block) -> str:
        return self.reading.key(collection.body.get("security_admin_configuration_id")) or ""

    @cached_property
    def _deployments(self) -> list[tuple[Block, bool]]:
        """What deploys security admin configurations, and whether it does for certain."""
        found = []
        for block in self.reading.of(_DEPLOYMENT):
            kind = self.scope.value(block.body.get("scope_access"))
            known = isinstance(kind, str)
            if (kind == "SecurityAdmin" or not known) and self.reading.copies(block) != 0:
                found.append((block, known and not block.repeated))
        return found

    def _near(self, block: Block, location: str) -> bool:
        """May a deployment be to a region?"""
        here, there = self._region(location), self._region(block.body.get("location"))
        return here == there or bool(set("$.") & {*here, *there})  # no region is called so

    def _beside(self, commits: Sequence[Block], location: str) -> set[str]:
        """The configurations that the network managers of some deployments have, or may have, deployed to
        their region: one of them takes the place of the other, whatever networks it is for."""
        managers = {self._manager(block) for block in commits}
        near = (b for b, _ in self._deployments if self._near(b, location) and self._manager(b) in managers)
        return {key for block in near for key in self._keys(block)}

    def _manager(self, block: Block) -> str | None:
        return self.reading.key(block.body.get("network_manager_id"))

    def _keys(self, deployment: Block) -> Iterator[str]:
        values = self.scope.items(deployment.body.get("configuration_ids"))
        yield from (key for value in values if (key := self.reading.key_of(value)) is not None)

    def _unread(self, location: str) -> Iterator[str]:
        """Configurations that are, or may be, deployed to a region, and that the stack does not make."""
        for block, _ in self._deployments:
            for key in self._keys(block) if self._near(block, location) else ():
                if key not in self.scope.blocks:
                    yield f"{block.address}: the rules of {key} are not known"

    def _commits(self, collection: Block, location: str) -> list[Block] | None:
        """The deployments of a collection to a region; None where there may be one."""
        key, here = self._configuration(collection), self._region(location)
        found, elsewhere, unsure = [], [], False
        for block, sure in self._deployments:
            ids = self.scope.items(block.body.get("configuration_ids"))
            named = key in (self.reading.key_of(value) for value in ids)
            if not named and not any(isinstance(value, Unknown) for value in ids):
                continue
            there = self._region(block.body.get("location"))
            if named and sure and there == here:
                found.append(block)
            elif not sure or not named or self._near(block, location):
                unsure = True
            else:
                elsewhere.append(there)
        if found:
            return found
        if unsure or key not in self.scope.blocks:
            return None
        where = (
            f"it is deployed to {', '.join(sorted(elsewhere))} only" if elsewhere else "nothing deploys it"
        )
        self.reading.note(collection.address, f"{where}: its rules do nothing in {here}")
        return []

    def _region(self, raw: Any) -> str:
        return spelled(self.scope.value(raw)).replace(" ", "").lower()

    # -- rules

    def _rules(self, collection: Block) -> Iterator[Block]:
        for block in self.reading.of(_RULE):
            there = self.reading.key(block.body.get("admin_rule_collection_id"))
            if there == collection.address and self.reading.copies(block) != 0:
                yield block

    def _rule(self, block: Block) -> Rule:
        """A rule, read like one of a security group."""
        body = dict(block.body)
        action = spelled(self.scope.value(body.get("action"))).lower()
        access, final = _ACTIONS.get(action, ("", True))
        protocol = spelled(self.scope.value(body.get("protocol")))
        doubts = []
        for end in ("source", "destination"):
            found = []
            for inner in entries(self.scope, body.get(end)):
                if isinstance(inner, Unknown):
                    doubts.append(f"its {end} is not known")
                else:
                    found.append(inner.get("address_prefix"))
            body[f"{end}_address_prefixes"] = found
        if block.repeated or body.get("dynamic") is not None:
            doubts.append("there may be others of it, or it may be another")
        body |= {"access": access, "protocol": "*" if protocol.lower() == "any" else protocol}
        rule = self.reading.rule(body, block.address)
        return replace(rule, final=final, doubt="; ".join(filter(None, (rule.doubt, *doubts))))

    # -- doubts

    def _keeping(self) -> Iterator[str]:
        """Services that keep admin rules away, where no configuration says that they do not."""
        asked = [
            self.scope.items(b.body.get("apply_on_network_intent_policy_based_services"))
            for b in self.reading.of(_CONFIGURATION)
        ]
        if not asked or any("All" not in values for values in asked):
            yield from (block.address for block in self.reading.of(*_INTENT))

    def _everywhere(self) -> Iterator[str]:
        """What may concern any network."""
        collections = {block.address for block in self._collections}
        for block in self.reading.of(_RULE):
            there = self.reading.key(block.body.get("admin_rule_collection_id"))
            if there not in collections and self.reading.copies(block) != 0:
                yield f"{block.address}: its collection lives elsewhere, or is not known"
        for one in self._handed:
            yield f"{one.where}: it is given {one.key}, and may add rules"


def _is_subnet(key: str) -> bool:
    return key.startswith("azurerm_subnet.") or "/subnets/" in key
