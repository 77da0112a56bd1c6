"""What `segkit synth` made: the stack, its proof, and how near to quotas it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from typing import Any

from segkit.errors import Problem
from segkit.report import json, proof
from segkit.report.page import BLANK, Cell, Line, Page, Table, count, line
from segkit.report.quotas import share
from segkit.verify import Proof


@dataclass(frozen=True, slots=True)
class Synth:
    """The stacks of one synth, by id. `written` is empty when the proof failed."""

    stacks: Mapping[str, Mapping[str, Any]]
    targets: Mapping[str, Mapping[str, Any]]
    proof: Proof
    written: tuple[str, ...]
    warnings: Sequence[Problem]

    @property
    def subject(self) -> str:
        """What the proof is about."""
        return ", ".join(sorted(self.stacks))


def page(made: Synth) -> Page:
    """The outcome for a person: short when all is well, the proof in full when it is not."""
    head: list[Line | Table] = [
        *(
            line("stack ", Cell(name, "strong"), f": {count(_resources(document), 'resource')}")
            for name, document in sorted(made.stacks.items())
        ),
        *(line(f"target {name}: {_facts(facts)}", indent=1) for name, facts in sorted(made.targets.items())),
        *(line(f"wrote {path}", indent=1) for path in made.written),
    ]
    if not made.written:
        head.append(
            line(
                Cell("nothing was written: the result is not proved to mean what the model says", "bad"),
                indent=1,
            )
        )
    if made.proof.ok:
        return (*head, *proof.page(made.subject, made.proof, most=0)[:1])
    return (*head, BLANK, *proof.page(made.subject, made.proof))


def data(made: Synth) -> dict[str, Any]:
    """The outcome for a machine."""
    return {
        "stacks": {name: _resources(document) for name, document in sorted(made.stacks.items())},
        "targets": {name: dict(facts) for name, facts in sorted(made.targets.items())},
        "written": list(made.written),
        "warnings": json.problems(made.warnings),
        "proof": proof.data(made.subject, made.proof),
    }


def _resources(document: Mapping[str, Any]) -> int:
    return sum(len(named) for named in document.get("resource", {}).values())


def _facts(facts: Mapping[str, Any]) -> str:
    """What a target reports, in one line: plain values, and of quotas how much is used.

    >>> _facts({"encoding": [["a", "b"]], "quotas": {"rules": {"used": 3, "quota": 60}}})
    'encoding [["a", "b"]], rules 3/60 (5%)'
    """
    words = []
    for name, value in sorted(facts.items()):
        if not isinstance(value, Mapping):
            words.append(f"{name} {value if isinstance(value, str) else dumps(value)}")
        else:
            used = {
                k: v
                for k, v in sorted(value.items())
                if isinstance(v, Mapping) and {"used", "quota"} <= set(v)
            }
            words += [f"{k} {v['used']}/{v['quota']} ({share(v)})" for k, v in used.items()]
    return ", ".join(words)
