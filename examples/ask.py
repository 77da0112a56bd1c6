"""Ask a model who may reach whom, and why.

    python examples/ask.py

The same questions on the command line: `segkit check web database tcp/5432 --intent examples/ask.py`.
"""

from __future__ import annotations

from segkit import ANY, L, ServiceSet, tcp
from segkit.intent import Intent
from segkit.model import Segmentation, anywhere

QUESTIONS = (
    ("web", "database", "tcp/5432"),
    ("web", "database", "tcp/22"),
    ("bastion", "database", "tcp/22"),
    ("internet", "web", "tcp/22; tcp/443"),
    ("infected", "database", "tcp/5432"),
)


def build() -> Segmentation:
    """Three tiers that speak of one pair: the first with a verdict decides."""
    seg = Segmentation("ask")
    web = seg.group("web", L.role == "web")
    database = seg.group("database", L.role == "database")
    bastion = seg.group("bastion", L.role == "bastion")
    seg.policy("isolation", tier="quarantine").deny(L.quarantine == "true", anywhere, ANY, id="out")
    seg.policy("guardrail", tier="global").deny(
        anywhere, anywhere, tcp(22), id="ssh", unless_source=bastion, purpose="only from the bastion"
    )
    shop = seg.policy("shop", tier="application")
    shop.allow(web, database, "postgresql", id="orders")
    shop.allow(anywhere, web, "https; ssh", id="front")
    shop.allow(bastion, [web, database], "ssh", id="login")
    for number, role in enumerate(("web", "database", "bastion"), start=5):
        seg.workload(f"{role}-1", {"role": role}, addresses=[f"10.0.0.{number}"])
    seg.workload("infected", {"role": "web", "quarantine": "true"}, addresses=["10.0.0.66"])
    return seg


def main() -> None:
    intent = Intent(build().build())
    for source, destination, service in QUESTIONS:
        found = intent.explain(source, destination, ServiceSet.parse(service))
        print(f"{source} -> {destination} {service}: {found.verdict}")
        for case in found.cases:
            print(f"  {case.verdict:5}  {case.services} by {case.decided_by}")
            for other in case.shaped_by:
                if other is not case.rule:
                    print(f"         matches too, and does not decide: {other.id}")


if __name__ == "__main__":
    main()
