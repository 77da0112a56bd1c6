"""The `cdktf.out` folder, written without cdktf: the CLI's contract is these files and nothing else.

`cdktf list`, `plan`, `deploy`, `output` and `destroy` read `manifest.json` and `stacks/<id>/cdk.tf.json`,
whose `//` entry carries the metadata. An `app` command that only writes them needs neither jsii nor Node.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from segkit.artifacts.canonical import canonical_json, write_atomic
from segkit.artifacts.fragment import prune
from segkit.errors import Problem, SegkitError

CDKTF_VERSION = "0.21.0"
"""The version of cdktf whose folder layout this is; the CLI shows it, and cdktn's reads the same layout."""

# What cdktf refuses in the id of a stack, and what would leave the folder.
_REFUSED = set("*?[]{}!/\\")


def write_cdktf_out(
    outdir: str | os.PathLike[str],
    stacks: Mapping[str, Mapping[str, Any]],
    dependencies: Mapping[str, Iterable[str]] | None = None,
) -> None:
    """Write stacks, given as Terraform JSON by id, as the folder that the cdktf and cdktn command lines read.

    `dependencies` names for a stack those that deploy before it. A stack that names no backend gets the one
    cdktf would give it: a local state `terraform.<id>.tfstate` in the current folder. Raises SegkitError on
    ids that cdktf refuses, unknown dependencies, and providers without source or version.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as out:
    ...     write_cdktf_out(out, {"net": {"output": {"x": {"value": 1}}}})
    ...     sorted(p.relative_to(out).as_posix() for p in Path(out).rglob("*.json"))
    ['manifest.json', 'stacks/net/cdk.tf.json']
    """
    needs = {name: sorted(set((dependencies or {}).get(name, ()))) for name in stacks}
    problems = [*_bad_ids(stacks), *_bad_dependencies(stacks, dependencies or {})]
    for name, stack in stacks.items():
        problems += _bad_providers(name, stack)
    if problems:
        raise SegkitError(problems)
    root = Path(outdir)
    for name, stack in sorted(stacks.items()):
        write_atomic(root / "stacks" / name / "cdk.tf.json", canonical_json(_document(name, stack)))
    # Last: the manifest is what makes the stacks visible.
    manifest = {"version": CDKTF_VERSION, "stacks": {name: _entry(name, needs[name]) for name in stacks}}
    write_atomic(root / "manifest.json", canonical_json(manifest))


def _entry(name: str, needs: list[str]) -> dict[str, Any]:
    return {
        "annotations": [],
        "constructPath": name,
        "dependencies": needs,
        "name": name,
        "stackMetadataPath": f"stacks/{name}/metadata.json",
        "synthesizedStackPath": f"stacks/{name}/cdk.tf.json",
        "workingDirectory": f"stacks/{name}",
    }


def with_backend(name: str, stack: Mapping[str, Any]) -> dict[str, Any]:
    """A stack that says where its state is: as it does already, else in the current folder."""
    settings = dict(stack.get("terraform", {}))
    if "cloud" not in settings and not settings.get("backend"):
        settings["backend"] = {"local": {"path": str(Path.cwd() / f"terraform.{name}.tfstate")}}
    return {**stack, "terraform": settings}


def _document(name: str, stack: Mapping[str, Any]) -> dict[str, Any]:
    document = with_backend(name, prune(stack))
    settings = document["terraform"]
    backend = "cloud" if "cloud" in settings else next(iter(settings["backend"]))
    outputs = {key: key for key in document.get("output", {})}
    document["//"] = {
        **dict(document.get("//", {})),
        "metadata": {"backend": backend, "stackName": name, "version": CDKTF_VERSION},
        "outputs": {name: outputs} if outputs else {},
    }
    return document


def _bad_ids(stacks: Mapping[str, Any]) -> Iterable[Problem]:
    for name in stacks:
        bad = sorted({c for c in name if c in _REFUSED or c.isspace()})
        if bad or name in ("", ".", ".."):
            found = f"has {' '.join(map(repr, bad))}" if bad else "names no folder"
            yield Problem(
                f"stack id {name!r} {found}",
                why="cdktf refuses it",
                fix="use letters, digits, '-', '_' and '.'",
            )


def _bad_dependencies(
    stacks: Mapping[str, Any], dependencies: Mapping[str, Iterable[str]]
) -> Iterable[Problem]:
    for name, needs in dependencies.items():
        for other in (name, *needs):
            if other not in stacks:
                known = ", ".join(sorted(stacks)) or "none"
                yield Problem(
                    f"dependencies name the stack {other!r}, which is not written", fix=f"use one of: {known}"
                )


def _bad_providers(name: str, stack: Mapping[str, Any]) -> Iterable[Problem]:
    for provider, entry in stack.get("terraform", {}).get("required_providers", {}).items():
        missing = [
            key for key in ("source", "version") if not (isinstance(entry, Mapping) and entry.get(key))
        ]
        if missing:
            yield Problem(
                f"required_providers.{provider} has no {' and no '.join(missing)}",
                f"stack {name}",
                why="the cdktf command line reads both",
                fix='write {"source": "hashicorp/aws", "version": ">= 5.60, < 7.0"}',
            )
