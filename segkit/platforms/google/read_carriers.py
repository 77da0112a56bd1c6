"""What holds tags in a stack: instances, templates, and bindings to machines made elsewhere.

Sources: Terraform provider documentation of google_compute_instance (`tags`, `service_account`,
`params.resource_manager_tags`), google_compute_instance_template (`resource_manager_tags`) and
google_tags_location_tag_binding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from segkit.artifacts.blocks import entries
from segkit.artifacts.reading import inputs
from segkit.artifacts.scope import Block, Mapped, Ref, Trail, Unknown, Value, spelled
from segkit.platforms.google.reading import Reading
from segkit.platforms.google.state import Carrier, Holders, Origin, Published

_BINDINGS = ("google_tags_location_tag_binding", "google_tags_tag_binding")
_MACHINES = "google_compute_instance"
_RULES = ("google_compute_firewall", "google_compute_network_firewall", "google_tags_")
_TEMPLATES = ("google_compute_region_instance_template", "google_container_")
_SERVICES = (
    "google_cloud_run_v2_",
    "google_composer_environment",
    "google_container_",
    "google_dataflow_",
    "google_dataproc_",
    "google_notebooks_",
    "google_tpu_",
    "google_workbench_",
)
"""What runs in a network as the service account that it is given, which it says in a word or a block."""


@dataclass(slots=True)
class Draft:
    """A carrier while what it holds is being collected."""

    address: str
    where: str
    origin: Origin = Origin.RESOURCE
    tags: set[str] = field(default_factory=set)
    network_tags: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    complete: bool = True
    networks: frozenset[str] | None = None  # None: not known
    trail: Trail = field(default_factory=list)

    @property
    def held(self) -> Holders:
        """What it holds."""
        return Holders(frozenset(self.tags), frozenset(self.network_tags), frozenset(self.accounts))

    def take(self, other: Draft) -> None:
        """Adds what another description of the same machine says."""
        self.tags |= other.tags
        self.network_tags |= other.network_tags
        self.accounts |= other.accounts
        self.complete = self.complete and other.complete
        self.networks = other.networks if self.networks is None else self.networks


class CarrierReader:
    """Collects carriers and published memberships of one stack."""

    def __init__(self, reading: Reading, modules: Mapping[str, Mapping[str, Any]]) -> None:
        self.reading, self.scope = reading, reading.scope
        self.modules = modules
        self.drafts: dict[str, Draft] = {}
        self._bound: list[tuple[Draft, str]] = []  # with the machine of the stack that tags are bound to

    def read(self) -> None:
        """Reads everything of the stack that holds tags, bindings last."""
        for block in self.scope.blocks.values():
            if not block.data and block.kind.startswith((_MACHINES, *_TEMPLATES)):
                self._machine(block)
            elif not block.data and block.kind.startswith("google_") and not block.kind.startswith(_RULES):
                self._other(block)
        for block in self.reading.of(*_BINDINGS):
            self._binding(block)
        for name in sorted(self.modules):
            self._module(name, self.modules[name])
        several = [machine for _, machine in self._bound if self.scope.blocks[machine].repeated]
        for draft, machine in self._bound:
            if machine not in several:
                self.drafts[machine].take(draft)
        for draft, machine in self._bound:
            draft.take(self.drafts[machine])
        for machine in several:
            self._unclear(self.drafts[machine], machine, "tags are bound to one of several machines")

    def carriers(self) -> tuple[Carrier, ...]:
        """The carriers; one that takes its tags from several memberships appears once for each."""
        found = []
        for draft in self.drafts.values():
            names: list[tuple[str | None, str | None]] = [(None, None)]
            if draft.trail:
                held = {(self._word(m, "workload"), self._word(m, "interface")) for m in draft.trail}
                names = [*sorted(held)]
            rest = draft.complete, draft.where, draft.origin, draft.networks
            found += [Carrier(draft.address, draft.held, workload, at, *rest) for workload, at in names]
        return tuple(sorted(found, key=lambda c: (c.address, c.workload or "", c.interface or "")))

    def memberships(self) -> tuple[Published, ...]:
        """What the stack's locals publish, with the carriers that use it."""
        used: dict[int, set[str]] = {}
        for draft in self.drafts.values():
            for mapped in draft.trail:
                used.setdefault(id(mapped.entries), set()).add(draft.address)
        found = []
        for name, mapped in self.reading.published():
            draft = Draft(f"local.{name}", f"local.{name}")
            self._named(draft, self.scope.items(mapped.entries["groups"]))
            words = [self._word(mapped, key) for key in ("workload", "interface", "target")]
            users = tuple(sorted(used.get(id(mapped.entries), ())))
            found.append(Published(name, words[0], words[1], words[2], draft.held, draft.complete, users))
        return tuple(found)

    # -- resources

    def _machine(self, block: Block) -> None:
        """An instance, or what makes some."""
        if self.reading.copies(block) == 0:
            return
        draft = Draft(block.address, block.address)
        for name, raw in _arguments(block.body):
            if name == "resource_manager_tags":
                self._mapped(draft, self.scope.value(raw, draft.trail))
            else:
                self._network_tags(draft, self.scope.items(raw, draft.trail))
        for one in entries(self.scope, block.body.get("service_account")):
            if not isinstance(one, Unknown):
                draft.accounts.add(self.reading.account(self.scope.value(one.get("email"), draft.trail)))
        self._service(draft, block)
        draft.networks = self._networks(block)
        self.drafts[block.address] = draft

    def _other(self, block: Block) -> None:
        """Whatever else takes network tags or secure tags: services that have interfaces in a network."""
        draft = Draft(block.address, block.address)
        for name, raw in _anywhere(block.body):
            for value in self.scope.items(raw, draft.trail):
                if name != "resource_manager_tags" and isinstance(value, str):
                    draft.network_tags.add(value)
                elif name == "resource_manager_tags":
                    self._mapped(draft, value)
        self._service(draft, block)
        if draft.held or draft.trail:
            self.drafts[draft.address] = draft

    def _service(self, draft: Draft, block: Block) -> None:
        for raw in _accounts(block.body) if block.kind.startswith(_SERVICES) else ():
            value = self.scope.value(raw, draft.trail)
            if isinstance(value, str | Ref):
                draft.accounts.add(self.reading.account(value))

    def _binding(self, block: Block) -> None:
        copies = self.reading.copies(block)
        if copies == 0:
            return
        raw = block.body.get("parent")
        text = spelled(self.scope.value(raw))
        draft = self.drafts.get(text)
        if draft is None:
            draft = self.drafts[text] = Draft(text, block.address, Origin.BOUND)
        self._named(draft, (self.scope.value(block.body.get("tag_value"), draft.trail),))
        if copies is None:
            self._unclear(draft, block.address, "count or for_each decides whether it is bound")
        self._bound += [(draft, a) for a in sorted(self.scope.mentions(raw) & self.drafts.keys())]

    def _module(self, name: str, body: Mapping[str, Any]) -> None:
        """What is given to a module may be held by its machines. A membership is there for that."""
        draft = Draft(f"module.{name}", f"module.{name}", complete=False)
        for raw in inputs(body):
            trail: Trail = []
            values = self.scope.items(raw, trail)
            if trail:
                continue
            draft.network_tags |= {value for value in values if isinstance(value, str)}
            named = {self.reading.tag(value) for value in values} | self.scope.mentions(raw)
            draft.tags |= {tag for tag in named if isinstance(tag, str)}
        if draft.held:
            self.drafts[draft.address] = draft

    # -- pieces

    def _networks(self, block: Block) -> frozenset[str] | None:
        """The networks of a machine's interfaces, None where one of them is not told."""
        found = set()
        if block.body.get("dynamic") is not None:
            return None
        for one in entries(self.scope, block.body.get("network_interface")):
            body: Mapping[str, Any] = {} if isinstance(one, Unknown) else one
            if body.get("network") is None and body.get("subnetwork") is not None:
                given = self.scope.value(body["subnetwork"])
                subnet = self.scope.blocks.get(given.address) if isinstance(given, Ref) else None
                body = subnet.body if subnet is not None and not subnet.data else {}
            network = self.reading.network(body.get("network"), self.scope.value(body.get("project")))
            if network is None:
                return None
            found.add(network)
        return frozenset(found) or None

    def _mapped(self, draft: Draft, value: Value) -> None:
        """Tags as machines take them when they are made: key -> value."""
        if isinstance(value, Mapped):
            for key, raw in value.entries.items():
                held = self.scope.value(raw, draft.trail)
                if isinstance(held, str) and "/" not in held:  # [API] Instance, params, resource manager tags
                    held = self.reading.by_names(self.scope.value(key), held)
                self._named(draft, (held,))
        elif value is not None:
            self._unclear(draft, draft.where, f"tags that are not known: {spelled(value)}")

    def _named(self, draft: Draft, values: tuple[Value, ...]) -> None:
        """Values of secure tags; other plain words are service accounts and network tags."""
        for value in values:
            tag = self.reading.tag(value)
            if isinstance(tag, Unknown):
                self._unclear(draft, draft.where, f"a tag that is not known: {tag.text}")
            elif isinstance(value, str) and "@" in value:
                draft.accounts.add(self.reading.account(value))
            elif isinstance(value, str) and "/" not in value:
                draft.network_tags.add(tag)
            else:
                draft.tags.add(tag)

    def _network_tags(self, draft: Draft, values: tuple[Value, ...]) -> None:
        for value in values:
            if isinstance(value, str):
                draft.network_tags.add(value)
            else:
                self._unclear(draft, draft.where, f"a network tag that is not known: {spelled(value)}")

    def _unclear(self, draft: Draft, where: str, what: str) -> None:
        draft.complete = False
        self.reading.note(where, what)

    def _word(self, mapped: Mapped, key: str) -> str:
        value = self.scope.value(mapped.entries.get(key))
        return value if isinstance(value, str) else ""


def _anywhere(raw: Any) -> Iterator[tuple[str, Any]]:
    """The arguments that may hold tags, wherever they stand."""
    if isinstance(raw, list):
        for one in raw:
            yield from _anywhere(one)
    elif isinstance(raw, Mapping):
        for name, held in raw.items():
            if name in ("tags", "network_tags", "instance_tag", "resource_manager_tags"):
                yield name, held
            else:
                yield from _anywhere(held)


def _accounts(raw: Any) -> Iterator[Any]:
    """The service accounts that are named somewhere in a resource."""
    if isinstance(raw, list):
        for one in raw:
            yield from _accounts(one)
    elif isinstance(raw, Mapping):
        for name, held in raw.items():
            if name in ("service_account", "service_account_email") and isinstance(held, str):
                yield held
            elif name in ("service_account", "service_accounts"):
                for one in held if isinstance(held, list) else [held]:
                    yield one.get("email") if isinstance(one, Mapping) else one
            else:
                yield from _accounts(held)


def _arguments(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arguments that give a machine its tags. Those of its disks are something else."""
    for name in ("tags", "resource_manager_tags"):
        if body.get(name) is not None:
            yield name, body[name]
    for outer in ("params", "node_config", "template"):
        held = body.get(outer)
        for inner in held if isinstance(held, list) else [held]:
            if isinstance(inner, Mapping):
                yield from _arguments(inner)
