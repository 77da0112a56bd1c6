"""Where Terraform can get the AWS provider on this machine, and the environment that uses it.

    python -m scripts.provider          says what was found; exit code 1 when there is nothing

Looked at in this order: the folder named in TF_PROVIDER_MIRROR, Terraform's own settings, a finder script
beside the repository, the folders Terraform searches by itself, and last the public registry when it answers.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
REGISTRY = (
    "registry.terraform.io"  # Terraform's default provider namespace, and a folder name in every mirror
)
PROVIDER = f"{REGISTRY}/hashicorp/aws"
SETTINGS_FILE = "TF_CLI_CONFIG_FILE"

HOW_TO_GET_ONE = (
    "Go on a machine that reaches the Terraform registry, or fill a mirror once where there is a network\n"
    "    terraform providers mirror <folder>\n"
    "and name it here: export TF_PROVIDER_MIRROR=<folder>"
)


def quiet_environment() -> dict[str, str]:
    """Settings that keep terraform and cdktf quiet, off the network and out of the home folder."""
    return {
        "CHECKPOINT_DISABLE": "1",
        "CDKTF_SKIP_PROVIDER_LOCK": "true",
        "CDKTF_DISABLE_PLUGIN_CACHE_ENV": "1",
        "CDKTF_LOG_LEVEL": "off",
        "CI": "true",  # cdktf then prints lines, not spinners
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "18,20",
        **missing_settings(),
    }


def missing_settings() -> dict[str, str]:
    """Terraform warns on every call about a named settings file that is not there; this un-names it."""
    named = os.environ.get(SETTINGS_FILE)
    return {SETTINGS_FILE: os.devnull} if named and not Path(named).is_file() else {}


@dataclass(frozen=True, slots=True)
class Provider:
    """A way to the AWS provider. `mirror` is its folder, or None where Terraform finds it by itself."""

    found: str
    mirror: Path | None = None

    def environment(self, folder: Path) -> dict[str, str]:
        """Settings for terraform and cdktf. A configuration file, if one is needed, goes into `folder`."""
        if self.mirror is not None:
            file = folder / "terraform.rc"
            file.write_text(mirror_settings(self.mirror), encoding="utf-8")
            return {**quiet_environment(), SETTINGS_FILE: str(file)}
        cache = Path(os.environ.get("TF_PLUGIN_CACHE_DIR") or REPOSITORY / ".terraform-plugins")
        cache.mkdir(parents=True, exist_ok=True)
        return {**quiet_environment(), "TF_PLUGIN_CACHE_DIR": str(cache)}


def mirror_settings(mirror: Path) -> str:
    """Terraform settings that take the AWS provider from a folder and everything else as usual."""
    path = str(mirror).replace("\\", "/").replace('"', '\\"')
    return (
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = "{path}"\n    include = ["{PROVIDER}"]\n  }}\n'
        f'  direct {{\n    exclude = ["{PROVIDER}"]\n  }}\n'
        "}\n"
    )


def find(environment: Mapping[str, str] = os.environ) -> Provider | None:
    """The first way to the provider that works here, or None."""
    if (named := environment.get("TF_PROVIDER_MIRROR")) and holds_provider(Path(named)):
        return Provider("the folder in TF_PROVIDER_MIRROR", Path(named))
    for file in settings_files(environment):
        if provides(file.read_text(encoding="utf-8", errors="replace")):
            return Provider(f"Terraform's settings in {file}")
    if (told := ask_finder(environment)) is not None and holds_provider(told):
        return Provider("the mirror that the finder script named", told)
    for folder in usual_folders(environment):
        if holds_provider(folder):
            return Provider(f"the provider folder {folder}", folder)
    if registry_answers():
        return Provider("the public Terraform registry")
    return None


def holds_provider(folder: Path) -> bool:
    """Whether a mirror folder has any version of the provider, packed or unpacked.

    >>> holds_provider(Path("no such folder"))
    False
    """
    return any((folder / PROVIDER).glob("*"))


def settings_files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Terraform's settings files that exist; it reads one of them, a named one before the default."""
    named = environment.get(SETTINGS_FILE) or environment.get("TERRAFORM_CONFIG")
    default = (
        Path(environment.get("APPDATA", "")) / "terraform.rc"
        if sys.platform == "win32"
        else Path.home() / ".terraformrc"
    )
    file = Path(named) if named else default
    if file.is_file():
        yield file


def provides(settings: str) -> bool:
    """Whether settings name a source that can give the provider: a folder that holds it, or a network mirror.

    >>> provides('provider_installation { network_mirror { url = "https://mirror.example/" } }')
    True
    >>> provides('provider_installation { filesystem_mirror { path = "no such folder" } }')
    False
    >>> provides("# provider_installation { network_mirror {} }")
    False
    """
    text = re.sub(r"(?m)^\s*(#|//).*$", "", settings)
    if not re.search(r"\bprovider_installation\s*\{", text):
        return False
    paths = re.findall(r'\bfilesystem_mirror\s*\{[^}]*?\bpath\s*=\s*"([^"]+)"', text)
    paths += re.findall(r'"(?:[^"/]+/)*hashicorp/aws"\s*=\s*"([^"]+)"', text)  # dev_overrides
    overrides = [Path(p) for p in paths if Path(p).is_dir()]
    return bool(re.search(r"\bnetwork_mirror\s*\{", text)) or any(map(holds_provider, overrides))


def ask_finder(environment: Mapping[str, str]) -> Path | None:
    """What `tools/find-provider-mirror` in the folder shared between checkouts says, where there is one."""
    shared = Path(environment.get("SEGKIT_SHARED") or REPOSITORY.parent / "shared")
    script = shared / "tools" / "find-provider-mirror"
    if not os.access(script, os.X_OK) or sys.platform == "win32":
        return None
    try:
        done = subprocess.run([script], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Path(done.stdout.strip()) if done.returncode == 0 and done.stdout.strip() else None


def usual_folders(environment: Mapping[str, str]) -> list[Path]:
    """The folders Terraform searches by itself ("Implied Local Mirror Directories" in its documentation)."""
    home = Path.home()
    if sys.platform == "win32":
        return [
            Path(environment[name]) / "terraform.d/plugins" for name in ("APPDATA",) if name in environment
        ]
    data = environment.get("XDG_DATA_HOME") or str(home / ".local/share")
    shares = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    folders = [
        home / ".terraform.d/plugins",
        *(Path(d) / "terraform/plugins" for d in [data, *shares.split(":")]),
    ]
    if sys.platform == "darwin":
        library = "Library/Application Support/io.terraform/plugins"
        folders += [home / library, Path("/") / library]
    return folders


def registry_answers(seconds: float = 3) -> bool:
    """Whether the public registry can be reached from here, asked once and briefly."""
    try:
        with urllib.request.urlopen(
            f"https://{REGISTRY}/.well-known/terraform.json", timeout=seconds
        ) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def terraform_command() -> str | None:
    """The Terraform program: the one TERRAFORM_BINARY_NAME names (cdktf reads it too), else `terraform`."""
    return shutil.which(os.environ.get("TERRAFORM_BINARY_NAME") or "terraform")


def main() -> int:
    provider = find()
    if provider is None:
        print(f"The AWS provider is not to be had here.\n{HOW_TO_GET_ONE}")
        return 1
    print(f"The AWS provider comes from {provider.found}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
