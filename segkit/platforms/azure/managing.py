"""Where security admin rules go: the network manager of a target, and whether targets can share it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segkit.errors import Problem
from segkit.model.model import Model, Target
from segkit.platforms.arguments import given, wrong

GLOBAL_TIERS = ("rules", "admin")
SCOPES = ("subscription_ids", "management_group_ids")


@dataclass(frozen=True, slots=True)
class NetworkManager:
    """A network manager: the id of one that is there, or the scope of one to make."""

    id: str = ""
    scope: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @staticmethod
    def of(raw: Any) -> NetworkManager:
        """What people wrote."""
        if isinstance(raw, str):
            return NetworkManager(raw)
        return NetworkManager(scope=tuple((name, tuple(sorted(raw[name]))) for name in SCOPES if name in raw))

    @property
    def key(self) -> str:
        """What tells it from others: ids are compared without regard to case."""
        text = self.id or json.dumps(self.scope)
        return text.lower() if not self.id or self.id.startswith("/") else text


def plain_region(location: str) -> str:
    """A region as Azure compares it: `West Europe` is `westeurope`."""
    return location.replace(" ", "").lower()


def fits(raw: Any) -> bool:
    """Is something a network manager?"""
    if isinstance(raw, str):
        return raw.startswith("/") or "${" in raw
    return (
        isinstance(raw, Mapping)
        and bool(raw)
        and set(raw) <= set(SCOPES)
        and all(
            isinstance(ids, list | tuple) and ids and all(isinstance(one, str) and one for one in ids)
            for ids in raw.values()
        )
    )


def check_manager(model: Model, target: Target) -> Iterator[Problem]:
    """A network manager that is missing, not used, or that another target uses in another stack."""
    raw, admin = given(target).get("network_manager"), given(target).get("global_tier") == "admin"
    if admin and raw is None:
        fix = "pass the id of a network manager, or {'subscription_ids': [...]} for one to make"
        yield wrong(target, "network_manager", "network_manager is missing, for global_tier is 'admin'", fix)
    if raw is None or not admin:
        if raw is not None:
            what = "network_manager is given, and nothing is written there"
            yield wrong(target, "network_manager", what, 'write global_tier="admin" too, or leave it out')
        return
    mine = NetworkManager.of(raw)
    for other in model.targets:
        if other.platform != target.platform or other.name >= target.name:
            continue
        found = given(other)
        if found.get("global_tier") != "admin" or not fits(found.get("network_manager")):
            continue
        here, there = (plain_region(str(given(t).get("location") or "")) for t in (target, other))
        same = NetworkManager.of(found["network_manager"]).key == mine.key
        if same and other.stack != target.stack and (here == there or not mine.id):
            what = f"target {other.name} has its admin rules in the same network manager, in another stack"
            fix = "let targets of one network manager and region be in one stack, or leave global_tier out"
            if here != there:
                fix = "make the network manager in one stack, and give the targets of the other its id"
            yield wrong(target, "network_manager", what, fix)
