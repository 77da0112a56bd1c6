"""From a model to a deployed, proved estate: real Terraform, the real AWS provider, a moto server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segkit import tcp
from segkit.compiler import compile_model
from segkit.model.model import Model
from segkit.verify import prove
from tests.e2e.deployed import client, describe, mismatches
from tests.e2e.estate import estate, network
from tests.e2e.terraform import Terraform, changes, provider

pytestmark = pytest.mark.e2e


@pytest.fixture
def workplace(
    terraform: str, aws_provider_mirror: dict[str, str], moto_endpoint: str, tmp_path: Path
) -> tuple[Terraform, str]:
    return Terraform(terraform, aws_provider_mirror, tmp_path), moto_endpoint


def _write(terraform: Terraform, endpoint: str, model: Model) -> None:
    done = compile_model(model)
    document = terraform.write(
        {"provider": {"aws": [provider(endpoint)]}},
        network(lambda name: done.membership("aws", name)),
        done.fragment,
    )
    proof = prove(model, document)
    assert proof.ok, proof.text()
    assert {m.status for m in proof.memberships} == {"seen"}


def _resources(model: Model) -> set[str]:
    fragment = compile_model(model).fragment
    return {f"{kind}.{name}" for kind, named in fragment["resource"].items() for name in named}


@pytest.mark.parametrize("options", [{}, {"encoding": "cells"}], ids=["groups", "cells"])
def test_what_is_deployed_means_what_was_declared(
    workplace: tuple[Terraform, str], options: dict[str, Any]
) -> None:
    terraform, endpoint = workplace
    model = estate(prefix_lists=["partners"], **options)
    _write(terraform, endpoint, model)
    terraform.plan()
    terraform.apply()
    ec2 = client(endpoint)
    assert mismatches(model, describe(ec2)) == []
    assert changes(terraform) == {}
    if not options:
        _a_rule_added_behind_the_back_is_found(model, ec2)
    terraform.destroy()
    left = describe(client(endpoint))["SecurityGroups"]
    assert not [g for g in left if g["GroupName"].startswith("e2e-")]


def _a_rule_added_behind_the_back_is_found(model: Model, ec2: Any) -> None:
    group = next(g for g in describe(ec2)["SecurityGroups"] if g["GroupName"].startswith("e2e-db"))
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "198.51.100.7/32"}],
    }
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[permission])
    assert [str(m.opens) for m in mismatches(model, describe(ec2))] == ["tcp/22"]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[permission])


def test_a_rule_more_adds_only_its_own_resources_and_goes_again(workplace: tuple[Terraform, str]) -> None:
    terraform, endpoint = workplace

    def more(to: int) -> Callable[[Any], None]:
        return lambda parts: parts[0].allow(parts[1], parts[3], tcp((6379, to)), ticket="NET-9")

    before, after = estate(), estate(more(6379))
    _write(terraform, endpoint, before)
    terraform.plan()
    terraform.apply()
    fresh = _resources(after) - _resources(before)
    assert len(fresh) == 2  # out of web, into db

    _write(terraform, endpoint, after)
    assert changes(terraform) == {address: ["create"] for address in fresh}
    terraform.apply()
    assert mismatches(after, describe(client(endpoint))) == []

    _write(terraform, endpoint, estate(more(6380)))  # a wider range is changed in place: nothing is cut
    assert changes(terraform) == {address: ["update"] for address in fresh}

    _write(terraform, endpoint, before)
    assert changes(terraform) == {address: ["delete"] for address in fresh}
    terraform.apply()
    assert mismatches(before, describe(client(endpoint))) == []


def test_a_renamed_zone_moves_and_replaces_nothing(workplace: tuple[Terraform, str]) -> None:
    terraform, endpoint = workplace
    _write(terraform, endpoint, estate())
    terraform.plan()
    terraform.apply()
    renamed = estate(edge="front")
    _write(terraform, endpoint, renamed)
    plan = changes(terraform)
    assert {tuple(actions) for actions in plan.values()} <= {("moved",), ("update",)}
    assert any("zone-front" in address for address in plan)
    terraform.apply()
    assert mismatches(renamed, describe(client(endpoint))) == []
