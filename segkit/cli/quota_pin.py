"""`segkit quota --pin`: encodings, written to where their targets are declared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from segkit.artifacts import write_atomic
from segkit.cli.encodings import with_encoding
from segkit.cli.source import Loaded, is_intent, load
from segkit.errors import Problem, SegkitError
from segkit.model.model import Model
from segkit.platforms.base import Encoding

_PLACE = re.compile(r"(.+\.ya?ml):(\d+)(?::\d+)?", re.IGNORECASE)


def pin(loaded: Loaded, encodings: Mapping[str, Encoding]) -> dict[str, str]:
    """Pin encodings on targets, in the intent file or the YAML policy files that declare them.

    Gives the file of each target. What is written is read again, and put back if it is not that model. Raises
    SegkitError where a target is declared in neither, with the line to write by hand; then none is pinned.
    """
    after = loaded.model
    for name, encoding in encodings.items():
        after = with_encoding(after, name, encoding)
    origin = Path(loaded.origin)
    if origin.suffix.lower() == ".json" and is_intent(origin):
        from segkit.model.intent_file import dump_intent

        files, texts = dict.fromkeys(encodings, loaded.origin), {origin: dump_intent(after)}
    else:
        files, texts = _edited(loaded, encodings)
    _write(texts, loaded.origin, after)
    return files


def _edited(loaded: Loaded, encodings: Mapping[str, Encoding]) -> tuple[dict[str, str], dict[Path, bytes]]:
    """The policy file of each target, and what is in each file then."""
    from segkit.model.target_edit import with_argument

    files: dict[str, str] = {}
    texts: dict[Path, bytes] = {}
    problems = []
    origin = Path(loaded.origin)
    yaml = origin.is_dir() or origin.suffix.lower() in (".yaml", ".yml")
    places = {target.name: target.where for target in loaded.model.targets}
    for name, encoding in encodings.items():
        found = _PLACE.fullmatch(places[name])
        if found is None or not yaml:
            what = f"--pin cannot change where target {name} is declared"
            problems.append(_by_hand(what, places[name], encoding))
            continue
        path = Path(found[1])
        try:
            text = texts[path] if path in texts else path.read_bytes()
            texts[path] = with_argument(text.decode("utf-8"), name, "encoding", encoding).encode()
            files[name] = str(path)
        except ValueError as error:
            problems.append(_by_hand(str(error), places[name], encoding))
    if problems:
        raise SegkitError(problems)
    return files, texts


def _write(texts: Mapping[Path, bytes], origin: str, expected: Model) -> None:
    # A link is followed, so that it stays one.
    before = {path.resolve(): path.read_bytes() for path in texts}
    try:
        for path, text in texts.items():
            write_atomic(path.resolve(), text)
        if load(origin).model != expected:
            where = ", ".join(map(str, texts))
            raise SegkitError(Problem("the changed file is another model", where, why="this is a bug"))
    except BaseException:
        for path, text in before.items():
            write_atomic(path, text)
        raise


def _by_hand(what: str, where: str, encoding: Encoding) -> Problem:
    from segkit.report.quotas import pin as written

    fix = f"write it there by hand: encoding={written(encoding)}"
    return Problem(what, where, why="it changes intent files, and YAML that is read as such", fix=fix)
