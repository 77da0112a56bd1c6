"""Apps of both libraries, and the small estate that the tests of the constructs share."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from segkit import L, tcp
from segkit.constructs import (
    AddressSet,
    AwsSecurityGroups,
    Group,
    LabelPolicy,
    Segmentation,
    Workload,
    WorkloadClass,
    Zone,
)

# Before jsii starts Node; only keeps the output of a failing test readable.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "18,20")


@pytest.fixture(params=["cdktf", "cdktn"])
def lib(request: pytest.FixtureRequest, node: str) -> Any:
    """Each of the two libraries. Both are used in one process, one after the other."""
    return pytest.importorskip(request.param)


@pytest.fixture
def cdktf(node: str) -> Any:
    """One library, where a test has nothing to do with the difference."""
    return importlib.import_module("cdktf")


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGKIT_TODAY", "2026-06-01")
    monkeypatch.delenv("SEGKIT_SKIP_PROOF", raising=False)


def new_app(lib: Any, outdir: str = "out", **options: Any) -> Any:
    """An app that writes below the current folder. Node may have been started in another one."""
    return lib.App(outdir=str(Path.cwd() / outdir), **options)


class Shop:
    """A stack with a VPC, and a segmentation of a web tier and a database in it."""

    def __init__(
        self, lib: Any, app: Any, name: str = "retail", vpc_id: str | None = None, **options: Any
    ) -> None:
        self.lib = lib
        self.stack = lib.TerraformStack(app, name)
        self.vpc = lib.TerraformResource(self.stack, "main", terraform_resource_type="aws_vpc")
        given = vpc_id is not None
        vpc_id = vpc_id or self.vpc.get_string_attribute("id")
        seg = self.seg = Segmentation(self.stack, "segmentation", **options)
        self.edge = Zone(seg, "edge", select=L.zone == "edge", classification="public")
        self.cde = Zone(
            seg,
            "cde",
            select=L.zone == "cde",
            classification="sensitive",
            networks=["10.1.0.0/16"],
            compliance=["pci-dss"],
        )
        self.web = Group(seg, "web", select=(L.app == "shop") & (L.role == "web"))
        self.db = Group(seg, "db", select=(L.app == "shop") & (L.role == "db"))
        self.corp = AddressSet(seg, "corp", ["192.168.0.0/16", "2001:db8::/32"])
        self.aws = AwsSecurityGroups(
            seg, "aws", vpc_id=vpc_id, region="eu-west-1", select=L.cloud == "aws", tags={"vpc": vpc_id}
        )
        self.before = self.aws.membership("web-1")
        self.web_1 = Workload(
            seg,
            "web-1",
            {"app": "shop", "role": "web", "zone": "edge", "cloud": "aws"},
            addresses=["10.0.0.5"],
            # Another token for the same id: what counts is what it stands for.
            network=vpc_id if given else self.vpc.get_string_attribute("id"),
        )
        self.dbs = WorkloadClass(
            seg, "dbs", {"app": "shop", "role": "db", "zone": "cde", "cloud": "aws"}, networks=["10.1.0.0/24"]
        )
        self.policy = LabelPolicy(seg, "shop", tier="application", owner="team-shop")
        self.policy.allow(
            self.web, self.db, tcp(5432), purpose="orders", ticket="NET-1204", expires="2027-06-30"
        )
        LabelPolicy(seg, "no-ssh", tier="global", owner="netsec").deny(
            self.corp, self.cde, tcp(22), unless_source=L.role == "bastion"
        )

    def attach(self, scope: Any, name: str, groups: list[str]) -> None:
        """A machine that carries groups."""
        machine = self.lib.TerraformResource(scope, name, terraform_resource_type="aws_instance")
        machine.add_override("vpc_security_group_ids", groups)

    def attach_all(self) -> None:
        """Put both workloads to work in the stack itself."""
        self.attach(self.stack, "web", self.before)
        self.attach(self.stack, "db", self.aws.membership(self.dbs))


def document(stack: str, outdir: Path | str = "out") -> dict[str, Any]:
    """What a synth wrote for a stack."""
    written: dict[str, Any] = json.loads((Path(outdir) / "stacks" / stack / "cdk.tf.json").read_bytes())
    return written
