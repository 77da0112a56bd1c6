"""Exit codes. They are part of the interface: scripts and pipelines branch on them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a run of `segkit` ended with."""

    OK = 0
    """Done; the answer is yes."""
    NO = 1
    """Done; the answer is no: denied, not proved equal, or findings that matter."""
    BAD_INPUT = 2
    """The input or the command line is wrong; everything wrong with it is on stderr."""
    MIXED = 3
    """`check`: part of what was asked is allowed and part is denied."""
    BUG = 70
    """segkit itself failed (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C (128 + SIGINT)."""
    PIPE_CLOSED = 141
    """Whoever read the output stopped reading (128 + SIGPIPE)."""


HELP = (
    "Exit codes: 0 done, the answer is yes; 1 done, the answer is no (denied, not proved equal, findings "
    "that matter); 2 the input is wrong; 3 check only: partly allowed, partly denied; 70 a bug in segkit."
)
