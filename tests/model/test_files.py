"""What schema and inventory files mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from segkit.model import Interface, load_inventory, load_schema
from segkit.sets import Addresses

YAML = """\
workloads:
- name: web-1
  labels: {app: shop, since: 2027-01-31}
  addresses: [10.0.0.1, "2001:db8::1"]
  interface_id: eni-1
  network: vpc-1
  realm: b
  foreign: []
- name: db-1
  realm: b
  interfaces:
  - {name: eth1, addresses: [10.0.0.3], foreign: [sg-2, sg-1]}
  - {id: eni-9, realm: c}
classes:
- name: asg
  labels: {app: shop}
  networks: [10.0.1.0/24]
- name: anywhere-at-all
"""
JSON = """{"workloads": [
  {"name": "web-1", "labels": {"app": "shop", "since": "2027-01-31"},
   "addresses": ["10.0.0.1", "2001:db8::1"], "interface_id": "eni-1", "network": "vpc-1", "realm": "b",
   "foreign": []},
  {"name": "db-1", "realm": "b", "interfaces": [
   {"name": "eth1", "addresses": ["10.0.0.3"], "foreign": ["sg-2", "sg-1"]},
   {"id": "eni-9", "realm": "c"}]}
 ],
 "classes": [{"name": "asg", "labels": {"app": "shop"}, "networks": ["10.0.1.0/24"]},
             {"name": "anywhere-at-all"}]}"""


@pytest.mark.parametrize(("name", "content"), [("i.yaml", YAML), ("i.yml", YAML), ("i.json", JSON)])
def test_what_an_inventory_means(name: str, content: str, here: Path) -> None:
    (here / name).write_text(content)
    web, db, asg, anywhere = load_inventory(name).workloads
    assert web.labels == (("app", "shop"), ("since", "2027-01-31"))
    assert web.interfaces == (
        Interface("", Addresses.of("10.0.0.1", "2001:db8::1"), "b", "vpc-1", "eni-1", ()),
    )
    assert db.interfaces == (
        Interface("eni-9", None, "c", None, "eni-9"),
        Interface("eth1", Addresses.of("10.0.0.3"), "b", None, None, ("sg-1", "sg-2")),
    )
    assert asg.is_class
    assert asg.interfaces == (Interface("", Addresses.of("10.0.1.0/24")),)
    assert anywhere.interfaces == (Interface(),)
    lines = (2, 9, 15, 18) if name != "i.json" else (2, 5, 9, 10)
    assert [w.where for w in (web, db, asg, anywhere)] == [f"{name}:{line}" for line in lines]


def test_what_a_csv_means(here: Path) -> None:
    (here / "i.csv").write_text(
        "\ufeffname,address,realm,network,interface_id,label:app,labels.role\n"
        "web-1,10.0.0.1;2001:db8::1,,vpc-1,eni-1,shop,web\n"
        '\n"db-1",10.0.0.3,b,,,shop,\n'
        "web-1,10.0.0.2,,vpc-1,eni-2,shop,web\n"
        "web-1,10.0.0.9,,vpc-1,eni-1,shop,web\n"
        "job,,,,,,\n",
        encoding="utf-8",
    )
    web, db, job = load_inventory("i.csv").workloads
    assert web.labels == (("app", "shop"), ("role", "web"))
    assert web.interfaces == (
        Interface("eni-1", Addresses.of("10.0.0.1", "10.0.0.9", "2001:db8::1"), network="vpc-1", id="eni-1"),
        Interface("eni-2", Addresses.of("10.0.0.2"), network="vpc-1", id="eni-2"),
    )
    assert db.labels == (("app", "shop"),)
    assert db.interfaces == (Interface("", Addresses.of("10.0.0.3"), "b"),)
    assert job.interfaces == (Interface(),)
    assert [w.where for w in (web, db, job)] == ["i.csv:2", "i.csv:4", "i.csv:7"]


def test_the_order_of_csv_rows_does_not_matter(here: Path) -> None:
    rows = ["a,10.0.0.1,x", "a,10.0.0.2,x", "b,10.0.0.3,y"]
    found = []
    for order in (rows, rows[::-1]):
        (here / "i.csv").write_text("\n".join(["name,address,label:app", *order]))
        found.append(sorted(load_inventory("i.csv").workloads, key=lambda w: w.name))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["s.yaml", "s.json"])
def test_what_a_schema_means(name: str, here: Path) -> None:
    (here / name).write_text(
        '{"labels": {"app": {"values": ["shop", "crm"], "required": true, "description": "what"},\n'
        ' "env": ["test", "prod"],\n "note": null, "free": {}}}'
    )
    keys = {key.name: key for key in load_schema(name).keys}
    assert list(keys) == ["app", "env", "free", "note"]
    assert (keys["app"].values, keys["app"].required) == (("crm", "shop"), True)
    assert (keys["env"].values, keys["env"].required) == (("prod", "test"), False)
    assert (keys["note"].values, keys["free"].values) == (None, None)
    assert keys["env"].where == f"{name}:2"
