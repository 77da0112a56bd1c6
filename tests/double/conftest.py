"""Where the schemas are."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def schemas(shared_dir: Path) -> Path:
    """The folder of provider schemas."""
    folder = shared_dir / "schemas"
    if not folder.is_dir():
        pytest.skip(f"no provider schemas in {folder}")
    return folder
