"""Bytes that are the same every time, written so that no reader ever sees half of them."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Any

import orjson

_OPTIONS = (
    orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATACLASS
)


def canonical_json(data: Any) -> bytes:
    """JSON with sorted keys, two spaces of indent and a newline at the end: equal data gives equal bytes.

    `data` is built of dict with text keys, list, tuple, str, int, float, bool and None; anything else raises
    TypeError.

    >>> canonical_json({"b": 1, "a": [True, None]}).decode()
    '{\\n  "a": [\\n    true,\\n    null\\n  ],\\n  "b": 1\\n}\\n'
    """
    return orjson.dumps(data, option=_OPTIONS)


def write_atomic(path: str | os.PathLike[str], data: bytes) -> None:
    """Put `data` at `path`: whoever reads the path finds the old bytes or the new ones, never a part.

    Missing folders are made, and a file that is there keeps its permissions. Raises OSError when the place
    cannot be written; nothing is left behind then.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # A name of our own beside the target: a rename is atomic only inside one file system. Unlike tempfile's,
    # a new file gets the permissions that the umask gives any other output.
    draft = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(data)
        if target.exists():
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
