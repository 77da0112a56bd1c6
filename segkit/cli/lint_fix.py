"""`segkit lint --fix`: rules that could go, taken out of the YAML files that hold them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from segkit.cli.source import load
from segkit.errors import Problem, SegkitError
from segkit.model.model import Model
from segkit.model.policy import Rule

_PLACE = re.compile(r"(.+\.ya?ml):(\d+)(?::\d+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fixed:
    """The model after the fix, and the rules that were taken out."""

    model: Model
    rules: tuple[Rule, ...]


@dataclass(slots=True)
class _File:
    path: Path
    text: str
    lines: frozenset[int]
    taken: set[int] = field(default_factory=set)


def fix(origin: str, model: Model) -> Fixed:
    """Take every rule out of the files of `origin` that could go, as far as they lie in YAML.

    Nothing is written unless the meaning stays: proved for every workload the label schema permits, and by
    all rows of today's intent. What is written is read again, and put back if it is not that model.

    Raises SegkitError when `origin` is no policy file or folder, or the files could not be changed so.
    """
    from segkit.verify.removal import removable, same_today, without

    files = _files(origin, model)
    rules = removable(model, lambda rule: _spot(rule, files) is not None)
    if not rules:
        return Fixed(model, ())
    ids = frozenset(rule.id for rule in rules)
    if not same_today(model, ids):
        raise SegkitError(Problem("the rules that could go change a row of the intent", why="this is a bug"))
    for rule in rules:
        spot = _spot(rule, files)
        assert spot is not None, "only rules with a spot were asked for"
        spot[0].taken.add(spot[1])
    after = _write(origin, [f for f in files.values() if f.taken], without(model, ids))
    return Fixed(after, rules)


def _files(origin: str, model: Model) -> dict[str, _File]:
    """The YAML files that rules of the model were read from."""
    from segkit.model.policy_edit import rule_lines

    path = Path(origin)
    if not (path.is_dir() or path.suffix.lower() in (".yaml", ".yml")):
        fix = "name a YAML policy file or folder, or take the rules out by hand"
        raise SegkitError(Problem(f"--fix changes YAML policy files, and {origin} is none", fix=fix))
    places = defaultdict(set)
    for rule in model.rules:
        found = _PLACE.fullmatch(rule.where)
        if found:
            places[found[1]].add(int(found[2]))
    files = {}
    for name in sorted(places):
        # The name is relative to where segkit runs; a link is followed, so that it stays one.
        real = Path(name).resolve()
        text = real.read_bytes().decode("utf-8")
        files[name] = _File(real, text, frozenset(rule_lines(text)))
    return files


def _spot(rule: Rule, files: dict[str, _File]) -> tuple[_File, int] | None:
    """The file and line of a rule that can be taken out."""
    found = _PLACE.fullmatch(rule.where)
    if not found or found[1] not in files:
        return None
    file, line = files[found[1]], int(found[2])
    return (file, line) if line in file.lines else None


def _write(origin: str, files: list[_File], expected: Model) -> Model:
    from segkit.artifacts.canonical import write_atomic
    from segkit.model.policy_edit import without_rules

    try:
        made = [(f, without_rules(f.text, f.taken)) for f in files]
    except ValueError as error:
        names = ", ".join(str(f.path) for f in files)
        raise SegkitError(Problem(str(error), names, fix="take the rules out by hand")) from None
    try:
        for file, text in made:
            write_atomic(file.path, text.encode())
        after = load(origin).model
        if after != expected:
            raise SegkitError(Problem("the changed files are another model", origin, why="this is a bug"))
    except BaseException:
        for file in files:
            write_atomic(file.path, file.text.encode())
        raise
    return after
