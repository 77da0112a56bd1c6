"""The model a command works on: an intent file, policy files, or what a person's Python program builds."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from segkit.cli.discover import SUFFIX, intent_files, known_as, only_intent
from segkit.errors import Problem, SegkitError
from segkit.model.intent_file import FORMAT
from segkit.model.model import Model
from segkit.progress import step

if TYPE_CHECKING:
    from segkit.compiler import Since

log = logging.getLogger("segkit")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model, what its builder warned about, and where it came from."""

    model: Model
    warnings: Sequence[Problem]
    origin: str


def load(text: str) -> Loaded:
    """The model that `text` names.

    An intent file (`*.intent.json`), a cdktf output folder with one intent file, a policy file or folder
    (YAML, JSON), a Python file (`policy.py`, `policy.py:seg`) or a Python module (`platform.network:build`).
    Python is imported, so it runs.

    Raises SegkitError when there is no such model or it is wrong.
    """
    if not text.strip():  # as a path it would be this folder
        raise SegkitError(Problem("no model is named", fix="name one, or leave the option out"))
    path, suffix = Path(text), Path(text).suffix.lower()
    if path.is_dir():
        return _from_folder(path)
    if suffix in (".yaml", ".yml") or (suffix == ".json" and path.is_file() and not is_intent(path)):
        return _from_policies(path)
    if suffix == ".json":
        return _from_intent(path)
    if text.endswith(("/", "\\")):
        raise SegkitError(Problem(f"there is no folder {text}", fix="check the path"))
    from segkit.cli.python_source import build

    log.info("building the model with %s", text)
    model, found = build(text)
    return Loaded(model, found, text)


def deployed(text: str | None) -> Since:
    """What `--since` names: a model, or nothing."""
    if text is None:
        return None
    return "nothing" if text == "nothing" else load(text).model


def chosen(intent: str | None, out: Path) -> Model:
    """The model of `--intent`, or of its mere name in `out`; else of the only intent file in `out`."""
    return located(intent, out).model


def located(intent: str | None, out: Path) -> Loaded:
    """As `chosen`, with where it came from. Telling its warnings is for synth."""
    loaded = _from_intent(only_intent(out)) if intent is None else load(known_as(intent, out))
    for problem in loaded.warnings:
        log.info("%s", problem.text())
    return loaded


def _from_folder(path: Path) -> Loaded:
    """An output folder has a manifest or an intent; any other folder with policy files is one of those."""
    from segkit.model.policy_folder import is_policy_folder

    if intent_files(path) or (path / "manifest.json").is_file() or not is_policy_folder(path):
        return _from_intent(only_intent(path))
    return _from_policies(path)


def _from_policies(path: Path) -> Loaded:
    from segkit.model.policy_files import load_policies

    log.info("reading the policies in %s", path)
    builder = load_policies(path)
    return Loaded(builder.build(), builder.warnings, str(path))


def is_intent(path: Path) -> bool:
    """Is a JSON file an intent file? What cannot be read is taken for one only by its name."""
    if path.name.endswith(SUFFIX):
        return True
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(data, dict) and data.get("format") == FORMAT


def _from_intent(path: Path) -> Loaded:
    from segkit.model.intent_file import load_intent

    log.info("reading the intent file %s", path)
    if not path.is_file():
        raise SegkitError(
            Problem(f"there is no file {path}", fix=f"name an intent file (<outdir>/segkit/<name>{SUFFIX})")
        )
    with step(f"Reading {path}"):
        return Loaded(load_intent(path), (), str(path))
