"""The cases that break compilers of this kind, by name: each is exact, a named residual, or a clear error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

import pytest

from segkit.compiler import Compilation
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.model.ends import anywhere, internet, outside
from segkit.model.workloads import Interface
from segkit.platforms.base import platform
from segkit.sets import ANY, Addresses, L, ServiceSet, icmp, tcp, udp
from segkit.verify import Proof, prove
from tests.conformance.compiling import compile_model
from tests.conformance.planes import ENCODINGS, IDS, Plane
from tests.oracles.intent_oracle import Oracle, Packet, Spot
from tests.strategies import TODAY

pytestmark = pytest.mark.usefixtures("no_quotas")


class Case:
    """A model in the making on one plane, and the questions a case asks of it."""

    def __init__(self, plane: Plane, encoding: str) -> None:
        self.plane, self.encoding = plane, encoding
        self.seg = Segmentation("m", today=TODAY)
        self.targets: list[Any] = []

    def target(self, name: str = "t", choice: int = 0, **more: Any) -> Any:
        select, realm = more.pop("select", None), more.pop("realm", "default")
        names = more.pop("names", [name])
        place = {**self.plane.placement(self.encoding)(name, names, choice), **more}
        extra = {} if select is None else {"select": select}
        self.targets.append(self.seg.target(name, self.plane.name, realm=realm, placement=place, **extra))
        for residual in self.plane.always:
            self.targets[-1].accept_residual(residual, owner="me", reason="a test", expires="2999-01-01")
        return self.targets[-1]

    def must_accept(self, name: str, *words: str) -> None:
        """Refused without a residual, unless the plane has it in nearly any model; then it is accepted."""
        if name not in self.plane.always:
            self.refused(name, *words)
            self.accept(name)

    def accept(self, *names: str) -> None:
        for name in sorted({*names}.difference(self.plane.always)):
            for target in self.targets:
                target.accept_residual(name, owner="me", reason="a test", expires="2999-01-01")

    def compiled(self) -> Compilation:
        if not self.targets:
            self.target()
        return compile_model(self.seg.build())

    def proof(self, change: Callable[[dict[str, Any]], None] | None = None) -> Proof:
        done = self.compiled()
        document = self.plane.stack(done.model, done.fragment)
        if change is not None:
            change(document)
        return prove(done.model, document, intent=done.intent, residuals=done.residuals)

    def residuals(self) -> set[str]:
        """What is lost on this plane, but what nearly any model loses there."""
        return {r.name for r in self.compiled().residuals}.difference(self.plane.always)

    def passes(self, source: str, destination: str, services: ServiceSet) -> bool:
        """Do all of these services pass, by the packet oracle? The intent oracle has to agree."""
        done = self.compiled()
        document = self.plane.stack(done.model, done.fragment)
        oracle, plane = Oracle(done.model), self.plane.packets(done.model, document)
        answers = set()
        for packet in packets(oracle, source, destination, services):
            assert plane(packet) == oracle.passes(packet), packet
            answers.add(plane(packet))
        assert len(answers) == 1, f"{source} -> {destination}: {answers}"
        return answers.pop()

    def exact(self) -> None:
        proof = self.proof()
        assert proof.status == "equal" and not proof.accepted, proof.text()

    def refused(self, *words: str) -> None:
        with pytest.raises(SegkitError) as raised:
            self.compiled()
        text = str(raised.value)
        assert all(word in text for word in words), text
        assert all(p.fix for p in raised.value.problems)


def packets(oracle: Oracle, source: str, destination: str, services: ServiceSet) -> Iterator[Packet]:
    for one in ends(oracle, source):
        for two in ends(oracle, destination):
            if one[:2] == two[:2]:
                for part in services.parts():
                    if part.protocol != (58 if one.family == 4 else 1):
                        yield Packet(one, two, part.protocol, part.lo)
                        yield Packet(one, two, part.protocol, part.hi)


def ends(oracle: Oracle, name: str) -> list[Spot]:
    """A workload's name (with `@address` for one of its endpoints), or an address outside."""
    workload, _, at = name.partition("@")
    held = [s for s in oracle.spots() if s.workload is not None and s.workload.name == workload]
    if held:
        return [s for s in held if not at or str(s.address) == at]
    address = ip_address(workload)
    return [Spot(at or "default", address.version, address)]


@pytest.fixture(params=ENCODINGS, ids=IDS)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(*request.param)


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


def test_a_later_tier_takes_nothing_back(case: Case) -> None:
    case.seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    case.seg.workload("b", {"app": "b"}, ["10.0.0.2"])
    case.seg.policy("g", "global").allow(L.app == "a", L.app == "b", tcp("20-30"))
    case.seg.policy("p", "application").deny(L.app == "a", L.app == "b", tcp("25-40"))
    case.seg.policy("q", "application").allow(L.app == "a", L.app == "b", tcp("35-50"))
    case.exact()
    assert case.passes("a", "b", tcp("20-30") | tcp("41-50"))
    assert not case.passes("a", "b", tcp("31-40"))


def test_unless_subtracts_from_its_own_end(case: Case) -> None:
    """An exception among sources says nothing about the same machine as a destination."""
    case.seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    case.seg.workload("x", {"app": "a", "x": "1"}, ["10.0.0.2"])
    case.seg.policy("p", "application").allow(L.app == "a", L.app == "a", tcp(1), unless_source=L.x == "1")
    case.exact()
    assert case.passes("a", "x", tcp(1)) and not case.passes("x", "a", tcp(1))


def test_a_zone_and_its_network_are_two_things(case: Case) -> None:
    zone = case.seg.zone("z", L.zone == "z", networks=["10.0.0.0/24"])
    case.seg.workload("in", {"zone": "z", "app": "a"}, ["172.16.0.1"])
    case.seg.workload("near", {"app": "b"}, ["10.0.0.9"])
    case.seg.workload("w", {"app": "w"}, ["172.16.0.2"])
    policy = case.seg.policy("p", "application")
    policy.allow(zone, L.app == "w", tcp(1))
    policy.allow(zone.network, L.app == "w", tcp(2))
    case.target()
    case.accept("snapshot")
    case.exact()
    assert case.passes("in", "w", tcp(1)) and not case.passes("in", "w", tcp(2))
    assert case.passes("near", "w", tcp(2)) and not case.passes("near", "w", tcp(1))


def test_modes(case: Case) -> None:
    """Watched ends pass everything, selective ones all but an explicit deny, the rest what is allowed."""
    for mode in ("visibility", "selective", "enforce"):
        case.seg.zone(mode, L.zone == mode, mode=mode)
        case.seg.workload(mode, {"zone": mode}, [f"10.0.0.{len(mode)}"])
    case.seg.policy("g", "global").deny(outside, L.zone.exists(), tcp(23))
    case.exact()
    assert case.passes("8.8.8.8", "visibility", tcp(22, 23))
    assert case.passes("8.8.8.8", "selective", tcp(22)) and not case.passes("8.8.8.8", "selective", tcp(23))
    assert not case.passes("8.8.8.8", "enforce", tcp(22))
    assert case.passes("visibility", "selective", tcp(23))
    assert not case.passes("visibility", "enforce", tcp(23))


def test_a_closed_visibility_end_is_different(case: Case) -> None:
    """Whoever takes away what opens a watched zone is caught."""
    case.seg.zone("v", L.zone == "v", mode="visibility")
    case.seg.workload("w", {"zone": "v"}, ["10.0.0.1"])

    case.exact()
    proof = case.proof(case.plane.close)
    assert proof.status == "different" and {d.kind for d in proof.differences} == {"closes"}


def test_a_machine_outside_all_zones_is_denied(case: Case) -> None:
    case.seg.zone("z", L.zone == "z", posture="allow")
    case.seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    case.seg.workload("b", {"app": "b"}, ["10.0.0.2"])
    case.seg.workload("c", {"app": "c", "zone": "z"}, ["10.0.0.3"])
    case.seg.workload("d", {"app": "d", "zone": "z"}, ["10.0.0.4"])
    case.exact()
    assert not case.passes("a", "b", ANY) and case.passes("c", "d", ANY) and not case.passes("a", "c", ANY)
    assert any("in no zone" in w.what for w in case.seg.warnings)


def test_two_targets_with_and_without_peering(case: Case) -> None:
    """A flow between two targets is opened on both: by reference where that is allowed, else by address."""
    case.seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    case.seg.workload("b", {"app": "b"}, ["10.1.0.1"])
    case.seg.policy("p", "application").allow(L.app == "a", L.app == "b", tcp(1))
    names = ["left", "right"]
    case.target("left", 1, names=names, select=L.app == "a")
    case.target("right", 1, names=names, select=L.app == "b")
    case.exact()
    assert not case.residuals()
    assert case.passes("a", "b", tcp(1)) and not case.passes("b", "a", tcp(1))
    apart = Case(case.plane, case.encoding)
    apart.seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    apart.seg.workload("b", {"app": "b"}, ["10.1.0.1"])
    apart.seg.policy("p", "application").allow(L.app == "a", L.app == "b", tcp(1))
    apart.target("left", select=L.app == "a")
    apart.target("right", select=L.app == "b")
    apart.must_accept("snapshot")
    apart.exact()
    assert apart.passes("a", "b", tcp(1)) and not apart.passes("b", "a", tcp(1))


def test_empty_never_means_any(case: Case) -> None:
    none = case.seg.address_set("none", [])
    case.seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    policy = case.seg.policy("p", "application")
    policy.allow(none, L.app == "a", tcp(1), id="no-addresses")
    policy.allow(L.app == "a", L.app == "a", id="no-service")
    policy.allow([], L.app == "a", tcp(1), id="no-source")
    case.refused("no-addresses", "no-service", "no-source", "empty never means any")


def test_types_of_icmp(case: Case) -> None:
    """Exact, or a residual that lets every type pass."""
    case.seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    case.seg.workload("b", {"app": "b"}, ["10.0.0.2"])
    case.seg.policy("p", "application").allow(L.app == "a", L.app == "b", icmp(8))
    case.target()
    if platform(case.plane.name).capabilities.icmp_types:
        case.exact()
        assert case.passes("a", "b", icmp(8)) and not case.passes("a", "b", icmp(13))
        return
    case.must_accept("icmp-types", "icmp-types")
    proof = case.proof()
    assert proof.ok and {(d.residual, d.kind) for d in proof.accepted} == {("icmp-types", "opens")}


def test_ports_and_ranges_of_them(case: Case) -> None:
    """A list with ranges, less what a deny takes out of the middle and off the ends."""
    case.seg.workload("a", {"app": "a"}, ["10.0.0.1"])
    case.seg.workload("b", {"app": "b"}, ["10.0.0.2"])
    policy = case.seg.policy("p", "application")
    policy.allow(L.app == "a", L.app == "b", tcp(1, "80-90", 443, "65530-65535"), udp("53-54"))
    policy.deny(L.app == "a", L.app == "b", tcp("85-86", 443), udp(54))
    case.exact()
    assert not case.residuals()
    assert case.passes("a", "b", tcp(1, "80-84", "87-90", "65530-65535") | udp(53))
    assert not case.passes("a", "b", tcp(0, 2, 79, "85-86", 91, 443, 65529) | udp(54))


def test_what_others_have_made(case: Case) -> None:
    """Known and without effect: equal. Known and with one: different. Not known: never equal."""

    def build() -> Case:
        one = Case(case.plane, case.encoding)
        one.seg.workload("a", {"app": "a"}, ["10.0.0.1"], interface_id=case.plane.interface("1"), foreign=[])
        partner = one.seg.address_set("partner", ["198.51.100.0/24"])
        one.seg.policy("p", "application").allow(partner, L.app == "a", tcp(443))
        one.target(**case.plane.beside)
        one.accept("snapshot")
        return one

    assert build().proof().ok
    assert {status for _, status in case.plane.foreign} == {"equal", "different", "unproved"}
    for theirs, status in case.plane.foreign:

        def change(document: dict[str, Any], theirs: Mapping[str, Any] = theirs) -> None:
            for kind, body in theirs.items():
                document["resource"].setdefault(kind, {})["theirs"] = body

        proof = build().proof(change)
        assert proof.status == status, (theirs, proof.text())


def addresses_of(*items: str) -> Addresses:
    return Addresses.of(*items)


def aws_only(case: Case) -> None:
    if case.plane.name != "aws":
        pytest.skip("about security groups")


def foreign(rule: Mapping[str, Any] | None) -> Callable[[dict[str, Any]], None]:
    """Somebody else's group in the same stack, on our interface."""

    def change(document: dict[str, Any]) -> None:
        resources = document["resource"]
        resources.setdefault("aws_security_group", {})["theirs"] = {"vpc_id": "vpc-t", "name": "theirs"}
        resources.setdefault("aws_network_interface_sg_attachment", {})["theirs"] = {
            "network_interface_id": "eni-1",
            "security_group_id": "${aws_security_group.theirs.id}",
        }
        if rule is not None:
            body = {"security_group_id": "${aws_security_group.theirs.id}", **rule}
            resources.setdefault("aws_vpc_security_group_ingress_rule", {})["theirs"] = body

    return change


def test_a_foreign_group(case: Case) -> None:
    """Known and closed: equal. Known and open: different. Unknown: never equal."""
    aws_only(case)

    def build(**more: Any) -> Case:
        one = Case(case.plane, case.encoding)
        one.seg.workload("a", {"app": "a"}, ["10.0.0.1"], interface_id="eni-1", **more)
        partner = one.seg.address_set("partner", ["198.51.100.0/24"])
        one.seg.policy("p", "application").allow(partner, L.app == "a", tcp(443))
        one.target(membership="shared")
        return one

    assert build(foreign=[]).proof().ok
    assert build(foreign=[]).proof(foreign(None)).ok
    opened = {"ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "0.0.0.0/0"}
    proof = build(foreign=[]).proof(foreign(opened))
    assert proof.status == "different" and "tcp/22" in proof.text()
    assert build(foreign=["sg-elsewhere"]).proof().status == "unproved"
    assert build().proof().status == "unproved"


def test_visibility_never_widens_what_protects_a_machine_today(case: Case) -> None:
    """Beside others who protect it a watched zone adds no rule that lets anything pass."""
    if case.plane.name == "azure":
        pytest.skip("there it is beside others by their security group alone, as tests/azure have it")

    def added(**beside: Any) -> bool:
        one = Case(case.plane, case.encoding)
        one.seg.zone("v", L.zone == "v", mode="visibility")
        one.seg.workload("w", {"zone": "v"}, ["10.0.0.1"], foreign=["theirs"])
        one.target(**beside)
        return "visibility mode" in json.dumps(one.compiled().fragment)

    assert added()
    assert not added(membership="shared")


def test_names_that_differ_in_case_only(case: Case) -> None:
    for name in ("web", "Web"):
        case.seg.group(name, L.app == name)
    case.refused("differ only by case", "rename")


def test_two_targets_of_one_network_that_need_one_name(case: Case) -> None:
    aws_only(case)
    if case.encoding != "groups":
        pytest.skip("names of cells are no names of groups")
    group = case.seg.group("web", L.app == "web")
    case.seg.policy("p", "application").allow(group, group, tcp(1))
    for side in ("left", "right"):
        case.seg.workload(side, {"app": "web", "side": side}, ["10.0.0.1" if side == "left" else "10.0.0.2"])
        case.target(side, select=L.side == side, vpc_id="vpc-1")
    case.accept("snapshot")
    case.refused("two security groups would be named 'm-web'", "rename")
