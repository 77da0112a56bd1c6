"""Reads a whole stack's Terraform JSON into the enforcement state of its security groups.

Everybody's resources are read, not only the ones that segkit made. What cannot be told from the configuration
is marked as not known, with a note; nothing is left out silently. Not part of this model: network ACLs,
network firewalls, routing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from segkit.artifacts.blocks import labelled, read_imports, read_scope
from segkit.artifacts.scope import Ref, Scope, Value
from segkit.platforms.aws.read_carriers import CarrierReader
from segkit.platforms.aws.read_groups import GroupReader
from segkit.platforms.aws.reading import Reading, default_group
from segkit.platforms.aws.state import State

_OTHER_FILTERS = (
    "aws_network_acl",
    "aws_network_acl_rule",
    "aws_default_network_acl",
    "aws_networkfirewall_firewall",
    "aws_networkfirewall_rule_group",
)


def read_terraform(
    doc: Mapping[str, Any], *, snapshot: State | None = None, scope: Scope | None = None
) -> State:
    """The enforcement state that a stack's Terraform JSON (`cdk.tf.json`) describes.

    `snapshot` is what `read_snapshot` made of recorded answers of the platform; it supplies the rules of
    groups that live elsewhere, and what foreign interfaces hold already. `scope` is that of the document, if
    it was read already. Raises SegkitError where the document is no Terraform JSON.

    >>> state = read_terraform({"resource": {"aws_security_group": {"web": {"vpc_id": "vpc-1"}}}})
    >>> state.groups["aws_security_group.web"].egress
    ()
    """
    scope = scope or read_scope(doc)
    known = snapshot or State()
    reading = Reading(scope, list(known.notes), known)
    imports = read_imports(doc)
    _aliases(reading, imports)
    modules = {labels[0]: body for labels, body in labelled(doc, "module", 1)}
    groups = GroupReader(reading, imports, modules)
    groups.read()
    carriers = CarrierReader(reading, modules)
    carriers.read()
    memberships = carriers.memberships()
    peerings = known.peerings | set(_peerings(reading, doc))
    for block in reading.of(*_OTHER_FILTERS):
        reading.note(
            block.address,
            f"{block.kind} is not part of this model",
            "it can only narrow what security groups admit",
        )
    return State(
        groups={key: groups.drafts[key].frozen() for key in sorted(groups.drafts)},
        carriers=carriers.carriers(),
        memberships=memberships,
        peerings=frozenset(peerings),
        notes=tuple(sorted(set(reading.notes))),
        prefix_lists=dict(sorted(groups.lists.items())),
    )


def _aliases(reading: Reading, imports: Mapping[str, str]) -> None:
    """Other names under which groups of the stack and of the snapshot go."""
    snapshot = reading.snapshot.groups
    for address, identity in imports.items():
        if address.startswith(("aws_security_group.", "aws_default_security_group.")):
            reading.aliases[identity] = address
    for group in snapshot.values():
        if group.name == "default":
            reading.aliases[default_group(group.vpc)] = reading.alias(group.key)
    for block in reading.of("aws_default_security_group"):
        if not block.repeated:
            key = default_group(reading.vpc(block.body.get("vpc_id"), block.body.get("provider")))
            before = reading.aliases.get(key)
            if before is not None:
                reading.aliases[before] = block.address
            reading.aliases[key] = block.address
    for block in reading.data("aws_security_group"):
        identity, name = (reading.scope.value(block.body.get(key)) for key in ("id", "name"))
        vpc = reading.vpc(block.body["vpc_id"]) if block.body.get("vpc_id") is not None else None
        same = [g.key for g in snapshot.values() if name == g.name and vpc is not None and vpc == g.vpc]
        if block.repeated:
            continue
        if isinstance(identity, str):
            reading.aliases[block.address] = reading.alias(identity)
        elif isinstance(name, str) and len(same) == 1:
            reading.aliases[block.address] = reading.alias(same[0])


def _peerings(reading: Reading, doc: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of VPCs whose peering is active and in one region.

    Amazon VPC peering guide, "Update your security groups to reference peer security groups": the connection
    must be active, and a group of a peer VPC in another region cannot be referenced. A connection is active
    once it is accepted: by `auto_accept` on either resource of the Terraform provider.
    """
    accepted = set()
    for block in reading.of("aws_vpc_peering_connection_accepter"):
        connection = reading.scope.value(block.body.get("vpc_peering_connection_id"))
        if isinstance(connection, Ref) and reading.scope.value(block.body.get("auto_accept")) in (
            True,
            "true",
        ):
            accepted.add(connection.address)
        elif not isinstance(connection, Ref):
            reading.note(block.address, "accepts a peering connection whose VPCs are not in the stack")
    for block in reading.of("aws_vpc_peering_connection"):
        body = block.body
        one, other = reading.vpc(body.get("vpc_id")), reading.vpc(body.get("peer_vpc_id"))
        automatic = reading.scope.value(body.get("auto_accept")) in (True, "true")
        region = reading.scope.value(body.get("peer_region"))
        if reading.copies(block) != 1 or one is None or other is None:
            reading.note(block.address, "a peering connection that is not known")
        elif not automatic and block.address not in accepted:
            reading.note(
                block.address,
                "nothing in the stack accepts this peering; group references across it are not counted",
            )
        elif region is not None and region != _region(reading, doc, body.get("provider")):
            reading.note(block.address, "a peering to another region; groups cannot be referenced across it")
        else:
            yield (one, other) if one <= other else (other, one)


def _region(reading: Reading, doc: Mapping[str, Any], provider: Any) -> Value:
    alias = str(provider).removeprefix("${").removesuffix("}").partition(".")[2] if provider else ""
    for (name,), body in labelled(doc, "provider", 1):
        if name == "aws" and (body.get("alias") or "") == alias:
            return reading.scope.value(body.get("region"))
    return None
