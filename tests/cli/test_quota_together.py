"""`segkit quota --encoding auto` for several targets: they fit together, and are pinned together."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from segkit.cli.main import app
from segkit.cli.quota_pin import pin
from segkit.cli.source import load
from segkit.errors import SegkitError
from segkit.model.intent_file import dump_intent
from tests.cli.test_quota import invoke

PAIR = """\
segmentation: pair
groups: {x1: x1 exists, x2: x2 exists, y1: y1 exists, y2: y2 exists}
policies:
  p:
    tier: application
    rules:
      - {id: a, allow: x1 -> y1, services: [tcp/1001, tcp/1011]}
      - {id: b, allow: x1 -> y2, services: [tcp/1021, tcp/1031]}
      - {id: c, allow: x2 -> x2, services: tcp/1041}
workloads:
  - {name: xa, labels: {x1: "y", at: one}, addresses: [10.0.0.1], foreign: []}
  - {name: xb, labels: {x1: "y", x2: "y", at: one}, addresses: [10.0.0.2], foreign: []}
  - {name: ya, labels: {y1: "y", at: two}, addresses: [10.0.1.1], foreign: []}
  - {name: yb, labels: {y2: "y", at: two}, addresses: [10.0.1.2], foreign: []}
  - {name: yc, labels: {y1: "y", y2: "y", at: two}, addresses: [10.0.1.3], foreign: []}
targets:
  one:
    platform: aws
    select: at == one
    placement: {vpc_id: vpc-1, peered_with: [two], quotas: {groups_per_interface: 1}}
  two:
    platform: aws
    select: at == two
    placement: {vpc_id: vpc-2, peered_with: [one], quotas: {groups_per_interface: 1, rules_per_group: 4}}
"""

ROOMY = PAIR.replace("rules_per_group: 4", "rules_per_group: 8")
"""The same where all of them fit."""


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    path = tmp_path / "pair.yaml"
    path.write_text(ROOMY, encoding="utf-8")
    return path


def test_encodings_that_fit_alone_and_not_together_are_not_pinned(pair: Path) -> None:
    """Cells here are far ends more for the other target's groups, which have all their rules as cells."""
    pair.write_text(PAIR, encoding="utf-8")
    for name in ("one", "two"):
        assert invoke(str(pair), "--encoding", "auto", "--target", name).exit_code == 0
    nothing_is_pinned(pair)
    pair.write_text(ROOMY, encoding="utf-8")
    assert invoke(str(pair), "--encoding", "auto", "--pin").exit_code == 0
    assert invoke(str(pair)).exit_code == 0


def nothing_is_pinned(path: Path) -> None:
    """Since all that was found does not fit together."""
    before = path.read_text()
    done = invoke(str(path), "--encoding", "auto", "--pin")
    assert done.exit_code == 1
    assert done.stdout.count("all of them do not fit") == 2
    assert "pinned encoding" not in done.stderr and done.stderr.count("not pinned: ") == 2
    assert path.read_text() == before


def test_several_are_pinned_in_an_intent_file(pair: Path, tmp_path: Path) -> None:
    out = tmp_path / "cdktf.out"
    synth = ["synth", str(pair), "--out", str(out), "--encoding", "auto"]
    assert CliRunner().invoke(app, synth).exit_code == 0
    (intent,) = out.rglob("*.intent.json")
    intent.write_bytes(dump_intent(load(str(pair)).model))
    done = invoke("--out", str(out), "--encoding", "auto", "--pin")
    assert done.exit_code == 0, done.output
    assert [target.placement["encoding"] for target in load(str(out)).model.targets] == ["cells", "cells"]


def test_all_are_pinned_or_none(pair: Path) -> None:
    noted = ROOMY.replace("rules_per_group: 8}", "rules_per_group: 8}, encoding:\n      # why\n      groups")
    pair.write_text(noted, encoding="utf-8")
    done = invoke(str(pair), "--encoding", "auto", "--pin")
    assert done.exit_code == 2
    assert "a comment would be lost" in done.stderr and "write it there by hand: encoding=" in done.stderr
    assert "nothing was pinned" in done.stderr and "pinned encoding" not in done.stderr
    assert pair.read_text() == noted
    pair.write_text(ROOMY, encoding="utf-8")
    done = invoke(str(pair), "--encoding", "auto", "--pin")
    assert done.exit_code == 0 and done.stderr.count("in pair.yaml\n") == 2


LONG = "two-" + 240 * "o"
"""Of a name so long, no draft can lie beside the file."""


def divided(folder: Path, second: str) -> dict[Path, str]:
    """A policy whose targets are in a file each."""
    whole = yaml.safe_load(ROOMY)
    targets = whole.pop("targets")
    files = {
        "one": {**whole, "targets": {"one": targets["one"]}},
        second: {"targets": {"two": targets["two"]}},
    }
    texts = {folder / f"{name}.yaml": yaml.safe_dump(data) for name, data in files.items()}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return texts


def test_files_are_put_back_when_one_cannot_be_written(tmp_path: Path) -> None:
    before = divided(tmp_path, LONG)
    done = invoke(str(tmp_path), "--encoding", "auto", "--pin")
    assert done.exit_code == 2
    assert "--pin cannot write: File name too long\n  why: nothing was pinned" in done.stderr
    assert {path: path.read_text() for path in tmp_path.iterdir()} == before


def test_files_keep_their_permissions(tmp_path: Path) -> None:
    for path in divided(tmp_path, "two"):
        path.chmod(0o600)
    assert invoke(str(tmp_path), "--encoding", "auto", "--pin").exit_code == 0
    for path in tmp_path.iterdir():
        assert "encoding: " in path.read_text() and stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_changed_during_the_search_is_kept(tmp_path: Path) -> None:
    one, two = divided(tmp_path, "two")
    loaded = load(str(tmp_path))
    one.write_text(one.read_text().replace("tcp/1001", "tcp/1002"), encoding="utf-8")
    changed = one.read_text(), two.read_text()
    with pytest.raises(SegkitError, match="the policy changed while encodings were sought"):
        pin(loaded, {"one": "cells", "two": "cells"})
    assert (one.read_text(), two.read_text()) == changed


def test_what_keeps_only_some_quotas_is_pinned_together_or_not_at_all(pair: Path) -> None:
    """Nothing that is found for both changes how many rules an interface has."""
    pair.write_text(ROOMY.replace("interface: 1}", "interface: 1, rules_per_interface: 1}"), encoding="utf-8")
    nothing_is_pinned(pair)
