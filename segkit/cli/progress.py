"""A bar for each step that takes long: on a terminal, and only after a second; nothing in a pipe."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from segkit.progress import Tell, watched

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

PATIENCE = 1.0
"""Seconds before anything is shown."""


@contextmanager
def bars(stream: TextIO | None = None) -> Iterator[None]:
    """Steps inside are shown on `stream` (stderr unless given) as long as they last."""
    out = stream or sys.stderr
    if out.isatty():
        with watched(_Bars(out).step):
            yield
    else:
        yield


@dataclass(slots=True, eq=False)
class _Step:
    what: str
    total: int | None
    done: int = 0
    since: float = field(default_factory=monotonic)


class _Bars:
    """The steps under way, each in the one before it. A thread shows them, once they have lasted."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._steps: list[_Step] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._live: Live | None = None

    @contextmanager
    def step(self, what: str, total: int | None) -> Iterator[Tell]:
        """See `segkit.progress.Watcher`."""
        one = _Step(what, total)
        self._begin(one)

        def tell(done: int) -> None:
            one.done = done

        try:
            yield tell
        finally:
            self._end(one)

    def _begin(self, one: _Step) -> None:
        with self._lock:
            self._steps.append(one)
            if self._timer is None:
                self._timer = threading.Timer(PATIENCE, self._show)
                self._timer.daemon = True
                self._timer.start()

    def _end(self, one: _Step) -> None:
        with self._lock:
            self._steps.remove(one)
            if self._steps:
                return
            if self._timer is not None:
                self._timer.cancel()
            if self._live is not None:
                self._live.stop()
            self._timer = self._live = None

    def _show(self) -> None:
        from rich.live import Live

        from segkit.report import text

        with self._lock:
            if self._steps:  # else all were done while this thread woke up
                self._live = Live(
                    get_renderable=self._table,
                    console=text.console(self._out),
                    transient=True,
                    redirect_stdout=False,
                    redirect_stderr=False,
                )
                self._live.start()

    def _table(self) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        from segkit.report.safe import printable

        table, now = Table.grid(padding=(0, 1)), monotonic()
        for one in tuple(self._steps):
            share = f"{one.done / one.total:.0%}" if one.total else ""
            bar = ProgressBar(one.total or 1, one.done, width=30, pulse=not one.total)
            table.add_row(Text(printable(one.what)), bar, share, f"{now - one.since:.0f} s")
        return table
