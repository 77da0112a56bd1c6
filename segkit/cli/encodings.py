"""Encodings on the command line: reading one, trying one, and what a model with it pinned is."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from segkit.errors import Problem, SegkitError

if TYPE_CHECKING:
    from segkit.model.model import Model
    from segkit.platforms.base import Encoding

EncodingOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="auto|groups|cells|JSON",
        help='Try another encoding: "auto" for the best that fits, or for one target as a placement has it, '
        'in JSON: [["ops", "web"]], {"layers": [["env"], ["app", "env"]]}.',
    ),
]
TargetOption: TypeAlias = Annotated[
    str | None, typer.Option("--target", help="The target that is meant. Default: all, or the only one.")
]


def read_encoding(text: str) -> Encoding:
    """An encoding as it is written on the command line; its names are checked where it is used.

    >>> read_encoding("auto"), read_encoding('[["ops", "web"]]')
    ('auto', [['ops', 'web']])
    """
    if not text.lstrip().startswith(("[", "{", '"')):
        return text
    try:
        blocks: Encoding = json.loads(text)
    except ValueError as error:
        fix = """quote it for the shell: '[["ops", "web"]]'"""
        raise SegkitError(Problem(f"--encoding is not JSON: {error}", fix=fix)) from None
    return blocks


def tried(model: Model, target: str | None, text: str | None) -> tuple[Model, list[Problem]]:
    """The model with other encodings, and a warning for each that it is not pinned.

    Raises SegkitError for an encoding or a target that is none.
    """
    from segkit.compiler import quota_reports
    from segkit.platforms.base import brief
    from segkit.report.quotas import pin

    if text is None:
        if target is not None:
            raise SegkitError(Problem("--target without --encoding", fix="say which: --encoding auto"))
        return model, []
    warnings = []
    for report in quota_reports(model, target, read_encoding(text)):
        if report.asked is None or report.asked.encoding == report.pinned.encoding:
            continue
        found, now = report.asked.encoding, report.pinned.encoding
        word = found if isinstance(found, str) else shlex.quote(pin(found))
        asked = "--encoding auto" if report.together else f"--target {report.target} --encoding {word}"
        warnings.append(
            Problem(
                f"target {report.target} is made with encoding {brief(found)}, and {brief(now)} is pinned",
                why="without the option the next synth goes back",
                fix=f"to keep it: segkit quota {asked} --pin",
            )
        )
        model = with_encoding(model, report.target, found)
    return model, warnings


def with_encoding(model: Model, target: str, encoding: Encoding) -> Model:
    """The model with an encoding pinned on one target."""
    targets = tuple(
        replace(t, placement={**t.placement, "encoding": encoding}) if t.name == target else t
        for t in model.targets
    )
    return replace(model, targets=targets)
