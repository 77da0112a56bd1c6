"""Reading a JSON or YAML file so that every value can be traced to its line.

A file is read here and nowhere else: bytes, encoding, syntax, keys that are written twice.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from segkit.errors import Place
from segkit.model.caller import shown_path
from segkit.model.findings import Findings

Step = str | int
Result = TypeVar("Result")
Spot = tuple[int, int]
"""Line and column, both counted from 1."""


class Places(Protocol):
    """Knows the line of every value of a parsed file."""

    def line(self, location: Sequence[Step]) -> int:
        """The line of the value at `location` (keys and indices from the top), or of what should hold it."""
        ...

    def written(self, location: Sequence[Step]) -> str | None:
        """A plain value as it is written in the file; None where nothing plain is."""
        ...

    def spot(self, location: Sequence[Step], key: bool = False) -> Spot:
        """Line and column of a value, or of the key it stands under, both counted from 1."""
        ...


class SpotPlaces:
    """Places that are known from reading the file: of each location the spots of the value and of its key,
    and the value as it is written, where it is plain. Only who asks for more than the `first` spot, that of
    the whole, pays for the index."""

    def __init__(
        self, first: Spot, index: Callable[[], Mapping[tuple[Step, ...], tuple[Spot, Spot, str | None]]]
    ) -> None:
        self._first = first
        self._made = index

    @cached_property
    def _index(self) -> Mapping[tuple[Step, ...], tuple[Spot, Spot, str | None]]:
        return self._made()

    def line(self, location: Sequence[Step]) -> int:
        """The line of a value, or of what should hold it."""
        return self.spot(location)[0]

    def spot(self, location: Sequence[Step], key: bool = False) -> Spot:
        """Line and column of a value, or of its key."""
        if not location:
            return self._first
        held = self._index.get(tuple(location))
        return self.spot(location[:-1]) if held is None else held[1] if key else held[0]

    def written(self, location: Sequence[Step]) -> str | None:
        """A plain value as it is written in the file."""
        held = self._index.get(tuple(location))
        return None if held is None else held[2]


class _Inside:
    """The places of a part of a file, at locations from the top of the part."""

    def __init__(self, whole: Places, under: tuple[Step, ...]) -> None:
        self._whole = whole
        self._under = under

    def line(self, location: Sequence[Step]) -> int:
        return self._whole.line((*self._under, *location))

    def spot(self, location: Sequence[Step], key: bool = False) -> Spot:
        return self._whole.spot((*self._under, *location), key)

    def written(self, location: Sequence[Step]) -> str | None:
        return self._whole.written((*self._under, *location))


class Document:
    """The data of a file or of a mapping in code, and where each value of it stands.

    `under` says where in the file it stands, when it is only a part of one.
    """

    def __init__(
        self,
        name: str,
        data: Any,
        places: Places | None,
        columns: bool = False,
        under: tuple[Step, ...] = (),
    ) -> None:
        self.name = name
        self.data = data
        self.under = under
        self._places = places
        self._columns = columns

    def at(self, location: Sequence[Step] = (), key: bool = False) -> str:
        """`file:line` of a value, with `:column` where the document tells columns; for a mapping in code the
        place where it was passed. `key` asks for the key of the value instead.
        """
        if self._places is None:
            return self.name
        if not self._columns:
            return f"{self.name}:{self._places.line(location)}"
        line, column = self._places.spot(location, key)
        return f"{self.name}:{line}:{column}"

    def line_of(self, location: Sequence[Step]) -> str:
        """`file:line` of what is declared at `location`: of its key where it has one. Where the document
        tells columns it is a `Place`, which knows those of its parts.
        """
        if self._places is None:
            return self.name
        text = f"{self.name}:{self._places.spot(location, True)[0]}"
        return Place(text, partial(self.place_in, tuple(location))) if self._columns else text

    def place_in(self, location: tuple[Step, ...], steps: Sequence[Any] = ()) -> str:
        """`at` of a part of what is declared at `location`: of its value, or of as much of the way to it as
        the file has; for the whole, and where it has nothing of the way, of the key of the whole.

        A shorthand, such as one address in place of a list, stands for each of its parts.
        """
        data = self.data
        for step in location:
            data = data[step]
        found = list(location)
        for step in steps:
            if isinstance(data, dict) and step not in data:
                break
            if isinstance(data, dict) or (isinstance(data, list) and step in range(len(data))):
                found.append(step)
                data = data[step]
        whole = not steps or (len(found) == len(location) and isinstance(data, dict))
        return self.at(found, key=whole)

    def part(self, *keys: str) -> Document:
        """Some top-level keys alone, at the same places."""
        data = {key: self.data[key] for key in keys if key in self.data}
        return Document(self.name, data, self._places, self._columns)

    def inside(self, *location: Step) -> Document:
        """What stands at a location, which must be there, as a document of its own."""
        data = self.data
        for step in location:
            data = data[step]
        places = None if self._places is None else _Inside(self._places, location)
        return Document(self.name, data, places, self._columns, (*self.under, *location))

    def written(self, location: Sequence[Step]) -> str | None:
        """A plain value as it is written in the file, so that 1.10 is not shown as 1.1."""
        return None if self._places is None else self._places.written(location)


def read_bytes(path: str | os.PathLike[str], what: str, where: str, found: Findings) -> bytes | None:
    """The bytes of a file; None after a finding when they cannot be had."""
    return attempt(Path(path).read_bytes, path, what, where, found)


def attempt(
    action: Callable[[], Result], path: str | os.PathLike[str], what: str, where: str, found: Findings
) -> Result | None:
    """What `action` gives; None after a finding when the file at `path` cannot be had."""
    name = shown_path(os.fspath(path))
    try:
        return action()
    except FileNotFoundError:
        found.error(
            f"there is no {what} file {name}",
            where,
            fix=f"create it, or correct the path (looked in {_folder(path)})",
        )
    except IsADirectoryError:
        found.error(f"the {what} file {name} is a folder", where, fix="name a file in it")
    except OSError as error:
        found.error(
            f"the {what} file {name} cannot be read: {error.strerror}",
            where,
            fix="correct the link" if error.errno == errno.ELOOP else "check its permissions",
        )
    except ValueError as error:
        found.error(f"the {what} path {name!r} is none: {error}", where, fix="correct the path")
    return None


def decode(raw: bytes, name: str, found: Findings, columns: bool = False) -> str | None:
    """The text of a UTF-8 file, with or without a byte order mark; None after a finding."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        before = raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start]
        column = f":{len(before.decode('utf-8-sig')) + 1}" if columns else ""
        utf16 = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
        found.error(
            f"the file is not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}",
            f"{name}:{line}{column}",
            why="it looks like UTF-16" if utf16 else "",
            fix="save it as UTF-8",
        )
        return None


def open_document(
    path: str | os.PathLike[str], what: str, where: str, found: Findings, *, columns: bool = False
) -> Document | None:
    """Read a JSON or YAML file by its suffix; None after findings. `where` is where the path was written.

    With `columns` every place is `file:line:column`, and YAML anchors and tags are refused even where nothing
    refers to them.
    """
    name, suffix = shown_path(os.fspath(path)), Path(path).suffix.lower()
    if suffix not in (".json", ".yaml", ".yml"):
        found.error(
            f"the {what} file {name} has an unknown format {suffix!r}", where, fix="use .json, .yaml or .yml"
        )
        return None
    if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
        # Reading from a pipe or a device might never end.
        found.error(f"the {what} file {name} is no regular file", where, fix="write it to a file")
        return None
    raw = read_bytes(path, what, where, found)
    text = None if raw is None else decode(raw, name, found, columns)
    if text is None:
        return None
    if not text.strip():
        place = f"{name}:1:1" if columns else f"{name}:1"
        found.error(f"the {what} file is empty", place, fix="write it, or leave it out")
        return None
    if suffix == ".json":
        from segkit.model.json_places import parse_json

        return parse_json(text, name, found, columns)
    from segkit.model.yaml_places import parse_yaml

    return parse_yaml(text, name, found, columns)


def _folder(path: str | os.PathLike[str]) -> str:
    return shown_path(os.fspath(Path(path).absolute().parent))
