"""A small estate and the Terraform around it, for end-to-end tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from segkit import ANY, L, tcp
from segkit.model import Segmentation
from segkit.model.ends import anywhere, outside
from segkit.model.model import Model

AWS = {"vpc_id": "${aws_vpc.main.id}", "region": "eu-west-1"}
TODAY = date(2026, 11, 20)
HOSTS = {
    "web-1": ("web", "edge", "10.0.1.11"),
    "web-2": ("web", "edge", "10.0.1.12"),
    "api-1": ("api", "edge", "10.0.1.21"),
    "db-1": ("db", "data", "10.0.2.11"),
    "idle-1": ("idle", "data", "10.0.2.99"),
    "sick-1": ("web", "edge", "10.0.1.66"),
}


def estate(
    change: Callable[[Any], None] = lambda _: None,
    *,
    edge: str = "edge",
    platform: str = "aws",
    place: Mapping[str, Any] = MappingProxyType(AWS),
    interface: Callable[[str], str | None] = lambda _: None,
    accept: Sequence[str] = (),
    hosts: Mapping[str, tuple[str, str, str]] = MappingProxyType(HOSTS),
    ill: Sequence[str] = ("sick-1",),
    partners: Sequence[str] = ("198.51.100.0/24", "203.0.113.0/25", "2001:db8:7::/48"),
    **options: Any,
) -> Model:
    """The model; `change` may add rules to the policy `shop`. `edge` names the zone (for renames). `place`
    and `options` make the placement, `interface` tells a host's interface, `accept` names residuals. `hosts`:
    name -> role, zone, address. `ill` are those in quarantine, `partners` the ranges of an address set."""
    seg = Segmentation("e2e", today=TODAY)
    moved = {"moved_from": "edge"} if edge != "edge" else {}
    front = seg.zone(edge, select=L.zone == "edge", classification="public", **moved)
    seg.zone("data", select=L.zone == "data", classification="critical")
    web, api, db = (seg.group(n, select=L.role == n) for n in ("web", "api", "db"))
    named = seg.address_set("partners", partners)
    quarantine = seg.policy("quarantine", tier="quarantine", owner="netsec")
    quarantine.deny(L.sick == "yes", anywhere, ANY)
    quarantine.deny(anywhere, L.sick == "yes", ANY)
    shop = seg.policy("shop", tier="application", owner="team-shop")
    shop.allow(anywhere, web, tcp(443), ticket="NET-1")
    shop.allow(web, api, tcp("8080-8090"), ticket="NET-2")
    shop.allow(api, db, tcp(5432), ticket="NET-3")
    shop.allow(named, api, tcp(8443), ticket="NET-4")
    shop.allow(front, outside, "https", ticket="NET-5", id="updates")
    change((shop, web, api, db, named))
    for name, (role, zone, address) in hosts.items():
        sick = {"sick": "yes"} if name in ill else {}
        labels = {"role": role, "zone": zone, **sick}
        seg.workload(name, labels, addresses=[address], interface_id=interface(name))
    target = seg.target(platform, platform, placement={**place, **options})
    for residual in accept:
        target.accept_residual(residual, owner="netsec", reason="a test", expires=date(2027, 11, 20))
    return seg.build()


def network(membership: Callable[[str], str]) -> dict[str, Any]:
    """A VPC with one interface for each host, which takes its groups from `membership`."""
    interfaces = {
        name: {
            "subnet_id": f"${{aws_subnet.{'edge' if zone == 'edge' else 'data'}.id}}",
            "private_ips": [address],
            "security_groups": membership(name),
        }
        for name, (_, zone, address) in HOSTS.items()
    }
    subnet = {"vpc_id": "${aws_vpc.main.id}"}
    return {
        "resource": {
            "aws_vpc": {"main": {"cidr_block": "10.0.0.0/16"}},
            "aws_subnet": {
                "edge": {**subnet, "cidr_block": "10.0.1.0/24"},
                "data": {**subnet, "cidr_block": "10.0.2.0/24"},
            },
            "aws_network_interface": interfaces,
        }
    }
