"""What every test may use: example counts, the golden switch, and tools that a machine may lack.

A test whose tool is missing skips with the reason; pytest lists every such reason at the end of its run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from scripts import moto_server as moto
from scripts import provider

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SEGKIT_SHARED") or REPOSITORY.parent / "shared")

# `ci` gives the same examples on every run, so that a red build is red again on a laptop. `deep` looks
# further, by hand: HYPOTHESIS_PROFILE=deep make test ARGS='-k sets'
settings.register_profile(
    "ci", max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "deep", max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="rewrite the expected outputs under tests/ with what the code gives now",
    )


@pytest.fixture(scope="session")
def update_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether expected outputs are to be rewritten. The only switch for it."""
    return bool(request.config.getoption("--update-goldens"))


@pytest.fixture
def golden(update_goldens: bool) -> Golden:
    """Compares text with a file of the tests: `golden(path, text)`."""
    return Golden(update_goldens)


class Golden:
    """Compares text with the file that holds what is expected, or writes that file under --update-goldens."""

    def __init__(self, update: bool) -> None:
        self.update = update

    def __call__(self, file: Path, text: str) -> None:
        if self.update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
            return
        assert file.is_file(), f"{file} is not there; write it with `make goldens`"
        assert text == file.read_text(encoding="utf-8"), f"{file} differs; if that is meant, `make goldens`"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Real inputs and provider schemas kept beside the checkout, or wherever SEGKIT_SHARED says."""
    if not (SHARED / "cases").is_dir():
        pytest.skip(f"no shared inputs in {SHARED}; SEGKIT_SHARED can name their folder")
    return SHARED


@pytest.fixture(scope="session")
def schemas(shared_dir: Path) -> Path:
    """The schemas of providers, as `terraform providers schema -json` prints them."""
    folder = shared_dir / "schemas"
    if not folder.is_dir():
        pytest.skip(f"no provider schemas in {folder}")
    return folder


@pytest.fixture(scope="session")
def terraform() -> str:
    """The path of the Terraform program."""
    command = provider.terraform_command()
    if command is None:
        pytest.skip("the Terraform command line is not installed")
    return command


@pytest.fixture(scope="session")
def aws_provider_mirror(terraform: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment for `subprocess.run` in which Terraform and cdktf get the real AWS provider."""
    found = provider.find()
    if found is None:
        pytest.skip("the AWS provider is not to be had: no mirror, and the registry does not answer")
    settings_folder = tmp_path_factory.mktemp("terraform-settings")
    return {**os.environ, **found.environment(settings_folder)}


@pytest.fixture(scope="session")
def cdktf_cli() -> str:
    """The path of the cdktf command line that `make setup` installs."""
    command = REPOSITORY / "node_modules" / ".bin" / "cdktf"
    if not command.exists():
        pytest.skip("the cdktf command line is not installed; `make setup` does it")
    return str(command)


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node, which anything built on jsii needs."""
    command = shutil.which("node")
    if command is None:
        pytest.skip("Node.js is not installed")
    return command


@pytest.fixture
def moto_endpoint() -> Iterator[str]:
    """The URL of a fresh, empty moto server of this test alone."""
    with moto.moto_server() as url:
        yield url
