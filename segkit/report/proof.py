"""The proof: is what the Terraform lets through what the intent says, and if not, exactly where not?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segkit.platforms.base import Membership
from segkit.report.page import BLANK, Cell, Line, Page, Table, Tone, count, line, shorten, table
from segkit.verify import Difference, Proof
from segkit.verify.proof import WHEN_UNKNOWN, WHEN_UNPROVED

_MOST = 50
_STATUS: dict[str, Tone] = {"equal": "good", "between": "good", "different": "bad", "unproved": "warn"}
_SEEN: dict[str, Tone] = {"seen": "good", "assumed": "warn", "missing": "bad"}
_KINDS = {
    "opens": "lets through what the intent denies",
    "closes": "blocks what the intent allows",
    "may open": "may let through what the intent denies: that hangs on an address that is not known",
    "may close": "may block what the intent allows: that hangs on an address that is not known",
}


def page(subject: str, proof: Proof, most: int = _MOST) -> Page:
    """The proof for a person; of long lists the first `most` entries, and how many more there are.

    With more than the usual 50, addresses are written in full too.
    """
    parts: list[Line | Table] = [
        line(
            Cell(proof.status.upper(), _STATUS[proof.status]),
            f"  {subject}: {count(proof.pairs, 'pair')} of endpoint classes compared",
        ),
        line(
            f"{count(proof.ungoverned, 'pair')} with no enforcing end left out; "
            f"{count(proof.single_ended, 'pair')} blocked at one of two enforcing ends only",
            indent=1,
        ),
    ]
    parts += _differences("Differences", proof.differences, most)
    parts += _differences("Accepted differences", proof.accepted, most)
    parts += _memberships(proof.memberships, most)
    if proof.status == "unproved":
        hanging = any(not d.certain for d in proof.differences)
        fix = WHEN_UNKNOWN if hanging else WHEN_UNPROVED
        parts += [BLANK, line(Cell("fix: ", "dim"), fix, indent=1)]
    for title, texts in (
        ("Notes", proof.notes),
        ("Never filtered by the platform, so left out", proof.exempt),
    ):
        if texts:
            parts += [BLANK, line(Cell(title, "strong")), *(line(t, indent=1) for t in texts)]
    return tuple(parts)


def data(subject: str, proof: Proof) -> dict[str, Any]:
    """The whole proof for a machine."""
    return {"subject": subject, **proof.to_json()}


def _differences(title: str, found: Sequence[Difference], most: int) -> list[Line | Table]:
    if not found:
        return []
    parts: list[Line | Table] = [BLANK, line(Cell(f"{title} ({len(found):,})", "strong"))]
    for d in found[:most]:
        tone: Tone = "bad" if d.kind == "opens" else "warn"
        source, destination = (t if most > _MOST else shorten(t) for t in (d.source, d.destination))
        parts.append(line(f"{source} -> {destination}  ", Cell(d.services, "strong"), indent=1))
        residual = f"  (residual {d.residual})" if d.residual else ""
        parts.append(line(Cell(d.kind, tone), f": the Terraform {_KINDS[d.kind]}{residual}", indent=2))
        for name, things in (("rules", d.rules), ("resources", d.resources)):
            if things:
                parts.append(line(Cell(f"{name}: ", "dim"), ", ".join(things), indent=2))
    return parts + _more(len(found) - most)


def _memberships(found: Sequence[Membership], most: int) -> list[Line | Table]:
    if not found:
        return []
    counts = {s: sum(m.status == s for m in found) for s in _SEEN}
    title = "Memberships: " + ", ".join(f"{n:,} {s}" for s, n in counts.items() if n)
    # What was not seen in the stack is what a reader has to look into, so it comes first.
    ordered = sorted(found, key=lambda m: (not m.unknown, m.status == "seen", m))
    rows = [
        (
            m.target,
            f"{m.workload} {m.interface}".strip(),
            Cell(m.status, _SEEN.get(m.status, "plain")),
            m.where or "-",
            ", ".join(g.partition(".")[2] or g for g in m.groups) or "-",
            Cell("; ".join(m.unknown), "warn") if m.unknown else "-",
        )
        for m in ordered[:most]
    ]
    columns = ("Target", "Workload", "Membership", "Where", "Groups", "Not known")
    return [BLANK, table(columns, rows, title=title, optional=("Not known",)), *_more(len(found) - most)]


def _more(left: int) -> list[Line | Table]:
    return [line(Cell(f"{left:,} more; --all lists them.", "dim"), indent=1)] if left > 0 else []
