"""The doubles where `terraform init` finds providers: a folder laid out as Terraform's filesystem mirror."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from pathlib import Path

from scripts.provider import REGISTRY, REPOSITORY, SETTINGS_FILE, quiet_environment

# One version of each major series that the emitted constraints allow; `init` takes the newest.
VERSIONS = {"aws": ("5.100.0",), "azurerm": ("4.81.0", "5.2.0"), "google": ("6.50.0", "7.45.0")}


def install(folder: Path) -> Path:
    """Fills a folder with wrappers and settings; gives back the settings file."""
    for name, versions in VERSIONS.items():
        for version in versions:
            _wrapper(folder / f"{REGISTRY}/hashicorp/{name}/{version}/{_target()}", name, version)
    file = folder / "terraform.rc"
    file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{folder}"\n  }}\n}}\n')
    return file


def environment(settings: Path, schemas: Path, calls: Path) -> dict[str, str]:
    """The environment in which Terraform and cdktf use the doubles over one file of calls."""
    return {
        **os.environ,
        **quiet_environment(),
        SETTINGS_FILE: str(settings),
        "TF_DISABLE_PLUGIN_TLS": "1",
        "SEGKIT_DOUBLE": str(calls),
        "SEGKIT_DOUBLE_SCHEMAS": str(schemas),
    }


def _wrapper(folder: Path, name: str, version: str) -> None:
    folder.mkdir(parents=True)
    script = folder / f"terraform-provider-{name}_v{version}"
    command = shlex.join([sys.executable, "-m", "tests.double", name])
    script.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(REPOSITORY))} exec {command}\n")
    script.chmod(0o755)


def _target() -> str:
    machine = platform.machine().lower()
    names = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    return f"{sys.platform}_{names.get(machine, machine)}"
