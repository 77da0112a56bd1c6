"""Online Boutique on AWS: a VPC, a machine for each service, and the security groups between them.

The policies say what the application's authors say in their own network policies: each service takes calls
from its named callers on its port; the front end takes anything from anyone; and any service may start a
connection to what is no service of this application. There is no load balancer: the authors' policies speak
of packets that reach the front end itself.

The two subnets have no NAT gateway, which costs money by the hour. Give the private one a route before the
machines have to fetch something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf import TerraformStack
from constructs import Construct

from segkit import ANY, L, tcp
from segkit.constructs import AwsSecurityGroups, Group, LabelPolicy, Resource, Segmentation, Workload, Zone
from segkit.model import anywhere, outside
from stacks.aws import KEEP_IMAGE, machine_image, region, use_aws
from stacks.online_boutique.graph import PARTS, PORTS

APP = "online-boutique"

SCHEMA = {
    "app": {"values": [APP], "required": True},
    "service": {"values": [part.name for part in PARTS], "required": True},
    "zone": {"values": sorted({part.zone for part in PARTS}), "required": True},
}


@dataclass(frozen=True, slots=True)
class ZoneName:
    """A zone as people see it. `label` is what its workloads carry, so renaming the zone touches none."""

    label: str
    name: str
    classification: str
    moved_from: str | None = None


ZONES = (
    ZoneName("load", "load", "internal"),
    ZoneName("edge", "edge", "public"),
    ZoneName("services", "services", "internal"),
    ZoneName("payment", "payment", "sensitive"),
    ZoneName("data", "data", "sensitive"),
)


class OnlineBoutique(TerraformStack):
    """The whole application. `zones` may rename zones; policies can be added from outside:
    `LabelPolicy(stack.segmentation, ...)` with `stack.groups`."""

    def __init__(self, scope: Construct, id: str, zones: tuple[ZoneName, ...] = ZONES) -> None:  # noqa: A002
        super().__init__(scope, id)
        use_aws(self)
        self.segmentation = seg = Segmentation(self, APP, schema=SCHEMA)
        self.zones = _zones(seg, zones)
        self.groups = {p.name: Group(seg, p.name, select=L.service == p.name) for p in PARTS}
        self._policies()

        vpc = Resource(
            self,
            "vpc",
            "aws_vpc",
            cidr_block="10.20.0.0/16",
            enable_dns_hostnames=True,
            tags={"Name": APP},
        )
        self.aws = AwsSecurityGroups(
            seg, "aws", vpc_id=vpc["id"], region=region(), select=L.app == APP, tags={"app": APP}
        )
        self._machines(_subnets(self, vpc))

    def _policies(self) -> None:
        seg, groups = self.segmentation, self.groups
        calls = LabelPolicy(seg, "calls", tier="application", owner="team-boutique")
        for part in PARTS:
            for callee in part.calls:
                calls.allow(
                    groups[part.name], groups[callee], tcp(PORTS[callee]), id=f"{part.name}-to-{callee}"
                )
        edge = LabelPolicy(seg, "edge", tier="application", owner="team-boutique")
        edge.allow(anywhere, groups["frontend"], ANY, id="shop", purpose="the shop is public")
        edge.allow(
            list(self.zones.values()), outside, ANY, id="egress", purpose="name service, updates, tracing"
        )

    def _machines(self, subnets: Mapping[str, str]) -> None:
        image = machine_image(self)
        for part in PARTS:
            labels = {"app": APP, "service": part.name, "zone": part.zone}
            workload = Workload(self.segmentation, part.name, labels)
            Resource(
                self,
                part.name,
                "aws_instance",
                ami=image,
                instance_type="t3.micro",
                subnet_id=subnets["public" if part.zone in ("edge", "load") else "private"],
                vpc_security_group_ids=self.aws.membership(workload),
                tags={"Name": part.name, **labels},
                lifecycle=KEEP_IMAGE,
            )


def _zones(seg: Segmentation, zones: tuple[ZoneName, ...]) -> dict[str, Zone]:
    return {
        zone.label: Zone(
            seg,
            zone.name,
            select=L.zone == zone.label,
            classification=zone.classification,
            moved_from=zone.moved_from,
        )
        for zone in zones
    }


def _subnets(stack: OnlineBoutique, vpc: Resource) -> dict[str, str]:
    gateway = Resource(stack, "internet", "aws_internet_gateway", vpc_id=vpc["id"])
    routes = Resource(stack, "public-routes", "aws_route_table", vpc_id=vpc["id"])
    Resource(
        stack,
        "way-out",
        "aws_route",
        route_table_id=routes["id"],
        destination_cidr_block="0.0.0.0/0",
        gateway_id=gateway["id"],
    )
    subnets = {}
    for name, cidr in (("public", "10.20.0.0/20"), ("private", "10.20.16.0/20")):
        subnet = Resource(
            stack,
            f"{name}-subnet",
            "aws_subnet",
            vpc_id=vpc["id"],
            cidr_block=cidr,
            tags={"Name": f"{APP}-{name}"},
        )
        subnets[name] = subnet["id"]
    Resource(
        stack,
        "public-association",
        "aws_route_table_association",
        subnet_id=subnets["public"],
        route_table_id=routes["id"],
    )
    return subnets
