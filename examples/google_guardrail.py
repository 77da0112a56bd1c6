"""A guardrail on Google Cloud that nobody below can overrule.

    python examples/google_guardrail.py

By default VPC firewall rules of a network are asked before its firewall policy, so a rule that somebody left
there opens what the policy closes; the proof says so. With `global_tier="admin"` the quarantine and global
tiers are in a hierarchical policy too, which is asked before all of them.
"""

from __future__ import annotations

from typing import Any

from segkit import L, tcp
from segkit.compiler import compile_model
from segkit.model import Segmentation, anywhere
from segkit.verify import prove

VPC = "projects/shop/global/networks/vpc"
LEFT_BEHIND = {
    "network": VPC,
    "source_ranges": ["10.9.0.0/16"],
    "allow": [{"protocol": "tcp", "ports": ["22"]}],
}


def shop(**placement: Any) -> Segmentation:
    """Two machines, and no SSH to any of them."""
    seg = Segmentation("shop")
    web, db = seg.group("web", L.role == "web"), seg.group("db", L.role == "db")
    seg.policy("no-ssh", tier="global", owner="netsec").deny(anywhere, [web, db], tcp(22), id="ssh")
    seg.policy("shop", tier="application").allow(web, db, "postgresql", id="orders")
    seg.workload("web-1", {"role": "web"}, addresses=["10.0.1.1"])
    seg.workload("db-1", {"role": "db"}, addresses=["10.0.2.1"])
    net = seg.target("net", "google", placement={"network_id": VPC, **placement})
    net.accept_residual("snapshot", owner="netsec", reason="egress is by address", expires="2027-12-31")
    return seg


def main() -> None:
    above = {"ancestors": ["organizations/1", "folders/2"], "global_tier": "admin", "global_at": "folders/2"}
    for where, placement in (("in the network's policy", {}), ("above the network too", above)):
        done = compile_model(shop(**placement).build())
        resources = {**done.fragment["resource"], "google_compute_firewall": {"left-behind": LEFT_BEHIND}}
        proof = prove(done.model, {**done.fragment, "resource": resources}, residuals=done.residuals)
        print(f"the guardrail is {where}: {proof.status}")
        for difference in proof.differences:
            print(f"  open: {difference.source} -> {difference.destination}: {difference.services}")


if __name__ == "__main__":
    main()
