"""`segkit quota`: what targets use of their platforms' quotas, and which encodings would do instead."""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
    if keep:
        _pin(loaded, reports)
    return Exit.OK if all(quotas.fits(r) for r in reports) else Exit.NO


def _pin(loaded: Loaded, reports: Sequence[QuotaReport]) -> None:
    """Pins what was asked for wherever it fits, all of those or none, and tells so on stderr."""
    from segkit.cli.quota_pin import pin
    from segkit.platforms.base import brief
    from segkit.report.safe import printable

    asked = {report.target: report.asked for report in reports if report.asked is not None}
    same = {r.target for r in reports if r.target in asked and asked[r.target].encoding == r.pinned.encoding}
    new = {name: option.encoding for name, option in asked.items() if option.fits and name not in same}
    files = pin(loaded, new) if new else {}
    for name, option in asked.items():
        what = f"encoding {brief(option.encoding)} of target {name}"
        if name in files:
            done = f"pinned {what} in {files[name]}"
        elif name in same:
            done = f"{what} is pinned already" + ("" if option.fits else ", and does not fit")
        else:
            done = f"not pinned: {what} does not fit"
        sys.stderr.write(printable(done) + "\n")
