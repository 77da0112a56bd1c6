"""What the stacks share: the AWS provider, real or local, and an image for machines.

The stacks write resources as plain data, to need nothing but segkit. A repository with provider bindings uses
those as well as ever.
"""

from __future__ import annotations

import os
from typing import Any

from cdktf import TerraformStack

from segkit.constructs import DataSource, Provider

ENDPOINT_VARIABLE = "SEGKIT_AWS_ENDPOINT"
"""Where a local AWS answers (`python -m scripts.moto_server`). Unset: the real one, with your credentials."""

REGION_VARIABLE = "SEGKIT_AWS_REGION"
DEFAULT_REGION = "eu-west-1"

_LOCAL_SERVICES = ("autoscaling", "ec2", "elbv2", "iam", "logs", "rds", "sts")
_SKIPPED = (
    "skip_credentials_validation",
    "skip_metadata_api_check",
    "skip_region_validation",
    "skip_requesting_account_id",
)


def region() -> str:
    """The region to deploy to: SEGKIT_AWS_REGION, else Ireland."""
    return os.environ.get(REGION_VARIABLE, DEFAULT_REGION)


def use_aws(stack: TerraformStack) -> None:
    """Declare the AWS provider of a stack.

    With SEGKIT_AWS_ENDPOINT set, everything goes to that address with made-up credentials.
    """
    settings = {"region": region(), **_local()}
    Provider(stack, "aws", "aws", source="hashicorp/aws", version=">= 5.60, < 7.0", **settings)


def _local() -> dict[str, Any]:
    url = os.environ.get(ENDPOINT_VARIABLE)
    if not url:
        return {}
    return {
        "access_key": "test",
        "secret_key": "test",
        "max_retries": 2,
        "endpoints": [dict.fromkeys(_LOCAL_SERVICES, url)],
        **dict.fromkeys(_SKIPPED, True),
    }


def machine_image(stack: TerraformStack) -> str:
    """The newest Amazon Linux, as a reference to a data source of the stack.

    Use it with `KEEP_IMAGE`: a newer image is no reason to replace a machine.
    """
    # al2023 is today's; its preview al2022 is all that a local server knows.
    names = ["al2023-ami-2023.*-x86_64", "al2022-ami-2022.*-x86_64"]
    wanted = [{"name": "name", "values": names}]
    return DataSource(stack, "linux", "aws_ami", most_recent=True, owners=["amazon"], filter=wanted)["id"]


KEEP_IMAGE = {"ignore_changes": ["ami"]}
