"""How far a long step has come. The core tells; whoever wants to show it watches, and usually nobody does.

>>> from contextlib import contextmanager
>>> @contextmanager
... def printer(what, total):
...     yield lambda done: print(f"{what}: {done} of {total}")
>>> with watched(printer):
...     found = [item for item in steps("counting", "ab")]
counting: 1 of 2
counting: 2 of 2
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Tell = Callable[[int], None]
"""Takes how much of the step is done, in the unit of its total."""
Watcher = Callable[[str, int | None], AbstractContextManager[Tell]]
"""Is told the name of a step and its total, None when nobody knows, and lives as long as the step."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Every step inside is told to `watcher`."""
    before = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(before)


@contextmanager
def step(what: str, total: int | None = None) -> Iterator[Tell]:
    """A step that may take long. Steps may lie in each other."""
    watcher = _watcher.get()
    if watcher is None:
        yield _nobody
        return
    with watcher(what, total) as tell:
        yield tell


def steps(what: str, items: Sequence[Item]) -> Iterator[Item]:
    """The items, one after the other, as one step."""
    with step(what, len(items)) as tell:
        for done, item in enumerate(items, 1):
            yield item
            tell(done)


def _nobody(done: int) -> None:
    """Nobody watches."""
