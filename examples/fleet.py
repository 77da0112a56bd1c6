"""An autoscaling group as a workload class: its launch template carries the groups, members come and go.

python examples/fleet.py          writes ./cdktf.out
"""

from __future__ import annotations

from typing import Any

from cdktf import App, TerraformResource, TerraformStack
from constructs import Construct

from segkit import L, tcp
from segkit.constructs import (
    AwsSecurityGroups,
    Group,
    LabelPolicy,
    Segmentation,
    Workload,
    WorkloadClass,
)


class Fleet(TerraformStack):
    """Web servers that scale, in front of one cache."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002
        super().__init__(scope, id)
        source = {"source": "hashicorp/aws", "version": ">= 5.60, < 7.0"}
        self.add_override("terraform.required_providers.aws", source)
        self.add_override("provider.aws", [{"region": "eu-west-1"}])

        seg = self.segmentation = Segmentation(self, "fleet")
        web = Group(seg, "web", select=L.role == "web")
        cache = Group(seg, "cache", select=L.role == "cache")
        policy = LabelPolicy(seg, "shop", tier="application")
        policy.allow(web, cache, "redis", id="sessions")
        policy.allow(web, web, tcp(7946), id="gossip")

        aws = AwsSecurityGroups(seg, "aws", vpc_id="vpc-0a1b2c3d", region="eu-west-1")
        fleet = WorkloadClass(seg, "web-fleet", {"role": "web"})
        template = TerraformResource(self, "web", terraform_resource_type="aws_launch_template")
        arguments: dict[str, Any] = {
            "name": "web",
            "instance_type": "t3.micro",
            "vpc_security_group_ids": aws.membership(fleet),
        }
        for name, value in arguments.items():
            template.add_override(name, value)

        group = TerraformResource(self, "web-fleet", terraform_resource_type="aws_autoscaling_group")
        group.add_override("min_size", 2)
        group.add_override("max_size", 20)
        group.add_override("vpc_zone_identifier", ["subnet-0a1b2c3d"])
        newest = template.get_string_attribute("latest_version")
        group.add_override("launch_template", {"id": template.get_string_attribute("id"), "version": newest})

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
