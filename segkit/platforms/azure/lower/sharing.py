"""Who writes what several targets share: a network manager, and what it has deployed to a region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segkit.artifacts import reference
from segkit.model.model import Target
from segkit.platforms.azure.lower.above import AdminLine
from segkit.platforms.azure.managing import NetworkManager, plain_region
from segkit.platforms.azure.placement import AzurePlacement
from segkit.platforms.lowering.names import digest, resource_name

MANAGER = "azurerm_network_manager"


@dataclass(frozen=True, slots=True)
class Shared:
    """The targets that have one network manager and region, by name; the first writes what they share. `made`
    tells the first of all targets of a network manager that is to be made."""

    manager: NetworkManager
    key: str
    targets: tuple[str, ...]
    made: str = ""

    @property
    def manager_id(self) -> str:
        """The id of the network manager."""
        return self.manager.id or reference(f"{MANAGER}.{self.manager_key}", "id")

    @property
    def manager_key(self) -> str:
        """The Terraform name of a network manager that is made."""
        return resource_name("manager", digest(self.manager.key))


def shared(
    targets: Sequence[Target],
    placements: Mapping[str, AzurePlacement],
    lines: Mapping[str, Sequence[AdminLine]],
) -> dict[str, Shared]:
    """Who shares what, for every target that has admin rules. Targets of one network manager and region are
    in one stack: the placement is checked for it."""
    held: dict[tuple[str, str], list[str]] = {}
    firsts: dict[str, str] = {}
    for target in targets:
        here = placements[target.name]
        if lines.get(target.name) and here.network_manager is not None:
            key = here.network_manager.key
            held.setdefault((key, plain_region(here.location)), []).append(target.name)
            firsts.setdefault(key, target.name)
    found: dict[str, Shared] = {}
    for (key, region), names in held.items():
        manager = placements[names[0]].network_manager
        assert manager is not None
        own = resource_name("admin", region, digest(key))
        made = "" if manager.id else firsts[key]
        found |= dict.fromkeys(names, Shared(manager, own, tuple(names), made))
    return found
