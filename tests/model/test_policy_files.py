"""Policies as files: the same as in Python, in one file or in many, alone or beside code."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from segkit.errors import SegkitError
from segkit.model import (
    Model,
    Segmentation,
    anywhere,
    dump_intent,
    internet,
    load_policies,
    outside,
)
from segkit.model.intent_file import model_digest
from segkit.model.json_schema import KINDS, json_schema, schema_text
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


def test_yaml_and_python_are_the_same_to_the_byte(here: Path) -> None:
    twin = load_policies(write("twin.yaml", TWIN), today=TODAY).build()
    assert declared(twin) == declared(python())
    assert model_digest(twin) == model_digest(python())


def test_json_is_the_same(here: Path) -> None:
    write("twin.json", {"$schema": "policy.schema.json", **as_data(TWIN)})
    assert declared(load_policies("twin.json", today=TODAY).build()) == declared(python())


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


def test_a_folder_is_the_same(here: Path) -> None:
    split("p")
    assert declared(load_policies("p", today=TODAY).build()) == declared(python())


def test_the_order_of_files_keys_and_rules_means_nothing(here: Path) -> None:
    chance = random.Random(7)

    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            items = list(value.items())
            chance.shuffle(items)
            return {key: shuffled(inside) for key, inside in items}
        if isinstance(value, list):
            held = [shuffled(inside) for inside in value]
            chance.shuffle(held)
            return held
        return value

    for at in range(10):
        write(f"{at}.yaml", yaml.safe_dump(shuffled(as_data(TWIN)), sort_keys=False))
        assert declared(load_policies(f"{at}.yaml", today=TODAY).build()) == declared(python())


def test_every_rule_keeps_file_and_line(here: Path) -> None:
    write(
        "p/apps/shop/a.yaml",
        'policies:\n  shop:\n    rules:\n\n    - deny: role == "z" -> outside\n      services: any\n',
    )
    write(
        "p/apps/shop/b.json",
        '{"policies": {"b": {"rules": [\n  {"allow": "role exists -> outside",\n   "services": "any"}]}}}',
    )
    model = load_policies("p").build()
    assert [(r.policy, r.where) for r in model.rules] == [
        ("b", "p/apps/shop/b.json:2"),
        ("shop", "p/apps/shop/a.yaml:5"),
    ]
    assert [(p.name, p.where) for p in model.policies] == [
        ("b", "p/apps/shop/b.json:1"),
        ("shop", "p/apps/shop/a.yaml:2"),
    ]


def test_the_name_comes_from_the_file_else_from_the_path(here: Path) -> None:
    write("p/a.yaml", "segmentation: x")
    assert load_policies("p", name="y").build().name == "x"
    write("retail/a.yaml", "groups: {}")
    assert load_policies("retail").build().name == "retail"
    assert load_policies("retail/a.yaml").build().name == "a"
    assert load_policies("retail", name="y").build().name == "y"


def test_labels_and_inventory_lie_where_a_file_says(here: Path) -> None:
    write("labels.yaml", 'labels: {role: [web], zone: [a, "b"]}')
    write("hosts.csv", "name,label:role\nw,web\n")
    write("p/machines.yaml", "workloads: [{name: v, labels: {role: web}}]")
    write(
        "p/main.yaml",
        "labels: ../labels.yaml\ninventory: [../hosts.csv, machines.yaml]\ngroups: {g: role == 'x'}".replace(
            "'x'", '"web"'
        ),
    )
    model = load_policies("p").build()
    assert [w.name for w in model.workloads] == ["v", "w"]
    assert [k.name for k in model.schema.keys] == ["role", "zone"]


# Beside code


def test_files_add_to_code_and_each_may_name_what_the_other_declares(here: Path) -> None:
    write("p/all.yaml", 'groups:\n  db: role == "db"\nservices:\n  pg: tcp/5432\n')
    write(
        "p/apps/a/a.yaml",
        "policies:\n  files:\n    rules:\n    - {allow: web -> db, services: [pg, extra], id: r}\n",
    )
    seg = Segmentation("x", policies="p")
    seg.group("web", L.role == "web")  # after the files were read
    seg.service("extra", udp(1))
    seg.policy("code", tier="application").allow(seg.end("web"), seg.end("group:db"), tcp(443), id="r")
    seg.policy("code2", tier="application").allow(
        seg.end('role == "x"'), seg.end("internet"), tcp(443), id="r"
    )
    model = seg.build()
    assert [r.text for r in model.rules] == [
        "allow web -> db tcp/443",
        'allow role == "x" -> internet tcp/443',
        "allow web -> db tcp/5432; udp/1",
    ]
    assert seg.build() == model


def test_build_may_be_called_again_after_more_was_declared(here: Path) -> None:
    write(
        "p.yaml",
        "policies:\n  f:\n    tier: application\n    rules:\n    - {allow: web -> outside, services: any}\n",
    )
    seg = Segmentation("x", policies="p.yaml")
    with pytest.raises(SegkitError, match="'web' is no group"):
        seg.build()
    seg.group("web", L.role == "web")
    assert len(seg.build().rules) == 1


def test_several_folders(here: Path) -> None:
    write("a/x.yaml", 'groups: {a: role == "a"}')
    write("b/x.yaml", 'groups: {b: role == "b"}')
    assert [g.name for g in Segmentation("x", policies=["a", Path("b")]).build().groups] == ["a", "b"]


def test_code_and_files_may_give_the_same_labels(here: Path) -> None:
    write("p.yaml", "labels: {role: [web]}")
    assert (
        Segmentation("x", schema={"role": ["web"]}, policies="p.yaml").build().schema.keys[0].name == "role"
    )


def test_constructs_take_policy_files(here: Path, node: str) -> None:
    from cdktf import App, TerraformStack

    from segkit.constructs import AwsSecurityGroups, Group, LabelPolicy, Segmentation, Workload

    write("p/all.yaml", 'groups: {db: role == "db"}\nworkloads: [{name: db-1, labels: {role: db}}]')
    write("p/apps/a/a.yaml", "policies: {f: {rules: [{allow: web -> db, services: any, id: r}]}}")
    app = App(outdir=str(here / "out"))
    stack = TerraformStack(app, "s")
    seg = Segmentation(stack, "x", policies="p")
    Group(seg, "web", select=L.role == "web")
    LabelPolicy(seg, "code", tier="application").allow(seg.end("web"), L.role == "y", tcp(1), id="r")
    aws = AwsSecurityGroups(seg, "aws", vpc_id="vpc-0a1b2c3d", region="eu-west-1")
    aws.membership(Workload(seg, "web-1", {"role": "web"}))
    aws.membership("db-1")
    app.synth()
    assert [r.id for r in seg.model().rules] == ["code/r", "f/r"]
    assert seg.proof is not None and seg.proof.status == "equal"


# Text that refers


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("web -> db", (["group:web"], ["group:db"])),
        ("  web  ->  zone:z ", (["group:web"], ["zone:z"])),
        ("network:z, a -> anywhere", (["addresses:a", "network:z"], ["builtin:anywhere"])),
        (
            'role in ("x", "y"), web -> outside',
            (["group:web", 'select:role in ("x", "y")'], ["builtin:outside"]),
        ),
        ('role == "a -> b, c" -> db', (['select:role == "a -> b, c"'], ["group:db"])),
        ("select:all -> db", (["select:all"], ["group:db"])),
        ("role exists -> two words", (["select:role exists"], ["group:two words"])),
        ("group:select:x -> db", (["group:select:x"], ["group:db"])),
    ],
)
def test_what_an_arrow_says(text: str, ends: tuple[list[str], list[str]]) -> None:
    seg = Segmentation("x", schema=None)
    for name in ("web", "db", "two words", "select:x"):
        seg.group(name, L.role == name)
    seg.zone("z", L.zone == "z", networks=["10.0.0.0/8"])
    seg.address_set("a", ["10.1.0.0/16"])
    path = Path(__file__)
    data = {
        "policies": {"p": {"tier": "application", "rules": [{"allow": text, "services": "any", "id": "r"}]}}
    }
    from segkit.model.document import Document
    from segkit.model.findings import Findings
    from segkit.model.policy_declare import policies
    from segkit.model.policy_folder import Found
    from segkit.model.policy_format import PolicyFile
    from segkit.model.policy_sheet import Sheet

    found = Findings()
    sheet = Sheet(Found(path), Document("x.yaml", data, None), PolicyFile.model_validate(data))
    (builder,) = policies([sheet], seg._known(), found)
    made = builder.made()
    assert made is not None and found.errors == []
    assert ([e.key for e in made.rules[0].source], [e.key for e in made.rules[0].destination]) == ends


# Published schemas

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"


@pytest.mark.parametrize("kind", KINDS)
def test_the_published_schemas_are_current(kind: str, golden: Callable[[Path, str], None]) -> None:
    Draft202012Validator.check_schema(json_schema(kind))
    golden(SCHEMAS / f"{kind}.schema.json", schema_text(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_everything_in_a_schema_is_described_and_examples_are_true(kind: str) -> None:
    schema = json_schema(kind)
    for shape in (schema, *schema["$defs"].values()):
        assert shape["description"]
        for key, part in shape.get("properties", {}).items():
            assert part.get("description"), key
            resolved = {**part, "$defs": schema["$defs"]}
            for example in part.get("examples", ()):
                Draft202012Validator(resolved).validate(example)


def test_what_segkit_reads_and_writes_conforms(here: Path) -> None:
    policy = Draft202012Validator(json_schema("policy"))
    policy.validate(as_data(TWIN))
    for part in FOLDER.values():
        policy.validate(part(as_data(TWIN)))
    intent = Draft202012Validator(json_schema("intent"))
    intent.validate(json.loads(dump_intent(python())))
    intent.validate(json.loads(dump_intent(Segmentation("x").build())))
    labels = Draft202012Validator(json_schema("labels"))
    labels.validate({"labels": SCHEMA})
    data = as_data(TWIN)
    Draft202012Validator(json_schema("inventory")).validate({k: data[k] for k in ("workloads", "classes")})


@pytest.mark.parametrize(
    "data",
    [
        {"zone": {}},
        {"policies": {"a": {"tier": "aplication"}}},
        {"policies": {"a": {"rules": [{"services": "any"}]}}},
        {"policies": {"a": {"rules": [{"allow": "a -> b"}]}}},
        {"policies": {"a": {"rules": [{"allow": "a->b", "services": "any"}]}}},
        {"policies": {"a": {"rules": [{"allow": "a -> b", "deny": "a -> b", "services": "any"}]}}},
        {"policies": {"a": {"rules": [{"allow": {"from": "a"}, "services": "any"}]}}},
        {"zones": {"a": {"select": "x", "mode": "off"}}},
        {"targets": {"a": {"platform": "aws", "accepted_residuals": [{"residual": "snapshot"}]}}},
    ],
)
def test_editors_see_what_is_wrong(data: dict[str, Any]) -> None:
    assert not Draft202012Validator(json_schema("policy")).is_valid(data)


def test_the_file_format_libraries_stay_away_until_a_file_is_read() -> None:
    program = (
        "import sys, segkit.model as m, segkit.constructs\n"
        "m.Segmentation('x').end('internet')\n"
        "print([name for name in ('pydantic', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_ten_thousand_rules_are_read_in_seconds(here: Path) -> None:
    import time

    groups = "".join(f'  g{n}: app == "a{n}"\n' for n in range(1000))
    rules = "".join(
        f"    - id: r{n}\n      allow: g{n % 1000} -> g{(n * 7 + 1) % 1000}\n      services: tcp/{n + 1}\n"
        for n in range(10_000)
    )
    write("p.yaml", f"groups:\n{groups}policies:\n  p:\n    tier: application\n    rules:\n{rules}")
    before = time.perf_counter()
    seg = load_policies("p.yaml", today=TODAY)
    assert len(seg._files.policies(seg._known(), seg._files.found)[0]._rules) == 10_000  # type: ignore[union-attr]
    assert time.perf_counter() - before < 30
