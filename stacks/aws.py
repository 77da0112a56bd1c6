"""What the stacks share: any resource as plain data, and the AWS provider, real or local.

Nothing here is special to segkit. A repository with provider bindings uses those instead.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from cdktf import TerraformResource, TerraformStack
from constructs import Construct

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


class Resource(TerraformResource):
    """Any resource of any provider, its arguments as plain data.

    `vpc["id"]` refers to an attribute: `${aws_vpc.main.id}` in the Terraform that is written.
    """

    def __init__(self, scope: Construct, id: str, kind: str, **arguments: Any) -> None:  # noqa: A002
        super().__init__(scope, id, terraform_resource_type=kind)
        for name, value in arguments.items():
            self.add_override(name, value)

    def __getitem__(self, attribute: str) -> str:
        return str(self.get_string_attribute(attribute))


def region() -> str:
    """The region to deploy to: SEGKIT_AWS_REGION, else Ireland."""
    return os.environ.get(REGION_VARIABLE, DEFAULT_REGION)


def use_aws(stack: TerraformStack, **aliases: Mapping[str, Any]) -> None:
    """Declare the AWS provider of a stack. Each keyword argument is a further alias with its settings.

    With SEGKIT_AWS_ENDPOINT set, everything goes to that address with made-up credentials.
    """
    source = {"source": "hashicorp/aws", "version": ">= 5.60, < 7.0"}
    stack.add_override("terraform.required_providers.aws", source)
    settings = {"region": region(), **_local()}
    others = [{**settings, **more, "alias": alias} for alias, more in aliases.items()]
    stack.add_override("provider.aws", [settings, *others])


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
    image = {
        "most_recent": True,
        "owners": ["amazon"],
        "filter": [{"name": "name", "values": names}],
    }
    stack.add_override("data.aws_ami.linux", image)
    return "${data.aws_ami.linux.id}"


KEEP_IMAGE = {"ignore_changes": ["ami"]}
