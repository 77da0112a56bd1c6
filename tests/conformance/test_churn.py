"""Each kind of change of one rule touches what serves that rule, and nothing that serves others alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from segkit.model import Segmentation
from segkit.sets import ANY, L, tcp, udp
from segkit.verify import prove
from tests.conformance.compiling import compile_model
from tests.conformance.estates import target
from tests.conformance.planes import ENCODINGS, Plane
from tests.conformance.test_shape import changes
from tests.strategies import TODAY

Rule = Mapping[str, Any]

NAMED = [(plane, encoding) for plane, encoding in ENCODINGS if encoding != "cells"]
"""Where a group stands for a selector: cells are cut anew by any rule that tells machines apart."""

WEB, API, DB, OPS = (L.app == name for name in ("web", "api", "db", "ops"))
ONE: Rule = {"action": "allow", "source": WEB, "destination": API, "services": tcp("8080-8090"), "id": "one"}

KINDS: dict[str, Rule | None] = {
    "gone": None,
    "more ports": {"services": tcp("8080-8099")},
    "fewer ports": {"services": tcp(8085)},
    "a list of ports": {"services": tcp(1, "8080-8090", 9000)},
    "another protocol": {"services": udp("8080-8090")},
    "one protocol more": {"services": tcp("8080-8090") | udp(53)},
    "every service": {"services": ANY},
    "another source": {"source": OPS},
    "another destination": {"destination": DB},
    "a source more": {"source": [WEB, OPS]},
    "a range for a source": {"source": "corp"},
    "an exception": {"unless_source": L.old == "yes"},
    "a deny": {"action": "deny"},
    "a deny of everybody's": {"action": "deny", "source": "corp"},
    "another tier": {"tier": "global"},
    "the other direction": {"source": API, "destination": WEB},
    "another id": {"id": "first", "services": tcp(1)},
}
SAID: dict[str, Rule] = {
    "a ticket": {"ticket": "NET-7"},
    "a purpose": {"purpose": "orders, and what else there is"},
    "an owner": {"owner": "somebody"},
    "a last day": {"expires": "2026-12-31"},
}


def estate(plane: Plane, encoding: str, change: Rule | None) -> Segmentation:
    """Four kinds of machines and rules that have nothing to do with the first of them."""
    seg = Segmentation("m", today=TODAY)
    sets = {"corp": seg.address_set("corp", ["172.16.0.0/12", "2001:db8:c::/48"])}
    for n, app in enumerate(("web", "web", "api", "db", "ops", "idle")):
        known = plane.interface(str(n)) if n % 2 else None
        seg.workload(f"{app}-{n}", {"app": app}, [f"10.0.0.{n + 1}", f"fd00::{n + 1}"], interface_id=known)
    seg.workload("web-old", {"app": "web", "old": "yes"}, ["10.0.0.9"])
    if change is not None:
        said = {**ONE, **change}
        action, tier, ends = said.pop("action"), said.pop("tier", "application"), {}
        for end in ("source", "destination"):
            found = said.pop(end)
            ends[end] = sets[found] if isinstance(found, str) else found
        policy = seg.policy(tier if tier == "global" else "p", tier)
        getattr(policy, action)(ends["source"], ends["destination"], said.pop("services"), **said)
    others = seg.policy("others", "application")
    others.allow(API, DB, tcp(5432), id="data")
    others.allow(sets["corp"], WEB, tcp(443), id="front")
    others.allow(OPS, [WEB, API], tcp(22), id="ops")
    seg.policy("netsec", "global").deny(OPS, DB, tcp(22), id="ssh")
    target(seg, plane, encoding, place=plane.dynamic, accept=("snapshot",))
    return seg


@pytest.mark.usefixtures("no_quotas")
@pytest.mark.parametrize(("plane", "encoding"), NAMED, ids=[f"{p}-{e}" for p, e in NAMED])
@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_one_rule_leaves_the_rules_of_others_alone(
    plane: Plane, encoding: str, kind: str
) -> None:
    before, after = (compile_model(estate(plane, encoding, c).build()) for c in ({}, KINDS[kind]))
    assert prove(after.model, after.fragment, intent=after.intent, residuals=after.residuals).ok
    old, new = plane.parts(before.fragment), plane.parts(after.fragment)
    came, went, changed = changes(plane, before.fragment, after.fragment)
    # Two rules whose names want one priority: one of them goes on to the next.
    moved = {key for key in changed if differing(old[key], new[key]) == {"priority"}}
    touched = {key for key in came | went | changed if key[0] in plane.rules} - moved
    assert touched and len(moved) <= 1
    for key in touched:
        texts = [str(parts[key].get("description")) for parts in (old, new) if key in parts]
        assert any("/one" in text or "/first" in text for text in texts), (key, texts)


@pytest.mark.usefixtures("no_quotas")
@pytest.mark.parametrize(("plane", "encoding"), NAMED, ids=[f"{p}-{e}" for p, e in NAMED])
@pytest.mark.parametrize("kind", SAID)
def test_what_is_said_of_a_rule_changes_texts_alone(plane: Plane, encoding: str, kind: str) -> None:
    before, after = (compile_model(estate(plane, encoding, c).build()) for c in ({}, SAID[kind]))
    old, new = plane.parts(before.fragment), plane.parts(after.fragment)
    came, went, changed = changes(plane, before.fragment, after.fragment)
    assert not came and not went
    for key in changed:
        assert differing(old[key], new[key]) <= {"description", "tags"}, key


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """The arguments in which two resources differ."""
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
