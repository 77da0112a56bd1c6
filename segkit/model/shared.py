"""Equal values kept once: most workloads of an estate have the network and the labels of many others."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)
_MOST = 1 << 14


class Shared:
    """Gives of equal values always the first.

    >>> one = Shared()
    >>> one(("eu", "west")) is one(tuple(["eu", "west"]))
    True
    """

    def __init__(self) -> None:
        self._held: dict[Hashable, Hashable] = {}

    def __call__(self, value: Value) -> Value:
        if len(self._held) > _MOST:  # where so many differ there is little to share, and memory to lose
            self._held.clear()
        return self._held.setdefault(value, value)  # type: ignore[return-value]


class SharedLabels:
    """Gives of equal labels always the first, and of labels that differ the pairs that do not.

    >>> one = SharedLabels()
    >>> one([("role", "web"), ("app", "shop")])
    (('app', 'shop'), ('role', 'web'))
    """

    def __init__(self) -> None:
        self._whole, self._pair = Shared(), Shared()

    def __call__(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        return self._whole(tuple(map(self._pair, sorted(pairs))))
