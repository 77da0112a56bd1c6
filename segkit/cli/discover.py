"""Finding things in a cdktf output folder: intent files and stacks."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segkit.errors import Problem, SegkitError

INTENTS = "segkit"
SUFFIX = ".intent.json"


def intent_files(out: Path) -> list[Path]:
    """The intent files of an output folder, sorted by name."""
    return sorted((out / INTENTS).glob(f"*{SUFFIX}"))


def only_intent(out: Path) -> Path:
    """The one intent file of an output folder; SegkitError, saying what to type, when it is not one."""
    found = intent_files(out)
    if len(found) == 1:
        return found[0]
    if found:
        first, *_ = all_names = [f.name.removesuffix(SUFFIX) for f in found]
        names = ", ".join(all_names)
        raise SegkitError(
            Problem(
                f"several intents in {out / INTENTS}: {names}",
                fix=f"choose one: --intent {shlex.quote(first)}",
            )
        )
    raise SegkitError(
        Problem(
            f"no intent file in {out / INTENTS}",
            fix="synthesise first (segkit synth, or cdktf synth), name the output folder with --out, "
            "or a model with --intent",
        )
    )


def known_as(text: str, out: Path) -> str:
    """The intent file of an output folder that goes by the name `text`, else `text` as it is."""
    named = out / INTENTS / f"{text}{SUFFIX}"
    return str(named) if named.is_file() else text


def stack_files(out: Path) -> dict[str, Path]:
    """The stacks of an output folder by id, as its manifest lists them, else as its folders do."""
    manifest = out / "manifest.json"
    if manifest.is_file():
        listed = read_json(manifest).get("stacks", {})
        if not isinstance(listed, Mapping):
            raise SegkitError(Problem("the manifest lists no stacks", str(manifest), fix="synthesise again"))
        paths = {name: out / _path_of(name, entry, manifest) for name, entry in sorted(listed.items())}
    else:
        paths = {p.parent.name: p for p in sorted((out / "stacks").glob("*/cdk.tf.json"))}
    if not paths:
        raise SegkitError(
            Problem(f"no stack in {out}", fix="name the folder that `cdktf synth` or `segkit synth` wrote")
        )
    return paths


def read_json(path: Path) -> dict[str, Any]:
    """A file that holds one JSON object; SegkitError with the place when it does not."""
    if path.suffix == ".tf":
        raise SegkitError(
            Problem(
                "this is HCL; segkit reads Terraform as JSON",
                str(path),
                fix="name a .tf.json file; `cdktf synth` without --hcl writes one",
            )
        )
    try:
        data = json.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise SegkitError(
            Problem(f"cannot be read: {error.strerror}", str(path), fix="check the path")
        ) from error
    except UnicodeDecodeError as error:
        raise SegkitError(
            Problem(f"not UTF-8: byte {error.start}", str(path), fix="save the file as UTF-8")
        ) from error
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}:{error.colno}"
        raise SegkitError(Problem(f"not JSON: {error.msg}", where, fix="correct the syntax")) from error
    except RecursionError as error:
        raise SegkitError(Problem("nested too deeply", str(path), fix="this is no Terraform JSON")) from error
    if not isinstance(data, dict):
        raise SegkitError(Problem("not a JSON object", str(path), fix="this is no Terraform JSON"))
    return data


def _path_of(name: str, entry: object, manifest: Path) -> str:
    path = entry.get("synthesizedStackPath") if isinstance(entry, Mapping) else None
    if not isinstance(path, str):
        raise SegkitError(
            Problem(f"stack {name!r} has no synthesizedStackPath", str(manifest), fix="synthesise again")
        )
    return path
