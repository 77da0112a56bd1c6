"""From a compilation to a whole stack on disk, with providers, people's own Terraform JSON and the intent."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from segkit.artifacts import canonical_json, link, merge, write_atomic, write_cdktf_out
from segkit.cli.discover import INTENTS, SUFFIX, intent_files, read_json
from segkit.compiler import Compilation
from segkit.errors import Problem, SegkitError
from segkit.model.intent_file import SINCE, dump_intent
from segkit.model.model import Model
from segkit.platforms.base import platform
from segkit.verify import Proof

log = logging.getLogger("segkit")


def assemble(compilation: Compilation, files: Sequence[Path], stack: str | None) -> dict[str, dict[str, Any]]:
    """The stacks as Terraform JSON, by id. A provider that `files` require keeps their version, else it gets
    ours; `STACK=FILE` is for one stack, any other file for all.

    Raises SegkitError for files that cannot be read or that define what another part defines, and where
    `stack` names one although targets say in which they are.
    """
    stacks = compilation.model.stacks
    if stacks and stack is not None:
        raise SegkitError(
            Problem(
                f"the targets are in the stacks {', '.join(stacks)}, not in {stack!r}",
                fix="leave out --stack",
            )
        )
    if not stacks:
        own = _own(compilation.model, files)
        whole = merge(compilation.fragment, *own.values(), where=("segkit", *own))
        return {stack or compilation.model.name: whole}
    given = {name: _own(compilation.model, list(_files_of(name, stacks, files))) for name in stacks}
    return link(
        compilation.divided, {name: merge(*own.values(), where=tuple(own)) for name, own in given.items()}
    )


def _files_of(stack: str, stacks: Sequence[str], files: Sequence[Path]) -> Iterator[Path]:
    for file in files:
        name, given, path = str(file).partition("=")
        if not given or name not in stacks:
            yield file
        elif name == stack:
            yield Path(path)


def _own(model: Model, files: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """What a stack holds beside the fragment, by where it comes from."""
    own = {str(f): read_json(f) for f in files}
    theirs = merge(*own.values(), where=tuple(own))
    required = theirs.get("terraform", {}).get("required_providers", {})
    needed = {
        name: entry
        for kind in sorted({t.platform for t in model.targets})
        for name, entry in platform(kind).providers.items()
        if name not in required
    }
    return {"segkit": {"terraform": {"required_providers": needed}} if needed else {}, **own}


def intent_file(out: Path, model: Model) -> Path:
    """Where the intent of a model is written."""
    return out / INTENTS / f"{model.name}{SUFFIX}"


def write(
    out: Path, stacks: Mapping[str, Mapping[str, Any]], compilation: Compilation, proof: Proof
) -> list[str]:
    """Write the folder with the intent and its proof beside the stacks; gives the paths written.

    The manifest names these stacks alone, so intent files of earlier runs under other names go.
    """
    model = compilation.model
    needs = compilation.divided.dependencies if model.stacks else {}
    intent = intent_file(out, model)
    proved = out / INTENTS / f"{model.name}.proof.json"
    before = out / INTENTS / f"{model.name}{SINCE}"
    try:
        write_cdktf_out(out, stacks, needs)
        write_atomic(intent, dump_intent(model))
        write_atomic(proved, canonical_json(proof.to_json()))
        for old in before.parent.glob(f"*{SINCE}"):
            old.unlink()
        if isinstance(compilation.since, Compilation):
            write_atomic(before, dump_intent(compilation.since.model))
        for old in intent_files(out):
            if old.name != intent.name:
                log.info("removing %s, which no stack here belongs to", old)
                old.unlink()
    except OSError as error:
        where = str(error.filename or out)
        raise SegkitError(
            Problem(f"cannot be written: {error.strerror}", where, fix="check the path")
        ) from error
    documents = [str(out / "stacks" / name / "cdk.tf.json") for name in sorted(stacks)]
    more = [str(before)] if isinstance(compilation.since, Compilation) else []
    return [str(out / "manifest.json"), *documents, str(intent), str(proved), *more]
