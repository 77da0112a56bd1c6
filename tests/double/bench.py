"""Terraform over the doubles, in a folder of one test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from segkit.platforms.base import platform
from tests.double import mirror, replay
from tests.double.api import Api
from tests.double.manager_azure import in_force
from tests.double.schema import Kinds, load
from tests.double.store import Call, State, Store, Thing, calls, give, late
from tests.double.table import Table
from tests.e2e.terraform import Terraform

PROVIDERS = {
    name: dict(wanted)
    for plane in ("aws", "azure", "google")
    for name, wanted in platform(plane).providers.items()
}
ACCOUNTS: Mapping[str, dict[str, Any]] = {
    "aws": {"region": "eu-west-1"},
    "azurerm": {"features": [{}], "subscription_id": "00000000-0000-0000-0000-000000000001"},
    "google": {"project": "shop", "region": "europe-west1", "zone": "europe-west1-b"},
}


class Bench:
    """A platform that starts empty, and Terraform to change it with."""

    def __init__(self, terraform: str, schemas: Path, folder: Path, provider: str) -> None:
        work = folder / "work"
        work.mkdir()
        settings = mirror.install(folder / "mirror")
        self.environment = mirror.environment(settings, schemas, folder / "calls")
        self.terraform = Terraform(terraform, self.environment, work, {provider: PROVIDERS[provider]})
        self.kinds: Kinds = load(schemas, provider)
        self._file, self._provider = folder / "calls", provider
        self._file.touch()
        self._names: dict[tuple[str, str], str] = {}

    def write(self, *parts: Mapping[str, Any]) -> dict[str, Any]:
        """Replaces the configuration."""
        return self.terraform.write({"provider": {self._provider: [ACCOUNTS[self._provider]]}}, *parts)

    def apply(self, *parts: Mapping[str, Any]) -> dict[str, list[str]]:
        """Writes a configuration and carries it out; gives back what the plan was."""
        self.write(*parts)
        planned = self.terraform.plan()
        self.terraform.apply()
        self._names |= replay.names(self.terraform.state())
        return planned

    def give(self, *things: Thing) -> None:
        """Objects that somebody else made, or changed."""
        give(self._file, *things)

    def late(self, text: str) -> None:
        """From now on what names this text is made seconds after all that could be made with it."""
        late(self._file, text)

    def calls(self) -> Sequence[Call]:
        """Every call so far."""
        return calls(self._file)

    def state(self) -> State:
        """What the platform holds."""
        store = Store(self._file)
        with store.open():
            return store.state

    def left(self) -> list[str]:
        """The ids of everything that is there and that nobody but Terraform made."""
        given = {thing.key for call in self.calls() if call.action == "given" for thing in call.puts}
        return sorted(thing.id for thing in self.state().of() if thing.key not in given)

    def document(self, state: State | None = None) -> dict[str, Any]:
        """What the platform holds and what is in force of it, now or at another time, as Terraform JSON."""
        return replay.document(in_force(state or self.state()), self._names, self.kinds)

    def documents(self, since: int = 0) -> Iterator[tuple[Call, dict[str, Any]]]:
        """Each call from the one of that number on, and what the platform held after it."""
        for call, state in replay.states(self.calls(), since):
            yield call, self.document(state)


def api(schemas: Path, folder: Path, provider: str, table: Table) -> Api:
    """The platform's API with no Terraform before it."""
    made = Api(load(schemas, provider), table, Store(folder / "calls"))
    made.configure(ACCOUNTS[provider])
    return made
