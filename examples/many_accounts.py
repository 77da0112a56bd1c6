"""Two accounts in two regions: one declaration, a stack with its own state and plan for each of them.

    python examples/many_accounts.py          writes ./cdktf.out

Peered VPCs refer to each other's groups, which are in stacks of their own, applied first. Where no peering
leads, addresses serve, which somebody accepts.
"""

from __future__ import annotations

import json
from pathlib import Path

from cdktf import App, S3Backend, TerraformStack
from constructs import Construct

from segkit import L, tcp
from segkit.constructs import (
    AwsSecurityGroups,
    DataSource,
    Group,
    LabelPolicy,
    Provider,
    Segmentation,
    Workload,
)
from segkit.model import Part

ACCOUNTS = {"shop": "111122223333", "data": "444455556666"}
HOSTS = {
    "web-1": ("web", "shop", "eu-west-1", "10.1.0.11"),
    "api-1": ("api", "shop", "eu-west-1", "10.1.0.12"),
    "orders-1": ("orders", "data", "eu-west-1", "10.2.0.11"),
    "archive-1": ("archive", "data", "us-east-1", "10.3.0.11"),
}


class Account(TerraformStack):
    """A stack in one account and region: its state, its provider, its VPC."""

    def __init__(self, scope: Construct, id: str, part: Part) -> None:  # noqa: A002
        super().__init__(scope, id)
        S3Backend(self, bucket="example-states", key=f"{id}.tfstate", region="eu-west-1")
        Provider(
            self,
            "aws",
            "aws",
            source="hashicorp/aws",
            version=">= 5.60, < 7.0",
            region=part["region"],
            assume_role=[{"role_arn": f"arn:aws:iam::{ACCOUNTS[part['account']]}:role/terraform"}],
        )
        self.vpc = DataSource(self, "vpc", "aws_vpc", tags={"Name": "main"})


def declare(app: App) -> Segmentation:
    """Everything, once, for the whole estate."""
    seg = Segmentation(app, "retail")
    web, api, orders, archive = (
        Group(seg, role, select=L.role == role) for role in ("web", "api", "orders", "archive")
    )
    shop = LabelPolicy(seg, "shop", tier="application", owner="team-shop")
    shop.allow(web, api, tcp(8080), id="calls")
    shop.allow(api, orders, tcp(5432), id="orders")
    shop.allow(orders, api, tcp(9000), id="events")
    shop.allow(orders, archive, tcp(443), id="archive")
    for name, (role, account, region, address) in HOSTS.items():
        Workload(seg, name, {"role": role, "account": account, "region": region}, addresses=[address])
    return seg


def split(app: App, seg: Segmentation) -> None:
    """A target and its stacks for each account and region that has workloads."""
    parts = seg.split_by("account", "region")
    for part in parts:
        groups = Account(app, f"{part.name}-groups", part)
        target = AwsSecurityGroups(
            seg,
            part.name,
            stack=Account(app, part.name, part),
            identities=groups,
            select=part.select,
            vpc_id=groups.vpc["id"],
            account=ACCOUNTS[part["account"]],
            region=part["region"],
            peered_with=[p.name for p in parts if p is not part and p["region"] == part["region"]],
        )
        target.accept_residual(
            "snapshot", owner="netsec", reason="no peering across regions", expires="2027-01-31"
        )


def main() -> None:
    app = App()
    seg = declare(app)
    split(app, seg)
    app.synth()
    for file in sorted(Path("cdktf.out/stacks").glob("*/cdk.tf.json")):
        print(file.parent.name)
        for kind, named in sorted(json.loads(file.read_text(encoding="utf-8"))["resource"].items()):
            print(f"  {kind}: {', '.join(sorted(named))}")
    assert seg.proof is not None
    print(f"proof over all of them: {seg.proof.status}")


if __name__ == "__main__":
    main()
