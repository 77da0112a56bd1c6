"""Policies as files: the same as in Python, in one file or in many, alone or beside code."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from segkit.errors import SegkitError
from segkit.model import (
    Segmentation,
    load_policies,
)
from segkit.model.intent_file import model_digest
from segkit.sets import L, tcp, udp
from tests.model.twin import TODAY, TWIN, as_data, declared, python, split, write


def test_yaml_and_python_are_the_same_to_the_byte(here: Path) -> None:
    twin = load_policies(write("twin.yaml", TWIN), today=TODAY).build()
    assert declared(twin) == declared(python())
    assert model_digest(twin) == model_digest(python())


def test_json_is_the_same(here: Path) -> None:
    write("twin.json", {"$schema": "policy.schema.json", **as_data(TWIN)})
    assert declared(load_policies("twin.json", today=TODAY).build()) == declared(python())


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


def test_the_file_format_libraries_stay_away_until_a_file_is_read() -> None:
    program = (
        "import sys, segkit.model as m, segkit.constructs\n"
        "m.Segmentation('x').end('internet')\n"
        "print([name for name in ('pydantic', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_ten_thousand_rules_are_read(here: Path) -> None:
    groups = "".join(f'  g{n}: app == "a{n}"\n' for n in range(1000))
    rules = "".join(
        f"    - id: r{n}\n      allow: g{n % 1000} -> g{(n * 7 + 1) % 1000}\n      services: tcp/{n + 1}\n"
        for n in range(10_000)
    )
    write("p.yaml", f"groups:\n{groups}policies:\n  p:\n    tier: application\n    rules:\n{rules}")
    seg = load_policies("p.yaml", today=TODAY)
    assert len(seg._files.policies(seg._known(), seg._files.found)[0]._rules) == 10_000  # type: ignore[union-attr]
