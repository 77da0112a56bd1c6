"""The model a command works on: read from an intent file, or built by a person's Python program."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segkit.cli.discover import SUFFIX, known_as, only_intent
from segkit.errors import Problem, SegkitError
from segkit.model.model import Model

log = logging.getLogger("segkit")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model, what its builder warned about, and where it came from."""

    model: Model
    warnings: Sequence[Problem]
    origin: str


def load(text: str) -> Loaded:
    """The model that `text` names.

    An intent file (`*.json`), a cdktf output folder with one intent file, a Python file (`policy.py`,
    `policy.py:seg`) or a Python module (`platform.network:build`). Python is imported, so it runs.

    Raises SegkitError when there is no such model or it is wrong.
    """
    path = Path(text)
    if path.is_dir():
        return _from_intent(only_intent(path))
    if text.endswith(".json"):
        return _from_intent(path)
    from segkit.cli.python_source import build

    log.info("building the model with %s", text)
    model, found = build(text)
    return Loaded(model, found, text)


def chosen(intent: str | None, out: Path) -> Model:
    """The model of `--intent` (also the mere name of an intent file in `out`), else of the only one in `out`.

    Telling its warnings is for synth.
    """
    loaded = _from_intent(only_intent(out)) if intent is None else load(known_as(intent, out))
    for problem in loaded.warnings:
        log.info("%s", problem.text())
    return loaded.model


def _from_intent(path: Path) -> Loaded:
    from segkit.model.intent_file import load_intent

    log.info("reading the intent file %s", path)
    if not path.is_file():
        raise SegkitError(
            Problem(f"there is no file {path}", fix=f"name an intent file (<outdir>/segkit/<name>{SUFFIX})")
        )
    return Loaded(load_intent(path), (), str(path))
