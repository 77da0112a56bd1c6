"""What all parts of the reader share: blocks, notes, and how a value names a network, a tag or addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from segkit.artifacts import reading as artifacts
from segkit.artifacts.scope import Block, Ref, Unknown, Value, spelled
from segkit.platforms.google.state import NAME, PATH, Tag, called
from segkit.sets.addresses import Addresses

_WRITTEN = re.compile(r"projects/[^/\"$]+/global/networks/[-a-z0-9]+")
_BOTH = re.compile(r"\$\{(.+)\.project\}/\$\{\1\.name\}")
_OF_NUMBER = re.compile(r"tag(?:Keys|Values)/\$\{((?:data\.)?google_tags_tag_(?:key|value)\.[\w-]+)\.name\}")
_NETWORK = "google_compute_network"


_DEFAULT = re.compile(
    r"default|\d+-compute@developer\.gserviceaccount\.com|data\.google_compute_default_service_account\..*"
)


def _ranges(values: Iterable[Value]) -> tuple[Addresses, str]:
    """CIDRs, whose host bits do not count, and what is none."""
    held, unknown = [], ""
    for value in values:
        try:
            held.append(Addresses.of(str(ip_network(value, strict=False))))
        except ValueError:
            unknown = f"an address range that is not known: {spelled(value)}"
    return Addresses.union(held), unknown


@dataclass(slots=True)
class Reading(artifacts.Reading):
    """One pass over one stack. `named` are the networks that it makes: name -> (project, address)."""

    named: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    _read: dict[tuple[Value, ...], tuple[Addresses, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for block in self.of(_NETWORK):
            name, project = (self.scope.value(block.body.get(key)) for key in ("name", "project"))
            if isinstance(name, str):
                held = self.named.setdefault(name, [])
                held.append((project if isinstance(project, str) else "", block.address))

    def network(self, raw: Any, project: Value = None) -> str | None:
        """The key of the network that a value names, None where that cannot be told.

        A network goes by its URL, by `projects/P/global/networks/N`, or by its name inside a project, which
        the resource may give.
        """
        value = raw if isinstance(raw, Ref) else self.scope.value(raw)
        if isinstance(value, Ref):
            if value.address.startswith(f"{_NETWORK}."):
                return Ref(value.address, value.path[:-1]).text
            if value.address.startswith(f"data.{_NETWORK}."):
                return self._looked_up(value)
            return value.text
        if not isinstance(value, str):
            return self._spelled(value)
        if (found := PATH.fullmatch(value)) is not None:
            return self._known(found[2], found[1])
        inside = project if isinstance(project, str) else ""
        return self._known(value, inside) if NAME.fullmatch(value) else None

    def networks_in(self, body: Any) -> list[str]:
        """The keys of the networks that are named somewhere in a piece of configuration."""
        written = (match[0] for match in _WRITTEN.finditer(json.dumps(body, default=str)))
        blocks = (a for a in self.scope.mentions(body) if _NETWORK in a.split("."))
        found = (self.network(raw) for raw in (*written, *(Ref(a, ("id",)) for a in blocks)))
        return sorted({key for key in found if key})

    def called(self, key: str) -> tuple[str, str]:
        """The name and the project of the network with a key, "" for what is not known."""
        block = self.scope.blocks.get(key)
        if block is None or block.repeated:
            return called(key)
        name, project = (self.scope.value(block.body.get(word)) for word in ("name", "project"))
        return name if isinstance(name, str) else "", project if isinstance(project, str) else ""

    def purpose(self, raw: Any) -> str | None:
        """The key of the network in the purpose data of a tag key: PROJECT/NETWORK, or a URL."""
        value = self.scope.value(raw)
        if isinstance(value, str) and value.count("/") == 1:
            project, name = value.split("/")
            return self._known(name, project)
        if isinstance(value, Unknown):
            if same := _BOTH.fullmatch(value.text):
                return self.network(f"${{{same[1]}.id}}")
            named = [a for a in sorted(self.scope.mentions(raw)) if _NETWORK in a.split(".")]
            return self.network(Ref(named[0], ("id",))) if len(named) == 1 else value.text
        return self.network(raw)

    def tag(self, value: Value) -> str | Unknown:
        """The name of the tag value (or key) that a value names."""
        if isinstance(value, str):
            return value
        if isinstance(value, Ref) and value.path in (("id",), ("name",), ("namespaced_name",)):
            return value.address
        if isinstance(value, Unknown) and (match := _OF_NUMBER.fullmatch(value.text)):
            return match[1]
        return Unknown(spelled(value))

    def account(self, value: Value) -> str:
        """One name for a service account. A machine that names none has the default one of its project
        (Terraform provider documentation, google_compute_instance, service_account), which goes by several
        names; one that the stack makes goes by its address too (google_service_account, email)."""
        name = "default" if value is None else spelled(value)
        made = self.scope.blocks.get(value.address) if isinstance(value, Ref) else None
        if made is not None and made.kind == "google_service_account" and not made.repeated:
            known = [self.scope.value(made.body.get(key)) for key in ("account_id", "project")]
            if all(isinstance(text, str) for text in known):
                name = f"{known[0]}@{known[1]}.iam.gserviceaccount.com"
        return "default" if _DEFAULT.fullmatch(name) else name

    def by_names(self, key: Value, short: str) -> str:
        """The tag value that goes by its own short name and PARENT/NAME of its key: one that the stack makes,
        whichever way the parent is written, or else the names."""
        for block in self.of("google_tags_tag_value"):
            parent = self.tag(self.scope.value(block.body.get("parent")))
            made = self.scope.blocks.get(parent) if isinstance(parent, str) else None
            if made is not None and self.scope.value(block.body.get("short_name")) == short:
                called = self.scope.value(made.body.get("short_name"))
                if self.tag(key) == made.address or spelled(key).rpartition("/")[2] == called:
                    return block.address
        return f"{spelled(key)}/{short}"

    def tags(self) -> dict[str, Tag]:
        """The tag values that the stack makes."""
        keys = {b.address: b for b in self.of("google_tags_tag_key")}
        found = {}
        for block in self.of("google_tags_tag_value"):
            key = self.tag(self.scope.value(block.body.get("parent")))
            name = key if isinstance(key, str) else key.text
            network, purpose = self._meant(keys.get(name))
            found[block.address] = Tag(block.address, name, network, purpose)
        return found

    def ranges(self, raw: Any) -> tuple[Addresses, str]:
        """The CIDRs of a list, and what of it cannot be told."""
        values = self.scope.items(raw)
        if values and {*map(type, values)} == {str}:  # rules name the same ones again and again
            if values not in self._read:
                self._read[values] = _ranges(values)
            return self._read[values]
        return _ranges(values)

    # -- networks

    def _known(self, name: str, project: str) -> str:
        found = [(p, a) for p, a in self.named.get(name, ()) if not (p and project) or p == project]
        path = f"projects/{project}/global/networks/{name}" if project else name
        if len(found) != 1:
            return path
        ((given, address),) = found
        if project and not given:
            self.note(address, f"it is taken for {path}: no project is given for it")
        return address

    def _looked_up(self, value: Ref) -> str:
        block = self.scope.blocks.get(value.address)
        if block is None:
            return value.address
        name, project = (self.scope.value(block.body.get(key)) for key in ("name", "project"))
        if isinstance(name, str):
            return self._known(name, project if isinstance(project, str) else "")
        return value.address

    def _spelled(self, value: Value) -> str | None:
        """A variable or another stack's output is one network, whichever it is."""
        return value.text if isinstance(value, Unknown) else None

    def _meant(self, key: Block | None) -> tuple[str | None, bool]:
        """What a tag key is for: the network, and whether firewalls may use it at all."""
        if key is None:
            return None, True
        data = self.scope.value(key.body.get("purpose_data"))
        entries = getattr(data, "entries", {})
        purpose = self.scope.value(key.body.get("purpose"))
        if isinstance(purpose, Unknown | Ref):
            return None, True
        firewall = purpose == "GCE_FIREWALL"
        if "organization" in entries:
            return "", firewall
        return (self.purpose(entries["network"]) if "network" in entries else None), firewall
