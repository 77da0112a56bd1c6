"""Reads a whole stack's Terraform JSON into the state of its firewalls.

Everybody's resources are read, not only the ones that segkit made. What cannot be told from the configuration
is marked as not known, with a note; nothing is left out silently. Not part of this model: routing, Cloud
Armor, packet mirroring, and what a security profile does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from segkit.artifacts.blocks import labelled, read_scope
from segkit.artifacts.scope import Scope
from segkit.platforms.google.read_carriers import CarrierReader
from segkit.platforms.google.read_rules import RuleReader
from segkit.platforms.google.reading import Reading
from segkit.platforms.google.state import State


def read_terraform(doc: Mapping[str, Any], *, scope: Scope | None = None) -> State:
    """The state that a stack's Terraform JSON (`cdk.tf.json`) describes; `scope` is that of the document, if
    it was read already.

    Raises SegkitError where the document is no Terraform JSON.

    >>> state = read_terraform({"resource": {"google_compute_network": {"vpc": {"name": "vpc"}}}})
    >>> state.networks["google_compute_network.vpc"].order
    'AFTER_CLASSIC_FIREWALL'
    """
    reading = Reading(scope or read_scope(doc))
    modules = {labels[0]: body for labels, body in labelled(doc, "module", 1)}
    rules, carriers = RuleReader(reading, modules), CarrierReader(reading, modules)
    networks = rules.networks()
    carriers.read()
    memberships = carriers.memberships()
    if modules:
        reading.note("module", "what modules make is not read")
    return State(
        networks,
        reading.tags(),
        carriers.carriers(),
        memberships,
        frozenset(_peerings(reading)),
        tuple(sorted(set(reading.notes))),
        {place: tuple(found) for place, found in rules.doubts.items()},
        {place: tuple(stages) for place, stages in sorted(rules.hierarchy.items())},
    )


def _peerings(reading: Reading) -> Iterator[tuple[str, str]]:
    """Pairs of networks that are peered: both sides have to say so (Virtual Private Cloud documentation, “VPC
    Network Peering”, section “Connection”)."""
    said = set()
    for block in reading.of("google_compute_network_peering"):
        one, other = (reading.network(block.body.get(key)) for key in ("network", "peer_network"))
        if one is None or other is None or reading.copies(block) != 1:
            reading.note(block.address, "a peering whose networks are not known")
        else:
            said.add((one, other))
    for one, other in sorted(said):
        if one < other and (other, one) in said:
            yield one, other


def with_peerings(state: State, pairs: frozenset[tuple[str, str]]) -> State:
    """The state with further pairs of peered networks."""
    return replace(state, peerings=state.peerings | pairs)
