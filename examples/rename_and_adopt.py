"""Rename a group without touching AWS, and take over a security group that exists already.

    python examples/rename_and_adopt.py

A renamed group keeps its physical name (changing that would replace a group in use) and Terraform gets
`moved` blocks. An adopted one keeps its name and description and is imported by its id. What rules it has
besides ours nobody knows from here, so the proof stays `unproved` until a person answers for that.
"""

from __future__ import annotations

from typing import Any

from segkit import L, tcp
from segkit.compiler import compile_model
from segkit.model import Segmentation
from segkit.verify import prove

EXISTING = {"name": "legacy-db-sg", "description": "created by hand in 2019", "id": "sg-0123456789abcdef0"}


def declare(
    web_name: str, moved_from: str | None = None, adopt: dict[str, Any] | None = None
) -> Segmentation:
    """A shop whose web group may have had another name before."""
    seg = Segmentation("shop")
    web = seg.group(web_name, L.role == "web", moved_from=moved_from)
    database = seg.group("database", L.role == "database")
    seg.policy("shop", tier="application").allow(web, database, tcp(5432), id="orders")
    for role in ("web", "database"):
        seg.workload(f"{role}-1", {"role": role})
    placement = {"vpc_id": "vpc-0a1b2c3d", "region": "eu-west-1", "adopt": adopt}
    aws = seg.target("aws", "aws", placement=placement)
    if adopt:
        aws.accept_residual(
            "unproved", owner="team-shop", reason="its rules were read on 2026-11-19", expires="2027-12-31"
        )
    return seg


def main() -> None:
    before = compile_model(declare("web").build()).fragment
    renamed = compile_model(declare("frontend", moved_from="web").build())
    old, new = (f["resource"]["aws_security_group"] for f in (before, renamed.fragment))
    print(f"renamed in code: aws_web -> {', '.join(sorted(set(new) - set(old)))}")
    print(f"name at AWS: {old['aws_web']['name']} -> {new['aws_frontend']['name']}")
    for move in renamed.fragment["moved"]:
        print(f"moved {move['from']} -> {move['to']}")

    adopted = compile_model(declare("web", adopt={"database": EXISTING}).build())
    group = adopted.fragment["resource"]["aws_security_group"]["aws_database"]
    print(
        f"adopted: {group['name']!r}, {group['description']!r}, import {adopted.fragment['import'][0]['id']}"
    )
    print(f"proof: {prove(adopted.model, adopted.fragment).status}")


if __name__ == "__main__":
    main()
