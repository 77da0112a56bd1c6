"""`segkit synth`: compile a model, prove the result, and write it as a cdktf output folder without Node."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segkit.cli.encodings import EncodingOption, TargetOption, tried
from segkit.cli.exits import Exit
from segkit.cli.guard import guarded
from segkit.cli.options import DEFAULT_OUT, FormatOption, SinceOption
from segkit.cli.output import Format, emit, warnings
from segkit.progress import step


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("synth")(guarded(synth))


def synth(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A policy file or folder (YAML, JSON), an intent file, a Python file (policy.py, "
            "policy.py:name) or a module (pkg.module:name). Python is imported, so it runs; it gives a "
            "Segmentation, a Model or a function build().",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write.")] = DEFAULT_OUT,
    stack: Annotated[
        str | None, typer.Option("--stack", help="The id of the stack. Default: the segmentation's name.")
    ] = None,
    provider_file: Annotated[
        list[Path] | None,
        typer.Option(
            "--provider-file",
            metavar="FILE",
            help="Terraform JSON of your own to merge: provider and backend settings, machines that use "
            "${local.….groups}. May be given several times; STACK=FILE is for one stack of several.",
        ),
    ] = None,
    form: FormatOption = Format.text,
    target: TargetOption = None,
    encoding: EncodingOption = None,
    since: SinceOption = None,
) -> Exit:
    """Compile, prove and write a stack that `cdktf plan` and `cdktf deploy` take as it is.

    With --since, the first of two stacks: what is deployed stays beside what will be. With --encoding as it
    would be with that encoding; nothing is pinned thereby. Leaves with 1, and writes
    nothing, when the result is not proved to mean what the model says.
    """
    from segkit.artifacts import join
    from segkit.cli.assemble import assemble, intent_file, write
    from segkit.cli.source import deployed, load
    from segkit.compiler import compile_model
    from segkit.model.intent_file import check_kept
    from segkit.report import synth as report
    from segkit.verify import proved

    loaded = load(model)
    with step("Compiling"):
        meant, unpinned = tried(loaded.model, target, encoding)
        if since is not None:
            check_kept(since, intent_file(out, meant))
        compilation = compile_model(meant, deployed(since))
    stacks = assemble(compilation, provider_file or [], stack)
    whole = join(stacks, stacks) if len(stacks) > 1 else next(iter(stacks.values()))
    with step("Proving"):
        proof = proved(compilation, whole)
    written = write(out, stacks, compilation, proof) if proof.ok else []
    found = (*loaded.warnings, *compilation.warnings, *unpinned)
    warnings(found)
    result = report.Synth(stacks, compilation.report, proof, tuple(written), found)
    emit(form, "synth", lambda: report.page(result), lambda: report.data(result))
    return Exit.OK if proof.ok else Exit.NO
