"""What firewall policies can express, as data."""

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
    cross_boundary_reference="tags of machines of the same network, and of peered networks, as sources",
    residuals={
        "snapshot": "a rule had to use today's addresses of workloads; a later workload needs a new synth",
        "egress-open": "egress to workloads is open to every address; only their own ingress limits it",
        "interface-addresses": "an interface is protected at all its addresses alike: a rule for some of "
        "them only stays closed there",
        "member-networks": "a rule had to use the networks that members of a class live in (or workloads of "
        "unknown address), and treats everything there alike",
        "alias-addresses": "a tag stands for the main IPv4 address of an interface: what is sent from its "
        "other addresses stays closed",
        "icmp-types": "rules match ICMP as a whole: every type passes where one is allowed",
        "sctp-ports": "rules match SCTP as a whole: every port passes where one is allowed",
        "other-protocols": "where nearly all protocols are allowed, rare ones stay closed to fit the quota",
        "internet-as-anywhere": "the internet is written as 0.0.0.0/0 and ::/0, private addresses included",
        "exempt-flows": "a deny names the metadata server, which firewalls never filter",
        "unproved": "something may decide that is not known, so the whole cannot be proved",
    },
)
