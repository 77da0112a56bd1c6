"""Tags that are there already: what people may say of them, and what that makes of names and imports."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.sets import L, tcp
from tests.google.kit import compiled, proof, target
from tests.strategies import TODAY

KEY, VALUE = "google_tags_tag_key", "google_tags_tag_value"
WHOLE = {"key": "Role", "key_id": "tagKeys/12", "value": "web", "value_id": "tagValues/34"}


def named(**more: Any) -> Segmentation:
    """Two machines, one rule between two groups."""
    seg = Segmentation("shop", today=TODAY)
    web, db = seg.group("web", L.app == "web"), seg.group("db", L.app == "db")
    seg.workload("web", {"app": "web"}, ["10.0.0.1"])
    seg.workload("db", {"app": "db"}, ["10.0.0.2"])
    seg.policy("p", "application").allow(web, db, tcp(5432), id="orders")
    target(seg, **more)
    return seg


def test_a_tag_keeps_its_names_and_is_imported() -> None:
    fragment = compiled(named(adopt={"web": WHOLE})).fragment
    assert fragment["resource"][KEY]["net_web"]["short_name"] == "Role"
    assert fragment["resource"][VALUE]["net_web"]["short_name"] == "web"
    assert fragment["import"] == [
        {"to": f"${{{KEY}.net_web}}", "id": "tagKeys/12"},
        {"to": f"${{{VALUE}.net_web}}", "id": "tagValues/34"},
    ]
    assert proof(named(adopt={"web": WHOLE})).ok


def test_a_value_of_a_key_that_several_groups_have() -> None:
    """It may be adopted; the key is nobody's alone."""
    fragment = compiled(named(encoding="cells", adopt={"web": {"value": "front"}})).fragment
    assert "front" in {body["short_name"] for body in fragment["resource"][VALUE].values()}
    with pytest.raises(SegkitError, match="a key, which others have too"):
        compiled(named(encoding="cells", adopt={"web": {"key": "role"}}))


def test_a_network_tag_keeps_its_name() -> None:
    done = compiled(named(tags="network", adopt={"web": {"value": "http-server"}}))
    rules = done.fragment["resource"]["google_compute_firewall"].values()
    assert any("http-server" in rule["target_tags"] for rule in rules)
    assert proof(named(tags="network", adopt={"web": {"value": "http-server"}})).ok


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"adopt": {"web": {"name": "x"}}}, "adopt is"),
        ({"adopt": {"web": {"key": 7}}}, "adopt is"),
        ({"adopt": {"web": {"key": "a/b"}}}, "key of 'web' is 'a/b', which is no short name"),
        ({"adopt": {"web": {"value": "-a"}}}, "value of 'web' is '-a', which is no short name"),
        ({"adopt": {"web": {"key": "a", "key_id": "12"}}}, "key_id of 'web' is '12'"),
        ({"adopt": {"web": {"value": "a", "value_id": "tagKeys/1"}}}, "value_id of 'web' is 'tagKeys/1'"),
        ({"adopt": {"web": {"key_id": "tagKeys/1"}}}, "'web' has a key_id and no key"),
        ({"adopt": {"wep": {"key": "a"}}}, "adopt names 'wep', and there is no such group"),
        ({"tags": "network", "adopt": {"web": {"key": "a"}}}, "'web' keeps key, and tags is 'network'"),
        ({"tags": "network", "adopt": {"web": {"value": "A"}}}, "which is no network tag"),
    ],
)
def test_what_is_wrong_with_it_is_said(more: dict[str, Any], said: str) -> None:
    with pytest.raises(SegkitError) as raised:
        compiled(named(**more))
    assert said in str(raised.value) and all(problem.fix for problem in raised.value.problems)
