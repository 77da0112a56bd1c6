"""What the platform holds: the calls that changed it, in order, in one file that several processes share.

The state is what the calls add up to, so a test can stop after any of them and look.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of the platform: its Terraform kind, its id and its arguments."""

    kind: str
    id: str
    body: Body

    @property
    def key(self) -> Key:
        """Ids are compared without case, as Azure does; Google's are lower case anyway."""
        return self.kind, self.id.lower()


Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the platform's API. `action`: given (it was there before), create, update or delete.

    A call that the platform `refused` changed nothing. `puts` and `drops` are all that it changed: more than
    one object where the platform has them hang together.
    """

    action: str
    kind: str
    id: str
    refused: tuple[str, ...] = ()
    puts: tuple[Thing, ...] = ()
    drops: tuple[Key, ...] = ()


class State:
    """Every object, by kind and id."""

    def __init__(self, things: dict[Key, Thing] | None = None) -> None:
        self._things = things or {}

    def get(self, kind: str, at: str) -> Thing | None:
        """An object, or None."""
        return self._things.get((kind, at.lower()))

    def of(self, *kinds: str) -> list[Thing]:
        """Every object of some kinds; of all when none is named."""
        return [t for t in self._things.values() if not kinds or t.kind in kinds]

    def after(self, call: Call) -> State:
        """The state that a call leads to."""
        things = {k: t for k, t in self._things.items() if k not in call.drops}
        return State({**things, **{thing.key: thing for thing in call.puts}})


@dataclass
class Store:
    """The file of calls, and what they add up to so far."""

    file: Path
    calls: list[Call] = field(default_factory=list)
    state: State = field(default_factory=State)
    _read: int = 0

    @contextmanager
    def open(self) -> Iterator[Store]:
        """The store, up to date, while no other process changes it."""
        with self.file.open("a+", encoding="utf-8") as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            self._catch_up(log)
            yield self

    def add(self, call: Call) -> None:
        """One more call; only while the store is open."""
        with self.file.open("a", encoding="utf-8") as log:
            log.write(json.dumps(asdict(call)) + "\n")
            self._read = log.tell()
        self._took(call)

    def _catch_up(self, log: IO[str]) -> None:
        log.seek(self._read)
        for line in log.read().splitlines():
            self._took(_call(json.loads(line)))
        self._read = log.tell()

    def _took(self, call: Call) -> None:
        self.calls.append(call)
        self.state = self.state.after(call)


def _call(line: dict[str, Any]) -> Call:
    puts = tuple(Thing(**thing) for thing in line["puts"])
    drops = tuple((kind, at) for kind, at in line["drops"])
    return Call(line["action"], line["kind"], line["id"], tuple(line["refused"]), puts, drops)


def calls(file: Path) -> Sequence[Call]:
    """Every call in a file, oldest first."""
    with Store(file).open() as store:
        return store.calls


def give(file: Path, *things: Thing) -> None:
    """Objects that somebody else made before."""
    with Store(file).open() as store:
        for thing in things:
            store.add(Call("given", thing.kind, thing.id, puts=(thing,)))


def late(file: Path, text: str) -> None:
    """Has what names a text made late."""
    Path(f"{file}.late").write_text(text)


def is_late(file: Path, body: Body) -> bool:
    """Is something to be made late?"""
    asked = Path(f"{file}.late")
    return asked.is_file() and asked.read_text() in repr(body)
