"""An autoscaling group as a workload class: its launch template carries the groups, members come and go.

python examples/fleet.py          writes ./cdktf.out
"""

from __future__ import annotations

from cdktf import App, TerraformStack
from constructs import Construct

from segkit import L, tcp
from segkit.constructs import (
    AwsSecurityGroups,
    Group,
    LabelPolicy,
    Provider,
    Resource,
    Segmentation,
    Workload,
    WorkloadClass,
)


class Fleet(TerraformStack):
    """Web servers that scale, in front of one cache."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002
        super().__init__(scope, id)
        version = ">= 5.60, < 7.0"
        Provider(self, "aws", "aws", source="hashicorp/aws", version=version, region="eu-west-1")

        seg = self.segmentation = Segmentation(self, "fleet")
        web = Group(seg, "web", select=L.role == "web")
        cache = Group(seg, "cache", select=L.role == "cache")
        policy = LabelPolicy(seg, "shop", tier="application")
        policy.allow(web, cache, "redis", id="sessions")
        policy.allow(web, web, tcp(7946), id="gossip")

        aws = AwsSecurityGroups(seg, "aws", vpc_id="vpc-0a1b2c3d", region="eu-west-1")
        fleet = WorkloadClass(seg, "web-fleet", {"role": "web"})
        template = Resource(
            self,
            "web",
            "aws_launch_template",
            name="web",
            instance_type="t3.micro",
            vpc_security_group_ids=aws.membership(fleet),
        )
        Resource(
            self,
            "web-fleet",
            "aws_autoscaling_group",
            min_size=2,
            max_size=20,
            vpc_zone_identifier=["subnet-0a1b2c3d"],
            launch_template=[{"id": template["id"], "version": template["latest_version"]}],
        )

        # A single machine that somebody else starts: its groups are published and attached elsewhere.
        Workload(seg, "cache-1", {"role": "cache"})


def main() -> None:
    app = App()
    stack = Fleet(app, "fleet")
    app.synth()
    proof = stack.segmentation.proof
    assert proof is not None
    print(f"proof: {proof.status}")
    for member in proof.memberships:
        print(f"{member.workload}: {member.status} at {member.where}")


if __name__ == "__main__":
    main()
