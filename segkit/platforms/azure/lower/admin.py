"""Security admin rules as resources: a network group and a rule collection for each target, and what targets
share that have one network manager and region: its configuration, and the deployment that puts it into force.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from segkit.artifacts import literal, reference
from segkit.platforms.azure.limits import FIRST_ADMIN, LAST_ADMIN, PROBES, description, name
from segkit.platforms.azure.lower.above import BANDS, AdminLine
from segkit.platforms.azure.lower.namer import RESERVED
from segkit.platforms.azure.lower.priorities import assign
from segkit.platforms.azure.lower.sharing import MANAGER, Shared
from segkit.platforms.azure.managing import plain_region
from segkit.platforms.azure.placement import AzurePlacement
from segkit.platforms.lowering.names import digest, resource_name, slug
from segkit.sets import EVERYWHERE, Addresses

GROUP = f"{MANAGER}_network_group"
MEMBER = f"{MANAGER}_static_member"
CONFIGURATION = f"{MANAGER}_security_admin_configuration"
COLLECTION = f"{MANAGER}_admin_rule_collection"
RULE = f"{MANAGER}_admin_rule"
DEPLOYMENT = f"{MANAGER}_deployment"

Resource = tuple[str, str, dict[str, Any]]
"""Kind, Terraform name, arguments."""

_WAY = {"ingress": "in", "egress": "out"}
_EVERY_PORT = ((0, 65535),)


def rules(target: str, lines: Sequence[AdminLine]) -> Iterator[Resource]:
    """The rules of a target: first those for probes, then all others, sorted by Terraform name."""
    yield from _probes(target, lines)
    named = {_name(line): line for line in lines}
    places: dict[str, int] = {}
    for number, places_of_band in enumerate(_bands()):
        places |= assign((n for n, line in named.items() if line.band == number), places_of_band)
    for called, line in sorted(named.items()):
        own, far = _prefixes(line.own), _prefixes(line.far)
        source, destination = (far, own) if line.direction == "ingress" else (own, far)
        body = {
            "description": literal(_describe(line)),
            "priority": places[called],
            "direction": "Inbound" if line.direction == "ingress" else "Outbound",
            "action": "Deny" if line.rule.action == "deny" else "AlwaysAllow",
            "protocol": "Any" if line.part.protocol == "*" else line.part.protocol,
            "destination_port_ranges": _ports(line),
            "source": source,
            "destination": destination,
        }
        yield _rule(target, called, body)


def _probes(target: str, lines: Sequence[AdminLine]) -> Iterator[Resource]:
    """What leaves the probes of load balancers to security groups, ahead of denies that would stop them."""
    for place, family in enumerate((4, 6), FIRST_ADMIN):
        cut = [line for line in lines if line.family == family and _stops_probes(line)]
        if cut:
            body = {
                "description": "health probes of load balancers: security groups decide",
                "priority": place,
                "direction": "Inbound",
                "action": "Allow",
                "protocol": "Tcp",
                "destination_port_ranges": ["*"],
                "source": [{"address_prefix": "AzureLoadBalancer", "address_prefix_type": "ServiceTag"}],
                "destination": _prefixes(Addresses.union(line.own for line in cut)),
            }
            yield _rule(target, f"{RESERVED}probes.in.ipv{family}", body)


def _stops_probes(line: AdminLine) -> bool:
    tcp = line.part.protocol in ("Tcp", "*")
    return tcp and line.direction == "ingress" and line.rule.action == "deny" and line.far.overlaps(PROBES)


def _rule(target: str, called: str, body: Mapping[str, Any]) -> Resource:
    """A rule of a target's collection by its name, whose parts are those of its Terraform name too."""
    place = {
        "name": name(called),
        "admin_rule_collection_id": reference(f"{COLLECTION}.{resource_name(target, 'admin')}", "id"),
        "source_port_ranges": ["*"],
    }
    return RULE, resource_name(target, "admin", *called.split(".")), {**place, **body}


def own_resources(
    segmentation: str, target: str, here: AzurePlacement, lines: Sequence[AdminLine], at: Shared
) -> Iterator[Resource]:
    """What each target has for itself. Its network group holds its virtual network and no other: elsewhere
    somebody else may be at the same addresses."""
    key, called = resource_name(target, "admin"), name(f"{segmentation}-{target}")
    yield GROUP, key, {"name": called, "network_manager_id": at.manager_id}
    group = reference(f"{GROUP}.{key}", "id")
    yield (
        MEMBER,
        key,
        {"name": called, "network_group_id": group, "target_virtual_network_id": here.vnet_id},
    )
    configuration = reference(f"{CONFIGURATION}.{at.key}", "id")
    body = {"security_admin_configuration_id": configuration, "network_group_ids": [group]}
    yield COLLECTION, key, {"name": called, **body}
    yield from rules(target, lines)


def shared_resources(
    segmentation: str,
    here: AzurePlacement,
    lines: Mapping[str, Sequence[AdminLine]],
    at: Shared,
) -> Iterator[Resource]:
    """What targets share. A deployment notices nothing of what it deploys, so it is told by a digest."""
    called = name(f"{segmentation}-{plain_region(here.location)}")
    configuration = {"name": called, "network_manager_id": at.manager_id}
    yield CONFIGURATION, at.key, configuration
    held = [one for target in at.targets for one in rules(target, lines[target])]
    text = json.dumps([body for _, _, body in held], sort_keys=True)
    yield (
        DEPLOYMENT,
        at.key,
        {
            "network_manager_id": at.manager_id,
            "location": here.location,
            "scope_access": "SecurityAdmin",
            "configuration_ids": [reference(f"{CONFIGURATION}.{at.key}", "id")],
            "triggers": {"rules": hashlib.sha256(text.encode()).hexdigest()},
            "depends_on": [f"{kind}.{key}" for kind, key, _ in held],
        },
    )


def manager_resource(segmentation: str, here: AzurePlacement, at: Shared) -> Resource:
    """A network manager that nobody else makes."""
    body = {
        "name": name(f"{segmentation}-{digest(at.manager.key)}"),
        "resource_group_name": here.resource_group,
        "location": here.location,
        "scope": [{scope: list(ids) for scope, ids in at.manager.scope}],
        "scope_accesses": ["SecurityAdmin"],
    }
    return MANAGER, at.manager_key, body


def counted(target: str, lines: Sequence[AdminLine]) -> tuple[int, int]:
    """How many rules a target has, and how many addresses and ranges are in them."""
    bodies = [body for _, _, body in rules(target, lines)]
    return len(bodies), sum(len(body["source"]) + len(body["destination"]) for body in bodies)


def _bands() -> Iterator[range]:
    """Priorities for each of `BANDS`, of equal width, behind those of the rules for probes."""
    first = FIRST_ADMIN + 2
    width = (LAST_ADMIN + 1 - first) // len(BANDS)
    starts = range(first, LAST_ADMIN + 2, width)
    yield from (range(low, high) for low, high in pairwise(starts))


def _name(line: AdminLine) -> str:
    """What a rule is called, by what it says: addresses come and go."""
    tier, action = BANDS[line.band]
    protocol = {"*": "all"}.get(line.part.protocol, line.part.protocol.lower())
    parts = (f"{tier.label}-{action}", _WAY[line.direction], slug(line.rule.id), protocol)
    return ".".join((*parts, f"ipv{line.family}", *([line.mark] if line.mark else [])))


def _prefixes(addresses: Addresses) -> list[dict[str, str]]:
    """An end as blocks. A whole family is `*`: the other end says which family that is."""
    whole = any(addresses == EVERYWHERE.family(family) for family in (4, 6))
    texts = ["*"] if whole else [str(cidr) for cidr in addresses.cidrs()]
    return [{"address_prefix": text, "address_prefix_type": "IPPrefix"} for text in texts]


def _ports(line: AdminLine) -> list[str]:
    spans = line.part.ports.spans
    if not spans or spans == _EVERY_PORT:
        return ["*"]
    return [str(low) if low == high else f"{low}-{high}" for low, high in spans]


def _describe(line: AdminLine) -> str:
    """The rule of a policy that it comes from, with owner and ticket."""
    notes = [note for note in (line.rule.owner, line.rule.ticket) if note]
    return description(f"{line.rule.id} ({', '.join(notes)})" if notes else line.rule.id)
