"""Firewall policies and VPC firewall rules of a stack, network by network.

Sources: Terraform provider documentation of the resource types named below; [RULES], [VPC] and [API] as in
`segkit.platforms.google.state`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from segkit.artifacts.blocks import entries
from segkit.artifacts.scope import Block, Ref, Unknown, Value, spelled
from segkit.platforms.google.reading import Reading
from segkit.platforms.google.services import UnclearError, spoken
from segkit.platforms.google.state import Action, Direction, Holders, Network, Order, Rule, Stage
from segkit.sets.addresses import NOWHERE, Addresses
from segkit.sets.services import ServiceSet

_POLICY = "google_compute_network_firewall_policy"
_POLICIES = (_POLICY, f"{_POLICY}_with_rules")
_ABOVE = "google_compute_firewall_policy"
_HIERARCHY = (_ABOVE, f"{_ABOVE}_with_rules")
_ONE_OF = re.compile(r"(google_compute_network\.[\w-]+)(?:\.[\w-]+|\[\d+\]|\[\"[^\"]*\"\])")
_ELSEWHERE = {
    "google_compute_organization_security_policy_association": "above",
    "google_compute_region_network_firewall_policy_association": "below",
}
"""Policies of other places, and when they are asked."""
_EITHER = ("address_groups", "fqdns", "region_codes", "threat_intelligences")
"""Sources and destinations that add to the ranges; what they hold is not read."""
_SIDES = {Direction.INGRESS: "src", Direction.EGRESS: "dest"}
_FAR_TAGS = {"src_secure_tag", "src_secure_tags"}
_MATCHED = {
    way: frozenset((f"{side}_ip_ranges", *(f"{side}_{key}" for key in _EITHER), "layer4_config"))
    | {"layer4_configs", "//", *(_FAR_TAGS if way is Direction.INGRESS else ())}
    for way, side in _SIDES.items()
}
"""What is read of a match, by direction."""


class RuleReader:
    """Collects what decides about each network of a stack."""

    def __init__(self, reading: Reading, modules: Mapping[str, Mapping[str, Any]]) -> None:
        self.reading, self.scope = reading, reading.scope
        self.modules = {name: modules[name] for name in sorted(modules)}
        self.doubts: dict[str, list[str]] = {"above": [], "classic": [], "below": []}  # of every network
        self._doubts: dict[str, list[str]] = defaultdict(list)
        self._classic: dict[str, list[Rule]] = defaultdict(list)
        self._strays: dict[str, list[str]] = defaultdict(list)
        self._policies: dict[str, list[Stage]] = defaultdict(list)
        self._stages = {b.address: self._policy(b) for b in reading.of(*_POLICIES, *_HIERARCHY)}
        self.hierarchy: dict[str, list[Stage]] = defaultdict(list)  # by organization or folder

    def networks(self) -> dict[str, Network]:
        """Every network that something of the stack speaks of, by its key."""
        made = {b.address: b for b in self.reading.of("google_compute_network")}
        for block in self.reading.of("google_compute_firewall"):
            self._firewall(block)
        for name, body in self.modules.items():
            for network in self.reading.networks_in(body):
                self._strays[network].append(f"module.{name}: a module is given the network")
        for block in self.reading.of(f"{_POLICY}_association"):
            self._association(block)
        for block in self.reading.of(f"{_ABOVE}_association"):
            self._attached(block)
        # Which regions an interface is in no stack tells.
        for kind, place in _ELSEWHERE.items():
            for block in self.reading.of(kind):
                self.doubts[place].append(f"{block.address}: another policy may decide too")
        keys = {*made, *self._doubts, *self._classic, *self._strays, *self._policies}
        return {
            key: Network(
                key,
                self._order(made[_whole(key)]) if _whole(key) in made else None,
                _whole(key) in made,
                *self.reading.called(key),
                classic=self._stage(key),
                policies=tuple(self._policies[key]),
                doubts=tuple(self._doubts[key]),
            )
            for key in sorted(keys)
        }

    def _stage(self, key: str) -> Stage | None:
        rules = self._classic.get(key, ())
        strays = [doubt for k in dict.fromkeys((key, _whole(key))) for doubt in self._strays.get(k, ())]
        return Stage(f"VPC firewall rules of {key}", tuple(rules), tuple(strays)) if rules or strays else None

    def _order(self, block: Block) -> Order | None:
        """The order that a network is made with; without one, VPC firewall rules come first ([ORDER])."""
        value = self.scope.value(block.body.get("network_firewall_policy_enforcement_order"))
        if value is None or value == "AFTER_CLASSIC_FIREWALL":
            return "AFTER_CLASSIC_FIREWALL"
        if value == "BEFORE_CLASSIC_FIREWALL":
            return "BEFORE_CLASSIC_FIREWALL"
        self._doubts[block.address].append(f"its enforcement order is not known: {spelled(value)}")
        return None

    # -- policies

    def _policy(self, block: Block) -> Stage:
        """A policy with its rules, given inline or one by one."""
        body = block.body
        doubts: list[str] = []
        rules: list[Rule] = []
        if isinstance(body.get("dynamic"), Mapping | list) or block.repeated:
            doubts.append(f"{block.address}: dynamic blocks, count or for_each are not read")
        if self.scope.value(body.get("policy_type")) not in (None, "", "VPC_POLICY"):
            doubts.append(f"{block.address}: a policy of its type is not read")
        for name, given in self.modules.items():
            if block.address in self.scope.mentions(given):
                doubts.append(f"module.{name}: a module is given the policy")
        for number, one in enumerate(entries(self.scope, body.get("rule"))):
            where = f"{block.address}.rule[{number}]"
            if isinstance(one, Unknown):
                doubts.append(f"{where}: rules that are not known: {one.text}")
                continue
            if not isinstance(one.get("priority"), str):
                where = f"{block.address}.rule[{one.get('priority')}]"
            rules += self._rule(one, where, doubts)
        for other in self.reading.of(f"{block.kind.removesuffix('_with_rules')}_rule"):
            rules += self._apart(block, other, doubts)
        for priority, count in sorted(Counter(rule.priority for rule in rules).items()):
            if count > 1:
                doubts.append(f"{block.address}: {count} rules have priority {priority}")
        return Stage(block.address, tuple(rules), tuple(doubts))

    def _apart(self, policy: Block, block: Block, doubts: list[str]) -> Iterator[Rule]:
        """A rule that is a resource of its own."""
        owner = self._policy_of(block)
        copies = self.reading.copies(block)
        if owner not in (policy.address, None) or copies == 0:
            return
        if owner is None or copies is None:
            doubts.append(f"{block.address}: whether the policy has this rule is not known")
            return
        yield from self._rule(block.body, block.address, doubts)

    def _policy_of(self, block: Block) -> str | None:
        """The policy that a rule or an association names: its address, or the text; None where unknown."""
        value = self.scope.value(block.body.get("firewall_policy"))
        made = list(self.reading.of(*(_POLICIES if block.kind.startswith(_POLICY) else _HIERARCHY)))
        names = {b.address: self.scope.value(b.body.get("name", b.body.get("short_name"))) for b in made}
        if isinstance(value, Ref):
            return value.address if value.address in names else None
        if not isinstance(value, str) or value.isdigit():
            return None
        same = [address for address, name in names.items() if name == value.rpartition("/")[2]]
        if len(same) == 1:
            return same[0]
        return None if same or not all(isinstance(n, str) for n in names.values()) else value

    def _attached(self, block: Block) -> None:
        """A hierarchical policy at an organization or a folder."""
        if self.reading.copies(block) == 0:
            return
        place = spelled(self.scope.value(block.body.get("attachment_target")))
        stage = self._stages.get(self._policy_of(block) or "")
        if stage is None or self.reading.copies(block) is None:
            stage = Stage(block.address, (), (f"{block.address}: the rules of its policy are not known",))
        if self.hierarchy[place]:  # "already has an association" otherwise: [API] addAssociation
            stage = replace(stage, doubts=(*stage.doubts, f"{block.address}: {place} has several policies"))
        self.hierarchy[place].append(stage)

    def _association(self, block: Block) -> None:
        if self.reading.copies(block) == 0:
            return
        network = self.reading.network(block.body.get("attachment_target"))
        policy = self._policy_of(block)
        if network is None:
            self.doubts["above"].append(f"{block.address}: a policy of a network that is not known")
        elif policy not in self._stages or self.reading.copies(block) is None:
            self._doubts[network].append(f"{block.address}: the rules of its policy are not known")
        else:
            self._policies[network].append(self._stages[policy])
            if len(self._policies[network]) > 1:  # "one per network": [API] addAssociation
                self._doubts[network].append(f"{block.address}: the network has several policies")

    def _rule(self, body: Mapping[str, Any], where: str, doubts: list[str]) -> Iterator[Rule]:
        """A rule of a policy, in the names of either resource: singular inline, plural on its own."""
        off, kind = self._off(body), self.scope.value(body.get("target_type"))
        if off is True:
            return
        if kind == "INTERNAL_MANAGED_LB":
            self.reading.note(where, "a rule for load balancers; it does not speak of interfaces")
            return
        priority = _number(self.scope.value(body.get("priority")))
        action = self.scope.value(body.get("action"))
        way = _direction(self.scope.value(body.get("direction")))
        if priority is None or action not in ("allow", "deny", "goto_next") or way is None:
            doubts.append(f"{where}: its priority, direction or action is not read ({spelled(action)})")
            return
        match = next(iter(entries(self.scope, body.get("match"))), Unknown("match"))
        if isinstance(match, Unknown):
            doubts.append(f"{where}: what it matches is not known")
            return
        targets, lost = self._tags(body, "target_secure_tag")
        accounts, unclear = self._accounts(body, "target")
        tags, far = self._tags(match, "src_secure_tag")
        ranges, odd = self._ranges(match, _SIDES[way])
        services, vague = self._services(match, "layer4_config", "ip_protocol")
        narrow = self._beside(match, match.keys() - _MATCHED[way])
        if off is None or kind not in (None, "", "INSTANCES") or body.get("dynamic") is not None:
            narrow = "whether, or for whom, it holds is not known"
        limits, named = self._limits(body)
        if len(named) < len(limits):
            narrow = "the networks that it is for are not known"
        held = Holders(targets, accounts=accounts)
        limited = named if limits and not narrow else None
        yield _assembled(
            Rule(priority, action, way, services, where, held, networks=limited),
            ranges,
            Holders(tags),
            whom=lost or unclear,
            narrow=narrow,
            more=(far, odd, vague),
        )

    def _limits(self, body: Mapping[str, Any]) -> tuple[set[str | None], frozenset[str]]:
        """The networks that a rule is limited to, None for what is none; and those that are known."""
        given = self.scope.items(body.get("target_resources"))
        limits = {self.reading.network(v) if isinstance(v, Ref | str) else None for v in given}
        return limits, frozenset(network for network in limits if network is not None)

    # -- VPC firewall rules

    def _firewall(self, block: Block) -> None:
        """A VPC firewall rule ([VPC]); its actions are one kind of block each."""
        body, copies = block.body, self.reading.copies(block)
        off = self._off(body)
        if copies == 0 or off is True:
            return
        network = self.reading.network(body.get("network"), self.scope.value(body.get("project")))
        if network is None:
            self.doubts["classic"].append(
                f"{block.address}: a VPC firewall rule of a network that is not known"
            )
            return
        way = _direction(self.scope.value(body.get("direction")))
        raw = self.scope.value(body.get("priority"))
        priority = 1000 if raw is None else _number(raw)
        unclear = None in (copies, off) or body.get("dynamic") is not None
        if way is None or priority is None or unclear:
            self._strays[network].append(f"{block.address}: a VPC firewall rule that is not known in full")
            return
        for action in ("allow", "deny"):
            if body.get(action) is not None:
                rule = self._classic_rule(body, block.address, way, priority, action)
                self._classic[network].append(rule)

    def _classic_rule(
        self, body: Mapping[str, Any], where: str, way: Direction, priority: int, action: Action
    ) -> Rule:
        services, vague = self._services(body, action, "protocol")
        targets, whom = self._machines(body, "target")
        peers, lost = self._machines(body, "source")
        if way is Direction.INGRESS:
            ranges, odd = self.reading.ranges(body.get("source_ranges"))
            narrow = self._beside(body, ("destination_ranges",))
        else:
            ranges, odd = self.reading.ranges(body.get("destination_ranges"))
            if not (ranges or odd):
                ranges = Addresses.of("0.0.0.0/0")  # the API's default
            narrow = self._beside(body, ("source_ranges", "source_tags", "source_service_accounts"))
            peers = Holders()
        rule = Rule(priority, action, way, services, where, targets)
        return _assembled(rule, ranges, peers, whom=whom, narrow=narrow, more=(vague, lost, odd))

    def _machines(self, body: Mapping[str, Any], end: str) -> tuple[Holders, str]:
        """Machines by network tag and by service account, and what of them cannot be told."""
        tags, lost = self._texts(body.get(f"{end}_tags"))
        accounts, unclear = self._accounts(body, end)
        return Holders(network_tags=tags, accounts=accounts), lost or unclear

    # -- parts of a rule

    def _off(self, body: Mapping[str, Any]) -> bool | None:
        """Whether a rule is disabled, None where that is not known."""
        if (value := self.scope.value(body.get("disabled"))) is None:
            return False
        return {"true": True, "false": False}.get(str(value).lower())

    def _beside(self, body: Mapping[str, Any], keys: Collection[str]) -> str:
        """Those of some arguments that are given: they narrow a rule, to what is not read."""
        if not keys:
            return ""
        given = {k: self.scope.items(body.get(k)) for k in sorted(keys) if k != "//"}
        return "; ".join(f"{key} is not read" for key, held in given.items() if any(v != "" for v in held))

    def _tags(self, body: Mapping[str, Any], name: str) -> tuple[frozenset[str], str]:
        found, unknown = set(), ""
        for key in (name, f"{name}s"):
            if body.get(key) is None:
                continue
            for one in entries(self.scope, body[key]):
                value = one if isinstance(one, Unknown) else self.scope.value(one.get("name"))
                tag = self.reading.tag(value)
                if isinstance(tag, str):
                    found.add(tag)
                else:
                    unknown = f"a tag that is not known: {tag.text}"
        return frozenset(found), unknown

    def _accounts(self, body: Mapping[str, Any], end: str) -> tuple[frozenset[str], str]:
        values = self.scope.items(body.get(f"{end}_service_accounts"))
        _, lost = self._texts(body.get(f"{end}_service_accounts"))
        return frozenset(self.reading.account(v) for v in values if isinstance(v, str | Ref)), lost

    def _texts(self, raw: Any) -> tuple[frozenset[str], str]:
        if not (values := self.scope.items(raw)):
            return frozenset(), ""
        named = frozenset(spelled(v) for v in values if isinstance(v, str | Ref))
        lost = sorted(set(map(spelled, values)) - named)
        return named, f"a name that is not known: {', '.join(lost)}" if lost else ""

    def _ranges(self, match: Mapping[str, Any], side: str) -> tuple[Addresses, str]:
        ranges, unknown = self.reading.ranges(match.get(f"{side}_ip_ranges"))
        for key in _EITHER:
            name = f"{side}_{key}"
            if name in match and self.scope.items(match[name]):
                unknown = f"{side}_{key} are not read"
        return ranges, unknown

    def _services(self, body: Mapping[str, Any], name: str, protocol: str) -> tuple[ServiceSet, str]:
        found, unknown = list[ServiceSet](), ""
        for one in self._either(body, name):
            if isinstance(one, Unknown):
                unknown = f"services that are not known: {one.text}"
                continue
            try:
                found.append(spoken(self.scope.value(one.get(protocol)), self.scope.items(one.get("ports"))))
            except UnclearError as problem:
                unknown = str(problem)
        return found[0] if len(found) == 1 else ServiceSet.union(found), unknown

    def _either(self, body: Mapping[str, Any], name: str) -> Iterable[Mapping[str, Any] | Unknown]:
        keys = (name, f"{name}s")
        return (one for key in keys if body.get(key) is not None for one in entries(self.scope, body[key]))


def _whole(key: str) -> str:
    """The address of a network without the index that tells it from others of its resource."""
    found = _ONE_OF.fullmatch(key)
    return found[1] if found else key


def _direction(value: Value) -> Direction | None:
    if value is None:
        return Direction.INGRESS
    return {"INGRESS": Direction.INGRESS, "EGRESS": Direction.EGRESS}.get(str(value))


def _number(value: Value) -> int | None:
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _assembled(
    rule: Rule, ranges: Addresses, peers: Holders, *, whom: str, narrow: str, more: tuple[str, ...]
) -> Rule:
    """A rule with its far ends, as far as they are certain. What is not known is told by what it bears on:
    `whom` the rule holds for, what makes it `narrow`, or what there is `more` that it matches."""
    if not (ranges or peers or any(more)):
        more = ("it names no far end",)
    if not (rule.services or any(more)):
        more = ("it names no services",)
    certain = not (whom or narrow)
    return Rule(
        rule.priority,
        rule.action,
        rule.direction,
        rule.services,
        rule.where,
        rule.targets if rule.targets and not whom else None,
        ranges if certain else NOWHERE,
        peers if certain else Holders(),
        "; ".join(dict.fromkeys(t for t in (whom, narrow, *more) if t)),
        rule.networks,
    )
