"""Compiling as the tests of this folder do it: what comes out is held to the providers' schemas each time."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from segkit.compiler import Compilation
from segkit.compiler import compile_model as compile_unchecked
from segkit.model.model import Model
from tests.conformance.planes import PLANES
from tests.conformance.schemas import faults
from tests.conftest import SHARED

SCHEMA_OF = {plane.name: plane.schema or plane.name for plane in PLANES}
"""The file of the provider's schema, by platform."""


def compile_model(model: Model) -> Compilation:
    """Compiles a model. No resource has anything that its provider does not know, where schemas are at hand
    (`test_output` says so where they are not)."""
    done = compile_unchecked(model)
    kinds = {target.platform for target in model.targets}
    if len(kinds) == 1 and (file := _schema(*kinds)):
        assert list(faults(done.fragment, file)) == []
    return done


@cache
def _schema(kind: str) -> Path | None:
    file = SHARED / "schemas" / f"{SCHEMA_OF.get(kind, kind)}.json"
    return file if file.is_file() else None
