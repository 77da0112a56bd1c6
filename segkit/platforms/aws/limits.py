"""What AWS counts, what it allows in names, and what security groups never see. Every number has its source.

Sources: [UG] Amazon VPC User Guide, chapter “Amazon VPC quotas”; [API] Amazon EC2 API Reference, action or
data type named; [SG] Amazon VPC User Guide, “Control traffic to your AWS resources using security groups”.
"""

from __future__ import annotations

import re

from segkit.platforms.arguments import Quota
from segkit.sets import Addresses

QUOTAS = {
    "rules_per_group": Quota(
        60, 1000, "rules of one group, per direction and address family", "[UG] Security groups"
    ),
    "groups_per_interface": Quota(5, 16, "security groups on one network interface", "[UG] Security groups"),
    "rules_per_interface": Quota(
        1000, 1000, "rules_per_group x groups_per_interface", "[UG] Security groups"
    ),
    "groups_per_region": Quota(
        2500, 10000, "security groups in one region and account", "[UG] Security groups"
    ),
    "prefix_lists_per_region": Quota(
        100, 1000, "customer-managed prefix lists", "[UG] Customer-managed prefix lists"
    ),
    "entries_per_prefix_list": Quota(
        1000, 10000, "max_entries of a list", "[UG] Customer-managed prefix lists"
    ),
}

TEXT_LIMIT = 255
"""Longest name or description of a group, a rule or a prefix-list entry. [API] CreateSecurityGroup."""

TAG_KEY_LIMIT, TAG_VALUE_LIMIT = 127, 256
"""[API] Tag."""

_NOT_IN_TEXT = re.compile(r"[^a-zA-Z0-9 ._\-:/()#,@\[\]+=;{}!$*]+")
_NOT_IN_TAG = re.compile(r"[^a-zA-Z0-9 _.:/=+\-@]+")


def text(raw: str, limit: int = TEXT_LIMIT) -> str:
    """Free text within AWS's charset for names and descriptions ([API] SecurityGroupRule, narrowest form),
    cut to its length.

    >>> text("web → db & more")
    'web - db - more'
    """
    return _NOT_IN_TEXT.sub("-", raw).strip()[:limit].strip()


def tag(raw: str) -> str:
    """Free text within the charset and length of a tag value."""
    return _NOT_IN_TAG.sub(" ", raw).strip()[:TAG_VALUE_LIMIT]


EXEMPT_ADDRESSES = Addresses.of("169.254.0.0/16", "fd00:ec2::/32")
"""Where the services of the first line of `EXEMPT` live."""

EXEMPT = (
    "link-local services in 169.254.0.0/16 and fd00:ec2::/32 (metadata, time, resolver) [SG]",
    "the Route 53 Resolver at the VPC's base address plus two, port 53 [SG]",
    "DHCP between an interface and its subnet [SG]",
)
"""Flows that security groups do not filter; they are left out of the proof."""
