"""What network security groups can express, as data."""

from __future__ import annotations

from segkit.platforms.base import Capabilities

CAPABILITIES = Capabilities(
    deny=True,
    priorities=True,
    icmp_types=False,
    dynamic_membership=True,
    ipv6=True,
    logging=True,
    stateless_replies=False,
    cross_boundary_reference="application security groups of the same virtual network",
    residuals={
        "snapshot": "a rule had to use today's addresses of workloads; a later workload needs a new synth",
        "interface-addresses": "an interface is protected at all its addresses alike: a rule for some of "
        "them only stays closed there",
        "member-networks": "a rule had to use the networks that members of a class live in (or workloads of "
        "unknown address), and treats everything there alike",
        "icmp-types": "security groups match ICMP as a whole: every message passes where one is allowed",
        "other-protocols": "security groups name TCP, UDP, ICMP, ESP and AH; of all others (ICMPv6 is one) "
        "they can allow only all together, so some of them stay closed",
        "internet-as-anywhere": "the internet is written as every address, private ones included",
        "exempt-flows": "a deny names flows that security groups never filter",
        "unproved": "security groups whose rules are not known filter interfaces, so the whole cannot be "
        "proved",
    },
)
