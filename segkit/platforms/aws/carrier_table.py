"""Which Terraform resources hold security groups, where they say so, and what it means when they do not say.

Source: the schema and the documentation of the Terraform AWS provider (5.100), argument by argument. An
unlisted type is not lost: see `NAMES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Empty(Enum):
    """What a resource holds when it names no group."""

    DEFAULT = "default"  # the default group of its VPC (EC2 API reference, CreateSecurityGroup)
    NOTHING = "nothing"  # no group at all: no security group filters it
    OWN = "own"  # a group that the service makes, with rules of the service


@dataclass(frozen=True, slots=True)
class Row:
    """`paths` lead to lists of group ids, all of the same interfaces; `subnets` to subnets, for the VPC.

    Where a path goes through a block that is absent, the resource is not in a VPC and holds nothing.
    """

    paths: tuple[str, ...]
    empty: Empty = Empty.DEFAULT
    subnets: str = ""


_VPC_CONFIG = ("vpc_config.security_group_ids",)
_IDS = ("security_group_ids",)
_GROUPS = ("security_groups",)
_VPC_IDS = ("vpc_security_group_ids",)

TABLE: dict[str, Row] = {
    "aws_instance": Row(("vpc_security_group_ids", "security_groups"), subnets="subnet_id"),
    "aws_spot_instance_request": Row(("vpc_security_group_ids", "security_groups"), subnets="subnet_id"),
    "aws_network_interface": Row(_GROUPS, subnets="subnet_id"),
    "aws_launch_configuration": Row(_GROUPS),
    "aws_db_instance": Row(_VPC_IDS),
    "aws_db_proxy": Row(_VPC_IDS, subnets="vpc_subnet_ids"),
    "aws_db_proxy_endpoint": Row(_VPC_IDS, subnets="vpc_subnet_ids"),
    "aws_rds_cluster": Row(_VPC_IDS),
    "aws_docdb_cluster": Row(_VPC_IDS),
    "aws_neptune_cluster": Row(_VPC_IDS),
    "aws_redshift_cluster": Row(_VPC_IDS),
    "aws_redshiftserverless_workgroup": Row(_IDS, subnets="subnet_ids"),
    "aws_dms_replication_instance": Row(_VPC_IDS),
    "aws_lb": Row(_GROUPS, subnets="subnets"),
    "aws_alb": Row(_GROUPS, subnets="subnets"),
    "aws_elb": Row(_GROUPS, subnets="subnets"),
    "aws_lambda_function": Row(_VPC_CONFIG, Empty.NOTHING),
    "aws_codebuild_project": Row(_VPC_CONFIG, Empty.NOTHING),
    "aws_elasticache_cluster": Row(_IDS),
    "aws_elasticache_replication_group": Row(_IDS),
    "aws_elasticache_serverless_cache": Row(_IDS, subnets="subnet_ids"),
    "aws_memorydb_cluster": Row(_IDS),
    "aws_dax_cluster": Row(_IDS),
    "aws_ecs_service": Row(
        ("network_configuration.security_groups",), subnets="network_configuration.subnets"
    ),
    "aws_ecs_task_set": Row(
        ("network_configuration.security_groups",), subnets="network_configuration.subnets"
    ),
    "aws_eks_cluster": Row(_VPC_CONFIG, Empty.OWN, subnets="vpc_config.subnet_ids"),
    "aws_vpc_endpoint": Row(_IDS),
    "aws_efs_mount_target": Row(_GROUPS, subnets="subnet_id"),
    "aws_mq_broker": Row(_GROUPS, subnets="subnet_ids"),
    "aws_msk_cluster": Row(
        ("broker_node_group_info.security_groups",), subnets="broker_node_group_info.client_subnets"
    ),
    "aws_opensearch_domain": Row(("vpc_options.security_group_ids",), subnets="vpc_options.subnet_ids"),
    "aws_elasticsearch_domain": Row(("vpc_options.security_group_ids",), subnets="vpc_options.subnet_ids"),
    "aws_route53_resolver_endpoint": Row(_IDS),
    "aws_ec2_instance_connect_endpoint": Row(_IDS, subnets="subnet_id"),
    "aws_ec2_client_vpn_endpoint": Row(_IDS),
    "aws_apigatewayv2_vpc_link": Row(_IDS, subnets="subnet_ids"),
    "aws_apprunner_vpc_connector": Row(_GROUPS, subnets="subnets"),
    "aws_sagemaker_notebook_instance": Row(_GROUPS, subnets="subnet_id"),
    "aws_batch_compute_environment": Row(
        ("compute_resources.security_group_ids",), subnets="compute_resources.subnets"
    ),
    "aws_mwaa_environment": Row(
        ("network_configuration.security_group_ids",), subnets="network_configuration.subnet_ids"
    ),
}

# Resources of any other type hold what an argument of one of these names lists, at whatever depth it stands.
NAMES = frozenset({"security_groups", "security_group_ids", "vpc_security_group_ids", "security_groups_ids"})

# Types where such an argument is something else: a rule, or read by code of its own.
NOT_CARRIERS = frozenset(
    {
        "aws_security_group",
        "aws_default_security_group",
        "aws_security_group_rule",
        "aws_vpc_security_group_ingress_rule",
        "aws_vpc_security_group_egress_rule",
        "aws_vpc_security_group_vpc_association",
        "aws_network_interface_sg_attachment",
        "aws_vpc_endpoint_security_group_association",
        "aws_launch_template",
        "aws_eks_node_group",
        "aws_eks_fargate_profile",
    }
)
