"""What Google Cloud checks across objects: priorities, tags, quotas, one policy for a network."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from urllib.parse import unquote

from tests.double.store import Body, State, Thing
from tests.double.table import Check, families, port_range, values
from tests.double.wire import UNKNOWN

FIREWALL, POLICY = "google_compute_firewall", "google_compute_network_firewall_policy"
WITH_RULES, RULE, ASSOCIATION = (f"{POLICY}_{part}" for part in ("with_rules", "rule", "association"))
HIERARCHY = "google_compute_firewall_policy"
HIERARCHY_RULE, ATTACHED, HIERARCHY_WITH_RULES = (
    f"{HIERARCHY}_{part}" for part in ("rule", "association", "with_rules")
)
NETWORK, SUBNETWORK, INSTANCE = (f"google_compute_{k}" for k in ("network", "subnetwork", "instance"))
KEY, VALUE, BINDING, LOCATION_BINDING = (
    f"google_tags_{kind}" for kind in ("tag_key", "tag_value", "tag_binding", "location_tag_binding")
)

HIGHEST_PRIORITY = 2147483547  # above are the rules that every policy has
TAGS_PER_SIDE, RANGES_PER_SIDE, TAGS_PER_NIC, KEYS, VALUES_PER_KEY = 256, 5000, 10, 1000, 1000
ACCOUNTS_PER_SIDE = 10
WITH_PORTS = ("tcp", "udp", "sctp", "6", "17", "132")
PROTOCOLS = ("all", "tcp", "udp", "icmp", "esp", "ah", "sctp", "ipip")


def protocol(name: str) -> str:
    """What is wrong with a protocol."""
    number = name.isdigit() and int(name) <= 255
    return "" if name in PROTOCOLS or number else f"neither a number nor one of {', '.join(PROTOCOLS)}"


def covers(new: str, old: str) -> bool:
    """Whether one range has all of another."""
    outer, inner = ipaddress.ip_network(new, strict=False), ipaddress.ip_network(old, strict=False)
    return inner.network_address in outer and inner.prefixlen >= outer.prefixlen


def resolve(state: State, name: str, thing: Thing) -> str:
    """The id that an argument names: by id, by link, by name in the same project, by full resource name."""
    path = re.sub(r"^(https?:)?//(www\.googleapis\.com/compute/v1|compute\.googleapis\.com)/", "", name)
    if found := re.fullmatch(r"projects/[^/]+/zones/([^/]+)/instances/(\d+)", path):
        return next((t.id for t in state.of(INSTANCE) if _numbered(t, *found.groups())), name)
    if path.startswith(("projects/", "locations/", "tagKeys/", "tagValues/", "organizations/")):
        return path
    if thing.kind == KEY:  # PROJECT/NETWORK
        return path.replace("/", "/global/networks/").join(("projects/", ""))
    if path.count("/") == 2:
        return next((t.id for t in state.of(VALUE) if t.body["namespaced_name"] == path), name)
    if thing.kind in (ATTACHED, HIERARCHY_RULE):
        return f"locations/global/firewallPolicies/{path}"
    project = thing.body.get("project")
    kind = "networks" if thing.kind in (FIREWALL, SUBNETWORK, INSTANCE) else "firewallPolicies"
    return f"projects/{project}/global/{kind}/{path}"


def _numbered(instance: Thing, zone: str, number: str) -> bool:
    return (instance.body["zone"], instance.body["instance_id"]) == (zone, number)


def rules_of(state: State, policy: str) -> list[Body]:
    """Every rule of a policy, in one form."""
    inside = [
        rule
        for t in state.of(WITH_RULES, HIERARCHY_WITH_RULES)
        if t.id == policy
        for rule in t.body.get("rule") or ()
        if rule
    ]
    return inside + [t.body for t in state.of(RULE) if t.id.rsplit("/rules/", 1)[0] == policy]


def _own_rules(thing: Thing) -> Sequence[Body]:
    inside = thing.kind in (WITH_RULES, HIERARCHY_WITH_RULES)
    return thing.body.get("rule") or () if inside else [thing.body]


def counted(state: State, policy: Thing) -> Body:
    """A policy as it is read back: rules by priority, with what they cost."""
    rules = rules_of(state, policy.id)
    body = {**policy.body, "rule_tuple_count": sum(map(_tuples, rules))}
    if policy.kind != POLICY:
        body["rule"] = sorted(policy.body["rule"], key=lambda rule: int(rule["priority"]))
    return body


def _tuples(rule: Body) -> int:
    match = rule["match"][0]
    ends = sum(len(match.get(f"{side}_ip_ranges") or ()) for side in ("src", "dest"))
    services = sum(max(1, len(one.get("ports") or ())) for one in _layer4(rule))
    return max(1, ends + len(_tags(rule, "src"))) * services


def _layer4(rule: Body) -> Sequence[Body]:
    match = rule["match"][0]
    return match.get("layer4_configs") or match.get("layer4_config") or ()


def _tags(rule: Body, side: str) -> list[str]:
    block = rule["match"][0] if side == "src" else rule
    name = "src_secure_tag" if side == "src" else "target_secure_tag"
    return [one["name"] for one in block.get(name) or block.get(f"{name}s") or ()]


def call_value(state: State, value: Body) -> None:
    """A tag value's name begins with its key's."""
    key = state.get(KEY, value["parent"])
    value["namespaced_name"] = f"{key.body['namespaced_name'] if key else ''}/{value['short_name']}"


def mark_tags(state: State, body: Body) -> None:
    """Tags that a rule names take effect."""
    for rule in body.get("rule") or [body]:
        match = rule["match"][0] if isinstance(rule.get("match"), list) and rule["match"] else {}
        for block in (rule, match):
            for name in ("src_secure_tag", "src_secure_tags", "target_secure_tag", "target_secure_tags"):
                for tag in block.get(name) or ():
                    if tag.get("state") is UNKNOWN:
                        tag["state"] = "EFFECTIVE"


def _priorities(state: State, thing: Thing) -> Iterator[str]:
    policy = thing.id.rsplit("/rules/", 1)[0]
    counts = Counter(int(rule["priority"]) for rule in rules_of(state, policy))
    yield from (f"{count} rules have the priority {p}" for p, count in sorted(counts.items()) if count > 1)


def _rule_makes_sense(state: State, thing: Thing) -> Iterator[str]:
    for rule in _own_rules(thing):
        yield from (f"rule {rule['priority']}: {fault}" for fault in _faults(state, thing, rule))


def _faults(state: State, thing: Thing, rule: Body) -> Iterator[str]:
    match, ingress = rule["match"][0], rule.get("direction") in (None, "INGRESS")
    if ingress and not _ends(match, "src"):
        yield "an ingress rule needs a source"
    if not ingress and _tags(rule, "src"):
        yield "an egress rule cannot have source tags"
    if not ingress and not _ends(match, "dest"):
        yield "an egress rule needs a destination"
    if rule["action"] == "goto_next" and rule.get("enable_logging"):
        yield "goto_next cannot be logged"
    yield from _services(_layer4(rule), "ip_protocol")
    for side in ("src", "target"):
        names = _tags(rule, side)
        if len(names) > TAGS_PER_SIDE:
            yield f"{len(names)} tags as {side}, {TAGS_PER_SIDE} can be"
        if len(set(names)) < len(names):
            yield f"a tag is named twice as {side}"
        yield from (fault for name in names for fault in _unfit(state, thing, name))
    for side in ("src", "dest"):
        ranges = match.get(f"{side}_ip_ranges") or []
        if len(ranges) > RANGES_PER_SIDE:
            yield f"{len(ranges)} ranges as {side}, {RANGES_PER_SIDE} can be"
    if len(families([one for side in ("src", "dest") for one in match.get(f"{side}_ip_ranges") or ()])) > 1:
        yield "IPv4 and IPv6 ranges in one rule"


def _ends(match: Body, side: str) -> bool:
    return any(found for name, found in match.items() if name.startswith(side) and found)


def _services(configs: Sequence[Body], key: str) -> Iterator[str]:
    for one in configs:
        for ports in one.get("ports") or ():
            if one[key] not in WITH_PORTS:
                yield f"protocol {one[key]} has no ports"
            if fault := port_range(ports):
                yield f"port {ports} is {fault}"


def _unfit(state: State, thing: Thing, name: str) -> Iterator[str]:
    value = state.get(VALUE, resolve(state, name, thing))
    key = value and state.get(KEY, value.body["parent"])
    if key and key.body.get("purpose") != "GCE_FIREWALL":
        yield f"{name} is no value of a key for firewalls"
    above = key is not None and thing.kind in (HIERARCHY_RULE, HIERARCHY_WITH_RULES)
    if key and above and (key.body.get("purpose_data") or {}).get("organization") != "auto":
        yield f"{name} is for one network, and no tag of the organization"


def _firewall(state: State, thing: Thing) -> Iterator[str]:
    body = thing.body
    ingress = body.get("direction") in (None, "INGRESS")
    sources = [body.get(f"source_{kind}") for kind in ("ranges", "tags", "service_accounts")]
    if ingress and not any(sources):
        yield "one of source_ranges, source_tags, or source_service_accounts must be defined"
    if not ingress and any(sources):
        yield "an egress rule has no sources"
    if ingress and body.get("destination_ranges") and not any(sources):
        yield "an ingress rule has no destinations"
    for side in ("source", "target"):
        accounts = body.get(f"{side}_service_accounts") or []
        if len(accounts) > ACCOUNTS_PER_SIDE:
            yield f"{len(accounts)} service accounts as {side}, {ACCOUNTS_PER_SIDE} can be"
    ranges = [*(body.get("source_ranges") or ()), *(body.get("destination_ranges") or ())]
    if len(families(ranges)) > 1:
        yield "IPv4 and IPv6 ranges in one rule"
    yield from _services([*(body.get("allow") or ()), *(body.get("deny") or ())], "protocol")


def _one_policy(state: State, link: Thing) -> Iterator[str]:
    network = resolve(state, link.body["attachment_target"], link)
    for other in state.of(ASSOCIATION):
        if other.key != link.key and resolve(state, other.body["attachment_target"], other) == network:
            yield f"{network} has a firewall policy already, by {other.id}"


def _one_place(state: State, link: Thing) -> Iterator[str]:
    """An organization or a folder has one firewall policy."""
    place = link.body["attachment_target"]
    for other in state.of(ATTACHED):
        if other.key != link.key and other.body["attachment_target"] == place:
            yield f"{place} already has an association: {other.id}"


def _one_short_name(state: State, policy: Thing) -> Iterator[str]:
    """Whose organization a folder is in the double does not know: names are apart everywhere."""
    for other in state.of(HIERARCHY, HIERARCHY_WITH_RULES):
        if other.key != policy.key and other.body["short_name"] == policy.body["short_name"]:
            yield f"{other.id} has this name already"


def _one_name(state: State, thing: Thing) -> Iterator[str]:
    """Two policies, or two tags of a parent, cannot share a name."""
    kinds = (POLICY, WITH_RULES) if thing.kind in (POLICY, WITH_RULES) else (thing.kind,)
    for other in state.of(*kinds):
        same_id = other.id == thing.id
        same_name = thing.kind in (KEY, VALUE) and _called(other) == _called(thing)
        if other.key != thing.key and (same_id or same_name):
            yield f"{other.id} has this name already"


def _called(tag: Thing) -> tuple[str, str]:
    return tag.body["parent"], tag.body["short_name"]


def _tag_quotas(state: State, tag: Thing) -> Iterator[str]:
    most = KEYS if tag.kind == KEY else VALUES_PER_KEY
    count = sum(1 for other in state.of(tag.kind) if other.body["parent"] == tag.body["parent"])
    if count > most:
        yield f"{tag.body['parent']} has {count} of {tag.kind}, {most} can be"


def _firewall_key(state: State, key: Thing) -> Iterator[str]:
    if key.body.get("purpose") == "GCE_FIREWALL" and not key.body.get("purpose_data"):
        yield "a key for firewalls needs purpose_data"
    whole = (key.body.get("purpose_data") or {}).get("organization")
    if whole and (whole != "auto" or not key.body["parent"].startswith("organizations/")):
        yield "the whole organization is said as organization = auto, for a key of an organization"


def bound(state: State, resource: str) -> list[str]:
    """The tag values bound to a resource, later or when it was made."""
    links = [t.body for t in state.of(BINDING, LOCATION_BINDING) if t.body["parent"] == resource]
    found = re.search(r"/zones/([^/]+)/instances/(\d+)$", resource)
    made = [t for t in state.of(INSTANCE) if found and _numbered(t, *found.groups())]
    given = [
        v for t in made for tags in values("params.resource_manager_tags", t.body) for v in tags.values()
    ]
    return [link["tag_value"] for link in links] + given


def _one_value_of_a_key(state: State, link: Thing) -> Iterator[str]:
    found = bound(state, link.body["parent"])
    keys = Counter(str(t.body["parent"]) for one in found if (t := state.get(VALUE, one)))
    for key, count in sorted(keys.items()):
        if count > 1:
            yield f"{unquote(link.body['parent'])} has {count} values of {key}; one can be bound"
    if len(found) > TAGS_PER_NIC:
        yield f"{unquote(link.body['parent'])} has {len(found)} tags, {TAGS_PER_NIC} can be"


def _given_tags(state: State, instance: Thing) -> Iterator[str]:
    for tags in values("params.resource_manager_tags", instance.body):
        for key, value in tags.items():
            found = state.get(VALUE, value)
            if found is None or found.body["parent"] != key:
                yield f"{value} is no value of {key}"
        if len(tags) > TAGS_PER_NIC:
            yield f"{len(tags)} tags, {TAGS_PER_NIC} can be"


def give_addresses(state: State, instance: Body) -> None:
    """Addresses that were not asked for: the first that is free in the subnetwork."""
    taken = {a for t in state.of(INSTANCE) for a in values("network_interface.network_ip", t.body)}
    thing = Thing(INSTANCE, str(instance.get("id")), instance)
    for index, one in enumerate(instance["network_interface"]):
        if one.get("name") is UNKNOWN:
            one["name"] = f"nic{index}"
        name = one.get("subnetwork")
        subnet = state.get(SUBNETWORK, resolve(state, name, thing)) if isinstance(name, str) else None
        if subnet and one.get("network") is UNKNOWN:
            one["network"] = subnet.body["network"]
        if subnet and one.get("network_ip") is UNKNOWN:
            hosts = islice(ipaddress.ip_network(subnet.body["ip_cidr_range"]).hosts(), 1, None)
            one["network_ip"] = next(str(host) for host in hosts if str(host) not in taken)
            taken.add(one["network_ip"])


def _inside_subnetwork(state: State, instance: Thing) -> Iterator[str]:
    for one in instance.body["network_interface"]:
        subnet = state.get(SUBNETWORK, resolve(state, one.get("subnetwork") or "", instance))
        address = one.get("network_ip")
        if subnet and address and not covers(subnet.body["ip_cidr_range"], address):
            yield f"{address} is outside of {subnet.id}"


CHECKS: Mapping[str, Sequence[Check]] = {
    FIREWALL: (_firewall,),
    POLICY: (_one_name,),
    WITH_RULES: (_one_name, _priorities, _rule_makes_sense),
    RULE: (_priorities, _rule_makes_sense),
    HIERARCHY: (_one_short_name,),
    HIERARCHY_WITH_RULES: (_one_short_name, _priorities, _rule_makes_sense),
    HIERARCHY_RULE: (_rule_makes_sense,),
    ATTACHED: (_one_place,),
    ASSOCIATION: (_one_policy,),
    KEY: (_one_name, _tag_quotas, _firewall_key),
    VALUE: (_one_name, _tag_quotas),
    BINDING: (_one_value_of_a_key,),
    LOCATION_BINDING: (_one_value_of_a_key,),
    INSTANCE: (_given_tags, _inside_subnetwork),
}
