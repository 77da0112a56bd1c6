"""What is said of bad policy files: every message in full, in `expected/policy_messages.txt`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from segkit.errors import SegkitError
from segkit.model import Segmentation, load_policies

EXPECTED = Path(__file__).parent / "expected"
TODAY = "2026-11-20"
RULES = "policies:\n  p:\n    tier: application\n    rules:\n"

FILES: dict[str, str | bytes] = {
    "not YAML": "policies:\n  a: [\n",
    "a tab": "policies:\n\ta: 1\n",
    "not UTF-8": b"groups:\n  a: \xff\n",
    "a control character": "groups:\n  a: \x01\n",
    "empty": "\n",
    "only a comment": "# nothing\n",
    "a key twice": 'groups:\n  web: a == "b"\n  web: a == "c"\n',
    "an alias": "groups:\n  b: *x\n",
    "an anchor that nothing uses": 'groups:\n  a: &x role == "w"\n',
    "a bomb": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
    "tags": "groups:\n  a: !!str role\n  b: !foo {select: x}\n  c: !!python/object/apply:os.system [id]\n",
    "a merge key": "groups:\n  a:\n    <<: {select: x}\n",
    "a key that is no text": 'groups:\n  on: role == "w"\n  5: role == "w"\n',
    "two documents": "groups: {}\n---\ngroups: {}\n",
    "nested too deeply": "[" * 5000,
    "a list": "- a\n- b\n",
    "unknown sections": "zone: {}\npolices: {}\n",
    "sections of the wrong kind": "zones:\ngroups: [a]\n",
    "misspelt": (
        'zones:\n  a: {selct: zone == "a", mode: off}\n  b: {select: zone == "b", posture: alow}\n'
        "policies:\n  p:\n    tier: application\n    owner: 5\n    rules:\n"
        "    - alow: a -> b\n      servces: any\n"
        "    - allow: zone:a -> b\n      services: https\n      from: x\n"
        "    - deny: [a]\n      services: any\n"
        "    - allow: {from: a}\n      services: any\n"
        "    - {deny: anywhere -> outside, services: true, unless_source: 5}\n"
    ),
    "allow or deny": (
        f"{RULES}    - services: any\n"
        "    - {id: r, allow: anywhere -> outside, deny: anywhere -> outside, services: any}\n"
    ),
    "ends": (
        'groups: {web: role == "w", \'a, b\': role == "x"}\nzones: {web: zone == "w"}\n'
        f"address_sets: {{corp: 10.0.0.0/8}}\n{RULES}"
        "    - {allow: web -> copr, services: any}\n"
        "    - {allow: group:wep -> network:x, services: any}\n"
        "    - {allow: 10.0.0.0/8 -> all, services: any}\n"
        "    - {allow: addresses:crop -> zone:z, services: any}\n"
        '    - {allow: role = "x" -> select:x, services: any}\n'
        "    - {allow: role is web -> nobody at all, services: any}\n"
        "    - {allow: {from: [], to: corp}, services: any, unless_source: [nobody]}\n"
    ),
    "arrows": (
        f"groups: {{'a, b': role == \"x\"}}\n{RULES}"
        "    - {allow: web->corp, services: any}\n"
        "    - {allow: a -> b -> c, services: any}\n"
        "    - {allow: web, services: any}\n"
        '    - {allow: "a, b -> anywhere", services: any}\n'
        "    - {allow: {from: web->db, to: anywhere}, services: any}\n"
    ),
    "a name that is a selector": (
        f'groups: {{\'role == "x"\': role == "y"}}\n{RULES}'
        "    - {allow: 'role == \"x\" -> outside', services: any}\n"
    ),
    "services": (
        f"services: {{ssh: tcp/2222, none-at-all: []}}\n{RULES}"
        "    - {id: a, allow: anywhere -> outside, services: sssh}\n"
        "    - {id: b, allow: anywhere -> outside, services: service:shs}\n"
        "    - {id: c, allow: anywhere -> outside, services: [tcp/99999, tcp/9-1]}\n"
        "    - {id: d, allow: anywhere -> outside, services: 22}\n"
        "    - {id: e, allow: anywhere -> outside, services: ANY}\n"
        "    - {id: f, allow: anywhere -> outside, services: []}\n"
        "    - {id: g, allow: anywhere -> outside, services: ssh}\n"
        "    - {id: h, allow: anywhere -> outside, services: none-at-all}\n"
    ),
    "days": f"{RULES}    - {{allow: anywhere -> outside, services: any, expires: soon, created: 2026-02-30}}",
    "broken declarations say nothing twice": (
        'groups: {web: role = "w"}\nservices: {s: tcp/x}\n'
        "address_sets: {c: [10.0.0.1/8, 10.1.0.0/16], d: 10.0.0.0/99}\n"
        f"zones: {{z: {{select: x ==, networks: [10.0.0.1/8]}}}}\n{RULES}"
        "    - {allow: web -> d, services: s}\n    - {allow: d -> zone:z, services: s}\n"
    ),
    "tiers": "policies:\n  p: {rules: []}\n  q: {tier: aplication}\n  r: {tier: application, zone: x}\n",
    "targets": (
        "targets:\n  aws:\n    platform: aws\n    select: x =\n    accepted_residuals:\n"
        "    - {residual: s, owner: o, reason: r, expires: never}\n    - {residual: s}\n  b: {}\n"
    ),
    "names": 'groups: {" a": role == "x", internet: role == "y"}\npolicies: {a/b: {tier: global}}\n',
    "labels and inventory": (
        "labels: labels.yaml\ninventory: [hosts.txt, gone.csv]\n"
        "workloads: [{name: w, labels: {a: 1}}, {names: x}]\n"
    ),
    "inline labels": "labels:\n  env: {value: [a]}\n  app: [shop, 1.10]\n",
    "a selector against the labels": 'labels: {role: [web]}\ngroups:\n  a: rol == "web"\n  b: role == "wep"',
}

JSON = {
    "json: a comma too many": '{"groups": {"a": "x exists"},}',
    "json: a key twice": '{"groups": {\n  "a": "x exists",\n  "a": "x exists"}}',
    "json: a word": '{"groups": {\n  "NaN": NaN}}',
    "json: misspelt": '{"groups": {\n  "a": {"selct": "x exists"}, "b": {"select": 5}}}',
    "json: a rule": (
        '{"policies": {"p": {"tier": "global", "rules": [\n  {"allow": {"from": ["web"], "to": "outside"},\n'
        '   "services": ["ssh", "sssh"]}]}}}'
    ),
}

FOLDERS: dict[str, Mapping[str, str]] = {
    "a folder without files": {"p/README.md": ""},
    "another tier than the folder's": {
        "p/global/a.yaml": "policies: {a: {tier: zone}}",
        "p/apps/x/b.yaml": "policies: {b: {tier: global}}",
        "p/zones/cde/c.yaml": "policies: {c: {zone: edge}, d: {tier: application}}",
        "p/quarantine/e.yaml": "policies: {e: {tier: quarantine}}",
    },
    "no tier": {"p/golbal/a.yaml": "policies: {a: {}}", "p/b.yaml": "policies: {b: {}}"},
    "what a folder may not hold": {
        "p/apps/x/a.yaml": "zones: {x: a exists}\ntargets: {}\nlabels: {a: [b]}\nsegmentation: y",
        "p/zones/cde/a.yaml": 'zones: {edge: zone == "edge"}',
    },
    "two names": {"p/a.yaml": "segmentation: x", "p/b.yaml": "segmentation: y"},
    "a label twice": {"p/labels.yaml": "labels: {a: [b]}", "p/x.yaml": "labels: {a: [c]}"},
    "a group twice": {"p/apps/a.yaml": 'groups: {a: x == "1"}', "p/apps/b.yaml": 'groups: {a: x == "2"}'},
    "one bad file does not hide the others": {
        "p/a.yaml": "groups: [",
        "p/b.yaml": "groups: {a: x =}",
        "p/inventory.csv": "nam\nx\n",
        "p/global/c.yaml": "policies: {c: {rules: [{deny: a -> b, services: any}]}}",
    },
}


def said(path: str) -> str:
    with pytest.raises(SegkitError) as caught:
        load_policies(path, today=TODAY).build()
    return "".join(f"{problem.text()}\n" for problem in caught.value.problems)


def test_every_message(here: Path, golden: Callable[[Path, str], None]) -> None:
    parts = []
    for name, content in {**FILES, **JSON}.items():
        path = Path("p.json" if name.startswith("json:") else "p.yaml")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        parts.append(f"== {name}\n{said(str(path)).replace(str(here), '<folder>')}")
    for name, files in FOLDERS.items():
        top = here / name
        for file, text in files.items():
            (top / file).parent.mkdir(parents=True, exist_ok=True)
            (top / file).write_text(text, encoding="utf-8")
        parts.append(f"== {name}\n{said(f'{name}/p').replace(f'{name}/p', 'p')}")
    golden(EXPECTED / "policy_messages.txt", "\n".join(parts))


def test_no_path(here: Path) -> None:
    assert said("gone") == (
        "there is no policy file or folder gone\n  fix: create it, or correct the path (looked in .)\n"
    )
    Path("p.txt").write_text("x", encoding="utf-8")
    assert "unknown format '.txt'" in said("p.txt")


def test_code_and_files_at_odds(here: Path) -> None:
    Path("p.yaml").write_text("segmentation: y\nlabels: {a: [b]}\n", encoding="utf-8")
    with pytest.raises(SegkitError) as caught:
        Segmentation("x", schema={"a": ["c"]}, policies="p.yaml", where="main.py:3").build()
    assert [problem.text() for problem in caught.value.problems] == [
        (
            "p.yaml:1:15: the file is of segmentation 'y', not of 'x'\n"
            "  fix: give them one name, or leave `segmentation` out of the file"
        ),
        (
            "p.yaml:2:10: the files have other labels than schema= in code\n"
            "  fix: leave schema= out, or the labels of the files"
        ),
    ]


def test_an_end_that_is_none_in_code() -> None:
    seg = Segmentation("x", today=TODAY)
    seg.policy("p", tier="application").allow(seg.end("web", where="main.py:4"), seg.end("outside"), "any")
    with pytest.raises(SegkitError) as caught:
        seg.build()
    assert [problem.text() for problem in caught.value.problems] == [
        (
            "main.py:4: end(): 'web' is no group, zone, address set or selector\n"
            "  fix: known names: anywhere, internet, outside"
        ),
    ]


def test_shape_mistakes_hide_nothing_else(here: Path) -> None:
    """A rule with a misspelt key is told, and the rules around it keep their places."""
    rules = "    - {allow: a -> b, services: any, puprose: x}\n    - {alow: a -> b, services: any}\n"
    Path("p.yaml").write_text(f"{RULES}{rules}    - {{allow: c -> d, services: any}}\n", encoding="utf-8")
    places = [line.split(": ")[0] for line in said("p.yaml").splitlines() if line.startswith("p.yaml")]
    assert sorted(set(places)) == ["p.yaml:5:15", "p.yaml:5:38", "p.yaml:6:8", "p.yaml:7:15"]
