"""Five small estates that people would recognise, for tests that look at one document closely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from segkit.model import Segmentation
from segkit.model.ends import anywhere, outside
from segkit.sets import ANY, L, tcp, udp
from tests.conformance.planes import Plane
from tests.strategies import TODAY


def target(
    seg: Segmentation,
    plane: Plane,
    encoding: str,
    name: str = "main",
    names: Sequence[str] = ("main",),
    choice: int = 0,
    accept: Sequence[str] = (),
    place: Mapping[str, Any] | None = None,
    **more: Any,
) -> None:
    """A target; `choice` is for `Plane.placement`, and `place` changes what that says. What its plane cannot
    do without is accepted too."""
    here = {**plane.placement(encoding)(name, names, choice), **(place or {})}
    made = seg.target(name, plane.name, placement=here, **more)
    for residual in sorted({*accept, *plane.always}):
        made.accept_residual(residual, owner="me", reason="a test", expires="2999-01-01")


def shop(plane: Plane, encoding: str, place: Mapping[str, Any] | None = None) -> Segmentation:
    """Three tiers, a quarantine, a guardrail with an exception, ping, both families."""
    schema = {
        "labels": {
            "app": ["shop", "mail"],
            "role": ["web", "api", "db", "bastion"],
            "zone": {"values": ["edge", "core"], "required": True},
            "quarantine": ["true"],
        }
    }
    seg = Segmentation("shop", schema=schema, today=TODAY)
    seg.zone("edge", L.zone == "edge", classification="public")
    core = seg.zone("core", L.zone == "core", classification="sensitive")
    web = seg.group("web", (L.app == "shop") & (L.role == "web"))
    api = seg.group("api", (L.app == "shop") & (L.role == "api"))
    db = seg.group("db", (L.app == "shop") & (L.role == "db"))
    for n, (role, zone) in enumerate(
        (
            ("web", "edge"),
            ("web", "edge"),
            ("api", "core"),
            ("api", "core"),
            ("db", "core"),
            ("bastion", "core"),
        )
    ):
        app = {} if role == "bastion" else {"app": "shop"}
        addresses = [f"10.0.0.{n + 1}"] + [f"fd00::{n + 1}"] * (n % 2)
        known = plane.interface(str(n)) if n % 3 == 0 else None
        seg.workload(f"{role}-{n}", {**app, "role": role, "zone": zone}, addresses, interface_id=known)
    seg.workload("bad", {"app": "shop", "role": "web", "zone": "edge", "quarantine": "true"}, ["10.0.0.99"])
    ban = seg.policy("quarantine", "quarantine", owner="soc")
    ban.deny(L.quarantine == "true", anywhere, ANY, id="out")
    ban.deny(anywhere, L.quarantine == "true", ANY, id="in")
    seg.policy("no-ssh", "global", owner="netsec").deny(
        anywhere, core, tcp(22), unless_source=L.role == "bastion", id="ssh"
    )
    rules = seg.policy("shop", "application", owner="shop")
    rules.allow(anywhere, web, tcp(443), tcp(80), id="front")
    rules.allow(web, api, tcp("8080-8090"), ticket="NET-1", id="calls")
    rules.allow(api, db, tcp(5432), id="orders")
    rules.allow(L.role == "bastion", [api, db], tcp(22), *plane.pings, id="admin")
    rules.allow(api, outside, udp(53), id="names")
    target(seg, plane, encoding, place=place, accept=("snapshot",) if place else ())
    return seg


def ranges(plane: Plane, encoding: str) -> Segmentation:
    """Address sets, one as a list of its own, one with a hole; machines that nobody manages."""
    seg = Segmentation("ranges", today=TODAY)
    corp = seg.address_set("corp", ["10.0.0.0/8", "fd00::/8"])
    lab = seg.address_set("lab", ["10.66.0.0/16"])
    partner = seg.address_set("s0", ["198.51.100.0/25", "203.0.113.4", "2001:db8:7::/48"])
    seg.workload("web", {"app": "web", "cloud": "yes"}, ["172.16.0.1", "2001:db8:1::1"])
    seg.workload("db", {"app": "db", "cloud": "yes"}, ["172.16.0.2"], interface_id=plane.interface("db"))
    seg.workload("legacy", {"app": "db"}, ["10.1.0.7"])
    rules = seg.policy("p", "application")
    rules.allow(corp, L.app == "web", tcp(443), unless_source=lab, id="staff")
    rules.allow(partner, L.app == "web", tcp("9000-9100"), id="partner")
    rules.allow(L.app == "web", L.app == "db", tcp(5432), id="data")
    rules.allow(L.app == "web", partner, tcp(25), id="mail")
    target(seg, plane, encoding, choice=2, select=L.cloud == "yes", accept=("snapshot",))
    return seg


def modes(plane: Plane, encoding: str, place: Mapping[str, Any] | None = None) -> Segmentation:
    """A zone that is watched, one that is selective, one that trusts itself, and one that enforces."""
    seg = Segmentation("modes", today=TODAY)
    seg.zone("watched", L.zone == "watched", mode="visibility")
    seg.zone("partly", L.zone == "partly", mode="selective")
    seg.zone("lab", L.zone == "lab", posture="allow")
    seg.zone("strict", L.zone == "strict")
    for n, zone in enumerate(("watched", "partly", "lab", "lab", "strict", "strict")):
        seg.workload(f"{zone}-{n}", {"zone": zone}, [f"10.0.0.{n + 1}"])
    seg.policy("g", "global").deny(L.zone == "lab", L.zone == "partly", tcp(23), id="telnet")
    rules = seg.policy("p", "application")
    rules.allow(L.zone == "strict", L.zone == "lab", tcp(443), id="s")
    rules.deny(L.zone == "lab", L.zone == "lab", udp(161), id="snmp")
    target(seg, plane, encoding, place=place)
    return seg


def tiers(plane: Plane, encoding: str, place: Mapping[str, Any] | None = None) -> Segmentation:
    """Every tier with denies and allows that undo each other, by label, by address and for everybody; a zone
    that trusts itself but for one thing."""
    seg = Segmentation("tiers", today=TODAY)
    seg.zone("core", L.zone == "core")
    lab = seg.zone("lab", L.zone == "lab", posture="allow")
    corp = seg.address_set("corp", ["172.16.0.0/12", "2001:db8:c::/48"])
    guests = seg.address_set("guests", ["172.20.0.0/16"])
    for n, (app, zone) in enumerate(
        (("web", "core"), ("db", "core"), ("bad", "core"), ("one", "lab"), ("two", "lab"))
    ):
        addresses = [f"10.0.0.{n + 1}", f"fd00::{n + 1}"] if app != "db" else ["10.0.0.2"]
        known = plane.interface(app) if app in ("db", "one") else None
        seg.workload(app, {"app": app, "zone": zone}, addresses, interface_id=known)
    web, db, bad = L.app == "web", L.app == "db", L.app == "bad"
    emergency = seg.policy("emergency", "quarantine")
    emergency.allow(web, db, tcp(22), id="rescue")
    emergency.deny(bad, anywhere, udp(), id="chatter")
    netsec = seg.policy("netsec", "global")
    netsec.deny(anywhere, db, tcp("20-30"), id="ssh")
    netsec.allow(corp, web, tcp(443), id="staff")
    netsec.deny(guests, [web, lab], tcp(80), id="guests")
    seg.policy("lab", "zone", zone=lab).deny(lab, lab, udp(161), id="snmp")
    rules = seg.policy("shop", "application")
    rules.allow(web, db, tcp("1-100"), udp(53), id="much")
    rules.allow(anywhere, web, tcp(80), tcp(443), id="front")
    rules.deny(guests, web, tcp("80-450"), id="not-theirs")
    rules.deny(bad, web, tcp(80), id="not-its")
    rules.allow(lab, bad, ANY, id="poke")
    target(seg, plane, encoding, place=place, accept=("snapshot",) if place else ())
    return seg


def two_networks(plane: Plane, encoding: str) -> Segmentation:
    """Two targets in one realm that speak with each other, and one in a realm with the same addresses."""
    seg = Segmentation("two", today=TODAY)
    for n, (name, side) in enumerate((("web", "left"), ("api", "left"), ("db", "right"), ("log", "right"))):
        seg.workload(name, {"app": name, "side": side}, [f"10.0.0.{n + 1}"])
    seg.workload("twin", {"app": "db", "side": "far"}, ["10.0.0.3"], realm="far")
    rules = seg.policy("p", "application")
    rules.allow(L.app == "web", L.app == "api", tcp(8080), id="a")
    rules.allow(L.app == "api", L.app == "db", tcp(5432), id="b")
    rules.allow(anywhere, L.app == "log", udp(514), id="c", unless_source=L.app == "db")
    names = ("left", "right", "far")
    for name in names[:2]:
        target(seg, plane, encoding, name, names, 1, select=L.side == name, accept=("snapshot",))
    target(seg, plane, encoding, "far", names, 1, realm="far")
    return seg
