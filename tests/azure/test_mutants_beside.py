"""Mistakes in rules that are resources of their own, in a security group of others."""

from __future__ import annotations

from typing import Any

import pytest

from segkit.compiler import compile_model
from segkit.verify import prove
from tests.azure.kit import ARGUMENTS, Document, place
from tests.conformance import azure
from tests.conformance.estates import tiers
from tests.conformance.planes import AZURE

NSG, RULE = "azurerm_network_security_group", "azurerm_network_security_rule"
ON_SUBNET = "azurerm_subnet_network_security_group_association"
LISTS = tuple(name for name in ARGUMENTS if name.endswith(("es", "s")) and not name.endswith("access"))


def inside(document: Document) -> Document:
    """The stack as if our rules stood inside the security group of others."""
    absent = {name: [] if name in LISTS else "" for name in ARGUMENTS}
    resources = {kind: named for kind, named in document["resource"].items() if kind != RULE}
    rules = [
        {**absent, **{k: v for k, v in body.items() if k in ARGUMENTS}}
        for _, body in sorted(document["resource"][RULE].items())
    ]
    resources[NSG] = {"theirs": {**place("theirs"), "security_rule": rules}}
    resources[ON_SUBNET] = {
        "theirs": {"subnet_id": "snet", "network_security_group_id": f"${{{NSG}.theirs.id}}"}
    }
    return {**document, "resource": resources}


def apart(document: Document) -> Document:
    """The same with each rule a resource of its own again."""
    resources = dict(document["resource"])
    rules = resources[NSG]["theirs"]["security_rule"]
    whose = {"resource_group_name": "rg", "network_security_group_name": "theirs"}
    made = [{**{k: v for k, v in rule.items() if v not in ("", [], None)}, **whose} for rule in rules]
    resources[NSG] = {"theirs": place("theirs")}
    resources[RULE] = {**resources.get(RULE, {}), **{f"r{n}": body for n, body in enumerate(made)}}
    return {**document, "resource": resources}


@pytest.mark.parametrize("form", ["compiled", "bands"])
def test_mutants_beside_rules_of_others_are_caught(form: str) -> None:
    there = {"name": "theirs", "resource_group": "rg"}
    subnet: dict[str, Any] = {"id": "snet", "prefixes": ["10.0.0.0/24", "fd00::/64"], "security_group": there}
    with azure.unlimited():
        model = tiers(AZURE, "groups", {"subnets": {"all": subnet}, "tiers": form}).build()
        done = compile_model(model)
        whole = inside(done.fragment)
        proof = prove(model, apart(whole), intent=done.intent, residuals=done.residuals)
        assert proof.status == "equal" and not proof.accepted, proof.text()
        caught = 0
        for name, mutant in AZURE.mutants(whole, 7, 60 if form == "bands" else 15):
            witness = azure.judge(model, whole, mutant)
            if witness is not None:
                caught += 1
                proof = prove(model, apart(mutant), intent=done.intent, residuals=done.residuals)
                assert not proof.ok, f"{name} was called equal; it differs for {witness}"
    assert caught > (10 if form == "bands" else 2)
