"""`segkit quota`: use, options, an encoding on request, pinning it, and its exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from segkit.cli import quota_pin
from segkit.cli.main import app
from segkit.cli.source import load
from segkit.model.target_edit import with_argument

MODEL = """
from segkit import L, tcp
from segkit.model import Segmentation

seg = Segmentation("q")
groups = {{name: seg.group(name, L[name] == "yes") for name in ("web", "api", "db")}}
policy = seg.policy("p", "application", owner="o")
policy.allow(groups["web"], groups["api"], tcp(80))
policy.allow(groups["api"], groups["db"], tcp(5432))
seg.workload("all", {{name: "yes" for name in groups}}, ["10.0.0.1"], foreign=[])
seg.workload("web", {{"web": "yes"}}, ["10.0.0.2"], foreign=[])
seg.workload("db", {{"db": "yes"}}, ["10.0.0.3"], foreign=[])
seg.target("aws", "aws", placement={{"vpc_id": "vpc-1", "quotas": {{"groups_per_interface": {limit}}}}})
"""

SHOP = """\
segmentation: shop
groups: {web: web exists, api: api exists, db: db exists}
policies:
  p:
    tier: application
    rules:
      - {id: a, allow: web -> api, services: https}
      - {id: b, allow: api -> db, services: postgresql}
workloads:
  - {name: all, labels: {web: "y", api: "y", db: "y"}, addresses: [10.0.0.1], foreign: []}
  - {name: web, labels: {web: "y"}, addresses: [10.0.0.2], foreign: []}
  - {name: db, labels: {db: "y"}, addresses: [10.0.0.3], foreign: []}
targets:
  aws:
    platform: aws
    placement:   # where it is
      vpc_id: vpc-1   # by hand
      quotas: {groups_per_interface: 2}   # small

# the end
"""


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["quota", *arguments])


def _run(tmp_path: Path, limit: int, *options: str) -> tuple[int, str]:
    (tmp_path / "model.py").write_text(MODEL.format(limit=limit))
    done = invoke(str(tmp_path / "model.py"), *options)
    return done.exit_code, done.output


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP, encoding="utf-8")
    return path


def test_what_is_used_and_what_would_do(tmp_path: Path) -> None:
    code, output = _run(tmp_path, 5)
    assert code == 0
    assert "encoding groups, 7 resources, 3 interfaces" in output
    assert "groups_per_interface      3      5       60%" in output
    assert "cells" in output


def test_over_quota_is_exit_code_one_and_shows_what_to_pin(tmp_path: Path) -> None:
    code, output = _run(tmp_path, 2, "--format", "json")
    assert code == 1
    (report,) = json.loads(output)["targets"]
    assert report["pinned"]["usage"]["groups_per_interface"] == {"used": 3, "quota": 2}
    assert report["pinned"]["encoding"] == "groups"
    best = report["options"][0]
    assert best["fits"]
    assert best["churn"]["created"] > 0
    assert report["asked"] is None


def test_an_unknown_target_is_said(tmp_path: Path) -> None:
    code, output = _run(tmp_path, 5, "--target", "nowhere")
    assert code == 2
    assert "no target 'nowhere'" in output
    assert "there are aws" in output


def test_auto_tells_what_it_finds_what_it_costs_and_what_to_write(tmp_path: Path) -> None:
    code, output = _run(tmp_path, 2, "--encoding", "auto")
    assert code == 0
    assert 'asked  encoding [["api", "db"]], 9 resources' in output
    assert "groups_per_interface      2      2       100%" in output
    assert "To change to it: resources: 7 created, 5 destroyed, 0 changed in place" in output
    assert 'encoding=[["api", "db"]]' in output
    assert '"encoding": [["api", "db"]]' in output


def test_an_encoding_that_does_not_fit_is_exit_code_one(tmp_path: Path) -> None:
    code, output = _run(tmp_path, 2, "--encoding", "groups", "--format", "markdown")
    assert code == 1
    code, output = _run(tmp_path, 2, "--encoding", '[["web"]]')
    assert code == 1 and "encoding groups is what is pinned" in output


def test_where_nothing_fits_that_is_said(shop: Path) -> None:
    shop.write_text(SHOP.replace("interface: 2", "interface: 1, rules_per_group: 2"), encoding="utf-8")
    done = invoke(str(shop), "--encoding", "auto")
    assert done.exit_code == 1
    assert "None of these keeps every quota" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--encoding", "fine"), "encoding is 'fine'"),
        (("--encoding", '[["web"], ["web"]]'), "encoding has 'web' in two blocks"),
        (("--encoding", '[["wbe", "db"]]'), "did you mean 'web'?"),
        (("--encoding", '{"blocks": [["wbe"]], "layers": [["web"]]}'), "did you mean 'web'?"),
        (("--encoding", '{"layers": [["web"]], "apart": {"wbe": []}}'), "did you mean 'web'?"),
        (("--encoding", "[[web]]"), "--encoding is not JSON"),
        (("--pin",), "--pin without --encoding"),
    ],
)
def test_what_cannot_be_asked_is_exit_code_two(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    code, output = _run(tmp_path, 5, *options)
    assert code == 2
    assert said in output


def test_an_encoding_is_that_of_one_target(tmp_path: Path) -> None:
    more = MODEL + 'seg.target("two", "aws", L.far == "yes", placement={{"vpc_id": "vpc-2"}})\n'
    (tmp_path / "model.py").write_text(more.format(limit=5))
    done = invoke(str(tmp_path / "model.py"), "--encoding", "cells")
    assert done.exit_code == 2
    assert "an encoding is that of one target, and there are aws, two" in done.output
    assert "name it with --target" in done.output
    done = invoke(str(tmp_path / "model.py"), "--encoding", "auto", "--format", "json")
    assert [report["target"] for report in json.loads(done.stdout)["targets"]] == ["aws", "two"]
    done = invoke(str(tmp_path / "model.py"), "--encoding", "auto", "--target", "two", "--format", "json")
    assert [report["target"] for report in json.loads(done.stdout)["targets"]] == ["two"]


def test_pinned_in_yaml_with_every_other_character_as_it_was(shop: Path) -> None:
    done = invoke(str(shop), "--encoding", "auto", "--pin")
    assert done.exit_code == 0, done.output
    assert 'pinned encoding [["api", "db"]] of target aws in shop.yaml' in done.stderr
    behind = "quotas: {groups_per_interface: 2}   # small\n"
    assert shop.read_text() == SHOP.replace(behind, f'{behind}      encoding: [["api", "db"]]\n')
    assert "is pinned already" in invoke(str(shop), "--encoding", "auto", "--pin").stderr
    invoke(str(shop), "--encoding", "cells", "--pin")
    assert shop.read_text() == SHOP.replace(behind, f'{behind}      encoding: "cells"\n')
    assert [p.name for p in shop.parent.iterdir()] == ["shop.yaml"]


def test_pinned_in_an_intent_file(shop: Path, tmp_path: Path) -> None:
    shop.write_text(SHOP.replace("interface: 2", "interface: 3"), encoding="utf-8")
    out = tmp_path / "cdktf.out"
    assert CliRunner().invoke(app, ["synth", str(shop), "--out", str(out)]).exit_code == 0
    done = invoke("--out", str(out), "--encoding", "cells", "--pin")
    assert done.exit_code == 0, done.output
    (target,) = load(str(out)).model.targets
    assert target.placement["encoding"] == "cells"


def test_nothing_is_pinned_that_does_not_fit(shop: Path) -> None:
    shop.write_text(SHOP.replace("interface: 2", "interface: 2, rules_per_group: 2"), encoding="utf-8")
    before = shop.read_text()
    done = invoke(str(shop), "--encoding", "cells", "--pin")
    assert done.exit_code == 1
    assert "not pinned: " in done.stderr and "does not fit" in done.stdout
    assert shop.read_text() == before


def test_python_is_not_changed_but_told_what_to_write(tmp_path: Path) -> None:
    code, output = _run(tmp_path, 2, "--encoding", "auto", "--pin")
    assert code == 2
    assert "--pin cannot change where target aws is declared" in output
    assert "model.py:13" in output
    assert 'write it there by hand: encoding=[["api", "db"]]' in output


def test_a_file_is_put_back_when_it_became_another_model(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota_pin, "with_encoding", lambda model, _target, _encoding: model)
    done = invoke(str(shop), "--encoding", "cells", "--pin")
    assert done.exit_code == 2
    assert "the changed file is another model" in done.stderr
    assert shop.read_text() == SHOP


def test_a_file_that_cannot_be_edited_is_told(shop: Path) -> None:
    other = shop.with_suffix(".json")
    done = CliRunner().invoke(app, ["schema", "policy"])
    assert done.exit_code == 0
    model = {
        "segmentation": "shop",
        "groups": {"web": "web exists"},
        "targets": {"aws": {"platform": "aws", "placement": {"vpc_id": "vpc-1"}}},
    }
    other.write_text(json.dumps(model), encoding="utf-8")
    done = invoke(str(other), "--encoding", "cells", "--pin")
    assert done.exit_code == 2
    assert "write it there by hand" in done.stderr


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("placement: {vpc_id: v}", 'placement: {vpc_id: v, encoding: "cells"}'),
        ("placement: {vpc_id: v, }", 'placement: {vpc_id: v, encoding: "cells", }'),
        ("placement: {encoding: groups, vpc_id: v}", 'placement: {encoding: "cells", vpc_id: v}'),
        ("placement:\n  vpc_id: v", 'placement:\n  vpc_id: v\n  encoding: "cells"'),
        ("placement:\n  encoding: groups # why\n", 'placement:\n  encoding: "cells" # why\n'),
        ("placement:\n  encoding:\n  vpc_id: v\n", 'placement:\n  encoding: "cells"\n  vpc_id: v\n'),
        (
            "placement:\n  encoding: # why\n  - [a,\n     b]\n  - [c, d]\n\n  # next\n  vpc_id: v\n",
            'placement:\n  encoding: "cells" # why\n\n  # next\n  vpc_id: v\n',
        ),
        (
            "placement:\n  vpc_id: v\n  tags:\n    a: b # c\n# end",
            'placement:\n  vpc_id: v\n  tags:\n    a: b # c\n  encoding: "cells"\n# end',
        ),
        (
            "placement: {encoding: # why\n    groups, vpc_id: v}",
            'placement: {encoding: "cells" # why\n    , vpc_id: v}',
        ),
        (
            "placement: {encoding: # why\r\n  groups}\r\n",
            'placement: {encoding: "cells" # why\r\n  }\r\n',
        ),
        ("placement:\r\n  vpc_id: v\r\n", 'placement:\r\n  vpc_id: v\r\n  encoding: "cells"\r\n'),
    ],
)
def test_an_argument_is_set_where_it_stands(before: str, after: str) -> None:
    def text(placement: str) -> str:
        return "targets:\n  a:\n" + "".join(f"    {row}" for row in placement.splitlines(keepends=True))

    assert with_argument(text(before), "a", "encoding", "cells") == text(after)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("targets: {a: {platform: aws}}", "has no placement in this file"),
        ("targets: {b: {placement: {vpc_id: v}}}", "has no placement in this file"),
        ("targets: {a: {placement: {vpc_id: v, encoding: [\n[a, b], # why\n]}}}", "a comment would be lost"),
        ("targets:\n  a:\n    placement:\n      vpc_id: |\n        v\n      \n", ""),
    ],
)
def test_what_cannot_be_set_is_refused(text: str, said: str) -> None:
    if not said:
        assert with_argument(text, "a", "encoding", "cells")
        return
    with pytest.raises(ValueError, match=said):
        with_argument(text, "a", "encoding", "cells")


def test_a_link_stays_one(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    shutil.move(shop, folder / "real.yaml")
    shop.symlink_to(folder / "real.yaml")
    assert invoke(str(shop), "--encoding", "cells", "--pin").exit_code == 0
    assert shop.is_symlink()
    assert 'encoding: "cells"' in (folder / "real.yaml").read_text()


def test_a_synth_with_another_encoding_pins_nothing(shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "what-if"

    def synth(*options: str) -> Result:
        return CliRunner().invoke(app, ["synth", str(shop), "--out", str(out), *options])

    assert synth().exit_code == 2  # over quota as it is
    done = synth("--encoding", "auto")
    assert done.exit_code == 0, done.output
    assert 'encoding [["api", "db"]]' in done.stdout
    assert "groups_per_interface 2/2 (100%)" in done.stdout
    assert 'is made with encoding [["api", "db"]], and groups is pinned' in done.stderr
    assert '--encoding \'[["api", "db"]]\' --pin' in done.stderr
    assert shop.read_text() == SHOP
    (target,) = load(str(out)).model.targets
    assert target.placement["encoding"] == [["api", "db"]]
    assert "--target without --encoding" in synth("--target", "aws").stderr
    shop.write_text(SHOP.replace("interface: 2", "interface: 3"), encoding="utf-8")
    assert "is made with" not in synth("--encoding", "groups").stderr


def test_parts_of_an_encoding_are_asked_for_and_pinned(shop: Path) -> None:
    shop.write_text(SHOP.replace("interface: 2", "interface: 3, rules_per_group: 1"), encoding="utf-8")
    parts = {"layers": [["web"], ["api"], ["db"]]}
    done = invoke(str(shop), "--encoding", json.dumps(parts), "--pin")
    assert done.exit_code == 0, done.output
    assert 'pinned encoding {"layers": [["web"], ["api"], ["db"]]} of target aws' in done.output
    (target,) = load(str(shop)).model.targets
    assert target.placement["encoding"] == parts
    assert invoke(str(shop)).exit_code == 0


def test_a_group_to_cut_is_found_and_pinned(shop: Path) -> None:
    ports = (1001, 1002, 1003, 1004)
    more = "".join(f"      - {{id: c{p}, allow: web -> api, services: tcp/{p}}}\n" for p in ports)
    text = SHOP.replace("      - {id: b", more + "      - {id: b")
    shop.write_text(text.replace("interface: 2", "interface: 9, rules_per_group: 3"), encoding="utf-8")
    assert invoke(str(shop)).exit_code == 1
    done = invoke(str(shop), "--encoding", "auto", "--pin")
    assert done.exit_code == 0, done.output
    (target,) = load(str(shop)).model.targets
    assert set(target.placement["encoding"]["shards"]) == {"api", "web"}
    assert invoke(str(shop)).exit_code == 0
