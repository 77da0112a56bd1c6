"""What lowering must know of the place of a target, on any platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["ingress", "egress"]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a target's rules may name, and what else filters its interfaces.

    `alone`: nothing but our groups decides what its interfaces pass. `visible`: the targets, by direction,
    whose groups its rules may name as their far end; a direction left out has to be written by address.
    `published`: workloads of another stack must be named by a group, never by address; `reach` says what
    brings the target `{}` into reach. `loose`: egress may be written by ranges that hold workloads which keep
    others out by themselves, and is open to all of these for every service where it is `unasked` too; `open`:
    egress to workloads is written to everybody, and left to their ingress.
    `bare`: an interface that no rule speaks of still carries a group (one without rules), because with none
    it would be open.
    """

    alone: bool
    visible: Mapping[Direction, tuple[str, ...]] = field(default_factory=dict)
    published: bool = False
    reach: str = ""
    loose: bool = False
    unasked: bool = False
    open: bool = False
    bare: bool = False
