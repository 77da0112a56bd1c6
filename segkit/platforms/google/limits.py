"""What Google Cloud counts, what it allows in names, and what its firewalls never see.

Sources: [Q] Cloud NGFW, “Quotas and limits”; [TAGS] Cloud NGFW, “Secure tags for firewalls”,
“Specifications”; [API] Compute Engine API and Resource Manager API, the data type named; [VPC] “VPC firewall
rules”, “Traffic that is always allowed”; [IAM] Identity and Access Management. What is marked (unconfirmed)
could not be read in a source: pass what your project has.
"""

from __future__ import annotations

import re

from segkit.platforms.arguments import Quota
from segkit.sets import Addresses

QUOTAS = {
    "tags_per_interface": Quota(
        10, 10, "secure tags on one network interface, ours for all included", "[TAGS]"
    ),
    "tags_per_side": Quota(
        256, 256, "tag values in the sources or targets of one rule", "[API] FirewallPolicyRule"
    ),
    "ranges_per_rule": Quota(5000, 5000, "CIDRs of one rule", "[API] FirewallPolicyRuleMatcher"),
    "keys_per_parent": Quota(1000, 1000, "tag keys of a project or organization", "[TAGS]"),
    "values_per_key": Quota(1000, 1000, "values of one tag key", "[TAGS]"),
    "network_tags_per_machine": Quota(64, 64, "network tags of one machine", "[API] Tags"),
    "network_tags_as_sources": Quota(30, 30, "source tags of one VPC rule (unconfirmed)", "[Q]"),
    "network_tags_as_targets": Quota(70, 70, "target tags of one VPC rule (unconfirmed)", "[Q]"),
    "accounts_as_sources": Quota(
        10, 10, "service accounts that one VPC rule names as sources", "[API] Firewall"
    ),
    "rules_per_project": Quota(100, 100_000, "VPC firewall rules of this target (unconfirmed)", "[Q]"),
    "attributes_per_policy": Quota(
        5000,
        1_000_000,
        "attributes of a policy's rules: tags and ranges of both ends, protocols and ports (unconfirmed)",
        "[Q] Per network firewall policy; the API's rule_tuple_count tells the real number",
    ),
    "attributes_per_hierarchical_policy": Quota(
        2000, 1_000_000, "the same of a hierarchical firewall policy (unconfirmed)", "[Q] Per firewall policy"
    ),
}

NAME_LIMIT = 63
"""Longest name of a policy or an association ([API] FirewallPolicy), and of a tag ([API] TagKey, short name:
up to 63 characters, a letter or digit at both ends). What we write is allowed in either."""

TEXT_LIMIT = 256
"""Longest description of a tag key or value; rules are held to it too. [API] TagKey."""

LOWEST, HIGHEST = 1_000, 2_147_483_547
"""Priorities: a few are left free before ours; from 2147483548 on they are the platform's. [API]
FirewallPolicyRule, priority."""


ACCOUNT = re.compile(r"[A-Za-z0-9][-A-Za-z0-9.]*@[-a-z0-9.]+\.gserviceaccount\.com")
"""What service accounts are called. [IAM] “Service accounts overview”, “Types of service accounts”."""


def text(raw: str) -> str:
    """Free text of one line within the length of a description."""
    return " ".join(raw.split())[:TEXT_LIMIT].strip()


EXEMPT_ADDRESSES = Addresses.of("169.254.169.254", "fd20:ce::254")
"""Where the metadata server is, which is also resolver and time source."""

EXEMPT = (
    "the metadata server 169.254.169.254 and fd20:ce::254: metadata, DNS, DHCP, time [VPC]",
    "packets of a machine to itself [VPC]",
)
"""Flows that firewalls do not filter; they are left out of the proof."""
