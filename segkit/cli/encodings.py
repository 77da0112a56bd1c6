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
        help='Try another encoding of one target: "auto" for the best that fits, or as a placement has it, '
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
    """The model with another encoding on one target, and the warning that it is not pinned.

    Raises SegkitError for an encoding or a target that is none.
    """
    from segkit.compiler import quota_reports
    from segkit.platforms.base import brief
    from segkit.report.quotas import pin

    if text is None:
        if target is not None:
            raise SegkitError(Problem("--target without --encoding", fix="say which: --encoding auto"))
        return model, []
    (report,) = (r for r in quota_reports(model, target, read_encoding(text)) if r.asked is not None)
    assert report.asked is not None, "an encoding was asked for"
    found, now = report.asked.encoding, report.pinned.encoding
    if found == now:
        return model, []
    word = found if isinstance(found, str) else pin(found)
    warning = Problem(
        f"target {report.target} is made with encoding {brief(found)}, and {brief(now)} is pinned",
        why="without the option the next synth goes back",
        fix=f"to keep it: segkit quota --target {report.target} --encoding {shlex.quote(word)} --pin",
    )
    return with_encoding(model, report.target, found), [warning]


def with_encoding(model: Model, target: str, encoding: Encoding) -> Model:
    """The model with an encoding pinned on one target."""
    targets = tuple(
        replace(t, placement={**t.placement, "encoding": encoding}) if t.name == target else t
        for t in model.targets
    )
    return replace(model, targets=targets)
