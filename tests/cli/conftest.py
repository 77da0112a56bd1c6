"""A small estate as a person would write it, and ways to run the command on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from segkit.cli.main import app

Run = Callable[..., Result]

POLICY = '''
"""The retail estate."""
from segkit.model import Segmentation, anywhere
from segkit.sets import L, tcp

print("progress of the program, not part of any report")
seg = Segmentation("retail", today="2026-06-01")
edge = seg.zone("edge", L.zone == "edge", classification="public")
app = seg.zone("app", L.zone == "app", mode="visibility")
cde = seg.zone(
    "cde", L.zone == "cde", classification="critical", networks=["10.1.0.0/16"], compliance=["pci-dss"]
)
web = seg.group("web", L.role == "web")
db = seg.group("db", L.role == "db")
corp = seg.address_set("corp", ["10.0.0.0/8"])
seg.service("orders", tcp(5432, 5433))
seg.workload("web-1", {"zone": "edge", "role": "web", "cloud": "aws"}, addresses=["10.2.0.5"], foreign=[])
seg.workload("api-1", {"zone": "app", "role": "api", "cloud": "aws"}, addresses=["10.3.0.6"], foreign=[])
seg.workload("db-1", {"zone": "cde", "role": "db", "cloud": "aws"}, addresses=["10.1.0.5"], foreign=[])
shop = seg.policy("shop", tier="application", owner="team-shop")
shop.allow(anywhere, web, "https", id="public", purpose="shop window", ticket="NET-1")
shop.allow(web, L.role == "api", tcp(8080), id="api", purpose="API", ticket="NET-2")
shop.allow(
    L.role == "api", db, "postgresql", id="orders", purpose="orders", ticket="NET-3", expires="2027-06-30"
)
shop.allow(web, db, tcp(22), id="ssh", purpose="ssh", ticket="NET-4")
guard = seg.policy("no-ssh", tier="global", owner="netsec")
bastion = L.role == "bastion"
guard.deny(corp, cde, tcp(22), id="ssh", unless_source=bastion, purpose="bastions only", ticket="NET-5")
placement = {"vpc_id": "vpc-0a1b2c3d", "region": "eu-west-1"}
aws = seg.target("aws", "aws", select=L.cloud == "aws", placement=placement)
aws.accept_residual("snapshot", owner="netsec", reason="few machines", expires="2027-01-31")
'''


@pytest.fixture(autouse=True)
def _plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SEGKIT_TODAY", "SEGKIT_LOG_LEVEL", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run() -> Run:
    """Runs the command in this process; gives exit code, stdout and stderr."""

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), catch_exceptions=False)

    return invoke


@pytest.fixture
def policy(tmp_path: Path) -> str:
    """A Python file with the estate in `seg`."""
    path = tmp_path / "policy.py"
    path.write_text(POLICY, encoding="utf-8")
    return str(path)


@pytest.fixture
def intent(policy: str, tmp_path: Path) -> Path:
    """The estate's intent file, where a synth would put it."""
    from segkit.artifacts import write_atomic
    from segkit.cli.source import load
    from segkit.model import dump_intent

    path = tmp_path / "cdktf.out" / "segkit" / "retail.intent.json"
    write_atomic(path, dump_intent(load(policy).model))
    return path


def spawn(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs the command as a process of its own."""
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "segkit.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
