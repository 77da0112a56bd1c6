"""What lint tells: a finding, with what proves it or a flow that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from segkit.errors import exact

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, order=True, slots=True)
class Reason:
    """Something that a finding rests on: a rule or a zone, and where it was declared."""

    subject: str
    where: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", exact(self.where))


@dataclass(frozen=True, order=True, slots=True)
class Witness:
    """A flow that shows a finding, in label terms. Its workloads need not exist: the label schema permits
    them."""

    source: str
    destination: str
    services: str

    @property
    def text(self) -> str:
        """The flow in one line."""
        return f"{self.source} -> {self.destination}" + (f" {self.services}" if self.services else "")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth a person's attention. `code` is stable; `subject` names its object (`rule shop/1`).

    `proof` is what it rests on and `witness` a flow that shows it, where there are such.
    """

    severity: Severity
    code: str
    subject: str
    what: str
    fix: str
    why: str = ""
    where: str = ""
    proof: tuple[Reason, ...] = ()
    witness: Witness | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", exact(self.where))
