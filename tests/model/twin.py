"""One model twice: in Python and in YAML, the latter in one file or as a folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from segkit.model import (
    Model,
    Segmentation,
    anywhere,
    dump_intent,
    internet,
    outside,
)
from segkit.sets import ANY, L, icmp, protocol, tcp, udp

TODAY = "2026-11-20"
SCHEMA = {
    "app": {"required": True, "values": ["shop", "erp"], "description": "the application"},
    "role": ["web", "db", "bastion"],
    "zone": ["edge", "cde"],
    "quarantine": ["true"],
    "note": None,
}


def python() -> Model:
    """Everything that can be declared, in Python."""
    seg = Segmentation("retail", schema=SCHEMA, today=TODAY)
    edge = seg.zone("edge", L.zone == "edge", classification="public", mode="selective")
    cde = seg.zone(
        "cde",
        L.zone == "cde",
        classification="critical",
        posture="allow",
        networks=["10.1.0.0/16", "2001:db8:1::/48"],
        realm="dc",
        compliance=["pci-dss", "iso"],
        moved_from="card-data",
    )
    web = seg.group("web", (L.app == "shop") & (L.role == "web"), moved_from="front")
    db = seg.group("db", (L.role == "db") & (L.zone == "cde") & ~(L.app != "shop"))
    corp = seg.address_set("corp", ["10.0.0.0/8", "2001:db8::/32"])
    vendor = seg.address_set("vendor", "203.0.113.40", realm="dc")
    ports = seg.service("web-ports", "https", tcp(8080))
    out = seg.policy("isolate", tier="quarantine", owner="netsec")
    out.deny(L.quarantine == "true", anywhere, ANY, id="out")
    guard = seg.policy("guard", tier="global", owner="netsec")
    guard.deny(
        [corp, vendor, internet],
        [edge, cde],
        "ssh",
        id="ssh",
        unless_source=[L.role == "bastion", web],
        unless_destination=L.note.exists() & (L.app == "erp"),
        purpose="bastions only",
        owner="ops",
        ticket="NET-1",
        created="2026-01-01",
        updated="2026-02-01",
        expires="2027-06-30",
    )
    zone = seg.policy("cde", tier="zone", owner="pay", zone=cde)
    zone.allow(web, db, "postgresql", id="orders")
    zone.deny(outside, cde, ANY - tcp(22), id="strangers")
    shop = seg.policy("shop", tier="application", owner="team")
    shop.allow(anywhere, web, ports, icmp(8), protocol(47), id="front")
    shop.allow([L.app == "erp", L.app == "shop"], cde.network, udp(53), "ntp")
    seg.workload(
        "web-1", {"app": "shop", "role": "web", "zone": "edge"}, addresses=["10.0.1.5"], foreign=["sg-1"]
    )
    seg.workload(
        "db-1",
        {"app": "shop", "role": "db", "zone": "cde"},
        interfaces=[
            {"name": "a", "addresses": ["10.1.0.5"], "realm": "dc", "network": "vpc", "id": "eni-1"},
            {"name": "b"},
        ],
    )
    seg.workload_class("fleet", {"app": "shop", "role": "web", "zone": "edge"}, networks=["10.0.1.0/24"])
    placement = {"vpc_id": "${aws_vpc.main.id}", "region": "eu-west-1", "quotas": {"rules_per_group": 120}}
    aws = seg.target("aws", "aws", select=L.app == "shop", placement=placement)
    aws.accept_residual("snapshot", owner="netsec", reason="few", expires="2027-12-31")
    aws.accept_residual("internet-as-anywhere", owner="netsec", reason="public", expires="2027-12-31")
    seg.target("dc", "aws", realm="dc")
    return seg.build()


TWIN = """
segmentation: retail
labels:
  app: {required: true, values: [shop, erp], description: the application}
  role: [web, db, bastion]
  zone: [edge, cde]
  quarantine: ["true"]
  note:
zones:
  edge: {select: zone == "edge", classification: public, mode: selective}
  cde:
    select: zone == "cde"
    classification: critical
    posture: allow
    networks: [10.1.0.0/16, "2001:db8:1::/48"]
    realm: dc
    compliance: [pci-dss, iso]
    moved_from: card-data
groups:
  web: {select: app == "shop" and role == "web", moved_from: front}
  db: role == "db" and zone == "cde" and not (app != "shop")
address_sets:
  corp: [10.0.0.0/8, "2001:db8::/32"]
  vendor: {addresses: 203.0.113.40, realm: dc}
services:
  web-ports: [https, tcp/8080]
policies:
  isolate:
    tier: quarantine
    owner: netsec
    rules:
      - {id: out, deny: quarantine == "true" -> anywhere, services: any}
  guard:
    tier: global
    owner: netsec
    rules:
      - id: ssh
        deny: {from: [corp, addresses:vendor, internet], to: [zone:edge, zone:cde]}
        services: ssh
        unless_source: [role == "bastion", group:web]
        unless_destination: note exists and app == "erp"
        purpose: bastions only
        owner: ops
        ticket: NET-1
        created: 2026-01-01
        updated: 2026-02-01
        expires: 2027-06-30
  cde:
    tier: zone
    zone: cde
    owner: pay
    rules:
      - {id: orders, allow: web -> db, services: postgresql}
      - {id: strangers, deny: outside -> cde, services: any except tcp/22}
  shop:
    tier: application
    owner: team
    rules:
      - {id: front, allow: anywhere -> web, services: [web-ports, "icmp/8; protocol:47"]}
      - {allow: 'app == "erp", app == "shop" -> network:cde', services: udp/53; ntp}
workloads:
  - name: web-1
    labels: {app: shop, role: web, zone: edge}
    addresses: [10.0.1.5]
    foreign: [sg-1]
  - name: db-1
    labels: {app: shop, role: db, zone: cde}
    interfaces:
      - {name: a, addresses: [10.1.0.5], realm: dc, network: vpc, id: eni-1}
      - {name: b}
classes:
  - {name: fleet, labels: {app: shop, role: web, zone: edge}, networks: [10.0.1.0/24]}
targets:
  aws:
    platform: aws
    select: app == "shop"
    placement: {vpc_id: "${aws_vpc.main.id}", region: eu-west-1, quotas: {rules_per_group: 120}}
    accepted_residuals:
      - {residual: snapshot, owner: netsec, reason: few, expires: 2027-12-31}
      - {residual: internet-as-anywhere, owner: netsec, reason: public, expires: 2027-12-31}
  dc: {platform: aws, realm: dc}
"""


def declared(model: Model) -> bytes:
    """The bytes of the intent, without where things were declared."""
    return dump_intent(model).partition(b'\n  "where"')[0]


def write(path: str, content: str | dict[str, Any]) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
    return file


def as_data(text: str) -> Any:
    """A YAML text as data in which days are text."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        key: [one for one in found if one[0] != "tag:yaml.org,2002:timestamp"]
        for key, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(text, Loader=Loader)  # a subclass of SafeLoader


FOLDER: dict[str, Callable[[Any], Any]] = {
    "all.yaml": lambda d: {
        k: d[k] for k in ("segmentation", "groups", "address_sets", "services", "targets")
    },
    "labels.json": lambda d: {"labels": d["labels"]},
    "inventory.json": lambda d: {"workloads": d["workloads"][:1]},
    "inventory/more.yml": lambda d: {"workloads": d["workloads"][1:], "classes": d["classes"]},
    "zones/edge.yaml": lambda d: {"zones": {"edge": d["zones"]["edge"]}},
    "zones/cde/zone.yaml": lambda d: {"zones": {"cde": d["zones"]["cde"]}},
    "zones/cde/rules/cde.json": lambda d: {
        "policies": {"cde": without(d["policies"]["cde"], "tier", "zone")}
    },
    "global/guard.yaml": lambda d: {"policies": {"guard": without(d["policies"]["guard"], "tier")}},
    "quarantine/q.yaml": lambda d: {"policies": {"isolate": without(d["policies"]["isolate"], "tier")}},
    "apps/shop/shop.yml": lambda d: {"policies": {"shop": d["policies"]["shop"]}},
}


def without(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in keys}


def split(top: str) -> None:
    """The twin as a folder, in the taxonomy of the tiers."""
    data = as_data(TWIN)
    for path, part in FOLDER.items():
        text = json.dumps(part(data)) if path.endswith("json") else yaml.safe_dump(part(data))
        write(f"{top}/{path}", text)
    write(f"{top}/.hidden/x.yaml", "no: policy")
    write(f"{top}/.x.yaml", "no: policy")
    write(f"{top}/cdktf.out/x.json", "{}}")
    write(f"{top}/README.md", "no policy")
