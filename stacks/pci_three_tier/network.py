"""The VPC of the card payment service: two subnets in two availability zones for each zone, dual stack."""

from __future__ import annotations

from constructs import Construct

from segkit.constructs import Resource
from stacks.aws import region

_ZONES = ("edge", "app", "cde", "keys", "mgmt")
_PUBLIC = "edge"


class Network:
    """VPC, subnets and the way to the internet. Routes to the data centre depend on yours: add them."""

    def __init__(self, scope: Construct) -> None:
        self.vpc = Resource(
            scope,
            "vpc",
            "aws_vpc",
            cidr_block="10.30.0.0/16",
            assign_generated_ipv6_cidr_block=True,
            enable_dns_hostnames=True,
            tags={"Name": "cards"},
        )
        self._subnets = {
            zone: [self._subnet(scope, zone, at, 2 * number + at) for at in (0, 1)]
            for number, zone in enumerate(_ZONES)
        }
        self._internet(scope)

    def subnets(self, zone: str) -> list[str]:
        """References to the ids of a zone's two subnets."""
        return [subnet["id"] for subnet in self._subnets[zone]]

    def _subnet(self, scope: Construct, zone: str, at: int, number: int) -> Resource:
        return Resource(
            scope,
            f"{zone}-{'ab'[at]}",
            "aws_subnet",
            vpc_id=self.vpc["id"],
            availability_zone=region() + "ab"[at],
            cidr_block=f"10.30.{number}.0/24",
            ipv6_cidr_block=f"${{cidrsubnet(aws_vpc.vpc.ipv6_cidr_block, 8, {number})}}",
            assign_ipv6_address_on_creation=True,
            tags={"Name": f"cards-{zone}-{'ab'[at]}"},
        )

    def _internet(self, scope: Construct) -> None:
        gateway = Resource(scope, "internet", "aws_internet_gateway", vpc_id=self.vpc["id"])
        table = Resource(scope, "public-routes", "aws_route_table", vpc_id=self.vpc["id"])
        Resource(
            scope,
            "way-out",
            "aws_route",
            route_table_id=table["id"],
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway["id"],
        )
        Resource(
            scope,
            "way-out-ipv6",
            "aws_route",
            route_table_id=table["id"],
            destination_ipv6_cidr_block="::/0",
            gateway_id=gateway["id"],
        )
        for at, subnet in enumerate(self._subnets[_PUBLIC]):
            Resource(
                scope,
                f"public-route-{'ab'[at]}",
                "aws_route_table_association",
                subnet_id=subnet["id"],
                route_table_id=table["id"],
            )
