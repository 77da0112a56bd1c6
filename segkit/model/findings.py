"""Collecting problems, so that people see all of them at once, each with the nearest right word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache

from segkit.errors import Problem

_LONGEST = 2000


class Findings:
    """Errors and warnings found so far. Errors stop the build; warnings are shown and do not.

    >>> found = Findings()
    >>> found.error("unknown tier 'globl'", fix=nearest("globl", ["global", "zone"]))
    >>> found.errors[0].fix
    "did you mean 'global'?"
    """

    def __init__(self) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []

    def error(self, what: str, where: str = "", why: str = "", fix: str = "") -> None:
        """Note something that must be put right."""
        self.errors.append(Problem(_clipped(what), where, why, _clipped(fix)))

    def warn(self, what: str, where: str = "", why: str = "", fix: str = "") -> None:
        """Note something that people should know."""
        self.warnings.append(Problem(what, where, why, fix))

    def extend(self, other: Findings) -> None:
        """Take over everything that another collection holds."""
        self.errors += other.errors
        self.warnings += other.warnings

    def refused(self, text: str, where: str, context: str = "") -> None:
        """Note the message of a set parser, which reads `finding; fix`."""
        what, _, fix = text.partition("; ")
        self.error(f"{context}: {what}" if context else what, where, fix=fix)


def _clipped(text: str) -> str:
    """A text without what nobody would read: a file may have a megabyte in one value."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text):,} characters)"


class FirstFindings(Findings):
    """The first hundred errors of a file that may have thousands, and how many more there are.

    >>> one, found = FirstFindings(), Findings()
    >>> for line in range(1, 5001):
    ...     one.error("no address", f"inventory.csv:{line}")
    >>> one.pass_on(found)
    >>> len(found.errors), found.errors[-1].where, found.errors[-1].what
    (101, 'inventory.csv:101', '4,900 more problems in this file, from here on')
    """

    MOST = 100

    def __init__(self) -> None:
        super().__init__()
        self._more = 0
        self._where = ""

    def error(self, what: str, where: str = "", why: str = "", fix: str = "") -> None:
        """Note something that must be put right, or that there is more of it."""
        if len(self.errors) < self.MOST:
            super().error(what, where, why, fix)
            return
        self._where = self._where or where
        self._more += 1

    def pass_on(self, found: Findings) -> None:
        """Hand over what was found."""
        found.extend(self)
        if self._more:
            noun = "problem" if self._more == 1 else "problems"
            what = f"{self._more:,} more {noun} in this file, from here on"
            found.error(what, self._where, fix=f"correct the first {self.MOST}; the others are told then")


def nearest(word: str, known: Iterable[str], kind: str = "") -> str:
    """The fix for an unknown word: the nearest known one, else what is known (the first dozen).

    >>> nearest("x", ["b", "a"], "tiers")
    'known tiers: a, b'
    """
    return _nearest(word, tuple(sorted(set(known))), kind)


def meant_is(word: str) -> str:
    """What `nearest` says when it is sure that `word` was meant."""
    return f"did you mean {word!r}?"


# A wrong value in an inventory is usually wrong in thousands of places.
@lru_cache(maxsize=4096)
def _nearest(word: str, known: tuple[str, ...], kind: str) -> str:
    folded = {k.casefold(): k for k in known}
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return meant_is(folded[close[0]])
    if not known:
        return f"there are no {kind} yet" if kind else ""
    shown = ", ".join(known[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
    return f"known {kind}: {shown}" if kind else f"known: {shown}"
