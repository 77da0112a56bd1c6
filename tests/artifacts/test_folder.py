"""The folder writer that needs no cdktf."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from segkit.artifacts import write_cdktf_out
from segkit.errors import SegkitError

_AWS = {"source": "hashicorp/aws", "version": "5.100.0"}


def test_the_folder_holds_a_manifest_and_one_file_a_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stacks = {
        "net": {
            "terraform": {"required_providers": {"aws": _AWS}},
            "resource": {"aws_vpc": {"a": {}}, "aws_subnet": {}},
            "output": {"id": {"value": "${aws_vpc.a.id}"}},
        },
        "app": {"terraform": {"backend": {"s3": {"bucket": "b"}}}, "locals": {"x": 1}},
    }
    write_cdktf_out("out", stacks, {"app": ["net"]})
    manifest = json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert manifest["stacks"]["app"] == {
        "annotations": [],
        "constructPath": "app",
        "dependencies": ["net"],
        "name": "app",
        "stackMetadataPath": "stacks/app/metadata.json",
        "synthesizedStackPath": "stacks/app/cdk.tf.json",
        "workingDirectory": "stacks/app",
    }
    net = json.loads((tmp_path / "out/stacks/net/cdk.tf.json").read_bytes())
    assert net == {
        "//": {
            "metadata": {"backend": "local", "stackName": "net", "version": "0.21.0"},
            "outputs": {"net": {"id": "id"}},
        },
        "terraform": {
            "backend": {"local": {"path": str(tmp_path / "terraform.net.tfstate")}},
            "required_providers": {"aws": _AWS},
        },
        "resource": {"aws_vpc": {"a": {}}},
        "output": {"id": {"value": "${aws_vpc.a.id}"}},
    }
    app = json.loads((tmp_path / "out/stacks/app/cdk.tf.json").read_bytes())
    assert app["//"]["metadata"]["backend"] == "s3"
    assert app["terraform"] == {"backend": {"s3": {"bucket": "b"}}}


def test_the_writer_leaves_the_callers_data_alone(tmp_path: Path) -> None:
    stack = {"locals": {"x": 1}, "terraform": {"required_version": ">= 1.5"}}
    before = json.dumps(stack)
    write_cdktf_out(tmp_path, {"a": stack})
    assert json.dumps(stack) == before


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    def snapshot() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in sorted(tmp_path.rglob("*.json"))}

    write_cdktf_out(tmp_path, {"a": {"locals": {"x": 1, "y": 2}}, "b": {}})
    first = snapshot()
    write_cdktf_out(tmp_path, {"b": {}, "a": {"locals": {"y": 2, "x": 1}}})
    assert snapshot() == first


def test_everything_wrong_is_reported_and_nothing_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(SegkitError) as caught:
        write_cdktf_out(
            out,
            {
                "a b*": {},
                "..": {},
                "ok": {"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}, "x": "1"}}},
            },
            {"ok": ["gone"]},
        )
    assert [p.what for p in caught.value.problems] == [
        "dependencies name the stack 'gone', which is not written",
        "stack id '..' names no folder",
        "stack id 'a b*' has ' ' '*'",
        "required_providers.aws has no version",
        "required_providers.x has no source and no version",
    ]
    assert not out.exists()


def test_the_writer_loads_no_jsii() -> None:
    code = "import sys, segkit.artifacts; print({'jsii', 'cdktf', 'cdktn', 'constructs'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
