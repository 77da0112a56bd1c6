"""Resources whose schema is not kept beside the checkout, told by how they differ from one that is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

NETWORK = "google_compute_network_firewall_policy_with_rules"
HIERARCHY = "google_compute_firewall_policy_with_rules"

REPLACING = {HIERARCHY: ["parent", "short_name"]}
"""Arguments whose change replaces the resource."""


def with_derived(resources: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas of a provider's resources, with those that are told by others.

    Source: the provider's documentation of google_compute_firewall_policy_with_rules.
    """
    found = dict(resources)
    if NETWORK in found and HIERARCHY not in found:
        found[HIERARCHY] = _hierarchy(found[NETWORK])
    return found


def _hierarchy(network: Mapping[str, Any]) -> Any:
    """A hierarchical policy: a parent and a short name, and rules that may be for some networks."""
    made = copy.deepcopy(network)
    attributes = made["block"]["attributes"]
    for name in ("name", "project", "policy_type", "network_firewall_policy_id", "predefined_rules"):
        attributes.pop(name)
    attributes |= {name: {"required": True, "type": "string"} for name in ("parent", "short_name")}
    attributes["policy_id"] = {"computed": True, "type": "string"}
    rule = made["block"]["block_types"]["rule"]["block"]
    rule["attributes"]["target_resources"] = {"optional": True, "type": ["list", "string"]}
    return made
