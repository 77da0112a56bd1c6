"""The SARIF that code hosts read: the shape the standard asks for, places, and text that steers nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segkit.report import sarif
from segkit.verify.finding import Finding, Reason, Witness

FOLDER = Path("/repo")
REDUNDANT = Finding(
    "warning",
    "redundant",
    "rule shop/orders",
    "allow rule shop/orders could go",
    "remove it",
    "rule shop/all says the same",
    "policies/shop.yaml:12",
    (Reason("rule shop/all", "policies/shop.yaml:7"), Reason("posture of zone z")),
    Witness('role == "web"', 'role == "db"', "tcp/80"),
)
NOTE = Finding("info", "no-ticket", "rule shop/all", "no ticket", "give it one", where="Retail/shop/all")
ERROR = Finding("error", "any-service", "rule shop/x", "any service", "name them", where="/repo/a b.py:3:9")
ELSEWHERE = Finding("info", "no-ticket", "rule o/x", "no ticket", "give it one", where="/etc/p.yaml:1")


def results(*found: Finding) -> list[dict[str, Any]]:
    (run,) = sarif.log(found, FOLDER)["runs"]
    held: list[dict[str, Any]] = run["results"]
    return held


def test_a_log_is_what_the_standard_asks_for() -> None:
    log = json.loads(sarif.render([ERROR, REDUNDANT, NOTE, ELSEWHERE], FOLDER))
    assert (log["version"], log["$schema"].rsplit("/", 1)[1]) == ("2.1.0", "sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "segkit"
    rules = [rule["id"] for rule in driver["rules"]]
    assert rules == sorted(set(rules)) == ["any-service", "no-ticket", "redundant"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        assert len(result["locations"]) == 1
        for place in (*result["locations"], *result.get("relatedLocations", ())):
            assert all(name["fullyQualifiedName"] for name in place["logicalLocations"])
            region = place.get("physicalLocation", {"region": {"startLine": 1}})["region"]
            assert all(isinstance(n, int) and n >= 1 for n in region.values())


def test_nothing_found_is_a_run_without_results() -> None:
    (run,) = sarif.log([], FOLDER)["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_level_message_proof_and_witness() -> None:
    (result,) = results(REDUNDANT)
    assert result["level"] == "warning"
    assert result["message"]["text"] == (
        "allow rule shop/orders could go. Why: rule shop/all says the same. "
        'For example: role == "web" -> role == "db" tcp/80. Fix: remove it'
    )
    related = result["relatedLocations"]
    assert [r["message"]["text"] for r in related] == ["rule shop/all", "posture of zone z"]
    assert related[0]["physicalLocation"]["region"] == {"startLine": 7}
    assert "physicalLocation" not in related[1]
    assert result["properties"]["witness"]["services"] == "tcp/80"


@pytest.mark.parametrize(
    ("finding", "uri", "region"),
    [
        (REDUNDANT, "policies/shop.yaml", {"startLine": 12}),
        (ERROR, "a%20b.py", {"startLine": 3, "startColumn": 9}),
        (ELSEWHERE, "file:///etc/p.yaml", {"startLine": 1}),
    ],
)
def test_places_are_relative_where_they_can_be(finding: Finding, uri: str, region: dict[str, int]) -> None:
    (result,) = results(finding)
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": uri}, "region": region}


def test_a_construct_path_is_no_file() -> None:
    (result,) = results(NOTE)
    assert list(result["locations"][0]) == ["logicalLocations"]


def test_a_finding_keeps_its_fingerprint_when_lines_move() -> None:
    moved = Finding("warning", "redundant", "rule shop/orders", "else", "remove it", where="x.yaml:99")
    prints = [r["partialFingerprints"]["segkit/v1"] for r in results(REDUNDANT, moved, NOTE)]
    assert prints[0] == prints[1] != prints[2]


def test_text_of_others_steers_no_terminal() -> None:
    bad = Finding("info", "no-ticket", "rule \x1b[31m", "what\u202e", "fix", where="x.yaml:1")
    text = sarif.render([bad], FOLDER)
    assert text.isascii() and "\\u001b" not in text and "\\\\x1b" in text
