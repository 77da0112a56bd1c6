"""Azure Virtual Network Manager: what it refuses, and what of its rules is in force.

Sources: Azure Virtual Network Manager, "Security admin rules", "Configuration deployments", "Limitations" and
"Network manager scopes"; Azure REST API, "Admin Rules - Delete" (`force`: a rule that is deployed is taken
out of what is in force). Where those leave it open, the double is the stricter: priorities are used once in a
collection whatever the direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.double.store import Body, State, Thing
from tests.double.table import Check, families, network, values

MANAGER = "azurerm_network_manager"
RULE, DEPLOYMENT = f"{MANAGER}_admin_rule", f"{MANAGER}_deployment"
RULES, PREFIXES = 100, 1000
COMMITTED = "committed"
"""Under which name a deployment remembers the rules that were there when it was made or renewed."""
_SIDES = ("source", "destination")
_NO_TAGS = ("AzurePlatformDNS", "AzurePlatformIMDS", "AzurePlatformLKM")


def in_force(state: State) -> State:
    """The state with the rules of deployed configurations as they were deployed, but for those that are gone
    since. Rules that nothing deploys are as they are."""
    committed = {
        one["id"].lower(): one for held in state.of(DEPLOYMENT) for one in held.body.get(COMMITTED) or ()
    }
    configurations = {
        at.lower() for held in state.of(DEPLOYMENT) for at in held.body.get("configuration_ids") or ()
    }
    things = {}
    for thing in state.of():
        if thing.kind == DEPLOYMENT:
            thing = Thing(thing.kind, thing.id, _told(thing.body))
        elif thing.kind == RULE and _configuration(thing.id) in configurations:
            if thing.id.lower() not in committed:
                continue
            thing = Thing(thing.kind, thing.id, committed[thing.id.lower()])
        things[thing.key] = thing
    return State(things)


def deployed(state: State, before: Thing | None, after: Thing) -> tuple[Thing, Sequence[Thing]]:
    """A deployment with the rules that it puts into force."""
    named = {at.lower() for at in after.body["configuration_ids"]}
    rules = [rule.body for rule in state.of(RULE) if _configuration(rule.id) in named]
    return Thing(after.kind, after.id, {**after.body, COMMITTED: rules}), ()


def without_rules(state: State, deployment: Thing) -> Body:
    """A deployment as it is read back: which rules it has nobody tells."""
    return _told(deployment.body)


def _told(body: Body) -> Body:
    return {name: value for name, value in body.items() if name != COMMITTED}


def _configuration(rule: str) -> str:
    """The id of the configuration that a rule, by its id, belongs to."""
    return rule.lower().split("/rulecollections/")[0]


def _manager(thing: Thing) -> str:
    return thing.id.lower().split("/securityadminconfigurations/")[0]


def _one_priority(state: State, rule: Thing) -> Iterator[str]:
    def place(thing: Thing) -> tuple[str, int]:
        return thing.body["admin_rule_collection_id"].lower(), thing.body["priority"]

    for other in state.of(rule.kind):
        if other.key != rule.key and place(other) == place(rule):
            yield f"{other.id} has the priority {rule.body['priority']} already"


def _within_limits(state: State, rule: Thing) -> Iterator[str]:
    held = [one for one in state.of(RULE) if _manager(one) == _manager(rule)]
    if len(held) > RULES:
        yield f"{len(held)} admin rules in one network manager, {RULES} can be"
    count = sum(len(list(_prefixes(one))) for one in held)
    if count > PREFIXES:
        yield f"{count} prefixes in the admin rules of one network manager, {PREFIXES} can be"


def _prefixes(rule: Thing) -> Iterator[str]:
    for side in _SIDES:
        yield from values(f"{side}.address_prefix", rule.body)


def _ends(state: State, rule: Thing) -> Iterator[str]:
    for side in _SIDES:
        found = []
        for block in rule.body.get(side) or ():
            text = block["address_prefix"]
            if block["address_prefix_type"] == "ServiceTag":
                if text in _NO_TAGS:
                    yield f"{side}: the service tag {text} is not supported in admin rules"
            elif text != "*":
                found.append(text)
                if fault := network(text):
                    yield f"{side} {text!r}: {fault}"
        if len(families(found)) > 1:
            yield f"{side} of {rule.id} mixes IPv4 and IPv6"


def _one_of_a_kind(state: State, deployment: Thing) -> Iterator[str]:
    ids = deployment.body["configuration_ids"]
    if deployment.body["scope_access"] == "SecurityAdmin" and len(ids) > 1:
        yield f"{len(ids)} security admin configurations in one region, 1 can be"
    manager = state.get(MANAGER, deployment.body["network_manager_id"])
    if manager and deployment.body["scope_access"] not in (manager.body.get("scope_accesses") or ()):
        yield f"{manager.id} has not the feature {deployment.body['scope_access']}"


def _apart(state: State, manager: Thing) -> Iterator[str]:
    """Managers with a scope and a feature in common."""
    mine = _scope(manager.body)
    for other in state.of(MANAGER):
        both = set(other.body.get("scope_accesses") or ()) & set(manager.body.get("scope_accesses") or ())
        if other.key != manager.key and both and mine & _scope(other.body):
            yield f"{other.id} has the same scope and the feature {', '.join(sorted(both))}"


def _scope(body: Body) -> set[str]:
    names = ("scope.subscription_ids", "scope.management_group_ids")
    return {str(one).lower() for name in names for one in values(name, body)}


CHECKS: Mapping[str, Sequence[Check]] = {
    MANAGER: (_apart,),
    RULE: (_one_priority, _within_limits, _ends),
    DEPLOYMENT: (_one_of_a_kind,),
}
