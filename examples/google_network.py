"""A small network on Google Cloud: egress by address, or left to the ingress of those who are there.

    python examples/google_network.py

Rules of a Google Cloud firewall policy know no tags for destinations. So egress to workloads names their
addresses of today, or it is open and their own ingress decides; either is a residual that somebody accepts.
"""

from __future__ import annotations

from segkit import L
from segkit.compiler import Compilation, compile_model
from segkit.model import Segmentation
from segkit.verify import prove

POLICY = "google_compute_network_firewall_policy_with_rules"


def compiled(egress: str, residual: str, machines: int) -> Compilation:
    """Web servers that may reach a database."""
    seg = Segmentation("shop")
    web, db = seg.group("web", L.role == "web"), seg.group("db", L.role == "db")
    seg.policy("shop", tier="application").allow(web, db, "postgresql", id="orders")
    seg.workload("web-1", {"role": "web"}, addresses=["10.0.1.1"])
    for number in range(machines):
        seg.workload(f"db-{number}", {"role": "db"}, addresses=[f"10.0.2.{number + 1}"])
    net = seg.target(
        "net",
        "google",
        placement={
            "network_id": "projects/shop/global/networks/vpc",
            "project": "shop",
            "order": "BEFORE_CLASSIC_FIREWALL",
            "egress": egress,
        },
    )
    net.accept_residual(residual, owner="netsec", reason="no destination tags", expires="2027-12-31")
    return compile_model(seg.build())


def main() -> None:
    for egress, residual in (("exact", "snapshot"), ("open", "egress-open")):
        done = compiled(egress, residual, machines=2)
        print(f"egress {egress}: {prove(done.model, done.fragment).status}")
        for rule in done.fragment["resource"][POLICY]["net"]["rule"]:
            match = rule["match"]
            far = match.get("src_ip_ranges") or match.get("dest_ip_ranges") or "tag web"
            if rule["action"] == "allow":
                print(f"  {rule['direction']} {rule['description']}: {far}")
        more = compiled(egress, residual, machines=3)
        changed = more.fragment["resource"][POLICY] != done.fragment["resource"][POLICY]
        print(f"  a database more changes {'rules' if changed else 'no rule'}")


if __name__ == "__main__":
    main()
