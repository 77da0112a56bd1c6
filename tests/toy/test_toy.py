"""A platform from outside: one folder and one entry point, as docs/adding-a-platform.md tells it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.platforms.base import Platform, View, ViewRows, platform
from segkit.verify import prove
from tests.strategies import Features, models

HERE = Path(__file__).resolve().parent
GUIDE = HERE.parents[1] / "docs" / "adding-a-platform.md"
SHOP = """
from segkit import L, tcp
from segkit.model import Segmentation, anywhere

seg = Segmentation("shop")
web, db = seg.group("web", L.role == "web"), seg.group("db", L.role == "db")
policy = seg.policy("shop", tier="application", owner="team-shop")
policy.allow(web, db, tcp(5432), id="orders", purpose="orders", ticket="NET-1")
policy.allow(anywhere, web, tcp(443), id="front", purpose="the shop", ticket="NET-2")
seg.workload("web-1", {"role": "web"}, addresses=["10.0.1.5"])
seg.workload("db-1", {"role": "db"}, addresses=["10.0.2.5"])
target = seg.target("home", "doors", placement={})
target.accept_residual("snapshot", owner="ops", reason="doors know no groups", expires="2099-01-01")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the import path that says what installing the package would say."""
    folder = tmp_path_factory.mktemp("site")
    info = folder / "segkit_toy-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: segkit-toy\nVersion: 0\n", encoding="utf-8")
    entry = "[segkit.platforms]\ndoors = segkit_toy:PLATFORM\n"
    (info / "entry_points.txt").write_text(entry, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def doors(installed: Path) -> Iterator[None]:
    """The platform in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(installed))
        patch.syspath_prepend(str(HERE))
        platform.cache_clear()
        yield
    platform.cache_clear()


def segkit(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(map(str, (installed, HERE, HERE.parents[1])))
    environment = {**os.environ, "PYTHONPATH": paths, "NO_COLOR": "1", "SEGKIT_TODAY": "2026-11-20"}
    command = [sys.executable, "-m", "segkit.cli", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_command_line_writes_and_proves_it(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    done = segkit(installed, tmp_path, "synth", "shop.py")
    assert done.returncode == 0, done.stderr
    file = tmp_path / "cdktf.out" / "stacks" / "shop" / "cdk.tf.json"
    stack = json.loads(file.read_text(encoding="utf-8"))
    lines = stack["resource"]["toy_door"]["home_db-1"]["open"]
    orders = {"way": "ingress", "addresses": ["10.0.1.5/32"], "services": "tcp/5432"}
    assert orders in lines
    assert "EQUAL" in segkit(installed, tmp_path, "verify").stdout
    lines.remove(orders)
    file.write_text(json.dumps(stack), encoding="utf-8")
    done = segkit(installed, tmp_path, "verify")
    assert done.returncode == 1 and "closes" in done.stdout and "tcp/5432" in done.stdout, done.stdout


def test_its_arguments_are_checked(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP.replace("placement={}", "placement={'lock': 1}"), encoding="utf-8")
    done = segkit(installed, tmp_path, "synth", "shop.py")
    assert done.returncode != 0 and "unknown argument 'lock'" in done.stderr


@pytest.mark.usefixtures("doors")
@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_random_models_come_back_equal(data: st.DataObject) -> None:
    accepted = tuple(platform("doors").capabilities.residuals)
    features = Features(internet=False, modes=("enforce",))
    model = data.draw(models("doors", lambda _name, _all, _bits: {}, features, accepted))
    try:
        done = compile_model(model)
    except SegkitError as error:
        assert all("is not known" in problem.what for problem in error.problems)
        assume(False)
        raise
    proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
    assert proof.status == "equal", proof.text()


def test_the_guide_names_all_that_a_platform_offers() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    offered = {
        name
        for protocol in (Platform, View, ViewRows)
        for name in {**vars(protocol), **protocol.__annotations__}
        if not name.startswith("_")
    }
    assert [name for name in sorted(offered) if f"`{name}`" not in text] == []
