"""What Kubernetes network policies let through, for a single flow at a time. Knows nothing of segkit.

Meaning, from the NetworkPolicy reference: a pod that no policy of a direction selects is open in that
direction; a selected pod takes what any rule of any such policy admits. A rule without peers admits everyone,
a rule without ports admits every port.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Flow:
    """From a pod to a pod (its labels; None: no pod) with a protocol, and a port where it has ports."""

    source: Labels | None
    destination: Labels | None
    protocol: str
    port: int | None


def load(folder: Path) -> list[dict[str, Any]]:
    """Every network policy in the YAML files of a folder."""
    found = [
        document
        for file in sorted(folder.glob("*.yaml"))
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))
    ]
    return [document["spec"] for document in found if document and document["kind"] == "NetworkPolicy"]


def passes(policies: Iterable[Mapping[str, Any]], flow: Flow) -> bool:
    """Does a flow pass both its ends?"""
    policies = list(policies)
    return _open(policies, "Egress", flow.source, flow.destination, flow) and _open(
        policies, "Ingress", flow.destination, flow.source, flow
    )


def _open(
    policies: list[Mapping[str, Any]], direction: str, pod: Labels | None, peer: Labels | None, flow: Flow
) -> bool:
    if pod is None:
        return True
    selecting = [p for p in policies if direction in p["policyTypes"] and _selects(p["podSelector"], pod)]
    rules = [rule for p in selecting for rule in p.get(direction.lower(), ())]
    return not selecting or any(_admits(rule, direction, peer, flow) for rule in rules)


def _admits(rule: Mapping[str, Any], direction: str, peer: Labels | None, flow: Flow) -> bool:
    peers = rule.get("from" if direction == "Ingress" else "to")
    known = peers is None or any(peer is not None and _selects(one["podSelector"], peer) for one in peers)
    ports = rule.get("ports")
    return known and (
        ports is None
        or any((one.get("protocol", "TCP"), one["port"]) == (flow.protocol, flow.port) for one in ports)
    )


def _selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    assert set(selector) <= {"matchLabels"}, f"this reader knows matchLabels only: {selector}"
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
