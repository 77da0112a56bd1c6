"""Where in the user's program something was declared."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path

_HOME = str(Path(__file__).resolve().parent.parent) + os.sep


def caller() -> str:
    """`file:line` of the nearest caller outside segkit; see `shown_path`."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HOME):
        frame = frame.f_back
    return f"{shown_path(frame.f_code.co_filename)}:{frame.f_lineno}"


@lru_cache(maxsize=512)
def shown_path(path: str) -> str:
    """A path as people should read it: relative inside the working directory, with forward slashes.

    >>> shown_path("/somewhere/else/x.py")
    '/somewhere/else/x.py'
    """
    if path.startswith("<"):
        return path
    here = Path(path)
    try:
        return here.absolute().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return here.as_posix()
