"""`import segkit` stays instant: it loads nothing but itself, and its lazy names all exist."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import segkit

# What must not be loaded before somebody asks for a construct, a cloud, a file format or the command line.
HEAVY = {
    "annotated_types", "azure", "boto3", "botocore", "cattrs", "cdktf", "cdktn", "click", "constructs",
    "google", "jsii", "numpy", "orjson", "pydantic", "pydantic_core", "requests", "rich", "typeguard",
    "typer", "yaml",
}  # fmt: skip

# The layers that hold meaning rather than tools: all but constructs, live and cli.
CORE = ["sets", "model", "intent", "artifacts", "platforms", "verify", "report"]
OUTSIDE = {
    "azure",
    "boto3",
    "botocore",
    "cdktf",
    "cdktn",
    "constructs",
    "google",
    "jsii",
    "requests",
    "typer",
}


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has after running `code`, less those it has anyway."""
    tell = "import json, sys; print(json.dumps(sorted(sys.modules)))"

    def run(text: str) -> set[str]:
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return set(json.loads(done.stdout.splitlines()[-1]))

    return run(f"{code}\n{tell}") - run(tell)


def tops(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_import_segkit_loads_only_the_package_itself() -> None:
    loaded = loaded_by("import segkit")
    assert {name for name in loaded if name.startswith("segkit")} == {"segkit"}
    assert tops(loaded) & HEAVY == set()


def test_the_algebra_needs_no_other_package() -> None:
    loaded = loaded_by(
        "from segkit import L, Addresses, tcp\n(L.app == 'shop'), tcp(443), Addresses.of('10.0.0.0/8')"
    )
    assert tops(loaded) & HEAVY == set()
    layers = {name.split(".")[1] for name in loaded if name.count(".") and name.startswith("segkit.")}
    assert layers <= {"sets", "errors"}


def test_what_people_declare_with_needs_no_node_and_no_numpy_yet() -> None:
    loaded = loaded_by("import segkit.constructs, segkit.model")
    assert tops(loaded) & {"cdktf", "cdktn", "jsii", "numpy"} == set()


@pytest.mark.parametrize("layer", CORE)
def test_the_core_loads_no_node_and_no_cloud_sdk(layer: str) -> None:
    loaded = loaded_by(
        "import importlib, pkgutil, segkit\n"
        f"top = importlib.import_module('segkit.{layer}')\n"
        "for found in pkgutil.walk_packages(top.__path__, top.__name__ + '.'):\n"
        "    importlib.import_module(found.name)"
    )
    assert tops(loaded) & OUTSIDE == set()


def test_every_public_name_resolves_and_is_listed() -> None:
    for name in segkit.__all__:
        assert getattr(segkit, name) is not None
        assert name in dir(segkit)
    assert {*segkit._MODULE_OF, "__version__"} == set(segkit.__all__)


def test_type_checkers_see_the_names_that_exist_at_run_time() -> None:
    tree = ast.parse(Path(segkit.__file__).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    declared = {
        alias.asname: (statement.module, alias.name)
        for block in blocks
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert declared == {name: (module, name) for name, module in segkit._MODULE_OF.items()}


def test_an_unknown_name_is_an_ordinary_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'segkit' has no attribute 'nothing_like_it'"):
        segkit.nothing_like_it  # noqa: B018
