"""What `segkit lint` found as SARIF 2.1.0, which code hosts show beside the lines of a pull request.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0". Section numbers below are
its. Text stays ASCII (JSON escapes), so that no label can steer a terminal.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from segkit import __version__
from segkit.report.safe import printable
from segkit.verify.finding import Finding, Reason, Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"

_LEVELS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[1-9]\d*)(?::(?P<column>[1-9]\d*))?")


def render(found: Sequence[Finding], folder: Path) -> str:
    """The findings as one SARIF log. Files under `folder` are told relative to it: code hosts want that."""
    return json.dumps(log(found, folder), indent=2, ensure_ascii=True) + "\n"


def log(found: Sequence[Finding], folder: Path) -> dict[str, Any]:
    """The findings as the data of one SARIF log with one run."""
    codes = sorted({f.code for f in found})
    worst = {code: min((f for f in found if f.code == code), key=_rank) for code in codes}
    driver = {
        "name": "segkit",
        "semanticVersion": __version__,
        "rules": [
            {
                "id": code,
                "shortDescription": {"text": code.replace("-", " ")},
                "help": {"text": printable(worst[code].fix)},
                "defaultConfiguration": {"level": _LEVELS[worst[code].severity]},
            }
            for code in codes
        ],
    }
    results = [_result(f, codes.index(f.code), folder) for f in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _result(finding: Finding, index: int, folder: Path) -> dict[str, Any]:
    place = _physical(finding.where, folder)
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": printable(finding.subject)}]}
    if place is not None:
        location = {"physicalLocation": place, **location}
    out: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [location],
        # 3.27.17: stays the same when lines move, so that a finding dismissed once stays so.
        "partialFingerprints": {"segkit/v1": _fingerprint(finding)},
    }
    related = [_related(n, reason, folder) for n, reason in enumerate(finding.proof)]
    if related:
        out["relatedLocations"] = related
    if finding.witness is not None:
        flow = finding.witness
        out["properties"] = {
            "witness": {"source": flow.source, "destination": flow.destination, "services": flow.services}
        }
    return out


def _related(number: int, reason: Reason, folder: Path) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": number,
        "message": {"text": printable(reason.subject)},
        "logicalLocations": [{"fullyQualifiedName": printable(reason.subject)}],
    }
    place = _physical(reason.where, folder)
    return out if place is None else {**out, "physicalLocation": place}


def _physical(where: str, folder: Path) -> dict[str, Any] | None:
    """A file and its line; None for a place that is no line of a file, such as a construct path."""
    found = _PLACE.fullmatch(where)
    if found is None:
        return None
    region = {"startLine": int(found["line"])}
    if found["column"]:
        region["startColumn"] = int(found["column"])
    return {"artifactLocation": {"uri": _uri(Path(found["file"]), folder)}, "region": region}


def _uri(path: Path, folder: Path) -> str:
    """3.4.3: a URI reference; relative where the file is under `folder`."""
    if path.is_absolute() and not path.is_relative_to(folder):
        return path.as_uri()
    return quote((path.relative_to(folder) if path.is_absolute() else path).as_posix())


def _message(finding: Finding) -> str:
    parts = [finding.what]
    if finding.why:
        parts.append(f"Why: {finding.why}")
    if finding.witness is not None:
        parts.append(f"For example: {finding.witness.text}")
    parts.append(f"Fix: {finding.fix}")
    return ". ".join(printable(part) for part in parts)


def _fingerprint(finding: Finding) -> str:
    return hashlib.sha256(f"{finding.code}\n{finding.subject}".encode()).hexdigest()[:32]


def _rank(finding: Finding) -> int:
    return list(_LEVELS).index(finding.severity)
