"""What security groups can express, as data."""

from __future__ import annotations

from segkit.platforms.base import Capabilities

CAPABILITIES = Capabilities(
    deny=False,
    priorities=False,
    icmp_types=True,
    dynamic_membership=True,
    ipv6=True,
    logging=True,
    stateless_replies=False,
    cross_boundary_reference="groups of the same VPC, and of peered VPCs in the same region",
    residuals={
        "snapshot": "a rule had to use today's addresses of workloads; a later workload needs a new synth",
        "interface-addresses": "an interface is protected at all its addresses alike: a rule for some of "
        "them only stays closed there",
        "member-networks": "a rule had to use the networks that members of a class live in (or workloads of "
        "unknown address), and treats everything there alike",
        "sctp-ports": "security groups match SCTP as a whole: every port passes where one is allowed",
        "other-protocols": "where nearly all protocols are allowed, rare ones stay closed to fit the quota",
        "internet-as-anywhere": "the internet is written as 0.0.0.0/0 and ::/0, private addresses included",
        "exempt-flows": "a deny names link-local services, which security groups never filter",
        "unproved": "interfaces carry groups whose rules are not known, so the whole cannot be proved",
    },
)
