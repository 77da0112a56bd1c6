"""Divided fragments as whole stacks, linked as the construct libraries do it: an output, a remote state.

What `cdktf` and `cdktn` write for a reference into another stack: there the output `cross-stack-output-…`,
here the data source `cross-stack-reference-input-…` over that stack's backend and the same workspace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from segkit.artifacts.divided import Crossing, Divided
from segkit.artifacts.folder import with_backend
from segkit.artifacts.fragment import merge

Document = Mapping[str, Any]

_FOREIGN = re.compile(r"[^A-Za-z0-9_-]")


def link(divided: Divided, own: Mapping[str, Document] | None = None) -> dict[str, dict[str, Any]]:
    """Whole stacks by id, for `write_cdktf_out` (with `divided.dependencies`).

    `own` is what each stack holds besides: settings of backend and provider, machines. A stack that names no
    backend gets a local state in the current folder, as with cdktf. Raises SegkitError where two parts of a
    stack define the same.

    >>> from segkit.artifacts import divide
    >>> web = {"locals": {"peer": "${aws_security_group.db.id}"}}
    >>> db = {"resource": {"aws_security_group": {"db": {}}}}
    >>> stacks = link(divide({"web": web, "db": db}))
    >>> list(stacks["web"]["data"]["terraform_remote_state"]), list(stacks["db"]["output"])
    (['cross-stack-reference-input-db'], ['cross-stack-output-aws_security_groupdbid'])
    """
    given = {name: with_backend(name, (own or {}).get(name, {})) for name in divided.fragments}
    parts: dict[str, list[Document]] = {name: [] for name in divided.fragments}
    links: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {name: ({}, {}) for name in divided.fragments}
    for crossing in divided.crossings:
        outputs, _ = links[crossing.owner]
        value = f"${{{crossing.identifier}}}"
        outputs[_output(crossing)] = {"value": value, "sensitive": True}
        _, states = links[crossing.reader]
        states[_state(crossing)] = _remote(given[crossing.owner]["terraform"])
    for name, fragment in divided.stacks(_expression).items():
        outputs, states = links[name]
        parts[name] = [fragment, {"output": outputs}, {"data": {"terraform_remote_state": states}}]
    where = ("segkit", "segkit", "segkit", "its own part")
    return {
        name: merge(*held, given[name], where=tuple(f"{part} of stack {name}" for part in where))
        for name, held in parts.items()
    }


def _expression(crossing: Crossing) -> str:
    return f"${{data.terraform_remote_state.{_state(crossing)}.outputs.{_output(crossing)}}}"


def _output(crossing: Crossing) -> str:
    return _FOREIGN.sub("", f"cross-stack-output-{crossing.identifier}")


def _state(crossing: Crossing) -> str:
    return _FOREIGN.sub("", f"cross-stack-reference-input-{crossing.owner}")


def _remote(settings: Document) -> dict[str, Any]:
    """The remote state of a stack with these settings; Terraform Cloud is read as the backend `remote`."""
    if "cloud" in settings:
        return {"backend": "remote", "config": dict(settings["cloud"])}
    kind, config = next(iter(settings["backend"].items()))
    return {"backend": kind, "config": dict(config), "workspace": "${terraform.workspace}"}
