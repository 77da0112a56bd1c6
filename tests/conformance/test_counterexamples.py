"""The cases that break compilers of this kind, by name: each is exact, a named residual, or a clear error.

Here those about who and where; what decides is in `test_counterexamples_decided`.
"""

from __future__ import annotations

import pytest

from segkit.model.ends import anywhere, internet, outside
from segkit.model.workloads import Interface
from segkit.sets import ANY, L, ServiceSet, tcp
from tests.conformance.case import Case, addresses_of

pytestmark = pytest.mark.usefixtures("no_quotas")


def test_a_missing_label_opens_nothing(case: Case) -> None:
    """`env == "prod"` does not match a machine without env; `env != "prod"` does, also in a deny."""
    case.seg.workload("bare", {"app": "a"}, ["10.0.0.1"])
    case.seg.workload("prod", {"app": "a", "env": "prod"}, ["10.0.0.2"])
    case.seg.workload("db", {"app": "db"}, ["10.0.0.3"])
    case.seg.policy("p", "application").allow(L.app == "a", L.app == "db", tcp(1, 2))
    case.seg.policy("g", "global").deny(L.env != "prod", L.app == "db", tcp(2))
    case.exact()
    assert not case.residuals()
    assert case.passes("bare", "db", tcp(1)) and case.passes("prod", "db", tcp(2))
    assert not case.passes("bare", "db", tcp(2))


def test_internet_with_two_ports(case: Case) -> None:
    """Over a hundred ranges twice: exact, where the quota allows it; private addresses stay out."""
    case.seg.workload("web", {"app": "web"}, ["10.0.0.1"])
    case.seg.workload("other", {"app": "x"}, ["10.0.0.2"])
    case.seg.policy("p", "application").allow(internet, L.app == "web", tcp(80), tcp(443))
    case.exact()
    assert case.passes("8.8.8.8", "web", tcp(80, 443))
    assert not case.passes("10.9.9.9", "web", tcp(443)) and not case.passes("other", "web", tcp(80))
    if case.plane.name == "aws":
        case.target("u", realm="u", quotas={})
        case.seg.workload("web2", {"app": "web"}, ["10.0.0.1"], realm="u")
        case.refused("needs 232 ingress rules for IPv4; the quota is 60", "internet")


def test_a_cidr_allowed_with_a_label_denied(case: Case) -> None:
    """The allow is by address, the deny by label: a machine of that label inside the range stays out."""
    corp = case.seg.address_set("corp", ["10.0.0.0/8"])
    case.seg.workload("good", {"app": "a"}, ["10.0.0.1"])
    case.seg.workload("bad", {"app": "bad"}, ["10.0.0.2"])
    case.seg.workload("web", {"app": "web"}, ["172.16.0.1"])
    case.seg.policy("p", "application").allow(corp, L.app == "web", tcp(443))
    case.seg.policy("g", "global").deny(L.app == "bad", L.app == "web", ANY)
    case.exact()
    assert not case.residuals(), "what the denied machine sends is closed at its own end"
    assert case.passes("good", "web", tcp(443)) and case.passes("10.9.9.9", "web", tcp(443))
    assert not case.passes("bad", "web", tcp(443))


def test_a_cidr_allowed_with_an_unmanaged_label_denied(case: Case) -> None:
    """The same with a machine that nobody enforces: its address must be cut out, and that is a snapshot."""
    corp = case.seg.address_set("corp", ["10.0.0.0/8"])
    case.seg.workload("bad", {"app": "bad"}, ["10.0.0.2"])
    case.seg.workload("web", {"app": "web", "cloud": "yes"}, ["172.16.0.1"])
    case.seg.policy("p", "application").allow(corp, L.app == "web", tcp(443))
    case.seg.policy("g", "global").deny(L.app == "bad", L.app == "web", ANY)
    case.target(select=L.cloud == "yes")
    case.must_accept("snapshot", "bad")
    case.exact()
    assert not case.passes("bad", "web", tcp(443)) and case.passes("10.0.0.3", "web", tcp(443))


def test_anywhere_allowed_with_a_cidr_denied(case: Case) -> None:
    """Far ends cut by address are ranges, not the addresses of today's machines."""
    corp = case.seg.address_set("corp", ["10.0.0.0/8"])
    case.seg.workload("in", {"app": "a"}, ["10.0.0.1"])
    case.seg.workload("out", {"app": "a"}, ["172.16.0.2"])
    case.seg.workload("web", {"app": "web", "cloud": "yes"}, ["172.16.0.1"])
    case.seg.policy("p", "application").allow(anywhere, L.app == "web", tcp(443))
    case.seg.policy("g", "global").deny(corp, L.app == "web", tcp(443))
    case.target(select=L.cloud == "yes")
    case.accept("snapshot")
    case.exact()
    assert case.passes("out", "web", tcp(443)) and case.passes("8.8.8.8", "web", tcp(443))
    assert not case.passes("in", "web", tcp(443)) and not case.passes("10.9.9.9", "web", tcp(443))
    snapshots = [r.extent for r in case.compiled().residuals if "above the network" not in r.extent]
    assert not any("ingress" in extent for extent in snapshots), snapshots


def test_two_interfaces(case: Case) -> None:
    """One machine with a foot in each network: the verdict goes by the endpoint."""
    corp = case.seg.address_set("corp", ["10.0.0.0/8"])
    feet = [Interface("a", addresses_of("10.0.0.1")), Interface("b", addresses_of("172.16.0.1"))]
    case.seg.workload("two", {"app": "two"}, interfaces=feet)
    case.seg.workload("web", {"app": "web"}, ["172.16.0.9"])
    case.seg.policy("p", "application").allow(L.app == "web", corp, tcp(22))
    if case.plane.features.get("apart"):
        case.refused("workload 'two' has interfaces a, b in one network")
        return
    case.exact()
    assert case.passes("web", "two@10.0.0.1", tcp(22)) and not case.passes("web", "two@172.16.0.1", tcp(22))


def test_an_interface_in_each_of_two_networks(case: Case) -> None:
    """A target for each network: either protects its own interface of the machine."""
    corp = case.seg.address_set("corp", ["10.0.0.0/8"])
    near, far = addresses_of("10.0.0.1"), addresses_of("172.16.0.1")
    feet = [Interface("a", near, network="left"), Interface("b", far, network="right")]
    case.seg.workload("two", {"app": "two"}, interfaces=feet)
    case.seg.workload("web", {"app": "web"}, ["172.16.0.9"], network="right")
    policy = case.seg.policy("p", "application")
    policy.allow(L.app == "web", corp, tcp(22), id="by-address")
    policy.allow(L.app == "two", L.app == "web", tcp(443), id="by-label")
    names = ["left", "right"]
    for name in names:
        case.target(name, names=names, network=name)
    case.accept("snapshot")
    case.exact()
    assert case.passes("web", "two@10.0.0.1", tcp(22)) and not case.passes("web", "two@172.16.0.1", tcp(22))
    assert case.passes("two", "web", tcp(443)) and not case.passes("web", "two", tcp(443))


def test_two_addresses_on_one_interface(case: Case) -> None:
    """Where a plane protects an interface as a whole, that is said by name."""
    corp = case.seg.address_set("corp", ["10.0.0.0/8"])
    case.seg.workload("two", {"app": "two"}, ["10.0.0.1", "172.16.0.1"])
    case.seg.workload("web", {"app": "web"}, ["172.16.0.9"])
    case.seg.policy("p", "application").allow(L.app == "web", corp, tcp(22))
    case.target()
    case.accept("snapshot")
    case.refused("two", "10.0.0.1")
    case.accept("interface-addresses")
    proof = case.proof()
    assert proof.ok and {d.residual for d in proof.accepted} == {"interface-addresses"}
    assert {d.kind for d in proof.accepted} == {"closes"}


def test_overlapping_networks_are_realms(case: Case) -> None:
    """Two networks with the same addresses: a rule by address speaks of its realm only."""
    left = case.seg.address_set("left", ["10.0.0.0/30"], realm="left")
    for realm in ("left", "right"):
        case.seg.workload(f"web-{realm}", {"app": "web"}, ["10.0.0.1"], realm=realm)
        case.seg.workload(f"db-{realm}", {"app": "db"}, ["10.0.0.2"], realm=realm)
        case.target(realm, realm=realm)
    case.seg.policy("p", "application").allow(left, L.app == "db", tcp(1))
    case.seg.policy("q", "application").allow(L.app == "web", L.app == "db", tcp(2))
    case.exact()
    assert case.passes("web-left", "db-left", tcp(1, 2)) and case.passes("10.0.0.3@left", "db-left", tcp(1))
    assert case.passes("web-right", "db-right", tcp(2)) and not case.passes("web-right", "db-right", tcp(1))
    assert not case.passes("10.0.0.3@right", "db-right", tcp(1))


def test_an_expired_deny_is_an_error(case: Case) -> None:
    case.seg.workload("w", {"app": "a"})
    case.seg.policy("p", "application").deny(L.app == "a", anywhere, tcp(1), expires="2026-05-31")
    case.refused("deny that expired on 2026-05-31", "renew")


def test_an_expired_allow_is_left_out(case: Case) -> None:
    """Its last day still counts."""
    case.seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    case.seg.workload("b", {"app": "b"}, ["10.0.0.2"])
    policy = case.seg.policy("p", "application")
    policy.allow(L.app == "a", L.app == "b", tcp(1), expires="2026-05-31", id="past")
    policy.allow(L.app == "a", L.app == "b", tcp(2), expires="2026-06-01", id="last-day")
    case.exact()
    assert not case.passes("a", "b", tcp(1)) and case.passes("a", "b", tcp(2))
    assert any("expired on 2026-05-31" in w.what for w in case.seg.warnings)


def test_an_unknown_address_is_no_matter_where_references_reach(case: Case) -> None:
    case.seg.workload("a", {"app": "a"})
    case.seg.workload("b", {"app": "b"})
    case.seg.policy("p", "application").allow(L.app == "a", L.app == "b", tcp(1))
    if case.plane.sources_only:
        case.refused("the address of workload 'b' is not known")
        return
    case.exact()
    assert case.passes("a", "b", tcp(1)) and not case.passes("b", "a", tcp(1))


def test_an_unknown_address_that_is_needed_is_an_error(case: Case) -> None:
    case.seg.workload("a", {"app": "a"})
    case.seg.workload("b", {"app": "b", "cloud": "yes"})
    case.seg.policy("p", "application").allow(L.app == "a", L.app == "b", tcp(1))
    case.target(select=L.cloud == "yes")
    case.refused("the address of workload 'a' is not known")


def test_an_unknown_address_may_be_in_what_address_sets_leave_of_everywhere(case: Case) -> None:
    """It is in no set that rules name, so ranges without those would let it in."""
    case.seg.workload("a", {"app": "a"})
    case.seg.workload("b", {"app": "b", "cloud": "yes"}, ["172.16.0.1"])
    corp = case.seg.address_set("corp", ["10.9.0.0/16", "fd09::/16"])
    case.seg.policy("p", "application").allow(
        anywhere, L.app == "b", tcp(1), unless_source=[L.app == "a", corp], id="r"
    )
    case.target(select=L.cloud == "yes")
    case.refused("the address of workload 'a' is not known")


def test_an_unknown_address_stands_for_its_zones_networks(case: Case) -> None:
    """Written by address, the networks admit whoever else is there; that has a name."""
    case.seg.zone("z", L.app == "a", networks=["10.0.0.0/28"])
    case.seg.workload("a", {"app": "a"})
    case.seg.workload("b", {"app": "b", "cloud": "yes"}, ["172.16.0.1"])
    case.seg.policy("p", "application").allow(L.app == "a", L.app == "b", tcp(1))
    case.target(select=L.cloud == "yes")
    case.accept("snapshot")
    case.refused("member-networks", "10.0.0.0/28")
    case.accept("member-networks")
    proof = case.proof()
    assert proof.ok and {(d.residual, d.kind) for d in proof.accepted} == {("member-networks", "opens")}


def test_a_class_is_not_at_the_address_of_a_machine(case: Case) -> None:
    """What a machine inside the network of a class may do opens nothing for the class."""
    case.seg.workload_class("fleet", {"app": "fleet"}, networks=["10.0.0.0/28"])
    case.seg.workload("one", {"app": "one"}, ["10.0.0.2"])
    case.seg.workload("web", {"app": "web", "cloud": "yes"}, ["172.16.0.1"])
    policy = case.seg.policy("p", "application")
    policy.allow(L.app == "fleet", L.app == "web", tcp(1), id="fleet")
    policy.allow(L.app == "one", L.app == "web", tcp(2), id="one")
    case.target(select=L.cloud == "yes")
    case.accept("snapshot", "member-networks")
    proof = case.proof()
    assert proof.ok and {d.services for d in proof.accepted} == {"tcp/1"}
    assert case.passes("one", "web", tcp(2)) and not case.passes("fleet", "web", tcp(2))


def test_a_machine_with_a_whole_prefix(case: Case) -> None:
    """A delegated prefix is all one machine's, and is not counted address by address."""
    corp = case.seg.address_set("corp", ["2001:db8:1::/48"])
    case.seg.workload("node", {"app": "node"}, ["2001:db8:1:2::/64"])
    case.seg.workload("web", {"app": "web"}, ["fd00::9"])
    case.seg.policy("p", "application").allow(corp, L.app == "web", tcp(1))
    case.exact()
    assert case.passes("node", "web", tcp(1)) and case.passes("2001:db8:1:1::1", "web", tcp(1))


def test_dual_stack(case: Case) -> None:
    """An IPv4 range opens nothing for the same machine's IPv6, nor the other way round."""
    four = case.seg.address_set("four", ["192.0.2.0/24"])
    case.seg.workload("w", {"app": "a"}, ["10.0.0.1", "fd00::1"])
    case.seg.workload("v", {"app": "v"}, ["10.0.0.2", "fd00::2"])
    policy = case.seg.policy("p", "application")
    policy.allow(four, L.app == "a", tcp(1))
    policy.allow(L.app == "v", L.app == "a", *case.plane.pings)
    policy.allow(outside, L.app == "v", tcp(2))
    case.exact()
    assert case.passes("192.0.2.9", "w", tcp(1)) and not case.passes("2001:db8::1", "w", tcp(1))
    assert case.passes("v", "w", ServiceSet.union(case.plane.pings))
    assert case.passes("8.8.8.8", "v", tcp(2)) and case.passes("2600::1", "v", tcp(2))


def test_outside_is_no_workload(case: Case) -> None:
    """0.0.0.0/0 stands for it while the machines inside cannot send there; else their addresses go."""
    case.seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    case.seg.workload("web", {"app": "web"}, ["10.0.0.2"])
    case.seg.policy("p", "application").allow(outside, L.app == "web", tcp(443), id="in")
    case.exact()
    assert not case.residuals()
    assert case.passes("8.8.8.8", "web", tcp(443)) and not case.passes("a", "web", tcp(443))
    case.seg.policy("q", "application").allow(L.app == "a", outside, tcp(443), id="out")
    case.must_accept("snapshot", "a")
    case.exact()
    assert not case.passes("a", "web", tcp(443)) and case.passes("a", "8.8.8.8", tcp(443))
