"""The files of a new policy repository, from the templates of this package."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from segkit.errors import Problem, SegkitError
from segkit.model.json_schema import schema_text

MODELS = {"yaml": "policies", "python": "policy.py"}
_SUFFIX = ".tmpl"


def repository(kind: str, name: str, segkit: Wanted) -> dict[str, bytes]:
    """The files of a new repository, by path: with every placeholder filled in."""
    model = MODELS[kind]
    values = {"@NAME@": name, "@MODEL@": model, "@REQUIREMENT@": segkit.requirement}
    schemas = ("inventory", "labels", "policy")
    made = {f".segkit/{kind}.schema.json": schema_text(kind).encode() for kind in schemas}
    if segkit.wheel is not None:
        made[segkit.requirement.removeprefix("./")] = segkit.wheel.read_bytes()
    for part in ("common", kind):
        for path, text in _templates(files("segkit.cli") / "templates" / part, ""):
            for mark, value in values.items():
                text = text.replace(mark, value)
            made[path] = text.encode()
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What CI installs as segkit: the line of requirements.txt, the wheel where that line names one that is
    kept in the repository, and what a person must know about it.
    """

    requirement: str
    wheel: Path | None = None
    note: str = ""


def wanted(requirement: str | None) -> Wanted:
    """What a person asked for, a wheel by its path; None: what is running here.

    Raises SegkitError for what is no line of requirements.txt, and for a wheel that is not there.
    """
    if requirement is None:
        return installed_as()
    if not requirement.isprintable() or not requirement.strip():
        fix = "write it as in requirements.txt, or name a wheel"
        raise SegkitError(Problem(f"--requirement is no line of requirements.txt: {requirement!r}", fix=fix))
    if not requirement.endswith(".whl") or "@" in requirement:
        return Wanted(requirement)
    if not Path(requirement).is_file():
        fix = "build one in a checkout of segkit: python -m pip wheel --no-deps -w wheels ."
        raise SegkitError(Problem(f"there is no wheel {requirement}", fix=fix))
    return _wheel(Path(requirement))


def installed_as() -> Wanted:
    """What gives CI this segkit: the commit, archive or wheel it came from; else its version.

    `note` says so where that version may be on no index.
    """
    from segkit import __version__

    try:
        source = distribution("segkit").read_text("direct_url.json")
    except PackageNotFoundError:
        source = None
    data = json.loads(source) if source else {}
    url, version = data.get("url", ""), data.get("vcs_info") or {}
    if version.get("commit_id"):
        return Wanted(f"segkit @ {version.get('vcs', 'git')}+{url}@{version['commit_id']}")
    if not url.startswith("file:"):
        return Wanted(f"segkit @ {url}" if url else f"segkit=={__version__}")
    here = Path(url2pathname(urlsplit(url).path))
    if here.suffix == ".whl" and here.is_file():
        return _wheel(here)
    note = (
        f"segkit runs from {here} here, which CI cannot install: segkit=={__version__} must be on its index. "
        "Until it is, build a wheel (python -m pip wheel --no-deps -w wheels <checkout>) and start with "
        "--requirement <wheel>, which keeps the wheel in the repository."
    )
    return Wanted(f"segkit=={__version__}", note=note)


def _wheel(path: Path) -> Wanted:
    note = "the wheel lies in the repository; put a released version into requirements.txt when there is one"
    return Wanted(f"./wheels/{path.name}", path, note)


def write_new(folder: Path, made: dict[str, bytes]) -> None:
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
        for path, content in made.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(content)
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
