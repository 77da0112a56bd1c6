"""The files of a new policy repository, from the templates of this package."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from segkit.errors import Problem, SegkitError
from segkit.model.json_schema import schema_text

MODELS = {"yaml": "policies", "python": "policy.py"}
_SUFFIX = ".tmpl"


def repository(kind: str, name: str, requirement: str) -> dict[str, str]:
    """The files of a new repository, by path: text with every placeholder filled in."""
    model = MODELS[kind]
    values = {"@NAME@": name, "@MODEL@": model, "@REQUIREMENT@": requirement}
    made = {f".segkit/{kind}.schema.json": schema_text(kind) for kind in ("inventory", "labels", "policy")}
    for part in ("common", kind):
        for path, text in _templates(files("segkit.cli") / "templates" / part, ""):
            for mark, value in values.items():
                text = text.replace(mark, value)
            made[path] = text
    return dict(sorted(made.items()))


def name_for(folder: Path) -> str:
    """The name of a segmentation in a folder: the folder's, in letters that stacks and YAML readers take.

    >>> name_for(Path("/srv/Our Policies")), name_for(Path("/srv/2027"))
    ('our-policies', 'policies-2027')
    """
    text = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")
    if not text[:1].isalpha() or text in ("y", "n", "yes", "no", "on", "off", "true", "false", "null"):
        return f"policies-{text}" if text else "policies"
    return text


def installed_as() -> str:
    """What CI installs to get this segkit: its commit if it came from a repository, else its version."""
    from segkit import __version__

    try:
        source = distribution("segkit").read_text("direct_url.json")
    except PackageNotFoundError:
        source = None
    data = json.loads(source) if source else {}
    version = data.get("vcs_info") or {}
    if version.get("commit_id"):
        return f"segkit @ {version.get('vcs', 'git')}+{data['url']}@{version['commit_id']}"
    return f"segkit=={__version__}"


def write_new(folder: Path, made: dict[str, str]) -> None:
    """Write files that are not there yet. Raises SegkitError, before anything is written, where one is."""
    if folder.exists() and not folder.is_dir():
        raise SegkitError(Problem(f"{folder} is a file", fix="name a folder"))
    there = [path for path in made if (folder / path).exists() or (folder / path).is_symlink()]
    if there:
        raise SegkitError(
            [
                Problem(
                    f"{folder / path} exists",
                    why="nothing is overwritten",
                    fix="name another folder, or move it",
                )
                for path in there
            ]
        )
    try:
        for path, text in made.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        where = str(error.filename or folder)
        raise SegkitError(
            Problem(f"cannot be written: {error.strerror}", where, fix="check the path")
        ) from error


def _templates(folder: Traversable, inside: str) -> Iterator[tuple[str, str]]:
    for item in folder.iterdir():
        # Names with a dot in front, and Python that is not ours, would be taken for part of this package.
        name = item.name.removesuffix(_SUFFIX)
        path = inside + (f".{name.removeprefix('dot-')}" if name.startswith("dot-") else name)
        if item.is_dir():
            yield from _templates(item, f"{path}/")
        elif item.name.endswith(_SUFFIX):
            yield path, item.read_text(encoding="utf-8")
