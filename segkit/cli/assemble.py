"""From a compilation to a whole stack on disk, with providers, people's own Terraform JSON and the intent."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segkit.artifacts import canonical_json, merge, write_atomic, write_cdktf_out
from segkit.cli.discover import INTENTS, SUFFIX, intent_files, read_json
from segkit.compiler import Compilation
from segkit.errors import Problem, SegkitError
from segkit.model.intent_file import dump_intent
from segkit.model.model import Model
from segkit.platforms.base import platform
from segkit.verify import Proof

log = logging.getLogger("segkit")


def assemble(compilation: Compilation, files: Sequence[Path]) -> dict[str, Any]:
    """The stack as Terraform JSON. A provider that `files` require keeps their version, else it gets ours.

    Raises SegkitError for files that cannot be read or that define what another part defines.
    """
    own = [read_json(f) for f in files]
    theirs = merge(*own, where=tuple(map(str, files)))
    required = theirs.get("terraform", {}).get("required_providers", {})
    needed = {
        name: entry
        for kind in sorted({t.platform for t in compilation.model.targets})
        for name, entry in platform(kind).providers.items()
        if name not in required
    }
    settings = {"terraform": {"required_providers": needed}} if needed else {}
    return merge(
        compilation.fragment,
        settings,
        *own,
        where=("segkit", "segkit", *map(str, files)),
    )


def write(out: Path, stack: str, document: Mapping[str, Any], model: Model, proof: Proof) -> list[str]:
    """Write the folder with the intent and its proof beside the stack; gives the paths written.

    The manifest names this stack alone, so intent files of earlier runs under other names go.
    """
    intent = out / INTENTS / f"{model.name}{SUFFIX}"
    proved = out / INTENTS / f"{model.name}.proof.json"
    try:
        write_cdktf_out(out, {stack: document})
        write_atomic(intent, dump_intent(model))
        write_atomic(proved, canonical_json(proof.to_json()))
        for old in intent_files(out):
            if old.name != intent.name:
                log.info("removing %s, which no stack here belongs to", old)
                old.unlink()
    except OSError as error:
        where = str(error.filename or out)
        raise SegkitError(
            Problem(f"cannot be written: {error.strerror}", where, fix="check the path")
        ) from error
    return [str(out / "manifest.json"), str(out / "stacks" / stack / "cdk.tf.json"), str(intent), str(proved)]
