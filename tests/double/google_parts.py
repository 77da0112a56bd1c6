"""Small pieces of Google Cloud configuration for tests."""

from __future__ import annotations

from typing import Any

POLICY = "google_compute_network_firewall_policy_with_rules"
NETWORK = "${google_compute_network.net.id}"


def tag(name: str) -> str:
    """A reference to a tag value."""
    return f"${{google_tags_tag_value.{name}.id}}"


def rule(priority: int, **more: Any) -> dict[str, Any]:
    """A rule of a policy that holds its rules: in, TCP 443, to machines with the tag `web`."""
    match = {"layer4_config": [{"ip_protocol": "tcp", "ports": ["443"]}], **more.pop("match", {})}
    if "src_secure_tag" not in match and more.get("direction") != "EGRESS":
        match.setdefault("src_ip_ranges", ["0.0.0.0/0"])
    given = {"priority": priority, "action": "allow", "direction": "INGRESS", **more}
    return {"target_secure_tag": [{"name": tag("web")}], **given, "match": [match]}


def estate(*rules: dict[str, Any], tags: tuple[str, ...] = ("web", "db")) -> dict[str, Any]:
    """A network with two machines that each carry a tag, and a policy for it."""
    machine = {
        "machine_type": "e2-small",
        "boot_disk": [{"initialize_params": [{"image": "debian"}]}],
        "network_interface": [{"subnetwork": "${google_compute_subnetwork.one.id}"}],
    }
    key = "${google_tags_tag_key.role.id}"
    return {
        "resource": {
            "google_compute_network": {"net": {"name": "net", "auto_create_subnetworks": False}},
            "google_compute_subnetwork": {
                "one": {"name": "one", "network": NETWORK, "ip_cidr_range": "10.0.1.0/24"}
            },
            "google_compute_instance": {name: {**machine, "name": name} for name in ("web", "db")},
            "google_tags_tag_key": {
                "role": {
                    "parent": "projects/4711",
                    "short_name": "role",
                    "purpose": "GCE_FIREWALL",
                    "purpose_data": {"network": "shop/${google_compute_network.net.name}"},
                }
            },
            "google_tags_tag_value": {name: {"parent": key, "short_name": name} for name in tags},
            "google_tags_location_tag_binding": {
                name: {
                    "parent": "//compute.googleapis.com/projects/4711/zones/europe-west1-b/instances/"
                    f"${{google_compute_instance.{name}.instance_id}}",
                    "tag_value": tag(name),
                    "location": "europe-west1-b",
                }
                for name in ("web", "db")
            },
            POLICY: {"main": {"name": "main", "rule": list(rules)}},
            "google_compute_network_firewall_policy_association": {
                "main": {
                    "name": "main",
                    "firewall_policy": f"${{{POLICY}.main.id}}",
                    "attachment_target": NETWORK,
                }
            },
        }
    }
