"""`segkit quota --pin`: an encoding, written to where the target is declared."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from segkit.artifacts import write_atomic
from segkit.cli.encodings import with_encoding
from segkit.cli.source import Loaded, is_intent, load
from segkit.errors import Problem, SegkitError
from segkit.model.model import Model
from segkit.platforms.base import Encoding

_PLACE = re.compile(r"(.+\.ya?ml):(\d+)(?::\d+)?", re.IGNORECASE)


def pin(loaded: Loaded, name: str, encoding: Encoding) -> str:
    """Pin an encoding on a target, in the intent file or the YAML policy file that declares it; the file.

    What is written is read again, and put back if it is not that model. Raises SegkitError where the target
    is declared in neither, with the line to write by hand.
    """
    after = with_encoding(loaded.model, name, encoding)
    origin = Path(loaded.origin)
    if origin.suffix.lower() == ".json" and is_intent(origin):
        from segkit.model.intent_file import dump_intent

        return _write(origin, lambda _: dump_intent(after), loaded.origin, after)
    place = next(t.where for t in after.targets if t.name == name)
    found = _PLACE.fullmatch(place)
    if found is None or not (origin.is_dir() or origin.suffix.lower() in (".yaml", ".yml")):
        raise _by_hand(f"--pin cannot change where target {name} is declared", place, encoding)
    from segkit.model.target_edit import with_argument

    def edited(raw: bytes) -> bytes:
        try:
            return with_argument(raw.decode("utf-8"), name, "encoding", encoding).encode()
        except ValueError as error:
            raise _by_hand(str(error), place, encoding) from None

    return _write(Path(found[1]), edited, loaded.origin, after)


def _write(path: Path, edit: Callable[[bytes], bytes], origin: str, expected: Model) -> str:
    # A link is followed, so that it stays one.
    real = path.resolve()
    before = real.read_bytes()
    made = edit(before)
    try:
        write_atomic(real, made)
        if load(origin).model != expected:
            raise SegkitError(Problem("the changed file is another model", str(path), why="this is a bug"))
    except BaseException:
        write_atomic(real, before)
        raise
    return str(path)


def _by_hand(what: str, where: str, encoding: Encoding) -> SegkitError:
    from segkit.report.quotas import pin as written

    fix = f"write it there by hand: encoding={written(encoding)}"
    return SegkitError(
        Problem(what, where, why="it changes intent files, and YAML that is read as such", fix=fix)
    )
