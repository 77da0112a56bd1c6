"""The real Terraform CLI on a folder of one stack, for tests."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from segkit.artifacts import canonical_json, merge

AWS = {"aws": {"source": "hashicorp/aws", "version": ">= 5.60, < 7.0"}}
QUIET_PROVIDER = {
    "access_key": "test",
    "secret_key": "test",
    "skip_credentials_validation": True,
    "skip_requesting_account_id": True,
    "skip_metadata_api_check": True,
    "skip_region_validation": True,
    "max_retries": 2,
}


def provider(endpoint: str, **more: Any) -> dict[str, Any]:
    """An AWS provider block that talks to a server on this machine."""
    endpoints = [dict.fromkeys(("ec2", "sts", "iam", "logs"), endpoint)]
    return {"region": "eu-west-1", **QUIET_PROVIDER, "endpoints": endpoints, **more}


class Terraform:
    """One working folder. `write` replaces the configuration; `plan` and `apply` act on it."""

    def __init__(
        self,
        command: str,
        environment: Mapping[str, str],
        folder: Path,
        providers: Mapping[str, Any] = MappingProxyType(AWS),
    ) -> None:
        self._command, self._environment, self._folder = command, dict(environment), folder
        self._providers = dict(providers)
        self._ready = False

    def write(self, *parts: Mapping[str, Any]) -> dict[str, Any]:
        """Makes the configuration from parts; gives it back whole."""
        document = merge({"terraform": {"required_providers": self._providers}}, *parts)
        (self._folder / "main.tf.json").write_bytes(canonical_json(document))
        return document

    def plan(self) -> dict[str, list[str]]:
        """What an apply would do: resource address -> actions, no-ops and reads left out. Moves are
        `moved`."""
        self._run("plan", "-out=plan", "-input=false")
        shown = json.loads(self._run("show", "-json", "plan"))
        changes = {}
        for change in shown.get("resource_changes", []):
            actions = [a for a in change["change"]["actions"] if a not in ("no-op", "read")]
            if not actions and change.get("previous_address"):
                actions = ["moved"]
            if actions:
                changes[change["address"]] = actions
        self.details = {c["address"]: c["change"] for c in shown.get("resource_changes", [])}
        return changes

    def apply(self) -> None:
        """Carries the last plan out."""
        self._run("apply", "-input=false", "-parallelism=20", "plan")

    def state(self) -> dict[str, Any]:
        """The state as Terraform keeps it."""
        found: dict[str, Any] = json.loads((self._folder / "terraform.tfstate").read_bytes())
        return found

    def settle(self) -> None:
        """Makes sure that there is nothing left to do."""
        self._run("plan", "-detailed-exitcode", "-input=false")

    def import_(self, address: str, named: str) -> None:
        """Takes an object that is there under management."""
        self._run("import", "-input=false", address, named)

    def destroy(self) -> None:
        """Destroys everything."""
        self._run("destroy", "-auto-approve", "-input=false")

    def _run(self, *arguments: str) -> str:
        if not self._ready:
            self._ready = True
            self._run("init", "-input=false")
        done = subprocess.run(
            [self._command, *arguments, "-no-color"]
            if arguments[0] != "show"
            else [self._command, *arguments],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"terraform {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def changes(terraform: Terraform) -> dict[str, list[str]]:
    """A plan without what moto reads back wrongly: group references come with the account in front, and rules
    whose far end is a group or a prefix list lose their description. Everything else counts."""
    left = {}
    for address, actions in terraform.plan().items():
        change = terraform.details[address]
        if actions == ["update"] and _security_group_rule(address) and not _real_differences(change):
            continue
        left[address] = actions
    return left


def _security_group_rule(address: str) -> bool:
    return address.startswith(("aws_vpc_security_group_ingress_rule.", "aws_vpc_security_group_egress_rule."))


def _real_differences(change: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    before, after = change["before"], change["after"]
    out = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if key == "referenced_security_group_id" and isinstance(old, str) and isinstance(new, str):
            old = re.sub(r"^\d{12}/", "", old)
        by_address = before.get("cidr_ipv4") or before.get("cidr_ipv6")
        if old != new and not (key == "description" and not by_address and not old):
            out[key] = (old, new)
    return out
