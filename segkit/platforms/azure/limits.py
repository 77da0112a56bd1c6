"""What Azure counts, what it allows in names, and what security groups never see. Every number has its
source.

Sources: [LIMITS] Azure subscription and service limits, “Azure Resource Manager virtual networking limits”;
[NSG] Azure Virtual Network, “Network security groups overview”; [NAMES] Naming rules and restrictions for
Azure resources, “Microsoft.Network”; [TAGS] Use tags to organize your Azure resources, “Limitations”; [API]
Azure REST API, SecurityRule and AdminRule; [IPV6] What is IPv6 for Azure Virtual Network?, “Limitations”;
[MANAGER] Azure Virtual Network Manager, “Limitations with Azure Virtual Network Manager”; [ADMIN] Azure
Virtual Network Manager, “Security admin rules”; [PROBES] Azure Load Balancer health probes, “Probe source IP
address”.
"""

from __future__ import annotations

import hashlib
import re

from segkit.platforms.arguments import Quota
from segkit.sets import Addresses

QUOTAS = {
    "rules_per_security_group": Quota(
        1000, 1000, "rules of one network security group, both directions together", "[LIMITS] NSG rules"
    ),
    "addresses_per_security_group": Quota(
        4000,
        4000,
        "addresses and ranges in the rules of one network security group, sources and destinations apart",
        "[LIMITS] IP addresses and ranges specified for source or destination",
    ),
    "asgs_per_security_group": Quota(
        100, 100, "application security groups in the rules of one network security group", "[LIMITS]"
    ),
    "asgs_per_interface": Quota(
        20, 20, "application security groups of one IP configuration, and of one interface", "[LIMITS]"
    ),
    "members_per_asg": Quota(4000, 4000, "IP configurations in one application security group", "[LIMITS]"),
    "asgs_per_subscription": Quota(
        3000, 3000, "application security groups in one region and subscription", "[LIMITS]"
    ),
    "security_groups_per_subscription": Quota(
        5000, 5000, "network security groups in one region and subscription", "[LIMITS]"
    ),
    "admin_rules_per_manager": Quota(
        100, 100, "security admin rules of one network manager", "[MANAGER] admin rules in one level"
    ),
    "admin_prefixes_per_manager": Quota(
        1000,
        1000,
        "addresses and ranges in the security admin rules of one network manager",
        "[MANAGER] IP prefixes in all security admin rules combined",
    ),
}

FIRST, LAST = 100, 4096
"""The priorities that rules may have ([NSG] “Security rules”)."""

FIRST_ADMIN, LAST_ADMIN = 1, 4096
"""The priorities that security admin rules may have ([ADMIN] “Priority”)."""

NAME_LIMIT = 80
"""Longest name of a security group of either kind and of a rule ([NAMES], [NSG])."""

DESCRIPTION_LIMIT = 140
"""Longest description of a rule ([API])."""

TAG_KEY_LIMIT, TAG_VALUE_LIMIT, TAGS_LIMIT = 512, 256, 50
NOT_IN_TAG = frozenset("<>%&\\?/")
"""How long names and values of tags may be, how many tags a resource has, and what their names may not
hold ([TAGS])."""

OWN_TAGS = 2
"""Tags that segkit writes beside those of a target."""

_NO_GROUPS = "Azure supports no network security group on it"
RESERVED_SUBNETS = {
    "GatewaySubnet": _NO_GROUPS,
    "AzureFirewallSubnet": _NO_GROUPS,
    "AzureFirewallManagementSubnet": _NO_GROUPS,
    "RouteServerSubnet": _NO_GROUPS,
    "AzureBastionSubnet": "Azure takes only security groups with rules about service tags there",
}
"""Subnets that go by a fixed name, and why they cannot be a target's: [GATEWAY] About VPN Gateway
configuration settings, “Gateway subnet”; Azure Firewall FAQ and Route Server FAQ, on security groups;
[BASTION] Working with NSG access and Azure Bastion."""

_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_AT_THE_ENDS = re.compile(r"^[^A-Za-z0-9]+|[^A-Za-z0-9_]+$")
_BLANKS = re.compile(r"\s+")


def name(raw: str) -> str:
    """A name within Azure's charset and length; a hash is added when something had to be changed or cut.

    >>> name("shop-web"), name("shop-web → db")
    ('shop-web', 'shop-web-db-f9b918')
    """
    plain = _AT_THE_ENDS.sub("", _NOT_IN_NAME.sub("-", raw))
    if plain == raw and len(raw) <= NAME_LIMIT:
        return raw
    mark = hashlib.sha256(raw.encode()).hexdigest()[:6]
    return _AT_THE_ENDS.sub("", f"{plain.replace('--', '-')[: NAME_LIMIT - 7]}") + f"-{mark}"


def description(raw: str) -> str:
    """Free text as the description of a rule: on one line, and cut to its length."""
    plain = _BLANKS.sub(" ", raw).strip()
    return plain if len(plain) <= DESCRIPTION_LIMIT else plain[: DESCRIPTION_LIMIT - 3].rstrip() + "..."


def mark(segmentation: str, target: str, rule: str) -> str:
    """What the descriptions of our rules in a security group of others begin with. It holds for the rule of
    this name only: a copy under another name is not ours."""
    return "segkit:" + hashlib.sha256(f"{segmentation}\n{target}\n{rule}".encode()).hexdigest()[:8]


def tag(raw: str) -> str:
    """Free text cut to the length of a tag's value."""
    return _BLANKS.sub(" ", raw).strip()[:TAG_VALUE_LIMIT].strip()


EXEMPT_ADDRESSES = Addresses.of("168.63.129.16", "169.254.169.254")
"""Where the services of the first line of `EXEMPT` live."""

PROBES = Addresses.of("168.63.129.16", "fe80::1234:5678:9abc")
"""Where the health probes of load balancers come from ([PROBES]): no rule may stop those."""

EXEMPT = (
    "DHCP, DNS, metadata and health probes of the host at 168.63.129.16 and 169.254.169.254 [NSG]",
    "ICMPv6, which security groups do not support [IPV6]; the proof reads it as one more protocol of `*`",
)
"""Flows that security groups do not filter, or not for certain as their rules say."""
