"""A segmentation in a notebook or a test: no Terraform, no Node, no cloud.

    python examples/pure_model.py

The model is declared, compiled to Terraform JSON and proved, all in this process.
"""

from __future__ import annotations

import sys

from segkit import L, tcp
from segkit.compiler import compile_model
from segkit.model import Segmentation, internet
from segkit.verify import prove


def declare() -> Segmentation:
    """A web shop: the internet reaches the web servers, they reach the database."""
    seg = Segmentation("shop")
    web = seg.group("web", L.role == "web")
    database = seg.group("database", L.role == "database")
    policy = seg.policy("shop", tier="application", owner="team-shop")
    policy.allow(web, database, "postgresql", id="orders", purpose="orders")
    policy.allow(internet, web, tcp(443), id="customers", purpose="the shop")
    seg.workload("web-1", {"role": "web"})
    seg.workload("database-1", {"role": "database"})
    target = seg.target("aws", "aws", placement={"vpc_id": "vpc-0a1b2c3d", "region": "eu-west-1"})
    target.accept_residual(
        "internet-as-anywhere", owner="team-shop", reason="116 ranges exceed the quota", expires="2027-12-31"
    )
    return seg


def main() -> None:
    model = declare().build()
    compiled = compile_model(model)
    for kind, named in sorted(compiled.fragment["resource"].items()):
        print(f"{len(named)} {kind}")
    proof = prove(model, compiled.fragment)
    print(f"proof: {proof.status}, {len(proof.accepted)} accepted differences")
    print(f"Node was needed: {'jsii' in sys.modules}")


if __name__ == "__main__":
    main()
