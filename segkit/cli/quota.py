"""`segkit quota`: what targets use of their platforms' quotas, and which encodings would do instead."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from segkit.cli.encodings import EncodingOption, TargetOption, read_encoding
from segkit.cli.exits import Exit
from segkit.cli.guard import guarded
from segkit.cli.options import DEFAULT_OUT, FormatOption, IntentOption, OutOption
from segkit.cli.output import Format, emit
from segkit.cli.show import ModelArgument
from segkit.errors import Problem, SegkitError

if TYPE_CHECKING:
    from segkit.cli.source import Loaded
    from segkit.platforms.base import QuotaReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("quota")(guarded(quota))


def quota(
    model: ModelArgument = None,
    intent: IntentOption = None,
    out: OutOption = DEFAULT_OUT,
    form: FormatOption = Format.text,
    target: TargetOption = None,
    encoding: EncodingOption = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--pin",
            help="Write the encoding that was asked for into the intent file or the YAML policy file that "
            "declares the target, if it fits.",
        ),
    ] = False,
) -> Exit:
    """Show what each target uses of its quotas, and the encodings that would mean the same.

    Exit code 1: some target is over quota as it is pinned; with --encoding: by that encoding.
    """
    from segkit.cli.source import located
    from segkit.compiler import quota_reports
    from segkit.report import quotas

    if keep and encoding is None:
        fix = "say what to pin: --encoding auto, groups, cells, or blocks of group names"
        raise SegkitError(Problem("--pin without --encoding", fix=fix))
    loaded = located(model or intent, out)
    asked = None if encoding is None else read_encoding(encoding)
    reports = quota_reports(loaded.model, target, asked)
    if asked is not None:
        reports = tuple(r for r in reports if r.asked is not None)
    emit(form, "quota", lambda: quotas.page(reports), lambda: quotas.data(reports))
    for report in reports if keep else ():
        loaded = _pinned(loaded, report)
    return Exit.OK if all(quotas.fits(r) for r in reports) else Exit.NO


def _pinned(loaded: Loaded, report: QuotaReport) -> Loaded:
    """Pins what was asked for, tells so on stderr, and gives what is there then."""
    from segkit.cli.encodings import with_encoding
    from segkit.cli.quota_pin import pin
    from segkit.platforms.base import brief
    from segkit.report.safe import printable

    assert report.asked is not None, "an encoding was asked for"
    encoding = report.asked.encoding
    what = f"encoding {brief(encoding)} of target {report.target}"
    after = loaded
    if encoding == report.pinned.encoding:
        done = f"{what} is pinned already"
    elif not report.asked.fits:
        done = f"nothing was pinned: {what} does not fit"
    else:
        done = f"pinned {what} in {pin(loaded, report.target, encoding)}"
        after = replace(loaded, model=with_encoding(loaded.model, report.target, encoding))
    sys.stderr.write(printable(done) + "\n")
    return after
