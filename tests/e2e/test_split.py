"""One segmentation in stacks of their own states: two accounts, two regions, references by output and by
address, applied one after the other."""

from __future__ import annotations

from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from segkit import L, tcp
from segkit.artifacts import join, link
from segkit.compiler import Compilation, compile_model
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.verify import prove
from tests.e2e.deployed import client, describe, mismatches
from tests.e2e.terraform import Terraform, changes, provider

pytestmark = pytest.mark.e2e

ACCOUNTS = {"main": "123456789012", "logs": "222222222222"}
HOSTS = {
    "web-1": ("web", "main", "eu-west-1", "shop", "10.1.0.11"),
    "api-1": ("api", "main", "eu-west-1", "shop", "10.1.0.21"),
    "db-1": ("db", "main", "eu-west-1", "data", "10.2.0.11"),
    "log-1": ("log", "logs", "us-east-1", "logs", "10.3.0.11"),
}
SHOP, DATA, LOGS = "estate-main-eu-west-1-shop", "estate-main-eu-west-1-data", "estate-logs-us-east-1-logs"
GROUPS = "estate-groups"
CIDRS = {SHOP: "10.1.0.0/16", DATA: "10.2.0.0/16", LOGS: "10.3.0.0/16"}


def _model() -> Model:
    """Peered VPCs refer to each other's groups, both ways; the logs, in another region, go by address."""
    seg = Segmentation("estate", today=date(2026, 11, 20))
    web, api, db, log = (seg.group(name, select=L.role == name) for name in ("web", "api", "db", "log"))
    policy = seg.policy("shop", tier="application", owner="team-shop")
    policy.allow(web, api, tcp(8080))
    policy.allow(api, db, tcp(5432))
    policy.allow(db, web, tcp(9000))
    policy.allow([web, db], log, tcp(514))
    for name, (role, account, region, vpc, address) in HOSTS.items():
        labels = {"role": role, "account": account, "region": region, "vpc": vpc}
        seg.workload(name, labels, addresses=[address])
    parts = seg.split_by("account", "region", "vpc")
    assert [part.name for part in parts] == [LOGS, DATA, SHOP]
    for part in parts:
        peered = part.name != LOGS
        target = seg.target(
            part.name,
            "aws",
            part.select,
            stack=part.name,
            identities=GROUPS if peered else None,
            placement={
                "vpc_id": f"${{aws_vpc.{part['vpc']}.id}}",
                "region": part["region"],
                "account": ACCOUNTS[part["account"]],
                "peered_with": sorted({SHOP, DATA} - {part.name}) if peered else [],
                "references": "address" if part.name == LOGS else None,
            },
        )
        target.accept_residual("snapshot", owner="netsec", reason="the logs are far", expires="2027-11-20")
    return seg.build()


def _own(endpoint: str, done: Compilation, folder: Path) -> dict[str, dict[str, Any]]:
    """What the stacks hold besides: providers, VPCs, the peering, and machines that take their groups.

    The VPCs of one account are beside the groups; the others read their subnets from there.
    """
    role = [{"role_arn": f"arn:aws:iam::{ACCOUNTS['logs']}:role/segkit"}]
    out: dict[str, dict[str, Any]] = {
        name: {"provider": {"aws": [provider(endpoint)]}, "resource": {}} for name in done.model.stacks
    }
    out[LOGS]["provider"] = {"aws": [provider(endpoint, region="us-east-1", assume_role=role)]}
    for name, cidr in CIDRS.items():
        vpc = name.rpartition("-")[2]
        home = out[LOGS if name == LOGS else GROUPS]
        home["resource"].setdefault("aws_vpc", {})[vpc] = {"cidr_block": cidr}
        subnet = {"cidr_block": cidr, "vpc_id": f"${{aws_vpc.{vpc}.id}}"}
        home["resource"].setdefault("aws_subnet", {})[vpc] = subnet
        where = f"${{aws_subnet.{vpc}.id}}"
        if name != LOGS:
            home.setdefault("output", {})[vpc] = {"value": where}
            config = {"path": str(folder / f"terraform.{GROUPS}.tfstate")}
            out[name]["data"] = {"terraform_remote_state": {"net": {"backend": "local", "config": config}}}
            where = f"${{data.terraform_remote_state.net.outputs.{vpc}}}"
        out[name]["resource"]["aws_network_interface"] = {
            host: {
                "subnet_id": where,
                "private_ips": [address],
                "security_groups": done.membership(name, host),
            }
            for host, (*_, in_vpc, address) in HOSTS.items()
            if in_vpc == vpc
        }
    peers = {"vpc_id": "${aws_vpc.shop.id}", "peer_vpc_id": "${aws_vpc.data.id}", "auto_accept": True}
    out[GROUPS]["resource"]["aws_vpc_peering_connection"] = {"shop-data": peers}
    return out


def test_stacks_of_two_accounts_and_regions(
    terraform: str,
    aws_provider_mirror: dict[str, str],
    moto_endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # where states are kept that nobody places
    model = _model()
    done = compile_model(model)
    stacks = link(done.divided, _own(moto_endpoint, done, tmp_path))
    needs = done.divided.dependencies
    assert needs == {SHOP: (GROUPS,), DATA: (GROUPS,), LOGS: (), GROUPS: ()}

    folders: dict[str, Terraform] = {}
    written = {}
    for name in TopologicalSorter(needs).static_order():
        (tmp_path / name).mkdir()
        folders[name] = Terraform(terraform, aws_provider_mirror, tmp_path / name)
        written[name] = folders[name].write(stacks[name])
    proof = prove(model, join(written, model.stacks), intent=done.intent, residuals=done.residuals)
    assert proof.ok, proof.text()
    assert {m.status for m in proof.memberships} == {"seen"}
    assert not [note for note in proof.notes if "peered" in note]  # seen, not assumed
    for folder in folders.values():
        folder.plan()
        folder.apply()
    assert {name: changes(folder) for name, folder in folders.items()} == {name: {} for name in folders}

    here = client(moto_endpoint)
    session = client(moto_endpoint, service="sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNTS['logs']}:role/segkit", RoleSessionName="segkit"
    )["Credentials"]
    there = client(
        moto_endpoint,
        region="us-east-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    answers = [describe(here), describe(there)]
    assert [len(a["NetworkInterfaces"]) for a in answers] == [3, 1]
    assert mismatches(model, *answers) == []
