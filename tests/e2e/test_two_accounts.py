"""Two VPCs in two accounts, by provider alias: where no reference is allowed, addresses serve."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from segkit import L, tcp
from segkit.compiler import compile_model
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.verify import prove
from tests.e2e.deployed import client, describe, mismatches
from tests.e2e.terraform import Terraform, changes, provider

pytestmark = pytest.mark.e2e

OTHER_ACCOUNT = "222222222222"
HOSTS = {
    "web-1": ("web", "one", "10.1.0.11"),
    "db-1": ("db", "two", "10.2.0.11"),
    "db-2": ("db", "two", "10.2.0.12"),
}


def _model() -> Model:
    seg = Segmentation("accounts", today=date(2026, 11, 20))
    web, db = (seg.group(name, select=L.role == name) for name in ("web", "db"))
    seg.policy("shop", tier="application", owner="team-shop").allow(web, db, tcp(5432))
    for name, (role, vpc, address) in HOSTS.items():
        seg.workload(name, {"role": role, "vpc": vpc}, addresses=[address])
    for vpc, more in (("one", {}), ("two", {"provider": "aws.other", "account": OTHER_ACCOUNT})):
        placement = {"vpc_id": f"${{aws_vpc.{vpc}.id}}", "region": "eu-west-1", **more}
        target = seg.target(vpc, "aws", select=L.vpc == vpc, placement=placement)
        target.accept_residual(
            "snapshot", owner="netsec", reason="the accounts are not peered", expires=date(2027, 11, 20)
        )
    return seg.build()


def _network(membership: dict[str, str]) -> dict[str, Any]:
    resources: dict[str, Any] = {"aws_vpc": {}, "aws_subnet": {}, "aws_network_interface": {}}
    for vpc, cidr, alias in (("one", "10.1.0.0/16", "aws"), ("two", "10.2.0.0/16", "aws.other")):
        resources["aws_vpc"][vpc] = {"cidr_block": cidr, "provider": alias}
        subnet = {"vpc_id": f"${{aws_vpc.{vpc}.id}}", "cidr_block": cidr, "provider": alias}
        resources["aws_subnet"][vpc] = subnet
    for name, (_, vpc, address) in HOSTS.items():
        resources["aws_network_interface"][name] = {
            "subnet_id": f"${{aws_subnet.{vpc}.id}}",
            "private_ips": [address],
            "security_groups": membership[name],
            "provider": "aws" if vpc == "one" else "aws.other",
        }
    return {"resource": resources}


def test_two_vpcs_in_two_accounts(
    terraform: str, aws_provider_mirror: dict[str, str], moto_endpoint: str, tmp_path: Path
) -> None:
    model = _model()
    done = compile_model(model)
    assert {r.name for r in done.residuals} == {"snapshot"}
    role = [{"role_arn": f"arn:aws:iam::{OTHER_ACCOUNT}:role/segkit"}]
    folder = Terraform(terraform, aws_provider_mirror, tmp_path)
    document = folder.write(
        {
            "provider": {
                "aws": [provider(moto_endpoint), provider(moto_endpoint, alias="other", assume_role=role)]
            }
        },
        _network({name: done.membership(vpc, name) for name, (_, vpc, _) in HOSTS.items()}),
        done.fragment,
    )
    assert prove(model, document).ok
    folder.plan()
    folder.apply()
    assert changes(folder) == {}

    here = client(moto_endpoint)
    session = client(moto_endpoint, service="sts").assume_role(
        RoleArn=role[0]["role_arn"], RoleSessionName="segkit"
    )["Credentials"]
    there = client(
        moto_endpoint,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    answers = [describe(here), describe(there)]
    assert {len(a["NetworkInterfaces"]) for a in answers} == {1, 2}
    assert mismatches(model, *answers) == []
