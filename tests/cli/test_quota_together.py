"""`segkit quota --encoding auto` for several targets: they fit together, and are pinned together."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from segkit.artifacts import write_atomic
from segkit.cli import quota_pin
from segkit.cli.encodings import with_encoding
from segkit.cli.main import app
from segkit.cli.source import load
from segkit.model.intent_file import dump_intent
from segkit.model.model import Model
from segkit.platforms.base import Encoding
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


def test_encodings_that_fit_alone_and_not_together_are_not_pinned(tmp_path: Path) -> None:
    """Cells here are far ends more for the other target's groups, which have all their rules as cells."""
    path = tmp_path / "pair.yaml"
    path.write_text(PAIR, encoding="utf-8")
    for name in ("one", "two"):
        assert invoke(str(path), "--encoding", "auto", "--target", name).exit_code == 0
    done = invoke(str(path), "--encoding", "auto", "--pin")
    assert done.exit_code == 1
    assert "each fits alone, all of them do not" in done.stdout
    assert done.stderr.count("not pinned: ") == 2
    assert path.read_text() == PAIR
    path.write_text(PAIR.replace("rules_per_group: 4", "rules_per_group: 8"), encoding="utf-8")
    assert invoke(str(path), "--encoding", "auto", "--pin").exit_code == 0
    assert invoke(str(path)).exit_code == 0


def test_several_are_pinned_in_an_intent_file(tmp_path: Path) -> None:
    path, out = tmp_path / "pair.yaml", tmp_path / "cdktf.out"
    path.write_text(PAIR.replace("rules_per_group: 4", "rules_per_group: 8"), encoding="utf-8")
    synth = ["synth", str(path), "--out", str(out), "--encoding", "auto"]
    assert CliRunner().invoke(app, synth).exit_code == 0
    (intent,) = out.rglob("*.intent.json")
    intent.write_bytes(dump_intent(load(str(path)).model))
    done = invoke("--out", str(out), "--encoding", "auto", "--pin")
    assert done.exit_code == 0, done.output
    assert [target.placement["encoding"] for target in load(str(out)).model.targets] == ["cells", "cells"]


def test_all_are_pinned_or_none(tmp_path: Path) -> None:
    path = tmp_path / "pair.yaml"
    both = PAIR.replace("rules_per_group: 4", "rules_per_group: 8")
    noted = both.replace("rules_per_group: 8}", "rules_per_group: 8}, encoding:\n      # why\n      groups")
    path.write_text(noted, encoding="utf-8")
    done = invoke(str(path), "--encoding", "auto", "--pin")
    assert done.exit_code == 2
    assert "a comment would be lost" in done.stderr and "write it there by hand: encoding=" in done.stderr
    assert "nothing was pinned" in done.stderr and "pinned encoding" not in done.stderr
    assert path.read_text() == noted
    path.write_text(both, encoding="utf-8")
    done = invoke(str(path), "--encoding", "auto", "--pin")
    assert done.exit_code == 0 and done.stderr.count("in pair.yaml\n") == 2


@pytest.fixture
def two_files(tmp_path: Path) -> Path:
    """A folder with a policy whose targets are in a file each."""
    pair = yaml.safe_load(PAIR.replace("rules_per_group: 4", "rules_per_group: 8"))
    targets = pair.pop("targets")
    for number, (name, target) in enumerate(targets.items()):
        own = {**(pair if not number else {}), "targets": {name: target}}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    return tmp_path


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_files_are_put_back_when_one_cannot_be_written(
    two_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _texts(two_files)

    def full(path: Path, data: bytes) -> None:
        if path.name == "two.yaml":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_atomic(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(quota_pin, "write_atomic", full)
        done = invoke(str(two_files), "--encoding", "auto", "--pin")
    assert done.exit_code == 2
    assert "two.yaml: --pin cannot write: No space left on device\n  why: nothing was pinned" in done.stderr
    assert _texts(two_files) == before
    (two_files / "two.yaml").chmod(0o600)
    assert invoke(str(two_files), "--encoding", "auto", "--pin").exit_code == 0
    assert all("encoding:" in text for text in _texts(two_files).values())
    assert stat.S_IMODE((two_files / "two.yaml").stat().st_mode) == 0o600


def test_what_changed_during_the_search_is_kept(two_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = two_files / "one.yaml"

    def meanwhile(model: Model, name: str, encoding: Encoding) -> Model:
        one.write_text(one.read_text().replace("tcp/1001", "tcp/1002"), encoding="utf-8")
        return with_encoding(model, name, encoding)

    monkeypatch.setattr(quota_pin, "with_encoding", meanwhile)
    done = invoke(str(two_files), "--encoding", "auto", "--pin")
    assert done.exit_code == 2
    assert "the policy changed while encodings were sought" in done.stderr
    assert "tcp/1002" in one.read_text() and "encoding" not in one.read_text()


def test_encodings_that_keep_the_quotas_they_can_are_pinned_together_or_not_at_all(tmp_path: Path) -> None:
    """Nothing that is found for both changes how many rules an interface has."""
    path = tmp_path / "pair.yaml"
    few = PAIR.replace("rules_per_group: 4", "rules_per_group: 8")
    few = few.replace("interface: 1}", "interface: 1, rules_per_interface: 1}")
    path.write_text(few, encoding="utf-8")
    done = invoke(str(path), "--encoding", "auto", "--pin")
    assert done.exit_code == 1
    assert "pinned encoding" not in done.stderr and done.stderr.count("not pinned: ") == 2
    assert path.read_text() == few
