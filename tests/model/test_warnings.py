"""What the checks of a whole model warn of, and what they let pass in silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segkit.model import anywhere
from segkit.sets import ANY, L, tcp
from tests.model.kit import DB, WEB, rules, seg, text, workload, zones

WARNINGS: dict[str, tuple[Callable[[Any], object], str]] = {
    "workload in no zone": (
        lambda s: (zones(s), workload(s, "w")),
        (
            "w.py:1: workload 'w' is in no zone\n"
            "  why: outside zones everything is denied that no rule allows\n"
            "  fix: label it so that a zone takes it in, or widen a zone"
        ),
    ),
    "allow that expired": (
        rules(("allow", WEB, DB, tcp(80), {"expires": "2027-01-30"})),
        "p.py:2: rule 'p0/r' expired on 2027-01-30 and is not rendered\n  fix: renew expires=, or remove it",
    ),
    "last day": (
        rules(("allow", WEB, DB, tcp(80), {"expires": "2027-01-31"})),
        (
            "p.py:2: rule 'p0/r' expires on 2027-01-31: today is its last day\n"
            "  fix: renew expires=, or let it go"
        ),
    ),
    "one day left": (
        rules(("deny", WEB, DB, tcp(80), {"expires": "2027-02-01"})),
        "p.py:2: rule 'p0/r' expires on 2027-02-01: 1 day left\n  fix: renew expires=, or let it go",
    ),
    "thirty days left": (
        rules(("allow", WEB, DB, tcp(80), {"expires": "2027-03-02"})),
        "p.py:2: rule 'p0/r' expires on 2027-03-02: 30 days left\n  fix: renew expires=, or let it go",
    ),
    "thirty-one days left": (rules(("allow", WEB, DB, tcp(80), {"expires": "2027-03-03"})), ""),
    "residual that expires soon": (
        lambda s: s.target("aws", "aws").accept_residual(
            "snapshot", owner="net", reason="old", expires="2027-02-10", where="t.py:2"
        ),
        "t.py:2: the acceptance of 'snapshot' on target 'aws' expires on 2027-02-10\n  fix: renew it in time",
    ),
    "address that nobody reaches": (
        lambda s: workload(s, "w", addresses=["127.0.0.1", "10.0.0.1"]),
        (
            "w.py:1: workload 'w' has an address that its peers cannot use: 127.0.0.1/32\n"
            "  why: loopback, link-local, multicast and reserved addresses never reach another machine\n"
            "  fix: leave it out"
        ),
    ),
    "covered by a quarantine": (
        rules(("allow", WEB, DB, tcp(80)), ("deny", WEB, anywhere, ANY), tiers="application quarantine"),
        (
            "p.py:2: rule 'p0/r' can never apply: deny rule 'p1/r' covers it wholly\n"
            "  why: 'p1/r' at p.py:3 is in the earlier tier quarantine and decides before it\n"
            "  fix: nothing, if the quarantine is meant to pass"
        ),
    ),
    "an allow with a last day covers nothing for good": (
        rules(
            ("deny", WEB, DB, tcp(80)),
            ("allow", WEB, DB, ANY, {"expires": "2028-01-01"}),
            tiers="application global",
        ),
        "",
    ),
    "group and zone of one name": (lambda s: (zones(s), s.group("core", WEB)), ""),
    "one address in two realms": (
        lambda s: (
            workload(s, "a", addresses=["10.0.0.1"]),
            workload(s, "b", addresses=["10.0.0.1"], realm="b"),
        ),
        "",
    ),
    "class around a workload": (
        lambda s: (
            workload(s, "a", addresses=["10.0.0.1"]),
            s.workload_class("asg", {"app": "shop"}, networks=["10.0.0.0/24"]),
        ),
        "",
    ),
    "rules that touch their zone": (
        lambda s: (
            zones(s),
            [
                s.policy(f"p{at}", "zone", zone="core").allow(end, anywhere, tcp(80))
                for at, end in enumerate(
                    [
                        (L.zone == "core") & WEB,
                        s.address_set("part", ["10.1.2.0/24"]),
                        [s.group("db", (L.zone == "core") & DB), s.address_set("more", ["10.1.0.0/24"])],
                    ]
                )
            ],
        ),
        "",
    ),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_warning(case: str) -> None:
    declare, expected = WARNINGS[case]
    one = seg()
    declare(one)
    one.build()
    assert text(one.warnings) == expected
