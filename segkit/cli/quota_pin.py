"""`segkit quota --pin`: encodings, written to where their targets are declared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
    _write(texts, loaded, after)
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


def _write(texts: Mapping[Path, bytes], loaded: Loaded, expected: Model) -> None:
    """Write files that are another model then, or none of them."""
    # A link is followed, so that it stays one.
    before = {path: path.read_bytes() for path in texts}
    written: list[Path] = []
    try:
        for path, text in texts.items():
            try:
                write_atomic(path.resolve(), text)
            except OSError as error:
                what = f"--pin cannot write: {error.strerror or error}"
                raise SegkitError(Problem(what, str(path), why="nothing was pinned")) from None
            written.append(path)
        same = load(loaded.origin).model == expected
    except BaseException:
        _put_back(before, written)
        raise
    if same:
        return
    _put_back(before, written)
    where = ", ".join(map(str, texts))
    if load(loaded.origin).model != loaded.model:
        what, fix = "the policy changed while encodings were sought; nothing was pinned", "run it again"
        raise SegkitError(Problem(what, loaded.origin, fix=fix))
    raise SegkitError(Problem("the changed file is another model", where, why="this is a bug"))


def _put_back(before: Mapping[Path, bytes], written: Iterable[Path]) -> None:
    """Give files what was in them. Raises SegkitError with all that could not be."""
    left = []
    for path in written:
        try:
            write_atomic(path.resolve(), before[path])
        except OSError as error:
            left.append(Problem(f"encodings are pinned here, and not everywhere: {error}", str(path)))
    if left:
        raise SegkitError([p.advise("take them out, or run it again when there is room") for p in left])


def _by_hand(what: str, where: str, encoding: Encoding) -> Problem:
    from segkit.report.quotas import pin as written

    fix = f"write it there by hand: encoding={written(encoding)}"
    why = "it changes intent files, and YAML that is read as such; nothing was pinned"
    return Problem(what, where, why=why, fix=fix)
