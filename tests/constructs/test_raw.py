"""Resources, data sources and providers as plain data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segkit import L
from segkit.constructs import AwsSecurityGroups, DataSource, Provider, Resource, Segmentation
from tests.constructs.conftest import document, new_app


def _stack(lib: Any, outdir: str) -> Any:
    app = new_app(lib, outdir)
    stack = lib.TerraformStack(app, "raw")
    source = {"source": "hashicorp/aws", "version": ">= 5.60, < 7.0"}
    Provider(stack, "aws", "aws", region="eu-west-1", **source)
    prod = Provider(
        stack, "prod", "aws", alias="prod", region="eu-west-1", endpoints=[{"ec2": "http://x"}], **source
    )
    zones = DataSource(stack, "zones", "aws_availability_zones", state="available")
    vpc = Resource(
        stack, "main", "aws_vpc", cidr_block="10.0.0.0/16", provider=prod.fqn, tags={"Name": 'a "b"'}
    )
    Resource(
        stack,
        "list",
        "aws_ec2_managed_prefix_list",
        name="list",
        address_family="IPv4",
        max_entries=2,
        entry=[{"cidr": "10.0.0.0/8"}, {"cidr": "172.16.0.0/12", "description": None}],
        depends_on=[vpc.address],
        lifecycle={"ignore_changes": ["tags"]},
        tags={"zone": zones["id"]},
    )
    names = lib.Token.as_list(zones["names"])
    Resource(stack, "lists", "terraform_data", input=names, triggers_replace=lib.Fn.concat([names, ["a"]]))
    return app, stack, vpc, prod


def test_blocks_are_written_as_terraform_has_them(lib: Any) -> None:
    app, _, _, _ = _stack(lib, "out")
    app.synth()
    written = document("raw")
    assert written["terraform"]["required_providers"] == {
        "aws": {"source": "hashicorp/aws", "version": ">= 5.60, < 7.0"}
    }
    assert [p.get("alias") for p in written["provider"]["aws"]] == [None, "prod"]
    assert written["resource"]["aws_vpc"]["main"] == {
        "//": {"metadata": {"path": "raw/main", "uniqueId": "main"}},
        "cidr_block": "10.0.0.0/16",
        "provider": "aws.prod",
        "tags": {"Name": 'a "b"'},
    }
    entries = written["resource"]["aws_ec2_managed_prefix_list"]["list"]
    assert entries["entry"] == [{"cidr": "10.0.0.0/8"}, {"cidr": "172.16.0.0/12"}]
    assert entries["depends_on"] == ["aws_vpc.main"]
    assert entries["tags"] == {"zone": "${data.aws_availability_zones.zones.id}"}


def test_attributes_work_in_another_stack_and_in_a_target(lib: Any) -> None:
    app, _, vpc, prod = _stack(lib, "out")
    other = lib.TerraformStack(app, "other")
    Resource(other, "subnet", "aws_subnet", vpc_id=vpc["id"])
    seg = Segmentation(other, "seg")
    AwsSecurityGroups(
        seg, "aws", vpc_id=vpc["id"], region="eu-west-1", select=L.cloud == "aws", provider=prod
    )
    app.synth()
    remote = "${data.terraform_remote_state.cross-stack-reference-input-raw.outputs."
    assert document("other")["resource"]["aws_subnet"]["subnet"]["vpc_id"].startswith(remote)
    (target,) = seg.model().targets
    assert target.placement["provider"] == "aws.prod"
    assert target.placement["vpc_id"].startswith(remote)


def test_hcl_keeps_arguments_blocks_and_providers(cdktf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTH_HCL_OUTPUT", "true")
    code = f"import cdktf; from {__name__} import _stack; _stack(cdktf, 'out')[0].synth()"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    text = Path("out/stacks/raw/cdk.tf").read_text(encoding="utf-8")
    for part in (
        'provider "aws" {\nalias = "prod"\nendpoints {\nec2 = "http://x"\n}\nregion = "eu-west-1"\n}',
        'resource "aws_vpc" "main" {\ncidr_block = "10.0.0.0/16"\nprovider = aws.prod\n',
        'Name = "a \\"b\\""',
        'entry {\ncidr = "10.0.0.0/8"\n}\nentry {\ncidr = "172.16.0.0/12"\n}',
        "depends_on = [aws_vpc.main]",
        "lifecycle {\nignore_changes = [tags]\n}",
        'input = "${data.aws_availability_zones.zones.names}"',
        'triggers_replace = "${concat(data.aws_availability_zones.zones.names, ["a"])}"',
        'zone = "${data.aws_availability_zones.zones.id}"',
    ):
        assert part in text
