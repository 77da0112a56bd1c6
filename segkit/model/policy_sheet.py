"""One policy file as checked data. What does not fit is told and left out; the rest is read all the same."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from segkit.model.document import Document, Step, open_document
from segkit.model.findings import Findings
from segkit.model.policy_folder import Area, Found

if TYPE_CHECKING:
    from segkit.model.policy_format import PolicyFile, RuleEntry

_ENDS = {
    "zones": ("zone", "network"),
    "groups": ("group",),
    "address_sets": ("addresses",),
    "services": ("service",),
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A policy file: its document, what of it could be read, and the keys of ends that could not."""

    found: Found
    document: Document
    shape: PolicyFile
    broken: frozenset[str] = frozenset()
    left_out: frozenset[tuple[Step, ...]] = field(default=frozenset())

    @property
    def area(self) -> Area:
        """What its folder says."""
        return self.found.area

    def beside(self, text: str) -> str:
        """A path that is written in the file, from where segkit runs."""
        return os.path.normpath(self.found.path.parent / text)

    def rules(self, policy: str) -> Iterator[tuple[tuple[Step, ...], RuleEntry]]:
        """The rules of a policy that could be read, with their places in the file."""
        at = 0
        for rule in self.shape.policies[policy].rules:
            while ("policies", policy, "rules", at) in self.left_out:
                at += 1
            yield ("policies", policy, "rules", at), rule
            at += 1


def read_sheet(one: Found, where: str, found: Findings) -> Sheet | None:
    """A policy file; None after findings when nothing of it can be read."""
    document = open_document(one.path, "policy", where, found, columns=True)
    if document is None:
        return None
    from pydantic import ValidationError

    from segkit.model.formats import report_misfits
    from segkit.model.policy_format import PolicyFile

    try:
        return Sheet(one, document, PolicyFile.model_validate(document.data))
    except ValidationError as error:
        misfits = report_misfits(PolicyFile, error, document, found)
    if not isinstance(document.data, dict):
        return None
    cuts = frozenset(location if unknown else _entry(location) for location, unknown in misfits)
    try:
        shape = PolicyFile.model_validate(_without(document.data, cuts))
    except ValidationError:  # an entry that needed what was cut
        return Sheet(one, document, PolicyFile(), _broken(document.data, {(key,) for key in _ENDS}), cuts)
    return Sheet(one, document, shape, _broken(document.data, cuts), cuts)


def _entry(location: tuple[Step, ...]) -> tuple[Step, ...]:
    """The smallest thing around a location that can be left out by itself."""
    if location[:1] == ("policies",) and location[2:3] == ("rules",) and len(location) > 3:
        return location[:4]
    return location[:2] if location[:1] != ("labels",) else location[:1]


def _without(data: Any, cuts: frozenset[tuple[Step, ...]]) -> Any:
    data = copy.deepcopy(data)
    # From the back, so that the places in front keep their numbers.
    for location in sorted(
        cuts, key=lambda cut: [(isinstance(s, str), str(s).zfill(12)) for s in cut], reverse=True
    ):
        holder = data
        for step in location[:-1]:
            holder = holder[step] if _has(holder, step) else None
        if location and _has(holder, location[-1]):
            del holder[location[-1]]
    return data


def _has(holder: Any, step: Step) -> bool:
    if isinstance(holder, dict):
        return step in holder
    return isinstance(holder, list) and isinstance(step, int) and step < len(holder)


def _broken(
    data: dict[str, Any], cuts: set[tuple[Step, ...]] | frozenset[tuple[Step, ...]]
) -> frozenset[str]:
    """The keys of the ends and services that were cut."""
    keys = set()
    for section, kinds in _ENDS.items():
        held = data.get(section)
        for name in held if isinstance(held, dict) else ():
            if (section,) in cuts or (section, name) in cuts:
                keys |= {f"{kind}:{name}" for kind in kinds}
    return frozenset(keys)
