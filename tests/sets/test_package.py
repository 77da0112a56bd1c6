"""The package itself: what it exports, what it may import, and the examples in its documentation."""

from __future__ import annotations

import ast
import doctest
import sys
from importlib import import_module
from pathlib import Path

import pytest

import segkit.sets

FILES = sorted(Path(segkit.sets.__file__).parent.glob("*.py"))


def test_every_public_name_is_there() -> None:
    for name in segkit.sets.__all__:
        assert getattr(segkit.sets, name) is not None
    assert set(segkit.sets.__all__) == set(segkit.sets._MODULE_OF)
    with pytest.raises(AttributeError, match="no attribute 'nothing_such'"):
        segkit.sets.nothing_such  # noqa: B018


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_the_standard_library_below(path: Path) -> None:
    """Bit matrices are numpy's, in one module that the others do not import."""
    matrices = path.stem == "bitmatrix"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            ours = module == "segkit.errors" or module.startswith("segkit.sets")
            foreign = not (ours or module.partition(".")[0] in sys.stdlib_module_names)
            assert not foreign or (matrices and module.startswith("numpy")), module
            assert matrices or module != "segkit.sets.bitmatrix"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_examples(path: Path) -> None:
    name = "segkit.sets" if path.stem == "__init__" else f"segkit.sets.{path.stem}"
    assert doctest.testmod(import_module(name)).failed == 0
