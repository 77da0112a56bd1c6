"""A card payment service on AWS: load balancer, web and API servers, a card-data environment with its
database, a key service, and a bastion. Dual stack.

Labels decide what a machine may do; its addresses are nobody's business, so instances come and go without a
new synth. The machines of the data centre are the exception: AWS knows no group for them, so rules name their
addresses, and `accept_residual` says who answers for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdktf import TerraformStack
from constructs import Construct

from segkit import L
from segkit.constructs import AwsSecurityGroups, Resource, Segmentation, Workload, WorkloadClass
from stacks.aws import KEEP_IMAGE, machine_image, region, use_aws
from stacks.pci_three_tier.network import Network
from stacks.pci_three_tier.policy import CardPolicy

NAME = "pci"
FOLDER = Path(__file__).parent


class PciThreeTier(TerraformStack):
    """The whole service."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002
        super().__init__(scope, id)
        use_aws(self)
        self.segmentation = Segmentation(
            self, NAME, schema=FOLDER / "labels.yaml", inventory=FOLDER / "inventory.yaml"
        )
        self.policy = CardPolicy(self.segmentation)
        self.network = Network(self)
        self.aws = AwsSecurityGroups(
            self.segmentation,
            "aws",
            vpc_id=self.network.vpc["id"],
            region=region(),
            select=L.cloud == "aws",
            tags={"app": "cards", "compliance": "pci-dss"},
        )
        self._accept()
        self.image = machine_image(self)
        self._edge()
        self._card_data()
        self._management()

    def _accept(self) -> None:
        self.aws.accept_residual(
            "internet-as-anywhere",
            owner="netsec",
            reason="116 ranges do not fit a group, and private addresses at the load balancer do no harm",
            expires="2027-12-31",
        )
        self.aws.accept_residual(
            "snapshot",
            owner="team-platform",
            reason="machines of the data centre keep their addresses; a new one means a new synth",
            expires="2027-12-31",
        )

    def _edge(self) -> None:
        """Load balancer, web servers and API servers."""
        lb = WorkloadClass(self.segmentation, "lb", _labels("lb", "edge"))
        Resource(
            self,
            "lb",
            "aws_lb",
            name="cards",
            load_balancer_type="application",
            ip_address_type="dualstack",
            subnets=self.network.subnets("edge"),
            security_groups=self.aws.membership(lb),
        )
        target = Resource(
            self,
            "web-target",
            "aws_lb_target_group",
            name="cards-web",
            port=8443,
            protocol="HTTPS",
            vpc_id=self.network.vpc["id"],
        )
        self._fleet("web", "edge", [target["arn"]])
        self._fleet("api", "app", [])

    def _card_data(self) -> None:
        """What PCI DSS calls the cardholder data environment, and its keys."""
        self._machine("tokeniser", "tokeniser", "cde")
        self._machine("vault", "vault", "keys")
        self._machine("report", "report", "cde", quarantine="true")
        database = Workload(self.segmentation, "card-database", _labels("database", "cde"))
        subnets = Resource(
            self,
            "card-database-subnets",
            "aws_db_subnet_group",
            name="cards",
            subnet_ids=self.network.subnets("cde"),
        )
        Resource(
            self,
            "card-database",
            "aws_db_instance",
            identifier="cards",
            engine="postgres",
            instance_class="db.t4g.micro",
            allocated_storage=20,
            storage_encrypted=True,
            username="cards",
            manage_master_user_password=True,
            db_subnet_group_name=subnets["name"],
            vpc_security_group_ids=self.aws.membership(database),
            skip_final_snapshot=True,
        )

    def _management(self) -> None:
        self._machine("bastion", "bastion", "mgmt", app="platform")
        self._machine("collector", "collector", "mgmt", app="platform")

    def _machine(self, name: str, role: str, zone: str, **more: str) -> None:
        labels = _labels(role, zone, **more)
        workload = Workload(self.segmentation, name, labels)
        Resource(
            self,
            name,
            "aws_instance",
            ami=self.image,
            instance_type="t3.micro",
            subnet_id=self.network.subnets(zone)[0],
            vpc_security_group_ids=self.aws.membership(workload),
            tags={"Name": name, **labels},
            lifecycle=KEEP_IMAGE,
        )

    def _fleet(self, role: str, zone: str, targets: list[str]) -> None:
        """An autoscaling group is one workload class: membership goes to its launch template."""
        labels = _labels(role, zone)
        fleet = WorkloadClass(self.segmentation, role, labels)
        template = Resource(
            self,
            f"{role}-template",
            "aws_launch_template",
            name=f"cards-{role}",
            image_id=self.image,
            instance_type="t3.micro",
            vpc_security_group_ids=self.aws.membership(fleet),
            lifecycle={"ignore_changes": ["image_id"]},
        )
        Resource(
            self,
            role,
            "aws_autoscaling_group",
            name=f"cards-{role}",
            min_size=2,
            max_size=6,
            vpc_zone_identifier=self.network.subnets(zone),
            target_group_arns=targets,
            launch_template=[{"id": template["id"], "version": template["latest_version"]}],
            tag=[_fleet_tag(key, value) for key, value in sorted(labels.items())],
        )


def _labels(role: str, zone: str, app: str = "cards", **more: str) -> dict[str, str]:
    return {"app": app, "role": role, "zone": zone, "cloud": "aws", **more}


def _fleet_tag(key: str, value: str) -> Mapping[str, Any]:
    return {"key": key, "value": value, "propagate_at_launch": True}
